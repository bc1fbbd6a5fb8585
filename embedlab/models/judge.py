"""The loss and the metrics of a run: batches go in, one number for each name comes out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from embedlab import metrics as metrics_module
from embedlab.models.ends import Ends

__all__ = ["Judge"]


class _Asked(NamedTuple):
    place: int  # of the output
    metric: Any
    weighted: bool


class Judge:
    """The loss and the metrics of a run: batches go in, one number for each name comes out.

    Parameters
    ----------
    metrics, weighted_metrics : list of metric, name or dict
        Those of the second kind heed `sample_weight`; both heed a mask. For a model with several
        outputs what each has (a metric or a list) in a list, in a dict by their names, or in the
        form of the outputs.
    ends : Ends, optional
        The outputs; one unless told.

    Examples
    --------
    >>> judge = Judge(["mae"])
    >>> judge.take({"loss": 4.0}, 4.0, [np.zeros((1, 1))], [np.full((1, 1), 2.0)])
    >>> judge.result()
    {'loss': 4.0, 'mae': 2.0}
    """

    def __init__(self, metrics: Any = None, weighted_metrics: Any = None, ends: Ends | None = None):
        self.ends = Ends("") if ends is None else ends
        self.told = _told(metrics, self.ends, False) + _told(weighted_metrics, self.ends, True)
        for asked in self.told:
            metrics_module.fitting(asked.metric, (1, 1), (1, 1))  # refuses unknown names at once
        self.loss = metrics_module.Mean("loss", "float64")
        self.parts: dict[str, Any] = {}
        self.metrics: dict[str, _Asked] | None = None

    def reset(self) -> None:
        """Start again, as at the beginning of an epoch."""
        self.loss.reset_state()
        for mean in self.parts.values():
            mean.reset_state()
        for asked in (self.metrics or {}).values():
            asked.metric.reset_state()

    def take(
        self,
        parts: dict[str, float],
        total: float,
        y: Any,
        outputs: Any,
        weights: Any = None,
        masks: Any = None,
    ) -> None:
        """Take one batch: the loss of each output, their sum with penalties, and lists of arrays.

        Parameters
        ----------
        parts : dict of str to float
        total : float
        y, outputs : list of ndarray
        weights, masks : list, optional
        """
        size = len(outputs[0])
        self.loss.update_state(total, size)
        for name, value in parts.items() if len(parts) > 1 else ():
            self.parts.setdefault(name, metrics_module.Mean(name, "float64"))
            self.parts[name].update_state(value, size)
        if self.metrics is None:  # only now is it known what "accuracy" means
            self.metrics = self._made(y, outputs)
        for place, metric, weighted in self.metrics.values():
            weight = weights[place] if weighted and weights is not None else None
            mask = None if masks is None else masks[place]
            metric.update_state(y[place], outputs[place], weight, mask=mask)

    def _made(self, y: Any, outputs: Any) -> dict[str, _Asked]:
        """Make the metrics, each under a name of its own."""
        made: dict[str, _Asked] = {}
        for place, identifier, weighted in self.told:
            shapes = np.shape(y[place]), np.shape(outputs[place])
            metric = metrics_module.fitting(identifier, *shapes)
            front = f"{self.ends.metrics[place]}_" if len(self.ends) > 1 else ""
            name = f"{front}{metric.name}"
            if name in made and weighted:
                name = f"{front}weighted_{metric.name}"
            number, stem = 0, name
            while name in made:
                number += 1
                name = f"{stem}_{number}"
            made[name] = _Asked(place, metric, weighted)
        return made

    def result(self) -> dict[str, Any]:
        """Return the loss, those of the outputs where there are several, and every metric so
        far."""
        told = {name: _plain(asked.metric.result()) for name, asked in (self.metrics or {}).items()}
        if len(self.ends) > 1:  # in the order in which Keras gives them as a list
            told = {name: told[name] for name in sorted(told)}
        parts = {name: float(mean.result()) for name, mean in self.parts.items()}
        return {"loss": float(self.loss.result()), **parts, **told}


def _plain(result: Any) -> Any:
    """Return a number as a float; a metric of several thresholds or classes gives an array."""
    return float(result) if np.ndim(result) == 0 else np.asarray(result)


def _told(metrics: Any, ends: Ends, weighted: bool) -> list[_Asked]:
    if metrics is None or (isinstance(metrics, (list, tuple)) and not metrics):
        return []
    found = []
    for place, own in enumerate(_each(metrics, ends)):
        listed = own if isinstance(own, (list, tuple)) else [] if own is None else [own]
        while len(listed) == 1 and isinstance(listed[0], (list, tuple)):  # [["mae"]] is fine
            listed = listed[0]
        found += [_Asked(place if len(ends) > 1 else 0, metric, weighted) for metric in listed]
    return found


def _each(metrics: Any, ends: Ends) -> list[Any]:
    named = isinstance(metrics, Mapping) and "class_name" not in metrics
    try:
        if len(ends) > 1 or (named and ends.names != [""]):
            return ends.several(metrics, "metrics")
    except ValueError as error:
        raise ValueError(f"Invalid `metrics`. {error}") from None
    return list(metrics.values()) if named else [metrics]  # a lone output has no name to meet
