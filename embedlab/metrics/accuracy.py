"""How often the prediction is right."""

from typing import Any

import numpy as np

from embedlab.metrics.base import MeanMetric

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
]


def accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return the share of equal numbers over the last axis."""
    return np.mean(y_true == y_pred, axis=-1)


def binary_accuracy(y_true: np.ndarray, y_pred: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Return the share of ``(y_pred > threshold) == y_true`` over the last axis."""
    return np.mean(y_true == (y_pred > threshold), axis=-1)


def categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return whether the largest entries of both rows stand at the same place."""
    return np.argmax(y_true, axis=-1) == np.argmax(y_pred, axis=-1)


def sparse_categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return whether the largest entry stands at the label."""
    return _labels(y_true, y_pred) == np.argmax(y_pred, axis=-1)


def top_k_categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray, k: int = 5) -> np.ndarray:
    """Return whether fewer than `k` entries are larger than the true one."""
    return _in_top_k(np.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(
    y_true: np.ndarray, y_pred: np.ndarray, k: int = 5
) -> np.ndarray:
    """Return the same for labels."""
    return _in_top_k(_labels(y_true, y_pred).astype(np.int64), y_pred, k)


class Accuracy(MeanMetric):
    """How many numbers are equal: for labels, not for probabilities.

    >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
    0.75
    """

    function = accuracy


class BinaryAccuracy(MeanMetric):
    """How many probabilities lie on the right side of a threshold.

    >>> float(BinaryAccuracy()([[1.0], [0.0]], [[0.9], [0.8]]))
    0.5
    """

    function, options = binary_accuracy, ("threshold",)

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5):
        super().__init__(name, dtype)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetric):
    """How often the likeliest class is the one that the one-hot row marks.

    >>> float(CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]]))
    0.5
    """

    function = categorical_accuracy


class SparseCategoricalAccuracy(MeanMetric):
    """How often the likeliest class is the label.

    >>> float(SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.3, 0.7]]))
    0.5
    """

    function = sparse_categorical_accuracy

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> Any:
        """Return one value for each label: truth and prediction differ in rank here."""
        told = {name: getattr(self, name) for name in self.options}
        return type(self).function(y_true, y_pred, **told)


class TopKCategoricalAccuracy(MeanMetric):
    """How often the marked class is among the `k` likeliest.

    >>> float(TopKCategoricalAccuracy(k=1)([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]]))
    0.5
    """

    function, options = top_k_categorical_accuracy, ("k",)

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None):
        super().__init__(name, dtype)
        self.k = k


class SparseTopKCategoricalAccuracy(SparseCategoricalAccuracy):
    """How often the label is among the `k` likeliest classes.

    >>> float(SparseTopKCategoricalAccuracy(k=2)([1, 0], [[0.2, 0.8], [0.3, 0.7]]))
    1.0
    """

    function, options = sparse_top_k_categorical_accuracy, ("k",)

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None):
        super().__init__(name, dtype)
        self.k = k


def _labels(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    if y_true.ndim == y_pred.ndim and y_true.shape[-1:] == (1,):
        return y_true[..., 0]
    return y_true


def _in_top_k(labels: np.ndarray, y_pred: np.ndarray, k: int) -> np.ndarray:
    own = np.take_along_axis(y_pred, labels[..., None], axis=-1)
    return np.isfinite(own[..., 0]) & (np.sum(y_pred > own, axis=-1) < k)
