"""Steps of training and evaluation, and the arrays and batches that they are made on.

One step is forward, loss, backward, and the step of the optimizer. There is no tape.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from embedlab.callbacks import Callback
from embedlab.core.checks import (
    ShapeError,
    as_numeric_array,
    as_plain_array,
    check_choice,
    check_size,
    message,
    short_repr,
)
from embedlab.core.gradient import SparseGrad
from embedlab.core.ids import IdError, IdTypeError
from embedlab.layers.symbolic import not_a_chain
from embedlab.registry import not_defined

__all__ = [
    *("StepResult", "Totals", "as_callbacks", "as_pair", "as_samples", "as_verbose", "batches"),
    *("forward_step", "positions_of_caller", "train_step"),
]

PROGRESS_BAR_DELAY = 0.5
"""Seconds of work from which a progress bar is worth its place."""


class StepResult(NamedTuple):
    """One training step: the loss and the outputs before it, and the mask that reached the loss.

    The loss is with penalties, and so are the gradients: for each weight by name, an array or a
    SparseGrad; none in an evaluation.
    """

    loss: float
    outputs: np.ndarray
    mask: Any
    gradients: dict[str, Any]


# Steps ----------------------------------------------------------------------------------------


def train_step(model: Any, x: Any, y: Any) -> StepResult:
    """Train on one batch: the weights of the model are changed in place.

    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> model = Sequential([Embedding(3, 1, "zeros", name="e")])
    >>> model.compile("sgd", "mse")
    >>> train_step(model, np.array([[1]]), np.ones((1, 1, 1))).loss
    1.0
    """
    step, context = forward_step(model, x, y, training=True)
    gradients = dict(model.backward(context, model.loss.grad(y, step.outputs, step.mask)).weights)
    variables = model.named_weights()
    unknown = gradients.keys() - variables.keys()
    if unknown:
        must, do = f"gradients must be of weights: {list(variables)}", "Give backward their names"
        raise ValueError(message(must, sorted(unknown), do))
    for name, variable in variables.items():
        if variable.regularizer is not None and variable.trainable:
            if not hasattr(variable.regularizer, "grad"):  # a function of one's own
                do = "Set it: my_regularizer.grad = lambda weights: ..."
                raise not_defined(variable.regularizer, "grad(weights) to be trained", do)
            grad = gradients.get(name, 0.0)
            dense = grad.to_dense() if isinstance(grad, SparseGrad) else grad
            gradients[name] = dense + variable.regularizer.grad(variable.value)
    model.optimizer.apply(gradients.values(), [variables[name] for name in gradients])
    return step._replace(gradients=gradients)


def forward_step(model: Any, x: Any, y: Any, training: bool = False) -> tuple[StepResult, Any]:
    """Return the loss of a batch, its outputs and their mask, and the context for `backward`."""
    outputs, mask, context = model.forward_with_mask(x, training=training)
    if mask is not None and np.shape(mask) != np.shape(outputs)[:-1]:
        must = f"a mask that reaches the loss must fit the outputs, {np.shape(outputs)[:-1]}"
        raise ShapeError(message(must, np.shape(mask), "Pool it away before"))
    loss = float(model.loss(y, outputs, mask)) + float(sum(map(float, model.losses)))
    return StepResult(loss, outputs, mask, {}), context


class Totals:
    """The mean loss and the metrics over the batches of an epoch."""

    def __init__(self, model: Any):
        self.metrics = [metric.clone() for metric in model.metrics]
        self._loss, self._count = 0.0, 0

    def update(self, step: StepResult, y: np.ndarray) -> None:
        """Count one more batch."""
        self._loss += step.loss * len(y)
        self._count += len(y)
        for metric in self.metrics:
            metric.update_state(y, step.outputs, step.mask)

    def result(self) -> dict[str, float]:
        """Return the loss and the metrics by name."""
        loss = self._loss / self._count if self._count else 0.0
        return {"loss": loss, **{metric.name: metric.result() for metric in self.metrics}}


# Data -----------------------------------------------------------------------------------------


def batches(
    count: int, batch_size: int | None, title: str, verbose: Any, order: Any = None
) -> Iterator[tuple[Any, Any]]:
    """Yield the rows of every batch, a slice or part of `order`, and the progress bar."""
    size = 32 if batch_size is None else check_size(batch_size, "batch_size")
    delay = PROGRESS_BAR_DELAY if verbose == "auto" else 0
    hidden, leave = verbose == 0, verbose != "auto"
    starts = range(0, count, size)
    with tqdm(starts, title, delay=delay, disable=hidden, leave=leave) as bar:
        for start in bar:
            rows = slice(start, start + size)
            yield rows if order is None else order[rows], bar


@contextmanager
def positions_of_caller(rows: Any) -> Iterator[None]:
    """Turn positions in a batch, of ids that an error inside names, into those of the caller."""
    try:
        yield
    except (IdError, IdTypeError) as error:
        samples = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        sample = lambda first: int(samples[first]) if first < len(samples) else first
        text = re.sub(r"(?<= at \[)\d+", lambda at: str(sample(int(at[0]))), str(error), count=1)
        error.args = (text,)
        if isinstance(error, IdError) and all(error.positions):
            error.positions = tuple((sample(first), *rest) for first, *rest in error.positions)
        raise


def as_samples(model: Any, value: Any, name: str) -> np.ndarray:
    """Return what a caller passed as `name` as one array with a batch axis.

    A list or a dict of one array is that array, as in Keras. Several inputs, things that are no
    array, and lists of several lengths are a ValueError or TypeError.

    >>> as_samples(None, {"ids": [[1, 2]]}, "x")
    array([[1, 2]])
    """
    if isinstance(value, dict):
        if len(value) != 1:
            keys = ", ".join(str(key) for key in value)
            raise not_a_chain(f"{len(value)} arrays in {name}: {keys:.80}")
        value = next(iter(value.values()))
    must = f"{name} must be an array of samples"
    if value is None:
        raise TypeError(message(must, None, "Pass both arrays: fit(x, y), evaluate(x, y)"))
    if not (isinstance(value, Sequence) or np.isscalar(value) or hasattr(value, "__array__")):
        received = f"a {type(value).__name__}, which may yield them in batches"
        do = "Collect them into one array first: np.concatenate(batches)"
        raise TypeError(message(must, received, do))
    inputs = getattr(model, "inputs", None) if name == "x" else None
    if isinstance(value, (list, tuple)) and inputs and len(value):
        axes = inputs[0].ndim
        if all(isinstance(part, np.ndarray) and part.ndim == axes for part in value):
            if len(value) > 1:
                raise not_a_chain(f"{len(value)} arrays in {name}")
            return np.asarray(value[0])
        if len(value) == 1 and np.ndim(value[0]) == axes:
            return as_plain_array(value[0], name)
    array = as_plain_array(value, f"all samples of {name}")
    if array.ndim == 0:
        kind = "number" if array.dtype.kind in "biufc" else type(value).__name__
        must = f"{name} must have a batch axis in front"
        raise ShapeError(message(must, f"a single {kind}", f"Pass [{name}]"))
    return array


def as_pair(model: Any, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return samples and as many targets, numbers, as arrays."""
    x = as_samples(model, x, "x")
    if isinstance(y, (list, tuple)) and len(y) == 1 and len(x) != 1 and np.ndim(y[0]):
        y = y[0]  # a list of one array is that array
    y = as_numeric_array(as_samples(model, y, "y"), "y")
    if len(x) != len(y):
        must, do = "x and y must have equally many samples", "Make sure all arrays contain the same"
        raise ShapeError(message(must, f"{len(x)} and {len(y)}", f"{do} number of samples"))
    return x, y


def as_verbose(value: Any) -> Any:
    """Return "auto", 0, 1 or 2; True is 1 and False is 0."""
    value = int(value) if isinstance(value, bool) else value
    check_choice(value, "verbose", ("auto", 0, 1, 2), "Pass 0 for no output")
    return value


def as_callbacks(callbacks: Any) -> list[Callback]:
    """Return the callbacks in a list; one alone needs none."""
    callbacks = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    callbacks = [callback for callback in callbacks if callback is not None]
    for callback in callbacks:
        if not isinstance(callback, Callback):
            must, received = "callbacks must be a Callback or a list of them", short_repr(callback)
            raise TypeError(message(must, received, "Pass for example EarlyStopping()"))
    return callbacks
