"""One batch: forward, loss, backward, and the step of the optimizer. There is no tape."""

from typing import Any, NamedTuple

import numpy as np

from embedlab import metrics as metrics_module
from embedlab.core.gradient import SparseGrad
from embedlab.core.table import ShapeError

__all__ = ["Judge", "Step", "grade", "train_step"]


class Step(NamedTuple):
    """What one training step was.

    Attributes
    ----------
    loss : float
        Before the step, with penalties.
    size : int
        Samples in the batch.
    outputs : ndarray
        Before the step.
    gradients : dict
        For each weight by name, an array or a SparseGrad, with penalties.
    """

    loss: float
    size: int
    outputs: np.ndarray
    gradients: dict[str, Any]


class Judge:
    """The loss and the metrics of a run: batches go in, one number for each name comes out.

    Parameters
    ----------
    metrics, weighted_metrics : list of metric, name or dict
        Those of the second kind heed `sample_weight`; both heed a mask.
    """

    def __init__(self, metrics: Any = None, weighted_metrics: Any = None):
        self.told = [(m, False) for m in _listed(metrics)]
        self.told += [(m, True) for m in _listed(weighted_metrics)]
        for identifier, _ in self.told:
            metrics_module.fitting(identifier, (1, 1), (1, 1))  # refuses unknown names at once
        self.loss = metrics_module.Mean("loss", "float64")
        self.metrics: list[tuple[Any, bool]] | None = None

    def reset(self) -> None:
        """Start again, as at the beginning of an epoch."""
        self.loss.reset_state()
        for metric, _ in self.metrics or []:
            metric.reset_state()

    def take(self, loss: float, y: np.ndarray, outputs: np.ndarray, sample_weight: Any = None,
             mask: Any = None) -> None:  # fmt: skip
        """Take one batch."""
        if self.metrics is None:  # only now is it known what "accuracy" means
            shapes = np.shape(y), np.shape(outputs)
            self.metrics = [(metrics_module.fitting(m, *shapes), w) for m, w in self.told]
        self.loss.update_state(loss, len(outputs))
        for metric, weighted in self.metrics:
            metric.update_state(y, outputs, sample_weight if weighted else None, mask=mask)

    def result(self) -> dict[str, float]:
        """Give the loss and every metric so far."""
        told = {metric.name: float(metric.result()) for metric, _ in self.metrics or []}
        return {"loss": float(self.loss.result()), **told}


def grade(model: Any, x: Any, y: Any, sample_weight: Any, judge: Judge) -> float:
    """Give the loss of a batch, with penalties, and show it to the judge; nothing is learned."""
    outputs, mask, _ = model.forward_with_mask(x)
    mask = _for_loss(mask, outputs)
    loss = float(model.loss(y, outputs, sample_weight, mask)) + _penalties(model)
    judge.take(loss, y, outputs, sample_weight, mask)
    return loss


def train_step(
    model: Any, x: Any, y: Any, sample_weight: Any = None, judge: Judge | None = None
) -> Step:
    """Do one step: the model's weights move, and what happened is given.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> model = Sequential([Embedding(3, 1, "zeros", name="e")])
    >>> model.compile("sgd", "mse")
    >>> train_step(model, np.array([[1]]), np.ones((1, 1, 1))).loss
    1.0
    """
    outputs, mask, context = model.forward_with_mask(x, training=True)
    mask = _for_loss(mask, outputs)
    loss = float(model.loss(y, outputs, sample_weight, mask)) + _penalties(model)
    grad = model.loss.grad(y, outputs, sample_weight, mask)
    gradients = dict(model.backward(context, grad).weights)
    named = model.named_weights()
    for name, variable in named.items():
        if variable.regularizer is not None and variable.trainable:
            slope = variable.regularizer.grad(variable.value)
            gradients[name] = _added(gradients.get(name), slope)
    model.optimizer.apply_gradients([(gradients[name], named[name]) for name in gradients])
    if judge is not None:
        judge.take(loss, y, outputs, sample_weight, mask)
    return Step(loss, len(outputs), outputs, gradients)


def _added(grad: Any, slope: np.ndarray) -> np.ndarray:
    if grad is None:
        return slope
    return (grad.to_dense() if isinstance(grad, SparseGrad) else grad) + slope


def _penalties(model: Any) -> float:
    return float(sum(float(penalty) for penalty in model.losses))


def _for_loss(mask: Any, outputs: np.ndarray) -> Any:
    """Give the mask where it says something of the outputs: one flag for each row of them."""
    if mask is not None and np.shape(mask) != np.shape(outputs)[:-1]:
        raise ShapeError(
            f"a mask that reaches the loss must fit the outputs, {np.shape(outputs)[:-1]}. "
            f"Received {np.shape(mask)}. Pool it away before."
        )
    return mask


def _listed(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    return list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
