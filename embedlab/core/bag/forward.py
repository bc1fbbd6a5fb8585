"""Bags: the sum, mean or maximum of a few looked-up rows, without the rows themselves."""

from typing import Any

import numpy as np

from embedlab.core.bag.max import bag_max
from embedlab.core.bag.parse import Bags, parse_bags, upcast_float16
from embedlab.core.checks import as_table
from embedlab.core.ids import out_of_range_error
from embedlab.core.jit import block_size, compile_parallel, kernel, next_block, num_threads, prange
from embedlab.core.simd import add_load, add_load_scaled, prefetch, store, zeros

__all__ = ["bag", "bag_kernel", "bag_kernel_parallel", "bag_reference"]

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""

AHEAD = 16
"""Positions by which a row is prefetched before it is added."""


def bag_reference(table: np.ndarray, bags: Bags, mean: bool) -> np.ndarray:
    """Reference implementation in NumPy: add the rows of each bag in order; divide for the mean."""
    keep = bags.ids != bags.skip
    rows = table[bags.ids]  # (N, D)
    if bags.weights.size:
        rows = rows * bags.weights[:, None]
    out = np.zeros((bags.starts.size - 1, table.shape[1]), table.dtype)
    np.add.at(out, bags.bag_of[keep], rows[keep])
    if mean:
        out /= np.maximum(bags.counts(), 1)[:, None].astype(table.dtype)
    return out


@kernel
def _add_columns(sums, column, width, table, ids, starts, weights, skip, mean, first, last, out):
    """Sum the columns from `column` on, `width` of them in registers, for some bags.

    Returns how many ids are bad: a separate pass for that costs a sixth of the time.
    """
    bad = 0
    for b in range(first, last):
        total = sums
        count = 0
        if weights.size == 0:
            for s in range(starts[b], starts[b + 1]):
                prefetch(total, table, ids[min(s + AHEAD, ids.size - 1)], column)
                row = ids[s]  # read once: another thread may change the array
                if row < 0 or row >= table.shape[0]:
                    bad += 1
                elif row != skip:
                    count += 1
                    total = add_load(total, table, row, column)
        else:
            for s in range(starts[b], starts[b + 1]):
                prefetch(total, table, ids[min(s + AHEAD, ids.size - 1)], column)
                row = ids[s]
                if row < 0 or row >= table.shape[0]:
                    bad += 1
                elif row != skip:
                    count += 1
                    total = add_load_scaled(total, table, row, column, weights[s])
        store(total, out, b, column)
        if mean and count:
            for d in range(column, column + width):
                out[b, d] /= table.dtype.type(count)
    return bad


@kernel
def _add_bags(table, ids, starts, weights, skip, mean, first, last, out):
    """Sum some bags, as many columns at a time as registers hold; return how many ids are bad."""
    bad = 0
    columns = table.shape[1]
    d = 0
    while d + 128 <= columns:
        bad = _add_columns(
            zeros(table, 128), d, 128, table, ids, starts, weights, skip, mean, first, last, out
        )
        d += 128
    while d + 64 <= columns:
        bad = _add_columns(
            zeros(table, 64), d, 64, table, ids, starts, weights, skip, mean, first, last, out
        )
        d += 64
    while d + 32 <= columns:
        bad = _add_columns(
            zeros(table, 32), d, 32, table, ids, starts, weights, skip, mean, first, last, out
        )
        d += 32
    while d + 8 <= columns:
        bad = _add_columns(
            zeros(table, 8), d, 8, table, ids, starts, weights, skip, mean, first, last, out
        )
        d += 8
    while d < columns:
        bad = _add_columns(
            zeros(table, 1), d, 1, table, ids, starts, weights, skip, mean, first, last, out
        )
        d += 1
    if columns == 0:
        for s in range(starts[first], starts[last]):
            bad += (ids[s] < 0) | (ids[s] >= table.shape[0])
    return bad


@kernel
def bag_kernel(table, ids, starts, weights, skip, mean, size, turn, workers, out):
    """Add the rows of each bag into `out` (B, D); return how many ids are bad.

    A free thread takes the next `size` bags, and adds in the order of the positions. `table` and
    `out` are C-contiguous.
    """
    bad = 0
    bags = out.shape[0]
    for _worker in prange(workers):
        bad_ids = 0
        block = next_block(turn)
        while block * size < bags:
            last = min(bags, (block + 1) * size)
            bad_ids += _add_bags(table, ids, starts, weights, skip, mean, block * size, last, out)
            block = next_block(turn)
        bad += bad_ids
    return bad


bag_kernel_parallel = compile_parallel(bag_kernel)


def bag(
    table: Any,
    ids: Any,
    offsets: Any = None,
    *,
    mode: str = "mean",
    weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> np.ndarray:
    """Return one row for each bag of ids: the sum, mean or maximum of their rows.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
    ids : array_like of int, (B, T), or (N,) with offsets
        0 <= id < V.
    offsets : array_like of int, (B,), optional
        Where each bag begins; the first is 0, and none is smaller than the one before.
    mode : {"sum", "mean", "max"}
    weights : array_like, the shape of `ids`, optional
        A factor for each row, with "sum" and "mean". The mean divides by the number of rows, not
        by the sum of their weights.
    include_last_offset : bool
        `offsets` is (B + 1,) and ends with the end of the last bag; ids behind it are ignored.
    padding_idx : int, optional
        An id that does not count, as if it were absent.

    Returns
    -------
    ndarray, (B, D), the dtype of `table`
        An empty bag gives zeros in every mode. Rows are added in the order of their positions:
        bit-identical for any number of threads. float16 is summed in float32 and rounded once.

    Raises
    ------
    IdError
        For ids outside 0..V-1, `padding_idx` among them.
    ShapeError, DtypeError, ValueError
        For offsets, weights or a mode that do not fit.

    Notes
    -----
    Source: ``torch.nn.functional.embedding_bag``. On purpose different: weights also work with
    "mean", and offsets that fall are refused.

    Examples
    --------
    >>> table = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    >>> bag(table, [[0, 1], [2, 2]], mode="sum").tolist()
    [[3.0, 30.0], [8.0, 80.0]]
    >>> bag(table, [0, 1, 2], offsets=[0, 2, 2]).tolist()
    [[1.5, 15.0], [0.0, 0.0], [4.0, 40.0]]
    """
    table = as_table(table)
    bags = parse_bags(
        table,
        ids,
        offsets,
        mode=mode,
        weights=weights,
        include_last_offset=include_last_offset,
        padding_idx=padding_idx,
    )
    if mode == "max":
        return bag_max(table, bags)[0]
    kind = table.dtype
    table, bags = upcast_float16(np.ascontiguousarray(table), bags)
    out = np.empty((bags.starts.size - 1, table.shape[1]), table.dtype)
    workers = num_threads() if bags.ids.size * table.shape[1] >= PARALLEL_FROM else 1
    run = bag_kernel_parallel if workers > 1 else bag_kernel
    turn, size = np.zeros(1, np.int64), block_size(len(out), workers)
    bad = run(
        table,
        bags.ids,
        bags.starts,
        bags.weights,
        bags.skip,
        mode == "mean",
        size,
        turn,
        workers,
        out,
    )
    if bad:
        raise out_of_range_error(bags.ids, len(table))
    return out.astype(kind, copy=False)
