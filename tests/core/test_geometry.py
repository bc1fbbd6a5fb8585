"""Geometry: nearest rows, analogies, the odd one out, PCA; references and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, NotFiniteError, ShapeError
from embedlab.core.geometry import (
    LazyTable,
    analogy,
    cosine,
    nearest,
    normalize_rows,
    odd_one_out,
    pca,
)
from embedlab.core.geometry import neighbors as module
from embedlab.core.geometry.neighbors import BLOCK, nearest_reference
from embedlab.core.ids import IdError
from embedlab.core.quantize import dequantize, quantize


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("rows", [1, 5, 33, BLOCK + 40])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_kernel_matches_reference(rng, dtype, rows, k):
    table = rng.normal(size=(rows, 6)).astype(dtype)
    queries = rng.normal(size=(4, 6)).astype(dtype)
    result = nearest(table, queries, k)
    expected = nearest_reference(table.astype("f8"), queries.astype("f8"), k)
    np.testing.assert_array_equal(result.ids, expected.ids)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(result.similarities, expected.similarities, atol=tolerance)


@given(
    data=st.data(),
    rows=st.integers(1, 50),
    columns=st.integers(1, 3),
    k=st.integers(1, 6),
    block=st.sampled_from([1, 7, 2048]),
)
def test_ties_go_to_the_lower_id_for_any_block_size(data, rows, columns, k, block):
    """Whole numbers of one length: every equal cosine is equal to the bit."""
    signs = data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=rows, max_size=rows))
    table = np.repeat(np.array(signs)[:, None], columns, axis=1)
    before, module.BLOCK = module.BLOCK, block
    try:
        result = nearest(table, table[:1], k)
    finally:
        module.BLOCK = before
    np.testing.assert_array_equal(result.ids, nearest_reference(table, table[:1], k).ids)


def test_the_same_for_any_number_of_threads(rng, threads):
    table = rng.normal(size=(3000, 8)).astype("f4")
    queries = rng.normal(size=(64, 8)).astype("f4")
    threads(1)
    one = nearest(table, queries, 5, exclude=[3, 7])
    threads(2)
    two = nearest(table, queries, 5, exclude=[3, 7])
    np.testing.assert_array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.similarities, two.similarities)


def test_a_range_of_rows_with_exclusions(rng):
    table = rng.normal(size=(60, 4))
    everything = nearest(table, table[:5], 60)
    result = nearest(table, table[:5], 8, first=10, last=40, exclude=[12, 50, 12])
    for q in range(5):
        allowed = [i for i in everything.ids[q] if 10 <= i < 40 and i != 12]
        assert result.ids[q].tolist() == allowed[:8]
    others = nearest(table, table[:5], 3, exclude=np.arange(5)[:, None])
    for q in range(5):
        assert others.ids[q].tolist() == [i for i in everything.ids[q] if i != q][:3]


def test_fewer_rows_than_asked_for():
    table = np.eye(3)
    assert nearest(table, table[0], 9).ids.tolist() == [0, 1, 2]
    result = nearest(table, table[0], 3, exclude=[0])
    assert result.ids.tolist() == [1, 2, -1]
    assert np.isnan(result.similarities[2])
    assert nearest(table, table[0], 3, first=2, last=2).ids.shape == (0,)
    assert nearest(table, np.empty((0, 3)), 2).ids.shape == (0, 2)


def test_zero_rows_nan_rows_and_extreme_lengths():
    table = np.array([[0, 0], [np.nan, 1], [np.inf, 1], [1e-30, 1e-30], [1e30, 0], [-1, 0]], "f4")
    result = nearest(table, np.array([1, 0], "f4"), 6)
    assert result.ids.tolist() == [4, 3, 0, 5, -1, -1]
    np.testing.assert_allclose(result.similarities[:4], [1, np.sqrt(0.5), 0, -1], rtol=1e-6)


@pytest.mark.parametrize(("bits", "block"), [(8, None), (4, None), (4, 3)])
def test_quantized_rows_and_rows_from_a_function(rng, bits, block):
    table = rng.normal(size=(50, 7)).astype("f4")
    codes = quantize(table, bits, block)
    floats = dequantize(codes)
    expected = nearest(floats, table[:3], 4)
    for other in (codes, LazyTable(table.shape, lambda a, b: floats[a:b])):
        result = nearest(other, table[:3], 4)
        np.testing.assert_array_equal(result.ids, expected.ids)
        np.testing.assert_array_equal(result.similarities, expected.similarities)
    assert odd_one_out(codes, [0, 1, 2])[0] == odd_one_out(floats, [0, 1, 2])[0]


def test_nothing_larger_than_a_block_is_read():
    sizes = []

    def read(first, last):
        sizes.append(last - first)
        return np.ones((last - first, 2))

    nearest(LazyTable((5 * BLOCK + 1, 2), read), [1.0, 0.0])
    assert max(sizes) == BLOCK
    assert sum(sizes) == 5 * BLOCK + 1


def test_cosine_by_hand_and_within_its_bounds(rng):
    assert cosine([[3.0, 4.0]], [[4.0, 3.0], [0.0, 0.0]]).tolist() == [[24 / 25, 0]]
    table = rng.normal(size=(40, 9)).astype("f4")
    table[1] *= 1e-30
    similarities = cosine(table, table)
    assert np.abs(similarities).max() <= 1
    np.testing.assert_allclose(np.diag(similarities), 1, rtol=1e-6)
    assert cosine(table.astype("f2"), table[:2].astype("f2")).dtype == np.float32


def test_an_analogy_by_hand():
    table = np.array([[1.0, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1]])
    result = analogy(table, 0, 1, 2, k=3)
    assert result.ids[0] == 3
    assert not {0, 1, 2} & set(result.ids.tolist())
    assert analogy(quantize(table), 0, 1, 2, k=1).ids.tolist() == [3]
    assert analogy(table, 0, 1, 2, k=1, first=4).ids.tolist() == [4]


def test_the_odd_one_out_by_hand():
    table = np.array([[1.0, 0.1], [5.0, 0.0], [0.0, 0.2], [1.0, -0.1]])
    odd, similarities = odd_one_out(table, [3, 2, 0, 1])
    assert odd == 2
    assert similarities.shape == (4,)
    assert similarities.argmin() == 1
    assert odd_one_out(np.ones((3, 2)), [2, 1])[0] == 2


@pytest.mark.parametrize("shape", [(1, 3), (3, 8), (50, 4), (6, 6)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_pca_axes_are_those_of_the_covariance(rng, shape, dtype):
    rows = rng.normal(size=shape).astype(dtype) * np.arange(1, shape[1] + 1, dtype=dtype)
    k = min(3, shape[1])
    projection = pca(rows, k)
    wide = rows.astype("f8")
    covariance = np.cov(wide.T, bias=True) if len(wide) > 1 else np.zeros((shape[1],) * 2)
    values = np.linalg.eigvalsh(covariance)[::-1]
    variance = (projection.points.astype("f8") ** 2).mean(axis=0)
    np.testing.assert_allclose(variance, values[:k], rtol=1e-4, atol=1e-6)
    if len(wide) > 1:
        np.testing.assert_allclose(projection.shares, values[:k] / values.sum(), atol=1e-6)
    np.testing.assert_allclose(projection.axes @ projection.axes.T, np.eye(k), atol=1e-5)
    assert (projection.axes[np.arange(k), np.abs(projection.axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(
        projection.points,
        (wide - projection.mean) @ projection.axes.T,
        rtol=1e-3,
        atol=2e-4 * np.abs(wide).max(),
    )


def test_mirrored_rows_have_the_same_axes(rng):
    rows = rng.normal(size=(20, 3))
    np.testing.assert_allclose(pca(-rows).axes, pca(rows).axes, atol=1e-12)
    same = pca(np.ones((4, 2)), 2)
    assert same.shares.tolist() == [0, 0]
    assert not same.points.any()


def test_unit_vectors_of_any_length():
    vectors = np.array([[3e-200, 4e-200], [3e200, 4e200], [0, 0]])
    np.testing.assert_allclose(
        normalize_rows(vectors), [[0.6, 0.8], [0.6, 0.8], [0, 0]], rtol=1e-14
    )


T = np.eye(3)
BAD = {
    "a long query": (lambda: nearest(T, np.zeros(4)), ShapeError, "(1, 4)"),
    "NaN asked": (lambda: nearest(T, [0, np.nan, 0]), NotFiniteError, "nan"),
    "whole numbers": (lambda: nearest(T, [1, 0, 0]), DtypeError, "<i8"),
    "k of 0": (lambda: nearest(T, T[0], 0), ValueError, "0"),
    "k of 2.5": (lambda: nearest(T, T[0], 2.5), ValueError, "2.5"),
    "first above last": (lambda: nearest(T, T[0], first=2, last=1), ValueError, "2 and 1"),
    "last above V": (lambda: nearest(T, T[0], last=4), ValueError, "4"),
    "first below 0": (lambda: nearest(T, T[0], first=-1), ValueError, "-1"),
    "excluded above": (lambda: nearest(T, T[0], exclude=[3]), IdError, "3 at [0]"),
    "excluded below": (lambda: nearest(T, T[0], exclude=[-1]), IdError, "-1 at [0]"),
    "excluded for others": (lambda: nearest(T, T[:2], exclude=[[1]]), ShapeError, "(1, 1)"),
    "three axes": (lambda: nearest(T[None], T[0]), ShapeError, "(1, 3, 3)"),
    "narrow blocks": (
        lambda: nearest(LazyTable((3, 3), lambda a, b: T[a:b, :2]), T[0]),
        ShapeError,
        "(3, 2)",
    ),
    "two lengths": (lambda: cosine(T, T[:, :2]), ShapeError, "(3, 2)"),
    "analogy above": (lambda: analogy(T, 0, 1, 3), IdError, "3"),
    "analogy of a list": (lambda: analogy(T, [0], 1, 2), ShapeError, "(1,)"),
    "odd of one": (lambda: odd_one_out(T, [1]), ShapeError, "(1,)"),
    "odd above": (lambda: odd_one_out(T, [1, 5]), IdError, "5"),
    "more axes than columns": (lambda: pca(T, 4), ValueError, "k=4"),
    "no rows": (lambda: pca(T[:0]), ValueError, "(0, 3)"),
    "NaN in rows": (lambda: pca([[0.0, 1.0], [np.nan, 0.0]]), NotFiniteError, "nan at [1, 0]"),
}


@pytest.mark.parametrize(("call", "error", "received"), BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_refused(call, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        call()
    assert received in str(excinfo.value)
