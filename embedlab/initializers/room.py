"""Where an initializer writes: fresh zeros in memory, or where a layer wants its table to be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = ["Room", "making_room", "room"]

Room = Callable[[Any, Any], np.ndarray]
"""Gives an array of zeros for a shape and a dtype."""

_room: ContextVar[Room] = ContextVar("room", default=np.zeros)


def room(shape: Any, dtype: Any) -> np.ndarray:
    """Give an array of zeros to write into.

    >>> room((1, 2), "float32").tolist()
    [[0.0, 0.0]]
    """
    return _room.get()(shape, dtype)


@contextmanager
def making_room(maker: Room) -> Iterator[None]:
    """Let `maker` make the arrays that initializers write into inside.

    >>> with making_room(lambda shape, dtype: np.ones(shape, dtype)):
    ...     room((1, 2), "float32").tolist()
    [[1.0, 1.0]]
    """
    token = _room.set(maker)
    try:
        yield
    finally:
        _room.reset(token)
