"""Word vectors in the files that people have: opened as words and a table.

Nothing in a file is executed, and no file takes more memory than the numbers that it holds.
"""

from embedlab.data.vectors.installed_model import sentence_model
from embedlab.data.vectors.open_file import open
from embedlab.data.vectors.vectors import Skipped, Vectors

__all__ = ["Skipped", "Vectors", "open", "sentence_model"]
