"""Accuracy: how often a prediction is right. All other metrics are left to Keras."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_name, message, short_repr
from embedlab.losses import as_valid, match_rank
from embedlab.registry import Configured, left_to_keras, refuse_missing

__all__ = ["Accuracy", "get"]


class Accuracy(Configured):
    """The share of predictions that are right, over all batches since the last reset.

    As ``metrics=["accuracy"]`` in Keras: a probability is compared with 0.5 where the last axis of
    the prediction has length 1; otherwise the likeliest class with the label or the one-hot row.

    >>> accuracy = Accuracy()
    >>> accuracy.update_state([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    >>> accuracy.result()
    0.5
    """

    def __init__(self, name: str = "accuracy"):
        self.name = check_name(name) or "accuracy"
        self.reset_state()

    def reset_state(self) -> None:
        """Forget every batch."""
        self._right = self._count = 0

    def update_state(
        self, y_true: Any, y_pred: Any, mask: Any = None, sample_weight: Any = None
    ) -> None:
        """Count one more batch; where `mask` is False, nothing counts.

        Shapes that fit only by broadcasting are a ShapeError, sample weights a ValueError.
        """
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        shapes = f"{y_true.shape} and {y_pred.shape}"
        if y_pred.ndim == 1:  # one probability for each sample
            y_pred = y_pred[:, None]
        if y_pred.shape[-1:] == (1,):
            y_true, y_pred = match_rank(y_true, y_pred)
            y_pred = y_pred > 0.5
        elif y_true.ndim < y_pred.ndim or y_true.shape[-1:] == (1,):
            y_true = y_true if y_true.ndim < y_pred.ndim else y_true[..., 0]
            y_pred = np.argmax(y_pred, axis=-1)
        elif y_true.shape == y_pred.shape:
            y_true, y_pred = np.argmax(y_true, axis=-1), np.argmax(y_pred, axis=-1)
        if y_true.shape != y_pred.shape:
            must = "y_true must hold one label or one one-hot row for each row of y_pred"
            raise ShapeError(message(must, f"shapes {shapes}", "Reshape one of them"))
        right = y_true == y_pred
        valid = as_valid(mask, right.shape, sample_weight)
        right = right if valid is None else right[valid]
        self._right += int(np.count_nonzero(right))
        self._count += right.size

    def result(self) -> float:
        """Return the accuracy so far; 0 before any batch."""
        return self._right / self._count if self._count else 0.0


def get(identifier: Any) -> Accuracy:
    """Return the metric that a name, class or instance stands for, named as the caller does."""
    if isinstance(identifier, Accuracy):
        return identifier
    if identifier is Accuracy:
        return Accuracy()
    if isinstance(identifier, str) and identifier in ("accuracy", "acc"):
        return Accuracy(identifier)
    label = getattr(identifier, "__name__", identifier)
    raise ValueError(left_to_keras("every metric but accuracy", f"the metric {short_repr(label)}"))


__getattr__ = refuse_missing(__name__)
