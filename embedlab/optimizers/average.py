"""Moving averages of the weights: they forget slowly, and are calmer than the weights."""

from typing import Any

import numpy as np

__all__ = ["AVERAGE", "check_average", "follow"]

AVERAGE = "average"
"""The name under which an optimizer keeps the moving average of a variable."""

_PIECE = 1 << 16


def follow(average: np.ndarray, value: np.ndarray, momentum: float) -> None:
    """Move an average towards a value, in place: ``momentum * average + (1 - momentum) * value``.

    Parameters
    ----------
    average, value : ndarray, C-contiguous, of one shape and dtype
    momentum : float, 0..1
        0 takes the value as it is.

    Notes
    -----
    Every number moves, those of rows without a gradient too, as in Keras: an average is dense.

    Examples
    --------
    >>> average = np.zeros(2)
    >>> follow(average, np.array([1.0, 2.0]), 0.75)
    >>> average.tolist()
    [0.25, 0.5]
    """
    keep = value.dtype.type(momentum)
    take = value.dtype.type(1) - keep
    kept, new = average.reshape(-1), value.reshape(-1)
    for first in range(0, new.size, _PIECE):  # a table on disk never comes into memory whole
        part = kept[first : first + _PIECE]
        part *= keep
        part += take * new[first : first + _PIECE]


def check_average(use_ema: Any, momentum: Any, frequency: Any) -> tuple[bool, float, int | None]:
    """Give the three arguments, or refuse what does not fit.

    >>> check_average(True, 0.9, 10)
    (True, 0.9, 10)
    """
    number = isinstance(momentum, (int, float, np.number)) and not isinstance(momentum, bool)
    if not number or not 0 <= momentum <= 1:
        raise ValueError(
            "`ema_momentum` must be in the range [0, 1]. "
            f"Received: ema_momentum={momentum!r:.40}. Pass for example 0.99."
        )
    whole = isinstance(frequency, (int, np.integer)) and not isinstance(frequency, bool)
    if frequency is not None and not (whole and frequency >= 1):
        raise ValueError(
            "`ema_overwrite_frequency` must be an integer >= 1 or None. Received: "
            f"ema_overwrite_frequency={frequency!r:.40}. Say None to overwrite at the end only."
        )
    return bool(use_ema), float(momentum), None if frequency is None else int(frequency)
