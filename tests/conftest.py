"""What every test may lean on: a seeded generator and a fixed number of threads."""

import numba
import numpy as np
import pytest
from hypothesis import settings

# The same examples on every run, and no time limit: a busy machine is not a wrong result.
settings.register_profile("embedlab", deadline=None, derandomize=True)
settings.load_profile("embedlab")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def threads():
    """Call with a number to set Numba's threads; the old number comes back afterwards."""
    before = numba.get_num_threads()
    yield lambda count: numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(before)
