"""Training of an adapter on some rows of a table with Adam, every step recorded."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import (
    DivergenceError,
    ShapeError,
    as_table,
    check_finite,
    check_in_range,
    check_size,
    check_table_bytes,
)
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.jit import count_kernel_call, kernel
from embedlab.core.lora.adapter import Adapter, as_adapter
from embedlab.core.optimizers.adam import adam_update

__all__ = ["AdapterFit", "train_lora", "train_lora_kernel", "train_lora_reference"]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""As `embedlab.core.optimizers.adam.adam`."""


class AdapterFit(NamedTuple):
    """Record of one run: float64 arrays, each with a first axis of S + 1 steps.

    Attributes
    ----------
    losses : ndarray, (S + 1,)
        Half the squared distance from the target row, the mean over the trained rows.
    a : ndarray, (S + 1, M, R)
        The trained rows of A; all others stay as they start.
    b : ndarray, (S + 1, R, D)
    """

    losses: np.ndarray
    a: np.ndarray
    b: np.ndarray


def train_lora_reference(
    delta: np.ndarray,
    scale: float,
    rates: np.ndarray,
    losses: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
) -> None:
    """Reference implementation in NumPy: fill `losses`, `a` and `b` from their first step on.

    `delta` (M, D) is what ``scale * a @ b`` should become; one rate a step, corrected for time.
    """
    moments = [[np.zeros_like(x[0]), np.zeros_like(x[0])] for x in (a, b)]
    for step in range(len(losses)):
        error = scale * (a[step] @ b[step]) - delta
        losses[step] = np.square(error).sum() / (2 * len(delta))
        if step == len(rates):
            return
        grad_out = error / len(delta)
        grads = (scale * (grad_out @ b[step].T), scale * (a[step].T @ grad_out))
        for x, grad, (m, v) in zip((a, b), grads, moments, strict=True):
            m += (grad - m) * (1 - BETA_1)
            v += (grad * grad - v) * (1 - BETA_2)
            x[step + 1] = x[step] - m * rates[step] / (np.sqrt(v) + EPSILON)


@kernel
def _adam_factor(before, grad, m, v, rate, after):
    """Write into `after` the factor `before` after one step, all arrays flat."""
    for i in range(grad.size):
        after[i], m[i], v[i] = adam_update(
            before[i], m[i], v[i], grad[i], rate, 1 - BETA_1, 1 - BETA_2, EPSILON
        )


@kernel(reductions=True)
def train_lora_kernel(delta, scale, rates, losses, a, b):
    """As the reference, row by row: the data of a row stays in the L1 cache.

    The 16 ranks of a table with 16 columns, 8 rows and 200 steps take 4 ms; as separate calls of
    lookup, gradient and Adam they took 550.
    """
    rows, width = delta.shape
    rank = b.shape[1]
    error = np.empty(width)
    grad_a, grad_b = np.empty((rows, rank)), np.empty((rank, width))
    m_a, v_a = np.zeros(rows * rank), np.zeros(rows * rank)
    m_b, v_b = np.zeros(rank * width), np.zeros(rank * width)
    for step in range(losses.size):
        grad_b[:] = 0
        loss = 0.0
        for n in range(rows):
            for d in range(width):
                error[d] = -delta[n, d]
            for r in range(rank):
                factor = scale * a[step, n, r]
                for d in range(width):
                    error[d] += factor * b[step, r, d]
            for d in range(width):
                loss += error[d] * error[d]
                error[d] /= rows
            for r in range(rank):
                total = 0.0
                factor = scale * a[step, n, r]
                for d in range(width):
                    total += error[d] * b[step, r, d]
                    grad_b[r, d] += factor * error[d]
                grad_a[n, r] = scale * total
        losses[step] = loss / (2 * rows)
        if step == rates.size:
            return
        rate = rates[step]
        _adam_factor(
            a[step].reshape(-1), grad_a.reshape(-1), m_a, v_a, rate, a[step + 1].reshape(-1)
        )
        _adam_factor(
            b[step].reshape(-1), grad_b.reshape(-1), m_b, v_b, rate, b[step + 1].reshape(-1)
        )


def train_lora(
    table: Any,
    target: Any,
    seen: Any,
    adapter: Adapter,
    *,
    steps: int,
    learning_rate: float = 0.001,
) -> AdapterFit:
    """Train an adapter to turn some rows of the table into those of a target; record every step.

    Parameters
    ----------
    table, target : array_like, (V, D), float16, float32 or float64, finite
        The frozen table, and the one it should become.
    seen : array_like of int, (M,)
        The rows of every batch, each once; no others are trained. 0 <= id < V.
    adapter : Adapter, or (a, b, scale)
        Where it starts; its factors are copied.
    steps : int
        S >= 0, each one step of Adam over all of `seen`.
    learning_rate : float

    Returns
    -------
    AdapterFit
        Equal to `lora_lookup`, `grad_lora` and `adam` called in turn, to the order of their sums.

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, NotFiniteError, ValueError
        For rows outside the table, and for arrays that do not fit each other.
    DivergenceError
        A FloatingPointError, where a number overflowed: the rate or the update is too large.

    Notes
    -----
    Rows outside `seen` have no gradient, and Adam's means stay 0: their part of A does not change.
    The rows themselves still change where that part is not zero, since B is shared.

    References
    ----------
    Hu et al. 2021, "LoRA", section 4.1; Kingma and Ba 2015, "Adam", algorithm 1, with Keras's
    epsilon outside the correction.

    Examples
    --------
    >>> adapter = Adapter(np.ones((2, 1)), np.zeros((1, 1)))
    >>> run = train_lora([[0.0], [0.0]], [[1.0], [1.0]], [0], adapter, steps=1, learning_rate=0.5)
    >>> run.losses.round(3).tolist(), run.a.shape, run.b.shape
    ([0.5, 0.125], (2, 1, 1), (2, 1, 1))
    """
    table, target = as_table(table), as_table(target, "wanted")
    if target.shape != table.shape:
        raise ShapeError(
            f"target must have the shape of the table, {table.shape}. Received {target.shape}. "
            "Pass the table that this one should become."
        )
    adapter = as_adapter(adapter, shape=table.shape)
    rows = np.unique(_as_rows(seen, len(table)))
    steps = check_size(steps, "steps", least=0)
    width, rank = table.shape[1], len(adapter.b)
    check_table_bytes(steps + 1, rank * max(rows.size + width, 1), np.dtype(np.float64), "steps")
    rate = check_in_range(learning_rate, "learning_rate", np.inf)
    delta = target[rows].astype(np.float64) - table[rows]
    check_finite(delta, "the update of the trained rows", "Look at table and target.")
    a, b = np.empty((steps + 1, rows.size, rank)), np.empty((steps + 1, rank, width))
    a[0], b[0] = adapter.a[rows], adapter.b
    for name, start in (("a of the adapter", a[0]), ("b of the adapter", b[0])):
        check_finite(start, name, "Start from finite factors.")
    losses = np.zeros(steps + 1)
    count_kernel_call("training")
    if not rows.size:  # no row, no gradient: nothing changes
        b[1:] = b[0]
        return AdapterFit(losses, a, b)
    time = np.arange(1.0, steps + 1)
    rates = rate * np.sqrt(1 - BETA_2**time) / (1 - BETA_1**time)
    train_lora_kernel(delta, float(adapter.scale), rates, losses, a, b)
    if not (np.isfinite(losses).all() and np.isfinite(a[-1]).all() and np.isfinite(b[-1]).all()):
        lost = ~np.isfinite(losses)
        at = int(lost.argmax()) if lost.any() else steps
        raise DivergenceError(
            f"the adapter must stay finite. Received a loss of {losses[at]} after {at} of {steps} "
            f"steps, with the learning rate {rate:.6g}. Train with a smaller rate, such as 0.001.",
            at,
            rate,
        )
    return AdapterFit(losses, a, b)


def _as_rows(seen: Any, rows: int) -> np.ndarray:
    ids = as_ids(seen).reshape(-1)
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
        raise out_of_range_error(ids, rows)
    return ids
