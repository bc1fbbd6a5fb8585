"""Softmax under a mask: twin, by hand, broadcast masks, gradient, threads, doors."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core import pooling, softmax
from embedlab.core.softmax import (
    grad_masked_softmax,
    grad_masked_softmax_loop,
    grad_masked_softmax_numpy,
    masked_softmax,
    masked_softmax_loop,
    masked_softmax_numpy,
)
from embedlab.core.table import DtypeError, ShapeError

NEAR = {"f2": 1e-3, "f4": 1e-6, "f8": 1e-14}


@settings(deadline=None)  # the first call compiles
@given(
    data=st.data(),
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    dtype=st.sampled_from(["f2", "f4", "f8"]),
)
def test_the_twins_agree_for_every_mask_that_broadcasts(data, shape, dtype):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    logits, back = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    kept = data.draw(st.integers(0, len(shape)))
    lead = [data.draw(st.sampled_from([1, size])) for size in shape[len(shape) - kept :]]
    mask = rng.random(lead) < 0.6
    shares = masked_softmax(logits, mask)
    assert (shares.shape, shares.dtype) == (tuple(shape), logits.dtype)
    wanted = masked_softmax_numpy(logits.astype("f8"), mask)
    np.testing.assert_allclose(shares, wanted, rtol=0, atol=NEAR[dtype])
    grad = grad_masked_softmax(shares, back)
    assert grad.dtype == logits.dtype
    wanted = grad_masked_softmax_numpy(shares.astype("f8"), back.astype("f8"))
    np.testing.assert_allclose(grad, wanted, rtol=0, atol=2 * NEAR[dtype])


def test_the_sources_of_the_loops_say_the_same(rng):
    logits, mask = rng.normal(size=(3, 5)), rng.random((2, 5)) < 0.5
    which = np.array([1, 0, 1])
    out, grad = np.empty((3, 5)), np.empty((3, 5))
    masked_softmax_loop.py_func(logits, mask, which, out)
    np.testing.assert_allclose(out, masked_softmax(logits, mask[which]), rtol=1e-15)
    grad_masked_softmax_loop.py_func(out, logits, grad)
    np.testing.assert_allclose(grad, grad_masked_softmax(out, logits), rtol=0, atol=1e-16)


def test_worked_by_hand():
    logits = np.log(np.array([[1.0, 3.0, 4.0, 8.0]]))
    mask = [[True, True, False, True]]
    np.testing.assert_allclose(masked_softmax(logits, mask), [[1 / 12, 3 / 12, 0, 8 / 12]])
    grad = grad_masked_softmax(np.array([0.25, 0.75, 0.0]), np.array([4.0, 0.0, 9.0]))
    assert grad.tolist() == [0.75, -0.75, 0.0]  # the average gradient is 1


def test_padding_gets_exactly_nothing_and_gives_nothing():
    logits = np.array([[1e30, 2.0, np.nan, np.inf], [1.0, 2.0, 3.0, 4.0]])
    mask = np.array([[False, True, False, False], [False] * 4])
    shares = masked_softmax(logits, mask)
    assert shares.tolist() == [[0.0, 1.0, 0.0, 0.0], [0.0] * 4]
    grad = grad_masked_softmax(shares, np.where(mask, 1.0, np.nan))
    assert not grad.any()


def test_large_small_and_infinite_words():
    np.testing.assert_array_equal(masked_softmax(np.array([1e30, 1e30, -1e30])), [0.5, 0.5, 0.0])
    np.testing.assert_array_equal(masked_softmax(np.full((1, 3), -np.inf)), [[0.0] * 3])
    np.testing.assert_array_equal(masked_softmax(np.array([-np.inf, 0.0])), [0.0, 1.0])
    assert np.isnan(masked_softmax(np.array([np.nan, 0.0]))).all()
    assert np.isnan(masked_softmax(np.array([np.inf, 0.0]))).any()
    with np.errstate(invalid="ignore"):
        twin = masked_softmax_numpy(np.array([np.inf, 0.0]), np.array([True, True]))
    np.testing.assert_array_equal(masked_softmax(np.array([np.inf, 0.0])), twin)


def test_a_nan_among_the_words_stays_among_the_words():
    shares = masked_softmax(np.array([np.nan, 0.0, 1.0]), [True, True, False])
    np.testing.assert_array_equal(shares, [np.nan, np.nan, 0.0])


def test_a_padded_row_equals_the_unpadded_one_and_sums_to_one(rng):
    logits = rng.normal(size=(20, 9)) * 10
    for length in range(1, 10):
        mask = np.arange(9) < length
        shares = masked_softmax(logits, mask)
        np.testing.assert_array_equal(shares[:, :length], masked_softmax(logits[:, :length]))
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-14)


def test_central_differences_and_a_gradient_that_sums_to_zero(rng):
    logits, back = rng.normal(size=(3, 6)), rng.normal(size=(3, 6))
    mask = rng.random((3, 6)) < 0.6
    grad = grad_masked_softmax(masked_softmax(logits, mask), back)
    np.testing.assert_allclose(grad.sum(axis=1), 0, atol=1e-15)
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-6
        up, down = masked_softmax(logits + step, mask), masked_softmax(logits - step, mask)
        assert abs(np.sum((up - down) * back) / 2e-6 - grad[place]) < 1e-8


def test_half_floats_block_by_block(rng, monkeypatch):
    logits = rng.normal(size=(30, 7)).astype("f2")
    mask = rng.random((30, 7)) < 0.7
    whole = masked_softmax(logits, mask)
    grad = grad_masked_softmax(whole, logits)
    monkeypatch.setattr(pooling, "HALF_NUMBERS", 50)
    np.testing.assert_array_equal(masked_softmax(logits, mask), whole)
    np.testing.assert_array_equal(grad_masked_softmax(whole, logits), grad)
    np.testing.assert_array_equal(whole, masked_softmax(logits.astype("f4"), mask).astype("f2"))


def test_bit_identical_for_any_number_of_threads(rng, threads):
    logits = rng.normal(size=(8, 4, 100, 100)).astype("f4")
    mask = rng.random((8, 1, 1, 100)) < 0.7
    assert logits.size > 32 * softmax.PARALLEL_FROM
    found = []
    for count in (1, 2):
        threads(count)
        shares = masked_softmax(logits, mask)
        found.append((shares, grad_masked_softmax(shares, logits)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_small_mask_is_never_blown_up(rng):
    logits = np.zeros((1000, 500), "f4")
    masked_softmax(logits[:2])
    tracemalloc.start()
    out = masked_softmax(logits, np.ones((1, 500), bool))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < out.nbytes + 100_000  # the whole mask would be 500 kB


LOGITS = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("call", "error", "received"),
    [
        (lambda: masked_softmax(np.float64(1)), ShapeError, "scalar"),
        (lambda: masked_softmax(LOGITS.astype(int)), DtypeError, "<i8"),
        (lambda: masked_softmax(LOGITS, np.ones((2, 3, 3), bool)), ShapeError, "(2, 3, 3)"),
        (lambda: masked_softmax(LOGITS, np.ones((1, 2, 3, 4), bool)), ShapeError, "(1, 2, 3, 4)"),
        (lambda: masked_softmax(LOGITS, np.ones(4)), DtypeError, "float64"),
        (lambda: grad_masked_softmax(LOGITS, LOGITS[0]), ShapeError, "(3, 4)"),
        (lambda: grad_masked_softmax(LOGITS, LOGITS.astype("f4")), ShapeError, "float32"),
        (lambda: grad_masked_softmax(LOGITS, LOGITS.astype(int)), DtypeError, "<i8"),
        (lambda: grad_masked_softmax(1.0, 1.0), ShapeError, "()"),
    ],
)
def test_the_doors_refuse(call, error, received):
    with pytest.raises(error, match="Received") as caught:
        call()
    assert received in str(caught.value)
