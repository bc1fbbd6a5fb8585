"""The door for tables and sizes: what every kernel asks of a (V, D) array of numbers."""

import operator
from typing import Any

import numpy as np

__all__ = ["DtypeError", "ShapeError", "as_table", "check_size"]

_FLOATS = (np.dtype("float16"), np.dtype("float32"), np.dtype("float64"))


class ShapeError(ValueError):
    """An array has another shape than the operation needs."""


class DtypeError(TypeError):
    """An array has another dtype than the operation needs."""


def as_table(table: Any, name: str = "table") -> np.ndarray:
    """Give `table` as a 2-D float array, without a copy where it already is one.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Any memory order; read-only is fine.
    name : str
        How the error calls it.

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
    embedlab.core.table.ShapeError: table must have two axes (V, D). Received shape (3,). \
Use table.reshape(-1, D).
    """
    array = table if type(table) is np.ndarray else np.asarray(table)
    if array.dtype not in _FLOATS or not array.dtype.isnative:
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


def check_size(value: Any, name: str, *, least: int = 1) -> int:
    """Give `value` as a plain int, refusing anything that is not a whole number >= `least`.

    Examples
    --------
    >>> check_size(np.int64(7), "input_dim")
    7
    >>> check_size(0, "input_dim")
    Traceback (most recent call last):
    ValueError: input_dim must be a positive integer. Received 0. Pass a whole number >= 1.
    """
    kind = "a positive integer" if least == 1 else f"an integer >= {least}"
    if not isinstance(value, (bool, np.bool_)):
        try:
            size = operator.index(value)
        except TypeError:
            pass
        else:
            if size >= least:
                return size
    raise ValueError(
        f"{name} must be {kind}. Received {value!r:.40}. Pass a whole number >= {least}."
    )
