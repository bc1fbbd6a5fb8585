"""Sparse gradient of a lookup: the sorted distinct ids of a batch and, for each, a summed row."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_floats, check_flag, check_size
from embedlab.core.gradient.grouping import group
from embedlab.core.ids import as_ids, check_padding_idx, out_of_range_error
from embedlab.core.jit import (
    block_size,
    compile_parallel,
    count_kernel_call,
    kernel,
    next_block,
    num_threads,
    prange,
)
from embedlab.core.simd import add_load, store, zeros

__all__ = [
    "SparseGrad",
    "add_gradients",
    "check_lookup_gradient",
    "coalesce",
    "coalesce_kernel",
    "coalesce_kernel_parallel",
    "coalesce_reference",
]

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""

_DENSE = 4
"""Rows for each id up to which a pass over all rows costs less than sorting the ids."""

_LONG = 2**31 - 1
"""Ids from which their positions need 64 bits; in 32 they fit into the nearer caches."""

_ROWS = 64
"""Rows that a thread takes at a time: of words sorted by frequency the first 64 are 0.4 of the
work, less than the half that one of two threads has anyway."""


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
        The uncoalesced gradient, in the order of the positions.
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
        # In one call: a frozen dataclass sets one name at a time, 0.4 µs of a small gradient's 8.
        self.__dict__.update(ids=ids, rows=rows, shape=shape, pairs=pairs, padding_idx=padding_idx)

    def to_dense(self) -> np.ndarray:
        """Return the same gradient as an array (V, D), zero for ids that do not occur."""
        ids, (rows, columns) = as_ids(self.ids), self.shape
        if self.rows.shape != (ids.size, columns):
            raise ShapeError(
                f"rows must have shape {(ids.size, columns)}. Received {self.rows.shape}. "
                "Make the gradient with embedlab.core.gradient.coalesce."
            )
        if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
            raise out_of_range_error(ids, rows)
        dense = np.zeros(self.shape, self.rows.dtype)
        dense[ids] = self.rows
        return dense

    def uncoalesced(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (N,) and gradients (N, D) before duplicates were summed."""
        ids, rows = self.pairs
        if self.padding_idx is None:
            return ids, rows
        keep = ids != self.padding_idx
        return ids[keep], rows[keep]

    def __repr__(self) -> str:
        return f"SparseGrad({len(self.ids)} of {self.shape[0]} rows, {self.shape[1]} numbers each)"


def check_lookup_gradient(
    ids: Any, grad_out: Any, input_dim: Any
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return ids of any shape, their gradients as (N, D), and V; refuse arrays that do not fit.

    >>> ids, grad_out, input_dim = check_lookup_gradient([[0, 1]], np.ones((1, 2, 3)), 5)
    >>> ids.shape, grad_out.shape, input_dim
    ((1, 2), (2, 3), 5)
    """
    input_dim = check_size(input_dim, "input_dim")
    ids = as_ids(ids)
    grad_out = as_floats(grad_out, "grad_out")
    if grad_out.shape[:-1] != ids.shape or grad_out.ndim != ids.ndim + 1:
        raise ShapeError(
            f"grad_out must have shape (*ids.shape, D) = ({', '.join(map(str, ids.shape))}, D). "
            f"Received {grad_out.shape}. Pass one gradient row for each id."
        )
    if grad_out.ndim != 2:
        grad_out = grad_out.reshape(ids.size, grad_out.shape[-1])
    return ids, grad_out, input_dim


def coalesce_reference(ids: np.ndarray, grad_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: the sorted distinct ids and the sum of each one's rows."""
    unique, which = np.unique(ids, return_inverse=True)
    rows = np.zeros((len(unique), grad_out.shape[1]), grad_out.dtype)
    np.add.at(rows, which, grad_out)
    return unique, rows


@kernel
def _sum_columns(sums, column, starts, ends, positions, first, last, grad_out, rows):
    """Sum the columns from `column` on, as many as `sums` holds in registers, for some rows."""
    if ends is None:
        for k in range(first, last):
            total = sums
            here = starts[k]
            while here > 0:
                total = add_load(total, grad_out, here - 1, column)
                here = positions[here - 1]
            store(total, rows, k, column)
        return
    for k in range(first, last):
        total = sums
        for s in range(starts[k], ends[k]):
            total = add_load(total, grad_out, positions[s], column)
        store(total, rows, k, column)


@kernel
def _sum_rows(starts, ends, positions, first, last, mean, grad_out, rows):
    """Sum the gradients of some rows: as many columns at a time as registers hold."""
    d = 0
    while d + 128 <= rows.shape[1]:
        _sum_columns(zeros(rows, 128), d, starts, ends, positions, first, last, grad_out, rows)
        d += 128
    while d + 64 <= rows.shape[1]:
        _sum_columns(zeros(rows, 64), d, starts, ends, positions, first, last, grad_out, rows)
        d += 64
    while d + 16 <= rows.shape[1]:
        _sum_columns(zeros(rows, 16), d, starts, ends, positions, first, last, grad_out, rows)
        d += 16
    while d < rows.shape[1]:
        _sum_columns(zeros(rows, 1), d, starts, ends, positions, first, last, grad_out, rows)
        d += 1
    if mean:
        for k in range(first, last):
            if ends is None:
                count = 0
                here = starts[k]
                while here > 0:
                    count += 1
                    here = positions[here - 1]
            else:
                count = ends[k] - starts[k]
            rows[k, :] /= rows.dtype.type(count)


@kernel
def coalesce_kernel(starts, ends, positions, size, turn, workers, mean, grad_out, rows):
    """Sum into each of `rows` (K, D) the gradients at its positions, in rising order.

    The positions of row k are ``positions[starts[k]:ends[k]]``; or, where `ends` is None, a linked
    list: `starts[k]` is one more than the first, ``positions[n]`` one more than that after n, and 0
    is the end. Numba compiles only the branch for the type that `ends` has. A free worker takes
    the next `size` rows (Zipf's law makes some long). With `mean` each sum is divided by how many
    it has. Both float arrays are C-contiguous. Prefetching
    gradients gains nothing: the sum waits for bandwidth alone.
    """
    for _worker in prange(workers):
        block = next_block(turn)
        while block * size < len(rows):
            last = min(len(rows), (block + 1) * size)
            _sum_rows(starts, ends, positions, block * size, last, mean, grad_out, rows)
            block = next_block(turn)


coalesce_kernel_parallel = compile_parallel(coalesce_kernel)


@kernel
def _link_positions(ids, skip, heads, nexts):
    """Link the positions of each row to a list, in rising order; return how many ids are bad.

    `heads` (V,) gets one more than the first position of a row, and 0 where there is none;
    `nexts` (N,) one more than the next one. Bad and skipped ids are in no list. One pass from the
    last position to the first takes 9 µs for 8 192 ids; sorting them takes 45.
    """
    bad = 0
    for n in range(ids.size - 1, -1, -1):
        row = ids[n]  # read once: another thread may change the array
        if row < 0 or row >= heads.size:
            bad += 1
        elif row != skip:
            nexts[n] = heads[row]
            heads[row] = n + 1
    return bad


@kernel
def _list_used_rows(heads, unique, firsts):
    """List the rows that have positions, and the head of each list; return how many there are."""
    k = 0
    for row in range(heads.size):
        unique[k] = row
        firsts[k] = heads[row]
        k += heads[row] > 0  # no branch on the data: it would be mispredicted
    return k


@kernel
def _coalesce_small_kernel(ids, grad_out, skip, mean, work, unique, rows):
    """Link, list and sum in one call; return how many ids are bad, and how many distinct.

    For small batches, where three calls and more arrays cost a third more. `work` holds 2 N + 1 + V
    numbers: `nexts`, `firsts` and `heads`.
    """
    n = ids.size
    nexts, firsts, heads = work[:n], work[n : 2 * n + 1], work[2 * n + 1 :]
    heads[:] = 0
    bad = _link_positions(ids, skip, heads, nexts)
    if bad:
        return bad, 0
    k = _list_used_rows(heads, unique, firsts)
    _sum_rows(firsts, None, nexts, 0, k, mean, grad_out, rows)
    return 0, k


def coalesce(
    ids: Any,
    grad_out: Any,
    input_dim: int,
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> SparseGrad:
    """Return the sparse gradient of a lookup with respect to its table.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
    input_dim : int
        V.
    padding_idx : int, optional
        An id to leave out: it has no row in the result.
    scale_grad_by_freq : bool
        Divide each row by the count of its id: the mean instead of the sum.

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
    O(N) time and memory, whatever V is: the positions of each row are linked to a list, or sorted
    where the table has many rows (see `embedlab.core.gradient.grouping`).

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
    ids, grad_out, input_dim = check_lookup_gradient(ids, grad_out, input_dim)
    mean = check_flag(scale_grad_by_freq, "scale_grad_by_freq")
    skip = check_padding_idx(padding_idx, input_dim)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    count_kernel_call("gradient")
    flat = ids.reshape(-1)
    if sums.size < PARALLEL_FROM and input_dim <= _DENSE * flat.size:
        work = np.empty(2 * flat.size + 1 + input_dim, _kind(flat.size))
        unique = np.empty(flat.size + 1, np.int64)
        rows = np.empty(sums.shape, sums.dtype)
        bad, count = _coalesce_small_kernel(flat, sums, skip, mean, work, unique, rows)
        if bad:
            raise out_of_range_error(ids, input_dim)
        unique, rows = unique[:count], rows[:count]
    else:
        if input_dim <= _DENSE * ids.size:
            ends = None
            unique, starts, positions = _linked_positions(ids, input_dim, skip)
        else:  # many rows for few ids: sort, as nothing of size V is allocated
            unique, positions, starts = group(ids, input_dim, padding_idx=padding_idx)
            starts, ends = starts[:-1], starts[1:]
        rows = np.empty((len(unique), sums.shape[1]), sums.dtype)
        workers = num_threads() if sums.size >= PARALLEL_FROM else 1
        run = coalesce_kernel_parallel if workers > 1 else coalesce_kernel
        turn = np.zeros(1, np.int64)
        size = block_size(len(rows), workers, _ROWS)
        run(starts, ends, positions, size, turn, workers, mean, sums, rows)
    if rows.dtype is not grad_out.dtype:
        rows = rows.astype(grad_out.dtype, copy=False)
    shape = (input_dim, grad_out.shape[1])
    return SparseGrad(unique, rows, shape, (flat, grad_out), padding_idx)


def _linked_positions(
    ids: np.ndarray, input_dim: int, skip: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kind = _kind(ids.size)
    nexts = np.empty(ids.size, kind)
    heads = np.zeros(input_dim, kind)
    if _link_positions(ids.reshape(-1), skip, heads, nexts):
        raise out_of_range_error(ids, input_dim)
    unique, firsts = np.empty(ids.size + 1, np.int64), np.empty(ids.size + 1, kind)
    count = _list_used_rows(heads, unique, firsts)
    return unique[:count].copy(), firsts, nexts


def _kind(size: int) -> type[np.signedinteger]:
    return np.int32 if size < _LONG else np.int64


def add_gradients(first: Any, second: Any) -> Any:
    """Return the sum of two gradients of one variable; two sparse ones stay sparse.

    Parameters
    ----------
    first, second : ndarray, SparseGrad or None
        None is a gradient of zeros.

    Examples
    --------
    >>> one = coalesce([2], np.ones((1, 1)), 3)
    >>> add_gradients(one, coalesce([0], np.ones((1, 1)), 3)).ids.tolist()
    [0, 2]
    >>> add_gradients(None, one) is one
    True
    >>> add_gradients(one, np.ones((3, 1))).ravel().tolist()
    [1.0, 1.0, 2.0]
    """
    if first is None or second is None:
        return second if first is None else first
    shapes = [g.shape if isinstance(g, SparseGrad) else np.shape(g) for g in (first, second)]
    if shapes[0] != shapes[1]:
        raise ShapeError(
            f"two gradients of one variable must have one shape. Received {shapes[0]} and "
            f"{shapes[1]}. Pass gradients of the same variable."
        )
    if isinstance(first, SparseGrad) and isinstance(second, SparseGrad):
        ids = np.concatenate([first.ids, second.ids])
        return coalesce(ids, np.concatenate([first.rows, second.rows]), first.shape[0])
    dense = [g.to_dense() if isinstance(g, SparseGrad) else np.asarray(g) for g in (first, second)]
    return dense[0] + dense[1]
