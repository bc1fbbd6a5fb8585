"""Accuracy: how often a prediction is right. All other metrics are left to Keras."""

from typing import Any

import numpy as np

from embedlab.losses import match_rank
from embedlab.registry import left_to_keras, missing_attribute

__all__ = ["Accuracy", "get"]


class Accuracy:
    """The share of predictions that are right, over all batches since the last reset.

    As ``metrics=["accuracy"]`` in Keras: a probability is compared with 0.5 where the last axis of
    the prediction has length 1; otherwise the likeliest class with the label or the one-hot row.

    Examples
    --------
    >>> accuracy = Accuracy()
    >>> accuracy.update_state([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    >>> accuracy.result()
    0.5
    """

    def __init__(self, name: str = "accuracy"):
        self.name = name
        self.reset_state()

    def reset_state(self) -> None:
        """Forget every batch."""
        self._right = self._count = 0

    def update_state(self, y_true: Any, y_pred: Any, mask: Any = None) -> None:
        """Count one more batch; where `mask` is False, nothing counts."""
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        if y_pred.shape[-1:] == (1,):
            y_true, y_pred = match_rank(y_true, y_pred)
            right = y_true == (y_pred > 0.5)
        elif y_true.ndim < y_pred.ndim or y_true.shape[-1:] == (1,):
            labels = y_true if y_true.ndim < y_pred.ndim else y_true[..., 0]
            right = labels == np.argmax(y_pred, axis=-1)
        else:
            right = np.argmax(y_true, axis=-1) == np.argmax(y_pred, axis=-1)
        if mask is not None:
            right = right[np.asarray(mask, bool)]
        self._right += int(np.count_nonzero(right))
        self._count += right.size

    def result(self) -> float:
        """Return the accuracy so far; 0 before any batch."""
        return self._right / self._count if self._count else 0.0

    def __repr__(self) -> str:
        return f"Accuracy(name={self.name!r})"


def get(identifier: Any) -> Accuracy:
    """Return the metric that a name, class or instance stands for, named as the caller does.

    >>> get("acc")
    Accuracy(name='acc')
    """
    if isinstance(identifier, Accuracy):
        return identifier
    if identifier is Accuracy or identifier in ("accuracy", "acc"):
        return Accuracy() if identifier is Accuracy else Accuracy(identifier)
    label = getattr(identifier, "__name__", identifier)
    raise ValueError(left_to_keras("every metric but accuracy", f"the metric {label!r:.60}"))


def __getattr__(name: str) -> Any:
    raise missing_attribute(__name__, name)
