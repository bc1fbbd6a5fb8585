"""Sum, mean and maximum under a mask: references, by hand, NaN in padding, gradients, threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.mask import (
    grad_masked_max,
    grad_masked_mean,
    grad_masked_sum,
    masked_max,
    masked_mean,
    masked_sum,
    pooling,
)
from embedlab.core.mask.pooling import (
    grad_masked_max_kernel,
    grad_masked_max_reference,
    grad_masked_sum_kernel,
    grad_masked_sum_reference,
    masked_max_kernel,
    masked_max_reference,
    masked_sum_kernel,
    masked_sum_reference,
)


@st.composite
def batches(draw, dtypes=("f4", "f8")):
    batch, steps, columns = (draw(st.integers(0, 4)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = rng.integers(-3, 4, size=(batch, steps, columns)) / 4  # exact sums, many ties
    mask = rng.random((batch, steps)) < draw(st.sampled_from([0.0, 0.3, 0.8, 1.0]))
    return values.astype(draw(st.sampled_from(dtypes))), mask


@settings(deadline=None)  # the first call compiles
@given(batches(("f2", "f4", "f8")))
def test_kernels_match_references(case):
    values, mask = case
    total = masked_sum(values, mask)
    assert total.dtype == values.dtype
    np.testing.assert_array_equal(total, masked_sum_reference(values, mask))
    count = np.maximum(mask.sum(axis=1), 1)[:, None]
    mean = masked_sum_reference(values.astype("f8"), mask) / count
    np.testing.assert_allclose(masked_mean(values, mask), mean, rtol=1e-3, atol=1e-3)
    out, at = masked_max(values, mask)
    assert (out.dtype, at.dtype) == (values.dtype, np.int64)
    expected, places = masked_max_reference(values, mask)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(at, places)
    grad = grad_masked_sum(mask, total)
    assert grad.dtype == values.dtype
    np.testing.assert_array_equal(grad, grad_masked_sum_reference(mask, total))
    steps = values.shape[1]
    np.testing.assert_array_equal(
        grad_masked_max(at, out, steps), grad_masked_max_reference(at, out, steps)
    )


@settings(deadline=None)  # the first call compiles
@given(batches())
def test_uncompiled_kernels_give_the_same(case):
    values, mask = case
    out = np.empty((len(values), values.shape[2]), values.dtype)
    masked_sum_kernel.py_func(values, mask, out)
    np.testing.assert_array_equal(out, masked_sum(values, mask))
    at, grad = np.empty(out.shape, np.int64), np.empty_like(values)
    grad_masked_sum_kernel.py_func(mask, out, grad)
    np.testing.assert_array_equal(grad, grad_masked_sum(mask, out))
    masked_max_kernel.py_func(values, mask, out, at)
    np.testing.assert_array_equal(out, masked_max(values, mask)[0])
    grad[:] = 0
    grad_masked_max_kernel.py_func(at, out, grad)
    np.testing.assert_array_equal(grad, grad_masked_max(at, out, values.shape[1]))


def test_worked_by_hand():
    values = np.array([[[1.0, 5.0], [3.0, -1.0], [100.0, 100.0]]])
    mask = [[True, True, False]]
    assert masked_sum(values, mask).tolist() == [[4.0, 4.0]]
    assert masked_mean(values, mask).tolist() == [[2.0, 2.0]]
    assert [a.tolist() for a in masked_max(values, mask)] == [[[3.0, 5.0]], [[1, 0]]]
    assert grad_masked_mean(mask, [[2.0, 4.0]]).tolist() == [[[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]]]
    assert masked_mean(values).tolist() == [[pytest.approx(104 / 3), pytest.approx(104 / 3)]]
    assert masked_max(values)[1].tolist() == [[2, 2]]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_masked_mean_is_that_of_unpadded_sequences(rng, dtype):
    lengths = [5, 2, 1, 4]
    values = np.full((4, 5, 3), np.nan, dtype)  # NaN in the padding must never come through
    mask = np.zeros((4, 5), bool)
    for b, length in enumerate(lengths):
        values[b, :length], mask[b, :length] = rng.normal(size=(length, 3)), True
    mean, total, (top, at) = (
        masked_mean(values, mask),
        masked_sum(values, mask),
        masked_max(values, mask),
    )
    for b, length in enumerate(lengths):
        words = values[b, :length]
        near = {"rtol": {"f2": 1e-3, "f4": 1e-6, "f8": 1e-12}[dtype], "atol": 1e-6}
        exact = words.astype("f8")
        np.testing.assert_allclose(mean[b], exact.mean(axis=0), **near)
        np.testing.assert_allclose(total[b], exact.sum(axis=0), **near)
        np.testing.assert_array_equal(top[b], words.max(axis=0))
        assert (at[b] < length).all()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_padding_alone_gives_zeros_forward_and_backward(dtype):
    values, mask = np.full((1, 3, 2), np.nan, dtype), np.zeros((1, 3), bool)
    out, at = masked_max(values, mask)
    for pooled in (masked_sum(values, mask), masked_mean(values, mask), out):
        assert pooled.tolist() == [[0.0, 0.0]]
    assert at.tolist() == [[-1, -1]]
    back = np.ones((1, 2), dtype)
    for grad in (
        grad_masked_sum(mask, back),
        grad_masked_mean(mask, back),
        grad_masked_max(at, back, 3),
    ):
        assert not grad.any()


def test_the_maximum_of_ties_infinities_and_nan():
    values = np.array([[[2.0, -np.inf, np.nan, -0.0], [2.0, -np.inf, 7.0, 0.0]]])
    out, at = masked_max(values)
    np.testing.assert_array_equal(out, [[2.0, -np.inf, np.nan, 0.0]])
    assert at.tolist() == [[0, 0, 0, 0]]
    late = masked_max(values[:, ::-1])
    np.testing.assert_array_equal(late[0][0, 2], np.nan)
    assert late[1][0, 2] == 1


def test_gradients_are_adjoint_and_match_differences(rng):
    values, back = rng.normal(size=(3, 5, 4)), rng.normal(size=(3, 4))
    mask = rng.random((3, 5)) < 0.6
    mask[1] = False
    at = masked_max(values, mask)[1]
    for pool, grad in (
        (lambda v: masked_sum(v, mask), grad_masked_sum(mask, back)),
        (lambda v: masked_mean(v, mask), grad_masked_mean(mask, back)),
        (lambda v: masked_max(v, mask)[0], grad_masked_max(at, back, 5)),
    ):
        np.testing.assert_allclose(np.sum(pool(values) * back), np.sum(values * grad), rtol=1e-12)
        for place in np.ndindex(values.shape):
            step = np.zeros_like(values)
            step[place] = 1e-6
            slope = np.sum((pool(values + step) - pool(values - step)) * back) / 2e-6
            assert abs(slope - grad[place]) < 1e-8


def test_half_floats_are_summed_in_single_and_rounded_once(monkeypatch):
    monkeypatch.setattr(pooling, "HALF_NUMBERS", 5000)  # several blocks
    values = np.ones((4, 3000, 1), np.float16)
    values[:, 0] = 2048  # 2048 + 1 is 2048 in float16
    assert masked_sum(values).tolist() == [[float(np.float16(2048 + 2999))]] * 4
    assert masked_mean(values).tolist() == [[float(np.float16((2048 + 2999) / 3000))]] * 4
    assert masked_max(values)[0].tolist() == [[2048.0]] * 4
    share = grad_masked_mean(np.ones((1, 3), bool), np.ones((1, 1), np.float16))
    assert (share == np.float16(1 / 3)).all()


@pytest.mark.thorough
def test_bit_identical_for_any_number_of_threads(rng, threads):
    shape = (64, 100, 96)
    values, mask = rng.normal(size=shape).astype("f4"), rng.random(shape[:2]) < 0.7
    assert values.size > max(pooling.PARALLEL_FROM, pooling.MAX_PARALLEL_FROM)
    results = []
    for count in (1, 2):
        threads(count)
        mean, (top, at) = masked_mean(values, mask), masked_max(values, mask)
        results.append((mean, top, at, grad_masked_mean(mask, mean), grad_masked_max(at, top, 100)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_wide_and_read_only_gradients(rng, threads):
    at = rng.integers(-1, 3, size=(40, 4000))
    back = rng.normal(size=at.shape)
    back.setflags(write=False)
    assert at.size > pooling.MAX_PARALLEL_FROM
    threads(2)
    np.testing.assert_array_equal(
        grad_masked_max(at, back, 3), grad_masked_max_reference(at, back, 3)
    )


VALUES, MASK = np.zeros((2, 3, 4)), np.ones((2, 3), bool)


@pytest.mark.parametrize("pool", [masked_sum, masked_mean, masked_max])
@pytest.mark.parametrize(
    ("values", "mask", "error", "received"),
    [
        (VALUES[0], MASK, ShapeError, "(3, 4)"),
        (VALUES, MASK[:1], ShapeError, "(1, 3)"),
        (VALUES, MASK[:, :, None], ShapeError, "(2, 3, 1)"),
        (VALUES, MASK.astype(int), DtypeError, "int64"),
        (VALUES.astype(int), MASK, DtypeError, "<i8"),
        (VALUES.astype(">f4"), MASK, DtypeError, ">f4"),
        (VALUES.astype(complex), MASK, DtypeError, "<c16"),
    ],
)
def test_bad_arguments_are_refused(pool, values, mask, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        pool(values, mask)
    assert received in str(excinfo.value)


BACK, AT = np.zeros((2, 4)), np.zeros((2, 4), np.int64)


@pytest.mark.parametrize(
    ("call", "error", "received"),
    [
        (lambda: grad_masked_sum(MASK, BACK[:1]), ShapeError, "(1, 4)"),
        (lambda: grad_masked_sum(MASK[0], BACK), ShapeError, "(3,)"),
        (lambda: grad_masked_mean(MASK, BACK[0]), ShapeError, "(4,)"),
        (lambda: grad_masked_mean(MASK.astype(int), BACK), DtypeError, "int64"),
        (lambda: grad_masked_mean(MASK, BACK.astype(int)), DtypeError, "<i8"),
        (lambda: grad_masked_max(AT, BACK[:1], 3), ShapeError, "(1, 4)"),
        (lambda: grad_masked_max(AT.astype("i4"), BACK, 3), DtypeError, "int32"),
        (lambda: grad_masked_max(AT + 3, BACK, 3), ValueError, "3..3"),
        (lambda: grad_masked_max(AT - 2, BACK, 3), ValueError, "-2..-2"),
        (lambda: grad_masked_max(AT, BACK, -1), ValueError, "-1"),
    ],
)
def test_bad_gradient_arguments_are_refused(call, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        call()
    assert received in str(excinfo.value)
