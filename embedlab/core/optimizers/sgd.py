"""Stochastic gradient descent with momentum."""

from typing import Any

import numpy as np

from embedlab.core.checks import check_flag, check_in_range
from embedlab.core.jit import compile_parallel, kernel, prange
from embedlab.core.optimizers.update import Rows, optimizer_step, require_slot

__all__ = [
    "momentum_update",
    "sgd",
    "sgd_kernel",
    "sgd_kernel_parallel",
    "sgd_reference",
    "sgd_update",
]


def sgd_reference(
    rows: Rows, g: np.ndarray, hyper: np.ndarray, w: np.ndarray, velocity: np.ndarray
) -> None:
    """Reference implementation in NumPy: update `rows` of `w` by `g`, one gradient for each row."""
    rate, momentum, nesterov = hyper
    if momentum == 0:
        w[rows] -= g * rate
    else:
        velocity[rows] = velocity[rows] * momentum - g * rate
        w[rows] += velocity[rows] * momentum - g * rate if nesterov else velocity[rows]


@kernel
def sgd_update(w, g, rate):
    """Return one weight after a step of plain gradient descent."""
    return w - g * rate


@kernel
def momentum_update(w, velocity, g, rate, momentum, nesterov):
    """Return one weight and its velocity after a step with momentum."""
    velocity = velocity * momentum - g * rate
    ahead = velocity * momentum - g * rate
    return w + (ahead if nesterov else velocity), velocity


@kernel
def sgd_kernel(ids, order, starts, cuts, dense, grad_out, hyper, w, velocity):
    """Sum the gradient of each row and update the row at once, while it is in the L1 cache.

    Arguments as `optimizer_step` passes them; `hyper` is (rate, momentum, nesterov).
    """
    rate, momentum, nesterov = hyper[0], hyper[1], hyper[2] != 0
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
            if momentum == 0:
                for d in range(g.size):
                    w[row, d] = sgd_update(w[row, d], g[d], rate)
            else:
                for d in range(g.size):
                    w[row, d], velocity[row, d] = momentum_update(
                        w[row, d], velocity[row, d], g[d], rate, momentum, nesterov
                    )


sgd_kernel_parallel = compile_parallel(sgd_kernel)


def sgd(
    table: np.ndarray,
    grad: Any,
    velocity: np.ndarray | None = None,
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Update a table by one step of SGD, ``w -= rate * g``, optionally with momentum.

    Parameters
    ----------
    table : ndarray, (V, D), float32 or float64
        Changed in place.
    grad : SparseGrad, or (ids, grad_out), or ndarray (V, D)
        A pair is the gradient of the looked-up rows: it is summed and applied in one pass.
    velocity : ndarray, (V, D), needed with momentum
        ``velocity = momentum * velocity - rate * g; w += velocity``. Changed in place.
    learning_rate, momentum : float
        rate >= 0, and 0 <= momentum <= 1.
    nesterov : bool
        Look ahead: ``w += momentum * velocity - rate * g``.
    sparse_update : {"dense", "lazy"}
        Update every row (Keras), or only those with a gradient.
    padding_idx : int, optional
        A row whose gradient is 0.

    Returns
    -------
    ndarray
        The table. Bit-identical for any number of threads.

    Raises
    ------
    IdError, ShapeError, DtypeError, ValueError
        For ids, arrays and numbers that do not fit. Nothing is written then.

    Notes
    -----
    Source: ``keras.optimizers.SGD.update_step``; lazy updates are an addition.

    Examples
    --------
    >>> table = np.ones((3, 1))
    >>> sgd(table, ([2, 2], np.array([[1.0], [2.0]])), learning_rate=0.1).ravel().round(3).tolist()
    [1.0, 1.0, 0.7]
    """
    rate = check_in_range(learning_rate, "learning_rate", np.inf)
    momentum = check_in_range(momentum, "momentum", 1.0)
    nesterov = check_flag(nesterov, "nesterov")
    if not momentum and isinstance(sparse_update, str) and sparse_update == "dense":
        sparse_update = "lazy"  # the same, and O(N)
    return optimizer_step(
        (sgd_kernel, sgd_kernel_parallel),
        table,
        grad,
        (rate, momentum, nesterov),
        {"velocity": require_slot(velocity, "velocity", momentum > 0)},
        sparse_update=sparse_update,
        padding_idx=padding_idx,
    )
