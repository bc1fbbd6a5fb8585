"""Regularizers: a penalty on the whole table, added to the loss. Keras's names and formulas.

Each also gives its gradient, because training here has no tape. A penalty on a table is dense:
rows that no batch ever used shrink too.
"""

import math
from typing import Any

import numpy as np

from embedlab.core.table import ShapeError
from embedlab.registry import Registry

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get",
           "serialize"]  # fmt: skip


class Regularizer:
    """What all regularizers share: call one with a table for the penalty, `grad` for its slope.

    Examples
    --------
    >>> L2(0.5)
    L2(l2=0.5)
    """

    def __call__(self, weights: np.ndarray) -> Any:
        """Give the penalty, one number."""
        raise NotImplementedError(
            f"a regularizer must define __call__(weights). {type(self).__name__} does not. "
            "Add the method."
        )

    def grad(self, weights: np.ndarray) -> np.ndarray:
        """Give the gradient of the penalty, in the shape of `weights`."""
        raise NotImplementedError(
            f"training needs grad(weights) of a regularizer. {type(self).__name__} has none. "
            "Add the method: it gives the derivative of the penalty."
        )

    def get_config(self) -> dict[str, Any]:
        """Give the parameters as a dict; `from_config` takes it back."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Regularizer":
        """Give a regularizer with the parameters that `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        told = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({told})"


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
        """Give the penalty in the dtype of `weights`, or float32 for half floats."""
        weights = _wide(weights)
        penalty = weights.dtype.type(0)
        if self.l1:
            penalty += self.l1 * np.sum(np.abs(weights))
        if self.l2:
            penalty += self.l2 * np.sum(np.square(weights))
        return penalty

    def grad(self, weights: np.ndarray) -> np.ndarray:
        """Give ``l1 * sign(w) + 2 * l2 * w``."""
        weights = np.asarray(weights)
        return self.l1 * np.sign(weights) + 2.0 * self.l2 * weights

    def get_config(self) -> dict[str, Any]:
        """Give l1 and l2."""
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """Lasso, ``l1 * sum(abs(w))``: pulls every number to 0 by the same step.

    >>> round(float(L1(0.01)(np.array([[3.0, -4.0]]))), 6)
    0.07
    """

    def __init__(self, l1: float | None = 0.01):
        super().__init__(0.01 if l1 is None else l1, 0.0)

    def get_config(self) -> dict[str, Any]:
        """Give l1."""
        return {"l1": self.l1}


class L2(L1L2):
    """Ridge, ``l2 * sum(w ** 2)``: pulls large numbers harder than small ones.

    >>> float(L2(0.01)(np.array([[3.0, -4.0]])))
    0.25
    """

    def __init__(self, l2: float | None = 0.01):
        super().__init__(0.0, 0.01 if l2 is None else l2)

    def get_config(self) -> dict[str, Any]:
        """Give l2."""
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """Push the rows (or columns) of a table to right angles.

    The penalty is `factor` times the mean absolute cosine between two different rows.

    Where we differ on purpose: a table of one row has no pairs and a penalty of 0 (Keras: NaN).

    Examples
    --------
    >>> penalty = OrthogonalRegularizer(factor=1.0)
    >>> float(penalty(np.eye(3))), round(float(penalty(np.ones((2, 4)))), 6)
    (0.0, 1.0)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor = _factor("factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                "Invalid value for argument `mode`: it must be 'rows' or 'columns'. "
                f"Received {mode!r:.40}. Choose one of these."
            )
        self.mode = mode

    def __call__(self, weights: np.ndarray) -> Any:
        """Give the penalty in the dtype of `weights`, or float32 for half floats."""
        unit, _, pairs = self._unit(weights)
        cosines = unit @ unit.T
        np.fill_diagonal(cosines, 0.0)
        return unit.dtype.type(0.5 * self.factor * np.sum(np.abs(cosines)) / max(pairs, 1))

    def grad(self, weights: np.ndarray) -> np.ndarray:
        """Give the gradient, (V, D): through the cosines, and through the lengths."""
        unit, lengths, pairs = self._unit(weights)
        signs = np.sign(unit @ unit.T)
        np.fill_diagonal(signs, 0.0)
        by_unit = self.factor * (signs @ unit) / max(pairs, 1)
        # A row's own direction changes no cosine: take that part out, and divide by the length.
        along = np.sum(by_unit * unit, axis=1, keepdims=True)
        grad = (by_unit - along * unit) / lengths
        grad = grad if self.mode == "rows" else grad.T
        return grad.astype(np.asarray(weights).dtype, copy=False)

    def _unit(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        weights = _wide(weights)
        if weights.ndim != 2:
            raise ShapeError(
                "Inputs to OrthogonalRegularizer must have rank 2. "
                f"Received shape {weights.shape}. Use it on a table (V, D)."
            )
        rows = weights if self.mode == "rows" else weights.T
        lengths = np.sqrt(np.sum(np.square(rows), axis=1, keepdims=True))
        lengths = np.maximum(lengths, np.finfo(weights.dtype).tiny)  # a row of zeros stays zero
        return rows / lengths, lengths, len(rows) * (len(rows) - 1) // 2

    def get_config(self) -> dict[str, Any]:
        """Give factor and mode."""
        return {"factor": self.factor, "mode": self.mode}


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
    [L1, L1L2, L2, OrthogonalRegularizer],
    {"l1_l2": L1L2, "orthogonal": OrthogonalRegularizer, "Orthogonal": OrthogonalRegularizer},
)


def get(identifier: Any) -> Any:
    """Give the regularizer that a name, dict, class, callable or instance means.

    >>> get("l2")
    L2(l2=0.01)
    """
    return REGISTRY.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Give a dict in Keras's form from which `deserialize` makes an equal regularizer.

    >>> serialize(L1(0.5))["config"]
    {'l1': 0.5}
    """
    return REGISTRY.serialize(regularizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Give the regularizer that a dict describes; nothing in the dict is executed.

    >>> deserialize(serialize(L1(0.5)))
    L1(l1=0.5)
    """
    return REGISTRY.deserialize(config, custom_objects)
