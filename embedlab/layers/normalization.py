"""Layer normalization: every sample to mean 0 and variance 1, then scaled and shifted."""

from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import check_in_range
from embedlab.layers.input_checks import cast_grad, cast_inputs, input_width
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable

__all__ = ["LayerNormalization"]


class LayerNormalization(Layer):
    """Normalize over the last axis, then multiply by gamma and add beta.

    ``out = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta``; a mask passes. float16 is
    computed in float32 and rounded once. ShapeError for a last axis that is not known, or not the
    one the layer was built on. Source: ``keras.layers.LayerNormalization``; Ba, Kiros, Hinton 2016,
    section 3.

    Parameters
    ----------
    epsilon : float
        Added to the variance.
    beta_initializer, gamma_initializer : optional
        And the same with regularizer and constraint.
    name, dtype, trainable : as for every `Layer`

    Examples
    --------
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    WEIGHTS: ClassVar = {"gamma": "ones", "beta": "zeros"}
    CONFIG = ("epsilon",)
    BACKWARD_READS = ("gamma",)
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        "axis": -1,
        "center": True,
        "scale": True,
        "rms_scaling": False,
    }
    supports_masking = KEEPS_SHAPE = True
    gamma: Variable
    beta: Variable

    def __init__(self, *, epsilon: float = 1e-3, **options: Any):
        super().__init__(**options)
        self.epsilon = check_in_range(epsilon, "epsilon")

    def build(self, input_shape: Any = None) -> None:
        """Make gamma and beta (D,)."""
        shape = (input_width(self, input_shape, least=1),)
        self.gamma = self.add_named_weight("gamma", shape)
        self.beta = self.add_named_weight("beta", shape)

    def forward(self, inputs: Any) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return the outputs; the inputs with mean 0 and variance 1, and 1 / standard deviation."""
        values = cast_inputs(self, inputs, least=1)
        wide = np.result_type(values, np.float32)
        values = values.astype(wide, copy=False)
        away = values - values.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(np.square(away).mean(axis=-1, keepdims=True) + self.epsilon)
        normed = away * inverse
        out = normed * self.gamma.value.astype(wide) + self.beta.value.astype(wide)
        return out.astype(self.compute_dtype, copy=False), (normed, inverse)

    def backward(self, context: tuple[np.ndarray, np.ndarray], grad: Any) -> Gradients:
        """Return the gradients of the inputs, gamma and beta.

        ``inputs = inverse * (g - mean(g) - normed * mean(g * normed))`` with ``g = grad * gamma``:
        what would only move the mean or the spread is taken out.
        """
        normed, inverse = context
        grad = cast_grad(self, grad, normed.shape).astype(normed.dtype, copy=False)
        others = tuple(range(normed.ndim - 1))
        weights = {"gamma": (grad * normed).sum(axis=others), "beta": grad.sum(axis=others)}
        grad = grad * self.gamma.value.astype(grad.dtype)
        back = grad - grad.mean(axis=-1, keepdims=True)
        back -= normed * (grad * normed).mean(axis=-1, keepdims=True)
        stored = {k: w.astype(self.variable_dtype, copy=False) for k, w in weights.items()}
        return Gradients((inverse * back).astype(self.variable_dtype, copy=False), stored)
