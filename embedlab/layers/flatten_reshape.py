"""Flatten and Reshape: the same numbers in another shape, after which a mask would not fit."""

import math
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import ShapeError, as_numeric_array, check_size, message
from embedlab.layers.input_checks import cast_grad, check_input_shape
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.symbolic import KerasTensor

__all__ = ["Flatten", "Reshape"]


class _NewShape(Layer):
    """The base of both: the numbers stay, in their order."""

    def forward(self, inputs: Any) -> tuple[np.ndarray, tuple[int, ...]]:
        values = as_numeric_array(inputs, f"inputs of {self.name!r}")
        check_input_shape(self, values.shape, least=1)
        if values.dtype.kind == "f":
            values = values.astype(self.compute_dtype, copy=False)
        return values.reshape(self.compute_output_shape(values.shape)), values.shape

    def backward(self, context: tuple[int, ...], grad: Any) -> Gradients:
        grad = cast_grad(self, grad, self.compute_output_shape(context))
        return Gradients(grad.reshape(context), {})

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        dtype = self.compute_dtype if inputs.dtype.startswith("float") else inputs.dtype
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype)


class Flatten(_NewShape):
    """Put all axes but the batch into one: (B, T, D) becomes (B, T * D).

    A mask is lost here. A layer after it that needs its length, such as Dense, needs the length
    of the sequences: ``Embedding(..., input_length=10)``. Source: ``keras.layers.Flatten``.

    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    KERAS_ONLY: ClassVar = {**Layer.KERAS_ONLY, "data_format": "channels_last"}

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, length), with None while one of the lengths is not known."""
        first, *rest = tuple(input_shape)
        return (first, None if None in rest else math.prod(rest))


class Reshape(_NewShape):
    """Return every sample the shape `target_shape`, in the order of its numbers.

    One length may be -1, which takes what is left; the batch is not counted. A mask is lost here.
    ValueError for two times -1, ShapeError for shapes of another size. Source:
    ``keras.layers.Reshape``.

    >>> Reshape((-1, 2))(np.ones((5, 3, 4))).shape
    (5, 6, 2)
    """

    CONFIG = ("target_shape",)

    def __init__(self, target_shape: Any, **options: Any):
        super().__init__(**options)
        target_shape = target_shape if isinstance(target_shape, (tuple, list)) else (target_shape,)
        self.target_shape = tuple(check_size(n, "target_shape", least=-1) for n in target_shape)
        if self.target_shape.count(-1) > 1:
            must = "There must be at most one unknown dimension (-1) in target_shape"
            raise ValueError(message(must, self.target_shape, "Give all lengths but one"))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, *target_shape), with -1 worked out where the lengths are known."""
        first, *rest = tuple(input_shape)
        if None in rest:
            return (first, *(None if n == -1 else n for n in self.target_shape))
        have, target = math.prod(rest), math.prod(n for n in self.target_shape if n != -1)
        free = -1 in self.target_shape
        if have % target if free and target else have != target:
            must = "The total size of the tensor must be unchanged"
            received = f"input_shape={tuple(rest)}, target_shape={self.target_shape}"
            raise ShapeError(message(must, received, f"Choose lengths whose product is {have}"))
        filled = have // target if free and target else 0
        return (first, *(filled if n == -1 else n for n in self.target_shape))
