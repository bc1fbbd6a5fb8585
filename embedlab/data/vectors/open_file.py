"""`open`: word vectors from a file in any of the formats that are read."""

import gzip
import io
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from embedlab.core.checks import check_choice, check_size, message
from embedlab.data.vectors.arrays import read_npy, read_npz
from embedlab.data.vectors.growing_table import GrowingTable
from embedlab.data.vectors.sharded import find_model, is_index, read_shard, read_sharded
from embedlab.data.vectors.tensors import read_h5, read_keras, read_torch
from embedlab.data.vectors.text import BOM, parse_header, read_text
from embedlab.data.vectors.vectors import Vectors
from embedlab.data.vectors.word2vec_binary import read_word2vec_binary
from embedlab.data.vectors.words import find_words, read_words
from embedlab.storage.errors import FileRefused, as_file_refused

__all__ = ["FORMATS", "open"]

FORMATS = ("glove", "word2vec", "fasttext", "word2vec-binary")
"""Formats without a signature: asked for by name where they are not recognized."""
BAR_BYTES, BAR_DELAY = 32 << 20, 1.0
"""A smaller file, or one that is read in less than that many seconds, needs no progress bar."""
HEAD = 1 << 12  # bytes that are looked at

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_TORCH = (".pt", ".pth", ".bin", ".ckpt")
_GENSIM = "Load it with gensim's KeyedVectors.load and pass that as table=, if you trust it"
_UNPACK = "Unpack it, and open the file inside"
_MUST = "hold word vectors"


def open(
    path: Any,
    *,
    format: str | None = None,
    tensor: str | None = None,
    words: Sequence[str] | str | os.PathLike[str] | None = None,
    limit: int | None = None,
    on_error: str = "raise",
    progress: bool = True,
) -> Vectors:
    """Return the words and the table of a file of word vectors.

    Parameters
    ----------
    path : path-like
        Text (GloVe, word2vec, fastText's ``.vec``) and word2vec's binary format, also packed as
        ``.gz``; ``.npy`` and ``.npz``; safetensors, also in several files, by their index
        ``model.safetensors.index.json`` or the folder that holds it; PyTorch's ``.pt`` and ``.bin``
        where torch is installed; Keras's ``.keras`` and ``.h5``. It is recognized by its content.
    format : {"glove", "word2vec", "fasttext", "word2vec-binary"}, optional
        For a text or binary file that is not recognized.
    tensor : str, optional
        The name of the table, in a file with several.
    words : sequence of str, or path-like, optional
        The words of the rows of an array; a file with one a line, a ``tokenizer.json`` or a
        ``vocab.json``. By default ``tokenizer.json``, ``vocab.json``, ``vocab.txt`` or
        ``words.txt`` in the same folder, if it has one and it fits; without it, rows have no words,
        and a warning says why it does not fit.
        Tokens are readable: a space is written ␣.
    limit : int, optional
        Read the first rows only.
    on_error : {"raise", "skip"}
        Whether a broken line is an error, or left out and listed in `skipped`. A repeated word
        and a row with NaN are broken; the rows of an array are never left out.
    progress : bool
        Whether a bar shows what has been read; only where that takes more than a second.

    Returns
    -------
    Vectors
        The table of a ``.npy`` or safetensors file is memory-mapped: do not change the file
        meanwhile. It has the dtype of the file; bfloat16 and text become float32.

    Raises
    ------
    embedlab.storage.FileRefused
        For a file that is damaged, hostile or of another kind, and for a pickle, which could
        execute anything.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp(), "small.txt")
    >>> _ = file.write_text("cat 1.0 0.5\\ndog 0.5\\nbird 0.0 -1.0\\n")
    >>> vectors = open(file, on_error="skip")
    >>> vectors.words, vectors.table.tolist()
    (('cat', 'bird'), [[1.0, 0.5], [0.0, -1.0]])
    >>> vectors.skipped
    (Skipped(line=2, reason="1 numbers after b'dog'"),)
    """
    if hasattr(path, "index_to_key"):  # gensim's KeyedVectors, loaded by the caller
        return Vectors(tuple(map(str, path.index_to_key)), path.vectors, type(path).__name__)
    if not isinstance(path, (str, os.PathLike)):
        received = type(path).__name__
        raise TypeError(message("path must name a file", received, "Pass a str or a Path"))
    if format is not None:
        check_choice(format, "format", FORMATS)
    check_choice(on_error, "on_error", ("raise", "skip"))
    if limit is not None:
        limit = check_size(limit, "limit")
    if "://" in (text := str(path)) or not text:
        received = f"the address {text:.200}" if text else "no name"
        raise FileRefused(text, "be a file on this machine", received, "Download it, and name it")
    file = Path(path).expanduser()
    if file.is_dir():
        file = find_model(file) or file
    if file.is_dir():
        raise FileRefused(file, "be a file with word vectors", "a folder", "Name a file in it")
    with as_file_refused(file, _MUST, "Get it again, or name another file"):
        with file.open("rb") as raw:
            head = raw.read(HEAD)
        read = None if format is not None else _array_reader(file, head)
        if read is None:
            if words is not None or tensor is not None:
                must, do = "be a file of arrays to take tensor= or words=", "Leave them out"
                raise FileRefused(file, must, "a file with words of its own", do)
            table = GrowingTable(str(file), limit, on_error == "skip")
            with _open_stream(file, head, progress) as stream:
                _read_stream(stream, table, format)
            return table.vectors(file.name)
        name, array, file_words = read(file, tensor)
    return _with_words(file, name, array, file_words if words is None else words, limit)


# Arrays ---------------------------------------------------------------------------------------

_Read = tuple[str, np.ndarray, Any]


def _array_reader(file: Path, head: bytes) -> Callable[[Path, str | None], _Read] | None:
    """Return the function that reads a file of arrays, or None for text and word2vec's binary."""
    if is_index(file):
        return lambda path, name: (*read_sharded(path, name), None)
    if head.startswith(b"\x93NUMPY"):
        return lambda path, name: ("", read_npy(path), None)
    if head.startswith(b"\x89HDF"):
        return lambda path, name: (*read_h5(path, name), None)
    if head[8:9] == b"{" and (file.suffix == ".safetensors" or head[4:8] == bytes(4)):
        return lambda path, name: (*read_shard(path, name), None)
    if head.startswith(b"PK"):
        return _archive_reader(file)
    if head.startswith(b"\x80"):
        if file.suffix in _TORCH:
            return lambda path, name: (*read_torch(path, name), None)
        raise FileRefused(file, _MUST, "a pickle, which could execute anything", _GENSIM)
    if file.suffix == ".safetensors":
        raise FileRefused(file, "be a safetensors file", f"{head[:9]!r}", "Get it again")
    return None


def _archive_reader(file: Path) -> Callable[[Path, str | None], _Read]:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    if "config.json" in names and "model.weights.h5" in names:
        return lambda path, name: (*read_keras(path, name), None)
    if any(name.endswith("/data.pkl") for name in names):
        return lambda path, name: (*read_torch(path, name), None)
    if names and all(name.endswith(".npy") for name in names):
        return read_npz
    received = f"a zip archive of {names[:3]!r:.200}"
    raise FileRefused(file, _MUST, received, _UNPACK)


def _with_words(file: Path, name: str, array: np.ndarray, words: Any, limit: int | None) -> Vectors:
    """Return a table with its words; the table in the order and dtype that the core reads."""
    source = f"{file.name}: {name}" if name else file.name
    count = len(array)
    if words is None:
        adjacent = find_words(file)
        try:
            words = [""] * count if adjacent is None else read_words(adjacent, count)
        except FileRefused as error:  # they may belong to another table
            warnings.warn(f"Rows have no words: {error}", stacklevel=3)
            words = [""] * count
    elif isinstance(words, (str, os.PathLike)):
        words = read_words(Path(words).expanduser(), count)
    else:
        if isinstance(words, (bytes, Mapping)) or not isinstance(words, Iterable):
            must = "words must be a list of the words, or the path of a file"
            raise TypeError(message(must, type(words).__name__, "Pass list(words), in their order"))
        words = ["" if word is None else str(word) for word in words]
    if len(words) != count:
        must, do = f"have a word for each of its {count:,} rows", "Pass as many in words="
        raise FileRefused(file, must, f"{len(words):,}", do)
    array = np.asarray(array)[:limit]  # no memmap, whose copies are called so too
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return Vectors(tuple(words[:limit]), np.require(array, requirements=["C", "A"]), source)


# Text and word2vec's binary -------------------------------------------------------------------


@contextmanager
def _open_stream(file: Path, head: bytes, progress: bool) -> Iterator[io.BufferedReader]:
    """Open a file, a packed one as what is in it, with a progress bar if it is large."""
    packed = {b"\x1f\x8b": "gz", b"BZ": "bz2", b"\xfd7": "xz", b"(\xb5": "zstd"}.get(head[:2])
    if packed not in (None, "gz", "bz2") or head.startswith(b"BZh"):
        raise FileRefused(file, _MUST, f"a file packed with {packed}", _UNPACK)
    size = file.stat().st_size
    with file.open("rb") as raw:
        source: Any = raw
        bar = None
        if progress and size > BAR_BYTES:
            from tqdm.auto import tqdm  # here, because it loads ipywidgets

            bar = tqdm(
                total=size, desc=file.name, unit="B", unit_scale=True, delay=BAR_DELAY, leave=False
            )
            source = _Counted(raw, bar.update)
        try:
            if packed == "gz":
                source = gzip.GzipFile(fileobj=source)
            yield io.BufferedReader(source, 1 << 20)
        finally:
            if bar is not None:
                bar.close()


class _Counted(io.RawIOBase):
    """A file that reports how many bytes were read."""

    def __init__(self, raw: IO[bytes], report: Callable[[int], Any]):
        self._raw, self._report = raw, report

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer)  # type: ignore[attr-defined]
        self._report(count)
        return count


def _read_stream(stream: io.BufferedReader, table: GrowingTable, format: str | None) -> None:
    head = stream.peek(HEAD)[:HEAD]
    if format is None:
        format = _recognize(head, table)
    if format == "word2vec-binary":
        read_word2vec_binary(stream, table)
        return
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("ignore")  # numbers that overflow are refused as infinite
        read_text(stream, table, {"glove": False, None: None}.get(format, True))


def _recognize(head: bytes, table: GrowingTable) -> str | None:
    """Return "word2vec-binary", or None for text; refuse what is neither."""
    head = head.removeprefix(BOM)
    line, newline, rest = head.partition(b"\n")
    if not head.strip():
        table.refuse(0, _MUST, "an empty file", "Name another file")
    if newline and parse_header(line) and _CONTROL.search(rest):
        return "word2vec-binary"
    if head.startswith(b"\xba\x16\x4f\x2f"):
        do = "Open its .vec, or load it with fastText or gensim and pass the vectors as table="
        table.refuse(0, _MUST, "a model of fastText", do)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        table.refuse(0, "be text in UTF-8", "UTF-16", "Convert it to UTF-8")
    if _CONTROL.search(head):
        do = "Pass format=..., or convert it"
        table.refuse(0, _MUST, f"{head[:20]!r}, which is none of the formats", do)
    if head.lstrip().lower().startswith((b'{"', b"{\n", b"[", b"<!", b"<html")):
        do = "Name the file with the vectors"
        table.refuse(0, _MUST, f"{head.lstrip()[:20]!r}, which is JSON or a page", do)
    return None
