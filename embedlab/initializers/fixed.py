"""Initializers that draw nothing: a constant, zeros, ones, the identity matrix."""

from typing import Any

import numpy as np

from embedlab.core.table import ShapeError
from embedlab.initializers.room import room

__all__ = ["Constant", "Identity", "Initializer", "Ones", "Zeros"]


class Initializer:
    """What all initializers share: call one with a shape and it gives an array.

    Examples
    --------
    >>> Zeros()((2, 3)).shape
    (2, 3)
    >>> Constant(3.0)
    Constant(value=3.0)
    """

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give a new array of `shape` and `dtype` ("float32" unless told)."""
        raise NotImplementedError(
            f"an initializer must define __call__(shape, dtype). {type(self).__name__} does not. "
            "Add the method."
        )

    def get_config(self) -> dict[str, Any]:
        """Give the parameters as a dict; `from_config` takes it back."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Initializer":
        """Give an initializer with the parameters that `get_config` gave."""
        return cls(**config)

    def clone(self) -> "Initializer":
        """Give an equal initializer; one without a seed draws a new one."""
        return type(self).from_config(self.get_config())

    def __repr__(self) -> str:
        told = {k: v for k, v in self.get_config().items() if v is not None}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in told.items())})"


class Constant(Initializer):
    """Fill with one number, or with an array that broadcasts to the shape.

    Examples
    --------
    >>> Constant(0.5)((1, 2)).tolist()
    [[0.5, 0.5]]
    >>> Constant([1.0, 2.0])((2, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value: Any = 0.0):
        if isinstance(value, dict):  # the form in which Keras writes an array into a config
            value = np.asarray(value["config"]["value"], value["config"]["dtype"])
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise ValueError(
                f"value must be a number or an array of numbers. Received {value!r:.40}. "
                "Pass for example Constant(0.5)."
            )
        self.value = value if array.ndim == 0 else array

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give an array of `shape`; ShapeError when the value does not broadcast to it."""
        try:
            value = np.broadcast_to(self.value, shape)
        except ValueError as error:
            raise ShapeError(
                f"value must broadcast to the shape of the weights, {tuple(shape)}. "
                f"Received shape {np.shape(self.value)}. Pass one number, or one for each weight."
            ) from error
        out = room(shape, dtype or "float32")
        out[...] = value
        return out

    def get_config(self) -> dict[str, Any]:
        """Give {"value": number or nested list}."""
        array = np.asarray(self.value)
        return {"value": array.tolist()}


class Zeros(Initializer):
    """Fill with 0.

    >>> Zeros()((1, 2)).tolist()
    [[0.0, 0.0]]
    """

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give an array of `shape` full of 0."""
        return room(shape, dtype or "float32")


class Ones(Initializer):
    """Fill with 1.

    >>> Ones()((1, 2)).tolist()
    [[1.0, 1.0]]
    """

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give an array of `shape` full of 1."""
        out = room(shape, dtype or "float32")
        out[...] = 1
        return out


class Identity(Initializer):
    """Put `gain` on the diagonal of a matrix (V, D) and 0 elsewhere.

    Where we differ on purpose: the config keeps `gain` (Keras 3.15 forgets it).

    >>> Identity(2.0)((2, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give a matrix; ShapeError unless `shape` has two axes."""
        if len(shape) != 2:
            raise ShapeError(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received shape {tuple(shape)}. Choose another initializer."
            )
        return (self.gain * np.eye(*shape)).astype(dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        """Give {"gain": number}."""
        return {"gain": self.gain}
