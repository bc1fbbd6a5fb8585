"""Tables in ``.npy`` files, mapped into memory, and in ``.npz`` archives."""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from embedlab.budget import charge, file_budget
from embedlab.data.vectors.choose_tensor import choose_tensor
from embedlab.storage.archive import check_entries
from embedlab.storage.errors import DISTRUST, RESTORE, FileRefused

__all__ = ["check_floats", "read_npy", "read_npz"]

WORD = 80
"""Bytes that a word takes as an object, beside its letters."""


def read_npy(path: Path) -> np.ndarray:
    """Return the table of a ``.npy`` file, mapped."""
    with path.open("rb") as file:
        shape, dtype = _read_header(file, path)
    check_floats(path, "its array", dtype, shape)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def read_npz(path: Path, name: str | None) -> tuple[str, np.ndarray, list[str] | None]:
    """Return the name of a table in a ``.npz`` file, the table, and the words if it has them."""
    with file_budget(path), zipfile.ZipFile(path) as archive:
        check_entries(archive, path)
        headers = {}
        for entry in archive.infolist():
            with archive.open(entry) as file:
                headers[entry.filename.removesuffix(".npy")] = entry, *_read_header(file, path)
        floats = {
            n: shape
            for n, (_, shape, dtype) in headers.items()
            if dtype.kind == "f" and dtype.itemsize <= 8
        }
        chosen = choose_tensor(path, floats, name)
        table = _read_entry(archive, path, *headers[chosen])
        texts = [
            n
            for n, (_, shape, dtype) in headers.items()
            if dtype.kind in "US" and shape == table.shape[:1]
        ]
        words: list[str] | None = None
        if len(texts) == 1:
            array = _read_entry(archive, path, *headers[texts[0]])
            charge(len(array) * (WORD + array.dtype.itemsize), f"{len(array):,} words")
            words = [w.decode("utf-8") if isinstance(w, bytes) else w for w in array.tolist()]
    return chosen, table, words


def check_floats(path: Path, name: str, dtype: Any, shape: tuple[int, ...]) -> None:
    """Refuse an array that is no table of floats."""
    must = f"hold floats (rows, columns) in {name}"
    if dtype.kind != "f" or dtype.itemsize > 8 or len(shape) != 2 or not all(shape):
        do = "Convert it to a table of float32"
        raise FileRefused(path, must, f"{dtype} of shape {shape}", do)


def _read_header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], Any]:
    """Return shape and dtype of an array; objects are never brought to life."""
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise FileRefused(path, "be of version 1 or 2 of the format", f"{version}", RESTORE)
    shape, _, dtype = readers[version](file)
    if dtype.hasobject:
        must, do = "hold plain numbers", "Save words as a text, or as an array of str"
        raise FileRefused(path, must, "Python objects, which a file may not bring to life", do)
    return shape, dtype


def _read_entry(
    archive: zipfile.ZipFile, path: Path, entry: zipfile.ZipInfo, shape: tuple[int, ...], dtype: Any
) -> np.ndarray:
    """Return an array of an archive; it is not mapped, since its numbers are seldom aligned."""
    announced = dtype.itemsize * math.prod(shape)
    with archive.open(entry) as file:
        _read_header(file, path)
        start = file.tell()
        if announced != entry.file_size - start:
            received = f"{announced:,} bytes in {entry.file_size:,}"
            must = f"hold the numbers that {entry.filename!r:.60} announces"
            raise FileRefused(path, must, received, DISTRUST)
        file.seek(0)
        return npy.read_array(file, allow_pickle=False)
