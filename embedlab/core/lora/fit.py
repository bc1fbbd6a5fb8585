"""Training an adapter on some rows of a table with Adam, every step kept, in one compiled loop."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import (
    DivergenceError,
    ShapeError,
    as_table,
    check_finite,
    check_size,
    check_table_bytes,
)
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.jit import count_kernel_call, kernel
from embedlab.core.lora.adapter import Adapter, as_adapter
from embedlab.core.optimizers.adam import adam_update
from embedlab.core.optimizers.update import check_in_range

__all__ = ["AdapterFit", "train_lora", "train_lora_kernel", "train_lora_reference"]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""As `embedlab.core.optimizers.adam.adam`."""


class AdapterFit(NamedTuple):
    """What one run leaves behind: float64, each array with a first axis of S + 1 steps.

    Attributes
    ----------
    losses : ndarray, (S + 1,)
        Half the squared distance from the wanted row, the mean over the rows trained.
    a : ndarray, (S + 1, M, R)
        The rows of A that were trained; all others stay as they start.
    b : ndarray, (S + 1, R, D)
    """

    losses: np.ndarray
    a: np.ndarray
    b: np.ndarray


def train_lora_reference(
    goal: np.ndarray,
    scale: float,
    rates: np.ndarray,
    losses: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
) -> None:
    """Reference implementation: fill `losses`, `a` and `b` from their first step on.

    `goal` (M, D) is what ``scale * a @ b`` should become; a rate for each step, corrected for time.
    """
    moments = [[np.zeros_like(x[0]), np.zeros_like(x[0])] for x in (a, b)]
    for step in range(len(losses)):
        away = scale * (a[step] @ b[step]) - goal
        losses[step] = np.square(away).sum() / (2 * len(goal))
        if step == len(rates):
            return
        back = away / len(goal)
        grads = (scale * (back @ b[step].T), scale * (a[step].T @ back))
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
def train_lora_kernel(goal, scale, rates, losses, a, b):
    """As the twin, row by row: what a row needs stays in the first-level cache.

    The 16 ranks of a table with 16 columns, 8 rows and 200 steps take 4 ms; as separate calls of
    lookup, gradient and Adam they took 550.
    """
    rows, width = goal.shape
    rank = b.shape[1]
    away = np.empty(width)
    grad_a, grad_b = np.empty((rows, rank)), np.empty((rank, width))
    m_a, v_a = np.zeros(rows * rank), np.zeros(rows * rank)
    m_b, v_b = np.zeros(rank * width), np.zeros(rank * width)
    for step in range(losses.size):
        grad_b[:] = 0
        loss = 0.0
        for n in range(rows):
            for d in range(width):
                away[d] = -goal[n, d]
            for r in range(rank):
                factor = scale * a[step, n, r]
                for d in range(width):
                    away[d] += factor * b[step, r, d]
            for d in range(width):
                loss += away[d] * away[d]
                away[d] /= rows
            for r in range(rank):
                total = 0.0
                factor = scale * a[step, n, r]
                for d in range(width):
                    total += away[d] * b[step, r, d]
                    grad_b[r, d] += factor * away[d]
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
    wanted: Any,
    seen: Any,
    adapter: Adapter,
    *,
    steps: int,
    learning_rate: float = 0.001,
) -> AdapterFit:
    """Train an adapter until some rows of the table become the wanted ones, and keep every step.

    Parameters
    ----------
    table, wanted : array_like, (V, D), float16, float32 or float64, finite
        The frozen table, and the one it should become.
    seen : array_like of int, (M,)
        The rows of every batch, each once: all others never come. 0 <= id < V.
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
        A FloatingPointError, where a number overflowed: the rate or the change is too large.

    Notes
    -----
    Rows that never come have no gradient, and Adam's means of nothing are nothing: their part of
    A stays. They move all the same where it is not zero, since B is shared.

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
    table, wanted = as_table(table), as_table(wanted, "wanted")
    if wanted.shape != table.shape:
        raise ShapeError(
            f"wanted must have the shape of the table, {table.shape}. Received {wanted.shape}. "
            "Pass what this very table should become."
        )
    adapter = as_adapter(adapter, shape=table.shape)
    rows = np.unique(_as_rows(seen, len(table)))
    steps = check_size(steps, "steps", least=0)
    width, rank = table.shape[1], len(adapter.b)
    check_table_bytes(steps + 1, rank * max(rows.size + width, 1), np.dtype(np.float64), "steps")
    rate = check_in_range(learning_rate, "learning_rate", np.inf)
    goal = wanted[rows].astype(np.float64) - table[rows]
    check_finite(goal, "the change of the rows trained", "Look at table and wanted.")
    a, b = np.empty((steps + 1, rows.size, rank)), np.empty((steps + 1, rank, width))
    a[0], b[0] = adapter.a[rows], adapter.b
    for name, start in (("a of the adapter", a[0]), ("b of the adapter", b[0])):
        check_finite(start, name, "Start from finite factors.")
    losses = np.zeros(steps + 1)
    count_kernel_call("training")
    if not rows.size:  # no row, no gradient: nothing ever moves
        b[1:] = b[0]
        return AdapterFit(losses, a, b)
    time = np.arange(1.0, steps + 1)
    rates = rate * np.sqrt(1 - BETA_2**time) / (1 - BETA_1**time)
    train_lora_kernel(goal, float(adapter.scale), rates, losses, a, b)
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
