"""The door for tables and sizes: what every kernel asks of a (V, D) array of numbers."""

import operator
from typing import Any, Literal

import numpy as np

__all__ = [
    "DivergenceError",
    "DtypeError",
    "NotFiniteError",
    "ShapeError",
    "as_array",
    "as_table",
    "check_finite",
    "check_number",
    "check_size",
    "check_table_bytes",
]

LARGEST = np.iinfo(np.int64).max
"""No size and no number of bytes may be larger: loops count in int64."""

_FLOATS = (np.dtype("float16"), np.dtype("float32"), np.dtype("float64"))


class ShapeError(ValueError):
    """An array has another shape than the operation needs."""


class DtypeError(TypeError):
    """An array has another dtype than the operation needs."""


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


def as_array(array: Any, name: str, order: Literal["C", "K"] = "C") -> np.ndarray:
    """Return `array` as an array of whatever dtype, refusing a ragged list.

    `order` "C" makes it contiguous; "K" never copies an array.

    Examples
    --------
    >>> as_array([[1], [1, 2]], "mask")
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: mask must be a rectangular array. Received lists of different \
lengths. Pad them to one length first.
    """
    try:
        return np.asarray(array, order=order)
    except ValueError as error:
        raise ShapeError(
            f"{name} must be a rectangular array. Received lists of different lengths. "
            "Pad them to one length first."
        ) from error


def check_table_bytes(rows: int, columns: int, dtype: Any, name: str) -> None:
    """Refuse a table (rows, columns) with more bytes than an address can count.

    Examples
    --------
    >>> check_table_bytes(2**62, 64, "float32", "input_dim")
    Traceback (most recent call last):
    ValueError: input_dim must leave a table of at most 2**63 bytes. Received 4611686018427387904 \
rows of 64 numbers. Use fewer rows, or the sparse gradient.
    """
    if rows * columns * np.dtype(dtype).itemsize > LARGEST:
        raise ValueError(
            f"{name} must leave a table of at most 2**63 bytes. Received {rows} rows of {columns} "
            "numbers. Use fewer rows, or the sparse gradient."
        )


def as_table(table: Any, name: str = "table", *, integers: bool = False) -> np.ndarray:
    """Return `table` as a 2-D float array, without a copy where it already is one.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Any memory order; read-only is fine.
    name : str
        How the error calls it.
    integers : bool
        Accept integers as well.

    Returns
    -------
    ndarray, (V, D)

    Raises
    ------
    ShapeError
        Unless it has two axes.
    DtypeError
        Unless its numbers are native floats.

    Examples
    --------
    >>> as_table([[1.0, 2.0]]).shape
    (1, 2)
    >>> as_table(np.zeros(3))
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: table must have two axes (V, D). Received shape (3,). \
Use table.reshape(-1, D).
    """
    array = table if type(table) is np.ndarray else as_array(table, name)
    known = array.dtype in _FLOATS or (integers and array.dtype.kind in "iu")
    if not known or not array.dtype.isnative:
        raise DtypeError(
            f"{name} must hold float16, float32 or float64 in native byte order. "
            f"Received {array.dtype.str}. Cast it with {name}.astype('float32')."
        )
    if array.ndim != 2:
        raise ShapeError(
            f"{name} must have two axes (V, D). Received shape {array.shape}. "
            f"Use {name}.reshape(-1, D)."
        )
    return array


def check_size(value: Any, name: str, *, least: int = 1, most: int = LARGEST) -> int:
    """Return `value` as a plain int, refusing what is not a whole number in `least`..`most`.

    Examples
    --------
    >>> check_size(np.int64(7), "input_dim")
    7
    >>> check_size(0, "input_dim")
    Traceback (most recent call last):
    ValueError: input_dim must be a positive integer. Received 0. Pass a whole number >= 1.
    """
    if type(value) is int and least <= value <= most:
        return value
    kind = "a positive integer" if least == 1 else f"an integer >= {least}"
    if not isinstance(value, (bool, np.bool_)):
        try:
            size = operator.index(value)
        except TypeError:
            pass
        else:
            if least <= size <= most:
                return size
            if size > LARGEST:
                kind = f"{kind} below 2**63"
            elif size > most:
                raise ValueError(
                    f"{name} must be at most {most}. Received {size}. Choose a smaller one."
                )
    raise ValueError(
        f"{name} must be {kind}. Received {value!r:.40}. Pass a whole number >= {least}."
    )


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
    embedlab.core.checks.NotFiniteError: scale must be finite. Received nan at [1]. Quantize again.
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
