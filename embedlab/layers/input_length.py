"""`input_length`: the length of the input, announced before any data comes (Keras 1 and 2)."""

from typing import Any

from embedlab.core.checks import ShapeError, check_size

__all__ = ["as_input_length", "batch_shape", "check_length"]


def as_input_length(value: Any) -> int | tuple[int | None, ...] | None:
    """Return an announced length in one form: a whole number, a tuple of them, or None.

    Raises
    ------
    ValueError
        For anything but positive whole numbers (or None inside a tuple).

    Examples
    --------
    >>> as_input_length(10), as_input_length([10, None])
    (10, (10, None))
    """
    if value is None:
        return None
    if isinstance(value, (tuple, list)):
        return tuple(None if n is None else check_size(n, "input_length") for n in value)
    return check_size(value, "input_length")


def batch_shape(length: Any) -> tuple[int | None, ...]:
    """Return the input shape that an announced length means, the batch in front.

    >>> batch_shape(10)
    (None, 10)
    """
    return (None, *(length if isinstance(length, tuple) else (length,)))


def check_length(length: Any, shape: tuple) -> tuple:
    """Return the input `shape` with the announced lengths filled in.

    Raises
    ------
    ShapeError
        When the two disagree.

    Examples
    --------
    >>> check_length(10, (None, None))
    (None, 10)
    >>> check_length(10, (32, 11))
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: "input_length" is 10, but received input has shape (32, 11). \
Pad or cut to that length, or leave input_length away.
    """
    known = batch_shape(length)
    if len(shape) != len(known) or any(
        want != came
        for want, came in zip(known[1:], shape[1:], strict=True)
        if want is not None and came is not None
    ):
        raise ShapeError(
            f'"input_length" is {length}, but received input has shape {shape}. '
            "Pad or cut to that length, or leave input_length away."
        )
    return tuple(
        came if want is None else want for want, came in zip(known, shape, strict=True)
    )  # where neither knows, None stays
