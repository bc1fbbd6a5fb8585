"""Words of a table's rows, from a list of words or the vocabulary of a tokenizer."""

from pathlib import Path
from typing import Any

from embedlab.budget import file_budget, read_json
from embedlab.storage.errors import DISTRUST, FileRefused, as_file_refused

__all__ = ["find_words", "read_words", "readable_token"]

ADJACENT = ("tokenizer.json", "vocab.json", "vocab.txt", "words.txt")
"""Files beside a table that name its rows; before these comes STEM.words.txt or STEM.vocab.txt."""
MAX_BYTES = 256 << 20
"""Bytes of the largest file of words."""
MULTIPLE = 16
"""Reading a tokenizer may take that many times its size: a pair to merge is a list of two."""
SPACE = "␣"
_METASPACE = "▁"  # SentencePiece's sign for a space
_DO = "Pass words=..., a list or a file with one word in each line"


def find_words(path: Path) -> Path | None:
    """Return the file beside a table that names its rows, if there is one."""
    names = [f"{path.stem}.words.txt", f"{path.stem}.vocab.txt", *ADJACENT]
    return next((file for name in names if (file := path.with_name(name)).is_file()), None)


def read_words(path: Path, count: int) -> list[str]:
    """Return the words of `count` rows from a file.

    Parameters
    ----------
    path : Path
        A ``tokenizer.json``, a ``vocab.json`` (token to id) or a text with one word a line.
    count : int
        Rows of the table. A text must have as many words; a tokenizer may have fewer, since
        tables are often padded, and other rows are called "".

    Raises
    ------
    FileRefused
        For a file of another kind, and for words that do not fit.
    """
    with as_file_refused(path, "hold the words of a table", _DO):
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileRefused(path, f"be at most {MAX_BYTES:,} bytes", f"{size:,}", DISTRUST)
        content = path.read_bytes()
        if path.suffix == ".json":
            with file_budget(path, multiple=MULTIPLE):
                return _of_tokenizer(path, read_json(content, "tokens"), count)
        words = _lines(path, content)
    if len(words) != count:
        must = f"hold a word for each of {count:,} rows"
        raise FileRefused(path, must, f"{len(words):,}", _DO)
    return words


def _lines(path: Path, content: bytes) -> list[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        received = f"{content[error.start : error.start + 20]!r} in line {line}"
        raise FileRefused(path, "hold words in UTF-8", received, "Convert it") from None
    lines = text.replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _of_tokenizer(path: Path, content: Any, count: int) -> list[str]:
    """Return the tokens of a tokenizer by id, each as a person reads it."""
    if not isinstance(content, dict):
        raise FileRefused(path, "be the JSON of a tokenizer", type(content).__name__, _DO)
    model = content.get("model")
    vocab: Any = model.get("vocab") if isinstance(model, dict) else content
    if isinstance(vocab, list):  # Unigram: tokens with their scores
        vocab = {token: id for id, (token, _) in enumerate(vocab)}
    if not isinstance(vocab, dict) or not content:
        received = "none" if vocab is None or not content else type(vocab).__name__
        raise FileRefused(path, "hold the tokens of a tokenizer and their ids", received, _DO)
    byte_level = _is_byte_level(content, vocab)
    tokens = [(readable_token(token, byte_level), id) for token, id in vocab.items()]
    added = content.get("added_tokens") if vocab is not content else None
    tokens += [(str(token["content"]), token["id"]) for token in added or ()]
    words = [""] * count
    for token, id in tokens:
        if type(id) is not int or not 0 <= id < count:
            must = f"hold ids from 0 to {count - 1:,}, the rows of the table"
            raise FileRefused(path, must, f"{id!r:.40} for {token!r:.40}", _DO)
        words[id] = token
    return words


def _is_byte_level(content: dict[str, Any], vocab: dict[str, Any]) -> bool:
    """Return whether the tokens are bytes written as letters, as GPT-2's are."""
    if vocab is content:
        return any(token.startswith("Ġ") for token in vocab)
    steps = [content.get("decoder"), content.get("pre_tokenizer")]
    while steps:
        step = steps.pop()
        if isinstance(step, dict):
            if step.get("type") == "ByteLevel":
                return True
            steps += [*(step.get("decoders") or ()), *(step.get("pretokenizers") or ())]
    return False


def readable_token(token: str, byte_level: bool = False) -> str:
    """Return a token as a person reads it: a space as ␣, other control characters as pictures.

    Parameters
    ----------
    token : str
        As it stands in the vocabulary: ``##ing`` of WordPiece stays, ``▁cat`` becomes ``␣cat``.
    byte_level : bool
        Whether its letters are bytes in GPT-2's writing: ``Ġcat`` becomes ``␣cat``, ``Ã©`` ``é``.
        Bytes that are no letter by themselves are written ``<0xE9>``.

    Examples
    --------
    >>> readable_token("▁cat"), readable_token("##ing")
    ('␣cat', '##ing')
    >>> [readable_token(token, byte_level=True) for token in ("Ġcat", "Ã©", "Ċ", "ð")]
    ['␣cat', 'é', '␊', '<0xF0>']
    """
    if byte_level and all(letter in _BYTES for letter in token):
        token = bytes(_BYTES[letter] for letter in token).decode("utf-8", "surrogateescape")
        token = "".join(
            f"<0x{ord(c) - 0xDC00:02X}>" if "\udc80" <= c <= "\udcff" else c for c in token
        )
    elif not byte_level:
        token = token.replace(_METASPACE, SPACE)
    return token.translate(_PICTURES)


def _gpt2_letters() -> dict[str, int]:
    """Return the letter that GPT-2 writes for each byte: itself, or one from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(256 + n): byte for n, byte in enumerate(others)}


_BYTES = _gpt2_letters()
_PICTURES = {**{code: chr(0x2400 + code) for code in range(32)}, 32: SPACE, 127: "␡"}
