"""Masking: a mask made from the vectors themselves, for sequences that have no ids."""

from typing import Any

import numpy as np

from embedlab.layers.base import Gradients, Layer
from embedlab.layers.input_checks import cast_grad, cast_inputs
from embedlab.layers.symbolic import KerasTensor

__all__ = ["Masking"]


class Masking(Layer):
    """Mark the time steps where any feature differs from `mask_value`; set the others to zero.

    Parameters
    ----------
    mask_value : float
    name, dtype, trainable
        As for every `Layer`.

    Notes
    -----
    A mask that comes in is replaced. Source: ``keras.layers.Masking``.

    Examples
    --------
    >>> steps = np.array([[[1.0, 9.0], [9.0, 9.0]]])
    >>> out, mask = Masking(9.0).call_with_mask(steps)
    >>> out.tolist(), mask.tolist()
    ([[[1.0, 9.0], [0.0, 0.0]]], [[True, False]])
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **options: Any):
        super().__init__(**options)
        self.mask_value = mask_value

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps, and the mask that was made of them."""
        steps = cast_inputs(self, inputs, least=1)
        made = self.compute_mask(steps)
        return np.where(made[..., None], steps, steps.dtype.type(0)), made

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

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return `input_shape`."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "mask_value": self.mask_value}
