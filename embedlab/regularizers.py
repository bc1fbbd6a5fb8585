"""Regularizers: a penalty on the whole table, added to the loss. Keras's names and formulas.

Each also gives its gradient, because training here has no tape. A penalty on a table is dense:
rows that no batch ever used shrink too, also with lazy updates.
"""

from typing import Any

import numpy as np

from embedlab.core.checks import check_in_range
from embedlab.registry import Configured, Registry, not_defined, refuse_missing

__all__ = ["L1", "L1L2", "L2", "Regularizer", "deserialize", "get", "serialize"]

_KERAS_ONLY_NAMES = "Orthogonal OrthogonalRegularizer"
__getattr__ = refuse_missing(__name__, _KERAS_ONLY_NAMES)


class Regularizer(Configured):
    """The base of all regularizers: call one for the penalty, `grad` for its gradient."""

    def __call__(self, weights: np.ndarray) -> Any:
        """Return the penalty, one number."""
        raise not_defined(self, "__call__(weights)")

    def grad(self, weights: np.ndarray) -> np.ndarray:
        """Return the gradient of the penalty, in the shape of `weights`."""
        raise not_defined(self, "grad(weights) to be trained")


class L1L2(Regularizer):
    """Both penalties: ``l1 * sum(abs(w)) + l2 * sum(w ** 2)``; None means 0.

    >>> table = np.array([[3.0, -4.0]])
    >>> float(L1L2(l1=1.0, l2=2.0)(table))
    57.0
    >>> L1L2(l1=1.0, l2=2.0).grad(table).tolist()
    [[13.0, -17.0]]
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1 = check_in_range(0.0 if l1 is None else l1, "l1")
        self.l2 = check_in_range(0.0 if l2 is None else l2, "l2")

    def __call__(self, weights: np.ndarray) -> Any:
        """Return the penalty in the dtype of `weights`, or float32 for half floats."""
        weights = np.asarray(weights)
        if weights.dtype.char == "e":  # squares and sums leave the range of half floats
            weights = weights.astype(np.float32)
        penalty = weights.dtype.type(0)
        if self.l1:
            penalty += self.l1 * np.sum(np.abs(weights))
        if self.l2:
            penalty += self.l2 * np.sum(np.square(weights))
        return penalty

    def grad(self, weights: np.ndarray) -> np.ndarray:
        """Return ``l1 * sign(w) + 2 * l2 * w``."""
        weights = np.asarray(weights)
        return self.l1 * np.sign(weights) + 2.0 * self.l2 * weights


class L1(L1L2):
    """Lasso, ``l1 * sum(abs(w))``: pulls every number to 0 by the same step."""

    def __init__(self, l1: float | None = 0.01):
        super().__init__(0.01 if l1 is None else l1, 0.0)


class L2(L1L2):
    """Ridge, ``l2 * sum(w ** 2)``: pulls large numbers harder than small ones."""

    def __init__(self, l2: float | None = 0.01):
        super().__init__(0.0, 0.01 if l2 is None else l2)


REGISTRY = Registry(
    "regularizer", "keras.regularizers", [L1, L1L2, L2], {"l1_l2": L1L2}, _KERAS_ONLY_NAMES
)
get, serialize, deserialize = REGISTRY.get, REGISTRY.serialize, REGISTRY.deserialize
