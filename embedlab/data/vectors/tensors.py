"""Tables in the files of models: safetensors, PyTorch, Keras."""

import math
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from embedlab.budget import file_budget, read_json
from embedlab.data.vectors.choose_tensor import choose_tensor
from embedlab.storage.archive import extract_weights, open_archive
from embedlab.storage.errors import DISTRUST, RESTORE, FileRefused
from embedlab.storage.h5 import LazyArray, Reader, open_h5

__all__ = [
    *("FLOATS", "read_h5", "read_headers", "read_keras", "read_safetensors"),
    *("read_tensor", "read_torch"),
]

Header = tuple[str, tuple[int, ...], int]
"""Dtype, shape and offset of a tensor in a safetensors file."""
FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}
MAX_HEADER = 100 << 20  # bytes, as in the library of safetensors
BLOCK = 1 << 22  # numbers of bfloat16 that are converted at a time


# safetensors ----------------------------------------------------------------------------------


def read_safetensors(path: Path, name: str | None) -> tuple[str, np.ndarray]:
    """Return the name of a table in a safetensors file, and the table: mapped, or bfloat16 as
    float32.
    """
    headers, start = read_headers(path)
    shapes = {n: shape for n, (dtype, shape, _) in headers.items() if dtype in FLOATS}
    if name in headers and name not in shapes:
        must, do = f"hold floats under {name!r:.80}", "Convert the tensor to float32"
        raise FileRefused(path, must, headers[name][0], do)
    chosen = choose_tensor(path, shapes, name)
    return chosen, read_tensor(path, headers[chosen], start)


def read_tensor(path: Path, header: Header, start: int) -> np.ndarray:
    """Return a tensor of floats: mapped, or bfloat16 as float32."""
    dtype, shape, offset = header
    mapped = np.asarray(np.memmap(path, FLOATS[dtype], "r", start + offset, shape))
    return _from_bfloat16(mapped) if dtype == "BF16" else np.require(mapped, requirements=["A"])


def read_headers(path: Path) -> tuple[dict[str, Header], int]:
    """Return dtype, shape and offset of each tensor, and where the first begins."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        start = 8 + length
        if length > min(MAX_HEADER, size - 8):
            received = f"{length:,} in a file of {size:,} bytes"
            raise FileRefused(path, "be as long as its header says", received, RESTORE)
        with file_budget(path):
            header = read_json(file.read(length), "its header")
    headers = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, shape, (first, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        numbers = [*shape, first, stop]
        if not all(type(n) is int and n >= 0 for n in numbers) or stop > size - start:
            received = f"{name!r:.80} of shape {shape!s:.80} at {first!s:.20} to {stop!s:.20}"
            raise FileRefused(path, "hold the tensors that it announces", received, DISTRUST)
        if dtype in FLOATS and np.dtype(FLOATS[dtype]).itemsize * math.prod(shape) != stop - first:
            received = f"{name!r:.80} of shape {shape!s:.80} in {stop - first:,} bytes"
            raise FileRefused(path, "hold tensors of the size they announce", received, DISTRUST)
        headers[name] = dtype, shape, first
    return headers, start


def _from_bfloat16(codes: np.ndarray) -> np.ndarray:
    """Return float32 for the upper halves of float32, without a second table."""
    table = np.zeros(codes.shape, np.float32)
    step = max(1, BLOCK // codes.shape[1])
    for first in range(0, len(codes), step):
        part = slice(first, first + step)
        table[part].view(np.uint32)[:] = codes[part].astype(np.uint32) << 16
    return table


# PyTorch --------------------------------------------------------------------------------------


def read_torch(path: Path, name: str | None) -> tuple[str, np.ndarray]:
    """Return the name of a table in a file of ``torch.save``, and the table.

    It is read by PyTorch, if that is installed, with ``weights_only=True``: nothing is executed.
    """
    try:
        import torch
    except ImportError:
        must, do = "be read by PyTorch", "Install torch, or save the table as safetensors"
        raise FileRefused(path, must, "no module named torch", do) from None
    if tuple(map(int, torch.__version__.split("+")[0].split(".")[:2])) < (2, 6):
        must, do = "be read by PyTorch 2.6 or newer, which executes nothing", "Update torch"
        raise FileRefused(path, must, torch.__version__, do)
    with path.open("rb") as file:
        mapped = file.read(2) == b"PK"
    try:
        content = torch.load(path, "cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError:
        must, do = "hold tensors only", "Save model.state_dict(), or load it and pass its layer"
        raise FileRefused(path, must, "objects, which a file may not bring to life", do) from None
    dtypes = {torch.float16, torch.float32, torch.float64, torch.bfloat16}
    tensors = dict(_named_tensors(content, torch.Tensor))
    floats = {n: t for n, t in tensors.items() if t.dtype in dtypes and t.layout == torch.strided}
    chosen = choose_tensor(path, {n: tuple(t.shape) for n, t in floats.items()}, name)
    table = floats[chosen].detach()
    return chosen, (table.float() if table.dtype == torch.bfloat16 else table).numpy()


def _named_tensors(content: Any, kind: type, name: str = "", depth: int = 0) -> Iterator[Any]:
    """Yield the tensors of a state_dict, also one inside a checkpoint, with dotted names."""
    if isinstance(content, kind):
        yield name or "table", content
    elif isinstance(content, dict) and depth < 4:
        for key, value in content.items():
            yield from _named_tensors(value, kind, f"{name}.{key}" if name else str(key), depth + 1)


# Keras ----------------------------------------------------------------------------------------


def read_keras(path: Path, name: str | None) -> tuple[str, np.ndarray]:
    """Return the name of a table in a ``.keras`` file, and the table."""
    with (
        file_budget(path),
        open_archive(path) as archive,
        extract_weights(archive, path) as weights,
    ):
        return read_h5(path, name, weights)


def read_h5(path: Path, name: str | None, file: Any = None) -> tuple[str, np.ndarray]:
    """Return the name of a table in an HDF5 file with weights, and the table.

    `name` is the path of the array in the file, or the name of a layer.
    """
    with open_h5(path if file is None else file, path) as reader:
        arrays: dict[str, LazyArray] = {}
        labels: dict[str, str] = {}
        for group in _groups(reader, ""):
            label = reader.label(group)
            for key, array in reader.arrays(group).items():
                arrays[f"{group}/{key}".lstrip("/")] = array
                if label is not None and key == "0":
                    labels[label] = f"{group}/{key}".lstrip("/")
        floats = {n: array for n, array in arrays.items() if array.dtype.kind == "f"}
        chosen = choose_tensor(
            path, {n: a.shape for n, a in floats.items()}, labels.get(name or "", name)
        )
        return chosen, floats[chosen].read()


def _groups(reader: Reader, group: str) -> Iterator[str]:
    """Yield a group and those below it; the state of an optimizer holds no table."""
    yield group
    for name in reader.names(group):
        if not name.startswith("optimizer"):
            yield from _groups(reader, f"{group}/{name}")
