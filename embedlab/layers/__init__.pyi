from typing import Any

from embedlab import registry
from embedlab.layers.allocation import TableMemoryError as TableMemoryError
from embedlab.layers.bag import EmbeddingBag as EmbeddingBag
from embedlab.layers.conv import Conv1D as Conv1D
from embedlab.layers.dense import Dense as Dense
from embedlab.layers.dropout import Dropout as Dropout
from embedlab.layers.dtype_policy import DTypePolicy as DTypePolicy
from embedlab.layers.embedding import Embedding as Embedding
from embedlab.layers.flatten_reshape import Flatten as Flatten
from embedlab.layers.flatten_reshape import Reshape as Reshape
from embedlab.layers.gradcheck import gradcheck as gradcheck
from embedlab.layers.layer import Gradients as Gradients
from embedlab.layers.layer import Layer as Layer
from embedlab.layers.memory import MemoryReport as MemoryReport
from embedlab.layers.normalization import LayerNormalization as LayerNormalization
from embedlab.layers.pooling_masking import GlobalAveragePooling1D as GlobalAveragePooling1D
from embedlab.layers.pooling_masking import GlobalMaxPooling1D as GlobalMaxPooling1D
from embedlab.layers.pooling_masking import Masking as Masking
from embedlab.layers.recurrent import GRU as GRU
from embedlab.layers.recurrent import LSTM as LSTM
from embedlab.layers.recurrent import SimpleRNN as SimpleRNN
from embedlab.layers.reversible import ReversibleEmbedding as ReversibleEmbedding
from embedlab.layers.symbolic import Input as Input
from embedlab.layers.symbolic import KerasTensor as KerasTensor
from embedlab.layers.variable import Variable as Variable

REGISTRY: registry.Registry

def serialize(layer: Any) -> dict[str, Any]: ...
def deserialize(config: Any, custom_objects: Any = None) -> Any: ...
