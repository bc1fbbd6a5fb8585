"""A `.keras` file: a zip archive with a config, weights, and a word about their maker."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import embedlab
from embedlab.layers.weight_budget import weight_budget
from embedlab.saving.atomic import writing
from embedlab.saving.config import described, made
from embedlab.saving.refusal import FileRefused, refusing
from embedlab.saving.weights import load_from, save_to

__all__ = ["load_model", "save_model", "weights_inside"]

CONFIG, WEIGHTS, ABOUT = "config.json", "model.weights.h5", "metadata.json"
KERAS = "3.15.1"
"""The version whose files these are like."""
LONGEST_CONFIG = 16 << 20  # bytes
MOST_ENTRIES = 10_000
MOST_RATIO = 100
"""How many times its packed size an entry may have: random floats pack to nine tenths."""
ROOM = 64 << 20
"""Bytes that weights may take beyond eight times the file: adapters that Keras has merged."""


def save_model(model: Any, path: Any, overwrite: bool = True) -> None:
    """Write a whole model to a ``.keras`` file that Keras can read, if it knows the layers.

    Raises
    ------
    ValueError
        For another ending, and a model that has no weights yet.
    FileExistsError
        With ``overwrite=False``, when there is a file.
    """
    _check_ending(path, "save")
    if not model.built:
        raise ValueError(
            f"{model.name!r} must be built before it is saved. Received a model without weights. "
            "Call it on data once, or model.build(input_shape)."
        )
    try:
        config = json.dumps(described(model))
    except TypeError as error:
        raise ValueError(
            f"the config of {model.name!r} must be plain values. Received {error}. "
            "Give the object at fault a get_config."
        ) from error
    about = {"keras_version": KERAS, "embedlab_version": embedlab.__version__}
    with (
        writing(path, overwrite) as fresh,
        tempfile.TemporaryFile(dir=fresh.parent) as weights,
        zipfile.ZipFile(fresh, "w") as archive,
    ):
        save_to(weights, model)
        weights.seek(0)
        archive.writestr(_entry(ABOUT), json.dumps(about))
        archive.writestr(_entry(CONFIG), config)
        with archive.open(_entry(WEIGHTS), "w", force_zip64=True) as entry:
            shutil.copyfileobj(weights, entry, 1 << 20)


def load_model(
    path: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Any:
    """Return the model that a ``.keras`` file holds, weights and adapters, compiled anew.

    Raises
    ------
    FileRefused
        For a file that is damaged or hostile, and for one that names what is not known.
    """
    _check_ending(path, "load")
    with _opened(path) as archive:
        with refusing(path, f"tell a model in {CONFIG}", "Save it again, or take a backup."):
            about = json.loads(_small(archive, path, CONFIG))
        with _unpacked(archive, path) as weights:
            weights.seek(0, 2)
            most = 8 * weights.tell() + ROOM
            weights.seek(0)
            cure = "Pass custom_objects for what is yours; do not trust a file that surprises you."
            with refusing(path, "tell a model that can be made", cure), weight_budget(most):
                model = made(about, custom_objects, compile)
            with refusing(path, "hold the weights of the model it tells", "Save it again."):
                load_from(weights, path, model)
    return model


@contextmanager
def weights_inside(path: Any) -> Iterator[IO[bytes]]:
    """Return the weights file inside a ``.keras`` file, unpacked, as an open file."""
    with _opened(path) as archive, _unpacked(archive, path) as weights:
        yield weights


@contextmanager
def _opened(path: Any) -> Iterator[zipfile.ZipFile]:
    path = Path(path)
    cure = "Save it again, or take a backup."
    with refusing(path, "be a whole zip archive, as model.save writes it", cure):
        with path.open("rb") as file:
            start = file.read(8)
        if not start.startswith(b"PK"):
            kind = {b"\x80": "a pickle, which could execute anything", b"\x89": "an HDF5 file"}
            raise ValueError(kind.get(start[:1], f"{len(start)} bytes or more of something else"))
        archive = zipfile.ZipFile(path)
    with archive:
        _check_entries(archive, path)
        yield archive


def _check_entries(archive: zipfile.ZipFile, path: Path) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_ENTRIES or len(set(names)) < len(names):
        raise FileRefused(
            path,
            f"must hold a few files, each once. Received {len(entries):,} of "
            f"{len(set(names)):,} names. Do not trust this file.",
        )
    for entry in entries:
        # zipfile has cut the name at a zero byte and turned the system's slashes already
        name = getattr(entry, "orig_filename", entry.filename)
        parts = PurePosixPath(name.replace("\\", "/")).parts
        link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name or link:
            raise FileRefused(
                path, f"must not lead out of itself. Received {name!r:.80}. Do not trust this file."
            )
        if entry.file_size > MOST_RATIO * entry.compress_size + (1 << 20):
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


def _small(archive: zipfile.ZipFile, path: Any, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > LONGEST_CONFIG:
        raise FileRefused(
            path,
            f"must tell its model in {LONGEST_CONFIG:,} bytes. Received "
            f"{size:,}. Do not trust this file.",
        )
    return archive.read(name)


@contextmanager
def _unpacked(archive: zipfile.ZipFile, path: Any) -> Iterator[IO[bytes]]:
    """Return the weights in a file of their own, which has no name and goes when it is closed."""
    with tempfile.TemporaryFile() as weights:
        with (
            refusing(path, f"hold weights in {WEIGHTS}", "Save it again, or take a backup."),
            archive.open(WEIGHTS) as entry,
        ):
            shutil.copyfileobj(entry, weights, 1 << 20)  # at the end the checksum is compared
        weights.seek(0)
        yield weights


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # its date is 1980: the same model gives the same bytes
    entry.external_attr = 0o644 << 16
    return entry


def _check_ending(path: Any, verb: str) -> None:
    if not str(path).endswith(".keras"):
        raise ValueError(
            f"Invalid filepath extension: {verb} a model with the ending `.keras`. "
            f"Received: filepath={path}. Keras 2's `.h5` and pickles are not used here; for "
            "weights alone there is `.weights.h5`."
        )
