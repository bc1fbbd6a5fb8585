"""Losses for classes: how surprising the truth is under the prediction."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError, as_ids
from embedlab.losses.base import EPSILON, Loss

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
]


def binary_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``mean(-t log p - (1 - t) log(1 - p))`` over the last axis."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        values = np.maximum(y_pred, 0) - y_pred * t + np.log1p(np.exp(-np.abs(y_pred)))
    else:
        p = np.clip(y_pred, EPSILON, 1 - EPSILON)
        values = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    return np.mean(values, axis=-1)


def grad_binary_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``(p - t) / (p (1 - p)) / D``, or ``(sigmoid(x) - t) / D`` for logits."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        return (0.5 * (1 + np.tanh(0.5 * y_pred)) - t) / y_pred.shape[-1]
    p = np.clip(y_pred, EPSILON, 1 - EPSILON)
    return (p - t) / (p * (1 - p)) * _inside(y_pred) / y_pred.shape[-1]


def categorical_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``-sum(t log p)`` over the last axis, the probabilities scaled to sum to 1."""
    t = _smooth(y_true, y_pred, label_smoothing)
    if from_logits:
        return -np.sum(t * _log_softmax(y_pred), axis=-1)
    share = y_pred / np.sum(y_pred, axis=-1, keepdims=True)
    return -np.sum(t * np.log(np.clip(share, EPSILON, 1 - EPSILON)), axis=-1)


def grad_categorical_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``softmax(x) * sum(t) - t`` for logits; else the slope, through the scaling to 1."""
    t = _smooth(y_true, y_pred, label_smoothing)
    if from_logits:
        return np.exp(_log_softmax(y_pred)) * np.sum(t, axis=-1, keepdims=True) - t
    total = np.sum(y_pred, axis=-1, keepdims=True)
    share = y_pred / total
    by_share = -t / np.clip(share, EPSILON, 1 - EPSILON) * _inside(share)
    return (by_share - np.sum(by_share * share, axis=-1, keepdims=True)) / total


def sparse_categorical_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    from_logits: bool = False,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Return ``-log p[label]`` for each label; 0 for the class to ignore."""
    onehot, keep = _one_hot(y_true, y_pred, ignore_class)
    return categorical_crossentropy(onehot, y_pred, from_logits) * keep


def grad_sparse_categorical_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    from_logits: bool = False,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Return the gradient of the same with labels written as one-hot rows."""
    onehot, keep = _one_hot(y_true, y_pred, ignore_class)
    return grad_categorical_crossentropy(onehot, y_pred, from_logits) * keep[..., None]


def kl_divergence(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``sum(t log(t / p))`` over the last axis."""
    t, p = np.clip(y_true, EPSILON, 1), np.clip(y_pred, EPSILON, 1)
    return np.sum(t * np.log(t / p), axis=-1)


def grad_kl_divergence(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``-t / p``."""
    t, p = np.clip(y_true, EPSILON, 1), np.clip(y_pred, EPSILON, 1)
    return -t / p * ((y_pred > EPSILON) & (y_pred <= 1))


class _Crossentropy(Loss):
    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ):
        super().__init__(reduction, name, dtype)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"label_smoothing must lie in 0..1. Received {label_smoothing!r:.40}. "
                "Pass for example 0.1."
            )
        self.from_logits, self.label_smoothing = bool(from_logits), float(label_smoothing)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "axis": self.axis}


class BinaryCrossentropy(_Crossentropy):
    """For yes or no: "bce".

    >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
    0.6931
    """

    function, gradient = binary_crossentropy, grad_binary_crossentropy
    options = ("from_logits", "label_smoothing")


class CategoricalCrossentropy(_Crossentropy):
    """For one class of many, written as a one-hot row.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    function, gradient = categorical_crossentropy, grad_categorical_crossentropy
    options = ("from_logits", "label_smoothing")


class SparseCategoricalCrossentropy(Loss):
    """For one class of many, written as its number; `ignore_class` marks labels to leave out.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    function, gradient = sparse_categorical_crossentropy, grad_sparse_categorical_crossentropy
    options = ("from_logits", "ignore_class")

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: str | None = None,
    ):
        super().__init__(reduction, name, dtype)
        self.from_logits, self.ignore_class, self.axis = bool(from_logits), ignore_class, axis

    def _ready(self, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
        labels, y_pred = as_ids(y_true), np.asarray(y_pred, self.dtype)
        if self.axis != -1:
            y_pred = np.moveaxis(y_pred, self.axis, -1)
        if labels.ndim == y_pred.ndim and labels.shape[-1:] == (1,):
            labels = labels[..., 0]
        if labels.shape != y_pred.shape[:-1]:
            raise ShapeError(
                f"labels must have the shape of y_pred without its classes, {y_pred.shape[:-1]}. "
                f"Received {labels.shape}. Pass one label for each row of probabilities."
            )
        return labels, y_pred

    def _mask(self, y_true: np.ndarray, mask: Any) -> Any:
        if self.ignore_class is None:
            return mask
        keep = y_true != self.ignore_class
        return keep if mask is None else keep & np.asarray(mask, bool)


class KLDivergence(Loss):
    """How far one distribution lies from another: "kld".

    >>> float(KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    function, gradient = kl_divergence, grad_kl_divergence


def _smooth(y_true: np.ndarray, y_pred: np.ndarray, label_smoothing: float) -> np.ndarray:
    return y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[-1]


def _inside(p: np.ndarray) -> np.ndarray:
    return (p >= EPSILON) & (p <= 1 - EPSILON)


def _log_softmax(x: np.ndarray) -> np.ndarray:
    x = x - np.max(x, axis=-1, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


def _one_hot(
    y_true: np.ndarray, y_pred: np.ndarray, ignore_class: int | None
) -> tuple[np.ndarray, np.ndarray]:
    labels, classes = as_ids(y_true), y_pred.shape[-1]
    keep = np.ones(labels.shape, bool) if ignore_class is None else labels != ignore_class
    wrong = keep & ((labels < 0) | (labels >= classes))
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise IdError(
            f"labels must lie in 0..{classes - 1} ({classes} classes). Received "
            f"{labels[at]} at {list(at)}. Count classes from 0, or give the last layer more units.",
            [int(labels[at])],
            [at],
            classes,
        )
    onehot = np.where(keep, labels, 0)[..., None] == np.arange(classes)
    return onehot.astype(y_pred.dtype), keep
