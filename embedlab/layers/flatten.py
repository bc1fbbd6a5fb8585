"""Flatten: all numbers of a sample in one row, after which no position is left to mask."""

import math
from typing import Any

import numpy as np

from embedlab.layers.base import Gradients, Layer
from embedlab.layers.input_checks import as_data_format, cast_floats, cast_grad
from embedlab.layers.symbolic import KerasTensor

__all__ = ["Flatten"]


class Flatten(Layer):
    """Put all axes but the batch into one: (B, T, D) becomes (B, T * D).

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        "channels_first" moves axis 1 to the end before.
    name, dtype, trainable
        As for every `Layer`.

    Notes
    -----
    A mask is lost here. A layer after it that needs its length, such as Dense, needs the length
    of the sequences: ``Embedding(..., input_length=10)``. Source: ``keras.layers.Flatten``.

    Examples
    --------
    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    >>> Flatten().compute_output_shape((None, None, 4))
    (None, None)
    """

    def __init__(self, data_format: str | None = None, **options: Any):
        super().__init__(**options)
        self.data_format = as_data_format(data_format)

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the rows, and the shape that they had."""
        values = cast_floats(self, inputs)
        if self._moves(values.ndim):
            values = np.moveaxis(values, 1, -1)
        rows = values.reshape(values.shape[0], math.prod(values.shape[1:]))
        return rows, values.shape

    def backward(self, context: tuple[int, ...], grad: Any) -> Gradients:
        """Return the gradient of the inputs: the same numbers in their old places."""
        grad = cast_grad(self, grad, (context[0], math.prod(context[1:]))).reshape(context)
        return Gradients(np.moveaxis(grad, -1, 1) if self._moves(grad.ndim) else grad, {})

    def _moves(self, ndim: int) -> bool:
        return self.data_format == "channels_first" and ndim > 2

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return (B, length), with None while one of the lengths is not known."""
        first, *rest = tuple(input_shape)
        return (first, None if None in rest else math.prod(rest))

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """Return the placeholder of the outputs; the dtype stays."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "data_format": self.data_format}
