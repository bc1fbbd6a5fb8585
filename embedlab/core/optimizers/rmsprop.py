"""RMSprop: steps divided by the root of a running mean of squared gradients."""

from typing import Any

import numpy as np

from embedlab.core.checks import check_flag, check_in_range
from embedlab.core.jit import compile_parallel, kernel, prange
from embedlab.core.optimizers.update import Rows, optimizer_step, require_slot

__all__ = [
    "rmsprop",
    "rmsprop_kernel",
    "rmsprop_kernel_parallel",
    "rmsprop_reference",
    "rmsprop_update",
]


def rmsprop_reference(
    rows: Rows,
    g: np.ndarray,
    hyper: np.ndarray,
    w: np.ndarray,
    velocity: np.ndarray,
    momenta: np.ndarray,
    average: np.ndarray,
) -> None:
    """Reference implementation in NumPy: update `rows` of `w` by `g`, one gradient for each row."""
    rate, rho, rest, epsilon, momentum, centered = hyper
    velocity[rows] = rho * velocity[rows] + rest * (g * g)
    below = velocity[rows] + epsilon
    if centered:
        average[rows] = rho * average[rows] + rest * g
        below = velocity[rows] - average[rows] * average[rows] + epsilon
    move = rate * g / np.sqrt(below)
    if momentum > 0:
        momenta[rows] = momentum * momenta[rows] + move
        move = momenta[rows]
    w[rows] -= move


@kernel
def rmsprop_update(velocity, average, g, rate, rho, rest, epsilon, centered):
    """Return the step of one weight, to be subtracted, and its running means after it.

    Of the square of the gradient (`velocity`) and, where `centered`, of the gradient (`average`).
    """
    velocity = rho * velocity + rest * (g * g)
    below = velocity + epsilon
    if centered:
        average = rho * average + rest * g
        below = velocity - average * average + epsilon
    return rate * g / np.sqrt(below), velocity, average


@kernel
def rmsprop_kernel(ids, order, starts, cuts, dense, grad_out, hyper, w, velocity, momenta, average):
    """Sum the gradient of each row and update the row at once, while it is in the L1 cache.

    Arguments as `optimizer_step` passes them; `hyper` is (rate, rho, 1 - rho, epsilon, momentum,
    centered).
    """
    rate, rho, rest, epsilon, momentum = hyper[0], hyper[1], hyper[2], hyper[3], hyper[4]
    centered = hyper[5] != 0
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
            if centered:
                for d in range(g.size):
                    g[d], velocity[row, d], average[row, d] = rmsprop_update(
                        velocity[row, d], average[row, d], g[d], rate, rho, rest, epsilon, True
                    )
            else:
                for d in range(g.size):
                    g[d], velocity[row, d], _ = rmsprop_update(
                        velocity[row, d], g[d], g[d], rate, rho, rest, epsilon, False
                    )
            if momentum > 0:
                for d in range(g.size):
                    momenta[row, d] = momentum * momenta[row, d] + g[d]
                    g[d] = momenta[row, d]
            for d in range(g.size):
                w[row, d] -= g[d]


rmsprop_kernel_parallel = compile_parallel(rmsprop_kernel)


def rmsprop(
    table: np.ndarray,
    grad: Any,
    velocity: np.ndarray,
    momenta: np.ndarray | None = None,
    average: np.ndarray | None = None,
    *,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Update a table by one step of RMSprop.

    Parameters
    ----------
    table, grad, sparse_update, padding_idx
        As `sgd`.
    velocity : ndarray, (V, D)
        ``velocity = rho * velocity + (1 - rho) * g²``. Starts at 0, changed in place.
    momenta : ndarray, (V, D), needed with momentum
    average : ndarray, (V, D), needed when centered
        ``average = rho * average + (1 - rho) * g``; its square is taken off `velocity`.
    learning_rate, rho, momentum, epsilon : float

    Returns
    -------
    ndarray
        The table: ``w -= rate * g / sqrt(velocity + epsilon)``.

    Notes
    -----
    Source: ``keras.optimizers.RMSprop.update_step``. In a dense step the velocity of rows that
    were not looked up decays too, and so their next step is larger.

    Examples
    --------
    >>> table, velocity = np.zeros((2, 1)), np.zeros((2, 1))
    >>> rmsprop(table, ([1], np.array([[5.0]])), velocity).ravel().round(5).tolist()
    [0.0, -0.00316]
    """
    momentum = check_in_range(momentum, "momentum", 1.0)
    centered = check_flag(centered, "centered")
    rho = check_in_range(rho, "rho", 1.0)
    hyper = (
        check_in_range(learning_rate, "learning_rate", np.inf),
        rho,
        1 - rho,
        check_in_range(epsilon, "epsilon", np.inf),
        momentum,
        centered,
    )
    state = {
        "velocity": require_slot(velocity, "velocity", True),
        "momenta": require_slot(momenta, "momenta", momentum > 0),
        "average": require_slot(average, "average", centered),
    }
    kernels = (rmsprop_kernel, rmsprop_kernel_parallel)
    return optimizer_step(
        kernels, table, grad, hyper, state, sparse_update=sparse_update, padding_idx=padding_idx
    )
