"""What one layer puts into a store, and how it takes it out again: Keras's arrays "0", "1", ..."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.layers.layer import Layer
from embedlab.layers.variable import Variable
from embedlab.saving.adapters import restart, restored
from embedlab.saving.h5 import numbers, staged

__all__ = ["load_variables", "prepared", "save_variables", "variables"]


def variables(layer: Any) -> list[Variable]:
    """Return a layer's own variables in the order of a store: all but those of adapters.

    >>> from embedlab.layers import Embedding
    >>> layer = Embedding(4, 3, lora_rank=1)
    >>> layer.build()
    >>> [v.name for v in variables(layer)]
    ['embeddings']
    """
    return list(layer.stored_variables())


def save_variables(layer: Any, store: MutableMapping[str, Any]) -> None:
    """Put a layer's arrays into a store; for `Layer.save_own_variables`.

    With active adapters it is the table that counts, adapters added, as Keras has it.
    """
    for number, array in enumerate(layer.stored_arrays()):
        store[str(number)] = array


def load_variables(layer: Any, store: Mapping[str, Any]) -> None:
    """Take a layer's arrays out of a store; for `Layer.load_own_variables`.

    A store holds what the layer computes with, so its adapters start again: A random, B zero.

    Raises
    ------
    ValueError, ShapeError
        When the store does not fit; the layer is as it was.
    """
    prepared(layer, store, {})()


def prepared(layer: Any, store: Mapping[str, Any], beside: Mapping[str, Any]) -> Callable[[], None]:
    """Check what came for a layer, read it, and give the function that puts it in.

    Parameters
    ----------
    layer : Layer
    store : mapping of str to array, or to a `Stored` array
        What `save_own_variables` has made.
    beside : mapping of str to array, or to a `Stored` array
        What `adapters.beside` has made; empty in a file of Keras.

    Raises
    ------
    ValueError, ShapeError
        When something does not fit. Shapes are compared before any number is read.
    """
    if type(layer).load_own_variables is not Layer.load_own_variables:
        kept = {name: numbers(value) for name, value in store.items()}
        return lambda: layer.load_own_variables(kept)
    own = variables(layer)
    _check(layer, own, store)
    adapters = restored(layer, beside) if beside else None
    exact = {} if adapters is None else adapters.base
    source = {str(n): exact.get(f"base.{n}", store[str(n)]) for n in range(len(own))}
    _check(layer, own, source)
    arrays = [staged(source[str(n)], variable) for n, variable in enumerate(own)]
    layer.check_stored_arrays(arrays)

    def put() -> None:
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array) if variable.allocate is np.zeros else variable.swap(array)
        if adapters is not None:
            adapters.put()
        elif getattr(layer, "adapters", None):
            restart(layer)

    return put


def _check(layer: Any, own: list[Variable], store: Mapping[str, Any]) -> None:
    wanted = [str(n) for n in range(len(own))]
    if sorted(store) != sorted(wanted):
        raise ValueError(
            f"Layer {layer.name!r} expected {len(own)} variables: {[v.name for v in own]}. "
            f"Received {len(store)} arrays called {sorted(store)!r:.80}. Load them into the layer "
            "they come from" + ("." if layer.built or store else "; build it first.")
        )
    for number, variable in enumerate(own):
        came = store[str(number)]
        if tuple(came.shape) != variable.shape:
            raise ShapeError(
                f"The shape of the target variable must match: {variable.path} has shape "
                f"{variable.shape}. Received shape {tuple(came.shape)}. Compare the two configs."
            )
        kind = np.dtype(variable.dtype)
        same = kind == came.dtype if kind.kind != "f" else np.dtype(came.dtype).kind == "f"
        if variable.name.endswith("_zero"):  # Keras writes some of them as floats
            same = np.dtype(came.dtype).kind in "fi"
        if not same:
            raise ValueError(
                f"{variable.path} must come as {kind.name}. Received {np.dtype(came.dtype).name}. "
                "A table of codes and one of floats are two things: quantize as in the file."
            )
