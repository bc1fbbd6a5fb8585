"""Peers as oracles: Keras and PyTorch, one thread each, so that they leave the cores to us.

Where a peer is not installed its tests are skipped; where CI is set they fail instead.
"""

import gc
import importlib
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "numpy")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.peers)
            # Keras's own Variable warns so on its numpy backend.
            item.add_marker(pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning"))


def peer(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, at import
        if os.environ.get("CI"):
            return importlib.import_module(name)
        return pytest.importorskip(name, reason=f"{name} is not installed: extra `peers`")


@pytest.fixture(autouse=True)
def little_to_collect():
    """Keras collects garbage whenever it quantizes: 0.3 s each among all that a test run holds."""
    gc.freeze()


@pytest.fixture(scope="session")
def torch():
    module = peer("torch")
    module.set_num_threads(1)
    module.sparse.check_sparse_tensor_invariants.enable()
    return module


@pytest.fixture(scope="session")
def keras():
    return peer("keras")


@pytest.fixture(scope="session")
def run_on_torch(keras, torch):
    """Call with Python code and its variables: a process whose Keras is on PyTorch runs it.

    One process for all that ask: Keras and PyTorch take ten seconds to import.
    """
    backend = "import os; os.environ.update(KERAS_BACKEND='torch', OMP_NUM_THREADS='1')"
    with ProcessPoolExecutor(1, get_context("spawn"), exec, (backend, {})) as pool:

        def run(code, **variables):
            pool.submit(exec, code, variables).result(timeout=300)

        yield run
