"""Analogies, the odd one out, and principal components of rows."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_finite, check_size
from embedlab.core.geometry.neighbors import (
    LazyTable,
    Neighbors,
    as_lazy_table,
    cosine,
    nearest,
    normalize_rows,
)
from embedlab.core.ids import as_ids, out_of_range_error

__all__ = ["PCA", "LazyTable", "Neighbors", "analogy", "cosine", "nearest", "odd_one_out", "pca"]


class PCA(NamedTuple):
    """Principal components of rows.

    Attributes
    ----------
    points : ndarray, (N, K)
        ``(rows - mean) @ axes.T``.
    axes : ndarray, (K, D)
        Orthonormal. The largest number of each is positive.
    mean : ndarray, (D,)
    shares : ndarray of float64, (K,)
        Share of the variance along each axis; a plot leaves out 1 - their sum.
    """

    points: np.ndarray
    axes: np.ndarray
    mean: np.ndarray
    shares: np.ndarray


def analogy(
    table: Any, a: int, b: int, c: int, k: int = 5, *, first: int = 0, last: int | None = None
) -> Neighbors:
    """Return the rows d for which "a is to b as c is to d" holds best.

    Parameters
    ----------
    table : array_like (V, D), QuantizedTable or LazyTable
    a, b, c : int
        Row numbers. They are never the answer.
    k, first, last
        As `nearest`.

    Returns
    -------
    Neighbors
        The rows nearest to ``unit(b) - unit(a) + unit(c)``, (K,), with unit vectors.

    Raises
    ------
    IdError
        For rows outside the table.

    Notes
    -----
    Source: Mikolov, Yih and Zweig, "Linguistic regularities in continuous space word
    representations", NAACL 2013, section 4; called 3CosAdd by Levy and Goldberg, CoNLL 2014.
    That the answer may be none of the three rows is part of the task, and makes it easier.

    Examples
    --------
    >>> king, man, woman, queen, cat = [3.0, 1, 0], [0.0, 1, 0], [0.0, 0, 1], [3.0, 0, 1], [0, 1, 1]
    >>> analogy([man, king, woman, queen, cat], 0, 1, 2, k=1).ids.tolist()
    [3]
    """
    rows = as_lazy_table(table)
    start, end, other = (_row(rows, one) for one in (a, b, c))
    query = (normalize_rows(end) - normalize_rows(start) + normalize_rows(other))[0]
    return nearest(rows, query, k, first=first, last=last, exclude=[a, b, c])


def odd_one_out(table: Any, ids: Any) -> tuple[int, np.ndarray]:
    """Return the id whose row is least similar to the others.

    Parameters
    ----------
    table : array_like (V, D), QuantizedTable or LazyTable
    ids : array_like of int, (N,), N >= 2

    Returns
    -------
    odd : int
        The id with the smallest cosine to the mean direction of all; of equals the first.
    similarities : ndarray, (N,)
        The cosine of each.

    Raises
    ------
    IdError
        For ids outside the table.
    ShapeError
        For fewer than two.

    Examples
    --------
    >>> odd_one_out([[1.0, 0.1], [1.0, 0.0], [-0.1, 1.0], [1.0, -0.1]], [0, 1, 2, 3])[0]
    2
    """
    rows = as_lazy_table(table)
    chosen = as_ids(ids)
    if chosen.ndim != 1 or chosen.size < 2:
        raise ShapeError(
            f"ids must be a list of two or more. Received shape {chosen.shape}. "
            "Name some words that belong together, and one that does not."
        )
    vectors = normalize_rows(np.concatenate([_row(rows, int(one)) for one in chosen]))
    similarities = cosine(vectors, vectors.mean(axis=0, keepdims=True))[:, 0]
    return int(chosen[similarities.argmin()]), similarities


def pca(rows: Any, k: int = 2) -> PCA:
    """Return the first k principal components of rows, and the rows' coordinates.

    Parameters
    ----------
    rows : array_like, (N, D), float16, float32 or float64, N >= 1
    k : int
        1 <= k <= D.

    Returns
    -------
    PCA
        In the dtype of `rows`, float32 at least. Deterministic, signs included.

    Raises
    ------
    NotFiniteError
        For a NaN or an infinity in `rows`.
    ValueError
        For k > D, or no rows.

    Notes
    -----
    Computed in float64 from the singular values of the triangle R of a QR decomposition, which
    are those of the rows, at D x D instead of N x D.

    Examples
    --------
    >>> seen = pca([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]], k=1)
    >>> seen.points.ravel().round(3).tolist(), seen.shares.round(3).tolist()
    ([-2.828, 0.0, 2.828], [1.0])
    """
    array = as_table(rows, "rows")
    k = check_size(k, "k")
    if k > array.shape[1] or len(array) == 0:
        raise ValueError(
            f"k must be at most the length of a row, and there must be a row. Received k={k} and "
            f"shape {array.shape}. Choose a smaller k."
        )
    check_finite(array, "rows", "Leave such rows out.")
    wide = array.astype(np.float64)
    mean = wide.mean(axis=0)
    wide -= mean
    triangle = np.linalg.qr(wide, mode="r")
    _, sizes, axes = np.linalg.svd(triangle, full_matrices=True)
    axes = axes[:k]
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.where(axes[np.arange(k), largest] < 0, -1, 1)[:, None]
    variance = np.zeros(array.shape[1])
    variance[: sizes.size] = sizes**2
    total = variance.sum()
    shares = variance[:k] / total if total > 0 else np.zeros(k)
    kind = np.float64 if array.dtype == np.float64 else np.float32
    points = wide @ axes.T
    return PCA(points.astype(kind), axes.astype(kind), mean.astype(kind), shares)


def _row(rows: LazyTable, one: Any) -> np.ndarray:
    """Return one row as (1, D), in single precision at least."""
    at = as_ids(one)
    if at.ndim != 0:
        raise ShapeError(
            f"a row number must be one whole number. Received shape {at.shape}. Pass an int."
        )
    if not 0 <= int(at) < rows.shape[0]:
        raise out_of_range_error(at, rows.shape[0])
    row = as_table(rows.read(int(at), int(at) + 1), "a row")
    return row.astype(np.promote_types(row.dtype, np.float32))
