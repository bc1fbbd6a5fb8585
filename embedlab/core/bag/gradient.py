"""Gradients of a bag with respect to its rows and to their weights."""

from typing import Any

import numpy as np

from embedlab.core.bag.parse import Bags, upcast_float16, validate_bags
from embedlab.core.checks import (
    ShapeError,
    as_array,
    as_table,
    check_choice,
    check_flag,
    check_size,
)
from embedlab.core.gradient import SparseGrad, balanced_splits, group
from embedlab.core.ids import out_of_range_error
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange

__all__ = [
    "grad_bag",
    "grad_bag_kernel",
    "grad_bag_kernel_parallel",
    "grad_bag_max",
    "grad_bag_max_kernel",
    "grad_bag_max_kernel_parallel",
    "grad_bag_max_reference",
    "grad_bag_reference",
    "grad_bag_weights",
    "grad_bag_weights_kernel",
    "grad_bag_weights_kernel_parallel",
    "grad_bag_weights_reference",
]

PARALLEL_FROM = 262_144
"""Numbers to add from which two threads win."""


def grad_bag_reference(bags: Bags, grad_out: np.ndarray, input_dim: int) -> np.ndarray:
    """Reference implementation in NumPy: the gradient of its bag times its weight, for each row."""
    keep = bags.ids != bags.skip
    back = grad_out[bags.bag_of]  # (N, D)
    if bags.weights.size:
        back = back * bags.weights[:, None]
    grad = np.zeros((input_dim, grad_out.shape[1]), grad_out.dtype)
    np.add.at(grad, bags.ids[keep], back[keep])
    return grad


@kernel
def grad_bag_kernel(order, starts, cuts, bag_of, weights, freq, grad_out, rows):
    """Sum into each of `rows` (K, D) the gradients (B, D) of the bags that its id is in.

    Worker w owns the rows from `cuts[w]` up to `cuts[w + 1]`. The gradient of a position, which
    would be (N, D), is never stored.
    """
    for worker in prange(cuts.size - 1):
        for k in range(cuts[worker], cuts[worker + 1]):
            rows[k, :] = 0
            for s in range(starts[k], starts[k + 1]):
                n = order[s]
                b = bag_of[n]
                if weights.size:
                    for d in range(rows.shape[1]):
                        rows[k, d] += grad_out[b, d] * weights[n]
                else:
                    for d in range(rows.shape[1]):
                        rows[k, d] += grad_out[b, d]
            if freq:
                rows[k, :] /= rows.dtype.type(starts[k + 1] - starts[k])


grad_bag_kernel_parallel = compile_parallel(grad_bag_kernel)


def grad_bag(
    bags: Bags,
    grad_out: Any,
    input_dim: int,
    *,
    mode: str = "mean",
    scale_grad_by_freq: bool = False,
) -> SparseGrad:
    """Return the sparse gradient of bags with respect to the table, for "sum" and "mean".

    Parameters
    ----------
    bags : Bags
        From `embedlab.core.bag.parse.parse_bags`.
    grad_out : array_like, (B, D), float16, float32 or float64
        The gradient of the loss with respect to the bags.
    input_dim : int
        V.
    mode : {"sum", "mean"}
    scale_grad_by_freq : bool
        Divide each row by the count of its id.

    Returns
    -------
    SparseGrad
        Unique sorted ids without the padding id, and their rows; bit-identical for any number of
        threads. Its pairs are these rows: one for each position would take N * D numbers.

    Raises
    ------
    IdError, ShapeError, DtypeError, ValueError
        For what does not fit.

    Examples
    --------
    >>> from embedlab.core.bag import parse_bags
    >>> bags = parse_bags(np.zeros((4, 1)), [[0, 3], [3, 3]])
    >>> grad = grad_bag(bags, np.array([[1.0], [10.0]]), 4)
    >>> grad.ids.tolist(), grad.rows.ravel().tolist()
    ([0, 3], [0.5, 10.5])
    """
    check_choice(mode, "mode", ("sum", "mean"), 'Use grad_bag_max for "max"')
    back, kind, input_dim = _check(bags, grad_out, input_dim)
    if mode == "mean":
        back = back / np.maximum(bags.counts(), 1)[:, None].astype(back.dtype)
    padding = None if bags.skip < 0 else bags.skip
    unique, order, starts = group(bags.ids, input_dim, padding_idx=padding)
    rows = np.empty((unique.size, back.shape[1]), back.dtype)
    workers = num_threads() if bags.ids.size * back.shape[1] >= PARALLEL_FROM else 1
    run = grad_bag_kernel_parallel if workers > 1 else grad_bag_kernel
    weights = bags.weights.astype(back.dtype, copy=False)
    run(
        order,
        starts,
        balanced_splits(starts, workers),
        bags.bag_of,
        weights,
        check_flag(scale_grad_by_freq, "scale_grad_by_freq"),
        back,
        rows,
    )
    rows = rows.astype(kind, copy=False)
    return SparseGrad(unique, rows, (input_dim, back.shape[1]), (unique, rows), padding)


def grad_bag_max_reference(
    bags: Bags, winners: np.ndarray, grad_out: np.ndarray, input_dim: int
) -> np.ndarray:
    """Reference implementation in NumPy: the gradient of a maximum goes to its row."""
    grad = np.zeros((input_dim, grad_out.shape[1]), grad_out.dtype)
    b, d = np.nonzero(winners >= 0)
    order = np.argsort(winners[b, d], kind="stable")  # in the order of the positions
    b, d = b[order], d[order]
    np.add.at(grad, (bags.ids[winners[b, d]], d), grad_out[b, d])
    return grad


@kernel
def grad_bag_max_kernel(order, starts, cuts, bag_of, winners, grad_out, rows):
    """Sum into each of `rows` (K, D) the gradients (B, D) where one of its positions has won."""
    for worker in prange(cuts.size - 1):
        for k in range(cuts[worker], cuts[worker + 1]):
            rows[k, :] = 0
            for s in range(starts[k], starts[k + 1]):
                n = order[s]
                b = bag_of[n]
                for d in range(rows.shape[1]):
                    old = rows[k, d]
                    rows[k, d] = old + grad_out[b, d] if winners[b, d] == n else old


grad_bag_max_kernel_parallel = compile_parallel(grad_bag_max_kernel)


def grad_bag_max(bags: Bags, winners: np.ndarray, grad_out: Any, input_dim: int) -> SparseGrad:
    """Return the sparse gradient of bags with respect to the table, for "max".

    Parameters
    ----------
    bags : Bags
    winners : ndarray of int64, (B, D)
        From `embedlab.core.bag.max.bag_max`.
    grad_out : array_like, (B, D), float16, float32 or float64
    input_dim : int
        V.

    Returns
    -------
    SparseGrad
        As `grad_bag`. A row that holds no maximum is there with zeros.

    Raises
    ------
    IdError, ShapeError, DtypeError
        For what does not fit.

    Notes
    -----
    Of equals the first takes the whole gradient, column by column, as in PyTorch.

    Examples
    --------
    >>> from embedlab.core.bag import bag_max, parse_bags
    >>> table = np.array([[1.0, 9.0], [5.0, 2.0]])
    >>> bags = parse_bags(table, [[0, 1]], mode="max")
    >>> _, winners = bag_max(table, bags)
    >>> grad_bag_max(bags, winners, np.array([[3.0, 4.0]]), 2).to_dense().tolist()
    [[0.0, 4.0], [3.0, 0.0]]
    """
    back, kind, input_dim = _check(bags, grad_out, input_dim)
    winners = as_array(winners, "winners")
    if winners.shape != back.shape or winners.dtype != np.int64:
        raise ShapeError(
            f"winners must be int64 with shape {back.shape}. Received {winners.dtype} with shape "
            f"{winners.shape}. Take them from bag_max."
        )
    padding = None if bags.skip < 0 else bags.skip
    unique, order, starts = group(bags.ids, input_dim, padding_idx=padding)
    rows = np.empty((unique.size, back.shape[1]), back.dtype)
    workers = num_threads() if bags.ids.size * back.shape[1] >= PARALLEL_FROM else 1
    run = grad_bag_max_kernel_parallel if workers > 1 else grad_bag_max_kernel
    run(order, starts, balanced_splits(starts, workers), bags.bag_of, winners, back, rows)
    rows = rows.astype(kind, copy=False)
    return SparseGrad(unique, rows, (input_dim, back.shape[1]), (unique, rows), padding)


def grad_bag_weights_reference(table: np.ndarray, bags: Bags, grad_out: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: the dot product of each row and its bag's gradient."""
    grad = (table[bags.ids] * grad_out[bags.bag_of]).sum(axis=1)
    grad[bags.ids == bags.skip] = 0
    return grad


@kernel(reductions=True)
def grad_bag_weights_kernel(table, ids, skip, bag_of, grad_out, grad):
    """Write into `grad` (N,) the dot products of rows and gradients; return how many are bad."""
    bad = 0
    for n in prange(ids.size):
        row, b = ids[n], bag_of[n]
        total = table.dtype.type(0)
        if row < 0 or row >= table.shape[0]:
            bad += 1
        elif row != skip:
            for d in range(table.shape[1]):
                total += table[row, d] * grad_out[b, d]
        grad[n] = total
    return bad


grad_bag_weights_kernel_parallel = compile_parallel(grad_bag_weights_kernel, reductions=True)


def grad_bag_weights(table: Any, bags: Bags, grad_out: Any, *, mode: str = "mean") -> np.ndarray:
    """Return the gradient of bags with respect to their weights.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
    bags : Bags
    grad_out : array_like, (B, D), the dtype of `table`
    mode : {"sum", "mean"}

    Returns
    -------
    ndarray, (N,), the dtype of `table`
        In the order of the flat ids; zero for the padding id.

    Raises
    ------
    IdError, ShapeError, DtypeError, ValueError
        For what does not fit.

    Examples
    --------
    >>> from embedlab.core.bag import parse_bags
    >>> table = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> bags = parse_bags(table, [[0, 1]], mode="sum", weights=[[1.0, 1.0]])
    >>> grad_bag_weights(table, bags, np.array([[10.0, 1.0]]), mode="sum").tolist()
    [12.0, 34.0]
    """
    check_choice(mode, "mode", ("sum", "mean"), '"max" has no weights')
    table = as_table(table)
    back, kind, input_dim = _check(bags, grad_out, len(table))
    if kind != table.dtype or back.shape[1] != table.shape[1]:
        raise ShapeError(
            f"grad_out must be (B, D) = (B, {table.shape[1]}) in {table.dtype}. Received "
            f"{back.shape} in {kind}. Pass the gradient of these bags."
        )
    if mode == "mean":
        back = back / np.maximum(bags.counts(), 1)[:, None].astype(back.dtype)
    single, local = upcast_float16(table, bags)
    grad = np.empty(bags.ids.size, back.dtype)
    wide = bags.ids.size * back.shape[1] >= PARALLEL_FROM and num_threads() > 1
    run = grad_bag_weights_kernel_parallel if wide else grad_bag_weights_kernel
    if run(single, local.ids, local.skip, bags.bag_of, back, grad):
        raise out_of_range_error(bags.ids, input_dim)
    return grad.astype(kind, copy=False)


def _check(bags: Bags, grad_out: Any, input_dim: Any) -> tuple[np.ndarray, np.dtype, int]:
    """Return the gradient of the bags in the precision to sum in, its own dtype, and V."""
    input_dim = check_size(input_dim, "input_dim")
    validate_bags(bags)
    grad_out = np.asarray(as_table(grad_out, "grad_out"), order="C")
    if grad_out.shape[0] != bags.starts.size - 1:
        raise ShapeError(
            f"grad_out must have one row for each bag, {bags.starts.size - 1}. Received shape "
            f"{grad_out.shape}. Pass the gradient of these bags."
        )
    single = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    return single, grad_out.dtype, input_dim
