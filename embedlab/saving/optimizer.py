"""An optimizer's state in a store: step count, rate, then what is kept for each weight."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from embedlab.core.table import ShapeError
from embedlab.saving.h5 import numbers, staged

__all__ = ["prepared_optimizer", "save_optimizer"]


def save_optimizer(optimizer: Any, model: Any) -> dict[str, np.ndarray]:
    """Give the arrays "0" (steps), "1" (rate), and then each trainable weight's, in Keras's order.

    Before the first step there are only the first two.

    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> from embedlab.optimizers import Adam
    >>> save_optimizer(Adam(0.5), Sequential([Embedding(3, 2)]))
    {'0': array(0, dtype=int32), '1': array(0.5, dtype=float32)}
    """
    arrays = [np.array(optimizer.iterations, np.int32),
              np.array(optimizer.learning_rate, np.float32)]  # fmt: skip
    if optimizer.iterations:
        for variable in model.trainable_weights:
            state = optimizer.state(variable)
            arrays += [state[slot] for slot in optimizer.slots]
    return {str(number): array for number, array in enumerate(arrays)}


def prepared_optimizer(optimizer: Any, model: Any, store: Mapping[str, Any]) -> Callable[[], None]:
    """Check an optimizer's arrays, read them, and give the function that puts them in.

    Raises
    ------
    ValueError, ShapeError
        When they do not fit the model's trainable weights.
    """
    variables = model.trainable_weights
    many = 2 + len(variables) * len(optimizer.slots)
    if sorted(store) not in (["0", "1"], sorted(str(n) for n in range(many))):
        raise ValueError(
            f"the state of {optimizer.name!r} must be {many} arrays for {len(variables)} trainable "
            f"weights. Received {len(store)}. Load with compile=False to leave it."
        )
    wanted: list[tuple[int, ...]] = [(), ()]
    wanted += [v.shape for v in variables for _ in optimizer.slots]
    for number, shape in enumerate(wanted[: len(store)]):
        if tuple(store[str(number)].shape) != shape:
            raise ShapeError(
                f"array {number} of {optimizer.name!r} must have shape {shape}. Received "
                f"{tuple(store[str(number)].shape)}. Load with compile=False to leave it."
            )
    steps, rate = (numbers(store[n]).item() for n in "01")
    if not isinstance(steps, int) or steps < 0 or not 0 <= rate < np.inf:
        raise ValueError(
            f"{optimizer.name!r} needs a step count and a rate, both >= 0. Received {steps!r:.40} "
            f"and {rate!r:.40}. Load with compile=False to leave them."
        )
    owners = [v for v in variables for _ in optimizer.slots]
    arrays = [staged(store[str(n)], owners[n - 2]) for n in range(2, len(store))]

    def put() -> None:
        optimizer.iterations = steps
        if np.float32(optimizer.learning_rate) != np.float32(rate):  # a file has it rounded
            optimizer.learning_rate = rate
        kept = iter(arrays)
        for variable in variables if arrays else []:
            state = optimizer.state(variable)
            for slot in optimizer.slots:
                if variable.room is np.zeros:
                    state[slot][...] = next(kept)
                else:
                    state[slot] = next(kept)

    return put
