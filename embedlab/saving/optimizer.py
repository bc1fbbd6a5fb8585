"""An optimizer's state in a store: step count, rate, then what is kept for each weight."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from embedlab.core.table import ShapeError
from embedlab.saving.h5 import numbers, staged

__all__ = ["prepared_optimizer", "save_optimizer"]


def save_optimizer(optimizer: Any, model: Any) -> dict[str, np.ndarray]:
    """Give the arrays "0" (batches), "1" (rate), and then each weight's, in Keras's order.

    Before the first step there are only the first two. With a schedule there is no rate; with a
    scaled loss four numbers stand before: two that Keras does not use, the count and the scale.

    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> from embedlab.optimizers import Adam
    >>> save_optimizer(Adam(0.5), Sequential([Embedding(3, 2)]))
    {'0': array(0, dtype=int32), '1': array(0.5, dtype=float32)}
    """
    arrays: list[np.ndarray] = []
    inner = _inner(optimizer)
    if inner is not optimizer:
        arrays += [np.array(0, np.int32), np.array(0, np.float32),
                   np.array(optimizer.step_counter, np.int32),
                   np.array(optimizer.dynamic_scale, np.float32)]  # fmt: skip
    arrays.append(np.array(inner.batches, np.int32))
    if inner.schedule is None:
        arrays.append(np.array(inner.learning_rate, np.float32))
    if inner.batches:
        arrays += [inner.kept(slot, v) for slot, v in _order(inner, model.trainable_weights)]
    return {str(number): array for number, array in enumerate(arrays)}


def prepared_optimizer(optimizer: Any, model: Any, store: Mapping[str, Any]) -> Callable[[], None]:
    """Check an optimizer's arrays, read them, and give the function that puts them in.

    Raises
    ------
    ValueError, ShapeError
        When they do not fit the model's trainable weights.
    """
    inner, variables = _inner(optimizer), model.trainable_weights
    front = 0 if inner is optimizer else 4
    first = front + (2 if inner.schedule is None else 1)
    order = _order(inner, variables)
    owners = [variable for _, variable in order]
    few, all_of_them = (sorted(str(n) for n in range(m)) for m in (first, first + len(owners)))
    if sorted(store) not in (few, all_of_them):
        raise ValueError(
            f"the state of {optimizer.name!r} must be {len(all_of_them)} arrays for "
            f"{len(variables)} trainable weights. Received {len(store)}. "
            "Load with compile=False to leave it."
        )
    wanted = [()] * first + [v.shape for v in owners]
    for number, shape in enumerate(wanted[: len(store)]):
        if tuple(store[str(number)].shape) != shape:
            raise ShapeError(
                f"array {number} of {optimizer.name!r} must have shape {shape}. Received "
                f"{tuple(store[str(number)].shape)}. Load with compile=False to leave it."
            )
    told = [numbers(store[str(n)]).item() for n in range(first)]
    count, scale = told[2:4] if front else (0, 1.0)
    steps, rate = told[front], told[front + 1] if inner.schedule is None else 0.0
    whole = isinstance(steps, int) and isinstance(count, int)
    if not whole or min(steps, count) < 0 or not (0 <= rate < np.inf and 0 < scale < np.inf):
        raise ValueError(
            f"{optimizer.name!r} needs a step count and a rate, both >= 0. Received {steps!r:.40} "
            f"and {rate!r:.40}. Load with compile=False to leave them."
        )
    arrays = [staged(store[str(n)], owners[n - first]) for n in range(first, len(store))]

    def put() -> None:
        inner.batches = steps
        if front:
            optimizer.step_counter, optimizer.dynamic_scale = count, scale
        if inner.schedule is None and np.float32(inner.learning_rate) != np.float32(rate):
            inner.learning_rate = rate  # a file has it rounded
        for (slot, variable), array in zip(order if arrays else [], arrays, strict=True):
            inner.keep(slot, variable, array)

    return put


def _order(inner: Any, variables: list[Any]) -> list[tuple[str, Any]]:
    """Give every slot with its variable as they stand in a file."""
    return [(slot, v) for group in inner.groups for v in variables for slot in group]


def _inner(optimizer: Any) -> Any:
    """Give the optimizer that takes the steps."""
    return getattr(optimizer, "inner_optimizer", optimizer)
