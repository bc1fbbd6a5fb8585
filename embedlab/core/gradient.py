"""Gradient of a lookup: a scatter-add. Every row gets the sum of what its uses send back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.ids import as_ids, id_error
from embedlab.core.jit import loop, parallel, prange, threads
from embedlab.core.table import DtypeError, ShapeError, check_size

__all__ = ["SparseGrad", "coalesce", "coalesce_loop", "coalesce_numpy", "grad_table",
           "grad_table_loop", "grad_table_loop_parallel", "grad_table_numpy"]  # fmt: skip

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""


def grad_table_numpy(ids: np.ndarray, grad_out: np.ndarray, input_dim: int) -> np.ndarray:
    """Say it in NumPy: add, never assign, because an id may come twice."""
    grad = np.zeros((input_dim, grad_out.shape[1]), grad_out.dtype)
    np.add.at(grad, ids, grad_out)
    return grad


@loop
def grad_table_loop(ids, grad_out, workers, grad):
    """Add `grad_out` (N, D) into `grad` (V, D) at the rows `ids` (N,); return how many are bad.

    Each worker owns a band of rows and walks all ids in order, so no two threads ever write the
    same row and every sum has the same order for any number of workers.
    """
    rows = grad.shape[0]
    bad = 0
    for worker in prange(workers):
        first = rows * worker // workers
        last = rows * (worker + 1) // workers
        for n in range(ids.size):
            row = ids[n]
            if first <= row < last:
                for d in range(grad.shape[1]):
                    grad[row, d] += grad_out[n, d]
            elif row < 0 or row >= rows:
                bad += 1
    return bad


grad_table_loop_parallel = parallel(grad_table_loop)


def grad_table(ids: Any, grad_out: Any, input_dim: int) -> np.ndarray:
    """Give the dense gradient of a lookup with respect to its table.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
        The gradient of the loss with respect to the looked-up rows.
    input_dim : int
        V.

    Returns
    -------
    ndarray, (V, D), the dtype of `grad_out`
        ``grad[i] = sum of grad_out[n] over n with ids[n] == i``; zero where an id never came.
        Summed in the order of the positions: bit-identical for any number of threads.

    Raises
    ------
    IdError
        For ids outside 0..V-1.
    ShapeError
        Unless ``grad_out.shape == (*ids.shape, D)``.

    Notes
    -----
    float16 is summed in float32 and rounded once.

    Examples
    --------
    >>> grad_table([1, 1, 2], np.array([[0.25], [0.5], [4.0]]), 4).ravel().tolist()
    [0.0, 0.75, 4.0, 0.0]
    """
    ids, grad_out, input_dim = _check(ids, grad_out, input_dim)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    grad = np.zeros((input_dim, grad_out.shape[1]), sums.dtype)
    workers = threads() if sums.size >= PARALLEL_FROM else 1
    run = grad_table_loop_parallel if workers > 1 else grad_table_loop
    if run(ids, sums, workers, grad):
        raise id_error(ids, input_dim)
    return grad.astype(grad_out.dtype, copy=False)


@dataclass(frozen=True, repr=False)
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
        What was summed, in the order of the positions.
    """

    ids: np.ndarray
    rows: np.ndarray
    shape: tuple[int, int]
    pairs: tuple[np.ndarray, np.ndarray]

    def to_dense(self) -> np.ndarray:
        """Give the same gradient as an array (V, D), zero where no id came."""
        dense = np.zeros(self.shape, self.rows.dtype)
        dense[self.ids] = self.rows
        return dense

    def uncoalesced(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the ids (N,) and gradients (N, D) as they came, before duplicates were summed."""
        return self.pairs

    def __repr__(self) -> str:
        return f"SparseGrad({len(self.ids)} of {self.shape[0]} rows, {self.shape[1]} numbers each)"


def coalesce_numpy(ids: np.ndarray, grad_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say it in NumPy: the sorted distinct ids, and for each the sum of its gradients."""
    unique, group = np.unique(ids, return_inverse=True)
    rows = np.zeros((len(unique), grad_out.shape[1]), grad_out.dtype)
    np.add.at(rows, group, grad_out)
    return unique, rows


@loop
def coalesce_loop(order, starts, grad_out, rows):
    """Sum into each of `rows` (K, D) the gradients at `order[starts[k]:starts[k + 1]]`.

    One worker owns one row, and adds in the order of the positions.
    """
    for k in prange(rows.shape[0]):
        for s in range(starts[k], starts[k + 1]):
            n = order[s]
            for d in range(rows.shape[1]):
                rows[k, d] += grad_out[n, d]


coalesce_loop_parallel = parallel(coalesce_loop)


def coalesce(ids: Any, grad_out: Any, input_dim: int) -> SparseGrad:
    """Give the sparse gradient of a lookup with respect to its table.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
    input_dim : int
        V.

    Returns
    -------
    SparseGrad
        Unique sorted ids and their summed rows; bit-identical for any number of threads, and
        to the dense gradient.

    Raises
    ------
    IdError, ShapeError
        As `grad_table`.

    Examples
    --------
    >>> sparse = coalesce([3, 1, 3], np.array([[1.0], [2.0], [4.0]]), 5)
    >>> sparse.ids.tolist(), sparse.rows.ravel().tolist()
    ([1, 3], [2.0, 5.0])
    >>> sparse
    SparseGrad(2 of 5 rows, 1 numbers each)
    """
    ids, grad_out, input_dim = _check(ids, grad_out, input_dim)
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < input_dim:
        raise id_error(ids, input_dim)
    order = np.argsort(ids, kind="stable")
    sorted_ids = ids[order]
    first = np.flatnonzero(np.diff(sorted_ids, prepend=-1))
    starts = np.append(first, ids.size)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    rows = np.zeros((len(first), grad_out.shape[1]), sums.dtype)
    wide = sums.size >= PARALLEL_FROM and threads() > 1
    (coalesce_loop_parallel if wide else coalesce_loop)(order, starts, sums, rows)
    rows = rows.astype(grad_out.dtype, copy=False)
    return SparseGrad(sorted_ids[first], rows, (input_dim, grad_out.shape[1]), (ids, grad_out))


def _check(ids: Any, grad_out: Any, input_dim: Any) -> tuple[np.ndarray, np.ndarray, int]:
    input_dim = check_size(input_dim, "input_dim")
    ids = as_ids(ids)
    grad_out = np.asarray(grad_out, order="C")
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
    return ids.reshape(-1), grad_out.reshape(ids.size, grad_out.shape[-1]), input_dim
