"""Tables of a model in several safetensors files, which an index of their tensors goes with."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from embedlab.budget import file_budget, read_json
from embedlab.data.vectors.choose_tensor import choose_name
from embedlab.data.vectors.tensors import read_safetensors
from embedlab.storage.errors import DISTRUST, RESTORE, FileRefused, as_file_refused

__all__ = ["find_model", "is_index", "read_shard", "read_sharded"]

MAX_BYTES = 32 << 20
"""Bytes of the largest index: 100 000 tensors take 10 MB."""

_SHARD = re.compile(r"(.+)-[0-9]{5}-of-[0-9]{5}\.safetensors")


def is_index(path: Path) -> bool:
    """Return whether a file is called as the index of a model in several files."""
    return path.suffix == ".json" and ".safetensors.index." in path.name


def find_model(folder: Path) -> Path | None:
    """Return the one model in a folder: an index, or a safetensors file that needs none."""
    with as_file_refused(folder, "be a folder that can be read", "Name a file in it"):
        names = sorted(folder.glob("*.safetensors*"))
    for some in ([p for p in names if is_index(p)], [p for p in names if p.suffix != ".json"]):
        if len(some) == 1:
            return some[0]
    return None


def read_sharded(path: Path, name: str | None) -> tuple[str, np.ndarray]:
    """Return the name of a table in a model of several files, and the table.

    Parameters
    ----------
    path : Path
        The index, as ``model.safetensors.index.json``. Only the file with the table is read.
    name : str, optional
        By default the table whose name is known.

    Raises
    ------
    FileRefused
        For an index that is none, and for one that leads out of its folder. The files of a
        snapshot in Hugging Face's cache are links into that cache, and may be.
    """
    shards = _read_index(path)
    chosen = choose_name(path, list(shards), name)
    shard = _shard(path, shards[chosen])
    must = f"hold {chosen!r:.80}, as {path.name} says"
    with as_file_refused(shard, must, RESTORE):
        return read_safetensors(shard, chosen)


def read_shard(path: Path, name: str | None) -> tuple[str, np.ndarray]:
    """Return the name of a table in a safetensors file, and the table.

    Of a shard that does not hold it, by the index beside it, if there is one.
    """
    try:
        return read_safetensors(path, name)
    except FileRefused:
        shard = _SHARD.fullmatch(path.name)
        index = path.with_name(f"{shard[1]}.safetensors.index.json") if shard else path
        if shard is None or not index.is_file():
            raise
    return read_sharded(index, name)


def _read_index(path: Path) -> dict[str, str]:
    """Return the file of each tensor."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise FileRefused(path, f"be at most {MAX_BYTES:,} bytes", f"{size:,}", DISTRUST)
    with file_budget(path):
        content: Any = read_json(path.read_bytes(), "an index")
    shards = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(shards, dict) or not shards:
        received = f"{type(content).__name__} without one" if shards is None else f"{shards!r:.60}"
        raise FileRefused(path, "name the file of each tensor in weight_map", received, RESTORE)
    for name, file in shards.items():
        if not isinstance(file, str):
            received = f"{file!r:.60} for {name!r:.80}"
            raise FileRefused(path, "name the file of each tensor in weight_map", received, RESTORE)
    return shards


def _shard(path: Path, name: str) -> Path:
    """Return the path of a shard, which must lie beside the index."""
    file = path.with_name(name) if _is_plain(name) else path
    folder = path.parent.resolve()
    if folder.parent.name == "snapshots":  # of Hugging Face's cache, whose files are links
        folder = folder.parent.parent
    if file == path or (file.exists() and not file.resolve().is_relative_to(folder)):
        must = "name files in its own folder"
        raise FileRefused(path, must, f"{name!r:.80}", DISTRUST)
    if not file.is_file():
        must, do = "have all its files beside it", "Download that too, into the same folder"
        raise FileRefused(path, must, f"no file {name!r:.80}", do)
    return file


def _is_plain(name: str) -> bool:
    """Return whether a name is that of a safetensors file, without a folder."""
    return re.fullmatch(r"[^/\\:\0]+\.safetensors", name) is not None
