"""Initializers whose spread follows the size of the layer: Glorot, He, Lecun."""

import math
from typing import Any

import numpy as np

from embedlab.initializers.drawn import Drawn

__all__ = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal",
           "LecunUniform", "VarianceScaling"]  # fmt: skip


class VarianceScaling(Drawn):
    """Draw with variance ``scale / fan``, so that signals keep their size through a layer.

    Parameters
    ----------
    scale : float > 0
    mode : {"fan_in", "fan_out", "fan_avg"}
        For a table (V, D) fan_in is V and fan_out is D.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        Which axes count as inputs and outputs, where the usual reading does not fit.

    References
    ----------
    He, Zhang, Ren, Sun 2015, "Delving Deep into Rectifiers", section 2.2; Glorot, Bengio 2010,
    "Understanding the difficulty of training deep feedforward neural networks", section 4.2.1.

    Examples
    --------
    >>> made = VarianceScaling(2.0, "fan_in", "uniform", seed=1)((24, 2))
    >>> bool(abs(made).max() <= (3 * 2.0 / 24) ** 0.5)
    True
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in",
                 distribution: str = "truncated_normal", seed: int | None = None,
                 input_axes: Any = None, output_axes: Any = None):  # fmt: skip
        super().__init__(seed)
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(
                f"Argument `scale` must be positive float. Received {scale!r:.40}. "
                "Pass for example 1.0."
            )
        _one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        distribution = "truncated_normal" if distribution == "normal" else distribution
        _one_of("distribution", distribution,
                ("truncated_normal", "untruncated_normal", "uniform"))  # fmt: skip
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give the same draw each time for this instance."""
        fan_in, fan_out = self._fans(tuple(shape))
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self._uniform(shape, dtype, -limit, limit)
        if self.distribution == "untruncated_normal":
            return self._normal(shape, dtype, 0.0, math.sqrt(variance))
        # The cut removes tails: this constant is the spread of a normal cut at two deviations.
        return self._truncated(shape, dtype, 0.0, math.sqrt(variance) / 0.87962566103423978)

    def _fans(self, shape: tuple[int, ...]) -> tuple[int, int]:
        if self.input_axes is not None and self.output_axes is not None:
            return (math.prod(shape[axis] for axis in self.input_axes),
                    math.prod(shape[axis] for axis in self.output_axes))  # fmt: skip
        if len(shape) < 2:
            size = math.prod(shape)
            return size, size
        field = math.prod(shape[:-2])  # the window of a convolution
        return shape[-2] * field, shape[-1] * field

    def get_config(self) -> dict[str, Any]:
        """Give every parameter."""
        return {**super().get_config(), "scale": self.scale, "mode": self.mode,
                "distribution": self.distribution, "input_axes": self.input_axes,
                "output_axes": self.output_axes}  # fmt: skip


class _Fixed(VarianceScaling):
    """A VarianceScaling with its three choices made: the six names below."""

    CHOICE: tuple[float, str, str]

    def __init__(self, seed: int | None = None, input_axes: Any = None, output_axes: Any = None):
        super().__init__(*self.CHOICE, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Give seed and axes: the rest is in the name."""
        return {"seed": self.seed, "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(_Fixed):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)): "glorot_uniform", the default of Dense.

    >>> bool(abs(GlorotUniform(1)((3, 3))).max() <= 1.0)
    True
    """

    CHOICE = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Fixed):
    """Truncated normal of variance 2 / (fan_in + fan_out).

    >>> GlorotNormal(1)((3, 3)).shape
    (3, 3)
    """

    CHOICE = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Fixed):
    """Uniform within ±sqrt(6 / fan_in); on a LoRA A (V, R) it shrinks as the vocabulary grows.

    >>> bool(abs(HeUniform(1)((600, 2))).max() <= 0.1)
    True
    """

    CHOICE = (2.0, "fan_in", "uniform")


class HeNormal(_Fixed):
    """Truncated normal of variance 2 / fan_in.

    >>> HeNormal(1)((3, 3)).shape
    (3, 3)
    """

    CHOICE = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Fixed):
    """Uniform within ±sqrt(3 / fan_in).

    >>> bool(abs(LecunUniform(1)((300, 2))).max() <= 0.1)
    True
    """

    CHOICE = (1.0, "fan_in", "uniform")


class LecunNormal(_Fixed):
    """Truncated normal of variance 1 / fan_in.

    >>> LecunNormal(1)((3, 3)).shape
    (3, 3)
    """

    CHOICE = (1.0, "fan_in", "truncated_normal")


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"Invalid `{name}` argument: it must be one of {', '.join(choices)}. "
            f"Received {value!r:.40}. Choose one of these."
        )
