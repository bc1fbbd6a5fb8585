"""The best matrix of a rank: against the definition, by hand, and at the edges."""

import importlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, NotFiniteError, ShapeError
from embedlab.core.lora import best_error_by_rank, effective_rank, spectrum, truncated_svd_adapter


@pytest.mark.parametrize("shape", [(1, 1), (9, 4), (4, 9), (1, 5), (23, 6)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_spectrum_is_that_of_numpy_block_by_block(rng, shape, dtype, monkeypatch):
    module = importlib.import_module(
        "embedlab.core.lora.spectrum"
    )  # the package names its function
    monkeypatch.setattr(module, "BLOCK", 5)
    delta = rng.normal(size=shape).astype(dtype)
    expected = np.linalg.svd(delta.astype("f8"), compute_uv=False)
    np.testing.assert_allclose(spectrum(delta), expected, rtol=0, atol=1e-13)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 99), st.tuples(st.integers(1, 12), st.integers(1, 7)))
def test_truncated_svd_error_is_that_of_the_spectrum(seed, shape):
    rng = np.random.default_rng(seed)
    delta = rng.normal(size=shape)
    errors = best_error_by_rank(spectrum(delta))
    for rank in range(1, min(shape) + 1):
        one = truncated_svd_adapter(delta, rank, scale=-0.3)
        assert (one.a.shape, one.b.shape) == ((shape[0], rank), (rank, shape[1]))
        error = np.linalg.norm(delta - one.scale * one.a @ one.b) / np.linalg.norm(delta)
        assert abs(error - errors[rank]) < 1e-7
    assert errors[0] == 1.0
    assert errors[-1] == 0.0
    assert (np.diff(errors) <= 0).all()


def test_no_other_matrix_of_that_rank_is_closer(rng):
    delta = rng.normal(size=(12, 8))
    best = np.linalg.norm(delta) * best_error_by_rank(spectrum(delta))[3]
    for _ in range(50):  # least squares for a random b, the best of its column space
        b = rng.normal(size=(3, 8))
        a = np.linalg.lstsq(b.T, delta.T, rcond=None)[0].T
        assert np.linalg.norm(delta - a @ b) > best


def test_a_low_rank_change_is_recovered(rng):
    delta = (rng.normal(size=(50, 2)) @ rng.normal(size=(2, 9))).astype("f4")
    one = truncated_svd_adapter(delta, 2, scale=0.5)
    assert one.a.dtype == one.b.dtype == np.float32
    np.testing.assert_allclose(one.scale * one.a @ one.b, delta, rtol=0, atol=1e-5)
    for b in (one.b, truncated_svd_adapter(-delta, 2).b, truncated_svd_adapter(delta[::-1], 2).b):
        assert (np.take_along_axis(b, np.abs(b).argmax(axis=1)[:, None], axis=1) > 0).all()
    a_sizes, b_sizes = np.linalg.norm(one.scale * one.a, axis=0), np.linalg.norm(one.b, axis=1)
    np.testing.assert_allclose(a_sizes, b_sizes, rtol=1e-5)
    whole = truncated_svd_adapter(
        delta, 9
    )  # seven of the nine singular values are nothing but rounding
    assert np.isfinite(whole.a).all()


def test_a_change_of_nothing():
    zero = np.zeros((4, 3))
    assert spectrum(zero).tolist() == [0.0, 0.0, 0.0]
    assert best_error_by_rank(spectrum(zero)).tolist() == [0.0] * 4
    assert effective_rank(spectrum(zero)) == 0.0
    one = truncated_svd_adapter(zero, 2)
    assert not one.a.any()
    assert not one.b.any()


@pytest.mark.parametrize(
    ("values", "rank"),
    [
        ([5.0], 1.0),
        ([1.0, 1.0, 1.0, 1.0], 4.0),
        ([3.0, 0.0], 1.0),
        ([], 0.0),
        ([1e300, 1e300], 2.0),
    ],
)
def test_effective_rank_by_hand(values, rank):
    assert effective_rank(values) == pytest.approx(rank, rel=1e-12)


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.just(0.0) | st.floats(1e-200, 1e6), min_size=1, max_size=8).filter(any),
    st.floats(1e-3, 1e3),
)  # numbers so small that half of them is 0 have no size to be independent of
def test_bounds_of_effective_rank(values, factor):
    rank = effective_rank(values)
    assert 1 - 1e-9 <= rank <= np.count_nonzero(values) + 1e-9
    assert effective_rank(np.array(values) * factor) == pytest.approx(rank, rel=1e-6)


def test_the_extra_memory_is_a_block():
    delta = np.ones((200_000, 8), "f4")  # 6.4 MB; a full decomposition would take 13 MB more
    tracemalloc.start()
    one = truncated_svd_adapter(delta, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < one.a.nbytes + 4_000_000
    np.testing.assert_allclose(one.a @ one.b, delta, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "received"),
    [
        (lambda: spectrum(np.zeros((0, 3))), ShapeError, "(0, 3)"),
        (lambda: spectrum(np.zeros(3)), ShapeError, "(3,)"),
        (lambda: spectrum(np.zeros((2, 2), int)), DtypeError, "<i8"),
        (lambda: spectrum(np.array([[1.0, np.nan]])), NotFiniteError, "nan at [0, 1]"),
        (
            lambda: truncated_svd_adapter(np.array([[np.inf, 1.0]]), 1),
            NotFiniteError,
            "inf at [0, 0]",
        ),
        (lambda: truncated_svd_adapter(np.zeros((2, 3)), 3), ValueError, "3"),
        (lambda: truncated_svd_adapter(np.zeros((2, 3)), 0), ValueError, "0"),
        (lambda: truncated_svd_adapter(np.zeros((2, 3)), -1), ValueError, "-1"),
        (lambda: truncated_svd_adapter(np.zeros((2, 3)), 1, scale=0), ValueError, "0"),
        (lambda: truncated_svd_adapter(np.zeros((2, 3)), 1, scale=np.nan), ValueError, "nan"),
        (lambda: best_error_by_rank([[1.0]]), ValueError, "(1, 1)"),
        (lambda: best_error_by_rank([-1.0]), ValueError, "-1.0"),
        (lambda: effective_rank([np.nan]), ValueError, "(1,)"),
    ],
)
def test_bad_arguments_are_refused(call, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        call()
    assert received in str(excinfo.value)
