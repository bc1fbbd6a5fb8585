"""Loading of a layer's arrays from a store: Keras's names "0", "1", ..., and adapters besides."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.layers.adapter_arrays import read_adapter_arrays, reinitialize_adapters
from embedlab.layers.variable import Variable

__all__ = ["prepare_load"]


def prepare_load(
    layer: Any, store: Mapping[str, Any], extra: Mapping[str, Any]
) -> Callable[[], None]:
    """Check and read arrays for `layer`, and return the function that assigns them.

    Parameters
    ----------
    layer : Layer
    store : mapping of str to array
        As from `save_own_variables`. An array may be a `LazyArray` of a file.
    extra : mapping of str to array
        As from `adapter_arrays`; empty in a file of Keras.

    Raises
    ------
    ValueError, ShapeError
        When something does not fit. Shapes are compared before any number is read.
    """
    variables = layer.stored_variables()
    _check(layer, variables, store)
    adapters = read_adapter_arrays(layer, extra) if extra else None
    unmerged = {} if adapters is None else adapters.base
    source = {str(n): unmerged.get(f"base.{n}", store[str(n)]) for n in range(len(variables))}
    _check(layer, variables, source)
    arrays = [_read_for(variable, source[str(n)]) for n, variable in enumerate(variables)]
    layer.check_stored_arrays(arrays)

    def assign() -> None:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array) if variable.allocate is np.zeros else variable.swap(array)
        if adapters is not None:
            adapters.apply()
        elif getattr(layer, "adapters", None):
            reinitialize_adapters(layer)

    return assign


def _read_for(variable: Variable, value: Any) -> np.ndarray:
    """Return the numbers of `value`; for a variable on disk in a second file, for `swap`."""
    if variable.allocate is np.zeros:
        return np.asarray(value)
    out: np.ndarray = variable.allocate(variable.shape, variable.dtype)
    if hasattr(value, "read"):  # from a file, a few rows at a time
        value.read(out)
    else:
        out[...] = value
    return out


def _check(layer: Any, variables: list[Variable], store: Mapping[str, Any]) -> None:
    expected = [str(n) for n in range(len(variables))]
    if sorted(store) != sorted(expected):
        raise ValueError(
            f"Layer {layer.name!r} expected {len(variables)} variables: "
            f"{[v.name for v in variables]}. "
            f"Received {len(store)} arrays called {sorted(store)!r:.80}. Load them into the layer "
            "they come from" + ("." if layer.built or store else "; build it first.")
        )
    for number, variable in enumerate(variables):
        received = store[str(number)]
        if tuple(received.shape) != variable.shape:
            raise ShapeError(
                f"The shape of the target variable must match: {variable.path} has shape "
                f"{variable.shape}. Received shape {tuple(received.shape)}. Compare the two "
                "configs."
            )
        target, source = np.dtype(variable.dtype), np.dtype(received.dtype)
        same = target == source if target.kind != "f" else source.kind == "f"
        if variable.name.endswith("_zero"):  # Keras writes some of them as floats
            same = source.kind in "fi"
        if not same:
            raise ValueError(
                f"{variable.path} must have dtype {target.name}. Received {source.name}. "
                "A quantized table does not fit a float one: quantize the layer as in the file."
            )
