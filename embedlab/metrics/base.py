"""What every metric shares: it takes batch after batch, and gives one number for all of them."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.losses.base import same_rank
from embedlab.registry import snake_case

__all__ = ["Mean", "MeanMetric", "Metric", "Sum"]


class Metric:
    """The base of all metrics, under Keras's names.

    `update_state` takes a batch, `result` gives the number so far, `reset_state` starts again.
    Sums are kept in float64, so that a long epoch loses nothing; a result is float32.

    Examples
    --------
    >>> from embedlab.metrics import BinaryAccuracy
    >>> metric = BinaryAccuracy()
    >>> metric.update_state([[1.0], [0.0]], [[0.9], [0.8]])
    >>> metric.update_state([[1.0], [1.0]], [[0.9], [0.7]])
    >>> float(metric.result())
    0.75
    """

    options: tuple[str, ...] = ()
    """The attributes that the constructor takes beside `name` and `dtype`."""

    def __init__(self, name: str | None = None, dtype: Any = None):
        self.name = name or snake_case(type(self).__name__)
        self.dtype = np.dtype(dtype or "float32").name
        self.reset_state()

    def reset_state(self) -> None:
        """Forget every batch."""
        raise NotImplementedError(
            f"a metric must define reset_state. {type(self).__name__} does not. Add the method."
        )

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take one more batch."""
        raise NotImplementedError(
            f"a metric must define update_state. {type(self).__name__} does not. Add the method."
        )

    def result(self) -> Any:
        """Return the number for all batches since the last reset."""
        raise NotImplementedError(
            f"a metric must define result. {type(self).__name__} does not. Add the method."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take one more batch, and give the number so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        told = {name: getattr(self, name) for name in self.options}
        return {"name": self.name, "dtype": self.dtype, **told}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Metric":
        """Return a metric, without any batch, from what `get_config` gave."""
        return cls(**config)

    def _number(self, value: Any) -> Any:
        return np.dtype(self.dtype).type(value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class Sum(Metric):
    """The sum of all values.

    >>> float(Sum()([1.0, 2.0, 4.0]))
    7.0
    """

    def reset_state(self) -> None:
        """Start at 0."""
        self._total = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, weighted if wanted."""
        values, weights = _weighted(np.asarray(values, np.float64), sample_weight, np.sum)
        self._total += float(np.sum(values * weights))

    def result(self) -> Any:
        """Return the sum."""
        return self._number(self._total)


class _RunningMean(Metric):
    def reset_state(self) -> None:
        """Start without values."""
        self._total = self._count = 0.0

    def result(self) -> Any:
        """Return the mean so far."""
        return self._number(self._total / self._count if self._count else 0.0)

    def _take(self, values: Any, sample_weight: Any) -> None:
        values, weights = _weighted(np.asarray(values, np.float64), sample_weight, np.mean)
        self._total += float(np.sum(values * weights))
        self._count += float(np.sum(weights))


class Mean(_RunningMean):
    """The mean of all values, weighted if wanted; 0 before any came.

    >>> float(Mean()([1.0, 2.0, 6.0], sample_weight=[1.0, 1.0, 0.0]))
    1.5
    """

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values (B, ...), with a weight for each sample or each value."""
        self._take(values, sample_weight)


class MeanMetric(_RunningMean):
    """The mean of a function of truth and prediction, over all samples."""

    function: ClassVar[Callable]
    """From (y_true, y_pred, **options) to one value for each sample."""

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Take a batch; where `mask` is False, nothing counts."""
        values = self.values(np.asarray(y_true), np.asarray(y_pred))
        if mask is not None:
            mask = np.asarray(mask, np.float64)
            sample_weight = mask if sample_weight is None else _beside(sample_weight, mask) * mask
        self._take(values, sample_weight)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> Any:
        """Return one value for each sample."""
        told = {name: getattr(self, name) for name in self.options}
        y_true, y_pred = y_true.astype(self.dtype), y_pred.astype(self.dtype)
        return type(self).function(*same_rank(y_true, y_pred), **told)


def _beside(weights: Any, values: np.ndarray) -> np.ndarray:
    """Return weights that broadcast along the samples: (B,) becomes (B, 1)."""
    weights = np.asarray(weights, np.float64)
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    return weights.reshape(*weights.shape, *[1] * (values.ndim - weights.ndim))


def _weighted(
    values: np.ndarray, sample_weight: Any, reduce: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Return values, one for each weight, and the weights.

    Values that have more axes than the weights are first averaged (or summed) over those, as in
    Keras.
    """
    weights = np.ones(()) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    extra = tuple(range(max(weights.ndim, 1), values.ndim))
    values = reduce(values, axis=extra) if extra and values.size else values
    try:
        return values, np.broadcast_to(weights, values.shape)
    except ValueError as error:
        raise ShapeError(
            f"sample_weight must fit the values, {values.shape}. Received {weights.shape}. "
            "Pass one weight for each sample."
        ) from error
