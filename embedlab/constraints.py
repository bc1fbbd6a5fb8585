"""Constraints: what a table must satisfy after every step. Keras's names and formulas.

Keras's default, ``axis=0``, limits the length of every *column* of a table (V, D): one number per
feature. To limit every word vector, say ``axis=1`` or ``axis="rows"``.
"""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_in_range, check_number, message, short_repr
from embedlab.registry import Configured, Registry, not_defined

EPSILON = 1e-7
"""Added to every length, as in Keras, so that a row of zeros divides by something."""


class Constraint(Configured):
    """The base of all constraints: call one with a table for the nearest allowed table."""

    axis: Any = ()

    def __call__(self, weights: Any) -> np.ndarray:
        """Return a new array of the same shape and dtype that satisfies the constraint."""
        weights = np.asarray(weights)
        self.check_shape(weights.shape)
        half = weights.dtype.char == "e"  # squares and quotients leave the range of half floats
        projected = self._project(weights.astype(np.float32) if half else weights)
        return projected.astype(weights.dtype, copy=False)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise ShapeError where weights of `shape` lack an axis of the constraint."""
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        if not all(-len(shape) <= axis < len(shape) for axis in axes):
            must = f"axis must be one of the {len(shape)} axes of the weights"
            raise ShapeError(message(must, self.axis, "Pass 0 or 1 for a table"))

    def _project(self, weights: np.ndarray) -> np.ndarray:
        """Return the array that `__call__` rounds back to the dtype it came in."""
        raise not_defined(self, "__call__(weights)")


class NonNeg(Constraint):
    """No number below 0: those that are become 0.

    >>> NonNeg()(np.array([[-1.0, 2.0]])).tolist()
    [[-0.0, 2.0]]
    """

    def _project(self, weights: np.ndarray) -> np.ndarray:
        return weights * (weights >= 0).astype(weights.dtype)


class MaxNorm(Constraint):
    """No column (``axis=0``) or row (``axis=1``) longer than `max_value`.

    >>> MaxNorm(1.0, axis="rows")(np.array([[3.0, 4.0], [0.3, 0.4]])).round(6).tolist()
    [[0.6, 0.8], [0.3, 0.4]]
    """

    def __init__(self, max_value: float = 2, axis: Any = 0):
        self.max_value, self.axis = check_in_range(max_value, "max_value"), _axis(axis)

    def _project(self, weights: np.ndarray) -> np.ndarray:
        lengths = _lengths(weights, self.axis)
        return weights * (np.clip(lengths, 0, self.max_value) / (EPSILON + lengths))


class UnitNorm(Constraint):
    """Every column (``axis=0``) or row (``axis=1``) of length 1.

    >>> UnitNorm(axis="rows")(np.array([[3.0, 4.0]])).round(6).tolist()
    [[0.6, 0.8]]
    """

    def __init__(self, axis: Any = 0):
        self.axis = _axis(axis)

    def _project(self, weights: np.ndarray) -> np.ndarray:
        lengths = _lengths(weights, self.axis)
        return weights / (EPSILON + lengths)


class MinMaxNorm(Constraint):
    """Every column or row between two lengths; a `rate` below 1 goes only part of the way.

    >>> MinMaxNorm(1.0, 2.0, axis="rows")(np.array([[0.3, 0.4]])).round(6).tolist()
    [[0.6, 0.8]]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ):
        self.min_value = check_in_range(min_value, "min_value")
        self.max_value = check_in_range(max_value, "max_value")
        self.rate, self.axis = check_number(rate, "rate"), _axis(axis)

    def _project(self, weights: np.ndarray) -> np.ndarray:
        lengths = _lengths(weights, self.axis)
        inside = np.clip(lengths, self.min_value, self.max_value)
        target = self.rate * inside + (1 - self.rate) * lengths
        return weights * (target / (EPSILON + lengths))


def _lengths(weights: np.ndarray, axis: Any) -> np.ndarray:
    return np.sqrt(np.sum(np.square(weights), axis=axis, keepdims=True))


def _axis(axis: Any) -> Any:
    if isinstance(axis, str) and axis in ("rows", "columns"):
        return 1 if axis == "rows" else 0
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
    if not all(isinstance(a, (int, np.integer)) and not isinstance(a, bool) for a in axes):
        must, do = ("axis must be an integer, 'rows' or 'columns'", "Pass 1 to limit each row")
        raise ValueError(message(must, short_repr(axis), do))
    return axes if isinstance(axis, (list, tuple)) else int(axis)


REGISTRY = Registry(
    "constraint",
    "keras.constraints",
    [MaxNorm, MinMaxNorm, NonNeg, UnitNorm],
    {"maxnorm": MaxNorm, "nonneg": NonNeg, "unitnorm": UnitNorm},
)
get, serialize, deserialize = REGISTRY.get, REGISTRY.serialize, REGISTRY.deserialize

__all__ = [*REGISTRY.classes, "Constraint", "deserialize", "get", "serialize"]
