"""Arrays and JSON in files: ``.keras`` archives, HDF5, safetensors. No layer is known here.

Reading never executes anything that a file says, and never takes more memory than the file
explains. Writing is whole or not at all.
"""

from embedlab.storage.errors import FileRefused

__all__ = ["FileRefused"]
