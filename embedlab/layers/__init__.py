"""Floor 1: layers own arrays, under Keras's names. The arithmetic lives in `embedlab.core`."""

from typing import Any

from embedlab.layers.bag import EmbeddingBag
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.conv import Conv1D
from embedlab.layers.dense import Dense
from embedlab.layers.dropout import Dropout
from embedlab.layers.embedding import Embedding, LookupContext
from embedlab.layers.flatten import Flatten
from embedlab.layers.gradcheck import gradcheck
from embedlab.layers.gru import GRU
from embedlab.layers.lstm import LSTM
from embedlab.layers.masking import Masking
from embedlab.layers.memory import MemoryReport, TableMemoryError
from embedlab.layers.merging import Add, Average, Concatenate, Multiply
from embedlab.layers.normalization import LayerNormalization
from embedlab.layers.policy import DTypePolicy
from embedlab.layers.pooling import GlobalAveragePooling1D, GlobalMaxPooling1D
from embedlab.layers.reshape import Reshape
from embedlab.layers.reversible import ReversibleEmbedding
from embedlab.layers.simple_rnn import SimpleRNN
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.layers.variable import Variable
from embedlab.registry import Registry

# Each line here is one file beside this one; a new layer joins all three lists.
__all__ = [
    "GRU",
    "LSTM",
    "Add",
    "Average",
    "Concatenate",
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
    "Multiply",
    "Reshape",
    "ReversibleEmbedding",
    "SimpleRNN",
    "TableMemoryError",
    "Variable",
    "deserialize",
    "gradcheck",
    "serialize",
]

REGISTRY = Registry(
    "layer",
    "keras.layers",
    [
        Add,
        Average,
        Concatenate,
        Multiply,
        Conv1D,
        LayerNormalization,
        Masking,
        SimpleRNN,
        GRU,
        LSTM,
        Dense,
        Dropout,
        Embedding,
        EmbeddingBag,
        Flatten,
        GlobalAveragePooling1D,
        GlobalMaxPooling1D,
        Reshape,
        ReversibleEmbedding,
    ],
)


def serialize(layer: Any) -> dict[str, Any]:
    """Give a dict in Keras's form from which `deserialize` makes an equal layer.

    >>> serialize(Embedding(10, 4))["class_name"], serialize(Input((3,)))["class_name"]
    ('Embedding', 'InputLayer')
    """
    if isinstance(layer, KerasTensor):
        about = {"batch_shape": list(layer.shape), "dtype": layer.dtype, "name": layer.name}
        return {"module": "keras.layers", "class_name": "InputLayer", "config": about,
                "registered_name": None}  # fmt: skip
    return REGISTRY.serialize(layer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Give the layer (without weights) that a dict describes; nothing in it is executed.

    >>> deserialize(serialize(Embedding(10, 4)))
    Embedding(10 words -> 4 numbers)
    """
    if isinstance(config, dict) and config.get("class_name") == "InputLayer":
        about = config["config"]
        return Input(batch_shape=about["batch_shape"], dtype=about.get("dtype", "float32"),
                     name=about.get("name"))  # fmt: skip
    return REGISTRY.deserialize(config, custom_objects)
