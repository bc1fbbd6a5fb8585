"""A placeholder for an array: a shape and a dtype, before there are any numbers."""

from itertools import count
from operator import index
from typing import Any

__all__ = ["Input", "KerasTensor", "not_a_chain"]

_numbers = count()


def not_a_chain(received: str) -> ValueError:
    """Return the error for what asks for more than one chain of layers.

    >>> str(not_a_chain("2 inputs"))
    'embedlab models are one chain of layers. Received 2 inputs. \
Use embedlab.keras.Embedding in keras.Model.'
    """
    return ValueError(
        f"embedlab models are one chain of layers. Received {received}. "
        "Use embedlab.keras.Embedding in keras.Model."
    )


class KerasTensor:
    """A shape and a dtype that flow through layers before any data does.

    Attributes
    ----------
    shape : tuple of int or None
        None where a length is not known yet, such as the batch.
    dtype : str
    name : str
    layer, inputs
        The layer that made it, and the placeholder it was called on; None for an `Input`.
    call_kwargs : dict
        The keyword arguments of the call, such as ``reverse=True``.

    Examples
    --------
    >>> KerasTensor((None, 10), "int32")
    KerasTensor((None, 10), int32)
    """

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        name: str | None = None,
        *,
        layer: Any = None,
        inputs: Any = None,
    ):
        self.shape = tuple(shape)
        self.dtype = str(dtype)
        self.name = name or f"keras_tensor_{next(_numbers)}"
        self.layer = layer
        self.inputs = inputs
        self.call_kwargs: dict[str, Any] = {}

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            f"a placeholder has a shape but no numbers. Received {self!r} where an array was "
            "needed. Call the model on data."
        )

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

    Parameters
    ----------
    shape : tuple of int or None
        Without the batch axis.
    batch_size : int, optional
    dtype : str
    batch_shape : tuple of int or None
        Instead of `shape`: with the batch axis.
    name : str, optional

    Raises
    ------
    ValueError
        Unless exactly one of `shape` and `batch_shape` is given.

    Examples
    --------
    >>> Input((10,), dtype="int32")
    KerasTensor((None, 10), int32)
    """
    if (shape is None) == (batch_shape is None):
        raise ValueError(
            "Input needs exactly one of shape and batch_shape. Received "
            f"shape={shape!r:.40}, batch_shape={batch_shape!r:.40}. Pass for example shape=(10,)."
        )
    if batch_shape is None:
        return KerasTensor((batch_size, *_as_shape(shape, "shape")), dtype, name)
    return KerasTensor(_as_shape(batch_shape, "batch_shape"), dtype, name)


def _as_shape(shape: Any, name: str) -> tuple[int | None, ...]:
    try:
        lengths = tuple(None if n is None else index(n) for n in shape)
    except TypeError:  # not a sequence, or not of whole numbers
        lengths = (-1,)
    if isinstance(shape, str) or any(n is not None and n < 0 for n in lengths):
        remedy = f"({shape},)" if isinstance(shape, int) else "(10,), or (None,) for any length"
        raise ValueError(
            f"{name} must be a tuple of lengths or None. Received {shape!r:.40}. "
            f"Pass {name}={remedy}."
        )
    return lengths
