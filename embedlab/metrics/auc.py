"""The area under a curve of decisions: how well a model ranks, at every threshold at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.activations import sigmoid
from embedlab.core.checks import ShapeError, check_size
from embedlab.metrics.counts import Counting, share

__all__ = ["AUC"]

EDGE = 1e-7
"""How far the first and the last threshold lie outside of 0..1."""
MOST = 1_000_000
"""Thresholds beyond these say nothing more of float32 predictions, and take memory."""
CURVES = ("ROC", "PR", "PRGAIN")
SUMS = ("interpolation", "minoring", "majoring")


class AUC(Counting):
    """The area under the ROC curve (or precision over recall), from counts at many thresholds.

    Parameters
    ----------
    num_thresholds : int
        How many, evenly spread over 0..1; the more, the nearer to the exact area.
    curve : {"ROC", "PR", "PRGAIN"}
        Found positives over false alarms; precision over recall; or the gains of both.
    summation_method : {"interpolation", "minoring", "majoring"}
        How high the curve is between two thresholds: in the middle, or the lower or upper end.
    name : str, optional
    dtype : str, optional
    thresholds : list of float, optional
        Thresholds of your own, within 0..1.
    multi_label : bool
        Whether each column is a curve of its own, and the result the mean of the areas.
    num_labels : int, optional
        The number of columns, for Keras's sake: it is found out.
    label_weights : list of float, optional
        How much each column counts.
    from_logits : bool
        Whether a sigmoid must make probabilities of the predictions.

    Raises
    ------
    ValueError, ShapeError
        For unknown curves and sums, fewer than 2 thresholds, and data without columns.

    Notes
    -----
    Source: ``keras.metrics.AUC``. For "PR" with "interpolation" the counts are interpolated, not
    the ratio: Davis, Goadrich 2006, section 4.

    Examples
    --------
    >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        self.curve = _one_of(str(curve).upper(), CURVES, "AUC curve")
        self.summation_method = _one_of(str(summation_method).lower(), SUMS, "AUC summation method")
        self.own_thresholds = None if thresholds is None else sorted(float(t) for t in thresholds)
        if self.own_thresholds is not None:
            num_thresholds = len(self.own_thresholds) + 2
        if not 1 < check_size(num_thresholds, "num_thresholds") <= MOST:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 1, and at most {MOST:,}. "
                f"Received {num_thresholds}. Take 200."
            )
        self.num_thresholds = int(num_thresholds)
        even = np.arange(1, self.num_thresholds - 1) / (self.num_thresholds - 1)
        inner = list(even) if self.own_thresholds is None else self.own_thresholds
        self._limits = [0.0 - EDGE, *inner, 1.0 + EDGE]
        self._even = self.own_thresholds is None or np.allclose(inner, even, atol=EDGE)
        self._even &= self.num_thresholds >= 3
        if num_labels and not multi_label:
            raise ValueError(
                "`num_labels` is needed only when `multi_label` is True. "
                f"Received {num_labels!r:.40}. Leave it away."
            )
        self.multi_label = self.columns = bool(multi_label)
        self.num_labels, self.from_logits = num_labels, bool(from_logits)
        self.label_weights = None if label_weights is None else np.asarray(label_weights, float)
        super().__init__(name, dtype)

    @property
    def limits(self) -> Sequence[float]:
        """The thresholds."""
        return list(self._limits)

    thresholds = limits

    def chosen(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return truths and probabilities."""
        if self.multi_label and y_pred.ndim != 2:
            raise ShapeError(
                "`y_pred` must have rank 2 when `multi_label=True`. "
                f"Received shape {y_pred.shape}. Reshape it to (samples, labels)."
            )
        return y_true, sigmoid(y_pred) if self.from_logits else y_pred

    def count(self, is_yes: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add up the decisions of a batch; in one curve, `label_weights` weigh the columns."""
        if self.label_weights is not None and not self.multi_label:
            weights = weights * self.label_weights
        super().count(is_yes, y_pred, weights)

    def result(self) -> Any:
        """Return the area so far; 0 before any batch."""
        if np.ndim(self.yes) == 0:
            return self._number(0.0)
        areas = (self._between() if self._interpolated else self._steps()).sum(axis=0)
        if not self.multi_label:
            return self._number(areas)
        if self.label_weights is None:
            return self._number(np.mean(areas))
        weights = self.label_weights
        return self._number(share(np.sum(areas * weights), np.sum(weights)))

    @property
    def _interpolated(self) -> bool:
        return self.curve == "PR" and self.summation_method == "interpolation"

    def _steps(self) -> np.ndarray:
        """Return the area between each two thresholds, as a rectangle."""
        x, y = self._curve()
        if self.summation_method == "interpolation":
            height = (y[:-1] + y[1:]) / 2
        else:
            height = (np.minimum if self.summation_method == "minoring" else np.maximum)(
                y[:-1], y[1:]
            )
        return (x[:-1] - x[1:]) * height

    def _curve(self) -> tuple[np.ndarray, np.ndarray]:
        recall = share(self.right, self.yes)
        if self.curve == "ROC":
            return share(self.wrong, self.no), recall
        if self.curve == "PR":
            return recall, share(self.right, self.right + self.wrong)
        odds, found = share(self.yes, self.no), self.right > 0
        recall_gain = 1 - odds * share(self.yes - self.right, self.right)
        precision_gain = 1 - odds * share(self.wrong, self.right)
        return np.maximum(np.where(found, recall_gain, 0), 0), np.where(found, precision_gain, 1)

    def _between(self) -> np.ndarray:
        """Return the area between each two thresholds where counts change evenly between them.

        With P = found + false alarms, precision is ``(found_b + slope * (P - P_b)) / P``, and its
        integral has a logarithm in it.
        """
        said = self.right + self.wrong
        gained, more = self.right[:-1] - self.right[1:], said[:-1] - said[1:]
        slope = share(gained, np.maximum(more, 0))
        start = self.right[1:] - slope * said[1:]
        both = (said[:-1] > 0) & (said[1:] > 0)
        ratio = np.where(both, share(said[:-1], np.maximum(said[1:], 0)), 1.0)
        return share(slope * (gained + start * np.log(ratio)), np.maximum(self.yes[1:], 0))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        weights = None if self.label_weights is None else self.label_weights.tolist()
        own = {} if self.own_thresholds is None else {"thresholds": self.own_thresholds}
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": weights,
            "from_logits": self.from_logits,
            **own,
        }


def _one_of(value: str, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise ValueError(
            f"Invalid {what} value: it must be one of {known}. Received {value!r:.40}. "
            "Choose one of these."
        )
    return value
