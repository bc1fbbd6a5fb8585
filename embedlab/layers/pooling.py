"""Pooling over time: one row for a whole sequence. The arithmetic lives in the core."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.mask import as_mask, grad_masked_max, grad_masked_mean, masked_max, masked_mean
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.input_checks import as_data_format, cast_grad, cast_inputs, check_input_shape

__all__ = ["GlobalAveragePooling1D", "GlobalMaxPooling1D", "MaxContext"]


class _GlobalPooling1D(Layer):
    """What both share: which axis is time, and whether it stays as 1."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **options: Any):
        super().__init__(**options)
        self.data_format = as_data_format(data_format)
        self.keepdims = bool(keepdims)

    def _sequences(self, inputs: Any) -> np.ndarray:
        """Return the inputs as (B, T, D)."""
        values = cast_inputs(self, inputs, ndim=3)
        return values if self.data_format == "channels_last" else values.swapaxes(1, 2)

    def _out(self, pooled: np.ndarray) -> np.ndarray:
        return np.expand_dims(pooled, self._time) if self.keepdims else pooled

    def _grad(self, grad: Any, shape: tuple[int, int]) -> np.ndarray:
        """Return what came back as (B, D)."""
        rows, columns = shape
        with_time = (rows, 1, columns) if self._time == 1 else (rows, columns, 1)
        return cast_grad(self, grad, with_time if self.keepdims else shape).reshape(shape)

    def _back(self, grad: np.ndarray) -> Gradients:
        return Gradients(grad if self._time == 1 else grad.swapaxes(1, 2), {})

    @property
    def _time(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return (B, D), or with `keepdims` a 1 where time was."""
        shape = tuple(input_shape)
        check_input_shape(self, shape, ndim=3)
        middle = (1,) if self.keepdims else ()
        return shape[: self._time] + middle + shape[self._time + 1 :]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalAveragePooling1D(_GlobalPooling1D):
    """Return the mean over time, of the words only where a mask says so.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Inputs (B, T, D), or (B, D, T).
    keepdims : bool
        Keep the axis of time with length 1.
    name, dtype, trainable
        As for every `Layer`.

    Notes
    -----
    ``out = sum of the words / how many``; the mask is consumed. On purpose different: a sequence
    of padding alone gives 0 (Keras: NaN). Source: ``keras.layers.GlobalAveragePooling1D``.

    Examples
    --------
    >>> layer = GlobalAveragePooling1D()
    >>> layer([[[1.0], [3.0], [9.0]]], mask=[[True, True, False]]).tolist()
    [[2.0]]
    """

    supports_masking = True
    consumes_mask = True

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, tuple[np.ndarray, int]]:
        """Return the means; and the mask and D, which are all that `backward` needs."""
        values = self._sequences(inputs)
        words = np.ones(values.shape[:2], bool) if mask is None else np.array(mask)
        words = as_mask(words, values.shape[:2])
        return self._out(masked_mean(values, words)), (words, values.shape[2])

    def backward(self, context: tuple[np.ndarray, int], grad: Any) -> Gradients:
        """Return the gradient of the inputs: an equal share for every word, 0 for the padding."""
        words, columns = context
        return self._back(grad_masked_mean(words, self._grad(grad, (len(words), columns))))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the mask has done its work."""


class MaxContext(NamedTuple):
    """What `GlobalMaxPooling1D.forward` leaves for `backward`.

    Attributes
    ----------
    at : ndarray of int64, (B, D)
        The time step of each maximum, the first of equals.
    steps : int
        T.
    """

    at: np.ndarray
    steps: int


class GlobalMaxPooling1D(_GlobalPooling1D):
    """Return the maximum over time, feature by feature.

    Parameters are those of `GlobalAveragePooling1D`.

    Notes
    -----
    It does not support masks, as in Keras: padding can win here, and a mask is lost. Of equals the
    first gets the whole gradient. Source: ``keras.layers.GlobalMaxPooling1D``.

    Examples
    --------
    >>> GlobalMaxPooling1D()([[[1.0, 5.0], [3.0, 2.0]]]).tolist()
    [[3.0, 5.0]]
    """

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, MaxContext]:
        """Return the maxima, and where they stood."""
        values = self._sequences(inputs)
        out, at = masked_max(values)
        return self._out(out), MaxContext(at, values.shape[1])

    def backward(self, context: MaxContext, grad: Any) -> Gradients:
        """Return the gradient of the inputs: everything to the step of the maximum."""
        at, steps = context
        return self._back(grad_masked_max(at, self._grad(grad, at.shape), steps))
