"""Dense: every output is a weighted sum of all inputs."""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from embedlab import activations
from embedlab.core.checks import check_size
from embedlab.layers.input_checks import (
    cast_grad,
    cast_inputs,
    check_input_shape,
    require_axis_length,
)
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable

__all__ = ["Dense", "DenseContext"]


class DenseContext(NamedTuple):
    """The context that `Dense.backward` needs.

    Attributes
    ----------
    inputs : ndarray, (..., D)
    sums : ndarray, (..., units)
        Before the activation; a copy of their own.
    """

    inputs: np.ndarray
    sums: np.ndarray


class Dense(Layer):
    """Multiply by a kernel (D, units), add a bias (units,), apply an activation.

    Parameters
    ----------
    units : int
    activation : str or callable, optional
        See `embedlab.activations`; None means none.
    use_bias : bool
    kernel_initializer, bias_initializer : optional
    kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint : optional
    name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For units that are no positive integer, and inputs whose last axis is not known (the
        message names ``input_length``) or differs from the one the layer was built on.

    Notes
    -----
    ``out = activation(inputs @ kernel + bias)`` over the last axis; a mask passes.
    Source: ``keras.layers.Dense``.

    Examples
    --------
    >>> layer = Dense(2, "relu", kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[6.0, 6.0]]
    """

    WEIGHT_NAMES = ("kernel", "bias")
    supports_masking = True
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        "lora_rank": None,
        "lora_alpha": None,
        "quantization_config": None,
    }
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ):
        super().__init__(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **options,
        )
        self.units = check_size(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        if not self.use_bias:
            self.bias = None

    def build(self, input_shape: Any = None) -> None:
        """Make the kernel (D, units) and the bias (units,); ShapeError while D is unknown."""
        check_input_shape(self, input_shape, least=2)
        self.kernel = self.add_named_weight(
            "kernel", (require_axis_length(self, input_shape), self.units)
        )
        if self.use_bias:
            self.bias = self.add_named_weight("bias", (self.units,))

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, DenseContext]:
        """Return the outputs (..., units), and the context that `backward` needs."""
        last = self.kernel.shape[0] if self.built else None
        inputs = cast_inputs(self, inputs, least=2, last=last)
        if not self.built:
            self.build(inputs.shape)
        sums = inputs @ self.in_compute_dtype(self.kernel)
        if self.bias is not None:
            sums += self.in_compute_dtype(self.bias)
        out = self.activation(sums)
        return (out.copy() if out is sums else out), DenseContext(inputs, sums)

    def backward(self, context: DenseContext, grad: Any) -> Gradients:
        """Return the gradients of the inputs, the kernel and the bias.

        Parameters
        ----------
        context : DenseContext
        grad : array_like, (..., units)

        Returns
        -------
        Gradients
            ``inputs = g @ kernel.T``, ``kernel = inputs.T @ g``, ``bias = sum of g``, where g has
            come back through the activation.
        """
        inputs, sums = (a.astype(self.variable_dtype, copy=False) for a in context)
        grad = cast_grad(self, grad, sums.shape)
        grad = activations.gradient(self.activation, sums, self.activation(sums), grad)
        flat = grad.reshape(-1, self.units)  # (N, units)
        weights = {"kernel": inputs.reshape(-1, inputs.shape[-1]).T @ flat}
        if self.use_bias:
            weights["bias"] = flat.sum(axis=0)
        return Gradients(grad @ self.kernel.value.T, weights)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (..., units) for inputs (..., D).

        >>> Dense(4).compute_output_shape((None, 10, 3))
        (None, 10, 4)
        """
        return (*tuple(input_shape)[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "activation": activations.serialize(self.activation),
        }

    def __repr__(self) -> str:
        return f"Dense({self.units} units)"
