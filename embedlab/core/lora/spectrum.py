"""Singular values of a table's update ΔW, and its best approximation of each rank."""

from typing import Any

import numpy as np

from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_array,
    as_table,
    check_finite,
    check_number,
    check_size,
)
from embedlab.core.lora.adapter import Adapter

__all__ = ["best_error_by_rank", "effective_rank", "spectrum", "truncated_svd_adapter"]

BLOCK = 4096
"""Rows at a time in the QR factorization: the extra memory is a block, not a second matrix."""


def spectrum(delta: Any) -> np.ndarray:
    """Return the singular values of an update ΔW of the table, the largest first.

    Parameters
    ----------
    delta : array_like, (V, D), float16, float32 or float64

    Returns
    -------
    ndarray of float64, (min(V, D),)

    Raises
    ------
    NotFiniteError, ShapeError, DtypeError
        For anything but finite floats with two axes.

    Examples
    --------
    >>> spectrum(np.array([[3.0, 0.0], [0.0, 0.0], [0.0, 4.0]])).round(6).tolist()
    [4.0, 3.0]
    """
    delta = _as_delta(delta)
    return np.linalg.svd(_triangle(delta), compute_uv=False)[: min(delta.shape)]


def best_error_by_rank(values: Any) -> np.ndarray:
    """Return the relative error of the best approximation of each rank, from the singular values.

    Parameters
    ----------
    values : array_like, (K,)
        The result of `spectrum`.

    Returns
    -------
    ndarray of float64, (K + 1,)
        At index r: ``norm(delta - best of rank r) / norm(delta)``, Frobenius; 1 at rank 0, 0 at
        rank K. A zero update has error 0 at every rank.

    References
    ----------
    Eckart and Young 1936, "The approximation of one matrix by another of lower rank".

    Examples
    --------
    >>> best_error_by_rank([4.0, 3.0]).tolist()
    [1.0, 0.6, 0.0]
    """
    values = _as_values(values)
    largest = values.max(initial=0.0)
    if largest == 0.0:
        return np.zeros(len(values) + 1)
    squares = (values / largest) ** 2  # scaled first: squares of 1e200 would overflow
    tail = np.append(np.cumsum(squares[::-1])[::-1], 0.0)  # the squares from rank r on
    return np.sqrt(tail / tail[0])


def effective_rank(values: Any) -> float:
    """Return the effective rank: how many equal singular values have the same entropy.

    Parameters
    ----------
    values : array_like, (K,)
        The result of `spectrum`.

    Returns
    -------
    float
        ``exp(entropy(values / sum))``: 1 for a single direction, K for K equal ones, 0 for none.

    References
    ----------
    Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality", section 2.

    Examples
    --------
    >>> effective_rank([2.0, 2.0, 0.0])
    2.0
    """
    values = _as_values(values)
    largest = values.max(initial=0.0)
    if largest == 0.0:
        return 0.0
    shares = values / largest
    shares = shares[shares > 0] / shares.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def truncated_svd_adapter(delta: Any, rank: int, *, scale: float = 1.0) -> Adapter:
    """Return the adapter of a given rank that is closest to an update ΔW of the table.

    Parameters
    ----------
    delta : array_like, (V, D), float16, float32 or float64
        ΔW, the update to approximate.
    rank : int
        R, 1 <= R <= min(V, D).
    scale : float
        The scale of the adapter; its factors are divided by it.

    Returns
    -------
    Adapter
        ``scale * a @ b`` is the truncated singular value decomposition of `delta`: no other
        matrix of this rank is closer. Each singular value is shared evenly by both factors, and
        the largest number of each row of `b` is positive, so the result is unique. Its factors
        are float64 for a float64 update, else float32.

    Raises
    ------
    NotFiniteError, ShapeError, DtypeError
        For anything but finite floats with two axes.
    ValueError
        For a rank outside 1..min(V, D), or a scale of zero.

    References
    ----------
    Eckart and Young 1936, "The approximation of one matrix by another of lower rank".

    Examples
    --------
    >>> adapter = truncated_svd_adapter(np.array([[4.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), 1)
    >>> (adapter.scale * adapter.a @ adapter.b).round(6).tolist()
    [[4.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    delta = _as_delta(delta)
    rank = check_size(rank, "rank")
    if rank > min(delta.shape):
        raise ValueError(
            f"rank must lie in 1..{min(delta.shape)} (the smaller side of {delta.shape}). "
            f"Received {rank}. A larger rank gains nothing."
        )
    scale = check_number(scale, "scale")
    if scale == 0:
        raise ValueError("scale must be a number other than 0. Received 0. Pass 1.0.")
    _, values, right = np.linalg.svd(_triangle(delta), full_matrices=False)
    values, right = values[:rank], right[:rank]  # (R,), (R, D)
    largest = np.take_along_axis(right, np.abs(right).argmax(axis=1)[:, None], axis=1)
    right = right * np.where(largest < 0, -1.0, 1.0)
    share = np.sqrt(values)[:, None]  # (R, 1)
    inverse = np.divide(right, share, out=np.zeros_like(right), where=share > 0)
    dtype = np.float64 if delta.dtype == np.float64 else np.float32
    a = np.empty((len(delta), rank), dtype)
    for start in range(0, len(delta), BLOCK):
        block = delta[start : start + BLOCK].astype(np.float64, copy=False)
        a[start : start + BLOCK] = block @ inverse.T / scale  # left vectors times share
    return Adapter(a, (share * right).astype(dtype), float(scale))


def _triangle(delta: np.ndarray) -> np.ndarray:
    """Return a small matrix, at most (D, D), with the singular values and right side of `delta`."""
    triangle: np.ndarray = np.zeros((0, delta.shape[1]))
    for start in range(0, len(delta), BLOCK):
        block = delta[start : start + BLOCK].astype(np.float64, copy=False)
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, block]), mode="r"))
    return triangle


def _as_delta(delta: Any) -> np.ndarray:
    delta = as_table(delta, "delta")
    if 0 in delta.shape:
        raise ShapeError(
            f"delta must have at least one row and one column. Received {delta.shape}. "
            "Pass the update of a table."
        )
    check_finite(delta, "delta", "Look at the table that it was computed from.")
    return delta


def _as_values(values: Any) -> np.ndarray:
    values = as_array(values, "values")
    if values.dtype.kind not in "fiu":
        raise DtypeError(
            f"values must hold numbers. Received dtype {values.dtype}. Pass spectrum(delta)."
        )
    values = values.astype(np.float64)
    if values.ndim != 1 or (values < 0).any() or not np.isfinite(values).all():
        raise ValueError(
            "values must be finite singular values >= 0 in one axis. Received shape "
            f"{values.shape} with {values.min(initial=0.0)} in it. Pass spectrum(delta)."
        )
    return values
