"""Gradient of a lookup: a scatter-add. Every row gets the sum of what its uses send back."""

from typing import Any

import numpy as np

from embedlab.core import counter
from embedlab.core.coalesce import coalesce
from embedlab.core.ids import check_padding, id_error
from embedlab.core.jit import claim, loop, parallel, piece, prange, prefetch, threads
from embedlab.core.lanes import add_row, fetch_row, lanes, put_row
from embedlab.core.sparse_gradient import as_pairs
from embedlab.core.table import check_room

__all__ = ["grad_table", "grad_table_loop", "grad_table_numpy"]

PARALLEL_FROM = 524_288
"""Numbers to add from which two threads win."""

_DENSE = 4
"""Rows for each number that came up to which a chain for every row is worth its memory."""

_ROWS = 1024
"""Rows that a worker takes at a time."""

_AHEAD = 16
"""So many rows ahead the memory is asked for what will be added."""

_COUNT = np.int32
"""Positions in half the memory: 1.3 ms, not 1.6, for 65 536 ids of 100 000, D 64."""

_FRESH_FROM = 32 << 20
"""Bytes from which the system hands out pages of zeros, so that nobody need write them."""


def grad_table_numpy(ids: np.ndarray, grad_out: np.ndarray, input_dim: int) -> np.ndarray:
    """Say it in NumPy: add, never assign, because an id may come twice."""
    grad = np.zeros((input_dim, grad_out.shape[1]), grad_out.dtype)
    np.add.at(grad, ids, grad_out)
    return grad


@loop
def grad_table_loop(ids, grad_out, skip, grad):
    """Add `grad_out` (N, D) into `grad` (V, D) at the rows `ids` (N,); return how many are bad."""
    bad = 0
    for n in range(ids.size):
        row = ids[n]  # read once: the array may change under us
        if row < 0 or row >= grad.shape[0]:
            bad += 1
        elif row != skip:
            for d in range(grad.shape[1]):
                grad[row, d] += grad_out[n, d]
    return bad


@loop
def _chain_loop(ids, skip, heads, nexts):
    """Chain the positions of each row, in rising order; return how many ids are bad.

    `heads` (V,) gives one more than the first position of a row, and 0 where there is none;
    `nexts` (N,) one more than the next one. Bad and skipped ids are in no chain. Made from the
    last position to the first in one pass: 9 µs for 8 192 ids, where sorting them takes 45.
    """
    bad = 0
    for n in range(ids.size - 1, -1, -1):
        row = ids[n]  # read once: the array may change under us
        if row < 0 or row >= heads.size:
            bad += 1
        elif row != skip:
            nexts[n] = heads[row]
            heads[row] = n + 1
    return bad


@loop
def _sum_chain(sums, column, first, nexts, grad_out, grad, row):
    """Write the sum of a chain to as many columns as `sums` holds; of no position it is zero."""
    total = sums
    here = first
    while here > 0:
        after = nexts[here - 1]
        if after > 0:
            fetch_row(total, grad_out, after - 1, column)
        total = add_row(total, grad_out, here - 1, column)
        here = after
    put_row(total, grad, row, column)


@loop
def _sum_row(first, nexts, grad_out, grad, row):
    """Write the sum of a chain to a row: as many columns at a time as registers hold."""
    d = 0
    while d + 128 <= grad.shape[1]:
        _sum_chain(lanes(grad, 128), d, first, nexts, grad_out, grad, row)
        d += 128
    while d + 64 <= grad.shape[1]:
        _sum_chain(lanes(grad, 64), d, first, nexts, grad_out, grad, row)
        d += 64
    while d + 16 <= grad.shape[1]:
        _sum_chain(lanes(grad, 16), d, first, nexts, grad_out, grad, row)
        d += 16
    while d < grad.shape[1]:
        _sum_chain(lanes(grad, 1), d, first, nexts, grad_out, grad, row)
        d += 1


@loop
def _chains_loop(heads, nexts, size, turn, workers, clear, grad_out, grad):
    """Write every row of `grad` (V, D) once: the sum of its chain, added in order.

    A free worker takes the next `size` rows, so no two threads ever write the same row, and every
    sum is the same for any number of workers. Unless `clear`, `grad` holds zeros already.
    """
    for _worker in prange(workers):
        block = claim(turn)
        while block * size < len(grad):
            last = min(len(grad), (block + 1) * size)
            for row in range(block * size, last):
                soon = heads[min(row + _AHEAD, last - 1)]
                if soon > 0:
                    for d in range(0, grad.shape[1], 16):
                        prefetch(grad_out, soon - 1, d)
                if clear or heads[row] > 0:
                    _sum_row(heads[row], nexts, grad_out, grad, row)
            block = claim(turn)


_chains_loop_parallel = parallel(_chains_loop)


def grad_table(
    ids: Any,
    grad_out: Any,
    input_dim: int,
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> np.ndarray:
    """Give the dense gradient of a lookup with respect to its table.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
        The gradient of the loss with respect to the looked-up rows.
    input_dim : int
        V.
    padding_idx : int, optional
        The row that learns nothing: its gradient is exactly zero.
    scale_grad_by_freq : bool
        Divide the gradient of each row by how often its id came: the mean instead of the sum.

    Returns
    -------
    ndarray, (V, D), the dtype of `grad_out`
        ``grad[i] = sum of grad_out[n] over n with ids[n] == i``; zero where an id never came.
        Summed in the order of the positions: bit-identical for any number of threads.

    Raises
    ------
    IdError
        For ids outside 0..V-1, `padding_idx` among them.
    ShapeError
        Unless ``grad_out.shape == (*ids.shape, D)``.

    Notes
    -----
    float16 is summed in float32 and rounded once.

    Examples
    --------
    >>> grad_table([1, 1, 2], np.array([[0.25], [0.5], [4.0]]), 4).ravel().tolist()
    [0.0, 0.75, 4.0, 0.0]
    >>> grad_table([1, 1, 2], np.array([[0.25], [0.5], [4.0]]), 4, padding_idx=1).ravel().tolist()
    [0.0, 0.0, 4.0, 0.0]
    """
    if scale_grad_by_freq:  # the counts come with the sorted form, in O(N) instead of O(V)
        sparse = coalesce(
            ids, grad_out, input_dim, padding_idx=padding_idx, scale_grad_by_freq=True
        )
        return sparse.to_dense()
    ids, grad_out, input_dim = as_pairs(ids, grad_out, input_dim)
    skip = check_padding(padding_idx, input_dim)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    shape = (input_dim, grad_out.shape[1])
    check_room(*shape, sums.dtype, "input_dim")
    counter.count("gradient")
    flat = ids.reshape(-1)
    if sums.size >= PARALLEL_FROM and threads() > 1 and input_dim <= _DENSE * sums.size:
        grad, bad = _grad_by_rows(flat, sums, input_dim, skip)
    else:
        grad = np.zeros(shape, sums.dtype)
        bad = grad_table_loop(flat, sums, skip, grad)
    if bad:
        raise id_error(ids, input_dim)
    return grad.astype(grad_out.dtype, copy=False)


def _grad_by_rows(
    ids: np.ndarray, sums: np.ndarray, input_dim: int, skip: int
) -> tuple[np.ndarray, int]:
    shape = (input_dim, sums.shape[1])
    heads = np.zeros(input_dim, _COUNT if ids.size < np.iinfo(_COUNT).max else np.int64)
    nexts = np.empty(ids.size, heads.dtype)
    bad = _chain_loop(ids, skip, heads, nexts)
    clear = input_dim * sums.shape[1] * sums.itemsize < _FRESH_FROM
    grad = (np.empty if clear else np.zeros)(shape, sums.dtype)
    if not bad:
        turn, step = np.zeros(1, np.int64), piece(input_dim, threads(), _ROWS)
        _chains_loop_parallel(heads, nexts, step, turn, threads(), clear, sums, grad)
    return grad, bad
