"""A placeholder for an array: a shape and a dtype, before there are any numbers."""

from itertools import count
from operator import index
from typing import Any

from embedlab.core.checks import check_dtype, check_name, check_size, message, short_repr

__all__ = ["Input", "KerasTensor", "as_shape", "not_a_chain"]

_numbers = count()


def not_a_chain(received: str) -> ValueError:
    """Return the error for what asks for more than one chain of layers."""
    must = "embedlab models are one chain of layers"
    return ValueError(message(must, received, "Use embedlab.keras.Embedding in keras.Model"))


class KerasTensor:
    """A shape and a dtype that flow through layers before any data does.

    In `shape` None stands for a length that is not known yet, such as the batch. `layer` made it
    from the placeholder `inputs` with `call_kwargs`, such as ``reverse=True``; None for an `Input`.
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None):
        self.shape = tuple(shape)
        self.dtype = check_dtype(dtype)
        self.name = check_name(name) or f"keras_tensor_{next(_numbers)}"
        self.layer: Any = None
        self.inputs: Any = None
        self.call_kwargs: dict[str, Any] = {}

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        must, received = "a placeholder has a shape but no numbers", f"{self!r} for an array"
        raise TypeError(message(must, received, "Call the model on data"))

    def __repr__(self) -> str:
        return f"KerasTensor({self.shape}, {self.dtype})"


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: str = "float32",
    batch_shape: Any = None,
    name: str | None = None,
) -> KerasTensor:
    """Return the placeholder that a model starts from.

    `shape` is without the batch axis, whose length may be `batch_size`; `batch_shape` is with it.

    >>> Input((10,), dtype="int32")
    KerasTensor((None, 10), int32)
    """
    if (shape is None) == (batch_shape is None):
        must = "Input needs exactly one of shape and batch_shape"
        received = f"shape={short_repr(shape)}, batch_shape={short_repr(batch_shape)}"
        raise ValueError(message(must, received, "Pass for example shape=(10,)"))
    if batch_shape is None:
        batch_size = None if batch_size is None else check_size(batch_size, "batch_size")
        return KerasTensor((batch_size, *as_shape(shape, "shape")), dtype, name)
    return KerasTensor(as_shape(batch_shape, "batch_shape"), dtype, name)


def as_shape(shape: Any, name: str, *, known: bool = False) -> tuple[Any, ...]:
    """Return a shape as a tuple of lengths, or None unless all must be `known`."""
    try:
        lengths = tuple(None if n is None else index(n) for n in shape)
    except TypeError:  # not a sequence, or not of whole numbers
        lengths = (-1,)
    if isinstance(shape, (str, bytes, dict)) or any(known if n is None else n < 0 for n in lengths):
        remedy = f"({shape},)" if isinstance(shape, int) else "(10,), or (None,) for any length"
        must = f"{name} must be a tuple of lengths or None"
        raise ValueError(message(must, short_repr(shape), f"Pass {name}={remedy}"))
    return lengths
