"""Checks of arguments, and the errors they raise: tables, arrays, sizes and numbers."""

import operator
from typing import Any, Literal

import numpy as np

__all__ = [
    "LARGEST",
    "DivergenceError",
    "DtypeError",
    "NotFiniteError",
    "ShapeError",
    "as_array",
    "as_floats",
    "as_numeric_array",
    "as_plain_array",
    "as_table",
    "check_above_zero",
    "check_choice",
    "check_dtype",
    "check_finite",
    "check_flag",
    "check_held_by",
    "check_in_range",
    "check_name",
    "check_number",
    "check_size",
    "check_table_bytes",
    "message",
    "short_repr",
]

LARGEST = np.iinfo(np.int64).max
"""No size and no number of bytes may be larger: kernels count in int64."""

_NATIVE_FLOATS = frozenset(map(np.dtype, "efd"))


class ShapeError(ValueError):
    """Raised for an array of another shape than the operation needs."""


class DtypeError(TypeError):
    """Raised for an array of another dtype than the operation needs."""


class NotFiniteError(ValueError):
    """Raised for a NaN or an infinity where numbers must be finite.

    Attributes
    ----------
    position : tuple of int
        Where the first one is.
    value : float
        Its value.
    """

    def __init__(self, message: str, position: tuple[int, ...] = (), value: float = np.nan):
        super().__init__(message)
        self.position = position
        self.value = value


class DivergenceError(FloatingPointError):
    """Raised when training has left the range of its floats: its weights are useless.

    Attributes
    ----------
    step : int
        The step, or the word of a stream, at which it was detected; counted from 0.
    rate : float
        The learning rate at that step.
    """

    def __init__(self, message: str, step: int, rate: float):
        super().__init__(message)
        self.step = step
        self.rate = rate


def message(must: str, received: Any, do: str) -> str:
    """Return an error text of one line: what must hold, what was received, what to do.

    Examples
    --------
    >>> message("ids must have one axis", "shape (2, 3)", "Use ids.reshape(-1)")
    'ids must have one axis. Received shape (2, 3). Use ids.reshape(-1).'
    """
    return f"{must}. Received {' '.join(str(received).split())}. {do}."


def short_repr(value: Any) -> str:
    """Return a value as it stands in an error: one line of at most 40 characters, arrays by shape.

    Examples
    --------
    >>> short_repr(np.zeros((2, 3))), short_repr("hot")
    ('ndarray of shape (2, 3)', "'hot'")
    """
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def as_array(array: Any, name: str, order: Literal["C", "K"] = "C") -> np.ndarray:
    """Return `array` as an array of any dtype; refuse a ragged list.

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
        must, do = f"{name} must be a rectangular array", "Pad them to one length first"
        raise ShapeError(message(must, "lists of different lengths", do)) from error


def as_numeric_array(value: Any, name: str) -> np.ndarray:
    """Return what a caller passes as an array of numbers, without a copy if it is one.

    Tensors of other libraries are accepted as well where NumPy refuses them: a torch Parameter
    that requires a gradient, and bfloat16, which becomes float32. ShapeError or DtypeError for
    lists of different lengths, and what does not hold numbers.

    >>> as_numeric_array([["a"]], "weights")
    Traceback (most recent call last):
    embedlab.core.checks.DtypeError: weights must hold numbers. Received <U1. Convert it to floats.
    """
    array = as_plain_array(value, name)
    if array.dtype.kind not in "fiub":
        received = array.dtype.str.lstrip("|")
        raise DtypeError(message(f"{name} must hold numbers", received, "Convert it to floats"))
    return array


def as_plain_array(value: Any, name: str) -> np.ndarray:
    """Return what a caller passes as an array of any dtype: see `as_numeric_array`."""
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "detach"):
        value = [as_plain_array(part, name) for part in value]
    if hasattr(value, "detach"):  # torch: no NumPy view of what takes part in its gradients
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):
            value = value.float()
    array = as_array(value, name, "K")
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array  # no NumPy kind


def as_floats(array: Any, name: str) -> np.ndarray:
    """Return `array` as C-contiguous floats of any shape, float16 too.

    Examples
    --------
    >>> as_floats([1, 2], "values")
    Traceback (most recent call last):
    embedlab.core.checks.DtypeError: values must hold float16, float32 or float64. Received <i8. \
Cast it with values.astype('float32').
    """
    if type(array) is np.ndarray and array.dtype in _NATIVE_FLOATS and array.flags.c_contiguous:
        return array
    floats = as_array(array, name)
    if floats.dtype.char not in "efd" or not floats.dtype.isnative:
        must, do = f"{name} must hold float16, float32 or float64", f"{name}.astype('float32')"
        raise DtypeError(message(must, floats.dtype.str, f"Cast it with {do}"))
    return floats


def check_choice(
    value: Any, name: str, choices: tuple[Any, ...], do: str = "Choose one of these"
) -> None:
    """Refuse a value that is none of the choices; True and False are no integers.

    Examples
    --------
    >>> check_choice("total", "mode", ("sum", "mean", "max"))
    Traceback (most recent call last):
    ValueError: mode must be "sum", "mean" or "max". Received 'total'. Choose one of these.
    """
    if not isinstance(value, (bool, np.bool_)):
        try:
            if value in choices:
                return
        except ValueError:  # an array has no truth value
            pass
    *others, last = (f'"{one}"' if isinstance(one, str) else str(one) for one in choices)
    raise ValueError(
        message(f"{name} must be {', '.join(others)} or {last}", short_repr(value), do)
    )


def check_flag(value: Any, name: str) -> bool:
    """Return True or False; refuse everything else.

    Examples
    --------
    >>> check_flag("yes", "amsgrad")
    Traceback (most recent call last):
    ValueError: amsgrad must be True or False. Received 'yes'. Choose one of these.
    """
    if value is True or value is False:  # twice as fast as isinstance: small gradients feel it
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    raise ValueError(
        message(f"{name} must be True or False", short_repr(value), "Choose one of these")
    )


def check_name(value: Any) -> str:
    """Return a name, or "" for None; refuse everything else.

    Examples
    --------
    >>> check_name(3)
    Traceback (most recent call last):
    ValueError: name must be a string. Received 3. Pass for example 'words'.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        must = "name must be a string"
    elif any("\ud800" <= character <= "\udfff" for character in value):
        must = "name must be text that a file can hold, without half a surrogate pair"
    else:
        return value
    raise ValueError(message(must, short_repr(value), "Pass for example 'words'"))


def check_dtype(value: Any, name: str = "dtype", kinds: str = "fiub") -> str:
    """Return the name of a dtype of numbers of these `kinds`; refuse everything else.

    Examples
    --------
    >>> check_dtype(np.float32), check_dtype("bool")
    ('float32', 'bool')
    >>> check_dtype("x")
    Traceback (most recent call last):
    ValueError: dtype must be a dtype of numbers. Received 'x'. Pass for example 'float32'.
    """
    try:
        dtype = np.dtype(value)
    except (TypeError, ValueError, SyntaxError):
        dtype = np.dtype(object)
    if value is None or dtype.kind not in kinds or dtype.itemsize > 8:
        numbers = "floats" if kinds == "f" else "numbers"
        must, do = f"{name} must be a dtype of {numbers}", "Pass for example 'float32'"
        raise ValueError(message(must, short_repr(value), do))
    return dtype.name


def check_held_by(dtype: Any, array: np.ndarray, name: str) -> None:
    """Refuse numbers that an array of integers would change: fractions, NaN, and those beyond.

    >>> check_held_by("int8", np.array([1.0, 300.0]), "table")
    Traceback (most recent call last):
    ValueError: table must hold whole numbers that fit into int8. Received 300.0 at [1]. \
Round or scale them first.
    """
    if np.dtype(dtype).kind not in "iu" or array.dtype == dtype:
        return
    with np.errstate(invalid="ignore"):
        wrong = array.astype(dtype) != array
    if wrong.any():
        at = [int(i) for i in np.argwhere(wrong)[0]]
        must, received = f"{name} must hold whole numbers that fit into {dtype}", array[tuple(at)]
        raise ValueError(message(must, f"{received} at {at}", "Round or scale them first"))


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
        must = f"{name} must leave a table of at most 2**63 bytes"
        received = f"{rows} rows of {columns} numbers"
        raise ValueError(message(must, received, "Use fewer rows, or the sparse gradient"))


def as_table(table: Any, name: str = "table", *, integers: bool = False) -> np.ndarray:
    """Return `table` as a 2-D float array, without a copy where it already is one.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Any memory order; read-only is fine.
    name : str
        Its name in the error.
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
    dtype = array.dtype
    known = dtype.char in "efd" or (integers and dtype.kind in "iu")
    if not known or not dtype.isnative:
        must = f"{name} must hold float16, float32 or float64 in native byte order"
        do = f"Cast it with {name}.astype('float32')"
        raise DtypeError(message(must, dtype.str, do))
    if array.ndim != 2:
        must, do = f"{name} must have two axes (V, D)", f"Use {name}.reshape(-1, D)"
        raise ShapeError(message(must, f"shape {array.shape}", do))
    return array


def check_size(value: Any, name: str, *, least: int = 1, most: int = LARGEST) -> int:
    """Return `value` as a plain int; refuse anything but a whole number in `least`..`most`.

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
    kind = "an integer" if least == -LARGEST else kind
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
                    message(f"{name} must be at most {most}", size, "Choose a smaller one")
                )
    do = "Pass a whole number" if least == -LARGEST else f"Pass a whole number >= {least}"
    raise ValueError(message(f"{name} must be {kind}", short_repr(value), do))


def check_finite(array: np.ndarray, name: str, cure: str, *, first_row: int = 0) -> None:
    """Refuse an array that holds a NaN or an infinity.

    Parameters
    ----------
    array : ndarray of any float dtype and shape
    name : str
        Its name in the error.
    cure : str
        The last sentence of the error: what to do.
    first_row : int
        The row at which `array` begins, where it is a slice of a larger one.

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
    """Return `value` as a finite Python float; refuse everything else.

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
    must, do = f"{name} must be a finite number", "Pass a number such as 2.0"
    raise ValueError(message(must, short_repr(value), do))


def check_above_zero(value: Any, name: str) -> float:
    """Return `value` as a finite Python float above 0; refuse everything else.

    Examples
    --------
    >>> check_above_zero(0, "scale")
    Traceback (most recent call last):
    ValueError: scale must be above 0. Received 0.0. Pass for example 2.0.
    """
    number = check_number(value, name)
    if number <= 0:
        raise ValueError(message(f"{name} must be above 0", number, "Pass for example 2.0"))
    return number


def check_in_range(value: Any, name: str, most: float = np.inf) -> float:
    """Return `value` as a finite Python float in 0..`most`; refuse everything else.

    Examples
    --------
    >>> check_in_range(2, "rho", 1.0)
    Traceback (most recent call last):
    ValueError: rho must lie in 0..1. Received 2. Choose another number.
    """
    number = check_number(value, name)
    if not 0 <= number <= most:
        below = ", below 1" if 0.5 < most < 1 else ""  # the largest float that still is below 1
        span = "must be >= 0" if most == np.inf else f"must lie in 0..{most:g}{below}"
        raise ValueError(message(f"{name} {span}", short_repr(value), "Choose another number"))
    return number
