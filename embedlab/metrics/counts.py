"""Metrics from counts of right and wrong decisions."""

from typing import Any

import numpy as np

from embedlab.losses.base import same_rank
from embedlab.metrics.base import Metric

__all__ = ["Precision", "Recall"]


class _Counts(Metric):
    options = ("thresholds",)

    def __init__(self, thresholds: float | None = None, name: str | None = None,
                 dtype: Any = None, top_k: None = None, class_id: None = None):  # fmt: skip
        if top_k is not None or class_id is not None:
            raise NotImplementedError(
                f"top_k and class_id are not built. Received {top_k!r:.40} and {class_id!r:.40}. "
                "Pick the class's column before."
            )
        if thresholds is not None and not isinstance(thresholds, (int, float)):
            raise NotImplementedError(
                f"thresholds must be one number. Received {thresholds!r:.40}. Make one metric each."
            )
        super().__init__(name, dtype)
        self.thresholds = thresholds

    def reset_state(self) -> None:
        """Start with no decisions."""
        self._right = self._said_yes = self._is_yes = 0.0

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Take a batch of truths (0 or 1) and probabilities."""
        y_true, y_pred = same_rank(np.asarray(y_true, float), np.asarray(y_pred, float))
        threshold = 0.5 if self.thresholds is None else self.thresholds
        said, is_yes = y_pred > threshold, y_true != 0
        weights = np.ones(())
        for more in (sample_weight, mask):
            if more is not None:
                more = np.asarray(more, float)
                weights = weights * more.reshape(*more.shape, *[1] * (said.ndim - more.ndim))
        self._right += float(np.sum(weights * (said & is_yes)))
        self._said_yes += float(np.sum(weights * said))
        self._is_yes += float(np.sum(weights * is_yes))


class Precision(_Counts):
    """Of all that was called positive, how much is.

    >>> round(float(Precision()([1, 0, 1, 1], [0.9, 0.6, 0.4, 0.8])), 4)
    0.6667
    """

    def result(self) -> Any:
        """Give the share; 0 when nothing was called positive."""
        return self._number(self._right / self._said_yes if self._said_yes else 0.0)


class Recall(_Counts):
    """Of all that is positive, how much was found.

    >>> float(Recall()([1, 1], [0.9, 0.1]))
    0.5
    """

    def result(self) -> Any:
        """Give the share; 0 when nothing is positive."""
        return self._number(self._right / self._is_yes if self._is_yes else 0.0)
