"""Training of adapters of all ranks: initial factors, runs, and row displacements."""

from typing import NamedTuple

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.core.lora import Adapter, grad_lora, lora_lookup, spectrum, train_lora
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
    "spectrum_of_many_rows",
    "train_all_ranks",
]

START = ("random", "zero")

PRODUCTS_MAX = 2**16
"""Numbers of a product s·AB that are computed; of a larger one only the norms of its rows."""

MANY = 4
"""Rows for each column from which the singular values are computed from the columns' products."""

DRAWS = 16
"""The number of seeds over which the first update is averaged."""


class RankSweep(NamedTuple):
    """The steps of one run at each rank 1..K.

    Attributes
    ----------
    losses : ndarray, (K, S + 1)
    a : tuple of K ndarray, (S + 1, M, R)
        The trained rows of A; the others keep their initial values.
    b : tuple of K ndarray, (S + 1, R, D)
    """

    losses: np.ndarray
    a: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]


def initial_factors(
    shape: tuple[int, int], max_rank: int, start: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the initial A (V, R) and B (R, D); a lower rank uses the first columns and rows.

    Parameters
    ----------
    shape : (V, D)
    max_rank : int
        R, the largest rank.
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
            f'start must be "random" or "zero" (the initial A). Received {short_repr(start)}. '
            'Choose "random" for what Keras does.'
        )
    a, b = np.zeros((shape[0], max_rank)), np.zeros((max_rank, shape[1]))
    random = a if start == "random" else b
    random[...] = HeUniform(seed=seed)(random.shape, dtype="float64")
    return a, b


def train_all_ranks(
    table: np.ndarray,
    target: np.ndarray,
    seen: np.ndarray,
    factors: tuple[np.ndarray, np.ndarray],
    scales: list[float],
    *,
    steps: int,
    learning_rate: float,
) -> RankSweep:
    """Train an adapter at each rank from 1, with `embedlab.core.lora.fit.train_lora`.

    Parameters
    ----------
    table, target : ndarray, (V, D)
        The frozen table, and the target table.
    seen : ndarray of int64, (M,)
        The rows of every batch.
    factors : (A, B)
        The result of `initial_factors`.
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
    fits = [
        train_lora(
            table,
            target,
            seen,
            initial_adapter(factors, k + 1, scale),
            steps=steps,
            learning_rate=learning_rate,
        )
        for k, scale in enumerate(scales)
    ]
    losses = np.array([run.losses for run in fits])
    return RankSweep(losses, tuple(run.a for run in fits), tuple(run.b for run in fits))


def initial_adapter(factors: tuple[np.ndarray, np.ndarray], rank: int, scale: float) -> Adapter:
    """Return the initial adapter of a rank.

    >>> initial_adapter((np.ones((3, 2)), np.zeros((2, 4))), 1, 0.5).a.shape
    (3, 1)
    """
    return Adapter(np.array(factors[0][:, :rank]), np.array(factors[1][:rank]), scale)


def row_drift(adapter: Adapter) -> np.ndarray:
    """Return the displacement of each row by an adapter: the norms of the rows of s·AB, (V,).

    >>> row_drift(Adapter(np.array([[0.0], [2.0]]), np.array([[3.0, 4.0]]), 0.5)).tolist()
    [0.0, 5.0]
    """
    if len(adapter.a) * adapter.b.shape[1] > PRODUCTS_MAX:
        return norms_of_product(adapter.a, adapter.b, adapter.scale)
    zeros = np.zeros((len(adapter.a), adapter.b.shape[1]))
    return np.linalg.norm(lora_lookup(zeros, np.arange(len(zeros)), [adapter]), axis=1)


def norms_of_product(a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """Return the norms of the rows of s·AB from B·Bᵀ, without the product (V, D).

    >>> norms_of_product(np.array([[0.0], [2.0]]), np.array([[3.0, 4.0]]), 0.5).tolist()
    [0.0, 5.0]
    """
    squares = np.einsum("vr,vr->v", a @ (b @ b.T), a)
    return np.asarray(scale * np.sqrt(np.maximum(squares, 0)))


def first_step_norm(
    table: np.ndarray, target: np.ndarray, seen: np.ndarray, adapter: Adapter
) -> float:
    """Return the norm of the first update of the trained rows, by SGD with rate 1.

    Parameters
    ----------
    table, target, seen, adapter
        As `train_all_ranks`, and the adapter before the step.

    Returns
    -------
    float
        The root mean square of the displacements.

    Examples
    --------
    >>> adapter = Adapter(np.ones((2, 1)), np.zeros((1, 1)), 0.5)
    >>> first_step_norm(np.zeros((2, 1)), np.ones((2, 1)), np.array([0]), adapter)
    0.25
    """
    a, b, scale = np.array(adapter.a), np.array(adapter.b), adapter.scale
    before = lora_lookup(table, seen, [Adapter(a, b, scale)])
    grad_a, grad_b = grad_lora(seen, (before - target[seen]) / max(seen.size, 1), adapter)
    sgd(a, grad_a, learning_rate=1.0)
    sgd(b, grad_b, learning_rate=1.0)
    change = lora_lookup(table, seen, [Adapter(a, b, scale)]) - before
    return float(np.sqrt(np.square(change).sum() / max(seen.size, 1)))


def first_step_norms(
    delta: np.ndarray, height: int, max_rank: int, start: str, seed: int
) -> np.ndarray:
    """Return `first_step_norm` for every rank with scale 1, the mean over `DRAWS` seeds.

    All ranks at once: the first step changes the product by a sum of one matrix for each rank. The
    update is proportional to the square of the scale.

    Parameters
    ----------
    delta : ndarray, (M, D)
        The target change of the trained rows; height : int, V.
    max_rank : int
        K, the highest rank.
    start, seed
        As `initial_factors`; the seeds are `seed`, `seed + 1`, ...

    Returns
    -------
    ndarray, (K,)

    Examples
    --------
    >>> first_step_norms(np.ones((1, 2)), 4, 2, "random", seed=0).shape
    (2,)
    """
    rows, columns = delta.shape
    total = np.zeros(max_rank)
    for draw in range(DRAWS if rows else 0):
        # The first rows of A alone, as they would be among all: drawn in order, and smaller.
        a, b = initial_factors((rows, columns), max_rank, start, seed + draw)
        if start == "random":
            a *= np.sqrt(rows / height)
        if start == "random":  # B becomes A.T @ delta, one row for each rank
            left, right = a[:rows].T, a[:rows].T @ delta
        else:
            left, right = (delta @ b.T).T, b
        changes = np.cumsum(left[:, :, None] * right[:, None, :], axis=0) / rows
        total += np.sqrt(np.square(changes).sum(axis=(1, 2)) / rows)
    return total / DRAWS


def spectrum_of_many_rows(delta: np.ndarray) -> np.ndarray:
    """Return the singular values of a change, (min(V, D),), from its rows that are not zero.

    Of many rows they are the roots of the eigenvalues of ``delta.T @ delta``, (D, D): within
    3e-8 of the largest, where a QR decomposition of 30 522 x 384 takes ten times as long. Squares
    below the rounding of the largest are 0.

    >>> spectrum_of_many_rows(np.array([[3.0, 0.0], [0.0, 0.0], [0.0, 4.0]])).tolist()
    [4.0, 3.0]
    """
    rows, columns = delta.shape
    count = min(rows, columns)
    changed = delta[delta.any(axis=1)] if rows * columns > PRODUCTS_MAX else delta
    if len(changed) < MANY * columns or changed.size <= PRODUCTS_MAX:
        values = spectrum(changed) if len(changed) else np.zeros(0)
        return np.asarray(np.append(values, np.zeros(count))[:count])
    scale = max(-changed.min(), changed.max())  # squares of 1e200 would overflow
    changed = changed / scale
    squares = np.linalg.eigvalsh(changed.T @ changed)[::-1]
    squares[squares < 4 * columns * np.finfo(np.float64).eps * squares[0]] = 0
    return np.asarray(scale * np.sqrt(squares)[:count])
