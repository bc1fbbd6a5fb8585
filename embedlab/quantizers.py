"""Quantization configs: Keras's two configurations for weights in small integers."""

from typing import Any

from embedlab.core.checks import check_size, message, short_repr
from embedlab.registry import Configured, Registry


class QuantizationConfig(Configured):
    """The base of both configurations, whose arguments are there for Keras only.

    There are no other weight quantizers, and an embedding has no activations to quantize.
    """

    HIDDEN = ("activation_quantizer",)
    mode = ""
    bits = 8
    block_size: int | None = None

    def __init__(self, weight_quantizer: None = None, activation_quantizer: Any = "default"):
        if weight_quantizer is not None:
            received = short_repr(weight_quantizer)
            raise NotImplementedError(message("weight_quantizer must be None", received, "Omit it"))
        self.weight_quantizer = None
        self.activation_quantizer = activation_quantizer

    @property
    def policy(self) -> str:
        """The first part of the dtype policy: "int8", "int4/128", or "int4/-1" for whole rows."""
        return self.mode if self.bits == 8 else f"{self.mode}/{self.block_size or -1}"


class Int8QuantizationConfig(QuantizationConfig):
    """One byte a number, one scale a row."""

    mode = "int8"


class Int4QuantizationConfig(QuantizationConfig):
    """Half a byte a number, one scale and zero point for each block of a row.

    A `block_size` of None or -1 means one scale a row, without zero point.

    >>> Int4QuantizationConfig(block_size=32).policy
    'int4/32'
    """

    mode, bits = "int4", 4

    def __init__(
        self,
        weight_quantizer: None = None,
        activation_quantizer: Any = "default",
        block_size: int | None = 128,
    ):
        super().__init__(weight_quantizer, activation_quantizer)
        whole_row = block_size is None or (type(block_size) is int and block_size == -1)
        self.block_size = block_size if whole_row else check_size(block_size, "block_size")


REGISTRY = Registry(
    "quantization config",
    "keras.quantizers",
    [Int4QuantizationConfig, Int8QuantizationConfig],
    {"int8": Int8QuantizationConfig, "int4": Int4QuantizationConfig},
    base=QuantizationConfig,
)
get, serialize, deserialize = REGISTRY.get, REGISTRY.serialize, REGISTRY.deserialize

__all__ = [*REGISTRY.classes, "QuantizationConfig", "deserialize", "get", "serialize"]
