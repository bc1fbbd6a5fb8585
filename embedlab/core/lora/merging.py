"""Merging of adapters into the table, and unmerging."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_table, check_finite, check_flag
from embedlab.core.lora.adapter import Adapter, as_adapters
from embedlab.core.lora.lookup import lora_lookup

__all__ = ["merge", "merge_reference", "unmerge"]

BLOCK = 4096
"""Rows at a time, so that merging in place needs no second table."""


def merge_reference(table: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """Reference implementation in NumPy: the V x D product, once."""
    return table + scale * (a @ b)


def merge(
    table: Any, adapters: Sequence[Adapter], *, safe: bool = True, out: np.ndarray | None = None
) -> np.ndarray:
    """Return the table with its adapters added: a plain lookup then returns the same rows.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
    adapters : sequence of Adapter, or of (a, b, scale)
    safe : bool
        First check that every merged number is finite; nothing is written if one is not.
    out : ndarray, (V, D), the dtype of `table`, optional
        Where to write. It may be the table itself: merging in place needs one block of memory.

    Returns
    -------
    ndarray, (V, D), the dtype of `table`
        ``table + sum of scale * a @ b``. Its rows are bit-identical to
        ``lora_lookup(table, ids, adapters)``.

    Raises
    ------
    NotFiniteError
        With `safe`, where a merged number would be NaN or infinite.
    ShapeError, DtypeError, ValueError
        For arrays that do not fit each other.

    Examples
    --------
    >>> table = np.ones((2, 2), np.float32)
    >>> adapter = Adapter(np.array([[0.0], [4.0]]), np.array([[1.0, -1.0]]), 0.5)
    >>> merge(table, [adapter]).tolist()
    [[1.0, 1.0], [3.0, -1.0]]
    >>> merge(table, [adapter._replace(b=np.array([[1.0, np.inf]]))])
    Traceback (most recent call last):
    embedlab.core.checks.NotFiniteError: the merged table must be finite. Received nan at [0, 1]. \
Look at the values of the adapter, or pass safe=False.
    """
    table = as_table(table)
    safe = check_flag(safe, "safe")
    adapters = as_adapters(adapters, shape=table.shape)  # refused before anything is written
    if out is None:
        out = np.empty(table.shape, table.dtype)
    else:
        out = _as_out(out, table, adapters)
        if safe:  # check before the first write: a second pass, but no memory
            for start in range(0, len(table), BLOCK):
                _block(table, adapters, start, safe=True)
    for start in range(0, len(table), BLOCK):
        out[start : start + BLOCK] = _block(table, adapters, start, safe=safe)
    return out


def unmerge(
    table: Any, adapters: Sequence[Adapter], *, safe: bool = True, out: np.ndarray | None = None
) -> np.ndarray:
    """Return the table with its adapters subtracted: `merge` with the opposite scales.

    Parameters, returns and errors are those of `merge`.

    Notes
    -----
    Adding and subtracting rounds twice: each number comes back to within one unit in the last
    place of the larger of it and the merged number. Keep a copy where the bits must be the same.

    Examples
    --------
    >>> adapter = Adapter(np.array([[0.0], [4.0]]), np.array([[1.0, -1.0]]), 0.5)
    >>> unmerge(merge(np.ones((2, 2)), [adapter]), [adapter]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    negated = [Adapter(a, b, -scale) for a, b, scale in reversed(as_adapters(adapters))]
    return merge(table, negated, safe=safe, out=out)


def _block(table: np.ndarray, adapters: Sequence[Adapter], start: int, *, safe: bool) -> np.ndarray:
    ids = np.arange(start, min(start + BLOCK, len(table)))
    rows = lora_lookup(table, ids, adapters)
    if safe:
        cure = "Look at the values of the adapter, or pass safe=False."
        check_finite(rows, "the merged table", cure, first_row=start)
    return rows


def _as_out(out: Any, table: np.ndarray, adapters: Sequence[Adapter]) -> np.ndarray:
    if not isinstance(out, np.ndarray) or out.shape != table.shape:
        raise ShapeError(
            f"out must have the shape of the table, {table.shape}. "
            f"Received {getattr(out, 'shape', type(out).__name__)}. Pass the table itself, "
            "or leave it out."
        )
    if out.dtype != table.dtype:
        raise DtypeError(
            f"out must have the dtype of the table, {table.dtype}. Received {out.dtype}. "
            "Cast afterwards."
        )
    shared = out is not table and np.may_share_memory(out, table)
    shared |= any(np.may_share_memory(out, part) for a, b, _ in adapters for part in (a, b))
    if not out.flags.writeable or shared:
        raise ValueError(
            "out must be writable, and either the table itself or memory of its own. "
            "Received an array that is not. Leave it out for a new one."
        )
    return out
