"""``.keras`` files: zip archives with a config, weights and metadata."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import embedlab
from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import RESTORE, FileRefused, as_file_refused

__all__ = ["extract_weights", "open_archive", "open_weights", "read_config", "write_archive"]

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
KERAS = "3.15.1"
"""The version of Keras whose file format is written."""
MAX_CONFIG_BYTES = 16 << 20  # bytes
MAX_ENTRIES = 10_000
MAX_RATIO = 100
"""Largest ratio of unpacked to packed size: random floats pack to nine tenths."""


def write_archive(
    path: Any, config: str, write_weights: Callable[[Any], None], overwrite: bool = True
) -> None:
    """Write a config and weights to a ``.keras`` file.

    Parameters
    ----------
    path : path-like
    config : str
        JSON.
    write_weights : callable
        Writes an HDF5 file into the open binary file that it gets.
    overwrite : bool

    Raises
    ------
    FileExistsError
        With ``overwrite=False``, when there is a file.
    """
    metadata = {"keras_version": KERAS, "embedlab_version": embedlab.__version__}
    with (
        atomic_write(path, overwrite) as temporary,
        tempfile.TemporaryFile(dir=temporary.parent) as weights,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        write_weights(weights)
        weights.seek(0)
        archive.writestr(_entry(METADATA), json.dumps(metadata))
        archive.writestr(_entry(CONFIG), config)
        with archive.open(_entry(WEIGHTS), "w", force_zip64=True) as entry:
            shutil.copyfileobj(weights, entry, 1 << 20)


@contextmanager
def open_weights(path: Any) -> Iterator[IO[bytes]]:
    """Yield the weights inside a ``.keras`` file, unpacked, as an open file."""
    with open_archive(path) as archive, extract_weights(archive, path) as weights:
        yield weights


@contextmanager
def open_archive(path: Any) -> Iterator[zipfile.ZipFile]:
    """Yield an open archive whose entries have been checked."""
    path = Path(path)
    with as_file_refused(path, "be a whole zip archive, as model.save writes it", RESTORE):
        with path.open("rb") as file:
            start = file.read(8)
        if not start.startswith(b"PK"):
            kind = {b"\x80": "a pickle, which could execute anything", b"\x89": "an HDF5 file"}
            raise ValueError(kind.get(start[:1], f"{len(start)} bytes or more of something else"))
        archive = zipfile.ZipFile(path)
    with archive:
        _check_entries(archive, path)
        yield archive


def read_config(archive: zipfile.ZipFile, path: Any) -> Any:
    """Return the config of a model, decoded from JSON."""
    with as_file_refused(path, f"hold a config in {CONFIG}", RESTORE):
        return json.loads(_read_small(archive, path, CONFIG))


@contextmanager
def extract_weights(archive: zipfile.ZipFile, path: Any) -> Iterator[IO[bytes]]:
    """Yield the weights in a nameless temporary file, which is deleted when it is closed."""
    with tempfile.TemporaryFile() as weights:
        with (
            as_file_refused(path, f"hold weights in {WEIGHTS}", RESTORE),
            archive.open(WEIGHTS) as entry,
        ):
            shutil.copyfileobj(entry, weights, 1 << 20)  # at the end the checksum is compared
        weights.seek(0)
        yield weights


def _check_entries(archive: zipfile.ZipFile, path: Path) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES or len(set(names)) < len(names):
        raise FileRefused(
            path,
            f"must hold a few files, each once. Received {len(entries):,} of "
            f"{len(set(names)):,} names. Do not trust this file.",
        )
    for entry in entries:
        # the original name: zipfile cuts at a zero byte and converts slashes
        name = getattr(entry, "orig_filename", entry.filename)
        parts = PurePosixPath(name.replace("\\", "/")).parts
        link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name or link:
            raise FileRefused(
                path, f"must not lead out of itself. Received {name!r:.80}. Do not trust this file."
            )
        if entry.file_size > MAX_RATIO * entry.compress_size + (1 << 20):
            raise FileRefused(
                path,
                f"must not unpack to far more than it is. Received {name!r:.80}"
                f" with {entry.file_size:,} bytes in {entry.compress_size:,}. "
                "Do not trust this file.",
            )
        if entry.flag_bits & 1 or entry.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise FileRefused(
                path,
                "must be stored or deflated, and not encrypted. Received "
                f"{name!r:.80}, which is not. Pack it again.",
            )


def _read_small(archive: zipfile.ZipFile, path: Any, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > MAX_CONFIG_BYTES:
        raise FileRefused(
            path,
            f"must hold a config of at most {MAX_CONFIG_BYTES:,} bytes. Received "
            f"{size:,}. Do not trust this file.",
        )
    return archive.read(name)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # its date is 1980: the same model gives the same bytes
    entry.external_attr = 0o644 << 16
    return entry
