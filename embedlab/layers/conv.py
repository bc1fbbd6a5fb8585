"""Conv1D: one small kernel slides along time. It mixes neighboring steps, so a mask is lost."""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from embedlab import activations
from embedlab.core.checks import ShapeError, check_size
from embedlab.layers.input_checks import (
    cast_grad,
    cast_inputs,
    check_input_shape,
    require_axis_length,
)
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable
from embedlab.registry import left_to_keras

__all__ = ["Conv1D", "ConvContext"]


class ConvContext(NamedTuple):
    """The context that `Conv1D.backward` needs.

    Attributes
    ----------
    padded : ndarray, (B, T + padding, C)
    sums : ndarray, (B, To, filters)
        Before the activation.
    left, length : int
        Where the inputs begin in `padded`, and their T.
    """

    padded: np.ndarray
    sums: np.ndarray
    left: int
    length: int


class Conv1D(Layer):
    """Slide `filters` kernels of `kernel_size` time steps along a sequence.

    Parameters
    ----------
    filters, kernel_size : int
    strides : int
        How far the window moves.
    padding : {"valid", "same"}
        No padding, or zeros on both sides, so that T stays at stride 1.
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer : optional
    kernel_constraint, bias_constraint : optional
    name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For sizes that are no positive integers or do not fit the inputs.

    Notes
    -----
    ``out[b, t] = activation(sum over k of x[b, t * stride + k] @ kernel[k] + bias)`` with a kernel
    (kernel_size, C, filters). Source: ``keras.layers.Conv1D``.

    Examples
    --------
    >>> layer = Conv1D(1, 2, kernel_initializer="ones")
    >>> layer([[[1.0], [2.0], [4.0]]]).ravel().tolist()
    [3.0, 6.0]
    """

    WEIGHT_NAMES = ("kernel", "bias")
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        "data_format": "channels_last",
        "dilation_rate": 1,
        "groups": 1,
    }
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        *,
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
        self.filters = check_size(filters, "filters")
        self.kernel_size = _single(kernel_size, "kernel_size")
        self.strides = _single(strides, "strides")
        self.padding = str(padding).lower()
        if self.padding == "causal":
            raise ValueError(left_to_keras("padding='causal'", f"padding={padding!r} for Conv1D"))
        if self.padding not in ("valid", "same"):
            raise ValueError(
                "The `padding` argument must be one of 'valid', 'same'. "
                f"Received {padding!r:.40}. Choose one of these."
            )
        self.activation, self.use_bias = activations.get(activation), bool(use_bias)
        if not self.use_bias:
            self.bias = None

    def build(self, input_shape: Any = None) -> None:
        """Make the kernel (kernel_size, C, filters) and the bias (filters,)."""
        check_input_shape(self, input_shape, ndim=3)
        shape = (*self.kernel_size, require_axis_length(self, input_shape), self.filters)
        self.kernel = self.add_named_weight("kernel", shape)
        if self.use_bias:
            self.bias = self.add_named_weight("bias", (self.filters,))

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, ConvContext]:
        """Return the outputs (B, To, filters), and the context that `backward` needs."""
        last = self.kernel.shape[1] if self.built else None
        values = cast_inputs(self, inputs, ndim=3, last=last)
        if not self.built:
            self.build(values.shape)
        length = values.shape[1]
        self._output_length(length)
        left, right = self._padding_lengths(length)
        padded = np.pad(values, ((0, 0), (left, right), (0, 0)))
        sums = np.tensordot(self._windows(padded), self.in_compute_dtype(self.kernel), 2)
        if self.bias is not None:
            sums += self.in_compute_dtype(self.bias)
        out = self.activation(sums)
        return (out.copy() if out is sums else out), ConvContext(padded, sums, left, length)

    def backward(self, context: ConvContext, grad: Any) -> Gradients:
        """Return the gradients of the inputs, the kernel and the bias.

        Every window adds to the steps that it covers; what falls on the padding is dropped.
        """
        kernel, sums = self.kernel.value, context.sums.astype(self.variable_dtype, copy=False)
        padded = context.padded.astype(self.variable_dtype, copy=False)
        grad = cast_grad(self, grad, sums.shape)
        grad = activations.gradient(self.activation, sums, self.activation(sums), grad)
        weights = {"kernel": np.tensordot(self._windows(padded), grad, ((0, 1), (0, 1)))}
        if self.use_bias:
            weights["bias"] = grad.sum(axis=(0, 1))
        to_padded = np.zeros_like(padded)
        (step,) = self.strides
        last = step * (grad.shape[1] - 1) + 1
        for tap, of_tap in enumerate(kernel):
            to_padded[:, tap : tap + last : step] += grad @ of_tap.T
        inputs = to_padded[:, context.left : context.left + context.length]
        return Gradients(inputs, weights)

    def _windows(self, padded: np.ndarray) -> np.ndarray:
        """Return what each window covers, (B, To, kernel_size, C): a view of `padded`."""
        (size,), (step,) = self.kernel_size, self.strides
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
        return windows[:, ::step].swapaxes(2, 3)

    def _padding_lengths(self, length: int) -> tuple[int, int]:
        """Return how many zeros go in front of a sequence, and behind."""
        if self.padding == "valid":
            return 0, 0
        (size,), (step,) = self.kernel_size, self.strides
        total = max((-(-length // step) - 1) * step + size - length, 0)
        return total // 2, total - total // 2

    def _output_length(self, length: int) -> int:
        (size,), (step,) = self.kernel_size, self.strides
        free = length + sum(self._padding_lengths(length)) - size
        if free < 0 or not length:
            raise ShapeError(
                f"Computed output size would be zero or negative. Received a sequence of length "
                f"{length} for windows that span {size} steps. Pad it, or set padding='same'."
            )
        return free // step + 1

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, To, filters), with None while T is not known.

        >>> Conv1D(8, 3, strides=2, padding="same").compute_output_shape((None, 7, 4))
        (None, 4, 8)
        """
        check_input_shape(self, input_shape, ndim=3)
        rows, length, _ = input_shape
        return (rows, None if length is None else self._output_length(length), self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        names = ("filters", "kernel_size", "strides", "padding", "use_bias")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "activation": activations.serialize(self.activation),
        }


def _single(value: Any, name: str) -> tuple[int]:
    """Return a size in Keras's form, a tuple of one."""
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    return (check_size(value, name),)
