"""Gradient of a lookup: references, an example by hand, threads, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.gradient import sparse as sparse_module
from embedlab.core.gradient.dense import PARALLEL_FROM, grad_table_reference
from embedlab.core.gradient.sparse import coalesce_reference
from embedlab.core.ids import IdError, IdTypeError

CASES = {"empty": [], "one": [2], "all the same": [3] * 9, "unsorted, repeated": [4, 0, 4, 1, 0, 4]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ids", CASES.values(), ids=CASES.keys())
def test_kernels_match_references_bit_by_bit(rng, dtype, ids):
    ids = np.array(ids, np.int64)
    back = rng.normal(size=(len(ids), 3)).astype(dtype)
    dense = grad_table(ids, back, 5)
    assert dense.dtype == back.dtype
    np.testing.assert_array_equal(dense, grad_table_reference(ids, back, 5))
    sparse = coalesce(ids, back, 5)
    unique, rows = coalesce_reference(ids, back)
    np.testing.assert_array_equal(sparse.ids, unique)
    np.testing.assert_array_equal(sparse.rows, rows)
    np.testing.assert_array_equal(sparse.to_dense(), dense)


@given(data=st.data(), input_dim=st.integers(1, 6), columns=st.integers(0, 4))
def test_any_ids(data, input_dim, columns):
    ids = np.array(data.draw(st.lists(st.integers(0, input_dim - 1), max_size=20)), np.int64)
    back = np.arange(len(ids) * columns, dtype=np.float64).reshape(len(ids), columns) / 7
    np.testing.assert_array_equal(
        grad_table(ids, back, input_dim), grad_table_reference(ids, back, input_dim)
    )
    np.testing.assert_array_equal(
        coalesce(ids, back, input_dim).to_dense(), grad_table_reference(ids, back, input_dim)
    )


def test_worked_by_hand():
    back = np.array([[0.25, 1.0], [-0.125, 2.0], [4.0, 3.0]])
    assert grad_table([3, 3, 1], back, 4).tolist() == [[0, 0], [4.0, 3.0], [0, 0], [0.125, 3.0]]


def test_half_floats_are_summed_in_single():
    """2048 + 1 is 2048 in float16: summing there would lose every one of these ones."""
    back = np.ones((3000, 1), np.float16)
    back[0] = 2048
    ids = np.zeros(3000, int)
    for grad in (grad_table(ids, back, 2), coalesce(ids, back, 2).to_dense()):
        assert grad.dtype == np.float16
        assert grad[0, 0] == np.float16(2048 + 2999)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("columns", [8, 64])
def test_bit_identical_for_any_number_of_threads(rng, threads, columns):
    """Two million ids: a scatter-add that loses updates looks exact at 200 000."""
    size = 2_000_000 if columns == 8 else PARALLEL_FROM // 8
    ids = rng.integers(1000, size=size)
    back = rng.normal(size=(size, columns)).astype("f4")
    threads(1)
    dense, sparse = grad_table(ids, back, 1000), coalesce(ids, back, 1000)
    threads(2)
    np.testing.assert_array_equal(grad_table(ids, back, 1000), dense)
    twice = coalesce(ids, back, 1000)
    np.testing.assert_array_equal(twice.rows, sparse.rows)
    np.testing.assert_array_equal(twice.to_dense(), dense)
    exact = grad_table(ids, back.astype("f8"), 1000)
    np.testing.assert_allclose(dense, exact, rtol=0, atol=2e-2)


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("columns", [0, 1, 8, 17, 64, 200])
def test_small_and_large_work_give_the_same_bits(rng, monkeypatch, columns, mean):
    """Small work has its own kernel: it must add as the large one does."""
    for rows in (5, 300, 1200):
        ids = rng.integers(rows, size=300)
        back = rng.normal(size=(300, columns)).astype("f4")
        options = {"padding_idx": 2, "scale_grad_by_freq": mean}
        small = coalesce(ids, back, rows, **options)
        with monkeypatch.context() as patch:
            patch.setattr(sparse_module, "_DENSE", 0)
            patch.setattr(sparse_module, "_coalesce_small_kernel", None)  # not this one
            large = coalesce(ids, back, rows, **options)
        np.testing.assert_array_equal(small.ids, large.ids)
        assert small.rows.tobytes() == large.rows.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("rows", "columns"),
    # Few rows, many; a width that no register has; zeros that the system gave; too many rows for a
    # chain each. No last stretch is whole.
    [(700, 64), (40_001, 64), (5_003, 307), (130_001, 80), (2_500_000, 1)],
)
def test_the_dense_gradient_is_the_same_for_any_size(rng, threads, rows, columns, dtype):
    threads(2)
    size = -(-PARALLEL_FROM // columns)
    ids = np.minimum(rng.zipf(1.2, size=size) - 1, rows - 1)
    back = rng.normal(size=(size, columns)).astype(dtype)
    back[::7] = -0.0
    expected = grad_table_reference(ids, back, rows)
    for _ in range(2):  # the second time in memory that is no longer fresh
        result = grad_table(ids, back, rows)
        assert result.tobytes() == expected.tobytes()
        result[:] = np.nan
        del result
    with pytest.raises(IdError, match=rf"Received {rows} at \[5\]"):
        ids[5] = rows
        grad_table(ids, back, rows)


def test_repr_of_a_sparse_gradient(rng):
    back = rng.normal(size=(2, 3, 4))
    sparse = coalesce([[1, 7, 1], [2, 2, 2]], back, 9)
    assert sparse.shape == (9, 4)
    assert repr(sparse) == "SparseGrad(3 of 9 rows, 4 numbers each)"
    ids, rows = sparse.uncoalesced()
    assert ids.tolist() == [1, 7, 1, 2, 2, 2]
    np.testing.assert_array_equal(rows, back.reshape(6, 4))


@pytest.mark.parametrize("grad", [grad_table, coalesce])
@pytest.mark.parametrize(
    ("ids", "back", "input_dim", "error", "received"),
    [
        ([0, 4], np.zeros((2, 3)), 4, IdError, "4 at [1]"),
        ([[0, 1], [4, 2]], np.zeros((2, 2, 3)), 4, IdError, "4 at [1, 0]"),
        ([0, -1], np.zeros((2, 3)), 4, IdError, "-1 at [1]"),
        ([0, 0.5], np.zeros((2, 3)), 4, IdTypeError, "0.5"),
        ([0, 1], np.zeros((3, 3)), 4, ShapeError, "(3, 3)"),
        ([0, 1], np.zeros(2), 4, ShapeError, "(2,)"),
        ([0, 1], np.zeros((2, 3), int), 4, DtypeError, "<i8"),
        ([0, 1], np.zeros((2, 3)), 0, ValueError, "0"),
        ([0, 1], np.zeros((2, 3)), 2.5, ValueError, "2.5"),
        ([0, 1], np.zeros((2, 3)), True, ValueError, "True"),
    ],
)
def test_bad_arguments_are_refused(grad, ids, back, input_dim, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        grad(ids, back, input_dim)
    assert received in str(excinfo.value)


@pytest.mark.parametrize("size", [40, PARALLEL_FROM // 8 + 5])
@pytest.mark.parametrize("count", [1, 2])
def test_padding_learns_exactly_nothing(rng, threads, size, count):
    """Not even NaN reaches the row of the padding id, whatever the size and the threads."""
    threads(count)
    ids = rng.integers(9, size=size)
    back = rng.normal(size=(size, 8)).astype("f4")
    not_padding = ids != 3
    expected = grad_table_reference(ids[not_padding], back[not_padding], 9)
    back[~not_padding] = np.nan
    np.testing.assert_array_equal(grad_table(ids, back, 9, padding_idx=3), expected)
    sparse = coalesce(ids, back, 9, padding_idx=3)
    assert 3 not in sparse.ids
    np.testing.assert_array_equal(sparse.to_dense(), expected)
    np.testing.assert_array_equal(sparse.uncoalesced()[0], ids[not_padding])
    np.testing.assert_array_equal(sparse.uncoalesced()[1], back[not_padding])


def test_nothing_but_padding():
    sparse = coalesce([2, 2], np.ones((2, 3)), 4, padding_idx=2)
    assert sparse.ids.size == 0
    assert sparse.rows.shape == (0, 3)
    assert not sparse.to_dense().any()
    assert not grad_table([2, 2], np.ones((2, 3)), 4, padding_idx=2).any()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_scaled_by_frequency_is_the_mean(rng, dtype):
    ids = np.array([[1, 4, 1], [1, 0, 4]])
    back = rng.normal(size=(2, 3, 5)).astype(dtype)
    grad = grad_table(ids, back, 6, scale_grad_by_freq=True, padding_idx=0)
    assert grad.dtype == dtype
    for row in (1, 4):
        mean = back[ids == row].astype("f8").mean(0)
        np.testing.assert_allclose(grad[row], mean, rtol=4 * np.finfo(dtype).eps)
    assert not grad[[0, 2, 3, 5]].any()
    sparse = coalesce(ids, back, 6, scale_grad_by_freq=True, padding_idx=0)
    np.testing.assert_array_equal(sparse.to_dense(), grad)


def test_one_frequent_id_does_not_change_the_sums(rng, threads):
    """Bands are cut by work: with Zipf's law the first one is a few rows wide."""
    size = PARALLEL_FROM // 16 + 100
    ids = np.minimum(rng.zipf(1.3, size=size) - 1, 4999)
    back = rng.normal(size=(size, 16)).astype("f4")
    threads(2)
    np.testing.assert_array_equal(
        grad_table(ids, back, 5000), grad_table_reference(ids, back, 5000)
    )
    np.testing.assert_array_equal(
        coalesce(ids, back, 5000).to_dense(), grad_table_reference(ids, back, 5000)
    )


@pytest.mark.parametrize("grad", [grad_table, coalesce])
@pytest.mark.parametrize(
    ("padding", "error"), [(4, IdError), (-1, ValueError), (1.5, ValueError), ("0", ValueError)]
)
def test_a_padding_id_outside_is_refused(grad, padding, error):
    with pytest.raises(error, match=f"padding_idx must .* Received {padding!r}"):
        grad([0, 1], np.zeros((2, 3)), 4, padding_idx=padding)
