"""Input checks of layers: dtype and axes of the inputs, shape of the gradients."""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_array, message
from embedlab.core.ids import IdError, out_of_range_error

__all__ = [
    "as_numeric_array",
    "as_plain_array",
    "cast_grad",
    "cast_inputs",
    "check_input_shape",
    "check_inside",
    "input_width",
    "name_layer",
]


def cast_inputs(layer: Any, inputs: Any, *, ndim: int | None = None, least: int = 0) -> np.ndarray:
    """Return a copy of `inputs` in the compute dtype of `layer`, which is built if it was not.

    A copy, so that the caller may reuse the array before `backward`. `ndim` and `least` say how
    many axes there must be: exactly, or at least. ShapeError "Input 0 of layer ... is incompatible
    with the layer" for others, and a last axis of another length than the weights were made for.
    """
    array = as_numeric_array(inputs, f"inputs of {layer.name!r}")
    array = np.array(array, layer.compute_dtype, order="C")
    check_input_shape(layer, array.shape, ndim=ndim, least=least, last=layer._input_width)
    if not layer.built:
        layer.build(array.shape)
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
    start = f"Input 0 of layer {layer.name!r} is incompatible with the layer: expected"
    received = f"found ndim={len(shape)}. Full shape received: {shape}."
    if ndim is not None and len(shape) != ndim:
        raise ShapeError(f"{start} ndim={ndim}, {received} Reshape the inputs.")
    if len(shape) < least:
        do = "Give a single sample a batch axis: x[None]."
        raise ShapeError(f"{start} min_ndim={least}, {received} {do}")
    if last is not None and shape[-1] != last:
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
    grad = as_numeric_array(grad, f"grad of {layer.name!r}")
    array = np.asarray(grad, layer.variable_dtype, order="C")
    if array.shape != tuple(shape):
        must = f"grad must have the shape of the outputs of {layer.name!r}, {tuple(shape)}"
        raise ShapeError(message(must, array.shape, "Pass what the layer above sends back"))
    return array


def as_numeric_array(value: Any, name: str) -> np.ndarray:
    """Return what a caller passes as an array of numbers, without a copy if it is one.

    Tensors of other libraries are accepted as well where NumPy refuses them: a torch Parameter
    that requires a gradient, and bfloat16, which becomes float32. ShapeError or DtypeError for
    lists of different lengths, and what does not hold numbers.

    >>> as_numeric_array([["a"]], "weights")
    Traceback (most recent call last):
    embedlab.core.checks.DtypeError: weights must hold numbers. Received <U1. Convert it to floats.
    """
    array = as_plain_array(value, name)
    if array.dtype.kind not in "fiub":
        received = array.dtype.str.lstrip("|")
        raise DtypeError(message(f"{name} must hold numbers", received, "Convert it to floats"))
    return array


def as_plain_array(value: Any, name: str) -> np.ndarray:
    """Return what a caller passes as an array of any dtype: see `as_numeric_array`."""
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "detach"):
        value = [as_plain_array(part, name) for part in value]
    if hasattr(value, "detach"):  # torch: no NumPy view of what takes part in its gradients
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):
            value = value.float()
    array = as_array(value, name, "K")
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array  # no NumPy kind


def check_inside(ids: np.ndarray, input_dim: int, layer: Any) -> np.ndarray:
    """Return `ids`, refusing those outside 0..V-1 whatever rule the layer has for them."""
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < input_dim:
        raise name_layer(out_of_range_error(ids, input_dim), layer)
    return ids


def name_layer(error: IdError, layer: Any) -> IdError:
    """Return the error with the name of the layer behind what was received."""
    received, _, cure = str(error).rpartition(". ")
    text = f"{received}, in layer {layer.name!r}. {cure}"
    return type(error)(text, error.bad_ids, error.positions, error.input_dim)
