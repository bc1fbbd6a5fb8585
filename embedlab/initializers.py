"""Initializers: the numbers that a table starts with. Keras's names, formulas and dicts.

Given the same seed, every draw equals the one that Keras makes on its NumPy backend, number for
number. Numbers are drawn in pieces and written where the array lies, so that a large table never
costs more than itself, and one on disk never comes into memory whole.
"""

import math
import random
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import (
    ShapeError,
    as_array,
    as_numeric_array,
    check_above_zero,
    check_choice,
    check_dtype,
    check_in_range,
    check_number,
    check_size,
    message,
)
from embedlab.registry import Configured, Registry, not_defined, refuse_missing

_KERAS_ONLY_NAMES = "Identity IdentityInitializer STFT STFTInitializer"
_PIECE = 1 << 18  # numbers drawn at once: 2 MB of float64, whatever the size of the table
__getattr__ = refuse_missing(__name__, _KERAS_ONLY_NAMES)


class Initializer(Configured):
    """The base of all initializers: call one with a shape and it returns an array.

    One of your own defines ``__call__(shape, dtype)``.
    """

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Return a new array of `shape` and `dtype`: the same numbers at every call."""
        out = np.zeros(shape, dtype or "float32")
        self._fill(out)
        return out

    def _fill(self, out: np.ndarray) -> None:
        """Write into `out`, which holds zeros."""
        raise not_defined(self, "__call__(shape, dtype)")


def initialize(
    initializer: Any,
    shape: tuple[int, ...],
    dtype: Any,
    zeros: Callable[[Any, Any], np.ndarray] = np.zeros,
) -> np.ndarray:
    """Return the array that an initializer makes for `shape`, in memory that `zeros` provides.

    One of this module writes there at once, piece by piece; what another callable returns is copied
    there, unless it has another shape: then it is returned as it is.

    >>> initialize(lambda shape: [[1.0, 2.0]], (1, 2), "float32").tolist()
    [[1.0, 2.0]]
    """
    if type(initializer).__call__ is Initializer.__call__:
        out = zeros(shape, dtype)
        initializer._fill(out)
        return out
    try:
        value = initializer(shape, dtype=dtype)
    except TypeError as error:
        if "dtype" not in str(error):
            raise
        value = initializer(shape)
    value = as_numeric_array(value, "what an initializer returns")
    if value.shape != shape:
        return value
    out = zeros(shape, dtype)
    out[...] = value
    return out


class Constant(Initializer):
    """Fill with one number, or with an array that broadcasts to the shape.

    >>> Constant([1.0, 2.0])((2, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value: Any = 0.0):
        if isinstance(value, dict):  # the form in which Keras writes an array into a config
            config = value.get("config")
            config = config if isinstance(config, dict) else {}
            dtype = check_dtype(config.get("dtype"), "the dtype of value")
            value = as_array(config.get("value"), "value").astype(dtype)
        array = as_numeric_array(value, "value")
        self.value = value if array.ndim == 0 else array

    def _fill(self, out: np.ndarray) -> None:
        try:
            out[...] = np.broadcast_to(self.value, out.shape)
        except ValueError as error:
            must = f"value must broadcast to the shape of the weights, {out.shape}"
            received = f"shape {np.shape(self.value)}"
            do = "Pass one number, or one for each weight"
            raise ShapeError(message(must, received, do)) from error

    def get_config(self) -> dict[str, Any]:
        """Return the value as a number or a nested list."""
        return {"value": np.asarray(self.value).tolist()}


class Zeros(Initializer):
    """Fill with 0."""

    def _fill(self, out: np.ndarray) -> None:
        """Leave the zeros as they are."""


class Ones(Initializer):
    """Fill with 1."""

    def _fill(self, out: np.ndarray) -> None:
        out[...] = 1


class _RandomInitializer(Initializer):
    """The base of those with a seed: an instance gives the same numbers every time, as in Keras.

    A `clone` without a seed draws anew.
    """

    def __init__(self, seed: int | None = None):
        self.seed = None if seed is None else check_size(seed, "seed", least=0)
        # Python's own generator, so that random.seed(0) makes a whole session repeatable.
        self._start = random.randrange(1, 1 << 31) if self.seed is None else self.seed

    def _draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return `count` numbers, or some of them."""
        raise not_defined(self, "_draw(rng, count)")

    def _fill(self, out: np.ndarray) -> None:
        rng, flat, start = np.random.default_rng(self._start), out.reshape(-1), 0
        while start < flat.size:
            numbers = self._draw(rng, min(_PIECE, flat.size - start))
            flat[start : start + numbers.size] = numbers
            start += numbers.size


class RandomUniform(_RandomInitializer):
    """Draw uniformly from [minval, maxval); "uniform", the default of an Embedding, is ±0.05.

    >>> table = RandomUniform(seed=7)((4, 3))
    >>> bool(abs(table).max() <= 0.05), table.dtype.name
    (True, 'float32')
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.minval, self.maxval = check_number(minval, "minval"), check_number(maxval, "maxval")
        if self.minval > self.maxval:
            must, received = "minval must not be above maxval", f"{minval} and {maxval}"
            raise ValueError(message(must, received, "Swap them"))

    def _draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, count)


class RandomNormal(_RandomInitializer):
    """Draw from the normal distribution of `mean` and `stddev`."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.mean, self.stddev = check_number(mean, "mean"), check_in_range(stddev, "stddev")

    def _draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, count)


class TruncatedNormal(RandomNormal):
    """Draw from the normal distribution, without what lies beyond two standard deviations.

    >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((50, 50))).max() < 2.0)
    True
    """

    def _draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        numbers = super()._draw(rng, count)
        inside = np.abs(numbers - self.mean) < 2.0 * self.stddev
        return numbers[inside] if self.stddev else numbers


class Orthogonal(_RandomInitializer):
    """Rows (or columns, if there are fewer) at right angles, each of length `gain`.

    Source: Saxe, McClelland, Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks".

    >>> rows = Orthogonal(seed=1)((2, 5), "float64")
    >>> np.allclose(rows @ rows.T, np.eye(2))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        self.gain = check_number(gain, "gain")

    def _fill(self, out: np.ndarray) -> None:
        if out.ndim < 2:
            must = "The tensor to initialize must be at least two-dimensional"
            raise ShapeError(message(must, f"shape {out.shape}", "Choose another initializer"))
        rows, columns = math.prod(out.shape[:-1]), out.shape[-1]
        work = np.float32 if out.dtype.char == "e" else out.dtype  # LAPACK knows no half floats
        numbers = np.zeros((max(rows, columns), min(rows, columns)), work)
        RandomNormal(0.0, 1.0, self._start)._fill(numbers)
        q, r = np.linalg.qr(numbers)
        q *= np.sign(np.diag(r))  # makes the draw uniform over all rotations
        out[...] = (self.gain * (q.T if rows < columns else q)).reshape(out.shape)


class VarianceScaling(_RandomInitializer):
    """Draw with variance ``scale / fan``, so that signals keep their size through a layer.

    `mode` chooses the fan: "fan_in", "fan_out" or "fan_avg"; for a table (V, D) fan_in is V and
    fan_out is D. `distribution` is "truncated_normal", "untruncated_normal" or "uniform". Six
    variants below carry their choices in their names. Source: He, Zhang, Ren, Sun 2015, "Delving
    Deep into Rectifiers", section 2.2; Glorot, Bengio 2010, "Understanding the difficulty of
    training deep feedforward neural networks", section 4.2.1.

    >>> table = VarianceScaling(2.0, "fan_in", "uniform", seed=1)((24, 2))
    >>> np.array_equal(table, HeUniform(seed=1)((24, 2))), bool(abs(table).max() <= 0.5)
    (True, True)
    """

    KERAS_ONLY: ClassVar = {"input_axes": None, "output_axes": None}

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ):
        super().__init__(seed)
        self.scale = check_above_zero(scale, "scale")
        check_choice(mode, "mode", ("fan_in", "fan_out", "fan_avg"))
        forms = ("truncated_normal", "untruncated_normal", "uniform", "normal")
        check_choice(distribution, "distribution", forms)
        distribution = "truncated_normal" if distribution == "normal" else distribution
        self.mode, self.distribution = mode, distribution

    def _fill(self, out: np.ndarray) -> None:
        fan_in, fan_out = self._fans(out.shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            RandomUniform(-limit, limit, self._start)._fill(out)
        elif self.distribution == "untruncated_normal":
            RandomNormal(0.0, math.sqrt(variance), self._start)._fill(out)
        else:  # cutting the tails at two deviations leaves this share of the standard deviation
            stddev = math.sqrt(variance) / 0.87962566103423978
            TruncatedNormal(0.0, stddev, self._start)._fill(out)

    def _fans(self, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) < 2:
            size = math.prod(shape)
            return size, size
        field = math.prod(shape[:-2])  # the window of a convolution
        return shape[-2] * field, shape[-1] * field


class _Scaled(VarianceScaling):
    """A VarianceScaling with its three choices made: the base of the six below."""

    CHOICE: tuple[float, str, str]

    def __init__(self, seed: int | None = None):
        super().__init__(*self.CHOICE, seed)


class GlorotUniform(_Scaled):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)): "glorot_uniform", the default of Dense."""

    CHOICE = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal of variance 2 / (fan_in + fan_out)."""

    CHOICE = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within ±sqrt(6 / fan_in); on a LoRA A (V, R) it shrinks as the vocabulary grows."""

    CHOICE = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal of variance 2 / fan_in."""

    CHOICE = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within ±sqrt(3 / fan_in)."""

    CHOICE = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal of variance 1 / fan_in."""

    CHOICE = (1.0, "fan_in", "truncated_normal")


_ALIASES = {"zero": Zeros, "one": Ones, "uniform": RandomUniform, "normal": RandomNormal}
REGISTRY = Registry(
    "initializer",
    "keras.initializers",
    [
        *(Constant, Ones, Orthogonal, Zeros),
        *(RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling),
        *(GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform),
    ],
    {**_ALIASES, "OrthogonalInitializer": Orthogonal},
    _KERAS_ONLY_NAMES,
)
serialize, deserialize = REGISTRY.serialize, REGISTRY.deserialize


def get(identifier: Any) -> Any:
    """Return the initializer that a name, dict, class, callable, array or instance means.

    >>> get("uniform"), get({"class_name": "HeNormal", "config": {"seed": 3}})
    (RandomUniform(minval=-0.05, maxval=0.05), HeNormal(seed=3))
    """
    return Constant(identifier) if isinstance(identifier, np.ndarray) else REGISTRY.get(identifier)


def seeded(initializer: Any, seed: int | None) -> Any:
    """Return the initializer with `seed`, where it draws and has no seed of its own.

    >>> seeded(get("uniform"), 7)
    RandomUniform(minval=-0.05, maxval=0.05, seed=7)
    """
    if seed is None or getattr(initializer, "seed", 0) is not None:
        return initializer
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})


__all__ = [
    *REGISTRY.classes,
    *("Initializer", "deserialize", "get", "initialize", "seeded", "serialize"),
]
