"""Dropout: in training some numbers are set to zero at random, and the others grow to match."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_in_range, check_size, message
from embedlab.layers.input_checks import cast_grad, cast_inputs
from embedlab.layers.layer import Gradients, Layer

__all__ = ["Dropout"]


class Dropout(Layer):
    """Set a share `rate` of the numbers to zero in training, and scale up the rest.

    Parameters
    ----------
    rate : float, 0..1
    noise_shape : tuple of int or None, optional
        Where it has 1, one draw serves the whole axis: (None, 1, None) drops a feature at all
        time steps. None means the length of the input.
    seed : int, optional
        Makes the draws repeatable, call after call.
    name, dtype, trainable : as for every `Layer`

    Notes
    -----
    ValueError or ShapeError for a rate outside 0..1, a seed that is no integer >= 0, and a noise
    shape that does not fit the inputs.

    ``out = inputs * keep / (1 - rate)`` in training, else ``inputs``; a mask passes. Another seed
    generator than Keras's: the same seed draws other numbers. Source: ``keras.layers.Dropout``;
    Srivastava et al. 2014, section 4.

    Examples
    --------
    >>> layer = Dropout(0.5, seed=3)
    >>> sorted(set(layer(np.ones(100), training=True).tolist()))
    [0.0, 2.0]
    """

    CONFIG = ("rate", "noise_shape", "seed")
    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **options: Any
    ):
        super().__init__(**options)
        self.rate = _rate(rate)
        self.noise_shape = _noise_shape(noise_shape)
        self.seed = None if seed is None else check_size(seed, "seed", least=0)
        self._rng = np.random.default_rng(self.seed)

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the outputs, and the factor of every number (None where nothing was dropped)."""
        values = cast_inputs(self, inputs)
        if not training or self.rate == 0:
            return values, None
        scale = 0.0 if self.rate == 1 else 1 / (1 - self.rate)
        keep = self._rng.random(self._shape(values.shape)) >= self.rate
        factor = np.where(keep, values.dtype.type(scale), 0).astype(values.dtype)
        return np.where(factor == 0, factor, values * factor), factor

    def backward(self, context: np.ndarray | None, grad: Any) -> Gradients:
        """Return the gradient of the inputs: the same factors."""
        grad = cast_grad(self, grad, np.shape(grad))
        if context is None:
            return Gradients(grad, {})
        factor = context.astype(grad.dtype, copy=False)
        return Gradients(np.where(factor == 0, factor, grad * factor), {})

    def _shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the shape of the draws for inputs of `shape`, where None is not known yet."""
        noise = self.noise_shape or (None,) * len(shape)
        pairs = list(zip(noise, shape, strict=False))
        if len(noise) != len(shape) or any(
            n not in (None, 1, s) and s is not None for n, s in pairs
        ):
            must = f"noise_shape must have 1, None or the length of the inputs {shape} on each axis"
            raise ShapeError(message(must, noise, "Write for example (None, 1, None)"))
        return tuple(s if n is None else n for n, s in pairs)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return `input_shape`; ShapeError where the noise shape cannot fit it."""
        self._shape(tuple(input_shape))
        return tuple(input_shape)


def _rate(value: Any) -> float:
    try:
        return check_in_range(value, "rate", 1.0)
    except ValueError as error:
        must = "Invalid value received for argument `rate`. Expected a float value between 0 and 1"
        raise ValueError(message(must, f"{value!r:.40}", "Pass for example 0.5")) from error


def _noise_shape(value: Any) -> tuple[int | None, ...] | None:
    """Return a noise shape as a tuple, refusing all but positive integers and None."""
    if value is None:
        return None
    try:
        if len(value) and not isinstance(value, str):
            return tuple(None if n is None else check_size(n, "noise_shape") for n in value)
    except (TypeError, ValueError):
        pass
    must = "noise_shape must be a tuple of positive integers or None, one for each axis"
    raise ValueError(message(must, f"{value!r:.40}", "Write for example (None, 1, None)"))
