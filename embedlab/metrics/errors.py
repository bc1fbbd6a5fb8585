"""The losses as metrics: the same functions, averaged over all samples of an epoch."""

from typing import Any

import numpy as np

from embedlab.losses import crossentropy, margin, regression
from embedlab.metrics.base import MeanMetric

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class MeanSquaredError(MeanMetric):
    """The mean squared difference: "mse".

    >>> float(MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
    5.0
    """

    function = regression.mean_squared_error


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean squared difference.

    >>> float(RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]]))
    3.0
    """

    def result(self) -> Any:
        """Return the root of the mean so far."""
        return self._number(np.sqrt(float(super().result())))


class MeanAbsoluteError(MeanMetric):
    """The mean absolute difference: "mae".

    >>> float(MeanAbsoluteError()([[0.0], [0.0]], [[1.0], [3.0]]))
    2.0
    """

    function = regression.mean_absolute_error


class MeanAbsolutePercentageError(MeanMetric):
    """The mean absolute difference in percent: "mape".

    >>> float(MeanAbsolutePercentageError()([[2.0]], [[1.0]]))
    50.0
    """

    function = regression.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(MeanMetric):
    """The mean squared difference of the logarithms: "msle".

    >>> float(MeanSquaredLogarithmicError()([[2.0]], [[2.0]]))
    0.0
    """

    function = regression.mean_squared_logarithmic_error


class LogCoshError(MeanMetric):
    """The mean logarithm of the hyperbolic cosine of the difference.

    >>> float(LogCoshError()([[2.0]], [[2.0]]))
    0.0
    """

    function = regression.log_cosh

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(name, dtype)


class Poisson(MeanMetric):
    """The mean Poisson loss.

    >>> float(Poisson()([[0.0]], [[2.0]]))
    2.0
    """

    function = regression.poisson


class CosineSimilarity(MeanMetric):
    """The mean cosine of the angle: 1 for the same direction (the loss has the other sign).

    >>> float(CosineSimilarity()([[3.0, 0.0]], [[2.0, 0.0]]))
    1.0
    """

    function, options = regression.cosine_similarity, ("axis",)

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1):
        super().__init__(name, dtype)
        self.axis = axis

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> Any:
        """Return the cosine for each sample."""
        return -super().values(y_true, y_pred)


class Hinge(MeanMetric):
    """The mean hinge loss.

    >>> float(Hinge()([[1.0]], [[0.25]]))
    0.75
    """

    function = margin.hinge


class SquaredHinge(MeanMetric):
    """The mean squared hinge loss.

    >>> float(SquaredHinge()([[1.0]], [[0.5]]))
    0.25
    """

    function = margin.squared_hinge


class CategoricalHinge(MeanMetric):
    """The mean categorical hinge loss.

    >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
    0.75
    """

    function = margin.categorical_hinge


class KLDivergence(MeanMetric):
    """The mean divergence of two distributions: "kld".

    >>> float(KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    function = crossentropy.kl_divergence


class BinaryCrossentropy(MeanMetric):
    """The mean surprise, for yes or no: "bce".

    >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
    0.6931
    """

    function, options = crossentropy.binary_crossentropy, ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        super().__init__(name, dtype)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


class CategoricalCrossentropy(BinaryCrossentropy):
    """The mean surprise, for one class of many in one-hot rows.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    function = crossentropy.categorical_crossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        super().__init__(name, dtype, from_logits, label_smoothing)
        self.axis = axis

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> Any:
        """Return the surprise for each sample, the classes along `axis`."""
        y_true, y_pred = (np.moveaxis(y, self.axis, -1) for y in (y_true, y_pred))
        return super().values(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "axis": self.axis}


class SparseCategoricalCrossentropy(MeanMetric):
    """The mean surprise, for one class of many by number.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    function = crossentropy.sparse_categorical_crossentropy
    options = ("from_logits", "ignore_class")

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        super().__init__(name, dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> Any:
        """Return the surprise for each label, the classes along `axis`."""
        y_pred = np.moveaxis(y_pred, self.axis, -1)
        if y_true.ndim == y_pred.ndim and y_true.shape[-1:] == (1,):
            y_true = y_true[..., 0]
        told = {name: getattr(self, name) for name in self.options}
        return type(self).function(y_true, y_pred.astype(self.dtype), **told)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "axis": self.axis}
