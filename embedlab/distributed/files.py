"""Files of a sharded table: one safetensors file for each shard, and a manifest written last.

The manifest names the files of one save, their sizes and checksums. Files of another save have
other names, so a save that ends in the middle leaves the last one whole; and names begin with the
table, so that no save deletes what is not its own.
"""

import json
import math
import mmap
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from embedlab.budget import file_budget, read_json
from embedlab.core.checks import message
from embedlab.distributed.arrays import ArrayForm
from embedlab.storage import FileRefused
from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import RESTORE, as_file_refused

__all__ = [
    *("MANIFEST", "check_owner", "check_shard", "holds_save", "open_shard", "read_manifest"),
    *("release_pages", "remove_shards", "shard_name", "write_manifest", "write_shard"),
]

MANIFEST = "manifest.json"
FORMAT = "embedlab sharded table 1"
_DTYPES = {"float32": "F32", "float64": "F64", "int8": "I8"}
_LONGEST_HEADER = 1 << 20

_NAME = re.compile(r"shard-[0-9a-f]+-[0-9a-f]+-[0-9]+[.]safetensors")

PIECE = 1 << 26
"""Bytes that are written at a time."""

READ = 1 << 22
"""Bytes that are read at a time for a checksum."""


def shard_name(table: str, save_id: str, shard: int) -> str:
    """Return the name of a shard's file.

    >>> shard_name("0f", "a1", 2)
    'shard-0f-a1-2.safetensors'
    """
    return f"shard-{table}-{save_id}-{shard}.safetensors"


def write_shard(
    path: str, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> tuple[int, int]:
    """Write the arrays of a shard to a safetensors file, whole or not at all.

    Return the size of the file and its checksum, a CRC-32 that is computed on the way. Arrays on
    disk are written a piece at a time, and each piece leaves memory again. OSError where
    the disk is full.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        dtype = _DTYPES[array.dtype.name]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with atomic_write(path) as temporary, temporary.open("r+b") as file:
        start_of_file = len(text).to_bytes(8, "little") + text
        file.write(start_of_file)
        checksum = zlib.crc32(start_of_file)
        for array in arrays.values():
            rows = max(1, PIECE // max(1, array.strides[0]))
            for first in range(0, len(array), rows):
                piece = np.ascontiguousarray(array[first : first + rows]).data
                file.write(piece)
                checksum = zlib.crc32(piece, checksum)
                release_pages([array])
    return os.path.getsize(path), checksum


def release_pages(arrays: Iterable[Any]) -> None:
    """Drop the pages of arrays that lie in files from memory: no number is lost."""
    for array in arrays:
        while isinstance(array, np.ndarray):
            array = array.base
        if isinstance(array, mmap.mmap) and hasattr(array, "madvise"):
            array.madvise(mmap.MADV_DONTNEED)  # the mapping is shared, so the file has them


def open_shard(path: str, save_id: str, forms: Mapping[str, ArrayForm]) -> dict[str, np.ndarray]:
    """Return the arrays of a shard's file, mapped: numbers are read when they are used.

    Raises
    ------
    FileRefused
        For a damaged file, one of another save, and arrays that have not the given forms.
    """
    with as_file_refused(path, "be a safetensors file of a shard"):
        header, start = _read_header(path, save_id)
        size = os.path.getsize(path)
        arrays = {}
        for name, form in forms.items():
            entry = header[name]
            first, last = entry["data_offsets"]
            stored = entry["dtype"], tuple(entry["shape"])
            dtype = np.dtype(form.dtype).newbyteorder("<")
            fits = stored == (_DTYPES[form.dtype], form.shape) and 0 <= first <= last
            nbytes = math.prod(form.shape) * dtype.itemsize
            if not fits or last - first != nbytes or last > size - start:
                raise ValueError(f"{name} of shape {entry['shape']} at {first}..{last}")
            arrays[name] = np.zeros(form.shape, dtype)
            if nbytes:
                arrays[name] = np.asarray(np.memmap(path, dtype, "r", start + first, form.shape))
        return arrays


def check_shard(path: str, save_id: str, checksum: int) -> None:
    """Raise FileRefused for a shard's file of another save, and one whose bytes have changed."""
    with as_file_refused(path, "be a safetensors file of a shard"):
        _read_header(path, save_id)
        received = 0
        with open(path, "rb") as file:
            while piece := file.read(READ):
                received = zlib.crc32(piece, received)
        if received != checksum:
            must, what = (
                f"have the checksum {checksum:08x}",
                f"{received:08x}, so bytes have changed",
            )
            raise FileRefused(path, must, what, RESTORE)


def _read_header(path: str, save_id: str) -> tuple[dict[str, Any], int]:
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(_LONGEST_HEADER, size - 8):
            raise ValueError(f"a header of {length} bytes in a file of {size}")
        header: dict[str, Any] = read_json(file.read(length), path)
    metadata = header.pop("__metadata__", {})
    if metadata.get("save") != save_id:
        received = f"one of save {metadata.get('save')!r:.40}"
        raise FileRefused(path, f"be of save {save_id}", received, "Take the whole folder")
    return header, 8 + length


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a save, whose files are there, whole or not at all."""
    content = {"format": FORMAT, **manifest}
    with atomic_write(folder / MANIFEST) as temporary:
        checked = {**content, "crc32": _checksum(content)}
        temporary.write_text(json.dumps(checked), encoding="utf-8")


def _checksum(manifest: Mapping[str, Any]) -> int:
    """Return the checksum of a manifest: one wrong digit would be another step."""
    return zlib.crc32(json.dumps(manifest).encode())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, when all its files are there with their sizes.

    Raises
    ------
    FileNotFoundError
        Where nothing was saved.
    FileRefused
        For a damaged manifest, and files that are missing or of another size.
    """
    path = folder / MANIFEST
    if not path.is_file():
        must, do = "a folder of a sharded table must have a manifest", "Name one that save wrote"
        raise FileNotFoundError(message(must, f"{folder}, which has none", do))
    with as_file_refused(path, "be the manifest of a sharded table"):
        with file_budget(path):
            manifest = _parse(path)
        for entry in manifest["files"]:
            file = folder / Path(entry["name"]).name
            size = file.stat().st_size if file.is_file() else None
            if size != entry["bytes"]:
                received = f"{size} bytes" if size is not None else "no such file"
                raise FileRefused(file, f"have {entry['bytes']} bytes", received, "Save it again")
        return manifest


def _parse(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = read_json(path.read_bytes(), MANIFEST)
    if manifest["format"] != FORMAT:
        raise ValueError(f"the format {manifest['format']!r:.60}")
    stated = manifest.pop("crc32")
    if stated != _checksum(manifest):
        raise ValueError("its text has changed since it was written")
    return manifest


def holds_save(folder: Path, save_id: str) -> bool:
    """Return whether the manifest of a folder is that of a save."""
    with suppress(Exception):
        return bool(_parse(folder / MANIFEST)["save"] == save_id)
    return False


def check_owner(folder: Path, table: str, overwrite: bool) -> list[str]:
    """Return the names of the files that a save of a table replaces in a folder.

    FileExistsError, unless `overwrite`, where the folder has the manifest of another table, or one
    that this package did not write.
    """
    path, owner, replaced = folder / MANIFEST, "", []
    if not path.exists():
        return []
    received = f"a {MANIFEST} that is none of a sharded table, or is damaged"
    with suppress(Exception):
        manifest = _parse(path)
        owner, shape = manifest["table"], manifest["sharding"]
        received = (
            f"one that was saved there: {manifest['name']!r:.40}, "
            f"{shape['input_dim']} x {shape['output_dim']}"
        )
        replaced = [name for e in manifest["files"] if _NAME.fullmatch(name := e["name"])]
    if owner != table and not overwrite:
        must = f"{folder} must hold no other table"
        do = "Choose another folder, or pass overwrite=True"
        raise FileExistsError(message(must, received, do))
    return replaced


def remove_shards(folder: Path, table: str, replaced: list[str], keep: list[str]) -> None:
    """Delete the files that a save has replaced, and what earlier saves of the table left."""
    left = [*folder.glob(f"shard-{table}-*.safetensors"), *folder.glob(f".shard-{table}-*.part")]
    for file in [*map(folder.joinpath, replaced), *left]:
        if file.name not in keep:
            file.unlink(missing_ok=True)
