"""Bags: look up a few rows and give back only their sum, their mean or their largest numbers."""

from typing import Any

import numpy as np

from embedlab.core.bag_max import bag_max
from embedlab.core.bags import Bags, as_bags, in_single
from embedlab.core.group import bands
from embedlab.core.ids import id_error
from embedlab.core.jit import loop, parallel, prange, prefetch, threads
from embedlab.core.table import as_table

__all__ = ["bag", "bag_loop", "bag_loop_parallel", "bag_numpy"]

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""

AHEAD = 16
"""Positions by which the memory is asked for a row before it is added."""


def bag_numpy(table: np.ndarray, bags: Bags, mean: bool) -> np.ndarray:
    """Say it in NumPy: add the rows of each bag, in order; for the mean divide by their number."""
    keep = bags.ids != bags.skip
    rows = table[bags.ids]  # (N, D)
    if bags.weights.size:
        rows = rows * bags.weights[:, None]
    out = np.zeros((bags.starts.size - 1, table.shape[1]), table.dtype)
    np.add.at(out, bags.bag_of[keep], rows[keep])
    if mean:
        out /= np.maximum(bags.counts(), 1)[:, None].astype(table.dtype)
    return out


@loop
def bag_loop(table, ids, starts, weights, skip, mean, cuts, out):
    """Add the rows of each bag into `out` (B, D); return how many ids are bad.

    Worker w owns the bags from `cuts[w]` up to `cuts[w + 1]`. Eight rows are added at a time, in
    order, so that a sum is loaded and stored once for eight (1.3 to 1.7 times faster than once
    for each).
    """
    bad = 0
    for worker in prange(cuts.size - 1):
        row = np.zeros(8, np.int64)
        w = np.ones(8, table.dtype)
        for b in range(cuts[worker], cuts[worker + 1]):
            out[b, :] = 0
            count = 0
            held = 0
            for s in range(starts[b], starts[b + 1]):
                if s + AHEAD < ids.size:
                    for d in range(0, table.shape[1], 16):
                        prefetch(table, ids[s + AHEAD], d)
                one = ids[s]  # read once: the array may change under us
                if one < 0 or one >= table.shape[0]:
                    bad += 1
                    continue
                if one == skip:
                    continue
                row[held] = one
                if weights.size:
                    w[held] = weights[s]
                held += 1
                count += 1
                if held < 8:
                    continue
                held = 0
                r0, r1, r2, r3, r4, r5, r6, r7 = (row[0], row[1], row[2], row[3],
                                                  row[4], row[5], row[6], row[7])  # fmt: skip
                if weights.size:
                    for i in range(8):
                        for d in range(table.shape[1]):
                            out[b, d] += table[row[i], d] * w[i]
                else:
                    for d in range(table.shape[1]):
                        half = out[b, d] + table[r0, d] + table[r1, d] + table[r2, d] + table[r3, d]
                        out[b, d] = half + table[r4, d] + table[r5, d] + table[r6, d] + table[r7, d]
            for i in range(held):
                for d in range(table.shape[1]):
                    out[b, d] += table[row[i], d] * w[i]
            if mean and count:
                for d in range(table.shape[1]):
                    out[b, d] /= table.dtype.type(count)
    return bad


bag_loop_parallel = parallel(bag_loop)


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
    """Give one row for each bag of ids: the sum, mean or maximum of their rows.

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
        `offsets` is (B + 1,) and ends with N.
    padding_idx : int, optional
        An id that does not count, as if it were not there.

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
    bags = as_bags(table, ids, offsets, mode=mode, weights=weights,
                   include_last_offset=include_last_offset, padding_idx=padding_idx)  # fmt: skip
    if mode == "max":
        return bag_max(table, bags)[0]
    kind = table.dtype
    table, bags = in_single(table, bags)
    out = np.empty((bags.starts.size - 1, table.shape[1]), table.dtype)
    workers = threads() if bags.ids.size * table.shape[1] >= PARALLEL_FROM else 1
    run = bag_loop_parallel if workers > 1 else bag_loop
    cuts = bands(bags.starts, workers)
    bad = run(table, bags.ids, bags.starts, bags.weights, bags.skip, mode == "mean", cuts, out)
    if bad:
        raise id_error(bags.ids, len(table))
    return out.astype(kind, copy=False)
