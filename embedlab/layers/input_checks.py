"""Input checks of layers: dtype and axes of the inputs, shape of the gradients."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from embedlab.core.checks import ShapeError, as_numeric_array, message
from embedlab.core.ids import out_of_range_error

__all__ = [
    *("cast_grad", "cast_inputs", "check_input_shape", "check_inside", "input_width", "name_layer"),
    "names_layer",
]

Method = TypeVar("Method", bound=Callable[..., Any])
CALLER_ERRORS = (IndexError, TypeError, ValueError)
"""What is raised for arguments that do not fit."""


def cast_inputs(layer: Any, inputs: Any, *, ndim: int | None = None, least: int = 0) -> np.ndarray:
    """Return a copy of `inputs` in the compute dtype of `layer`.

    A copy, so that the caller may reuse the array before `backward`. `ndim` and `least` say how
    many axes there must be: exactly, or at least. ShapeError "Input 0 of layer ... is incompatible
    with the layer" for others, and a last axis of another length than the weights were made for.
    """
    if not (type(inputs) is np.ndarray and inputs.dtype.kind in "fiub"):
        inputs = as_numeric_array(inputs, f"inputs of {layer.name!r}")
    array = np.array(inputs, layer.dtype_policy.compute, order="C")
    check_input_shape(layer, array.shape, ndim=ndim, least=least, last=layer._input_width)
    return array


def check_input_shape(
    layer: Any,
    shape: tuple[Any, ...],
    *,
    ndim: int | None = None,
    least: int = 0,
    last: int | None = None,
) -> None:
    """Refuse inputs of `shape` unless they have the axes that `layer` needs: see `cast_inputs`."""
    shape = tuple(shape or ())
    if ndim in (None, len(shape)) and len(shape) >= least and last in (None, *shape[-1:]):
        return
    start = f"Input 0 of layer {layer.name!r} is incompatible with the layer: expected"
    received = f"found ndim={len(shape)}. Full shape received: {shape}."
    if ndim is not None and len(shape) != ndim:
        raise ShapeError(f"{start} ndim={ndim}, {received} Reshape the inputs.")
    if len(shape) < least:
        do = "Give a single sample a batch axis: x[None]."
        raise ShapeError(f"{start} min_ndim={least}, {received} {do}")
    raise ShapeError(
        f"{start} axis -1 of input shape to have value {last}, but received input with shape "
        f"{shape}. Pass what the layer was built on, or make a new layer."
    )


def input_width(layer: Any, shape: Any, *, ndim: int | None = None, least: int = 0) -> int:
    """Return the length of the last axis of `shape`, which the weights of `layer` depend on.

    ShapeError for another number of axes, and for a length that is not known: after Flatten it
    needs the length of the sequences.
    """
    check_input_shape(layer, shape, ndim=ndim, least=least)
    if not shape or shape[-1] is None:
        raise ShapeError(
            "the last axis of the inputs must be known before the weights of "
            f"{layer.name!r} can be made. Received shape {shape}. After Flatten it depends on the "
            "length of the sequences: set Embedding(..., input_length=10), or Input((10,))."
        )
    layer._input_width = int(shape[-1])
    return int(shape[-1])


def cast_grad(layer: Any, grad: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return `grad` in the dtype of the weights, which mixed precision sums in.

    ShapeError unless it has the shape of the outputs.
    """
    if not (type(grad) is np.ndarray and grad.dtype.kind in "fiub"):
        grad = as_numeric_array(grad, f"grad of {layer.name!r}")
    array = np.asarray(grad, layer.dtype_policy.variable, order="C")
    if array.shape != tuple(shape):
        must = f"grad must have the shape of the outputs of {layer.name!r}, {tuple(shape)}"
        raise ShapeError(message(must, array.shape, "Pass what the layer above sends back"))
    return array


def check_inside(ids: np.ndarray, input_dim: int) -> np.ndarray:
    """Return `ids`, refusing those outside 0..V-1 whatever rule the layer has for them."""
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < input_dim:
        raise out_of_range_error(ids, input_dim)
    return ids


def name_layer(error: Any, layer: Any) -> None:
    """Put the name of a layer into an error that it let through, unless one has its name in it."""
    if "layer" not in vars(error):
        error.layer = layer.name
        received, _, do = str(error).rpartition(". ")
        if "Received" in received and repr(layer.name) not in str(error):
            error.args = (f"{received}, in layer {layer.name!r}. {do}",)


def names_layer(method: Method) -> Method:
    """Return a method of a layer whose errors name the layer."""

    @wraps(method)
    def named(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except CALLER_ERRORS as error:
            name_layer(error, self)
            raise

    return named  # type: ignore[return-value]
