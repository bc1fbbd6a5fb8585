"""An adapter learning a change of some rows, step by step: what moves, and what moves along."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from embedlab.core.adapter import Adapter
from embedlab.core.lora import lora_lookup
from embedlab.core.lora_gradient import grad_lora
from embedlab.core.training import adam, sgd
from embedlab.initializers import HeUniform

__all__ = ["START", "Runs", "begin", "drift", "first_update", "run_lora", "run_ranks",
           "start_factors"]  # fmt: skip

START = ("random", "zero")


class Runs(NamedTuple):
    """What is kept of one run at each rank.

    Attributes
    ----------
    losses : ndarray, (K, S + 1); drifts : ndarray, (K, V), at the end
    a : ndarray, (S + 1, M, R); b : ndarray, (S + 1, R, D); drift : ndarray, (S + 1, V)
        Every step of one of them; of A the rows seen.
    last : Adapter
        Where that one ended.
    """

    losses: np.ndarray
    drifts: np.ndarray
    a: np.ndarray
    b: np.ndarray
    drift: np.ndarray
    last: Adapter


class RunStep(NamedTuple):
    """The adapter after a step. The arrays are the run's own and change with the next step.

    Attributes
    ----------
    adapter : Adapter
    loss : float
        Half the squared distance from the wanted row, the mean over the rows seen.
    """

    adapter: Adapter
    loss: float


def start_factors(
    shape: tuple[int, int], most: int, start: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give A (V, most) and B (most, D) before any step; a lower rank takes the first of them.

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
    >>> a, b = start_factors((5, 3), 2, "zero", seed=0)
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


def run_lora(
    table: np.ndarray, wanted: np.ndarray, seen: np.ndarray, adapter: Adapter, *,
    steps: int, learning_rate: float,
) -> Iterator[RunStep]:  # fmt: skip
    """Train an adapter on the rows `seen` with Adam, and give it before and after every step.

    Parameters
    ----------
    table, wanted : ndarray, (V, D)
        The frozen table, and the one it should become.
    seen : ndarray of int64, (M,)
        The rows of every batch: all others never come.
    adapter : Adapter
        Where it starts; its factors are copied.
    steps : int
    learning_rate : float

    Yields
    ------
    RunStep
        steps + 1 of them.

    Examples
    --------
    >>> adapter = Adapter(np.ones((2, 1)), np.zeros((1, 1)))
    >>> zeros, ones, seen = np.zeros((2, 1)), np.ones((2, 1)), np.array([0])
    >>> run = run_lora(zeros, ones, seen, adapter, steps=1, learning_rate=0.5)
    >>> [round(step.loss, 3) for step in run]
    [0.5, 0.125]
    """
    a, b, scale = np.array(adapter.a), np.array(adapter.b), adapter.scale
    moments = [np.zeros_like(x) for x in (a, a, b, b)]
    now = Adapter(a, b, scale)
    for time in range(1, steps + 2):
        away = lora_lookup(table, seen, [now]) - wanted[seen]
        yield RunStep(now, float(np.square(away).sum() / (2 * max(seen.size, 1))))
        if time > steps:
            return
        grad_a, grad_b = grad_lora(seen, away / max(seen.size, 1), now)
        adam(a, grad_a, *moments[:2], time=time, learning_rate=learning_rate)
        adam(b, grad_b, *moments[2:], time=time, learning_rate=learning_rate)


def run_ranks(
    table: np.ndarray, wanted: np.ndarray, seen: np.ndarray,
    factors: tuple[np.ndarray, np.ndarray], scales: list[float], *, keep: int, steps: int,
    learning_rate: float,
) -> Runs:  # fmt: skip
    """Run once at each rank from 1 up, and keep every step at the rank `keep`.

    Parameters
    ----------
    table, wanted, seen, steps, learning_rate
        As `run_lora`.
    factors : (A, B)
        As `start_factors` gives them.
    scales : list of K float
        One for each rank.
    keep : int

    Examples
    --------
    >>> task = (np.zeros((2, 2)), np.ones((2, 2)), np.array([0]))
    >>> factors = start_factors((2, 2), 2, "random", seed=0)
    >>> runs = run_ranks(*task, factors, [1.0, 0.5], keep=1, steps=3, learning_rate=0.1)
    >>> runs.losses.shape, runs.a.shape, runs.drift.shape
    ((2, 4), (4, 1, 1), (4, 2))
    """
    losses, drifts = np.empty((len(scales), steps + 1)), np.empty((len(scales), len(table)))
    a, b, moved = [], [], []
    for k, scale in enumerate(scales):
        adapter = begin(factors, k + 1, scale)
        run = run_lora(table, wanted, seen, adapter, steps=steps, learning_rate=learning_rate)
        for step, (now, loss) in enumerate(run):
            losses[k, step] = loss
            if k + 1 == keep:
                a.append(now.a[seen])
                b.append(now.b.copy())
                moved.append(drift(now))
                last = now
        drifts[k] = drift(now)
    return Runs(losses, drifts, np.array(a), np.array(b), np.array(moved), last)


def begin(factors: tuple[np.ndarray, np.ndarray], rank: int, scale: float) -> Adapter:
    """Give the adapter of a rank before any step.

    >>> begin((np.ones((3, 2)), np.zeros((2, 4))), 1, 0.5).a.shape
    (3, 1)
    """
    return Adapter(np.array(factors[0][:, :rank]), np.array(factors[1][:rank]), scale)


def drift(adapter: Adapter) -> np.ndarray:
    """Give how far an adapter moves each row: the length of its rows in a table of zeros, (V,).

    >>> drift(Adapter(np.array([[0.0], [2.0]]), np.array([[3.0, 4.0]]), 0.5)).tolist()
    [0.0, 5.0]
    """
    zeros = np.zeros((len(adapter.a), adapter.b.shape[1]))
    return np.linalg.norm(lora_lookup(zeros, np.arange(len(zeros)), [adapter]), axis=1)


def first_update(
    table: np.ndarray, wanted: np.ndarray, seen: np.ndarray, adapter: Adapter
) -> float:
    """Give how far a first plain gradient step moves the rows seen, for each unit of rate.

    Parameters
    ----------
    table, wanted, seen, adapter
        As `run_lora`.

    Returns
    -------
    float
        The root of the mean squared length of their change.

    Examples
    --------
    >>> adapter = Adapter(np.ones((2, 1)), np.zeros((1, 1)), 0.5)
    >>> first_update(np.zeros((2, 1)), np.ones((2, 1)), np.array([0]), adapter)
    0.25
    """
    a, b, scale = np.array(adapter.a), np.array(adapter.b), adapter.scale
    before = lora_lookup(table, seen, [Adapter(a, b, scale)])
    grad_a, grad_b = grad_lora(seen, (before - wanted[seen]) / max(seen.size, 1), adapter)
    sgd(a, grad_a, learning_rate=1.0)
    sgd(b, grad_b, learning_rate=1.0)
    change = lora_lookup(table, seen, [Adapter(a, b, scale)]) - before
    return float(np.sqrt(np.square(change).sum() / max(seen.size, 1)))
