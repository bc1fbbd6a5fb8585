"""Dense: every output is a weighted sum of all inputs."""

from typing import Any, ClassVar

import numpy as np

from embedlab import activations
from embedlab.core.checks import check_flag, check_size
from embedlab.layers.input_checks import cast_grad, cast_inputs, input_width
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable

__all__ = ["Dense"]


class Dense(Layer):
    """Multiply by a kernel (D, units), add a bias (units,), apply an activation.

    ``out = activation(inputs @ kernel + bias)`` over the last axis; a mask passes. ShapeError for
    inputs whose last axis is not known (the message names ``input_length``) or differs from the one
    the layer was built on. Source: ``keras.layers.Dense``.

    Parameters
    ----------
    units : int
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : optional
        And the same with regularizer and constraint.
    name, dtype, trainable : as for every `Layer`

    Examples
    --------
    >>> layer = Dense(2, "relu", kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[6.0, 6.0]]
    """

    WEIGHTS: ClassVar = {"kernel": "glorot_uniform", "bias": "zeros"}
    CONFIG = ("units", "activation", "use_bias")
    BACKWARD_READS = ("kernel",)
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        **dict.fromkeys(("lora_rank", "lora_alpha", "quantization_config")),
    }
    supports_masking = True
    kernel: Variable
    bias: Variable | None

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True, **options: Any):
        super().__init__(**options)
        self.units = check_size(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = check_flag(use_bias, "use_bias")
        if not self.use_bias:
            self.bias = None

    def build(self, input_shape: Any = None) -> None:
        """Make the kernel (D, units) and the bias (units,); ShapeError while D is unknown."""
        width = input_width(self, input_shape, least=2)
        self.kernel = self.add_named_weight("kernel", (width, self.units))
        if self.use_bias:
            self.bias = self.add_named_weight("bias", (self.units,))

    def forward(self, inputs: Any) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return the outputs (..., units); and the inputs and the sums before the activation."""
        inputs = cast_inputs(self, inputs, least=2)
        sums = inputs @ self.in_compute_dtype(self.kernel)
        if self.bias is not None:
            sums += self.in_compute_dtype(self.bias)
        out = self.activation(sums)
        return (out.copy() if out is sums else out), (inputs, sums)

    def backward(self, context: tuple[np.ndarray, np.ndarray], grad: Any) -> Gradients:
        """Return the gradients of the inputs, the kernel and the bias.

        ``inputs = g @ kernel.T``, ``kernel = inputs.T @ g``, ``bias = sum of g``, where g, (...,
        units), has come back through the activation.
        """
        dtype = self.dtype_policy.variable
        inputs, sums = (array.astype(dtype, copy=False) for array in context)
        grad = cast_grad(self, grad, sums.shape)
        grad = activations.gradient(self.activation, sums, self.activation(sums), grad)
        flat = grad.reshape(-1, self.units)  # (N, units)
        weights = {"kernel": inputs.reshape(len(flat), inputs.shape[-1]).T @ flat}
        if self.use_bias:
            weights["bias"] = flat.sum(axis=0)
        return Gradients(grad @ self.kernel.value.T, weights)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (..., units) for inputs (..., D)."""
        return (*tuple(input_shape)[:-1], self.units)

    def __repr__(self) -> str:
        return f"Dense({self.units} units)"
