"""``.keras`` files: zip archives with a config, weights and metadata.

What a file may take is limited by `embedlab.budget`: what is unpacked here, what is read in
`storage.h5`, and every layer and weight that the config asks for.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import embedlab
from embedlab.budget import charge, read_json
from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import DISTRUST, FileRefused, as_file_refused

__all__ = ["check_entries", "extract_weights", "open_archive", "read_config", "write_archive"]

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
KERAS = "3.15.1"  # the version whose file format is written


def write_archive(
    path: Any, config: str, write_weights: Callable[[Any], None], overwrite: bool = True
) -> None:
    """Write a config (JSON) and weights to a ``.keras`` file.

    `write_weights` writes an HDF5 file into the open binary file that it gets. With
    ``overwrite=False`` an existing file is a FileExistsError.
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


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # its date is 1980: the same model gives the same bytes
    entry.external_attr = 0o644 << 16
    return entry


@contextmanager
def open_archive(path: Any) -> Iterator[zipfile.ZipFile]:
    """Yield an open archive whose entries have been checked."""
    path = Path(path)
    with as_file_refused(path, "be a whole zip archive, as model.save writes it"):
        with path.open("rb") as file:
            start = file.read(8)
        if not start.startswith(b"PK"):
            kind = {b"\x80": "a pickle, which could execute anything", b"\x89": "an HDF5 file"}
            raise ValueError(kind.get(start[:1], f"{len(start)} bytes or more of something else"))
        archive = zipfile.ZipFile(path)
        check_entries(archive, path)
    with archive:
        yield archive


def read_config(archive: zipfile.ZipFile, path: Any) -> Any:
    """Return the config of a model, decoded from JSON."""
    with as_file_refused(path, f"hold a config in {CONFIG}"):
        return read_json(archive.read(CONFIG), CONFIG)


@contextmanager
def extract_weights(archive: zipfile.ZipFile, path: Any) -> Iterator[IO[bytes]]:
    """Yield the weights in a nameless temporary file, which is deleted when it is closed."""
    with tempfile.TemporaryFile() as weights:
        with as_file_refused(path, f"hold weights in {WEIGHTS}"), archive.open(WEIGHTS) as entry:
            shutil.copyfileobj(entry, weights, 1 << 20)  # at the end the checksum is compared
        weights.seek(0)
        yield weights


def check_entries(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse an archive that leads out of itself, or unpacks to more than its budget."""
    entries = archive.infolist()
    if len({entry.filename for entry in entries}) < len(entries):
        raise FileRefused(path, "hold each file once", "one name twice", DISTRUST)
    for entry in entries:
        charge(entry.file_size, f"{entry.filename!r:.80} as it unpacks")
        # the original name: zipfile cuts at a zero byte and converts slashes
        name = getattr(entry, "orig_filename", entry.filename)
        parts, label = PurePosixPath(name.replace("\\", "/")).parts, f"{name!r:.80}"
        link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name or link:
            raise FileRefused(path, "not lead out of itself", label, DISTRUST)
        stored = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if entry.flag_bits & 1 or not stored:
            must, received = "be stored or deflated, and not encrypted", f"{label}, which is not"
            raise FileRefused(path, must, received, "Pack it again")
