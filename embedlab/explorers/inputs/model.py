"""Chains of layers, built by name with weights from one seed, or taken from a user's model."""

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from embedlab.explorers.inputs.table import read_table
from embedlab.initializers import GlorotUniform, Orthogonal
from embedlab.layers import (
    GRU,
    LSTM,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Layer,
    LayerNormalization,
    Masking,
    Reshape,
    SimpleRNN,
)
from embedlab.models.config import layer_from_config

__all__ = ["LAYER_FACTORIES", "RECURRENT_MAX", "UserModel", "build_layers", "embedding"]

RECURRENT_MAX = 2  # each takes as long as ten other layers

_SHORT = {
    "LayerNormalization": "norm",
    "Conv1D": "conv",
    "SimpleRNN": "rnn",
    "GlobalAveragePooling1D": "mean_pool",
    "GlobalMaxPooling1D": "max_pool",
}

Factory = Callable[[int, int, dict[str, Any]], Layer]

_SEQUENCES = "(return_sequences=True)"
_RECURRENT = ("SimpleRNN", "GRU", "LSTM")
_VECTORS = ("Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", *_RECURRENT)


def _weights(seed: int) -> dict[str, Any]:
    return {"kernel_initializer": GlorotUniform(seed=seed)}


def _recurrent(kind: type, *, sequences: bool) -> Factory:
    def make(size: int, seed: int, options: dict[str, Any]) -> Layer:
        state = Orthogonal(seed=seed + 1)
        layer: Layer = kind(
            size,
            return_sequences=sequences,
            recurrent_initializer=state,
            **_weights(seed),
            **options,
        )
        return layer

    return make


LAYER_FACTORIES: dict[str, Factory] = {
    "Dropout": lambda size, seed, options: Dropout(0.5, seed=seed, **options),
    "LayerNormalization": lambda size, seed, options: LayerNormalization(**options),
    "Masking": lambda size, seed, options: Masking(0.0, **options),
    "Conv1D": lambda size, seed, options: Conv1D(
        size, 3, padding="same", **_weights(seed), **options
    ),
    "Reshape": lambda size, seed, options: Reshape((-1, size), **options),
    "Flatten": lambda size, seed, options: Flatten(**options),
    "GlobalAveragePooling1D": lambda size, seed, options: GlobalAveragePooling1D(**options),
    "GlobalMaxPooling1D": lambda size, seed, options: GlobalMaxPooling1D(**options),
    "SimpleRNN": _recurrent(SimpleRNN, sequences=False),
    f"SimpleRNN{_SEQUENCES}": _recurrent(SimpleRNN, sequences=True),
    "GRU": _recurrent(GRU, sequences=False),
    f"GRU{_SEQUENCES}": _recurrent(GRU, sequences=True),
    "LSTM": _recurrent(LSTM, sequences=False),
    f"LSTM{_SEQUENCES}": _recurrent(LSTM, sequences=True),
    "Dense": lambda size, seed, options: Dense(size, **_weights(seed), **options),
}
"""Layers that can follow the embedding, by name. Each factory takes the vector length, a seed, and
options such as name and dtype. A Dense at the end of the chain has one unit."""


class UserModel:
    """The embedding of a user's model, and the layers after it by name.

    Parameters
    ----------
    model : Sequential, sequence of Layer, or None
    layer : Layer with a table, or None
        Replaces the embedding of the model.

    Raises
    ------
    ValueError
        For anything but a chain of layers.
    """

    def __init__(self, model: Any, layer: Any):
        layers = [] if model is None else [_own_layer(item) for item in _chain_of(model)]
        first = layers[0] if layers else None
        if isinstance(first, Embedding):
            layers = layers[1:]
        else:
            first = None
        if layer is not None and not isinstance(layer, Embedding):
            layer = _embedding_of(layer)
        self.embedding: Embedding | None = first if layer is None else layer
        self.layers: Mapping[str, Layer] = {chained.name: chained for chained in layers}
        if len(self.layers) < len(layers):
            raise ValueError(
                "every layer of a model must have its own name. Received one name twice. "
                "Pass name=... to one of them."
            )


def _chain_of(model: Any) -> Sequence[Any]:
    layers = model if isinstance(model, (list, tuple)) else getattr(model, "layers", None)
    is_chain = isinstance(model, (list, tuple)) or type(model).__name__ == "Sequential"
    known = all(isinstance(item, Layer) or _is_keras(item) for item in layers or ())
    if not is_chain or not layers or not known:
        strangers = [
            item for item in layers or () if not (isinstance(item, Layer) or _is_keras(item))
        ]
        what, where = (strangers[0], " in it") if is_chain and strangers else (model, "")
        raise ValueError(
            f"model must be a Sequential or a list of layers. Received "
            f"{type(what).__module__}.{type(what).__qualname__}{where}. "
            "Pass the layers as a list, in their order, and a table as layer=..."
        )
    return layers


def _is_keras(layer: Any) -> bool:
    """Return whether a layer is one of Keras, which this module never imports."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(layer, keras.layers.Layer)


def _own_layer(layer: Any) -> Layer:
    """Return a layer, or the layer of embedlab with the config and weights of one of Keras."""
    if isinstance(layer, Layer):
        return layer
    if hasattr(type(layer), "embeddings"):
        return _embedding_of(layer)
    converted: Layer = layer_from_config(sys.modules["keras"].saving.serialize_keras_object(layer))
    shapes = layer.get_build_config() if layer.built else None
    if shapes and shapes.get("input_shape"):
        converted.build(tuple(shapes["input_shape"]))
        if converted.weights:
            converted.set_weights(layer.get_weights())
    return converted


def _embedding_of(layer: Any) -> Embedding:
    """Return an Embedding with the table of a layer, array or vectors of any library."""
    values = read_table(layer, "layer").values
    name = getattr(layer, "name", None)
    rows, columns = values.shape
    return Embedding(
        rows,
        columns,
        weights=[values],
        mask_zero=bool(getattr(layer, "mask_zero", False)),
        name=name if isinstance(name, str) else "embedding",
        dtype=values.dtype.name,
    )


def embedding(layer: Embedding | None, table: np.ndarray, *, mask_zero: bool) -> Embedding:
    """Return the first layer: a copy of the user's layer with `mask_zero`, or a new one.

    The user's layer is never changed; the copy shares its table.
    """
    if layer is None:
        rows, size = table.shape
        return Embedding(
            rows, size, weights=[table], mask_zero=mask_zero, name="embedding", dtype="float64"
        )
    first = copy.copy(layer) if layer.built else copy.deepcopy(layer)
    if not first.built:
        first.build()
    first.mask_zero, first.input_length = mask_zero, None
    return first


def build_layers(
    names: Sequence[str], user_layers: Mapping[str, Layer], size: int, seed: int
) -> list[Layer]:
    """Return the layers after the embedding.

    Parameters
    ----------
    names : sequence of str
    user_layers : mapping
        The user's layers by name; those that are not built are copied first.
    size : int
        D, the vector length of all new layers.
    seed : int
        Each kind of layer has its own weights for a seed, independent of its position.

    Raises
    ------
    ValueError
        For a layer that needs a time axis after one that removes it.

    Examples
    --------
    >>> [layer.name for layer in build_layers(["Dropout", "Dropout", "Dense"], {}, 3, 7)]
    ['dropout', 'dropout_2', 'dense']
    """
    _check_order(names, user_layers)
    layers: list[Layer] = []
    kinds = list(LAYER_FACTORIES)
    for n, name in enumerate(names):
        if name in user_layers:
            layer = user_layers[name]
            layers.append(layer if layer.built else copy.deepcopy(layer))
            continue
        before = names[:n].count(name)
        kind = name.partition("(")[0]
        stem = _SHORT.get(kind, kind.lower())
        options = {"name": f"{stem}_{before + 1}" if before else stem, "dtype": "float64"}
        width = 1 if name == "Dense" and n == len(names) - 1 else size
        layers.append(
            LAYER_FACTORIES[name](width, 1000 * seed + 10 * kinds.index(name) + before, options)
        )
    return layers


def _check_order(names: Sequence[str], user_layers: Mapping[str, Layer]) -> None:
    recurrent = [
        name for name in names if name.partition("(")[0] in _RECURRENT and name not in user_layers
    ]
    if len(recurrent) > RECURRENT_MAX:
        raise ValueError(
            f"this view must have at most {RECURRENT_MAX} recurrent layers. Received "
            f"{len(recurrent)}. Remove one; trace_mask takes any number."
        )
    flat = ""
    for name in names:
        kind = name.partition("(")[0]
        needs = kind in ("Conv1D", *_VECTORS[1:])
        if flat and needs and name not in user_layers:
            raise ValueError(
                f"{kind} needs a time axis. Received it after {flat}, which gives one vector for "
                f"a sentence. Move it before {flat}."
            )
        if name in _VECTORS:
            flat = name
        elif kind == "Reshape":
            flat = ""
