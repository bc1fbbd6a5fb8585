"""What the steps of recurrent layers ask of their arrays: one batch, one dtype, gates in a row."""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.mask import as_floats

__all__ = ["fit_gates", "same_step"]

SIDE_BY_SIDE = ("before", "gates", "sums", "inner")
"""Arrays that hold several parts of a state's width."""


def same_step(told: dict[str, Any]) -> list[np.ndarray]:
    """Return the arrays by name, C-contiguous, of one dtype; those that are states, of one shape.

    Examples
    --------
    >>> same_step({"before": np.zeros((2, 8)), "carry": np.zeros((3, 2))})[0].shape
    (2, 8)
    >>> same_step({"carry": np.zeros((2, 2)), "shown": np.zeros((3, 2))})
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: carry must have two axes, as the others. Received shape (2, 2)
    \
beside (3, 2). Pass one batch.
    """
    arrays = [as_floats(array, name) for name, array in told.items()]
    last = arrays[-1]
    for name, array in zip(told, arrays, strict=True):
        if array.dtype != last.dtype or array.dtype.char == "e":
            raise DtypeError(
                f"all arrays of a step must hold float32, or all float64. Received {array.dtype} "
                f"as {name} beside {last.dtype}. Cast them."
            )
        state = name not in SIDE_BY_SIDE
        if array.ndim != 2 or (state and array.shape != last.shape):
            raise ShapeError(
                f"{name} must have two axes{', as the others' if state else ''}. "
                f"Received shape {array.shape} beside {last.shape}. Pass one batch."
            )
    return arrays


def fit_gates(array: np.ndarray, shape: tuple[int, ...], many: int, name: str) -> None:
    """Raise ShapeError unless `array` has `many` parts of a state's `shape` side by side.

    >>> fit_gates(np.zeros((2, 8)), (2, 2), 4, "before")
    """
    if array.shape != (shape[0], many * shape[1]):
        raise ShapeError(
            f"{name} must have shape {(shape[0], many * shape[1])}, {many} parts side by side. "
            f"Received {array.shape}. Stack them along the last axis."
        )
