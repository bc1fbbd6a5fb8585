"""Maximum norm: scale down rows of a batch whose norm is too large."""

from typing import Any

import numpy as np

from embedlab.core.checks import as_table, check_flag, check_number
from embedlab.core.gradient import group
from embedlab.core.jit import kernel

__all__ = ["max_norm", "max_norm_kernel", "max_norm_reference"]

_TINY = 1e-7
"""Keeps the division finite; the same as PyTorch's, so that the same rows come out."""


def max_norm_reference(table: np.ndarray, ids: np.ndarray, limit: float, order: float) -> None:
    """Reference implementation in NumPy: scale each row whose norm exceeds `limit`."""
    rows = np.unique(ids)
    norms = np.linalg.norm(table[rows].astype(np.float64), ord=order, axis=1)
    long = norms > limit
    factors = limit / (norms[long] + _TINY)
    table[rows[long]] = (table[rows[long]] * factors[:, None]).astype(table.dtype)


@kernel
def max_norm_kernel(table, rows, limit, order):
    """Scale in place the rows of `table` (V, D) in `rows` (K,), which must differ."""
    for k in range(rows.size):
        row = rows[k]
        total = 0.0
        for d in range(table.shape[1]):
            size = abs(np.float64(table[row, d]))
            if order == 2:
                total += size * size
            elif order == 1:
                total += size
            elif order == np.inf:
                total = size if size > total or size != size else total
            else:
                total += size**order
        if order == 2:
            total = np.sqrt(total)
        elif order != 1 and order != np.inf:
            total = total ** (1 / order)
        if total > limit:
            factor = limit / (total + _TINY)
            for d in range(table.shape[1]):
                table[row, d] = np.float64(table[row, d]) * factor


def max_norm(
    table: Any, ids: Any, limit: float, *, norm_type: float = 2.0, in_place: bool = True
) -> np.ndarray:
    """Scale the rows of `ids` down to a norm of at most `limit`, before they are looked up.

    Parameters
    ----------
    table : ndarray, (V, D), float16, float32 or float64
        Changed in place, as PyTorch does, unless `in_place` is False.
    ids : array_like of int, any shape, 0 <= id < V
        Other rows do not change, whatever their norm.
    limit : float
        At least 0.
    norm_type : float
        The p of the p-norm: 2 for the length, 1 for the sum, ``inf`` for the largest number.
    in_place : bool
        False returns a copy of the whole table and leaves the table unchanged.

    Returns
    -------
    ndarray, (V, D)
        The table, with ``row *= limit / (norm + 1e-7)`` where ``norm > limit``. The norm is taken
        in float64. A row of NaN stays one.

    Raises
    ------
    IdError
        For ids outside 0..V-1. Nothing is written then.
    ShapeError, DtypeError, ValueError
        For a table, a limit or a norm that does not fit.

    Notes
    -----
    Source: the option ``max_norm`` of ``torch.nn.functional.embedding``. It is no constraint of
    Keras: that one acts on the whole table, after a step.

    Examples
    --------
    >>> table = np.array([[3.0, 4.0], [6.0, 8.0], [0.0, 1.0]])
    >>> max_norm(table, [0, 2, 0], 2.5).round(4).tolist()
    [[1.5, 2.0], [6.0, 8.0], [0.0, 1.0]]
    """
    if check_flag(in_place, "in_place") and not (
        isinstance(table, np.ndarray) and table.flags.writeable
    ):
        raise ValueError(
            "table must be a writable NumPy array to be changed in place. Received "
            f"{'a read-only one' if isinstance(table, np.ndarray) else type(table).__name__}. "
            "Pass in_place=False for a copy."
        )
    table = as_table(table)
    limit = check_number(limit, "limit")
    infinite = isinstance(norm_type, float) and norm_type == np.inf
    order = np.inf if infinite else check_number(norm_type, "norm_type")
    if limit < 0 or order <= 0:
        name, value = ("limit", limit) if limit < 0 else ("norm_type", norm_type)
        bound = ">= 0" if limit < 0 else "above 0"
        raise ValueError(f"{name} must be {bound}. Received {value}. Choose another number.")
    if len(table) == 0 and np.size(ids) == 0:
        return table if in_place else table.copy()
    rows = group(ids, len(table)).ids
    result = table if in_place else table.copy()
    if result.dtype.char == "e":  # processors do not compute in float16
        single = result[rows].astype(np.float32)
        max_norm_kernel(single, np.arange(rows.size), limit, order)
        result[rows] = single
    else:
        max_norm_kernel(result, rows, limit, order)
    return result
