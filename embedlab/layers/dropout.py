"""Dropout: in training some numbers are set to zero at random, and the others grow to match."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_size
from embedlab.layers.input_checks import cast_grad, cast_inputs
from embedlab.layers.layer import Gradients, Layer

__all__ = ["Dropout", "check_rate", "dropout_factors"]


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
    name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For a rate outside 0..1, a seed that is no integer >= 0, and a noise shape that does not
        fit the inputs.

    Notes
    -----
    ``out = inputs * keep / (1 - rate)`` in training, else ``inputs``; a mask passes. Another seed
    generator than Keras's: the same seed draws other numbers. Source: ``keras.layers.Dropout``;
    Srivastava et al. 2014, section 4.

    Examples
    --------
    >>> layer = Dropout(0.5, seed=3)
    >>> sorted(set(layer(np.ones(100), training=True).tolist()))
    [0.0, 2.0]
    >>> layer(np.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """

    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **options: Any
    ):
        super().__init__(**options)
        self.rate = check_rate(rate, "rate")
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
        factor = dropout_factors(self._rng, self._shape(values.shape), self.rate, values.dtype)
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
        if self.noise_shape is None:
            return shape
        noise = self.noise_shape
        if len(noise) != len(shape) or any(
            n not in (None, 1, s) and s is not None for n, s in zip(noise, shape, strict=True)
        ):
            raise ShapeError(
                f"noise_shape must have 1, None or the length of the inputs {shape} on each axis. "
                f"Received {noise}. Write for example (None, 1, None)."
            )
        return tuple(s if n is None else n for n, s in zip(noise, shape, strict=True))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return `input_shape`; ShapeError where the noise shape cannot fit it."""
        self._shape(tuple(input_shape))
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


def _noise_shape(value: Any) -> tuple[int | None, ...] | None:
    if value is None:
        return None
    lengths = tuple(value) if isinstance(value, (tuple, list)) else ()
    whole = all(
        n is None or (isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0)
        for n in lengths
    )
    if not lengths or not whole:
        raise ValueError(
            "noise_shape must be a tuple of positive integers or None, one for each axis. "
            f"Received {value!r:.40}. Write for example (None, 1, None)."
        )
    return tuple(None if n is None else int(n) for n in lengths)


def dropout_factors(
    rng: np.random.Generator, shape: tuple[int, ...], rate: float, dtype: Any
) -> np.ndarray:
    """Return 0 with probability `rate`, else ``1 / (1 - rate)``, in `shape`.

    >>> dropout_factors(np.random.default_rng(1), (4,), 0.5, "float32").tolist()
    [2.0, 2.0, 0.0, 2.0]
    """
    scale = 0.0 if rate == 1 else 1 / (1 - rate)
    return np.where(rng.random(shape) >= rate, np.dtype(dtype).type(scale), 0).astype(dtype)


def check_rate(value: Any, name: str) -> float:
    """Return a share of 0..1, refusing anything else.

    >>> check_rate(1.5, "rate")
    Traceback (most recent call last):
    ValueError: Invalid value received for argument `rate`. Expected a float value between 0 and \
1. Received 1.5. Pass for example 0.5.
    """
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not (number and 0 <= value <= 1):
        raise ValueError(
            f"Invalid value received for argument `{name}`. Expected a float value between 0 and "
            f"1. Received {value!r:.40}. Pass for example 0.5."
        )
    return float(value)
