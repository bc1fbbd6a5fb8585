"""Tensors in safetensors files: plain numbers under names, with a few strings as metadata."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import FileRefused, as_file_refused

__all__ = ["read_tables", "write_tensors"]


def write_tensors(
    path: Any, tensors: Mapping[str, Any], metadata: Mapping[str, str], overwrite: bool = True
) -> None:
    """Write arrays and metadata to a safetensors file."""
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with atomic_write(path, overwrite) as temporary:
        save_file(arrays, temporary, dict(metadata))


def read_tables(path: Any, *names: str | None) -> tuple[list[np.ndarray], dict[str, str]]:
    """Return float tensors with two axes by name, and the metadata, of a safetensors file.

    The name None stands for the only tensor of a file.

    Raises
    ------
    FileRefused
        For a damaged file, a tensor that is not there, and one of another dtype or number of axes.
    """
    with as_file_refused(path, "be a safetensors file with a table"):
        with open(path, "rb"):  # a missing file is named by Python's own error
            file = safe_open(path, framework="numpy")
        with file as reader:
            known = list(reader.keys())
            names = tuple(known[0] if n is None and len(known) == 1 else n for n in names)
            for name in names:
                if name not in known:
                    received = f"name={name!r:.80}; there are {sorted(known)!r:.200}"
                    must = "be asked for one of its tensors"
                    raise FileRefused(path, must, received, "Pass name=...")
                header = reader.get_slice(name)
                dtype, shape = header.get_dtype(), header.get_shape()
                if dtype not in ("F16", "F32", "F64") or len(shape) != 2:
                    must = f"hold floats (rows, columns) under {name!r:.80}"
                    do = "Choose another tensor, or cast it to float32"
                    raise FileRefused(path, must, f"{dtype} of shape {shape}", do)
            tables = [np.asarray(reader.get_tensor(name)) for name in names]
            return tables, reader.metadata() or {}
