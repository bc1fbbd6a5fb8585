"""Lookup: a gather of rows, ``out[..., :] = table[ids[...], :]``, without any multiplication."""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_table
from embedlab.core.ids import apply_out_of_range_rule, as_ids, out_of_range_error
from embedlab.core.jit import compile_parallel, count_kernel_call, kernel, num_threads, prange

__all__ = ["lookup", "lookup_kernel", "lookup_kernel_parallel", "lookup_reference", "onehot_lookup"]

PARALLEL_FROM = 262_144
"""Numbers to copy from which two threads win: below it, waking a thread costs more."""


def lookup_reference(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: one row of the table for each id."""
    return table[ids]


def onehot_lookup(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the rows of `ids` by multiplying one-hot rows with the table, as in textbooks.

    The numbers are those of `lookup`, for N * V * D multiplications instead of none. It exists for
    comparison.

    Examples
    --------
    >>> table = np.arange(6.0).reshape(3, 2)
    >>> onehot_lookup(table, np.array([2, 0])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    table, ids = as_table(table), as_ids(ids)
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < len(table):
        raise out_of_range_error(ids, len(table))
    onehot = np.zeros((ids.size, len(table)), table.dtype)  # (N, V)
    onehot[np.arange(ids.size), ids.reshape(-1)] = 1
    return (onehot @ table).reshape(*ids.shape, table.shape[1])


@kernel
def lookup_kernel(table, ids, fill, out):
    """Copy a row of `table` (V, D) for each of `ids` (N,) into `out` (N, D).

    An id outside the table writes `fill`. Returns how many ids lay below 0, and how many above.
    """
    # Slower designs (D 64 to 256): prefetching rows 8 to 32 ids ahead gains 2 to 5 % where the
    # table exceeds the cache and costs 13 % where it fits; one memcpy a row costs 10 to 20 % up to
    # D = 128; non-temporal stores make the reader of the result wait (benchmarks/README.md).
    below = 0
    above = 0
    for n in prange(ids.size):
        row = ids[n]  # read once: another thread may change the array
        if row < 0:
            below += 1
            out[n, :] = fill
        elif row >= table.shape[0]:
            above += 1
            out[n, :] = fill
        else:
            for d in range(table.shape[1]):
                out[n, d] = table[row, d]
    return below, above


lookup_kernel_parallel = compile_parallel(lookup_kernel)


def lookup(
    table: Any,
    ids: Any,
    *,
    out: np.ndarray | None = None,
    oob: str | int = "raise",
    negative: str = "raise",
) -> np.ndarray:
    """Return one row of the table for each id.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32, float64 or integers
        Any memory order; read-only is fine.
    ids : array_like of any shape, integer
        0 <= id < V.
    out : ndarray, (*ids.shape, D), the dtype of `table`, optional
        Where to write. It is left untouched when an id is refused.
    oob : {"raise", "zero", "nan", "clip", "wrap"} or int
        For ids out of range: "raise" an IdError; a row of "zero" or "nan"; "clip" to the nearest
        row; "wrap" to the remainder modulo V; or the row of that number, for unknown words.
    negative : {"raise", "wrap"}
        For ids below 0: "raise" an IdError, whatever `oob` says; or "wrap", a count from the end
        as in Keras.

    Returns
    -------
    ndarray, (*ids.shape, D), the dtype of `table`
        `out[..., :] = table[ids[...], :]`. Bit-identical for any number of threads.

    Raises
    ------
    IdError
        For ids outside the table, with `bad_ids`, `positions` and `input_dim`.
    IdTypeError, ShapeError, DtypeError
        For ids that are not integers, and for arrays of the wrong shape or dtype.

    Notes
    -----
    Source: the method ``call`` of ``keras.layers.Embedding``. On purpose different: nothing is
    truncated, wrapped or filled silently.

    Examples
    --------
    >>> table = np.array([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]], np.float32)
    >>> lookup(table, [[2, 0], [1, 1]]).shape
    (2, 2, 2)
    >>> lookup(table, 2).tolist()
    [2.0, 2.5]
    >>> lookup(table, [0, 3])
    Traceback (most recent call last):
    embedlab.core.ids.IdError: ids must lie in 0..2 (input_dim=3). Received 3 at [1]. \
Raise input_dim, or map unknown words to one id.
    """
    table = as_table(table, integers=True)
    ids = as_ids(ids)
    rows = ids
    known = isinstance(oob, str) and isinstance(negative, str) and oob in _FILL
    if not known or negative != "raise":
        rows = apply_out_of_range_rule(ids, table.shape[0], oob=oob, negative=negative)
    if out is None:
        result = np.empty((*ids.shape, table.shape[1]), table.dtype)
    else:
        result = _check_out(out, (*ids.shape, table.shape[1]), table)
        rows = apply_out_of_range_rule(
            ids, table.shape[0], oob=oob, negative=negative
        )  # before the first write
    below, above = _run(table, rows.reshape(-1), _FILL.get(oob, 0.0), result)
    count_kernel_call("lookup")
    if below or (above and oob == "raise"):
        raise out_of_range_error(
            ids, table.shape[0], negative=below > 0 and oob != "raise", can_wrap=True
        )
    return result


_FILL: dict[Any, float] = {"raise": 0.0, "zero": 0.0, "nan": np.nan}


def _run(table: np.ndarray, rows: np.ndarray, fill: float, out: np.ndarray) -> tuple[int, int]:
    flat = out.reshape(rows.size, table.shape[1])
    if table.dtype.char in "fd":
        value = table.dtype.type(fill)
    else:  # no float16 in registers, and no kernels for integers alone: copy the bits
        if np.isnan(fill) and table.dtype.kind != "f":
            raise DtypeError(
                f'oob="nan" needs a table of floats. Received {table.dtype.name}. '
                'Choose oob="zero", or cast the table.'
            )
        bits = np.dtype(f"u{table.dtype.itemsize}")
        value = table.dtype.type(fill).view(bits)
        table, flat = table.view(bits), flat.view(bits)
    if flat.size >= PARALLEL_FROM and num_threads() > 1:
        return lookup_kernel_parallel(table, rows, value, flat)
    return lookup_kernel(table, rows, value, flat)


def _check_out(out: Any, shape: tuple[int, ...], table: np.ndarray) -> np.ndarray:
    if not isinstance(out, np.ndarray) or out.shape != shape:
        raise ShapeError(
            f"out must have shape {shape}. Received {getattr(out, 'shape', type(out).__name__)}. "
            "Allocate it with numpy.empty, or leave it out."
        )
    if out.dtype != table.dtype:
        raise DtypeError(
            f"out must have the dtype of the table, {table.dtype}. Received {out.dtype}. "
            "Cast afterwards."
        )
    if not (out.flags.writeable and out.flags.c_contiguous) or np.may_share_memory(out, table):
        raise ValueError(
            "out must be writable, C-contiguous and no part of the table. Received an array that "
            "is not. Allocate it with numpy.empty, or leave it out."
        )
    return out
