"""Conv1D: one small kernel slides along time. It mixes neighbors, so a mask is lost."""

from typing import Any, NamedTuple

import numpy as np

from embedlab import activations
from embedlab.core.checks import ShapeError, check_size
from embedlab.layers.base import Gradients
from embedlab.layers.input_checks import (
    as_data_format,
    cast_grad,
    cast_inputs,
    check_input_shape,
    require_axis_length,
)
from embedlab.layers.variable import Variable
from embedlab.layers.weighted import Weighted
from embedlab.layers.windows import Windows

__all__ = ["Conv1D", "ConvContext"]


class ConvContext(NamedTuple):
    """What `Conv1D.forward` leaves for `Conv1D.backward`.

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


class Conv1D(Weighted):
    """Slide `filters` kernels of `kernel_size` time steps along a sequence.

    Parameters
    ----------
    filters, kernel_size : int
    strides : int
        How far the window moves.
    padding : {"valid", "same", "causal"}
        No padding; zeros on both sides, so that T stays at stride 1; zeros in front only.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs (B, T, C), or (B, C, T).
    dilation_rate : int
        The distance between two steps of the window.
    groups : int
        Into how many parts the channels are split, each with its own kernels.
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer : optional
    kernel_constraint, bias_constraint : optional
    activity_regularizer, name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For sizes that are no positive integers or do not fit each other or the inputs.

    Notes
    -----
    ``out[b, t] = activation(sum over k of x[b, t * stride + k * dilation] @ kernel[k] + bias)``
    with a kernel (kernel_size, C / groups, filters). Source: ``keras.layers.Conv1D``.

    Examples
    --------
    >>> layer = Conv1D(1, 2, kernel_initializer="ones")
    >>> layer([[[1.0], [2.0], [4.0]]]).ravel().tolist()
    [3.0, 6.0]
    """

    PARTS = ("kernel", "bias")
    kernel: Variable
    bias: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ):
        about = {
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(about, activity_regularizer=activity_regularizer, **options)
        self.filters, self.groups = check_size(filters, "filters"), check_size(groups, "groups")
        self.kernel_size = _single(kernel_size, "kernel_size")
        self.strides = _single(strides, "strides")
        self.dilation_rate = _single(dilation_rate, "dilation_rate")
        self.padding = str(padding).lower()
        self.data_format = as_data_format(data_format)
        self._windows = Windows(
            self.kernel_size[0], self.strides[0], self.dilation_rate[0], self.padding
        )
        self.activation, self.use_bias = activations.get(activation), bool(use_bias)
        if self.padding not in ("valid", "same", "causal"):
            raise ValueError(
                "The `padding` argument must be one of 'valid', 'same', 'causal'. "
                f"Received {padding!r:.40}. Choose one of these."
            )
        if self.filters % self.groups:
            raise ValueError(
                "The number of filters must be evenly divisible by the number of groups. "
                f"Received groups={self.groups}, filters={self.filters}. Choose a divisor."
            )
        if self.strides[0] > 1 and self.dilation_rate[0] > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received "
                f"strides={self.strides}, dilation_rate={self.dilation_rate}. Set one to 1."
            )

    def build(self, input_shape: Any = None) -> None:
        """Make the kernel (kernel_size, C / groups, filters) and the bias (filters,)."""
        check_input_shape(self, input_shape, ndim=3)
        channels = require_axis_length(self, input_shape, self._channels)
        if channels % self.groups:
            raise ShapeError(
                "The number of input channels must be evenly divisible by the number of groups. "
                f"Received groups={self.groups}, but the input has {channels} channels (full "
                f"input shape is {tuple(input_shape)}). Choose a divisor."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_part("kernel", shape)
        if self.use_bias:
            self.bias = self.add_part("bias", (self.filters,))

    @property
    def _channels(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, ConvContext]:
        """Return the outputs, and the context that `backward` needs."""
        values = cast_inputs(self, inputs, ndim=3)
        if not self.built:
            self.build(values.shape)
        values = values if self._channels == -1 else values.swapaxes(1, 2)
        check_input_shape(self, values.shape, last=self.kernel.shape[1] * self.groups)
        length = values.shape[1]
        steps = self._windows.check(length)
        left, right = self._windows.sides(length)
        padded = np.pad(values, ((0, 0), (left, right), (0, 0)))
        sums = np.empty((len(values), steps, self.filters), values.dtype)
        for columns, taps, into in self._groups(padded, self.computed(self.kernel)):
            sums[:, :, into] = (columns @ taps).reshape(*sums.shape[:2], taps.shape[-1])
        if self.use_bias:
            sums += self.computed(self.bias)
        out = self.activation(sums)
        out = out.copy() if out is sums else out
        context = ConvContext(padded, sums, left, length)
        return (out if self._channels == -1 else out.swapaxes(1, 2)), context

    def _groups(self, padded: np.ndarray, kernel: np.ndarray) -> Any:
        """Return for each group its windows (B * To, k * C), its taps (k * C, F), its filters."""
        size, channels, filters = kernel.shape
        windows = self._windows.seen(padded)  # (B, To, k, all channels)
        each = filters // self.groups
        for group in range(self.groups):
            own = slice(group * channels, (group + 1) * channels)
            into = slice(group * each, (group + 1) * each)
            columns = windows[..., own].reshape(-1, size * channels)
            yield columns, kernel[:, :, into].reshape(size * channels, each), into

    def backward(self, context: ConvContext, grad: Any) -> Gradients:
        """Return the gradients of the inputs, the kernel and the bias.

        Every window gives back to the steps it has seen; what falls on the padding is dropped.
        """
        kernel, sums = self.kernel.value, context.sums.astype(self.variable_dtype, copy=False)
        padded = context.padded.astype(self.variable_dtype, copy=False)
        grad = np.asarray(grad)
        grad = grad if self._channels == -1 else grad.swapaxes(1, -1)
        grad = cast_grad(self, grad, sums.shape)
        grad = activations.gradient(self.activation, sums, self.activation(sums), grad)
        size, channels = kernel.shape[:2]
        to_kernel, to_padded = np.empty_like(kernel), np.zeros_like(padded)
        for group, (columns, taps, into) in enumerate(self._groups(padded, kernel)):
            own = slice(group * channels, (group + 1) * channels)
            flat = grad[:, :, into].reshape(len(columns), taps.shape[-1])  # (B * To, F)
            to_kernel[:, :, into] = (columns.T @ flat).reshape(size, channels, -1)
            back = (flat @ taps.T).reshape(*sums.shape[:2], size, channels)
            self._windows.give_back(back, to_padded[:, :, own])
        inputs = to_padded[:, context.left : context.left + context.length]
        weights = {"kernel": to_kernel}
        if self.use_bias:
            weights["bias"] = grad.sum(axis=(0, 1))
        return Gradients(inputs if self._channels == -1 else inputs.swapaxes(1, 2), weights)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return (B, To, filters), with None while T is not known.

        >>> Conv1D(8, 3, strides=2, padding="same").compute_output_shape((None, 7, 4))
        (None, 4, 8)
        """
        shape = tuple(input_shape)
        check_input_shape(self, shape, ndim=3)
        length = shape[1 if self._channels == -1 else 2]
        if length is not None:
            length = self._windows.check(length)
        if self._channels == -1:
            return (shape[0], length, self.filters)
        return (shape[0], self.filters, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        own = (
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "groups",
            "use_bias",
        )
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in own},
            "activation": activations.serialize(self.activation),
        }


def _single(value: Any, name: str) -> tuple[int]:
    """Return a size in Keras's form, a tuple of one."""
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    return (check_size(value, name),)
