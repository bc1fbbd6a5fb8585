"""The gradient check: each weight goes up and down by h, and the loss is asked both times."""

import numpy as np

from embedlab.traces.gradient.losses import LookupLoss
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "CHECK_MOST",
    "STEPS",
    "TOLERANCE",
    "central_difference",
    "relative_errors",
    "rows_to_check",
]

STEPS = readonly_copy(10.0 ** -np.arange(13))
"""How far a weight is moved for a central difference: 1, 0.1, ... 1e-12."""

TOLERANCE = 1e-6
"""A gradient whose best error, over all steps, is larger is wrong."""

CHECK_MOST = 640
"""Weights that are checked unless told; of a larger table only rows that are read."""

_WORK = 1_000_000  # exponentials, about ten milliseconds


def central_difference(
    loss: LookupLoss, checked: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss with each weight of the rows `checked` (C,) moved up, and down: (H, C, D)."""
    by = np.concatenate([STEPS, -STEPS])
    made = np.empty((by.size, len(checked), width))
    with np.errstate(all="ignore"):  # weights without end: the check then says NaN
        for c, row in enumerate(checked.tolist()):
            made[:, c] = loss.moved(row, by)
    return made[: STEPS.size], made[STEPS.size :]


def relative_errors(said: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """Return ``abs(said - numeric) / the largest of either`` for each step, (H, C, D): 0 to 2."""
    seen = np.abs(numeric).max((1, 2), initial=0)
    largest = np.maximum(np.abs(said).max(initial=0), seen)
    with np.errstate(invalid="ignore"):
        return np.abs(said - numeric) / np.where(largest == 0, 1, largest)[:, None, None]


def rows_to_check(shape: tuple[int, int], ids: np.ndarray, most: int, *, tied: bool) -> np.ndarray:
    """Return all rows of a small table; of a larger one some that are read, as work allows."""
    height, width = shape
    each = 2 * STEPS.size * width * ((ids.size + height) if tied else 1)  # exponentials a row
    if height * width <= most and height * each <= _WORK:
        return np.arange(height)
    read, times = np.unique(ids, return_counts=True)
    often = read[np.argsort(-times, kind="stable")]
    return np.sort(often[: max(1, min(most // width, _WORK // each))])
