"""The door for numbers that must be finite: no NaN and no infinity passes unseen."""

from typing import Any

import numpy as np

__all__ = ["DivergenceError", "NotFiniteError", "check_finite", "check_number"]


class NotFiniteError(ValueError):
    """A NaN or an infinity where numbers must be finite.

    Attributes
    ----------
    position : tuple of int
        Where the first one stands.
    value : float
        What stands there.
    """

    def __init__(self, message: str, position: tuple[int, ...] = (), value: float = np.nan):
        super().__init__(message)
        self.position = position
        self.value = value


class DivergenceError(FloatingPointError):
    """Training that has left the range of its floats: what it trained is of no more use.

    Attributes
    ----------
    step : int
        The step, or the word of a stream, at which it was seen; counted from 0.
    rate : float
        The learning rate at that step.
    """

    def __init__(self, message: str, step: int, rate: float):
        super().__init__(message)
        self.step = step
        self.rate = rate


def check_finite(array: np.ndarray, name: str, cure: str, *, first_row: int = 0) -> None:
    """Refuse an array that holds a NaN or an infinity.

    Parameters
    ----------
    array : ndarray of any float dtype and shape
    name : str
        How the error calls it.
    cure : str
        The last sentence of the error: what to do.
    first_row : int
        The row of the whole at which `array` begins, when it is a part.

    Raises
    ------
    NotFiniteError
        With the position and the value of the first one.

    Examples
    --------
    >>> check_finite(np.array([1.0, np.nan]), "scale", "Quantize again.")
    Traceback (most recent call last):
    embedlab.core.finite.NotFiniteError: scale must be finite. Received nan at [1]. Quantize again.
    """
    wrong = ~np.isfinite(array)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        value = float(array[at])
        if at:
            at = (at[0] + first_row, *at[1:])
        raise NotFiniteError(
            f"{name} must be finite. Received {value} at {list(at)}. {cure}", at, value
        )


def check_number(value: Any, name: str) -> float:
    """Return `value` as a finite Python float, refusing everything else.

    Examples
    --------
    >>> check_number(np.float32(0.5), "scale")
    0.5
    >>> check_number("big", "scale")
    Traceback (most recent call last):
    ValueError: scale must be a finite number. Received 'big'. Pass a number such as 2.0.
    """
    if not isinstance(value, (bool, np.bool_, str, bytes)):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = np.nan
        if np.isfinite(number):
            return number
    raise ValueError(
        f"{name} must be a finite number. Received {value!r:.40}. Pass a number such as 2.0."
    )
