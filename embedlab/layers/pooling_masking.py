"""Masking, and pooling over time: where a mask is made, and where it is consumed."""

from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import message, short_repr
from embedlab.core.mask import as_mask, grad_masked_max, grad_masked_mean, masked_max, masked_mean
from embedlab.layers.input_checks import cast_grad, cast_inputs, check_input_shape
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.symbolic import KerasTensor

__all__ = ["GlobalAveragePooling1D", "GlobalMaxPooling1D", "Masking"]


class Masking(Layer):
    """Mark the time steps where any feature differs from `mask_value`; set the others to zero.

    A mask that comes in is replaced. Source: ``keras.layers.Masking``.

    >>> steps = np.array([[[1.0, 9.0], [9.0, 9.0]]])
    >>> out, mask, _ = Masking(9.0).forward_with_mask(steps)
    >>> out.tolist(), mask.tolist()
    ([[[1.0, 9.0], [0.0, 0.0]]], [[True, False]])
    """

    CONFIG = ("mask_value",)
    supports_masking = KEEPS_SHAPE = True

    def __init__(self, mask_value: float = 0.0, **options: Any):
        super().__init__(**options)
        if not isinstance(mask_value, (int, float, np.number)):  # NaN too
            must = "mask_value must be a number"
            raise ValueError(message(must, short_repr(mask_value), "Pass for example 0.0"))
        self.mask_value = mask_value

    def forward(self, inputs: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps, and the mask made from them."""
        steps = cast_inputs(self, inputs, least=1)
        mask = self.compute_mask(steps)
        return np.where(mask[..., None], steps, steps.dtype.type(0)), mask

    def backward(self, context: np.ndarray, grad: Any) -> Gradients:
        """Return the gradient of the inputs: nothing at the steps that were set to zero."""
        grad = np.asarray(grad)
        grad = cast_grad(self, grad, (*context.shape, *grad.shape[context.ndim :]))
        return Gradients(np.where(context[..., None], grad, grad.dtype.type(0)), {})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return True where any feature of a step differs from `mask_value`."""
        if isinstance(inputs, KerasTensor):
            return KerasTensor(inputs.shape[:-1], "bool")
        steps = np.asarray(inputs, self.compute_dtype)
        return np.any(steps != steps.dtype.type(self.mask_value), axis=-1)


class _GlobalPooling1D(Layer):
    """The base of both: (B, T, D) becomes (B, D)."""

    KERAS_ONLY: ClassVar = {**Layer.KERAS_ONLY, "data_format": "channels_last", "keepdims": False}

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        check_input_shape(self, tuple(input_shape), ndim=3)
        rows, _, columns = input_shape
        return rows, columns


class GlobalAveragePooling1D(_GlobalPooling1D):
    """Return the mean over time, of the words only where a mask says so.

    ``out = sum of the words / how many``; the mask is consumed. On purpose different: a sequence
    of padding alone gives 0 (Keras: NaN). Source: ``keras.layers.GlobalAveragePooling1D``.

    >>> layer = GlobalAveragePooling1D()
    >>> layer([[[1.0], [3.0], [9.0]]], mask=[[True, True, False]]).tolist()
    [[2.0]]
    """

    supports_masking = True
    consumes_mask = True

    def forward(self, inputs: Any, mask: Any = None) -> tuple[np.ndarray, tuple[np.ndarray, int]]:
        """Return the means; and the mask and D, which are all that `backward` needs."""
        values = cast_inputs(self, inputs, ndim=3)
        shape = values.shape[:2]
        words = np.ones(shape, bool) if mask is None else as_mask(mask, shape).copy()
        return masked_mean(values, words), (words, values.shape[2])

    def backward(self, context: tuple[np.ndarray, int], grad: Any) -> Gradients:
        """Return the gradient of the inputs: an equal share for every word, 0 for the padding."""
        words, columns = context
        grad = cast_grad(self, grad, (len(words), columns))
        return Gradients(grad_masked_mean(words, grad), {})

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the mask is consumed."""


class GlobalMaxPooling1D(_GlobalPooling1D):
    """Return the maximum over time, feature by feature.

    It does not support masks, as in Keras: padding can win here, and a mask is lost. Of equals the
    first gets the whole gradient. Source: ``keras.layers.GlobalMaxPooling1D``.

    >>> GlobalMaxPooling1D()([[[1.0, 5.0], [3.0, 2.0]]]).tolist()
    [[3.0, 5.0]]
    """

    def forward(self, inputs: Any) -> tuple[np.ndarray, tuple[np.ndarray, int]]:
        """Return the maxima; the step of each (the first of equals), (B, D) int64, and T."""
        values = cast_inputs(self, inputs, ndim=3)
        out, at = masked_max(values)
        return out, (at, values.shape[1])

    def backward(self, context: tuple[np.ndarray, int], grad: Any) -> Gradients:
        """Return the gradient of the inputs: everything to the step of the maximum."""
        at, steps = context
        return Gradients(grad_masked_max(at, cast_grad(self, grad, at.shape), steps), {})
