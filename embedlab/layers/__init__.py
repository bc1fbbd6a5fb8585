"""Layers: they own arrays, under Keras's names. The arithmetic lives in `embedlab.core`."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from embedlab.layers.dtype_policy import DTypePolicy
from embedlab.layers.gradcheck import gradcheck  # at once: a file of the same name would hide it
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.memory import MemoryReport
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.layers.variable import Variable
from embedlab.registry import Registry, refuse_missing

if TYPE_CHECKING:
    from embedlab.layers.allocation import TableMemoryError as TableMemoryError
    from embedlab.layers.bag import EmbeddingBag as EmbeddingBag
    from embedlab.layers.conv import Conv1D as Conv1D
    from embedlab.layers.dense import Dense as Dense
    from embedlab.layers.dropout import Dropout as Dropout
    from embedlab.layers.embedding import Embedding as Embedding
    from embedlab.layers.flatten_reshape import Flatten as Flatten
    from embedlab.layers.flatten_reshape import Reshape as Reshape
    from embedlab.layers.normalization import LayerNormalization as LayerNormalization
    from embedlab.layers.pooling_masking import GlobalAveragePooling1D as GlobalAveragePooling1D
    from embedlab.layers.pooling_masking import GlobalMaxPooling1D as GlobalMaxPooling1D
    from embedlab.layers.pooling_masking import Masking as Masking
    from embedlab.layers.recurrent import GRU as GRU
    from embedlab.layers.recurrent import LSTM as LSTM
    from embedlab.layers.recurrent import SimpleRNN as SimpleRNN
    from embedlab.layers.reversible import ReversibleEmbedding as ReversibleEmbedding

_HOMES = {
    "bag": "EmbeddingBag",
    "conv": "Conv1D",
    "dense": "Dense",
    "dropout": "Dropout",
    "embedding": "Embedding",
    "flatten_reshape": "Flatten Reshape",
    "allocation": "TableMemoryError",
    "normalization": "LayerNormalization",
    "pooling_masking": "GlobalAveragePooling1D GlobalMaxPooling1D Masking",
    "recurrent": "GRU LSTM SimpleRNN",
    "reversible": "ReversibleEmbedding",
}
"""The files that are loaded when a name is first asked for; a new layer joins here and above."""
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    *_HOME_OF,
    "DTypePolicy",
    "Gradients",
    "Input",
    "KerasTensor",
    "Layer",
    "MemoryReport",
    "Variable",
    "deserialize",
    "gradcheck",
    "serialize",
]

_KERAS_ONLY_NAMES = (
    "Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average "
    "AveragePooling1D BatchNormalization Bidirectional Concatenate Conv1DTranspose Conv2D "
    "ConvLSTM1D Cropping1D Dot ELU EinsumDense GRUCell GaussianDropout GaussianNoise "
    "GlobalAveragePooling2D GlobalMaxPooling2D GroupNormalization GroupQueryAttention "
    "Identity IntegerLookup LSTMCell Lambda LeakyReLU MaxPooling1D Maximum Minimum "
    "MultiHeadAttention Multiply PReLU Permute RMSNormalization RNN ReLU RepeatVector "
    "SeparableConv1D SimpleRNNCell Softmax SpatialDropout1D StackedRNNCells StringLookup "
    "Subtract TextVectorization TimeDistributed UnitNormalization UpSampling1D ZeroPadding1D"
)


@cache
def _registry() -> Registry:
    """Return the registry of all layers: each of their files is loaded for it."""
    layers = [cls for cls in map(__getattr__, _HOME_OF) if issubclass(cls, Layer)]
    return Registry("layer", "keras.layers", layers, keras_only=_KERAS_ONLY_NAMES)


def __getattr__(name: str) -> Any:
    if name == "REGISTRY":
        return _registry()
    if name not in _HOME_OF:
        refuse_missing(__name__, _KERAS_ONLY_NAMES)(name)
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF, "REGISTRY"])


def serialize(layer: Any) -> dict[str, Any]:
    """Return a dict in Keras's form from which `deserialize` makes an equal layer.

    >>> from embedlab.layers import Embedding
    >>> serialize(Embedding(10, 4))["class_name"], serialize(Input((3,)))["class_name"]
    ('Embedding', 'InputLayer')
    """
    if isinstance(layer, KerasTensor):
        config = {"batch_shape": list(layer.shape), "dtype": layer.dtype, "name": layer.name}
        kind = {"class_name": "InputLayer", "registered_name": None}
        return {"module": "keras.layers", **kind, "config": config}
    serialized: dict[str, Any] = _registry().serialize(layer)
    return serialized


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the layer (without weights) that a dict describes; nothing in it is executed.

    >>> from embedlab.layers import Embedding
    >>> deserialize(serialize(Embedding(10, 4)))
    Embedding(10 words -> 4 numbers)
    """
    if isinstance(config, dict) and config.get("class_name") == "InputLayer":
        known = ("batch_shape", "dtype", "name")
        return Input(**{k: v for k, v in config["config"].items() if k in known})
    return _registry().deserialize(config, custom_objects)
