"""Floor 1: files on disk. Keras's `.keras` and `.weights.h5`, and safetensors.

Reading never executes anything that a file says, and never takes more memory than the file and
the model at hand explain. Writing is whole or not at all.
"""

from embedlab.saving.refusal import FileRefused

__all__ = ["FileRefused"]
