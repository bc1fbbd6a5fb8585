"""What an optimizer keeps for a variable: arrays of its shape, also when it is resized."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Kept", "cut"]


@dataclasses.dataclass
class Kept:
    """What an optimizer keeps for a variable, and how often that was resized so far.

    Attributes
    ----------
    variable : Variable
        Kept too, so that its id stays its own.
    arrays : dict of str to ndarray
    resized : int
    """

    variable: Any
    arrays: dict[str, np.ndarray]
    resized: int

    def in_shape(self, fresh: Callable[[str, Any], np.ndarray]) -> dict[str, np.ndarray]:
        """Give the arrays in the shape that the variable has now: new rows come from `fresh`.

        >>> from embedlab.layers import Variable
        >>> table = Variable([[1.0], [2.0]])
        >>> kept = Kept(table, {"momentum": np.array([[5.0], [6.0]])}, 0)
        >>> table.replace(np.array([[1.0], [3.0], [4.0]])[:1])
        >>> table.replace(np.ones((3, 1)))
        >>> kept.in_shape(lambda slot, variable: variable.like(0.0))["momentum"].ravel().tolist()
        [5.0, 0.0, 0.0]
        """
        rows = cut(self.variable, self.resized)
        if rows is not None:
            for slot, old in self.arrays.items():
                self.arrays[slot] = fresh(slot, self.variable)
                self.arrays[slot][rows] = old[rows]
            self.resized = len(self.variable.resized)
        return self.arrays


def cut(variable: Any, resized: int) -> tuple[slice, ...] | None:
    """Give the part of a variable that has stayed since its first `resized` resizings, or None.

    None is all of it.
    """
    since = variable.resized[resized:]
    if not since:
        return None
    axis, stayed = since[0][0], min(length for _, length in since)
    return (slice(None),) * axis + (slice(stayed),)
