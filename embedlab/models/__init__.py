"""Models, made of one chain of layers, under Keras's names."""

from embedlab.models.files import load_layer_weights, load_model, save_model
from embedlab.models.masks import MaskError, MaskNote
from embedlab.models.model import Model
from embedlab.models.sequential import Sequential
from embedlab.models.table_files import export_adapter, export_table, import_adapter, import_table

__all__ = [
    "MaskError",
    "MaskNote",
    "Model",
    "Sequential",
    "export_adapter",
    "export_table",
    "import_adapter",
    "import_table",
    "load_layer_weights",
    "load_model",
    "save_model",
]
