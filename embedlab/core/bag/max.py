"""The maximum of each bag and column, and its position."""

from typing import Any

import numpy as np

from embedlab.core.bag.parse import Bags, upcast_float16, validate_bags
from embedlab.core.checks import as_table
from embedlab.core.gradient import balanced_splits
from embedlab.core.ids import out_of_range_error
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange

__all__ = ["bag_max", "bag_max_kernel", "bag_max_kernel_parallel", "bag_max_reference"]

PARALLEL_FROM = 131_072
"""Numbers to compare from which two threads win."""


def bag_max_reference(table: np.ndarray, bags: Bags) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: the maximum of each bag and column, and where."""
    out = np.zeros((bags.starts.size - 1, table.shape[1]), table.dtype)
    winners = np.full(out.shape, -1)
    for b in range(len(out)):
        at = np.arange(bags.starts[b], bags.starts[b + 1])
        at = at[bags.ids[at] != bags.skip]
        if at.size:
            winners[b] = at[table[bags.ids[at]].argmax(axis=0)]  # (D,)
            out[b] = table[bags.ids[winners[b]], np.arange(table.shape[1])]
    return out, winners


@kernel
def bag_max_kernel(table, ids, starts, skip, cuts, out, winners):
    """Write the maximum of each bag into `out` (B, D), and its positions into `winners`.

    Returns how many ids are bad. The first of equals wins; a NaN wins over every number.
    """
    bad = 0
    for worker in prange(cuts.size - 1):
        for b in range(cuts[worker], cuts[worker + 1]):
            out[b, :] = 0
            winners[b, :] = -1
            empty = True
            for s in range(starts[b], starts[b + 1]):
                row = ids[s]  # read once: another thread may change the array
                if row < 0 or row >= table.shape[0]:
                    bad += 1
                elif row != skip:
                    for d in range(table.shape[1]):
                        new, old = table[row, d], out[b, d]
                        wins = empty | (new > old) | ((new != new) & (old == old))
                        out[b, d] = new if wins else old
                        winners[b, d] = s if wins else winners[b, d]
                    empty = False
    return bad


bag_max_kernel_parallel = compile_parallel(bag_max_kernel)


def bag_max(table: Any, bags: Bags) -> tuple[np.ndarray, np.ndarray]:
    """Return the maximum of each bag and column, and its position.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
    bags : Bags
        From `parse_bags`.

    Returns
    -------
    out : ndarray, (B, D), the dtype of `table`
    winners : ndarray of int64, (B, D)
        The position in the flat ids of the first largest; -1 for an empty bag. The gradient goes
        there and nowhere else.

    Raises
    ------
    IdError
        For ids outside 0..V-1.

    Examples
    --------
    >>> from embedlab.core.bag import parse_bags
    >>> table = np.array([[1.0, 9.0], [5.0, 2.0]])
    >>> out, winners = bag_max(table, parse_bags(table, [[0, 1], [1, 1]], mode="max"))
    >>> out.tolist(), winners.tolist()
    ([[5.0, 9.0], [5.0, 2.0]], [[1, 0], [2, 2]])
    """
    table = as_table(table)
    kind = table.dtype
    single, bags = upcast_float16(table, validate_bags(bags))
    out = np.empty((bags.starts.size - 1, table.shape[1]), single.dtype)
    winners = np.empty(out.shape, np.int64)
    workers = num_threads() if bags.ids.size * table.shape[1] >= PARALLEL_FROM else 1
    run = bag_max_kernel_parallel if workers > 1 else bag_max_kernel
    cuts = balanced_splits(bags.starts, workers)
    if run(single, bags.ids, bags.starts, bags.skip, cuts, out, winners):
        raise out_of_range_error(bags.ids, len(single))
    return out.astype(kind, copy=False), winners
