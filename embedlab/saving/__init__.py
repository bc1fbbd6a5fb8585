"""Files on disk: ``.keras`` archives, HDF5 weights, and safetensors.

Reading never executes anything that a file says, and never takes more memory than the file and
the model at hand explain. Writing is whole or not at all.
"""

from embedlab.saving.refusal import FileRefused
from embedlab.saving.tensors import export_adapter, export_table, import_adapter, import_table

__all__ = ["FileRefused", "export_adapter", "export_table", "import_adapter", "import_table"]
