"""Fixtures of all tests: a seeded generator and a fixed number of threads."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import settings

THOROUGH = "EMBEDLAB_THOROUGH" in os.environ

# The same examples on every run, and no time limit: a busy machine is not a wrong result.
settings.register_profile("embedlab", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("thorough", settings.get_profile("embedlab"), max_examples=300)
settings.load_profile("thorough" if THOROUGH else "embedlab")


def pytest_collection_modifyitems(config, items):
    """Mark what `make core` selects by, leave out what is thorough, and put slow files first.

    A file runs on one of two processes as a whole: begun last, a slow one leaves the other idle.
    """
    for item in items:
        if "threads" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.threads)
        if hasattr(getattr(item, "module", None), "subprocess"):
            item.add_marker(pytest.mark.processes)
    if not THOROUGH:
        thorough = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=thorough)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def threads():
    """Call with a number to set Numba's threads; the old number comes back afterwards."""
    before = numba.get_num_threads()
    yield lambda count: numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(before)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the folder of the site that `make test` has built, or of one built for the tests."""
    if "EMBEDLAB_SITE" in os.environ:
        return Path(os.environ["EMBEDLAB_SITE"]).resolve() / "site"
    folder = tmp_path_factory.mktemp("site")
    build = Path(__file__).resolve().parents[1] / "docs" / "build.py"
    subprocess.run([sys.executable, str(build), str(folder)], check=True)
    return folder / "site"
