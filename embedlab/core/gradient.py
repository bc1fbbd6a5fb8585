"""Gradient of a lookup: a scatter-add. Every row gets the sum of what its uses send back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core import counter
from embedlab.core.group import group
from embedlab.core.ids import as_ids, check_padding, id_error
from embedlab.core.jit import claim, loop, parallel, piece, prange, threads
from embedlab.core.lanes import add_row, lanes, put_row
from embedlab.core.table import DtypeError, ShapeError, as_array, check_room, check_size

__all__ = ["SparseGrad", "coalesce", "coalesce_loop", "coalesce_loop_parallel",
           "coalesce_numpy", "grad_table", "grad_table_loop", "grad_table_numpy"]  # fmt: skip

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""

_DENSE = 4
"""Rows for each id up to which small work is grouped by counting all rows."""

_ROWS = 64
"""Rows that a worker takes at a time: of words sorted by frequency the first 64 do 0.4 of the work,
less than the half of it that one of two threads has to do anyway."""

_FAR = 1024
"""The same where most rows of a dense gradient are only zeroed: in longer stretches that is 12 %
faster."""

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
def _share_loop(ids, input_dim, skip, bits, starts, kept, order, rows):
    """Bring positions together whose rows lie in one block of 2**bits; return how many are bad.

    Block b holds `order[starts[b]:starts[b + 1]]`, in rising order, with their `rows`; bad and
    skipped ids go behind the last. `kept` (N,) is what was read once: the array may change.
    """
    bad = 0
    last = starts.size - 2
    starts[:] = 0
    for n in range(ids.size):
        row = ids[n]
        if row < 0 or row >= input_dim:
            bad += 1
            row = skip
        kept[n] = row
        starts[1 + (last if row == skip else row >> bits)] += 1
    for block in range(1, starts.size):
        starts[block] += starts[block - 1]
    for n in range(ids.size - 1, -1, -1):
        row = kept[n]
        block = 1 + (last if row == skip else row >> bits)
        starts[block] -= 1
        order[starts[block]] = n
        rows[starts[block]] = row
    for block in range(1, starts.size - 1):
        starts[block] = starts[block + 1]
    starts[last + 1] = ids.size
    return bad


@loop
def _blocks_loop(starts, order, rows, bits, turn, workers, clear, grad_out, grad):
    """Add `grad_out` (N, D) into `grad` (V, D), a block of 2**bits rows after the other.

    A free worker takes the next block, so no two threads ever write the same row, and within a
    block the positions come in order: every sum is the same for any number of workers. A block
    is zeroed when it is taken, and still lies in the nearest cache when it is added to: 0.38 ms
    (8 192 ids of 30 000, D 128), where half of the table at a time took 0.45, and zeroing the rows
    between sorted ids, each sum in registers, 0.53 with the sort.
    """
    for _worker in prange(workers):
        block = claim(turn)
        while block < starts.size - 2:
            if clear:
                grad[block << bits : min(len(grad), (block + 1) << bits)] = 0
            for s in range(starts[block], starts[block + 1]):
                n, row = order[s], rows[s]
                for d in range(grad.shape[1]):
                    grad[row, d] += grad_out[n, d]
            block = claim(turn)


_blocks_loop_parallel = parallel(_blocks_loop)


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
    ids, grad_out, input_dim = _check(ids, grad_out, input_dim)
    skip = check_padding(padding_idx, input_dim)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    shape = (input_dim, grad_out.shape[1])
    check_room(*shape, sums.dtype, "input_dim")
    counter.count("gradient")
    flat = ids.reshape(-1)
    if sums.size >= PARALLEL_FROM and threads() > 1:
        grad, bad = _grad_in_blocks(flat, sums, input_dim, skip)
    else:
        grad = np.zeros(shape, sums.dtype)
        bad = grad_table_loop(flat, sums, skip, grad)
    if bad:
        raise id_error(ids, input_dim)
    return grad.astype(grad_out.dtype, copy=False)


def _grad_in_blocks(
    ids: np.ndarray, sums: np.ndarray, input_dim: int, skip: int
) -> tuple[np.ndarray, int]:
    n, columns = sums.shape
    bits = piece(input_dim, threads(), _FAR if n <= input_dim else _ROWS).bit_length() - 1
    starts = np.empty(((input_dim - 1) >> bits) + 3, np.int64)
    kept, order, rows = np.empty((3, n), np.int64)
    bad = _share_loop(ids, input_dim, skip, bits, starts, kept, order, rows)
    clear = input_dim * columns * sums.itemsize < _FRESH_FROM
    grad = (np.empty if clear else np.zeros)((input_dim, columns), sums.dtype)
    if not bad:
        turn = np.zeros(1, np.int64)
        _blocks_loop_parallel(starts, order, rows, bits, turn, threads(), clear, sums, grad)
    return grad, bad


@dataclass(frozen=True, repr=False, init=False)
class SparseGrad:
    """The gradient of a table, kept only for the rows that a batch used.

    Attributes
    ----------
    ids : ndarray of int64, (K,)
        Sorted, each once.
    rows : ndarray, (K, D)
        The summed gradient of each.
    shape : (V, D)
        The shape of the table.
    pairs : (ids (N,), rows (N, D))
        What came, in the order of the positions.
    padding_idx : int, optional
        The id that was left out.
    """

    ids: np.ndarray
    rows: np.ndarray
    shape: tuple[int, int]
    pairs: tuple[np.ndarray, np.ndarray]
    padding_idx: int | None = None

    def __init__(
        self,
        ids: np.ndarray,
        rows: np.ndarray,
        shape: tuple[int, int],
        pairs: tuple[np.ndarray, np.ndarray],
        padding_idx: int | None = None,
    ):
        # At once: a frozen dataclass sets one name after the other, 0.4 µs of a small gradient's 8.
        self.__dict__.update(ids=ids, rows=rows, shape=shape, pairs=pairs, padding_idx=padding_idx)

    def to_dense(self) -> np.ndarray:
        """Give the same gradient as an array (V, D), zero where no id came."""
        dense = np.zeros(self.shape, self.rows.dtype)
        dense[self.ids] = self.rows
        return dense

    def uncoalesced(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the ids (N,) and gradients (N, D) as they came, before duplicates were summed."""
        ids, rows = self.pairs
        if self.padding_idx is None:
            return ids, rows
        keep = ids != self.padding_idx
        return ids[keep], rows[keep]

    def __repr__(self) -> str:
        return f"SparseGrad({len(self.ids)} of {self.shape[0]} rows, {self.shape[1]} numbers each)"


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
    ids, grad_out, input_dim = _check(ids, grad_out, input_dim)
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


def _check(ids: Any, grad_out: Any, input_dim: Any) -> tuple[np.ndarray, np.ndarray, int]:
    input_dim = check_size(input_dim, "input_dim")
    ids = as_ids(ids)
    grad_out = as_array(grad_out, "grad_out")
    if grad_out.dtype.char not in "efd" or not grad_out.dtype.isnative:
        raise DtypeError(
            f"grad_out must hold float16, float32 or float64. Received {grad_out.dtype.str}. "
            "Cast it with grad_out.astype('float32')."
        )
    if grad_out.shape[:-1] != ids.shape or grad_out.ndim != ids.ndim + 1:
        raise ShapeError(
            f"grad_out must have shape (*ids.shape, D) = ({', '.join(map(str, ids.shape))}, D). "
            f"Received {grad_out.shape}. Pass one gradient row for each id."
        )
    if grad_out.ndim != 2:
        grad_out = grad_out.reshape(ids.size, grad_out.shape[-1])
    return ids, grad_out, input_dim
