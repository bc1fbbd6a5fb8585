"""Coalescing: the sorted distinct ids of a batch, and for each the sum of its gradients."""

from typing import Any

import numpy as np

from embedlab.core import counter
from embedlab.core.group import group
from embedlab.core.ids import check_padding, id_error
from embedlab.core.jit import claim, loop, parallel, piece, prange, threads
from embedlab.core.lanes import add_row, lanes, put_row
from embedlab.core.sparse_gradient import SparseGrad, as_pairs

__all__ = ["coalesce", "coalesce_loop", "coalesce_loop_parallel", "coalesce_numpy"]

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""

_DENSE = 4
"""Rows for each id up to which small work is grouped by counting all rows."""

_ROWS = 64
"""Rows that a worker takes at a time: of words sorted by frequency the first 64 do 0.4 of the work,
less than the half of it that one of two threads has to do anyway."""


def coalesce_numpy(ids: np.ndarray, grad_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say it in NumPy: the sorted distinct ids, and for each the sum of its gradients."""
    unique, which = np.unique(ids, return_inverse=True)
    rows = np.zeros((len(unique), grad_out.shape[1]), grad_out.dtype)
    np.add.at(rows, which, grad_out)
    return unique, rows


@loop
def _sum_columns(sums, column, order, starts, first, last, grad_out, rows):
    """Sum the columns from `column` on, as many as `sums` holds in registers, for some rows."""
    for k in range(first, last):
        total = sums
        for s in range(starts[k], starts[k + 1]):
            total = add_row(total, grad_out, order[s], column)
        put_row(total, rows, k, column)


@loop
def _sum_rows(order, starts, first, last, mean, grad_out, rows):
    """Sum the gradients of some rows: as many columns at a time as registers hold."""
    d = 0
    while d + 128 <= rows.shape[1]:
        _sum_columns(lanes(rows, 128), d, order, starts, first, last, grad_out, rows)
        d += 128
    while d + 64 <= rows.shape[1]:
        _sum_columns(lanes(rows, 64), d, order, starts, first, last, grad_out, rows)
        d += 64
    while d + 16 <= rows.shape[1]:
        _sum_columns(lanes(rows, 16), d, order, starts, first, last, grad_out, rows)
        d += 16
    while d < rows.shape[1]:
        _sum_columns(lanes(rows, 1), d, order, starts, first, last, grad_out, rows)
        d += 1
    if mean:
        for k in range(first, last):
            rows[k, :] /= rows.dtype.type(starts[k + 1] - starts[k])


@loop
def coalesce_loop(order, starts, size, turn, workers, mean, grad_out, rows):
    """Sum into each of `rows` (K, D) the gradients at `order[starts[k]:starts[k + 1]]`.

    A free worker takes the next `size` rows (Zipf's law makes some long), and adds in the order of
    the positions. With `mean` each sum is divided by how many it has. Both arrays are C-contiguous.
    Asking the memory for gradients ahead gains nothing: the sum waits for bandwidth alone.
    """
    for _worker in prange(workers):
        block = claim(turn)
        while block * size < len(rows):
            last = min(len(rows), (block + 1) * size)
            _sum_rows(order, starts, block * size, last, mean, grad_out, rows)
            block = claim(turn)


coalesce_loop_parallel = parallel(coalesce_loop)


@loop
def _coalesce_small_loop(ids, grad_out, skip, mean, work, unique, rows):
    """Group and sum in one call, by counting every row; return how many ids are bad, and distinct.

    For small work, where five calls would cost more than it (320 ids: 7 µs less). `work` has room
    for 3 N + V + 2 numbers: each id as it was read once, the positions in the order of their ids,
    where each id begins, and how often each row came, then where its next position goes.
    """
    n = ids.size
    kept, order, starts, counts = (
        work[:n],
        work[n : 2 * n],
        work[2 * n : 3 * n + 1],
        work[3 * n + 1 :],
    )
    input_dim = counts.size - 1
    bad = 0
    counts[:] = 0
    for i in range(n):
        row = ids[i]
        if row < 0 or row >= input_dim:
            bad += 1
            row = input_dim
        if row == skip:
            row = input_dim
        kept[i] = row
        counts[row] += 1
    if bad:
        return bad, 0
    k = size = 0
    for row in range(input_dim):
        here = counts[row]
        counts[row] = starts[k] = size
        unique[k] = row
        size += here
        k += here > 0  # no branch on the data: it would be mispredicted
    counts[input_dim] = starts[k] = size
    for i in range(n):
        row = kept[i]
        order[counts[row]] = i
        counts[row] += 1
    _sum_rows(order, starts, 0, k, mean, grad_out, rows)
    return 0, k


def coalesce(
    ids: Any,
    grad_out: Any,
    input_dim: int,
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> SparseGrad:
    """Give the sparse gradient of a lookup with respect to its table.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
    input_dim : int
        V.
    padding_idx : int, optional
        An id to leave out: it has no row in the result.
    scale_grad_by_freq : bool
        Divide each row by how often its id came: the mean instead of the sum.

    Returns
    -------
    SparseGrad
        Unique sorted ids and their summed rows; bit-identical for any number of threads, and
        to the dense gradient.

    Raises
    ------
    IdError, ShapeError
        As `grad_table`.

    Notes
    -----
    O(N) time and memory, whatever V is: see `embedlab.core.group`.

    Examples
    --------
    >>> sparse = coalesce([3, 1, 3], np.array([[1.0], [2.0], [4.0]]), 5)
    >>> sparse.ids.tolist(), sparse.rows.ravel().tolist()
    ([1, 3], [2.0, 5.0])
    >>> sparse
    SparseGrad(2 of 5 rows, 1 numbers each)
    >>> coalesce([3, 1, 3], np.ones((3, 2)), 5, padding_idx=3).ids.tolist()
    [1]
    """
    ids, grad_out, input_dim = as_pairs(ids, grad_out, input_dim)
    skip = check_padding(padding_idx, input_dim)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    counter.count("gradient")
    flat = ids.reshape(-1)
    if sums.size < PARALLEL_FROM and input_dim <= _DENSE * ids.size:
        work = np.empty(3 * ids.size + input_dim + 2, np.int64)
        unique = np.empty(ids.size + 1, np.int64)
        rows = np.empty(sums.shape, sums.dtype)
        bad, found = _coalesce_small_loop(flat, sums, skip, scale_grad_by_freq, work, unique, rows)
        if bad:
            raise id_error(ids, input_dim)
        unique, rows = unique[:found], rows[:found]
    else:
        unique, order, starts = group(ids, input_dim, padding_idx=padding_idx)
        rows = np.empty((len(unique), sums.shape[1]), sums.dtype)
        workers = threads() if sums.size >= PARALLEL_FROM else 1
        run = coalesce_loop_parallel if workers > 1 else coalesce_loop
        turn = np.zeros(1, np.int64)
        size = piece(len(rows), workers, _ROWS)
        run(order, starts, size, turn, workers, scale_grad_by_freq, sums, rows)
    if rows.dtype is not grad_out.dtype:
        rows = rows.astype(grad_out.dtype, copy=False)
    shape = (input_dim, grad_out.shape[1])
    return SparseGrad(unique, rows, shape, (flat, grad_out), padding_idx)
