"""Floor 1: files on disk. Keras's `.keras` and `.weights.h5`, and safetensors.

Reading never executes anything that a file says, and never takes more memory than the file and
the model at hand explain. Writing is whole or not at all.
"""

from embedlab.saving.archive import load_model, save_model
from embedlab.saving.refusal import FileRefused
from embedlab.saving.tensors import export_adapter, export_table, import_adapter, import_table
from embedlab.saving.weights import load_weights, save_weights

__all__ = [
    "FileRefused",
    "export_adapter",
    "export_table",
    "import_adapter",
    "import_table",
    "load_model",
    "load_weights",
    "save_model",
    "save_weights",
]
