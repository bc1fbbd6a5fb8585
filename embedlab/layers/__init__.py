"""Layers: they own arrays, under Keras's names. The arithmetic lives in `embedlab.core`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from embedlab.layers.gradcheck import gradcheck  # at once: a file of the same name would hide it
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.registry import Registry, missing_attribute

if TYPE_CHECKING:
    from embedlab.layers.bag import EmbeddingBag
    from embedlab.layers.conv import Conv1D
    from embedlab.layers.dense import Dense
    from embedlab.layers.dropout import Dropout
    from embedlab.layers.dtype_policy import DTypePolicy
    from embedlab.layers.embedding import Embedding, LookupContext
    from embedlab.layers.flatten_reshape import Flatten, Reshape
    from embedlab.layers.layer import Gradients, Layer
    from embedlab.layers.memory_report import MemoryReport, TableMemoryError
    from embedlab.layers.normalization import LayerNormalization
    from embedlab.layers.pooling_masking import GlobalAveragePooling1D, GlobalMaxPooling1D, Masking
    from embedlab.layers.recurrent import GRU, LSTM, SimpleRNN
    from embedlab.layers.reversible import ReversibleEmbedding
    from embedlab.layers.variable import Variable

# A file beside this one is loaded when one of its names is first asked for: a lookup needs no LSTM.
# A new layer joins all four lists.
__all__ = [
    "GRU",
    "LSTM",
    "Conv1D",
    "DTypePolicy",
    "Dense",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "Gradients",
    "Input",
    "KerasTensor",
    "Layer",
    "LayerNormalization",
    "LookupContext",
    "Masking",
    "MemoryReport",
    "Reshape",
    "ReversibleEmbedding",
    "SimpleRNN",
    "TableMemoryError",
    "Variable",
    "deserialize",
    "gradcheck",
    "serialize",
]

_HOMES = {
    "Conv1D": "conv",
    "DTypePolicy": "dtype_policy",
    "Dense": "dense",
    "Dropout": "dropout",
    "Embedding": "embedding",
    "EmbeddingBag": "bag",
    "Flatten": "flatten_reshape",
    "GRU": "recurrent",
    "GlobalAveragePooling1D": "pooling_masking",
    "GlobalMaxPooling1D": "pooling_masking",
    "Gradients": "layer",
    "LSTM": "recurrent",
    "Layer": "layer",
    "LayerNormalization": "normalization",
    "LookupContext": "embedding",
    "Masking": "pooling_masking",
    "MemoryReport": "memory_report",
    "Reshape": "flatten_reshape",
    "ReversibleEmbedding": "reversible",
    "SimpleRNN": "recurrent",
    "TableMemoryError": "memory_report",
    "Variable": "variable",
}

_KERAS = (
    "Conv1D",
    "LayerNormalization",
    "Masking",
    "SimpleRNN",
    "GRU",
    "LSTM",
    "Dense",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "Reshape",
    "ReversibleEmbedding",
)
"""Those that Keras knows under the same name."""
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


def __getattr__(name: str) -> Any:
    if name == "REGISTRY":
        value: Any = Registry(
            "layer", "keras.layers", [__getattr__(n) for n in _KERAS], keras_only=_KERAS_ONLY_NAMES
        )
    elif name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise missing_attribute(__name__, name, _KERAS_ONLY_NAMES)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "REGISTRY"])


def _registry() -> Registry:
    registry: Registry = globals().get("REGISTRY") or __getattr__("REGISTRY")
    return registry


def serialize(layer: Any) -> dict[str, Any]:
    """Return a dict in Keras's form from which `deserialize` makes an equal layer.

    >>> from embedlab.layers import Embedding
    >>> serialize(Embedding(10, 4))["class_name"], serialize(Input((3,)))["class_name"]
    ('Embedding', 'InputLayer')
    """
    if isinstance(layer, KerasTensor):
        config = {"batch_shape": list(layer.shape), "dtype": layer.dtype, "name": layer.name}
        return {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": config,
            "registered_name": None,
        }
    serialized: dict[str, Any] = _registry().serialize(layer)
    return serialized


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the layer (without weights) that a dict describes; nothing in it is executed.

    >>> from embedlab.layers import Embedding
    >>> deserialize(serialize(Embedding(10, 4)))
    Embedding(10 words -> 4 numbers)
    """
    if isinstance(config, dict) and config.get("class_name") == "InputLayer":
        arguments = config["config"]
        return Input(
            batch_shape=arguments["batch_shape"],
            dtype=arguments.get("dtype", "float32"),
            name=arguments.get("name"),
        )
    return _registry().deserialize(config, custom_objects)
