"""Epoch after epoch, batch after batch: fitting and judging on whole arrays."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from embedlab.callbacks import Callback, History
from embedlab.core.checks import ShapeError, check_size
from embedlab.models.judge import Judge
from embedlab.models.several import Several
from embedlab.models.step import grade, train_step

__all__ = ["evaluate", "fit", "paired", "weighted"]

LOUD_AFTER = 0.5
"""Seconds of work from which a progress bar is worth its place."""


def fit(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    validation_batch_size: int | None = None,
    seed: int | None = None,
) -> History:
    """Train a compiled model; for `Model.fit`, which tells the parameters."""
    size = 32 if batch_size is None else check_size(batch_size, "batch_size")
    x, y, sample_weight = model.ready(x, y, sample_weight, class_weight)
    x, y, sample_weight, held_out = _held_out(
        model, x, y, sample_weight, validation_split, validation_data
    )
    if not len(x):
        raise ShapeError("fit needs at least one sample. Received none. Pass more rows.")
    history = History()
    heard: list[Callback] = [*(callbacks or []), history]
    for callback in heard:
        callback.set_model(model)
        callback.set_params({"epochs": epochs, "steps": math.ceil(len(x) / size)})
    rng = np.random.default_rng(seed)
    judge = model.judge()
    model.stop_training = False
    _tell(heard, "on_train_begin")
    for epoch in range(initial_epoch, epochs):
        _tell(heard, "on_epoch_begin", epoch)
        order = rng.permutation(len(x)) if shuffle else None
        title = f"epoch {epoch + 1}/{epochs}"
        logs = _epoch(model, x, y, sample_weight, order, size, judge, heard, verbose, title)
        if held_out is not None:
            found = evaluate(model, *held_out, batch_size=validation_batch_size or size)
            logs.update({f"val_{name}": value for name, value in found.items()})
        if verbose == 2:
            print(f"{title}: " + ", ".join(f"{k} {_short(v)}" for k, v in logs.items()))
        _tell(heard, "on_epoch_end", epoch, logs)
        if model.stop_training:
            break
    _tell(heard, "on_train_end")
    return history


def evaluate(
    model: Any, x: Any, y: Any, sample_weight: Any = None, *, batch_size: int = 32, verbose: Any = 0
) -> dict[str, Any]:
    """Return loss and metrics over all of `x` and `y`, made ready; for `Model.evaluate`."""
    judge = model.judge()
    for rows in _bar(list(_batches(len(x), None, batch_size)), "evaluate", verbose):
        weight = None if sample_weight is None else sample_weight[rows]
        grade(model, x[rows], y[rows], weight, judge)
    return judge.result()


def _epoch(
    model: Any,
    x: Any,
    y: Any,
    weight: Any,
    order: Any,
    size: int,
    judge: Judge,
    heard: list[Callback],
    verbose: Any,
    title: str,
) -> dict:
    judge.reset()
    bar = _bar(list(_batches(len(x), order, size)), title, 0 if verbose == 2 else verbose)
    for number, rows in enumerate(bar):
        _tell(heard, "on_train_batch_begin", number)
        train_step(model, x[rows], y[rows], None if weight is None else weight[rows], judge)
        logs = judge.result()
        if hasattr(bar, "set_postfix"):
            bar.set_postfix({k: _short(v) for k, v in logs.items()}, refresh=False)
        _tell(heard, "on_train_batch_end", number, logs)
        if model.stop_training:
            break
    return judge.result()


def paired(x: Any, y: Any) -> tuple[Any, Any]:
    """Return both as arrays, or as `Several` arrays, with equally many samples.

    >>> paired([1, 2], [3])
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: x and y must have equally many samples. Received 2 and 1. \
Make sure all arrays contain the same number of samples.
    """
    x, y = (each if isinstance(each, Several) else np.asarray(each) for each in (x, y))
    came = [
        "a number" if isinstance(each, np.ndarray) and not each.ndim else len(each)
        for each in (x, y)
    ]
    if came[0] != came[1] or came[0] == "a number":
        raise ShapeError(
            f"x and y must have equally many samples. Received {came[0]} and {came[1]}. "
            "Make sure all arrays contain the same number of samples."
        )
    return x, y


def weighted(y: Any, sample_weight: Any, class_weight: Any) -> Any:
    """Return one weight for each sample, from `sample_weight` or `class_weight`, or None.

    With several outputs `sample_weight` is for all of them, or a list with one each.

    >>> weighted(np.array([0, 1, 1]), None, {0: 2.0, 1: 0.5}).tolist()
    [2.0, 0.5, 0.5]
    """
    if class_weight is None:
        return None if sample_weight is None else _sample_weights(y, sample_weight)
    if sample_weight is not None:
        raise ValueError(
            "You cannot `class_weight` and `sample_weight` at the same time: give one of them. "
            "Received both. Multiply them yourself."
        )
    if isinstance(y, Several):
        raise ValueError(
            "`class_weight` is only supported for Models with a single output. "
            f"Received y for {len(y.arrays)}. Use sample_weight."
        )
    labels = y if y.ndim == 1 else (y[:, 0] if y.shape[1:] == (1,) else np.argmax(y, axis=-1))
    if labels.ndim != 1:
        raise ShapeError(
            f"class_weight needs one label for each sample. Received y of shape {y.shape}. "
            "Use sample_weight."
        )
    return np.array([float(class_weight.get(int(label), 1.0)) for label in labels])


def _sample_weights(y: Any, told: Any) -> Any:
    many = len(y.arrays) if isinstance(y, Several) else 1
    each = isinstance(told, (list, tuple)) and len(told) == many and many > 1
    if each and any(np.ndim(one) for one in told):
        parts = [None if one is None else np.asarray(one, float) for one in told]
    else:
        parts = [np.asarray(told, float)] * many
    for part in parts:
        if part is not None and (not part.ndim or len(part) != len(y)):
            raise ShapeError(
                f"sample_weight must hold one weight for each of {len(y)} samples. "
                f"Received {len(part) if part.ndim else 'a number'}. Pass one each."
            )
    return Several(parts) if isinstance(y, Several) else parts[0]


def _held_out(model: Any, x: Any, y: Any, weight: Any, share: float, given: Any) -> tuple[Any, ...]:
    if given is not None:
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ValueError(
                "validation_data must be (x, y) or (x, y, sample_weight). "
                f"Received {type(given).__name__}. Pass a tuple."
            )
        return x, y, weight, model.ready(*given)
    if not share:
        return x, y, weight, None
    at = math.floor(len(x) * (1 - share))
    if not 0 < share < 1 or not 0 < at < len(x):
        raise ValueError(
            "validation_split must lie between 0 and 1 and leave samples on both sides. "
            f"Received {share!r:.40} of {len(x)} samples. Pass for example 0.2."
        )
    rest = (x[at:], y[at:]) if weight is None else (x[at:], y[at:], weight[at:])
    return x[:at], y[:at], None if weight is None else weight[:at], rest


def _batches(count: int, order: Any, size: int) -> Iterator[Any]:
    for start in range(0, count, size):
        yield slice(start, start + size) if order is None else order[start : start + size]


def _bar(batches: list[Any], title: str, verbose: Any) -> Any:
    if verbose in (0, False):
        return batches
    delay = LOUD_AFTER if verbose == "auto" else 0
    return tqdm(batches, desc=title, leave=verbose != "auto", delay=delay)


def _short(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(np.round(value, 4))


def _tell(callbacks: list[Callback], what: str, *about: Any) -> None:
    for callback in callbacks:
        getattr(callback, what)(*about)
