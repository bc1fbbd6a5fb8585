"""Conv1D: one small kernel slides along time. It mixes neighboring steps, so a mask is lost."""

from typing import Any, ClassVar

import numpy as np

from embedlab import activations
from embedlab.core.checks import ShapeError, check_choice, check_flag, check_size, message
from embedlab.layers.input_checks import cast_grad, cast_inputs, check_input_shape, input_width
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable
from embedlab.registry import left_to_keras

__all__ = ["Conv1D"]


class Conv1D(Layer):
    """Slide `filters` kernels of `kernel_size` time steps along a sequence.

    ``out[b, t] = activation(sum over k of x[b, t + k] @ kernel[k] + bias)`` with a kernel
    (kernel_size, C, filters). ValueError or ShapeError for sizes that are no positive integers or
    do not fit the inputs. Source: ``keras.layers.Conv1D``.

    Parameters
    ----------
    filters, kernel_size : int
    padding : {"valid", "same"}
        No padding, or zeros on both sides, so that T stays.
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : optional
        And the same with regularizer and constraint.
    name, dtype, trainable : as for every `Layer`

    Examples
    --------
    >>> layer = Conv1D(1, 2, kernel_initializer="ones")
    >>> layer([[[1.0], [2.0], [4.0]]]).ravel().tolist()
    [3.0, 6.0]
    """

    WEIGHTS: ClassVar = {"kernel": "glorot_uniform", "bias": "zeros"}
    CONFIG = ("filters", "kernel_size", "padding", "activation", "use_bias")
    BACKWARD_READS = ("kernel",)
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        **dict.fromkeys(("strides", "dilation_rate", "groups"), 1),
        "data_format": "channels_last",
    }
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        *,
        padding: str = "valid",
        activation: Any = None,
        use_bias: bool = True,
        **options: Any,
    ):
        super().__init__(**options)
        self.filters = check_size(filters, "filters")
        single = isinstance(kernel_size, (tuple, list)) and len(kernel_size) == 1
        size = check_size(kernel_size[0] if single else kernel_size, "kernel_size")
        self.kernel_size = (size,)  # Keras's form
        self.padding = str(padding).lower()
        if self.padding == "causal":
            raise ValueError(left_to_keras("padding='causal'", f"padding={padding!r} for Conv1D"))
        check_choice(self.padding, "The `padding` argument", ("valid", "same"))
        self.activation = activations.get(activation)
        self.use_bias = check_flag(use_bias, "use_bias")
        if not self.use_bias:
            self.bias = None

    def build(self, input_shape: Any = None) -> None:
        """Make the kernel (kernel_size, C, filters) and the bias (filters,)."""
        shape = (*self.kernel_size, input_width(self, input_shape, ndim=3), self.filters)
        self.kernel = self.add_named_weight("kernel", shape)
        if self.use_bias:
            self.bias = self.add_named_weight("bias", (self.filters,))

    def forward(self, inputs: Any) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, int]]:
        """Return the outputs (B, To, filters); padded inputs, sums before the activation, and T."""
        values = cast_inputs(self, inputs, ndim=3)
        length = values.shape[1]
        left, right, _ = self._layout(length)
        padded = np.pad(values, ((0, 0), (left, right), (0, 0)))
        sums = np.tensordot(self._windows(padded), self.in_compute_dtype(self.kernel), 2)
        if self.bias is not None:
            sums += self.in_compute_dtype(self.bias)
        out = self.activation(sums)
        return (out.copy() if out is sums else out), (padded, sums, length)

    def backward(self, context: tuple[np.ndarray, np.ndarray, int], grad: Any) -> Gradients:
        """Return the gradients of the inputs, the kernel and the bias.

        Every window adds to the steps that it covers; what falls on the padding is dropped.
        """
        *arrays, length = context
        padded, sums = (a.astype(self.variable_dtype, copy=False) for a in arrays)
        grad = cast_grad(self, grad, sums.shape)
        grad = activations.gradient(self.activation, sums, self.activation(sums), grad)
        weights = {"kernel": np.tensordot(self._windows(padded), grad, ((0, 1), (0, 1)))}
        if self.use_bias:
            weights["bias"] = grad.sum(axis=(0, 1))
        to_padded = np.zeros_like(padded)
        for tap, of_tap in enumerate(self.kernel.value):
            to_padded[:, tap : tap + grad.shape[1]] += grad @ of_tap.T
        left, *_ = self._layout(length)
        return Gradients(to_padded[:, left : left + length], weights)

    def _windows(self, padded: np.ndarray) -> np.ndarray:
        """Return what each window covers, (B, To, kernel_size, C): a view of `padded`."""
        windows = np.lib.stride_tricks.sliding_window_view(padded, *self.kernel_size, axis=1)
        return windows.swapaxes(2, 3)

    def _layout(self, length: int) -> tuple[int, int, int]:
        """Return the zeros in front of T steps and behind them, and the number of outputs."""
        (size,) = self.kernel_size
        zeros = size - 1 if self.padding == "same" else 0
        outputs = length + zeros - size + 1
        if outputs < 1 or not length:
            must = "Computed output size would be zero or negative"
            received = f"a sequence of length {length} for windows that span {size} steps"
            raise ShapeError(message(must, received, "Pad it, or set padding='same'"))
        return zeros // 2, zeros - zeros // 2, outputs

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, To, filters), with None while T is not known."""
        check_input_shape(self, input_shape, ndim=3)
        rows, length, _ = input_shape
        return (rows, None if length is None else self._layout(length)[2], self.filters)
