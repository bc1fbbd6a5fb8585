"""Losses for numbers: each function with its gradient beside it."""

import numpy as np

from embedlab.losses.base import EPSILON, Loss

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
]


def mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean((y_pred - y_true) ** 2)`` over the last axis."""
    return np.mean(np.square(y_pred - y_true), axis=-1)


def grad_mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``2 * (y_pred - y_true) / D``."""
    return 2 * (y_pred - y_true) / y_pred.shape[-1]


class MeanSquaredError(Loss):
    """The mean of the squared differences: "mse".

    >>> float(MeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
    5.0
    """

    function, gradient = mean_squared_error, grad_mean_squared_error


def mean_absolute_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean(abs(y_pred - y_true))`` over the last axis."""
    return np.mean(np.abs(y_pred - y_true), axis=-1)


def grad_mean_absolute_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``sign(y_pred - y_true) / D``."""
    return np.sign(y_pred - y_true) / y_pred.shape[-1]


class MeanAbsoluteError(Loss):
    """The mean of the absolute differences: "mae".

    >>> float(MeanAbsoluteError()([[0.0, 0.0]], [[1.0, 3.0]]))
    2.0
    """

    function, gradient = mean_absolute_error, grad_mean_absolute_error


def mean_absolute_percentage_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference in percent of the true value."""
    size = np.maximum(np.abs(y_true), EPSILON)
    return 100 * np.mean(np.abs((y_true - y_pred) / size), axis=-1)


def grad_mean_absolute_percentage_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``100 * sign(y_pred - y_true) / abs(y_true) / D``."""
    size = np.maximum(np.abs(y_true), EPSILON)
    return 100 * np.sign(y_pred - y_true) / size / y_pred.shape[-1]


class MeanAbsolutePercentageError(Loss):
    """The mean absolute difference in percent: "mape".

    >>> float(MeanAbsolutePercentageError()([[2.0]], [[1.0]]))
    50.0
    """

    function, gradient = mean_absolute_percentage_error, grad_mean_absolute_percentage_error


def mean_squared_logarithmic_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean((log(y_pred + 1) - log(y_true + 1)) ** 2)``; negative numbers count as 0."""
    difference = np.log1p(np.maximum(y_pred, EPSILON)) - np.log1p(np.maximum(y_true, EPSILON))
    return np.mean(np.square(difference), axis=-1)


def grad_mean_squared_logarithmic_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``2 * (log(y_pred + 1) - log(y_true + 1)) / (y_pred + 1) / D``, 0 below 0."""
    positive = np.maximum(y_pred, EPSILON)
    difference = np.log1p(positive) - np.log1p(np.maximum(y_true, EPSILON))
    return 2 * difference / (positive + 1) * (y_pred > EPSILON) / y_pred.shape[-1]


class MeanSquaredLogarithmicError(Loss):
    """The mean squared difference of the logarithms: "msle".

    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[np.e - 1]])), 5)
    1.0
    """

    function, gradient = mean_squared_logarithmic_error, grad_mean_squared_logarithmic_error


def huber(y_true: np.ndarray, y_pred: np.ndarray, delta: float = 1.0) -> np.ndarray:
    """Return half the square up to `delta`, and a straight line beyond it."""
    size = np.abs(y_pred - y_true)
    near, far = 0.5 * np.square(size), delta * size - 0.5 * delta**2
    return np.mean(np.where(size <= delta, near, far), axis=-1)


def grad_huber(y_true: np.ndarray, y_pred: np.ndarray, delta: float = 1.0) -> np.ndarray:
    """Return the difference, cut at ±`delta`, over D."""
    return np.clip(y_pred - y_true, -delta, delta) / y_pred.shape[-1]


class Huber(Loss):
    """Squared near the truth, straight far from it: one outlier counts less.

    >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    function, gradient, options = huber, grad_huber, ("delta",)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: str | None = None,
    ):
        super().__init__(reduction, name, dtype)
        self.delta = float(delta)


def log_cosh(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean(log(cosh(y_pred - y_true)))``, written so that nothing overflows."""
    x = y_pred - y_true
    return np.mean(np.logaddexp(x, -x) - np.log(x.dtype.type(2)), axis=-1)


def grad_log_cosh(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``tanh(y_pred - y_true) / D``."""
    return np.tanh(y_pred - y_true) / y_pred.shape[-1]


class LogCosh(Loss):
    """Half the square near the truth, the absolute difference far from it, and smooth.

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 5)
    0.43378
    """

    function, gradient = log_cosh, grad_log_cosh


def poisson(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean(y_pred - y_true * log(y_pred))`` over the last axis."""
    return np.mean(y_pred - y_true * np.log(y_pred + EPSILON), axis=-1)


def grad_poisson(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``(1 - y_true / y_pred) / D``."""
    return (1 - y_true / (y_pred + EPSILON)) / y_pred.shape[-1]


class Poisson(Loss):
    """For counts: the logarithm of their likelihood, but for a constant.

    >>> float(Poisson()([[0.0]], [[2.0]]))
    2.0
    """

    function, gradient = poisson, grad_poisson


def cosine_similarity(y_true: np.ndarray, y_pred: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return minus the cosine of the angle between the two: -1 for the same direction.

    Where we differ on purpose: the loss of Keras does the same; its metric has the other sign.
    """
    if axis != -1:
        y_true, y_pred = np.moveaxis(y_true, axis, -1), np.moveaxis(y_pred, axis, -1)
    return -np.sum(_unit(y_true)[0] * _unit(y_pred)[0], axis=-1)


def grad_cosine_similarity(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return minus the part of y_true's direction that stands at a right angle to y_pred."""
    want = _unit(y_true)[0]
    unit, length = _unit(y_pred)
    along = np.sum(want * unit, axis=-1, keepdims=True)
    return -(want - along * unit) / length


class CosineSimilarity(Loss):
    """Minus the cosine of the angle: only the direction counts.

    >>> float(CosineSimilarity()([[3.0, 0.0]], [[2.0, 0.0]]))
    -1.0
    """

    function, gradient = cosine_similarity, grad_cosine_similarity

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ):
        super().__init__(reduction, name, dtype)
        self.axis = axis

    def get_config(self) -> dict:
        """Return the arguments."""
        return {**super().get_config(), "axis": self.axis}


def _unit(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    square = np.sum(np.square(x), axis=-1, keepdims=True)
    length = np.sqrt(np.maximum(square, EPSILON * EPSILON))
    return x / length, length
