"""Layers in a row, as a learner puts them together: by name, with weights drawn from one seed."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from traitlets import TraitError, TraitType

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

__all__ = [
    "LAYER_FACTORIES",
    "RECURRENT_MOST",
    "LayerNames",
    "UserModel",
    "build_layers",
    "embedding",
]

RECURRENT_MOST = 2  # each takes as long as ten others

_SHORT = {
    "LayerNormalization": "norm",
    "Conv1D": "conv",
    "SimpleRNN": "rnn",
    "GlobalAveragePooling1D": "mean_pool",
    "GlobalMaxPooling1D": "max_pool",
}

Maker = Callable[[int, int, dict[str, Any]], Layer]

_SEQUENCES = "(return_sequences=True)"
_RECURRENT = ("SimpleRNN", "GRU", "LSTM")
_VECTORS = ("Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", *_RECURRENT)


def _weights(seed: int) -> dict[str, Any]:
    return {"kernel_initializer": GlorotUniform(seed=seed)}


def _recurrent(kind: type, *, sequences: bool) -> Maker:
    def make(size: int, seed: int, about: dict[str, Any]) -> Layer:
        state = Orthogonal(seed=seed + 1)
        made: Layer = kind(
            size, return_sequences=sequences, recurrent_initializer=state, **_weights(seed), **about
        )
        return made

    return make


LAYER_FACTORIES: dict[str, Maker] = {
    "Dropout": lambda size, seed, about: Dropout(0.5, seed=seed, **about),
    "LayerNormalization": lambda size, seed, about: LayerNormalization(**about),
    "Masking": lambda size, seed, about: Masking(0.0, **about),
    "Conv1D": lambda size, seed, about: Conv1D(size, 3, padding="same", **_weights(seed), **about),
    "Reshape": lambda size, seed, about: Reshape((-1, size), **about),
    "Flatten": lambda size, seed, about: Flatten(**about),
    "GlobalAveragePooling1D": lambda size, seed, about: GlobalAveragePooling1D(**about),
    "GlobalMaxPooling1D": lambda size, seed, about: GlobalMaxPooling1D(**about),
    "SimpleRNN": _recurrent(SimpleRNN, sequences=False),
    f"SimpleRNN{_SEQUENCES}": _recurrent(SimpleRNN, sequences=True),
    "GRU": _recurrent(GRU, sequences=False),
    f"GRU{_SEQUENCES}": _recurrent(GRU, sequences=True),
    "LSTM": _recurrent(LSTM, sequences=False),
    f"LSTM{_SEQUENCES}": _recurrent(LSTM, sequences=True),
    "Dense": lambda size, seed, about: Dense(size, **_weights(seed), **about),
}
"""What can be put behind the embedding, under the name a learner writes; each makes a layer from
the vector length, a seed, and name and dtype. A Dense that ends the row gives one number."""


class LayerNames(TraitType[list[str], list[str]]):
    """Layers in a row by name: some of `LAYER_FACTORIES`, and layers of the learner's own.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     layers = LayerNames(["Dense"], 3)
    >>> Thing(layers=["Dropout", "Dens"])
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: layers must name layers that are known. Received 'Dens'. \
Choose of Dropout, LayerNormalization, Masking, Conv1D, Reshape, Flatten, GlobalAveragePooling1D, \
GlobalMaxPooling1D, SimpleRNN, GRU, LSTM, Dense.
    """

    def __init__(self, default: list[str], most: int):
        super().__init__(list(default))
        self.first, self.most = default, most

    def make_dynamic_default(self) -> list[str]:
        """Return each explorer a list of its own."""
        return list(self.first)

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"choices": list(LAYER_FACTORIES), "max": self.most}

    def validate(self, obj: Any, value: Any) -> list[str]:
        """Return the names, or refuse them."""
        own = getattr(obj, "own_layers", ())
        names = list(value) if isinstance(value, (list, tuple)) else [value]
        for name in names:
            if not isinstance(name, str) or (name not in LAYER_FACTORIES and name not in own):
                known = [*own, *(one for one in LAYER_FACTORIES if "(" not in one)]
                raise TraitError(
                    f"{self.name} must name layers that are known. Received {name!r:.40}. "
                    f"Choose of {', '.join(known)}."
                )
        if len(names) > self.most:
            raise TraitError(
                f"{self.name} must be at most {self.most} behind the embedding. Received "
                f"{len(names)}. Take one out first."
            )
        return names


class UserModel:
    """A model of the learner's own, taken apart: its embedding, and the layers behind it by name.

    Parameters
    ----------
    model : Sequential, sequence of Layer, or None
    layer : Layer with a table, or None
        Stands for the model's own embedding.

    Raises
    ------
    ValueError
        For anything that is not layers in a row.
    """

    def __init__(self, model: Any, layer: Any):
        layers = [] if model is None else list(_in_a_row(model))
        first = layers[0] if layers else None
        if isinstance(first, Embedding):
            layers = layers[1:]
        else:
            first = None
        if layer is not None and not isinstance(layer, Embedding):
            raise ValueError(
                f"layer must be an Embedding. Received {type(layer).__name__}. "
                "Pass other layers as model=[...]."
            )
        self.embedding: Embedding | None = first if layer is None else layer
        self.layers: Mapping[str, Layer] = {one.name: one for one in layers}
        if len(self.layers) < len(layers):
            raise ValueError(
                "every layer of a model must have a name of its own. Received one twice. "
                "Say name=... ."
            )


def _in_a_row(model: Any) -> Sequence[Any]:
    layers = model if isinstance(model, (list, tuple)) else getattr(model, "layers", None)
    straight = isinstance(model, (list, tuple)) or type(model).__name__ == "Sequential"
    if not straight or not layers or not all(isinstance(one, Layer) for one in layers):
        raise ValueError(
            f"model must be a Sequential or a list of layers. Received {type(model).__name__}. "
            "Pass the layers as a list, in their order."
        )
    return layers


def embedding(own: Embedding | None, table: np.ndarray, *, mask_zero: bool) -> Embedding:
    """Return the first layer: the learner's own, with `mask_zero` as asked; or one on `table`.

    The learner's layer itself is never changed: what comes back shares its table alone.
    """
    if own is None:
        rows, size = table.shape
        return Embedding(
            rows, size, weights=[table], mask_zero=mask_zero, name="embedding", dtype="float64"
        )
    first = copy.copy(own) if own.built else copy.deepcopy(own)
    if not first.built:
        first.build()
    first.mask_zero, first.input_length = mask_zero, None
    return first


def build_layers(
    names: Sequence[str], own: Mapping[str, Layer], size: int, seed: int
) -> list[Layer]:
    """Make the layers behind the embedding.

    Parameters
    ----------
    names : sequence of str
    own : mapping
        The learner's own layers by name: used as they are, and copied where they would change.
    size : int
        D: the vector length that all new layers keep.
    seed : int
        Every kind of layer draws its own numbers from it, wherever it stands.

    Raises
    ------
    ValueError
        For a layer that needs places in time behind one that gives a single vector.

    Examples
    --------
    >>> [layer.name for layer in build_layers(["Dropout", "Dropout", "Dense"], {}, 3, 7)]
    ['dropout', 'dropout_2', 'dense']
    """
    _check_order(names, own)
    made: list[Layer] = []
    kinds = list(LAYER_FACTORIES)
    for n, name in enumerate(names):
        if name in own:
            mine = own[name]
            made.append(mine if mine.built else copy.deepcopy(mine))
            continue
        before = sum(one == name for one in names[:n])
        kind = name.partition("(")[0]
        stem = _SHORT.get(kind, kind.lower())
        about = {"name": f"{stem}_{before + 1}" if before else stem, "dtype": "float64"}
        width = 1 if name == "Dense" and n == len(names) - 1 else size
        made.append(
            LAYER_FACTORIES[name](width, 1000 * seed + 10 * kinds.index(name) + before, about)
        )
    return made


def _check_order(names: Sequence[str], own: Mapping[str, Layer]) -> None:
    turns = [name for name in names if name.partition("(")[0] in _RECURRENT and name not in own]
    if len(turns) > RECURRENT_MOST:
        raise ValueError(
            f"at most {RECURRENT_MOST} recurrent layers fit into this view. Received "
            f"{len(turns)}. Take one out; trace_mask takes any number."
        )
    flat = ""
    for name in names:
        kind = name.partition("(")[0]
        needs = kind in ("Conv1D", *_VECTORS[1:])
        if flat and needs and name not in own:
            raise ValueError(
                f"{kind} needs places in time. Received it behind {flat}, which gives one vector "
                f"for a sentence. Move it in front of {flat}."
            )
        if name in _VECTORS:
            flat = name
        elif kind == "Reshape":
            flat = ""
