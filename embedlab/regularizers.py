"""Regularizers: a penalty on the whole table, added to the loss. Keras's names and formulas.

Each also gives its gradient, because training here has no tape. A penalty on a table is dense:
rows that no batch ever used shrink too, also with lazy updates.
"""

import math
from typing import Any

import numpy as np

from embedlab.registry import Registry, missing_attribute

__all__ = ["L1", "L1L2", "L2", "Regularizer", "deserialize", "get", "serialize"]

_KERAS_ONLY_NAMES = ("Orthogonal", "OrthogonalRegularizer")


def __getattr__(name: str) -> Any:
    raise missing_attribute(__name__, name, _KERAS_ONLY_NAMES)


class Regularizer:
    """The base of all regularizers: call one with a table for the penalty, `grad` for its gradient.

    Examples
    --------
    >>> L2(0.5)
    L2(l2=0.5)
    """

    def __call__(self, weights: np.ndarray) -> Any:
        """Return the penalty, one number."""
        raise NotImplementedError(
            f"a regularizer must define __call__(weights). {type(self).__name__} does not. "
            "Add the method."
        )

    def grad(self, weights: np.ndarray) -> np.ndarray:
        """Return the gradient of the penalty, in the shape of `weights`."""
        raise NotImplementedError(
            f"training needs grad(weights) of a regularizer. {type(self).__name__} has none. "
            "Add the method: it returns the derivative of the penalty."
        )

    def get_config(self) -> dict[str, Any]:
        """Return the parameters as a dict; `from_config` takes it back."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Regularizer":
        """Return a regularizer with the parameters that `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        config = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({config})"


class L1L2(Regularizer):
    """Both penalties: ``l1 * sum(abs(w)) + l2 * sum(w ** 2)``.

    Examples
    --------
    >>> table = np.array([[3.0, -4.0]])
    >>> float(L1L2(l1=1.0, l2=2.0)(table))
    57.0
    >>> L1L2(l1=1.0, l2=2.0).grad(table).tolist()
    [[13.0, -17.0]]
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1, self.l2 = _factor("l1", l1), _factor("l2", l2)

    def __call__(self, weights: np.ndarray) -> Any:
        """Return the penalty in the dtype of `weights`, or float32 for half floats."""
        weights = _wide(weights)
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

    def get_config(self) -> dict[str, Any]:
        """Return l1 and l2."""
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """Lasso, ``l1 * sum(abs(w))``: pulls every number to 0 by the same step.

    >>> round(float(L1(0.01)(np.array([[3.0, -4.0]]))), 6)
    0.07
    """

    def __init__(self, l1: float | None = 0.01):
        super().__init__(0.01 if l1 is None else l1, 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return l1."""
        return {"l1": self.l1}


class L2(L1L2):
    """Ridge, ``l2 * sum(w ** 2)``: pulls large numbers harder than small ones.

    >>> float(L2(0.01)(np.array([[3.0, -4.0]])))
    0.25
    """

    def __init__(self, l2: float | None = 0.01):
        super().__init__(0.0, 0.01 if l2 is None else l2)

    def get_config(self) -> dict[str, Any]:
        """Return l2."""
        return {"l2": self.l2}


def _wide(weights: Any) -> np.ndarray:
    weights = np.asarray(weights)  # squares and sums leave the range of half floats
    return weights.astype(np.float32) if weights.dtype.char == "e" else weights


def _factor(name: str, value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        number = math.nan
    else:
        number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(
            f"Invalid value for argument {name}: expected a non-negative float. "
            f"Received {value!r:.40}. Pass for example 0.01."
        )
    return number


REGISTRY = Registry(
    "regularizer",
    "keras.regularizers",
    [L1, L1L2, L2],
    {"l1_l2": L1L2},
    keras_only=_KERAS_ONLY_NAMES,
)


def get(identifier: Any) -> Any:
    """Return the regularizer that a name, dict, class, callable or instance means.

    >>> get("l2")
    L2(l2=0.01)
    """
    return REGISTRY.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Return a dict in Keras's form from which `deserialize` makes an equal regularizer.

    >>> serialize(L1(0.5))["config"]
    {'l1': 0.5}
    """
    return REGISTRY.serialize(regularizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the regularizer that a dict describes; nothing in the dict is executed.

    >>> deserialize(serialize(L1(0.5)))
    L1(l1=0.5)
    """
    return REGISTRY.deserialize(config, custom_objects)
