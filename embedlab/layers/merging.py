"""Layers that make one tensor of several: a sum, a mean, a product, or all side by side."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.symbolic import KerasTensor

__all__ = ["Add", "Average", "Concatenate", "Multiply"]


class _Merge(Layer):
    supports_masking = True

    def _build_on(self, inputs: Any) -> None:
        self.build([np.shape(part) for part in inputs])

    def _ready(self, inputs: Any) -> list[np.ndarray]:
        parts = [np.asarray(part, self.compute_dtype) for part in self._several(inputs)]
        self.compute_output_shape([part.shape for part in parts])  # refuses what does not fit
        return parts

    def _several(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(
                f"A merge layer should be called on a list of at least 2 inputs. Received "
                f"{type(inputs).__name__} by {self.name}. Pass a list of tensors."
            )
        return list(inputs)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the placeholder of the result for a list of placeholders."""
        shape = self.compute_output_shape([part.shape for part in self._several(inputs)])
        return KerasTensor(shape, self.compute_dtype)


class _Elementwise(_Merge):
    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the common shape; ShapeError unless all are equal."""
        shapes = [tuple(shape) for shape in input_shape]
        merged: list[Any] = list(shapes[0])
        for shape in shapes[1:]:
            if len(shape) != len(merged) or any(
                None not in pair and pair[0] != pair[1] for pair in zip(shape, merged, strict=True)
            ):
                raise ShapeError(
                    f"{type(self).__name__} needs inputs of one shape. Received {shapes}. "
                    "Reshape them, or use Concatenate."
                )
            merged = [b if a is None else a for a, b in zip(merged, shape, strict=True)]
        return tuple(merged)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return True where every mask that came says so."""
        masks = [m for m in mask or [] if m is not None]
        if not masks or isinstance(masks[0], KerasTensor):
            return masks[0] if masks else None
        return np.logical_and.reduce([np.asarray(m, bool) for m in masks])


class Add(_Elementwise):
    """The sum of the inputs.

    >>> Add()([np.array([1.0]), np.array([2.0])]).tolist()
    [3.0]
    """

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the sum; the context is how many there were."""
        parts = self._ready(inputs)
        return sum(parts[1:], parts[0]), len(parts)

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradient to every input."""
        return Gradients([np.asarray(grad)] * context, {})


class Average(_Elementwise):
    """The mean of the inputs.

    >>> Average()([np.array([1.0]), np.array([2.0])]).tolist()
    [1.5]
    """

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the mean; the context is how many there were."""
        parts = self._ready(inputs)
        return sum(parts[1:], parts[0]) / len(parts), len(parts)

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return every input its share."""
        return Gradients([np.asarray(grad) / context] * context, {})


class Multiply(_Elementwise):
    """The product of the inputs.

    >>> Multiply()([np.array([3.0]), np.array([2.0])]).tolist()
    [6.0]
    """

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the product; the context is what was multiplied."""
        parts = [part.copy() for part in self._ready(inputs)]
        return np.multiply.reduce(parts), parts

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return every input the gradient times all others."""
        others = [context[:n] + context[n + 1 :] for n in range(len(context))]
        return Gradients([np.multiply.reduce([np.asarray(grad), *rest]) for rest in others], {})


class Concatenate(_Merge):
    """The inputs side by side along an axis.

    >>> Concatenate()([np.array([[1.0]]), np.array([[2.0, 3.0]])]).tolist()
    [[1.0, 2.0, 3.0]]
    """

    def __init__(self, axis: int = -1, **options: Any):
        super().__init__(**options)
        self.axis = axis

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape with the lengths along the axis added up; ShapeError for others."""
        shapes = [list(shape) for shape in input_shape]
        merged = list(shapes[0])
        for shape in shapes[1:]:
            differ = [
                a != b and None not in (a, b) and n != self.axis % len(merged)
                for n, (a, b) in enumerate(zip(merged, shape, strict=False))
            ]
            if len(shape) != len(merged) or any(differ):
                raise ShapeError(
                    "A `Concatenate` layer requires inputs with matching shapes except for the "
                    f"concatenation axis. Received {shapes}. Choose another axis."
                )
        lengths = [shape[self.axis] for shape in shapes]
        merged[self.axis] = None if None in lengths else sum(lengths)
        return tuple(merged)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the masks side by side (along time), or True where all say so (along features)."""
        masks = list(mask or [])
        if not any(m is not None for m in masks):
            return None
        if any(isinstance(m, KerasTensor) for m in masks):
            return next(m for m in masks if m is not None)
        shapes = [np.shape(part) for part in inputs]
        full = [
            np.ones(s[:2], bool) if m is None else np.asarray(m, bool)
            for m, s in zip(masks, shapes, strict=True)
        ]
        if self.axis % len(shapes[0]) == 1:
            return np.concatenate(full, axis=1)
        return np.logical_and.reduce(full)

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return all side by side; the context is where each begins."""
        parts = self._ready(inputs)
        cuts = np.cumsum([part.shape[self.axis] for part in parts])[:-1]
        return np.concatenate(parts, axis=self.axis), cuts

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return every input its part of the gradient."""
        return Gradients(np.split(np.asarray(grad), context, axis=self.axis), {})

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "axis": self.axis}
