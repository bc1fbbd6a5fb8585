"""Grouping of equal ids in the order of their positions: by counting rows, or a radix sort."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import check_size
from embedlab.core.ids import as_ids, check_padding_idx, out_of_range_error
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange

__all__ = [
    "Groups",
    "balanced_splits",
    "bucket_by_row_block",
    "fits_in_64_bits",
    "group",
    "group_kernel",
    "group_kernel_parallel",
    "group_reference",
]

PARALLEL_FROM = 131_072
"""Ids from which two threads win although each pass of the sort wakes them twice."""

_COUNTING_UP_TO = 4
"""Rows for each id up to which counting all rows wins: 0.35 ms, not 0.58, for 65 536 ids."""

_POSITION_BITS = 32
"""An id and its position share a number of 64 bits: the position has the lower half of it."""


class Groups(NamedTuple):
    """Positions sorted by id.

    Attributes
    ----------
    ids : ndarray of int64, (K,)
        Sorted, each once.
    order : ndarray of int64, (M,)
        Positions; those of `ids[k]` are `order[starts[k]:starts[k + 1]]`, in rising order.
    starts : ndarray of int64, (K + 1,)
    """

    ids: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """The count of each id, (K,)."""
        return np.diff(self.starts)


def group_reference(ids: np.ndarray, skip: int = -1) -> Groups:
    """Reference implementation in NumPy: a stable sort, then the positions where the id changes."""
    order = np.argsort(ids, kind="stable")
    order = order[ids[order] != skip]
    unique, starts = np.unique(ids[order], return_index=True)
    return Groups(unique, order, np.append(starts, order.size))


@kernel
def _pack_kernel(ids, input_dim, skip, packed):
    """Write id and position of each of `ids` (N,) into one 64-bit number; return how many are bad.

    Each id is read once, so that another thread changing it cannot mislead the sort. The id
    `skip` becomes `input_dim`: it sorts to the end, where it is cut off.
    """
    bad = 0
    for n in prange(ids.size):
        row = ids[n]
        if row < 0 or row >= input_dim:
            bad += 1
        if row == skip:
            row = input_dim
        packed[n] = (row << 32) | n
    return bad


_pack_kernel_parallel = compile_parallel(_pack_kernel)


@kernel
def group_kernel(source, shift, counts, target):
    """Sort `source` (N,) into `target` (N,) by the digit at `shift`: one stable radix pass.

    Worker w counts and moves its own slice; `counts` (W, 2**bits) holds where its next number of
    a digit goes, so the result is the same for any number of workers.
    """
    workers, digits = counts.shape
    size = source.size
    for w in prange(workers):
        counts[w, :] = 0
        for n in range(size * w // workers, size * (w + 1) // workers):
            counts[w, (source[n] >> shift) & (digits - 1)] += 1
    total = 0
    for digit in range(digits):
        for w in range(workers):
            here = counts[w, digit]
            counts[w, digit] = total
            total += here
    for w in prange(workers):
        for n in range(size * w // workers, size * (w + 1) // workers):
            digit = (source[n] >> shift) & (digits - 1)
            target[counts[w, digit]] = source[n]
            counts[w, digit] += 1


group_kernel_parallel = compile_parallel(group_kernel)


@kernel
def _split_kernel(packed, input_dim, ids, starts, order):
    """Unpack the sorted numbers; return how many ids are distinct and how many positions remain."""
    k = -1
    size = 0
    last = input_dim
    starts[0] = 0
    for n in range(packed.size):
        row = packed[n] >> 32
        if row == input_dim:
            break
        k += row != last  # no branch on the data: random ids would be mispredicted
        last = row
        ids[k] = row
        starts[k + 1] = n + 1
        order[n] = packed[n] & 0xFFFFFFFF
        size = n + 1
    return k + 1, size


@kernel
def _count_kernel(ids, input_dim, skip, rows, counts, unique, starts, order):
    """Group `ids` (N,) by counting all rows; return how many are bad, distinct, and not skipped.

    `rows` (N,) holds the ids as read once: another thread may change the array. `counts` (V + 1,)
    holds the count of each row, then where its next position goes; bad and skipped ids go to the
    end.
    """
    bad = 0
    counts[:] = 0
    for n in range(ids.size):
        row = ids[n]
        if row < 0 or row >= input_dim:
            bad += 1
            row = input_dim
        if row == skip:
            row = input_dim
        rows[n] = row
        counts[row] += 1
    k = size = 0
    for row in range(input_dim):
        here = counts[row]
        counts[row] = starts[k] = size
        unique[k] = row
        size += here
        k += here > 0  # no branch on the data: it would be mispredicted
    counts[input_dim] = starts[k] = size
    for n in range(ids.size):
        row = rows[n]
        order[counts[row]] = n
        counts[row] += 1
    return bad, k, size


def balanced_splits(starts: np.ndarray, workers: int, cost: int = 1) -> np.ndarray:
    """Split groups so that each worker sums about as many rows: by Zipf's law some are long.

    Parameters
    ----------
    starts : ndarray, (K + 1,)
        As in `Groups`.
    workers : int
    cost : int
        Cost of one group besides its members, counted in members.

    Returns
    -------
    ndarray of int64, (workers + 1,)
        Worker w owns the groups `splits[w]` to `splits[w + 1] - 1`.

    Examples
    --------
    >>> balanced_splits(np.array([0, 100, 101, 102, 103]), 2).tolist()
    [0, 1, 4]
    """
    if workers == 1:
        return np.array([0, starts.size - 1])
    load = starts + cost * np.arange(starts.size)
    splits = np.searchsorted(load, load[-1] * np.arange(workers + 1) / workers)
    splits[-1] = starts.size - 1
    return splits.astype(np.int64)


def fits_in_64_bits(ids: np.ndarray, input_dim: int) -> bool:
    """Return whether an id and its position fit into one number of 64 bits.

    >>> fits_in_64_bits(np.zeros(3, np.int64), 5), fits_in_64_bits(np.zeros(3, np.int64), 2**31)
    (True, False)
    """
    return ids.size < 1 << _POSITION_BITS and input_dim < 1 << (63 - _POSITION_BITS)


def bucket_by_row_block(
    ids: np.ndarray, input_dim: int, skip: int, bits: int, workers: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Group positions by blocks of rows: one pass of the radix sort.

    Parameters
    ----------
    ids : ndarray of int64, (N,)
    input_dim : int
        V.
    skip : int
        The id that becomes row V, which the reader leaves out; -1 for none. Where V is not a
        multiple of 2**bits the last block holds it too.
    bits : int
        A block has 2**bits rows.
    workers : int

    Returns
    -------
    packed : ndarray of int64, (N,)
        Each number is the row above 32 bits of position; the positions of a block rise.
    ends : ndarray of int64, (B,)
        Where each block ends in `packed`.
    bad : int
        How many ids are outside 0..V-1.

    Examples
    --------
    >>> packed, ends, bad = bucket_by_row_block(np.array([5, 0, 4]), 6, -1, 2, 1)
    >>> (packed >> 32).tolist(), ends.tolist(), bad
    ([0, 5, 4], [1, 3], 0)
    """
    packed = np.empty(ids.size, np.int64)
    bad = (_pack_kernel_parallel if workers > 1 else _pack_kernel)(ids, input_dim, skip, packed)
    blocks = ((input_dim - 1) >> bits) + 1
    if bad:
        return packed, np.zeros(blocks, np.int64), bad
    counts = np.empty((workers, 1 << (input_dim >> bits).bit_length()), np.int64)
    target = np.empty_like(packed)
    (group_kernel_parallel if workers > 1 else group_kernel)(
        packed, _POSITION_BITS + bits, counts, target
    )
    return target, counts[-1, :blocks], 0  # the last worker's next place for a digit is its end


def group(ids: Any, input_dim: int, *, padding_idx: int | None = None) -> Groups:
    """Group the positions of equal ids.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
        Positions count through the flattened array.
    input_dim : int
        V.
    padding_idx : int, optional
        An id to leave out.

    Returns
    -------
    Groups
        ``ids (K,)`` sorted, ``order (M,)`` and ``starts (K + 1,)``: stable, and therefore
        identical for any number of threads.

    Raises
    ------
    IdError
        For ids outside 0..V-1.

    Notes
    -----
    O(N) time and memory, whatever V is: a radix sort from the lowest digit up, or a count of all
    rows where there are few. For 65 536 ids below 30 000 about 8 times faster than
    ``numpy.argsort(kind="stable")``.

    Examples
    --------
    >>> groups = group([3, 1, 3], 5)
    >>> groups.ids.tolist(), groups.order.tolist(), groups.starts.tolist()
    ([1, 3], [1, 0, 2], [0, 1, 3])
    """
    input_dim = check_size(input_dim, "input_dim")
    shaped_ids = as_ids(ids)
    ids = shaped_ids.reshape(-1)
    skip = check_padding_idx(padding_idx, input_dim)
    if not fits_in_64_bits(ids, input_dim):
        ids = ids.copy()  # another thread may change them between the check and the sort
        if not 0 <= int(ids.min(initial=0)) <= int(ids.max(initial=0)) < input_dim:
            raise out_of_range_error(ids.reshape(shaped_ids.shape), input_dim)
        return group_reference(ids, skip)
    if input_dim <= _COUNTING_UP_TO * ids.size < _COUNTING_UP_TO * PARALLEL_FROM:
        return _group_by_counting(shaped_ids, ids, input_dim, skip)
    workers = num_threads() if ids.size >= PARALLEL_FROM else 1
    packed = np.empty(ids.size, np.int64)
    if (_pack_kernel_parallel if workers > 1 else _pack_kernel)(ids, input_dim, skip, packed):
        raise out_of_range_error(shaped_ids, input_dim)
    packed = _sort(packed, input_dim, workers)
    unique, starts, order = (np.empty(ids.size + 1, np.int64) for _ in range(3))
    count, size = _split_kernel(packed, input_dim, unique, starts, order)
    return Groups(unique[:count].copy(), order[:size], starts[: count + 1])


def _group_by_counting(
    shaped_ids: np.ndarray, ids: np.ndarray, input_dim: int, skip: int
) -> Groups:
    n = ids.size
    work = np.empty(2 * n + input_dim + 2, np.int64)
    rows, counts, unique = work[:n], work[n : n + input_dim + 1], work[n + input_dim + 1 :]
    order, starts = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    bad, count, size = _count_kernel(ids, input_dim, skip, rows, counts, unique, starts, order)
    if bad:
        raise out_of_range_error(shaped_ids, input_dim)
    return Groups(unique[:count].copy(), order[:size], starts[: count + 1])


def _sort(packed: np.ndarray, input_dim: int, workers: int) -> np.ndarray:
    bits = input_dim.bit_length()
    passes = -(-bits // 11)  # 2 048 counters are 16 kB: half of the L1 cache
    digit_bits = -(-bits // passes)
    counts = np.empty((workers, 1 << digit_bits), np.int64)
    other = np.empty_like(packed)
    for step in range(passes):
        run = group_kernel_parallel if workers > 1 else group_kernel
        run(packed, _POSITION_BITS + step * digit_bits, counts, other)
        packed, other = other, packed
    return packed
