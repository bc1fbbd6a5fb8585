"""Tensors in safetensors files: plain numbers under names, with a few strings as metadata."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import FileRefused, as_file_refused

__all__ = ["TensorReader", "open_tensors", "write_tensors"]


def write_tensors(
    path: Any, tensors: Mapping[str, Any], metadata: Mapping[str, str], overwrite: bool = True
) -> None:
    """Write arrays and metadata to a safetensors file.

    Parameters
    ----------
    path : path-like
        Usually ending in ``.safetensors``.
    tensors : mapping of str to array_like
    metadata : mapping of str to str
    overwrite : bool
        Whether a file may be there already.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/t.safetensors"
    >>> write_tensors(path, {"rows": np.ones((2, 3))}, {"kind": "table"})
    >>> with open_tensors(path, "be a safetensors file", "Save it again.") as file:
    ...     file.names, file.metadata, file.matrix("rows").shape
    (['rows'], {'kind': 'table'}, (2, 3))
    """
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with atomic_write(path, overwrite) as temporary:
        save_file(arrays, temporary, dict(metadata))


class TensorReader:
    """An open safetensors file.

    Attributes
    ----------
    names : list of str
        The tensors in the file.
    metadata : dict of str to str
    """

    def __init__(self, file: Any, path: Any):
        self._file, self._path = file, path
        self.names: list[str] = list(file.keys())
        self.metadata: dict[str, str] = file.metadata() or {}

    def matrix(self, name: str) -> np.ndarray:
        """Return a tensor of floats with two axes; dtype and shape are checked before reading.

        Raises
        ------
        FileRefused
            For another dtype or number of axes.
        """
        header = self._file.get_slice(name)
        if header.get_dtype() not in ("F16", "F32", "F64") or len(header.get_shape()) != 2:
            raise FileRefused(
                self._path,
                f"must hold floats (rows, columns) under {name!r:.80}. Received "
                f"{header.get_dtype()} of shape {header.get_shape()}. Choose another tensor, "
                "or cast it to float32.",
            )
        return np.asarray(self._file.get_tensor(name))


@contextmanager
def open_tensors(path: Any, must: str, remedy: str) -> Iterator[TensorReader]:
    """Open a safetensors file for reading; any error inside becomes one FileRefused.

    Parameters
    ----------
    path : path-like
    must, remedy : str
        What must hold and what to do, for the error: see `as_file_refused`.
    """
    with as_file_refused(path, must, remedy):
        with open(path, "rb"):  # a missing file is named by Python's own error
            file = safe_open(path, framework="numpy")
        with file as reader:
            yield TensorReader(reader, path)
