"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from typing import Any

import numpy as np

from embedlab.core.checks import check_in_range
from embedlab.core.jit import compile_parallel, kernel, prange
from embedlab.core.optimizers.update import Rows, optimizer_step, require_slot

__all__ = [
    "adagrad",
    "adagrad_kernel",
    "adagrad_kernel_parallel",
    "adagrad_reference",
    "adagrad_update",
]


def adagrad_reference(
    rows: Rows, g: np.ndarray, hyper: np.ndarray, w: np.ndarray, accumulator: np.ndarray
) -> None:
    """Reference implementation in NumPy: update `rows` of `w` by `g`, one gradient for each row."""
    rate, epsilon = hyper
    accumulator[rows] += g * g
    w[rows] -= rate * g / np.sqrt(accumulator[rows] + epsilon)


@kernel
def adagrad_update(w, accumulator, g, rate, epsilon):
    """Return one weight and its accumulator after a step."""
    accumulator += g * g
    return w - rate * g / np.sqrt(accumulator + epsilon), accumulator


@kernel
def adagrad_kernel(ids, order, starts, cuts, dense, grad_out, hyper, w, accumulator):
    """Sum the gradient of each row and update the row at once, while it is in the L1 cache.

    Arguments as `optimizer_step` passes them; `hyper` is (rate, epsilon).
    """
    rate, epsilon = hyper[0], hyper[1]
    for worker in prange(cuts.size - 1):
        first = cuts[worker]
        k = np.searchsorted(ids, first) if dense else first
        g = np.empty(w.shape[1], w.dtype)
        for i in range(first, cuts[worker + 1]):
            row = i if dense else ids[i]
            g[:] = 0
            if k < ids.size and ids[k] == row:
                for s in range(starts[k], starts[k + 1]):
                    n = order[s]
                    for d in range(g.size):
                        g[d] += grad_out[n, d]
                k += 1
            for d in range(g.size):
                w[row, d], accumulator[row, d] = adagrad_update(
                    w[row, d], accumulator[row, d], g[d], rate, epsilon
                )


adagrad_kernel_parallel = compile_parallel(adagrad_kernel)


def adagrad(
    table: np.ndarray,
    grad: Any,
    accumulator: np.ndarray,
    *,
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Update a table by one step of Adagrad.

    Parameters
    ----------
    table, grad, sparse_update, padding_idx
        As `sgd`. Both kinds of update give the same here: without a gradient nothing changes.
    accumulator : ndarray, (V, D)
        ``accumulator += g²``. Keras starts it at 0.1. Changed in place.
    learning_rate, epsilon : float

    Returns
    -------
    ndarray
        The table: ``w -= rate * g / sqrt(accumulator + epsilon)``.

    Notes
    -----
    Source: ``keras.optimizers.Adagrad.update_step``.

    Examples
    --------
    >>> table, accumulator = np.zeros((2, 1)), np.full((2, 1), 0.75)
    >>> step = dict(learning_rate=1.0, epsilon=0.0)
    >>> adagrad(table, ([1], np.array([[0.5]])), accumulator, **step).ravel().tolist()
    [0.0, -0.5]
    """
    hyper = (
        check_in_range(learning_rate, "learning_rate", np.inf),
        check_in_range(epsilon, "epsilon", np.inf),
    )
    state = {"accumulator": require_slot(accumulator, "accumulator", True)}
    if isinstance(sparse_update, str) and sparse_update == "dense":
        sparse_update = "lazy"  # the same, and O(N)
    return optimizer_step(
        (adagrad_kernel, adagrad_kernel_parallel),
        table,
        grad,
        hyper,
        state,
        sparse_update=sparse_update,
        padding_idx=padding_idx,
    )
