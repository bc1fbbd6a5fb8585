"""The architecture, as a test. Each message says what to do instead.

A file's folder is its level, its name is its idea, and imports point down only. CONTRIBUTING.md
explains it in words.
"""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "embedlab"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "notebooks" not in p.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = sorted(
    p
    for folder in ("benchmarks", "binder", "notebooks", "pictures", "release")
    for p in (ROOT / folder).rglob("*.py")
)

LAYERS_AND_FRIENDS = {
    "layers",
    "activations",
    "budget",
    "callbacks",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "optimizers",
    "quantizers",
    "registry",
    "regularizers",
}
LEVELS_1_AND_2 = {*LAYERS_AND_FRIENDS, "storage", "models", "keras", "distributed"}
MAY_IMPORT = {
    "core": {"core"},
    "data": {"budget", "core", "data", "storage"},
    **{name: {"core", "data", *LAYERS_AND_FRIENDS} for name in LAYERS_AND_FRIENDS},
    "storage": {"budget", "core", "storage"},
    "models": {"core", "data", "storage", "models", *LAYERS_AND_FRIENDS},
    "keras": {"core", "keras", *LAYERS_AND_FRIENDS},
    "distributed": {"core", "storage", "distributed", *LAYERS_AND_FRIENDS},
    "traces": {"core", "data", "traces", *LEVELS_1_AND_2},
    "figures": {"core", "traces", "figures"},
    "explorers": {"core", "data", "traces", "figures", "explorers", *LEVELS_1_AND_2},
    "lessons": {"core", "data", "traces", "figures", "explorers", "lessons", *LEVELS_1_AND_2},
    "cli": {"core", "data", "traces", "figures", "explorers", "lessons", "cli", *LEVELS_1_AND_2},
}
OUTSIDE = {
    "core": {"numpy", "numba", "llvmlite"},
    "data": {"numpy", "tqdm", "torch"},  # torch only reads files that torch wrote
    **{name: {"numpy"} for name in LAYERS_AND_FRIENDS},
    "storage": {"numpy", "h5py", "safetensors"},
    "models": {"numpy", "tqdm"},
    "distributed": {"numpy", "distributed"},  # Dask's, when a cluster is started
    "traces": {"numpy", "openTSNE", "umap"},  # maps are theirs, and measured here
    "figures": {"numpy", "matplotlib"},
    "explorers": {"numpy", "anywidget", "traitlets", "ipywidgets", "IPython", "tqdm"},
}
HEAPS = {"utils", "helpers", "common", "misc", "util", "helper", "tools", "shared"}
VIEWS = sorted(path.parent.name for path in (ROOT / "js").glob("*/index.js"))
# Tables of tests and pictures with a line for each view: without it they would leave the view out.
TABLES_OF_VIEWS = (
    "tests/browser/view_cases.py",
    "tests/browser/test_desk.py",
    "tests/explorers/golden.py",
    "tests/explorers/test_every_parameter.py",
    "pictures/make.py",
)
# Kernels without a reference of their own: parts that kernels of several files call. The references
# and tests of those kernels cover them.
SHARED_KERNELS = {
    "adagrad_update",
    "adam_moments",
    "adam_step",
    "adam_update",
    "momentum_update",
    "rmsprop_update",
    "sgd_update",
}


def level(path: Path) -> str:
    """Return the level of a file: the first part of its path below the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> list[tuple[str, int]]:
    """Return every module that a file imports anywhere in it, with the line."""
    modules = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = name(path).split(".")
                keep = len(base) - node.level + (path.name == "__init__.py")
                module = ".".join(base[:keep] + ([node.module] if node.module else []))
            else:
                module = node.module or ""
            modules.append((module, node.lineno))
            if module.split(".")[0] == "embedlab":
                modules += [(f"{module}.{a.name}", node.lineno) for a in node.names]
    return modules


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_down_only(path):
    here = level(path)
    if here in ("__init__", "__main__"):
        return
    assert here in MAY_IMPORT, (
        f"{path.relative_to(ROOT)} is on no level. Put it into one of "
        f"{sorted(MAY_IMPORT)}, or add its level here and in CONTRIBUTING.md."
    )
    for module, line in imports(path):
        top, *rest = module.split(".")
        if top == "embedlab" and rest and (rest[0] in MAY_IMPORT):
            assert rest[0] in MAY_IMPORT[here], (
                f"{path.relative_to(ROOT)}:{line} imports {module}: {here} may look down to "
                f"{sorted(MAY_IMPORT[here])} only. Return the value from below instead."
            )
        elif top != "embedlab" and top not in sys.stdlib_module_names and here in OUTSIDE:
            assert top in OUTSIDE[here], (
                f"{path.relative_to(ROOT)}:{line} imports {top}: the level {here} uses "
                f"{sorted(OUTSIDE[here])} only. Move the code to the level that owns {top}."
            )


def test_only_the_core_knows_numba():
    for path in FILES:
        tops = {module.split(".")[0] for module, _ in imports(path)}
        allowed = level(path) in ("core", "cli", "lessons")
        assert allowed or "numba" not in tops, (
            f"{path.relative_to(ROOT)} imports numba. Kernels live in core; call those."
        )
        if level(path) == "core" and path.stem not in ("jit", "__init__"):
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"\b(njit|numba\.jit|cache=True|fastmath)\b", source), (
                f"{path.relative_to(ROOT)} compiles by itself. core/jit.py is the one place that "
                "knows how: use its `kernel` and `compile_parallel`."
            )


def test_no_circles():
    """Imports inside functions count too: they would only hide a circle."""
    known = {name(path) for path in FILES}
    graph = {}
    for path in FILES:
        package = f"{name(path)}." if path.name == "__init__.py" else "\0"
        below = {module for module, _ in imports(path) if not module.startswith(package)}
        graph[name(path)] = (below & known) - {name(path), "embedlab"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"imports run in a circle: {' -> '.join(circle.args[1])}. Split by idea.")


def test_no_heaps():
    for path in FILES:
        assert path.stem not in HEAPS, (
            f"{path.relative_to(ROOT)}: a heap. Every function has an idea; name the file for it."
        )


@pytest.mark.parametrize("path", [p for p in FILES if level(p) == "core"], ids=name)
def test_a_kernel_is_a_trio(path):
    """`x_kernel` stands beside `x_reference`, the same in NumPy, and the public function `x`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    kernels = {
        n
        for n, node in functions.items()
        if any("kernel" in ast.unparse(d).split("(")[0] for d in node.decorator_list)
    }
    for kernel in kernels:
        if kernel.startswith("_") or kernel in SHARED_KERNELS:
            continue
        assert kernel.endswith("_kernel"), (
            f"{path.name}: compiled {kernel} must end in _kernel. Make a part of kernels private, "
            "or list it in SHARED_KERNELS when several files call it."
        )
        stem = kernel.removesuffix("_kernel")
        assert f"{stem}_reference" in functions, (
            f"{path.name}: {kernel} has no reference. Write {stem}_reference above: clear NumPy "
            "that computes the same, for readers and for the tests."
        )
        assert stem in functions, (
            f"{path.name}: {kernel} has no public function. Write {stem}: it checks and reshapes."
        )


COMPILED = re.compile(r"^_?(kernel|intrinsic|overload)\b")


@pytest.mark.parametrize("path", [p for p in FILES if level(p) == "core"], ids=name)
def test_all_but_kernels_have_annotations(path):
    """Numba infers the types of kernels; mypy is to know those of every other function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        if any(COMPILED.match(ast.unparse(d)) for d in node.decorator_list):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if node.returns is None and node.name != "__init__":
            bare.append("return")
        assert not bare, f"{path.name}: {node.name} must annotate {', '.join(bare)}."


def test_tests_of_the_core_are_named_after_what_they_test():
    core = ROOT / "embedlab" / "core"
    ideas = {path.stem for path in core.iterdir() if path.stem[0] != "_"}
    ideas |= {f"{path.parent.name}_{path.stem}" for path in core.glob("*/*.py")}
    of_all = {"bad_arguments", "cache_stamp", "hostile_numbers", "memory", "plain_python"}
    of_all |= {"processes", "threads"}
    tests = (ROOT / "tests" / "core").glob("test_*.py")
    names = {path.stem.removeprefix("test_") for path in tests}
    assert names <= ideas | of_all, "name it after the file, or the folder and the file, it tests"


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_complete(view):
    """It has LoRATrace, trace_lora, draw_lora, LoRAExplorer, level by level, and their tests."""
    import embedlab
    import embedlab.explorers

    idea = {"quantize": "quantization"}.get(view, view).replace("_", "")
    required = {
        "traces": {f"{idea}trace", f"trace_{view}"},
        "figures": {f"draw_{view}"},
        "explorers": {f"{idea}explorer"},
    }
    for here, names in required.items():
        home = PACKAGE / here / view
        files = sorted(home.glob("*.py")) if home.is_dir() else [home.with_suffix(".py")]
        assert all(path.is_file() for path in files), (
            f"js/{view} is a view, and embedlab/{here}/{view}.py is missing. Write it with "
            f"{sorted(names)}: CONTRIBUTING.md, Add an idea."
        )
        defined = {
            node.name
            for path in files
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        missing = names - {one.lower() for one in defined}
        assert not missing, f"embedlab/{here}/{view} must define {sorted(missing)} (case aside)."
        public = {one for one in defined if one.lower() in names}
        assert public <= {*embedlab.__all__}, (
            f"{sorted(public)} must be public. Add them to the table in embedlab/__init__.py."
        )
        assert here != "explorers" or public <= {*embedlab.explorers.__all__}, (
            f"{sorted(public)} must be in the table in embedlab/explorers/__init__.py. Add it."
        )
        test = ROOT / "tests" / here / f"test_{view}.py"
        assert test.is_file(), f"{test.relative_to(ROOT)} is missing. Test {sorted(public)} in it."
    test = ROOT / "js" / "test" / f"{view}.test.js"
    assert test.is_file(), f"{test.relative_to(ROOT)} is missing. Test the pure parts in it."
    bundle = PACKAGE / "explorers" / "static" / f"{view}.js"
    assert bundle.is_file(), f"{bundle.relative_to(ROOT)} is not built. Run: make bundle"
    for table in TABLES_OF_VIEWS:
        text = (ROOT / table).read_text(encoding="utf-8")
        assert re.search(rf'^ +"{view}(\.\w+)?": ', text, re.MULTILINE), (
            f"{table} has no line for {view!r}, so what it lists leaves the view out. Add one."
        )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f'"pictures/{view}-' in readme, (
        f"README.md shows no picture of {view}. Run make pictures, and add it to The views."
    )


@pytest.mark.parametrize("view", VIEWS)
def test_the_styles_of_a_view_are_its_own(view):
    """A notebook puts the sheets of all views into one document."""
    source = (ROOT / "js" / view / "style.css").read_text("utf-8")
    source = re.sub(r"/\*.*?\*/|@import[^;]*;", "", source, flags=re.DOTALL)
    rules = re.findall(r"([^{}]+)\{(?=[^{}]*\})", source)
    selectors = [
        selector.strip()
        for rule in rules
        for selector in re.split(r",(?![^(]*\))", rule)
        if not re.fullmatch(r"\s*(from|to|[\d.]+%)\s*", selector)  # of @keyframes
    ]
    assert selectors
    assert [one for one in selectors if not one.startswith(".embedlab")] == []
    built = (ROOT / "embedlab" / "explorers" / "static" / f"{view}.css").read_text("utf-8")
    assert built.count(f".embedlab.view-{view}") >= len(selectors) // 2


def test_importing_embedlab_is_light():
    code = (
        "import sys, embedlab; embedlab.lookup\n"
        "files = {'h5py', 'tqdm', 'safetensors', 'embedlab.models'}\n"
        "views = {'matplotlib', 'ipywidgets', 'anywidget', 'IPython'}\n"
        "print(sorted((files | views) & set(sys.modules)))\n"
        "from embedlab.lessons.grading.check import find_item\n"
        "find_item('01.before', 'QUESTIONS'), find_item('01.fence', 'CHECKS')\n"
        "print(sorted(files & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    package, lesson = out.stdout.splitlines()
    assert package == "[]", (
        f"import embedlab loads {package}. Give the name to the table in __init__.py."
    )
    assert lesson == "[]", (
        f"lesson 01 loads {lesson}, which only others need, and every kernel then holds (8 MB). "
        "Import it where it is used."
    )


def test_every_public_name_exists():
    import embedlab

    for public in embedlab.__all__:
        assert getattr(embedlab, public) is not None


def test_the_project_stands_alone():
    """No address of a machine, an index or a content network in what is shipped."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    banned = re.compile(
        r"\.\./shared|/work/main|/root/|files\.pythonhosted\.org|registry\.npmjs\.org"
        r"|pypi\.org/simple|https?://(cdn|unpkg|esm\.sh|cdnjs)"
    )
    for file in tracked:
        path = ROOT / file
        if not file or not path.is_file() or path.suffix in (".png", ".ico") or path == HERE:
            continue
        hit = banned.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not hit, f"{file} names {hit.group()!r}: the project must stand alone."


HERE = Path(__file__).resolve()


def test_notebooks_use_public_names_only():
    for source in (ROOT / "notebooks" / "source").glob("*.md"):
        private = re.search(r"embedlab(\.\w+)*\._\w+|import _\w+", source.read_text("utf-8"))
        assert not private, f"{source.name} reaches for {private.group()}: make it public first."


# ---------------------------------------------------------------------------------------- words

DIALECT = {
    "about": "metadata or spec",
    "alone": "single, unpadded or what it is",
    "apart": "separate or distance",
    "asked": "requested or question",
    "beside": "adjacent, or what it is",
    "came": "received",
    "door": "public function",
    "doors": "input_checks",
    "drawn": "sampled or rendered",
    "fault": "failure or error",
    "found": "matches or result",
    "given": "inputs or arguments",
    "goals": "losses",
    "gone": "removed or missing",
    "held": "masked, owned or what it is",
    "house": "package or layout",
    "judge": "metrics or check",
    "kept": "saved, selected or what it is",
    "knobs": "hyper",
    "learnt": "learned or trained",
    "made": "result, or what it is",
    "meant": "intended",
    "mine": "actual, ours or what it is",
    "own": "actual, ours or what it is",
    "room": "capacity or allocator",
    "rooms": "capacities",
    "said": "message or text",
    "says": "message or text",
    "sent": "grad_out, messages or what it is",
    "shown": "label or visible",
    "taken": "used, elapsed or what it is",
    "told": "config, spec or options",
    "tried": "attempts",
    "twin": "reference",
    "twins": "references",
    "walk": "forward or unroll",
    "wanted": "expected or target",
    "way": "method, scheme or rule",
    "ways": "methods, schemes or rules",
}
RIDDLES = {"door", "doors", "fence", "ghost", "room", "said", "told", "twin", "twins"}
LONGEST_TEST_NAME = 60
OPENINGS = {
    "Give": "Return",
    "Gives": "Return",
    "Say": "Return, Describe or Format",
    "Tell": "Return or Describe",
    "What": "a noun phrase",
    "How": "a noun phrase",
    "Which": "a noun phrase, or Return",
    "Whether": "Return whether",
    "Who": "a noun phrase",
    "Where": "a noun phrase, or Return",
    "Whom": "a noun phrase",
    "Says": "Return, Describe or Format",
    "Tells": "Return or Describe",
    "Let": "a verb that says what is done",
}


def spoken(tree: ast.Module) -> list[tuple[str, int]]:
    """Return every name that a file defines (functions, classes, arguments, variables)."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.append((node.id if isinstance(node, ast.Name) else node.attr, node.lineno))
        elif isinstance(node, ast.arg):
            names.append((node.arg, node.lineno))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append((node.name, node.lineno))
    return names


@pytest.mark.parametrize("path", [*FILES, *TESTS, *SCRIPTS], ids=name)
def test_names_are_the_field_s(path):
    """A help, not a fence: when the field really uses a word, take it out of the list above."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for word, line in spoken(tree):
        cure = DIALECT.get(word.strip("_").lower())
        assert cure is None, (
            f"{path.relative_to(ROOT)}:{line} calls something {word!r}, a word of our own. "
            f"Say what it holds in the field's words: {cure}."
        )
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            first = (ast.get_docstring(node) or "-").split()[0].strip(",.:")
            cure = OPENINGS.get(first)
            assert cure is None, (
                f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} opens its docstring with "
                f"{first!r}. Begin with a verb or a noun phrase (PEP 257): {cure}."
            )


@pytest.mark.parametrize("path", FILES, ids=name)
def test_docstrings_name_the_parameters(path):
    """A parameter that was renamed must be renamed in its docstring too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            _, _, section = (ast.get_docstring(node) or "").partition("Parameters\n----------\n")
            section = re.split(r"\n\n(?=\w+\n---)", section)[0]
            listed = re.findall(r"^(\*{0,2}\w[\w, *]*?)(?: :.*)?$", section, re.MULTILINE)
            known = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
            names = {one.strip(" *") for line in listed for one in line.split(",")}
            assert names <= known, (
                f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has no "
                f"{', '.join(sorted(names - known))}. Its arguments are {sorted(known)}."
            )


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_test_names_are_short_and_plain(path):
    """So that a reader knows what failed, and `-k` selects one test."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert len(node.name) <= LONGEST_TEST_NAME, (
                f"{where}: {node.name} has {len(node.name)} letters. Name what it tests in at most "
                f"{LONGEST_TEST_NAME}; the rest is its docstring."
            )
            riddle = RIDDLES & set(node.name.split("_"))
            assert not riddle, (
                f"{where}: {node.name} speaks of a {riddle.pop()}. Say reference, refused, "
                "message or what it is."
            )


def test_spelling_is_american():
    british = re.compile(
        r"(?i)colour|neighbour|behaviour|favour|centre\b|(quant|optim|initial|normal|regular"
        r"|vector|general|summar|recogn|serial|factor|penal)is(e|es|ed|er|ers|ing|ation)\b"
    )
    for path in [*FILES, *sorted((ROOT / "notebooks" / "source").glob("*.md"))]:
        match = british.search(path.read_text(encoding="utf-8"))
        assert match is None, f"{path.relative_to(ROOT)}: {match[0]!r}. Follow Keras: American."


def test_formatting_is_the_formatter_s():
    count = sum(
        path.read_text(encoding="utf-8").count("# fmt: skip")
        for folder in ("embedlab", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if path != HERE
    )
    assert count < 60, f"{count} lines keep the formatter out. Let it format; keep matrices only."
