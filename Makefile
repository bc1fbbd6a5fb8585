# The same commands by hand and in CI. They need Python 3.11 or newer and make; everything else is
# fetched into .venv (and js/node_modules, when Node is there).
#
#   make lab PYTHON=python3.12            another Python
#   make lab LAB_ARGS="--port=9000"       anything JupyterLab understands
#   make test EXTRAS=test,peers           with the peers, as CI does

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help lab test thorough check notebooks bundle bench pictures pins release site lint views \
  architecture image warm core pages strict browser suite
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS ?= test
LAB_ARGS ?=
PYTEST := $(BIN)/python -m pytest -q

help:  ## show this list
	@echo "make TARGET, one of:"
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' Makefile | expand -t 12 | sed 's/^/  /'

# ------------------------------------------------------------------------------ the environment
# A stamp for each set of extras: pip runs again when pyproject.toml or the pins change. It compiles
# nothing: half of what is installed is never imported, and Python compiles the rest at its import,
# once, unless it must not write: then each of a thousand processes would compile all it imports.
# The pip that an older Python brings takes twice as long over two hundred packages.
unexport PYTHONDONTWRITEBYTECODE

$(BIN)/python:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	  for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      python=$$name; break; fi; \
	  done; \
	fi; \
	if ! $${python:-false} -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Python 3.11 or newer is needed. Install it, or name one: make lab PYTHON=python3.12"; \
	  exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$python cannot make environments. On Debian or Ubuntu: apt-get install python3-venv"; \
	  exit 1; fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	$$python -m venv --clear $(VENV)
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/.ready-%: pyproject.toml binder/requirements.txt | $(BIN)/python
	@echo "Installing embedlab[$*] into $(VENV). This takes a minute or two; pip says what it does."
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --no-compile \
	  --constraint binder/requirements.txt --editable '.[$*]'
	@touch $@

# What compiles kernels comes first, so that `warm` does so while the rest is installed.
$(VENV)/.ready-test $(VENV)/.ready-test,peers: $(VENV)/.ready-warm

# ------------------------------------------------------------------------------------ learners

lab: $(VENV)/.ready-lab  ## open JupyterLab on lesson 00 (your copies are in lab/)
	@exec $(BIN)/embedlab lab --to lab -- $(LAB_ARGS)

# ---------------------------------------------------------------------------------- developers
# What a machine lacks is named in one line and its part left out; in CI it is an error.

NODE = $(shell node -e 'process.exit(Number(parseInt(process.versions.node) < 18))' 2>/dev/null && \
  command -v npm)
CHROMIUM = $(or $(EMBEDLAB_CHROMIUM),$(shell command -v chromium-headless-shell || \
  command -v chromium || command -v chromium-browser || command -v google-chrome))
PEERS = $(shell $(BIN)/python -c 'from importlib.util import find_spec as f; \
  print("here" if f("keras") and f("torch") else "")' 2>/dev/null)
DRIVER = $(shell $(BIN)/python -m playwright --version 2>/dev/null)

# $(call without,WHAT,LEFT OUT,CURE)
without = @if [ -n "$${CI:-}" ]; then echo "CI must run $(strip $(2)), and $(1) is missing. $(strip $(3))"; exit 1; \
  else echo "NOT RUN: $(strip $(2)), for want of $(1). $(strip $(3))"; fi

# In the order that tests/conftest.py gives: files with slow tests first.
TWO := -n 2 --dist loadfile --no-loadscope-reorder
# A test in a browser waits for frames now and then: a third process works meanwhile.
THREE_EACH := -n 3 --dist worksteal
READY := $(VENV)/.ready-$(EXTRAS)
NOTEBOOKS = $(wildcard notebooks/solutions/[0-9]*.ipynb)

# Kernels that `embedlab warm` has compiled, and a copy to which the tests add what they compile.
WARMED := $(abspath $(VENV))/warmed
KERNELS := $(abspath $(VENV))/kernels
IMAGE := $(abspath $(VENV))/image
SITE := $(abspath $(VENV))/site
browser suite: export EMBEDLAB_SITE := $(SITE)
pages browser suite: export NUMBA_CACHE_DIR := $(KERNELS)

# Two processes keep two cores busy: second threads of their BLAS spin while they wait for a core,
# and a decomposition that takes one second took nine.
core suite: export OPENBLAS_NUM_THREADS := 1

# Prerequisites and not makes of their own: `make check test` runs what both need once. With
# --jobs=2 two parts run side by side, and one takes the core that the other leaves idle: at its
# start, at its end, while it compiles. In a browser, where frames are measured, nothing else runs.
ifneq ($(filter test thorough,$(MAKECMDGOALS)),)
core: image pages strict
browser: strict views architecture $(if $(filter check,$(MAKECMDGOALS)),lint) \
  $(if $(filter thorough,$(MAKECMDGOALS)),lint core)
suite: browser
endif

test: views architecture warm pages strict browser suite  ## run every test that this machine can run, and say what it cannot

thorough: export EMBEDLAB_THOROUGH := 1
thorough: image core check test  ## make check test, whole where those take a sample (weekly)

check: lint views architecture  ## format, lint, types, the architecture, the browser half

notebooks: $(READY)  ## build the notebooks from notebooks/source and run them
	@$(BIN)/python notebooks/build.py

bundle: js/node_modules/.ready  ## build the browser half into embedlab/explorers/static
	@cd js && npm run --silent build

site: $(READY)  ## build the site into docs/_build/site, with every lesson run
	@$(BIN)/python docs/build.py

pictures: $(READY)  ## photograph the views for the README, light and dark
	@$(BIN)/python pictures/make.py

bench: $(READY)  ## compare with the peers, side by side
	@$(BIN)/python -m benchmarks

pins: $(VENV)/.ready-lab  ## write binder/requirements.txt from what .venv holds
	@$(BIN)/python binder/pins.py --write

release: $(VENV)/.ready-release  ## rehearse VERSION=1.0.0 PYTHONS=python3.13: build, install, run; no tag, no upload
	@$(BIN)/python release/rehearse.py $(or $(VERSION),1.0.0) $(PYTHONS)

# The parts of `make check` and `make test`. The suite comes last, so that its count is the last line.

js/node_modules/.ready: js/package.json js/package-lock.json
	@cd js && npm ci --silent --no-audit --no-fund
	@touch $@

lint: $(READY)
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

architecture: $(READY)
	@$(PYTEST) tests/test_architecture.py

views: $(if $(NODE),js/node_modules/.ready)  # the browser half: types, unit tests, bundles
ifneq ($(NODE),)
	@cd js && npm run --silent check && node build.js --check
	@cd js && said=$$(npm test --silent) || { echo "$$said"; exit 1; }; \
	  echo "$$said" | sed -n 's/^[^a-z]* pass \([0-9]*\)$$/The browser half: \1 passed/p'
else
	$(call without,Node 18 or newer,the checks of the browser half,Install nodejs and npm.)
endif

warm: $(VENV)/.ready-warm  # compile each kernel of the lessons, once, and see that none is left out
	@echo "The kernels, compiled ahead:"
	@rm -rf $(WARMED) $(KERNELS) && mkdir $(WARMED)
	@EMBEDLAB_WARMED=$(WARMED) $(PYTEST) tests/cli/test_warm.py
	@cp -R $(WARMED) $(KERNELS)

image: | $(BIN)/python  # as Binder builds it; it waits for no installation and takes one core
	@rm -rf $(IMAGE)
	-@$(BIN)/python tests/binder/binder_image.py $(IMAGE)

# A test that starts processes of its own sets their checks and threads itself: once is enough.
CHECKED := NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(abspath $(VENV))/boundscheck
core: $(READY)  # once more with every index checked, and once with one thread what sets threads
	@echo "The core, every index checked by Numba:"
	@$(CHECKED) $(PYTEST) $(TWO) -m "not processes" tests/core
	@echo "The core on one thread:"
	@$(CHECKED) NUMBA_NUM_THREADS=1 $(PYTEST) -m threads tests/core

pages: $(READY) warm  # the site; only `make thorough` runs every learner's notebook for it
	@echo "The site, and the learners' notebooks on it:"
	@$(BIN)/python docs/build.py $(SITE) $(if $(EMBEDLAB_THOROUGH),,--only 00 01 06 99)

strict: export EMBEDLAB_WARMED := $(WARMED)
strict: export NUMBA_CACHE_DIR := $(WARMED)
strict: $(READY) warm  # every number and picture in a notebook, compared; none compiles anything
	@echo "The solutions, every number compared:"
	@$(PYTEST) $(TWO) -p nbval.plugin --nbval $(NOTEBOOKS)

browser: $(READY) pages  # the budgets alone on the machine: they measure frames
ifeq ($(CHROMIUM),)
	$(call without,Chromium,the tests in a browser,On Debian: apt-get install chromium-headless-shell.)
else
	$(if $(DRIVER),@echo "The views in a browser:",$(call without,a library of Playwright,\
	  the tests in a browser,On Debian: apt-get install libatomic1.))
	$(if $(DRIVER),@$(PYTEST) -m "browser and budget" tests/browser)
	$(if $(DRIVER),@$(PYTEST) $(THREE_EACH) -m "browser and not budget" tests/browser)
endif

suite: export EMBEDLAB_IMAGE := $(IMAGE)
suite: $(READY) pages
	$(if $(PEERS),,$(call without,Keras or PyTorch,the comparisons with peers,\
	  Run: make test EXTRAS=test$(comma)peers))
	@echo "Everything else:"
	@$(PYTEST) $(TWO) $(if $(PEERS),,-m "not peers") --ignore tests/browser \
	  --ignore tests/test_architecture.py --ignore tests/cli/test_warm.py

comma := ,
