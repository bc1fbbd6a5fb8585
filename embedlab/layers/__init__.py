"""Layers: they own arrays, under Keras's names. The arithmetic lives in `embedlab.core`."""

from functools import cache
from typing import Any

from embedlab import attach_stub

# At once: the file of the same name would hide it.
from embedlab.layers.gradcheck import gradcheck as gradcheck
from embedlab.layers.layer import Layer
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.registry import Registry, refuse_missing

_fetch, __dir__, __all__ = attach_stub(__name__)
_LAZY = [name for name in __all__ if name not in globals()]  # loaded when they are first asked for

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
    layers = [cls for cls in map(_fetch, _LAZY) if issubclass(cls, Layer)]
    return Registry("layer", "keras.layers", layers, keras_only=_KERAS_ONLY_NAMES)


def __getattr__(name: str) -> Any:
    if name == "REGISTRY":
        return _registry()
    if name not in __all__:
        refuse_missing(__name__, _KERAS_ONLY_NAMES)(name)
    return _fetch(name)


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


__all__ += ["deserialize", "serialize"]
