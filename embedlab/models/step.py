"""One batch: forward, loss, backward, and the step of the optimizer. There is no tape."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.gradient import SparseGrad, add_gradients
from embedlab.layers.base import Layer
from embedlab.models.goals import Goals
from embedlab.models.judge import Judge
from embedlab.models.several import Several

__all__ = ["Step", "grade", "train_step"]


class Step(NamedTuple):
    """What one training step was.

    Attributes
    ----------
    loss : float
        Before the step, with penalties.
    size : int
        Samples in the batch.
    outputs : ndarray or list of ndarray
        Before the step.
    gradients : dict
        For each weight by name, an array or a SparseGrad, with penalties.
    """

    loss: float
    size: int
    outputs: Any
    gradients: dict[str, Any]


class _Batch(NamedTuple):
    """What the loss compares: for each output what it should be, what it is, weights and masks."""

    y: list[Any]
    outputs: list[Any]
    weights: list[Any]
    masks: list[Any]


def grade(model: Any, x: Any, y: Any, sample_weight: Any, judge: Judge) -> float:
    """Return the loss of a batch, with penalties, and show it to the judge; nothing is learned."""
    outputs, mask, _ = model.forward_with_mask(x)
    batch = _compared(model, y, outputs, sample_weight, mask)
    parts = model.goals.parts(*batch)
    loss = model.goals.total(parts) + _penalties(model)
    judge.take(parts, loss, *batch)
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
    batch = _compared(model, y, outputs, sample_weight, mask)
    parts = model.goals.parts(*batch)
    loss = model.goals.total(parts) + _penalties(model)
    grads = model.goals.grads(*batch)
    found = model.backward(context, grads if isinstance(outputs, list) else grads[0]).weights
    named = model.named_weights()
    first: dict[int, str] = {}  # a layer that two models share has two names
    for name, variable in named.items():
        first.setdefault(id(variable), name)
    gradients: dict[str, Any] = {}
    for name, grad in found.items():
        key = first[id(named[name])]
        gradients[key] = add_gradients(gradients.get(key), grad)
    for name in first.values():
        variable = named[name]
        if variable.regularizer is not None and variable.trainable:
            slope = variable.regularizer.grad(variable.value)
            gradients[name] = _added(gradients.get(name), slope)
    model.optimizer.apply_gradients([(gradients[name], named[name]) for name in gradients])
    if judge is not None:
        judge.take(parts, loss, *batch)
    return Step(loss, len(batch.outputs[0]), outputs, gradients)


def _compared(model: Any, y: Any, outputs: Any, sample_weight: Any, mask: Any) -> _Batch:
    """Return truth, outputs, weights and masks in lists, one each for an output."""
    several = isinstance(outputs, list)
    goals: Goals = model.goals
    outs = outputs if several else [outputs]
    if len(outs) != len(goals.ends):
        raise ValueError(
            f"the model must give the {len(goals.ends)} outputs it was compiled for. "
            f"Received {len(outs)}. Build it as Model(inputs, outputs)."
        )
    masks = mask if isinstance(mask, list) else [mask] * len(outs)
    masks = [
        _for_loss(m, o) if n in goals.places else None
        for n, (m, o) in enumerate(zip(masks, outs, strict=True))
    ]
    wanted = list(y) if isinstance(y, Several) else [y]
    weights = (
        list(sample_weight) if isinstance(sample_weight, Several) else [sample_weight] * len(outs)
    )
    return _Batch(wanted, outs, weights, masks)


def _added(grad: Any, slope: np.ndarray) -> np.ndarray:
    if grad is None:
        return slope
    return (grad.to_dense() if isinstance(grad, SparseGrad) else grad) + slope


def _penalties(model: Layer) -> float:
    return float(sum(float(penalty) for penalty in model.losses))


def _for_loss(mask: Any, outputs: np.ndarray) -> Any:
    """Return the mask where it says something of the outputs: one flag for each row of them."""
    if mask is not None and np.shape(mask) != np.shape(outputs)[:-1]:
        raise ShapeError(
            f"a mask that reaches the loss must fit the outputs, {np.shape(outputs)[:-1]}. "
            f"Received {np.shape(mask)}. Pool it away before."
        )
    return mask
