"""Adapters of every rank learning a change of some rows: where they start, and what moves."""

from typing import NamedTuple

import numpy as np

from embedlab.core.lora import Adapter, grad_lora, lora_lookup, train_lora
from embedlab.core.optimizers import sgd
from embedlab.initializers import HeUniform

__all__ = [
    "DRAWS",
    "START",
    "RankSweep",
    "first_step_norm",
    "first_step_norms",
    "initial_adapter",
    "initial_factors",
    "row_drift",
    "train_all_ranks",
]

START = ("random", "zero")

DRAWS = 16
"""Starts over which the first update is averaged: one alone says more of its luck than of r."""


class RankSweep(NamedTuple):
    """One run at each rank 1..K, every step kept.

    Attributes
    ----------
    losses : ndarray, (K, S + 1)
    a : tuple of K ndarray, (S + 1, M, R)
        The rows of A that were trained; the others stay as they start.
    b : tuple of K ndarray, (S + 1, R, D)
    """

    losses: np.ndarray
    a: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]


def initial_factors(
    shape: tuple[int, int], most: int, start: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return A (V, most) and B (most, D) before any step; a lower rank takes the first of them.

    Parameters
    ----------
    shape : (V, D)
    most : int
        The largest rank.
    start : {"random", "zero"}
        A random and B zero, as Keras; or A zero and B random, as PEFT does for embeddings. Either
        way the product is zero, so that the first output is that of the table.
    seed : int

    Examples
    --------
    >>> a, b = initial_factors((5, 3), 2, "zero", seed=0)
    >>> a.any(), b.any()
    (np.False_, np.True_)
    """
    if start not in START:
        raise ValueError(
            f'start must be "random" or "zero" (of A). Received {start!r:.40}. '
            'Choose "random" for what Keras does.'
        )
    a, b = np.zeros((shape[0], most)), np.zeros((most, shape[1]))
    moved = a if start == "random" else b
    moved[...] = HeUniform(seed=seed)(moved.shape, dtype="float64")
    return a, b


def train_all_ranks(
    table: np.ndarray,
    wanted: np.ndarray,
    seen: np.ndarray,
    factors: tuple[np.ndarray, np.ndarray],
    scales: list[float],
    *,
    steps: int,
    learning_rate: float,
) -> RankSweep:
    """Run once at each rank from 1 up, with `embedlab.core.lora.fit.train_lora`.

    Parameters
    ----------
    table, wanted : ndarray, (V, D)
        The frozen table, and the one it should become.
    seen : ndarray of int64, (M,)
        The rows of every batch: all others never come.
    factors : (A, B)
        As `initial_factors` gives them.
    scales : list of K float
        One for each rank.
    steps : int
    learning_rate : float

    Examples
    --------
    >>> task = (np.zeros((2, 2)), np.ones((2, 2)), np.array([0]))
    >>> factors = initial_factors((2, 2), 2, "random", seed=0)
    >>> runs = train_all_ranks(*task, factors, [1.0, 0.5], steps=3, learning_rate=0.1)
    >>> runs.losses.shape, runs.a[0].shape, runs.b[1].shape
    ((2, 4), (4, 1, 1), (4, 2, 2))
    """
    made = [
        train_lora(
            table,
            wanted,
            seen,
            initial_adapter(factors, k + 1, scale),
            steps=steps,
            learning_rate=learning_rate,
        )
        for k, scale in enumerate(scales)
    ]
    losses = np.array([run.losses for run in made])
    return RankSweep(losses, tuple(run.a for run in made), tuple(run.b for run in made))


def initial_adapter(factors: tuple[np.ndarray, np.ndarray], rank: int, scale: float) -> Adapter:
    """Return the adapter of a rank before any step.

    >>> initial_adapter((np.ones((3, 2)), np.zeros((2, 4))), 1, 0.5).a.shape
    (3, 1)
    """
    return Adapter(np.array(factors[0][:, :rank]), np.array(factors[1][:rank]), scale)


def row_drift(adapter: Adapter) -> np.ndarray:
    """Return how far an adapter moves each row: the length of its rows in a table of zeros, (V,).

    >>> row_drift(Adapter(np.array([[0.0], [2.0]]), np.array([[3.0, 4.0]]), 0.5)).tolist()
    [0.0, 5.0]
    """
    zeros = np.zeros((len(adapter.a), adapter.b.shape[1]))
    return np.linalg.norm(lora_lookup(zeros, np.arange(len(zeros)), [adapter]), axis=1)


def first_step_norm(
    table: np.ndarray, wanted: np.ndarray, seen: np.ndarray, adapter: Adapter
) -> float:
    """Return how far a first plain gradient step moves the rows seen, for each unit of rate.

    Parameters
    ----------
    table, wanted, seen, adapter
        As `train_all_ranks`, and the adapter before the step.

    Returns
    -------
    float
        The root of the mean squared length of their change.

    Examples
    --------
    >>> adapter = Adapter(np.ones((2, 1)), np.zeros((1, 1)), 0.5)
    >>> first_step_norm(np.zeros((2, 1)), np.ones((2, 1)), np.array([0]), adapter)
    0.25
    """
    a, b, scale = np.array(adapter.a), np.array(adapter.b), adapter.scale
    before = lora_lookup(table, seen, [Adapter(a, b, scale)])
    grad_a, grad_b = grad_lora(seen, (before - wanted[seen]) / max(seen.size, 1), adapter)
    sgd(a, grad_a, learning_rate=1.0)
    sgd(b, grad_b, learning_rate=1.0)
    change = lora_lookup(table, seen, [Adapter(a, b, scale)]) - before
    return float(np.sqrt(np.square(change).sum() / max(seen.size, 1)))


def first_step_norms(goal: np.ndarray, height: int, most: int, start: str, seed: int) -> np.ndarray:
    """Return `first_step_norm` for every rank with scale 1, the mean over `DRAWS` starts.

    All ranks at once: a step from a product of zero changes it by the sum of one small matrix for
    each rank. With another scale the update is its square times as large.

    Parameters
    ----------
    goal : ndarray, (M, D)
        What the rows seen should gain; height : int, V.
    most : int
        K, the highest rank.
    start, seed
        As `initial_factors`; the draws take the seeds from `seed` on.

    Returns
    -------
    ndarray, (K,)

    Examples
    --------
    >>> first_step_norms(np.ones((1, 2)), 4, 2, "random", seed=0).shape
    (2,)
    """
    rows, columns = goal.shape
    total = np.zeros(most)
    for draw in range(DRAWS if rows else 0):
        a, b = initial_factors((height, columns), most, start, seed + draw)
        if start == "random":  # B becomes A.T @ goal: each rank its own row of it
            left, right = a[:rows].T, a[:rows].T @ goal
        else:
            left, right = (goal @ b.T).T, b
        changes = np.cumsum(left[:, :, None] * right[:, None, :], axis=0) / rows
        total += np.sqrt(np.square(changes).sum(axis=(1, 2)) / rows)
    return total / DRAWS
