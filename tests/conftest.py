"""Fixtures of all tests: a seeded generator and a fixed number of threads."""

import gc
import os
import subprocess
import sys
from collections import Counter
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

    Of the cases of a test that is marked `one_in(n)`, one of each n stays; which of them, the
    golden section says, so that the sample goes through the values of every parameter (always the
    first, or the next, would be one value alone of some). Tests that take the same cases and are
    marked `one_in(n, first)`, with `first` from 0 to n - 1, have each case among them.

    A file runs on one of two processes as a whole: begun last, a slow one leaves the other idle.
    """
    for item in items:
        if "threads" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.threads)
        if hasattr(getattr(item, "module", None), "subprocess"):
            item.add_marker(pytest.mark.processes)
    if not THOROUGH:
        count, left_out = Counter(), []
        for item in items:
            function = getattr(item, "function", item)
            marker = item.get_closest_marker("one_in")
            n, *first = marker.args if marker else (1,)
            block, place = divmod(count[function], n)
            chosen = (int(block * 0.618034 % 1 * n) + sum(first)) % n
            if item.get_closest_marker("thorough") or place != chosen:
                left_out.append(item)
            count[function] += 1
        config.hook.pytest_deselected(items=left_out)
        left_out = set(left_out)
        items[:] = [item for item in items if item not in left_out]
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish():
    """Leave the tests themselves out of garbage collections, and collect less often."""
    gc.set_threshold(50_000, 20, 20)
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run all comparisons with peers in one of the processes: their imports take 25 seconds."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class PeersTogether(LoadFileScheduling):
        def _split_scope(self, nodeid):
            scope = super()._split_scope(nodeid)
            return "tests/peers" if scope.startswith("tests/peers/") else scope

    return PeersTogether(config, log)


@pytest.fixture(scope="session")
def in_turn():
    """Call with cases, a number n, and where to begin: one of each n, or all in `make thorough`."""

    def in_turn(cases, n, first=0):
        cases = list(cases)
        return cases if THOROUGH else cases[first % n :: n]

    return in_turn


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
