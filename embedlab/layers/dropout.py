"""Dropout: in training some numbers are set to zero at random, and the others grow to match."""

from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import check_in_range, check_size, message
from embedlab.layers.input_checks import cast_grad, cast_inputs
from embedlab.layers.layer import Gradients, Layer

__all__ = ["Dropout"]


class Dropout(Layer):
    """Set a share `rate` of the numbers to zero in training, and scale up the rest.

    ``out = inputs * keep / (1 - rate)`` in training, else ``inputs``; a mask passes. A `seed` makes
    the draws repeatable, call after call, but they are not those of Keras. ValueError for a rate
    outside 0..1, and a seed that is no integer >= 0. Source: ``keras.layers.Dropout``; Srivastava
    et al. 2014, section 4.

    >>> layer = Dropout(0.5, seed=3)
    >>> sorted(set(layer(np.ones(100), training=True).tolist()))
    [0.0, 2.0]
    """

    CONFIG = ("rate", "seed")
    KERAS_ONLY: ClassVar = {**Layer.KERAS_ONLY, "noise_shape": None}
    supports_masking = KEEPS_SHAPE = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **options: Any):
        super().__init__(noise_shape=noise_shape, **options)
        try:
            self.rate = check_in_range(rate, "rate", 1.0)
        except ValueError as error:
            must = "Invalid value received for argument `rate`. Expected a float value from 0 to 1"
            raise ValueError(message(must, f"{rate!r:.40}", "Pass for example 0.5")) from error
        self.seed = None if seed is None else check_size(seed, "seed", least=0)
        self._rng = np.random.default_rng(self.seed)

    def forward(self, inputs: Any, training: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the outputs, and the factor of every number (None where nothing was dropped)."""
        values = cast_inputs(self, inputs)
        if not training or self.rate == 0:
            return values, None
        scale = 0.0 if self.rate == 1 else 1 / (1 - self.rate)
        keep = self._rng.random(values.shape) >= self.rate
        factor = np.where(keep, values.dtype.type(scale), 0).astype(values.dtype)
        return np.where(factor == 0, factor, values * factor), factor

    def backward(self, context: np.ndarray | None, grad: Any) -> Gradients:
        """Return the gradient of the inputs: the same factors."""
        grad = cast_grad(self, grad, np.shape(grad))
        if context is None:
            return Gradients(grad, {})
        factor = context.astype(grad.dtype, copy=False)
        return Gradients(np.where(factor == 0, factor, grad * factor), {})
