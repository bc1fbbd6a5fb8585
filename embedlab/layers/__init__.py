"""Floor 1: layers own arrays, under Keras's names. The arithmetic lives in `embedlab.core`."""

from embedlab.layers.base import Gradients, Layer
from embedlab.layers.embedding import Embedding, LookupContext
from embedlab.layers.memory import MemoryReport, TableMemoryError
from embedlab.layers.policy import DTypePolicy
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.layers.variable import Variable

__all__ = ["DTypePolicy", "Embedding", "Gradients", "Input", "KerasTensor", "Layer",
           "LookupContext", "MemoryReport", "TableMemoryError", "Variable"]  # fmt: skip
