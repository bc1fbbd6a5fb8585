"""Count the multiplications of a lookup: give its table numbers that count when they are used."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["count_multiplications"]


class _Counted:
    """A number that adds 1 to a tally each time it is multiplied."""

    __slots__ = ("tally", "value")

    def __init__(self, value: float, tally: list[int]):
        self.value, self.tally = value, tally

    def __mul__(self, other: Any) -> "_Counted":
        self.tally[0] += 1
        return _Counted(self.value * float(other), self.tally)

    def __add__(self, other: Any) -> "_Counted":
        return _Counted(self.value + float(other), self.tally)

    __rmul__, __radd__ = __mul__, __add__

    def __float__(self) -> float:
        return self.value


def count_multiplications(
    function: Callable[[Any, Any], Any], shape: tuple[int, int], ids: Any
) -> int:
    """Count how often `function(table, ids)` multiplies a number of its table.

    Parameters
    ----------
    function : callable
        Takes a table (V, D) and an integer array of ids.
    shape : (V, D)
        The table to make. Keep it small: these numbers are Python objects.
    ids : array_like of int, 0 <= id < V

    Returns
    -------
    int
        Counted while it ran, not computed from the shapes.

    Raises
    ------
    Exception
        Whatever `function` raises.

    Notes
    -----
    A function that first turns its table into plain floats escapes the count.

    Examples
    --------
    >>> count_multiplications(lambda W, ids: W[ids], (5, 3), [4, 0])
    0
    >>> count_multiplications(lambda W, ids: np.eye(5)[ids] @ W, (5, 3), [4, 0])
    30
    """
    tally = [0]
    table = np.empty(shape, object)
    for at in np.ndindex(*shape):
        table[at] = _Counted(float(sum(at)), tally)
    function(table, np.asarray(ids))
    return tally[0]
