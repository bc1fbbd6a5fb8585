"""Gradient check by central differences of the loss."""

import numpy as np

from embedlab.traces.gradient.losses import LookupLoss
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "CHECK_MAX",
    "STEPS",
    "TOLERANCE",
    "central_difference",
    "columns_to_check",
    "relative_errors",
    "rows_to_check",
]

STEPS = readonly_copy(10.0 ** -np.arange(13))
"""Step sizes of the central differences: 1, 0.1, ... 1e-12."""

TOLERANCE = 1e-6
"""The largest error, at the best step size, of a correct gradient."""

CHECK_MAX = 640
"""Weights that are checked by default; of a larger table only rows that are read."""

_WORK = 1_000_000  # exponentials, about ten milliseconds


def central_difference(
    loss: LookupLoss, checked: np.ndarray, columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss with each weight moved by ±h: twice (H, C, K).

    The weights are those of the rows `checked` (C,) in the first K columns.
    """
    offsets = np.concatenate([STEPS, -STEPS])
    losses = np.empty((offsets.size, len(checked), columns))
    with np.errstate(all="ignore"):  # infinite weights give NaN
        for c, row in enumerate(checked.tolist()):
            losses[:, c] = loss.moved(row, offsets, columns)
    return losses[: STEPS.size], losses[STEPS.size :]


def relative_errors(analytic: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """Return ``abs(analytic - numeric) / largest component``, (H, C, K), from 0 to 2."""
    numeric_max = np.abs(numeric).max((1, 2), initial=0)
    largest = np.maximum(np.abs(analytic).max(initial=0), numeric_max)
    with np.errstate(invalid="ignore"):
        return np.abs(analytic - numeric) / np.where(largest == 0, 1, largest)[:, None, None]


def columns_to_check(shape: tuple[int, int], ids: np.ndarray, maximum: int, *, tied: bool) -> int:
    """Return how many columns to check, from the first: all, or as many as the time allows."""
    height, width = shape
    cost = 2 * STEPS.size * ((ids.size + height) if tied else 1)  # exponentials for a weight
    return max(1, min(width, maximum, _WORK // cost))


def rows_to_check(
    shape: tuple[int, int], ids: np.ndarray, maximum: int, *, tied: bool
) -> np.ndarray:
    """Return the rows to check: all of a small table, or the most frequent ones.

    `shape` is V and the number of columns that are checked.
    """
    height, width = shape
    row_cost = (
        2 * STEPS.size * width * ((ids.size + height) if tied else 1)
    )  # exponentials for a row
    if height * width <= maximum and height * row_cost <= _WORK:
        return np.arange(height)
    read, counts = np.unique(ids, return_counts=True)
    frequent = read[np.argsort(-counts, kind="stable")]
    return np.sort(frequent[: max(1, min(maximum // width, _WORK // row_cost))])
