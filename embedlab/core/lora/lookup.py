"""Lookup with LoRA adapters: frozen rows plus their low-rank updates, gathered before multiplied.

``row + scale * (A[id] @ B)``: A (V, R) has R numbers for each row, B (R, D) is shared by all rows.
Only the N looked-up rows are multiplied, so the cost grows with N and not with V.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.core.checks import as_table
from embedlab.core.ids import apply_out_of_range_rule, as_ids, out_of_range_error
from embedlab.core.jit import (
    compile_parallel,
    count_kernel_call,
    kernel,
    num_threads,
    prange,
    prefetch,
)
from embedlab.core.lookup import lookup
from embedlab.core.lora.adapter import Adapter, add_adapter, as_adapters
from embedlab.core.simd import add, add_load_scaled, load, load_scaled, store, zeros

__all__ = ["lora_lookup", "lora_lookup_kernel", "lora_lookup_reference"]

PARALLEL_FROM = 524_288
"""Multiplications (N * D * (R + 4)) from which two threads win: about 25 µs of one thread."""

HALF_BLOCK = 1024
"""Ids at a time for float16 tables, which are computed in float32: it bounds the extra memory."""


def lora_lookup_reference(
    table: np.ndarray, ids: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float
) -> np.ndarray:
    """Reference implementation in NumPy: gather rows of the table and of `a`, then multiply."""
    return table[ids] + scale * (a[ids] @ b)


@kernel
def lora_lookup_kernel(table, ids, a, b, scale, fill, out):
    """Write into `out` (N, D) for each of `ids` (N,) its row of `table` plus its LoRA update.

    An id outside writes `fill`. Returns how many ids lay below 0, and how many above.
    Four ranks at a time, the first four together with the row: 0.54 ms (8 192 ids of 30 000, D 128,
    R 8, one thread), 0.69 with the row copied first, 0.2 more without the prefetch. The passes are
    written out here: as a function called for each row and pass they took 1.5 ms.
    """
    below = above = 0
    rank, width = b.shape
    line = 64 // table.itemsize
    for n in prange(ids.size):
        row = ids[n]  # read once: another thread may change the array
        soon = ids[min(n + 8, ids.size - 1)]
        prefetch(a, soon, 0)
        for d in range(0, width, line):
            prefetch(table, soon, d)
        if row < 0 or row >= table.shape[0]:
            below += row < 0
            above += row >= 0
            out[n, :] = fill
            continue
        if rank < 4:
            for d in range(width):
                out[n, d] = table[row, d]
        else:
            w0, w1 = scale * a[row, 0], scale * a[row, 1]
            w2, w3 = scale * a[row, 2], scale * a[row, 3]
            for d in range(width):
                step = (w0 * b[0, d] + w1 * b[1, d]) + (w2 * b[2, d] + w3 * b[3, d])
                out[n, d] = table[row, d] + step
        for r in range(4, rank - 3, 4):
            w0, w1 = scale * a[row, r], scale * a[row, r + 1]
            w2, w3 = scale * a[row, r + 2], scale * a[row, r + 3]
            for d in range(width):
                step = (w0 * b[r, d] + w1 * b[r + 1, d]) + (w2 * b[r + 2, d] + w3 * b[r + 3, d])
                out[n, d] += step
        for r in range(rank - rank % 4, rank):
            w0 = scale * a[row, r]
            for d in range(width):
                out[n, d] += w0 * b[r, d]
    return below, above


@kernel
def _columns(sums, column, table, row, a, b, scale, out, n):
    """Write the columns from `column` on, as many as `sums` holds in registers, of one row.

    The ranks are added in the order of `lora_lookup_kernel`, four at a time: the bits are the same.
    """
    rank = b.shape[0]
    total = load(sums, table, row, column)
    for r in range(0, rank - 3, 4):
        step = load_scaled(sums, b, r, column, scale * a[row, r])
        step = add_load_scaled(step, b, r + 1, column, scale * a[row, r + 1])
        more = load_scaled(sums, b, r + 2, column, scale * a[row, r + 2])
        more = add_load_scaled(more, b, r + 3, column, scale * a[row, r + 3])
        total = add(total, add(step, more))
    for r in range(rank - rank % 4, rank):
        total = add_load_scaled(total, b, r, column, scale * a[row, r])
    store(total, out, n, column)


@kernel
def _lora_lookup_vector_kernel(table, ids, a, b, scale, fill, out):
    """As `lora_lookup_kernel`, for C-contiguous arrays: some columns at a time stay in registers.

    A fifth faster: 0.40 ms instead of 0.51; a plain gather takes 0.26 (the fastest of 200 calls in
    turn; 8 192 ids of 30 000, D 128, R 8, one thread).
    """
    below = above = 0
    width = b.shape[1]
    line = 64 // table.itemsize
    for n in prange(ids.size):
        row = ids[n]  # read once: another thread may change the array
        soon = ids[min(n + 8, ids.size - 1)]
        prefetch(a, soon, 0)
        for d in range(0, width, line):
            prefetch(table, soon, d)
        if row < 0 or row >= table.shape[0]:
            below += row < 0
            above += row >= 0
            out[n, :] = fill
            continue
        d = 0
        while d + 64 <= width:
            _columns(zeros(table, 64), d, table, row, a, b, scale, out, n)
            d += 64
        while d + 8 <= width:
            _columns(zeros(table, 8), d, table, row, a, b, scale, out, n)
            d += 8
        while d < width:
            _columns(zeros(table, 1), d, table, row, a, b, scale, out, n)
            d += 1
    return below, above


lora_lookup_kernel_parallel = compile_parallel(lora_lookup_kernel)
_lora_lookup_vector_kernel_parallel = compile_parallel(_lora_lookup_vector_kernel)


def lora_lookup(
    table: Any,
    ids: Any,
    adapters: Sequence[Adapter],
    *,
    oob: str | int = "raise",
    negative: str = "raise",
) -> np.ndarray:
    """Return one row of the table for each id, plus the updates of LoRA adapters.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Frozen: it is only read.
    ids : array_like of any shape, integer
        0 <= id < V.
    adapters : sequence of Adapter, or of (a, b, scale)
        a (V, R), b (R, D); each may have its own rank. An empty sequence is a plain lookup.
    oob, negative
        As in `embedlab.core.lookup.lookup`. A row of zeros or NaN gets no update.

    Returns
    -------
    ndarray, (*ids.shape, D), the dtype of `table`
        ``out[..., :] = table[ids] + sum of scale * a[ids] @ b``. Bit-identical for any number of
        threads, and to a lookup in the merged table.

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, ValueError
        For ids outside the table, and for arrays that do not fit each other.

    Notes
    -----
    Source: Hu et al. 2021, "LoRA", section 4.1. Keras 3.15 forms the whole V x D product on each
    call; here no array of that size exists. float16 tables are computed in float32, rounded once.

    Examples
    --------
    >>> table = np.zeros((3, 2), np.float32)
    >>> a, b = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0, -1.0]])
    >>> lora_lookup(table, [2, 0], [Adapter(a, b, 0.5)]).tolist()
    [[1.0, -1.0], [0.0, 0.0]]
    """
    table = as_table(table)
    adapters = as_adapters(adapters, shape=table.shape)
    if not adapters:
        return lookup(table, ids, oob=oob, negative=negative)
    ids = as_ids(ids)
    rows = ids
    if not (isinstance(oob, str) and isinstance(negative, str) and oob == negative == "raise"):
        rows = apply_out_of_range_rule(ids, table.shape[0], oob=oob, negative=negative)
    out = np.empty((*ids.shape, table.shape[1]), table.dtype)
    fill = np.nan if oob == "nan" else 0.0
    flat = out.reshape(ids.size, table.shape[1])
    below, above = _run(table, rows.reshape(-1), adapters, fill, flat)
    count_kernel_call("lookup")
    if below or (above and oob == "raise"):
        raise out_of_range_error(ids, table.shape[0], can_wrap=True)
    return out


def _run(
    table: np.ndarray, rows: np.ndarray, adapters: list[Adapter], fill: float, out: np.ndarray
) -> tuple[int, int]:
    if out.dtype.char == "e":
        return _run_half(table, rows, adapters, fill, out)
    number = out.dtype.type
    a, b, scale = adapters[0]
    wide = out.size * (len(b) + 4) >= PARALLEL_FROM and num_threads() > 1
    if table.flags.c_contiguous and b.flags.c_contiguous and table.dtype == b.dtype:
        run = _lora_lookup_vector_kernel_parallel if wide else _lora_lookup_vector_kernel
    else:
        run = lora_lookup_kernel_parallel if wide else lora_lookup_kernel
    counts = run(table, rows, a, b, number(scale), number(fill), out)
    for adapter in adapters[1:]:
        add_adapter(out, rows, adapter, skip_outside=True)
    return counts


def _run_half(
    table: np.ndarray, rows: np.ndarray, adapters: list[Adapter], fill: float, out: np.ndarray
) -> tuple[int, int]:
    inside = (rows >= 0) & (rows < len(table))
    for start in range(0, rows.size, HALF_BLOCK):
        block = slice(start, start + HALF_BLOCK)
        here = rows[block]
        wide = np.full((here.size, table.shape[1]), fill, np.float32)
        wide[inside[block]] = table[here[inside[block]]]
        for adapter in adapters:
            add_adapter(wide, here, adapter, skip_outside=True)
        out[block] = wide
    below = int(np.count_nonzero(rows < 0))
    return below, int(rows.size - np.count_nonzero(inside)) - below
