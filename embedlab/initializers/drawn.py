"""Initializers that draw at random: uniform, normal, truncated normal, orthogonal.

Given the same seed, every draw equals the one that Keras makes on its NumPy backend, number for
number. Numbers are drawn in pieces, so that a large table never costs more than itself.
"""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.table import ShapeError
from embedlab.initializers.fixed import Initializer
from embedlab.initializers.room import room

__all__ = ["Drawn", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal"]

PIECE = 1 << 18
"""Numbers drawn at once: 2 MB of float64, whatever the size of the table."""


class Drawn(Initializer):
    """What the random ones share: a seed of its own.

    The same instance gives the same numbers every time, as in Keras; a `clone` without a seed
    draws anew.

    >>> made = RandomUniform()
    >>> bool((made((2, 2)) == made((2, 2))).all())
    True
    """

    def __init__(self, seed: int | None = None):
        if seed is not None and (
            isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0
        ):
            raise ValueError(
                f"seed must be an integer >= 0 or None. Received {seed!r:.40}. Pass for example 7."
            )
        self.seed = None if seed is None else int(seed)
        # Python's own generator, so that random.seed(0) makes a whole session repeatable.
        self._start = random.randrange(1, 1 << 31) if self.seed is None else self.seed

    def get_config(self) -> dict[str, Any]:
        """Give the parameters; an unset seed stays None."""
        return {"seed": self.seed}

    def _uniform(self, shape: Any, dtype: Any, low: float, high: float) -> np.ndarray:
        rng = np.random.default_rng(self._start)
        return _in_pieces(shape, dtype, lambda count: rng.uniform(low, high, count))

    def _normal(self, shape: Any, dtype: Any, mean: float, stddev: float) -> np.ndarray:
        rng = np.random.default_rng(self._start)
        return _in_pieces(shape, dtype, lambda count: rng.normal(mean, stddev, count))

    def _truncated(self, shape: Any, dtype: Any, mean: float, stddev: float) -> np.ndarray:
        """Draw a normal and drop what lies two standard deviations or more from the mean."""
        rng = np.random.default_rng(self._start)

        def draw(count: int) -> np.ndarray:
            drawn = rng.normal(mean, stddev, count)
            return drawn[np.abs(drawn - mean) < 2.0 * stddev] if stddev else drawn

        return _in_pieces(shape, dtype, draw)


def _in_pieces(shape: Any, dtype: Any, draw: Callable[[int], np.ndarray]) -> np.ndarray:
    out = room(shape, dtype or "float32")
    flat = out.reshape(-1)
    start = 0
    while start < flat.size:
        drawn = draw(min(PIECE, flat.size - start))
        flat[start : start + drawn.size] = drawn
        start += drawn.size
    return out


class RandomUniform(Drawn):
    """Draw uniformly from [minval, maxval); "uniform", the default of an Embedding, is ±0.05.

    Examples
    --------
    >>> table = RandomUniform(seed=7)((4, 3))
    >>> bool(abs(table).max() <= 0.05), table.dtype.name
    (True, 'float32')
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        if not (math.isfinite(minval) and math.isfinite(maxval) and minval <= maxval):
            raise ValueError(
                f"minval must not be above maxval, both finite. Received {minval!r:.40} and "
                f"{maxval!r:.40}. Swap them."
            )
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give the same draw each time for this instance."""
        return self._uniform(shape, dtype, self.minval, self.maxval)

    def get_config(self) -> dict[str, Any]:
        """Give seed, minval and maxval."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class RandomNormal(Drawn):
    """Draw from the normal distribution of `mean` and `stddev`.

    >>> RandomNormal(stddev=0.0)((1, 2)).tolist()
    [[0.0, 0.0]]
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        if not (math.isfinite(mean) and math.isfinite(stddev) and stddev >= 0):
            raise ValueError(
                f"mean must be finite and stddev finite and >= 0. Received {mean!r:.40} and "
                f"{stddev!r:.40}. Pass for example stddev=0.05."
            )
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give the same draw each time for this instance."""
        return self._normal(shape, dtype, self.mean, self.stddev)

    def get_config(self) -> dict[str, Any]:
        """Give seed, mean and stddev."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Draw from the normal distribution, without what lies beyond two standard deviations.

    >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((50, 50))).max() < 2.0)
    True
    """

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give the same draw each time for this instance."""
        return self._truncated(shape, dtype, self.mean, self.stddev)


class Orthogonal(Drawn):
    """Rows (or columns, if there are fewer) at right angles, each of length `gain`.

    References
    ----------
    Saxe, McClelland, Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks".

    Examples
    --------
    >>> made = Orthogonal(seed=1)((2, 5), "float64")
    >>> np.allclose(made @ made.T, np.eye(2))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = "float32") -> np.ndarray:
        """Give the same draw each time; ShapeError for fewer than two axes."""
        if len(shape) < 2:
            raise ShapeError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received shape {tuple(shape)}. Choose another initializer."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        kind = np.dtype(dtype or "float32")
        work = np.float32 if kind.char == "e" else kind  # LAPACK knows no half floats
        drawn = self._normal((max(rows, columns), min(rows, columns)), work, 0.0, 1.0)
        q, r = np.linalg.qr(drawn)
        q *= np.sign(np.diag(r))  # makes the draw uniform over all rotations
        made = q.T if rows < columns else q
        return np.ascontiguousarray((self.gain * made).reshape(shape), kind)

    def get_config(self) -> dict[str, Any]:
        """Give seed and gain."""
        return {**super().get_config(), "gain": self.gain}
