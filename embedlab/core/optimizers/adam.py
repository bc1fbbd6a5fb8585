"""Adam: a running mean of gradients divided by the root of a running mean of their squares."""

from typing import Any

import numpy as np

from embedlab.core.checks import check_flag, check_in_range, check_size
from embedlab.core.jit import compile_parallel, kernel, prange
from embedlab.core.optimizers.update import BELOW_1, Rows, optimizer_step, require_slot

__all__ = [
    "adam",
    "adam_kernel",
    "adam_kernel_parallel",
    "adam_moments",
    "adam_reference",
    "adam_step",
    "adam_update",
]


def adam_reference(
    rows: Rows,
    g: np.ndarray,
    hyper: np.ndarray,
    w: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    v_max: np.ndarray,
) -> None:
    """Reference implementation in NumPy: update `rows` of `w` by `g`, one gradient for each row."""
    rate, rest_1, rest_2, epsilon, amsgrad = hyper  # the rate is corrected for the time
    m[rows] += (g - m[rows]) * rest_1
    v[rows] += (g * g - v[rows]) * rest_2
    second = v[rows]
    if amsgrad:
        v_max[rows] = second = np.maximum(v_max[rows], second)
    w[rows] -= m[rows] * rate / (np.sqrt(second) + epsilon)


@kernel
def adam_moments(m, v, g, rest_1, rest_2):
    """Return the running means of one gradient and of its square; the rests are 1 - beta."""
    return m + (g - m) * rest_1, v + (g * g - v) * rest_2


@kernel
def adam_step(m, v, rate, epsilon):
    """Return the step of one weight, to be subtracted; `rate` is corrected for the time."""
    return m * rate / (np.sqrt(v) + epsilon)


@kernel
def adam_update(w, m, v, g, rate, rest_1, rest_2, epsilon):
    """Return one weight and its two running means after a step."""
    m, v = adam_moments(m, v, g, rest_1, rest_2)
    return w - adam_step(m, v, rate, epsilon), m, v


@kernel
def adam_kernel(ids, order, starts, cuts, dense, grad_out, hyper, w, m, v, v_max):
    """Sum the gradient of each row and update the row at once, while it is in the L1 cache.

    Arguments as `optimizer_step` passes them; `hyper` is (rate, 1 - beta_1, 1 - beta_2, epsilon,
    amsgrad), the rate corrected for the time.
    """
    rate, rest_1, rest_2, epsilon = hyper[0], hyper[1], hyper[2], hyper[3]
    amsgrad = hyper[4] != 0
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
            if not amsgrad:
                for d in range(g.size):
                    w[row, d], m[row, d], v[row, d] = adam_update(
                        w[row, d], m[row, d], v[row, d], g[d], rate, rest_1, rest_2, epsilon
                    )
                continue
            for d in range(g.size):
                m[row, d], v[row, d] = adam_moments(m[row, d], v[row, d], g[d], rest_1, rest_2)
            for d in range(g.size):
                g[d] = v_max[row, d] if v[row, d] <= v_max[row, d] else v[row, d]  # a NaN stays
                v_max[row, d] = g[d]
            for d in range(g.size):
                w[row, d] -= adam_step(m[row, d], g[d], rate, epsilon)


adam_kernel_parallel = compile_parallel(adam_kernel)


def adam(
    table: np.ndarray,
    grad: Any,
    m: np.ndarray,
    v: np.ndarray,
    v_max: np.ndarray | None = None,
    *,
    time: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Update a table by one step of Adam.

    Parameters
    ----------
    table, grad, sparse_update, padding_idx
        As `sgd`.
    m, v : ndarray, (V, D)
        ``m += (g - m) * (1 - beta_1)`` and ``v += (g² - v) * (1 - beta_2)``. Start at 0.
    v_max : ndarray, (V, D), needed with amsgrad
        The largest `v` so far is used in its place.
    time : int
        Which step this is, from 1 up: early means are too small and are corrected for that.
    learning_rate, beta_1, beta_2, epsilon : float

    Returns
    -------
    ndarray
        The table: ``w -= rate * sqrt(1 - beta_2**time) / (1 - beta_1**time) * m / (sqrt(v) +
        epsilon)``. Bit-identical for any number of threads.

    Notes
    -----
    Source: ``keras.optimizers.Adam.update_step``. A lazy step leaves `m` and `v` of the other rows
    unchanged and counts time for all rows alike, as ``torch.optim.SparseAdam``.

    Examples
    --------
    >>> table, m, v = np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 1))
    >>> adam(table, ([1], np.array([[5.0]])), m, v, time=1).ravel().round(6).tolist()
    [0.0, -0.001]
    """
    beta_1, beta_2 = (
        check_in_range(beta_1, "beta_1", BELOW_1),
        check_in_range(beta_2, "beta_2", BELOW_1),
    )
    time = check_size(time, "time")
    amsgrad = check_flag(amsgrad, "amsgrad")
    rate = check_in_range(learning_rate, "learning_rate", np.inf)
    kind = np.float64 if getattr(table, "dtype", None) == np.float64 else np.float32
    first, second = (1 - np.power(kind(beta), kind(time)) for beta in (beta_1, beta_2))
    rate = kind(rate) * np.sqrt(second) / first  # in the table's precision, as Keras
    hyper = (rate, 1 - beta_1, 1 - beta_2, check_in_range(epsilon, "epsilon", np.inf), amsgrad)
    state = {
        "m": require_slot(m, "m", True),
        "v": require_slot(v, "v", True),
        "v_max": require_slot(v_max, "v_max", amsgrad),
    }
    kernels = (adam_kernel, adam_kernel_parallel)
    return optimizer_step(
        kernels, table, grad, hyper, state, sparse_update=sparse_update, padding_idx=padding_idx
    )
