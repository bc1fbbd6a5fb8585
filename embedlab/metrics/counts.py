"""Metrics from counts of right and wrong decisions, at one threshold or at several."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.losses.base import same_rank
from embedlab.metrics.base import Metric

__all__ = [
    "Counting",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
]

NEVER = -1e10
"""What a prediction becomes that is not among the `top_k`: below every threshold but this one."""


class Counting(Metric):
    """What metrics of yes and no share: how often each is said, and rightly, at every threshold.

    `right` and `wrong` count the yes that was said of a yes and of a no, `yes` and `no` all there
    are; each has one number for each threshold, and with `columns` one for each label too.
    """

    columns = False
    """Whether the labels (last axis) are counted apart."""
    _even = False

    def reset_state(self) -> None:
        """Start with no decisions."""
        self.right: Any = 0.0
        self.wrong: Any = 0.0
        self.yes: Any = 0.0
        self.no: Any = 0.0

    @property
    def limits(self) -> Sequence[float]:
        """The thresholds, as they are told."""
        raise NotImplementedError(
            f"a metric that counts must define limits. {type(self).__name__} does not. Add them."
        )

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Take a batch of truths (0 or 1) and probabilities."""
        y_true, y_pred = same_rank(np.asarray(y_true), np.asarray(y_pred, self.dtype))
        y_true, y_pred = self.chosen(y_true, y_pred)
        weights = np.ones(y_pred.shape)
        for more in (sample_weight, mask):
            if more is not None:
                more = np.asarray(more, float)
                weights = weights * more.reshape(*more.shape, *[1] * (y_pred.ndim - more.ndim))
        self.count(y_true != 0, y_pred, weights)

    def chosen(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the part of a batch that counts."""
        return y_true, y_pred

    def count(self, is_yes: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add up the decisions of a batch, in one pass for any number of thresholds."""
        limits = np.asarray(self.limits, self.dtype)
        order = np.argsort(limits, kind="stable")
        below = self._below(limits[order], y_pred)  # how many thresholds lie below each prediction
        labels = y_pred.shape[-1] if self.columns else 1
        column = np.arange(y_pred.size) % labels
        place = below.ravel() * labels + column
        back = np.argsort(order)
        sums = []
        for kind in (is_yes, ~is_yes):
            count = np.bincount(place, (weights * kind).ravel(), (len(limits) + 1) * labels)
            after = np.cumsum(count.reshape(-1, labels)[::-1], axis=0)[::-1]  # said at it or later
            sums += [after[1:][back], np.broadcast_to(after[0], (len(limits), labels))]
        sums = sums if self.columns else [one[:, 0] for one in sums]
        self.right, self.yes = self.right + sums[0], self.yes + sums[1]
        self.wrong, self.no = self.wrong + sums[2], self.no + sums[3]

    def _below(self, limits: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        if not self._even:
            return np.searchsorted(limits, y_pred, side="left")
        steps = limits.dtype.type(len(limits) - 1)  # as Keras finds the place, to the last rounding
        last = np.ceil(np.clip(y_pred, 0, 1) * steps) - 1
        return np.maximum(last, 0 if limits[0] < 0 else -1).astype(np.int64) + 1

    def _at(self, value: Any, many: bool) -> Any:
        value = np.broadcast_to(value, len(self.limits)).astype(self.dtype)
        return value if many else value[0]


class _Decisions(Counting):
    """A count, or a share of counts, at the thresholds that one asks for."""

    options: tuple[str, ...] = ("thresholds",)

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        told = np.ravel([] if thresholds is None else thresholds)
        if not all(0 <= one <= 1 for one in told):
            raise ValueError(
                "thresholds must lie in 0..1: a prediction is a probability. "
                f"Received {thresholds!r:.80}. For logits, put a sigmoid after the model."
            )
        self.thresholds = thresholds
        self._even = _evenly(np.asarray(self.limits, float))
        super().__init__(name, dtype)

    @property
    def limits(self) -> Sequence[float]:
        """The thresholds: 0.5 unless told."""
        if self.thresholds is None:
            return [0.5]
        return list(np.ravel(self.thresholds))

    def result(self) -> Any:
        """Return the number so far; an array for a list of thresholds."""
        return self._at(self.found(), len(self.limits) > 1)

    def found(self) -> Any:
        """Return the number at every threshold."""
        raise NotImplementedError(f"a metric must define found. {type(self).__name__} does not.")


class _Shares(_Decisions):
    options = ("thresholds", "top_k", "class_id")

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.top_k, self.class_id = top_k, class_id
        super().__init__(thresholds, name, dtype)

    @property
    def limits(self) -> Sequence[float]:
        """The thresholds: 0.5 unless told, and none where `top_k` decides."""
        return [NEVER] if self.thresholds is None and self.top_k is not None else super().limits

    def chosen(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what counts: the largest `top_k` of each row, and the column `class_id`."""
        if self.top_k is not None:
            first = np.argsort(-y_pred, axis=-1, kind="stable")[..., : self.top_k]
            kept = np.zeros(y_pred.shape, bool)
            np.put_along_axis(kept, first, True, axis=-1)
            y_pred = np.where(kept, y_pred, y_pred.dtype.type(NEVER))
        if self.class_id is not None:
            if y_pred.ndim < 2:
                raise ValueError(
                    "When class_id is provided, y_pred must be a 2D array: one column for each "
                    f"class. Received shape {y_pred.shape}. Leave class_id away."
                )
            y_true, y_pred = (y[..., self.class_id, None] for y in (y_true, y_pred))
        return y_true, y_pred


class Precision(_Shares):
    """Of all that was called positive, how much is.

    Parameters
    ----------
    thresholds : float or list of float, optional
        From which probability on something is called positive: 0.5 unless told. For a list there
        is one number each.
    top_k : int, optional
        Call positive the largest k of each row instead.
    class_id : int, optional
        Look at one class alone.

    Examples
    --------
    >>> round(float(Precision()([1, 0, 1, 1], [0.9, 0.6, 0.4, 0.8])), 4)
    0.6667
    >>> Precision([0.5, 0.7])([1, 0, 1, 1], [0.9, 0.7, 0.4, 0.8]).astype(float).round(2).tolist()
    [0.67, 1.0]
    """

    def found(self) -> Any:
        """Return the share; 0 when nothing was called positive."""
        return share(self.right, self.right + self.wrong)


class Recall(_Shares):
    """Of all that is positive, how much was found; parameters as for `Precision`.

    >>> float(Recall()([1, 1], [0.9, 0.1]))
    0.5
    """

    def found(self) -> Any:
        """Return the share; 0 when nothing is positive."""
        return share(self.right, self.yes)


class TruePositives(_Decisions):
    """How many were rightly called positive.

    >>> float(TruePositives()([1, 1, 0], [0.9, 0.1, 0.8]))
    1.0
    """

    def found(self) -> Any:
        """Return the count."""
        return self.right


class FalsePositives(_Decisions):
    """How many were called positive and are not.

    >>> float(FalsePositives()([1, 1, 0], [0.9, 0.1, 0.8]))
    1.0
    """

    def found(self) -> Any:
        """Return the count."""
        return self.wrong


class TrueNegatives(_Decisions):
    """How many were rightly called negative.

    >>> float(TrueNegatives()([1, 1, 0], [0.9, 0.1, 0.2]))
    1.0
    """

    def found(self) -> Any:
        """Return the count."""
        return self.no - self.wrong


class FalseNegatives(_Decisions):
    """How many are positive and were not found.

    >>> float(FalseNegatives()([1, 1, 0], [0.9, 0.1, 0.8]))
    1.0
    """

    def found(self) -> Any:
        """Return the count."""
        return self.yes - self.right


def share(part: Any, whole: Any) -> np.ndarray:
    """Return ``part / whole``, and 0 where the whole is 0.

    >>> share(np.array([1.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [0.25, 0.0]
    """
    whole = np.asarray(whole, float)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole != 0)


def _evenly(limits: np.ndarray) -> bool:
    return len(limits) >= 3 and np.allclose(limits, np.linspace(0, 1, len(limits)), atol=1e-7)
