"""Training, evaluating and predicting: batches of arrays through a compiled model.

One step is forward, loss, backward, and the step of the optimizer. There is no tape.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from embedlab.callbacks import Callback, History
from embedlab.core.checks import ShapeError, check_size
from embedlab.core.gradient import SparseGrad
from embedlab.core.ids import IdError
from embedlab.layers.symbolic import not_a_chain
from embedlab.metrics import Accuracy

__all__ = ["StepResult", "as_samples", "evaluate", "fit", "predict", "train_step"]

PROGRESS_BAR_DELAY = 0.5
"""Seconds of work from which a progress bar is worth its place."""


class StepResult(NamedTuple):
    """The record of one training step.

    Attributes
    ----------
    loss : float
        Before the step, with penalties.
    outputs : ndarray
        Before the step.
    mask : ndarray or None
        The mask that reached the loss.
    gradients : dict
        For each weight by name, an array or a SparseGrad, with penalties.
    """

    loss: float
    outputs: np.ndarray
    mask: Any
    gradients: dict[str, Any]


class _Totals:
    """The mean loss and the metrics over the batches of an epoch."""

    def __init__(self, model: Any):
        self.metrics = [Accuracy(metric.name) for metric in model.metrics]
        self._loss, self._count = 0.0, 0

    def update(self, loss: float, y: np.ndarray, outputs: np.ndarray, mask: Any) -> None:
        self._loss += loss * len(y)
        self._count += len(y)
        for metric in self.metrics:
            metric.update_state(y, outputs, mask)

    def result(self) -> dict[str, float]:
        loss = self._loss / self._count if self._count else 0.0
        return {"loss": loss, **{metric.name: metric.result() for metric in self.metrics}}


# Steps ----------------------------------------------------------------------------------------


def train_step(model: Any, x: Any, y: Any) -> StepResult:
    """Train on one batch: the weights of the model are changed in place.

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
    mask = _mask_for_loss(mask, outputs)
    loss = float(model.loss(y, outputs, mask)) + _penalties(model)
    by_name = model.backward(context, model.loss.grad(y, outputs, mask)).weights
    variables = model.named_weights()
    gradients = dict(by_name)
    for name, variable in variables.items():
        if variable.regularizer is not None and variable.trainable:
            penalty = variable.regularizer.grad(variable.value)
            gradients[name] = _add_dense(gradients.get(name), penalty)
    model.optimizer.apply_gradients([(gradients[name], variables[name]) for name in gradients])
    return StepResult(loss, outputs, mask, gradients)


def _evaluate_batch(model: Any, x: Any, y: Any) -> tuple[float, np.ndarray, Any]:
    """Return the loss of a batch with penalties, the outputs and their mask."""
    outputs, mask, _ = model.forward_with_mask(x)
    mask = _mask_for_loss(mask, outputs)
    return float(model.loss(y, outputs, mask)) + _penalties(model), outputs, mask


def _mask_for_loss(mask: Any, outputs: np.ndarray) -> Any:
    """Return the mask if it has one flag for each row of the outputs, else refuse it."""
    if mask is not None and np.shape(mask) != np.shape(outputs)[:-1]:
        raise ShapeError(
            f"a mask that reaches the loss must fit the outputs, {np.shape(outputs)[:-1]}. "
            f"Received {np.shape(mask)}. Pool it away before."
        )
    return mask


def _penalties(model: Any) -> float:
    return float(sum(float(penalty) for penalty in model.losses))


def _add_dense(grad: Any, penalty: np.ndarray) -> np.ndarray:
    if grad is None:
        return penalty
    return (grad.to_dense() if isinstance(grad, SparseGrad) else grad) + penalty


# Whole arrays ---------------------------------------------------------------------------------


def fit(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_data: Any = None,
    shuffle: bool = True,
    seed: int | None = None,
) -> History:
    """Train a compiled model; see `Model.fit` for the parameters."""
    size = 32 if batch_size is None else check_size(batch_size, "batch_size")
    epochs = check_size(epochs, "epochs")
    _check_verbose(verbose)
    x, y = _pair(model, x, y)
    held_out = None if validation_data is None else _held_out(model, validation_data)
    if not len(x):
        raise ShapeError("fit needs at least one sample. Received none. Pass more rows.")
    history = History()
    listeners = [*_as_callbacks(callbacks), history]
    for callback in listeners:
        callback.set_model(model)
    rng = np.random.default_rng(seed)
    model.stop_training = False
    for callback in listeners:
        callback.on_train_begin()
    for epoch in range(epochs):
        for callback in listeners:
            callback.on_epoch_begin(epoch)
        order = rng.permutation(len(x)) if shuffle else None
        title = f"epoch {epoch + 1}/{epochs}"
        logs = _epoch(model, x, y, order, size, title, verbose)
        if held_out is not None:
            results = evaluate(model, *held_out, batch_size=size, verbose=0)
            logs.update({f"val_{name}": value for name, value in results.items()})
        if verbose == 2:
            print(f"{title}: " + ", ".join(f"{k} {v:.4f}" for k, v in logs.items()))
        for callback in listeners:
            callback.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    for callback in listeners:
        callback.on_train_end()
    return history


def _epoch(
    model: Any, x: np.ndarray, y: np.ndarray, order: Any, size: int, title: str, verbose: Any
) -> dict[str, float]:
    totals = _Totals(model)
    bar = _bar(list(_batches(len(x), order, size)), title, 0 if verbose == 2 else verbose)
    for rows in bar:
        try:
            step = train_step(model, x[rows], y[rows])
        except IdError as error:
            raise _at_position_of_caller(error, rows) from None
        totals.update(step.loss, y[rows], step.outputs, step.mask)
        if hasattr(bar, "set_postfix"):
            bar.set_postfix({k: f"{v:.4f}" for k, v in totals.result().items()}, refresh=False)
    return totals.result()


def evaluate(
    model: Any, x: Any, y: Any, *, batch_size: int | None = None, verbose: Any = "auto"
) -> dict[str, float]:
    """Return loss and metrics over all of `x` and `y`; see `Model.evaluate`."""
    size = 32 if batch_size is None else check_size(batch_size, "batch_size")
    x, y = _pair(model, x, y)
    totals = _Totals(model)
    for rows in _bar(list(_batches(len(x), None, size)), "evaluate", verbose):
        try:
            loss, outputs, mask = _evaluate_batch(model, x[rows], y[rows])
        except IdError as error:
            raise _at_position_of_caller(error, rows) from None
        totals.update(loss, y[rows], outputs, mask)
    return totals.result()


def predict(
    model: Any, x: Any, *, batch_size: int | None = None, verbose: Any = "auto"
) -> np.ndarray:
    """Return the outputs for all of `x`, in batches; see `Model.predict`.

    >>> predict(lambda x: 2 * x, np.arange(5), batch_size=2)
    array([0, 2, 4, 6, 8])
    """
    size = 32 if batch_size is None else check_size(batch_size, "batch_size")
    x = as_samples(model, x, "x")
    batches = list(_batches(len(x), None, size)) or [slice(0, 0)]  # an empty x is one empty batch
    out: np.ndarray | None = None
    for rows in _bar(batches, "predict", verbose):
        try:
            outputs = np.asarray(model(x[rows]))
        except IdError as error:
            raise _at_position_of_caller(error, rows) from None
        if out is None:
            out = np.empty((len(x), *outputs.shape[1:]), outputs.dtype)
        out[rows] = outputs
    assert out is not None
    return out


# Data -----------------------------------------------------------------------------------------


def as_samples(model: Any, value: Any, name: str) -> np.ndarray:
    """Return what a caller passed as `name` as one array with a batch axis.

    A list or a dict of one array is that array, as in Keras.

    Raises
    ------
    ValueError, TypeError
        For several inputs, things that are no array, and lists of several lengths.

    Examples
    --------
    >>> as_samples(None, {"ids": [[1, 2]]}, "x")
    array([[1, 2]])
    >>> as_samples(None, {"ids": [[1, 2]], "tags": [[3]]}, "x")
    Traceback (most recent call last):
    ValueError: embedlab models are one chain of layers. Received 2 arrays in x: ids, tags. \
Use embedlab.keras.Embedding in keras.Model.
    """
    if isinstance(value, dict):
        if len(value) != 1:
            keys = ", ".join(str(key) for key in value)
            raise not_a_chain(f"{len(value)} arrays in {name}: {keys:.80}")
        value = next(iter(value.values()))
    if value is None:
        raise TypeError(
            f"{name} must be an array of samples. Received None. Pass both arrays: fit(x, y), "
            "evaluate(x, y)."
        )
    if not (isinstance(value, Sequence) or np.isscalar(value) or hasattr(value, "__array__")):
        raise TypeError(
            f"{name} must be an array of samples. Received a {type(value).__name__}, which may "
            "yield them in batches. Collect them into one array first: np.concatenate(batches)."
        )
    axes = _input_axes(model) if name == "x" else None
    if isinstance(value, (list, tuple)) and axes is not None and len(value):
        if all(isinstance(part, np.ndarray) and part.ndim == axes for part in value):
            if len(value) > 1:
                raise not_a_chain(f"{len(value)} arrays in {name}")
            return np.asarray(value[0])
        if len(value) == 1 and np.ndim(value[0]) == axes:
            return np.asarray(value[0])
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(
            f"all samples of {name} must have one length. Received a list of {len(value)} with "
            "several. Pad them: embedlab.data.pad_sequences."
        ) from None
    if array.ndim == 0:
        raise ShapeError(
            f"{name} must have a batch axis in front. Received a single "
            f"{'number' if array.dtype.kind in 'biufc' else type(value).__name__}. Pass [{name}]."
        )
    return array


def _input_axes(model: Any) -> int | None:
    inputs = getattr(model, "inputs", None)
    return inputs[0].ndim if inputs else None


def _pair(model: Any, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x = as_samples(model, x, "x")
    if isinstance(y, (list, tuple)) and len(y) == 1 != len(x) and np.ndim(y[0]):
        y = y[0]  # a list of one array is that array
    y = as_samples(model, y, "y")
    if y.dtype.kind not in "biuf":
        first = y.ravel()[0] if y.size else y.dtype.name
        raise TypeError(
            f"y must hold numbers. Received {first!r:.40} among others. "
            "Encode classes as integers 0, 1, ..."
        )
    if len(x) != len(y):
        raise ShapeError(
            f"x and y must have equally many samples. Received {len(x)} and {len(y)}. "
            "Make sure all arrays contain the same number of samples."
        )
    return x, y


def _held_out(model: Any, data: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        kind = f"{len(data)} parts" if isinstance(data, (tuple, list)) else type(data).__name__
        raise ValueError(
            f"validation_data must be (x, y). Received {kind}. Pass a tuple of two arrays."
        )
    return _pair(model, *data)


def _check_verbose(verbose: Any) -> None:
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(
            f'verbose must be "auto", 0, 1 or 2. Received {verbose!r:.40}. Pass 0 for no output.'
        )


def _as_callbacks(callbacks: Any) -> list[Callback]:
    listed = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    listed = [callback for callback in listed if callback is not None]
    for callback in listed:
        if not isinstance(callback, Callback):
            raise TypeError(
                "callbacks must be a Callback or a list of them. "
                f"Received {callback!r:.60}. Pass for example EarlyStopping()."
            )
    return listed


def _batches(count: int, order: Any, size: int) -> Iterator[Any]:
    for start in range(0, count, size):
        yield slice(start, start + size) if order is None else order[start : start + size]


def _at_position_of_caller(error: IdError, rows: Any) -> IdError:
    """Return the error with positions in the caller's array instead of those in a batch."""
    if not error.positions or not all(error.positions):
        return error
    samples = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
    positions = [(int(samples[first]), *rest) for first, *rest in error.positions]
    message = str(error).replace(f"{list(error.positions[0])}", f"{list(positions[0])}", 1)
    return IdError(message, error.bad_ids, positions, error.input_dim)


def _bar(batches: list[Any], title: str, verbose: Any) -> Any:
    if verbose in (0, False):
        return batches
    delay = PROGRESS_BAR_DELAY if verbose == "auto" else 0
    return tqdm(batches, desc=title, leave=verbose != "auto", delay=delay)
