"""A budget of bytes for weights: a model built from a file may not outgrow the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

__all__ = ["charge", "weight_budget"]

_left: ContextVar[list[int] | None] = ContextVar("weight_budget", default=None)


@contextmanager
def weight_budget(nbytes: int) -> Iterator[None]:
    """Limit the weights made inside to `nbytes` bytes together.

    >>> with weight_budget(100):
    ...     charge((5, 5), "float32", "a table")
    ...     charge((1,), "float32", "a bias")
    Traceback (most recent call last):
    ValueError: all weights together must fit into what is announced. Received a bias \
of shape (1,) when 0 bytes were left. Compare the sizes in the config with the weights.
    """
    token = _left.set([nbytes])
    try:
        yield
    finally:
        _left.reset(token)


def charge(shape: tuple[int, ...], dtype: object, what: str) -> None:
    """Subtract the bytes of a weight from the budget, if there is one, before it is made.

    >>> charge((10**9, 10**9), "float32", "a table")  # no weight_budget: nothing to do
    """
    left = _left.get()
    if left is None:
        return
    needed = int(np.dtype(dtype).itemsize)  # type: ignore[call-overload]
    for length in shape:
        needed *= int(length)
    if needed > left[0]:
        raise ValueError(
            "all weights together must fit into what is announced. Received "
            f"{what} of shape {tuple(shape)} when {left[0]} bytes were left. "
            "Compare the sizes in the config with the weights."
        )
    left[0] -= needed
