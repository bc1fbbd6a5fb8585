"""The harmonic mean of precision and recall, for every class or over all of them."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.losses.base import EPSILON
from embedlab.metrics.base import Metric

__all__ = ["F1Score", "FBetaScore"]

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """The harmonic mean of precision and recall, in which recall counts `beta` times as much.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}
        One number for each class; of all decisions together; the mean over the classes; the mean
        weighted by how often each class is true.
    beta : float
    threshold : float, optional
        From which probability on a class is called; unless told, the likeliest class of each row.
    name, dtype : optional

    Raises
    ------
    ValueError, ShapeError
        For arguments out of range, and data that is not (samples, classes).

    Notes
    -----
    ``(1 + beta²) · precision · recall / (beta² · precision + recall)``. Source:
    ``keras.metrics.FBetaScore``.

    Examples
    --------
    >>> truth = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    >>> made = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
    >>> FBetaScore(beta=2.0, threshold=0.5)(truth, made).astype(float).round(4).tolist()
    [0.3846, 0.9091, 0.8333]
    """

    options: tuple[str, ...] = ("average", "beta", "threshold")

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ):
        if average not in AVERAGES:
            raise ValueError(
                f"Invalid `average` argument value. Expected one of: {AVERAGES}. "
                f"Received {average!r:.40}. Choose one of these."
            )
        self.average, self.beta = average, _above_0("beta", beta, np.inf)
        self.threshold = None if threshold is None else _above_0("threshold", threshold, 1.0)
        super().__init__(name, dtype)

    def reset_state(self) -> None:
        """Start with no decisions."""
        self._right: Any = 0.0
        self._said: Any = 0.0
        self._is: Any = 0.0

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Take a batch of truths (0 or 1) and probabilities, (samples, classes)."""
        y_true, y_pred = np.asarray(y_true, self.dtype), np.asarray(y_pred, self.dtype)
        if y_true.ndim != 2 or y_pred.ndim != 2:
            raise ShapeError(
                f"{type(self).__name__} expects 2D inputs with shape (batch_size, output_dim). "
                f"Received {y_true.shape} and {y_pred.shape}. Put the classes along the last axis."
            )
        if self.threshold is None:  # a row of zeros calls no class
            said = (y_pred >= y_pred.max(axis=-1, keepdims=True)) & (np.abs(y_pred) > 1e-9)
        else:
            said = y_pred > self.threshold
        weights = np.ones((len(y_pred), 1))
        for more in (sample_weight, mask):
            if more is not None:
                weights = weights * np.asarray(more, float).reshape(-1, 1)
        axis = None if self.average == "micro" else 0
        self._right = self._right + np.sum(weights * said * y_true, axis)
        self._said = self._said + np.sum(weights * said, axis)
        self._is = self._is + np.sum(weights * y_true, axis)

    def result(self) -> Any:
        """Return the score so far: an array, or one number with an average."""
        precision, recall = (self._right / (n + EPSILON) for n in (self._said, self._is))
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + EPSILON)
        if self.average == "weighted":
            scores = np.sum(scores * self._is / (np.sum(self._is) + EPSILON))
        elif self.average is not None:
            scores = np.mean(scores)
        return np.asarray(scores).astype(self.dtype)[()]


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall; parameters as for `FBetaScore`.

    >>> truth = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    >>> made = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
    >>> F1Score(threshold=0.5)(truth, made).astype(float).round(4).tolist()
    [0.5, 0.8, 0.6667]
    """

    options = ("average", "threshold")

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average, 1.0, threshold, name, dtype)


def _above_0(name: str, value: Any, most: float) -> float:
    number = isinstance(value, (float, np.floating)) and 0 < value <= most
    if not number:
        raise ValueError(
            f"Invalid `{name}` argument value. It should be a float above 0"
            f"{'' if most == np.inf else f', at most {most:g}'}. Received {value!r:.40}. "
            "Pass for example 0.5."
        )
    return float(value)
