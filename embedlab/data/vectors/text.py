"""Vectors in text: a word and its numbers in each line (GloVe, word2vec, fastText)."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import IO

import numpy as np

from embedlab.data.vectors.growing_table import GrowingTable

__all__ = ["BOM", "MAX_WIDTH", "parse_header", "read_text"]

BOM = b"\xef\xbb\xbf"
MAX_LINE = 1 << 24
"""Bytes of the longest line."""
MAX_WIDTH = 1 << 20
"""Numbers of the longest vector."""
BLOCK_LINES, BLOCK_BYTES = 256, 1 << 20
HEADER = re.compile(rb"\s*(\d{1,18})[ \t]+(\d{1,18})\s*")


def parse_header(line: bytes) -> tuple[int, int] | None:
    """Return the number of words and of numbers a word in the first line of word2vec's formats.

    >>> parse_header(b"400000 300\\n"), parse_header(b"the 0.1 0.2\\n")
    ((400000, 300), None)
    """
    match = HEADER.fullmatch(line.removeprefix(BOM))
    return None if match is None else (int(match[1]), int(match[2]))


def read_text(stream: IO[bytes], table: GrowingTable, has_header: bool | None) -> None:
    """Read lines of a word and its numbers into `table`.

    Parameters
    ----------
    stream : binary file
    table : GrowingTable
    has_header : bool or None
        Whether the first line holds the number of words and of numbers; by default it does if it
        is two whole numbers.

    Notes
    -----
    A word may contain spaces, as some of GloVe's do: the numbers are the last D of a line.
    """
    blocks = _blocks(stream, table)
    block = next(blocks, [])
    announced = parse_header(block[0][1]) if block and has_header is not False else None
    width = None
    if announced is not None:
        count, width = announced
        must, do = "announce vectors in its first line", "Pass format='glove' if it has no header"
        if not (count and 0 < width <= MAX_WIDTH):
            table.refuse(1, must, f"{count} words of {width} numbers", do)
        block = block[1:]
    elif has_header:
        must, do = "begin with the number of words and of numbers", "Pass format='glove'"
        table.refuse(1, must, f"{block[0][1] if block else b''!r:.60}", do)
    read = 0
    while block:
        width = _guess_width(block) if width is None else width
        read += len(block)
        _read_block(block, width, table)
        if table.is_full:
            return
        block = next(blocks, [])
    if announced is not None:
        table.check_count(announced[0], read)


def _blocks(stream: IO[bytes], table: GrowingTable) -> Iterator[list[tuple[int, bytes]]]:
    """Yield some lines at a time with their numbers, without blank ones."""
    block: list[tuple[int, bytes]] = []
    number = size = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if number == 1:
            line = line.removeprefix(BOM)
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            must = f"hold lines of at most {MAX_LINE >> 20} MB"
            table.refuse(number, must, f"{line[:40]!r} and no end", "Name a file of vectors")
        if line.strip():
            block.append((number, line))
            size += len(line)
        if len(block) == BLOCK_LINES or size > BLOCK_BYTES:
            yield block
            block, size = [], 0
    yield block


def _guess_width(block: list[tuple[int, bytes]]) -> int:
    """Return the number of numbers of most lines; of equally many the smaller one."""
    counted = Counter(len(line.split()) - 1 for _, line in block)
    return max(1, min(counted, key=lambda width: (-counted[width], width)))


def _read_block(block: list[tuple[int, bytes]], width: int, table: GrowingTable) -> None:
    lines = [number for number, _ in block]
    parts = [line.split(None, 1) for _, line in block]
    if all(
        len(part) == 2 and not line[:1].isspace()
        for part, (_, line) in zip(parts, block, strict=True)
    ):
        rows = _parse([part[1] for part in parts])
        if rows is not None and rows.shape == (len(block), width):
            table.append(lines, [part[0] for part in parts], rows)
            return
    for number, line in block:  # some line has another form: each by itself
        if table.is_full:
            return
        word, numbers = _split(line, width)
        row = _parse([numbers]) if word else None
        if row is not None and row.shape == (1, width):
            table.append([number], [word], row)
        else:
            must = f"hold a word and {width} numbers in each line"
            table.leave_out(number, must, _describe(line, width))


def _split(line: bytes, width: int) -> tuple[bytes, bytes]:
    """Return the word of a line, which may contain spaces, and its numbers."""
    parts = line.strip().rsplit(None, width)
    return (parts[0], b" ".join(parts[1:])) if len(parts) > width else (b"", b"")


def _parse(lines: list[bytes]) -> np.ndarray | None:
    """Return the numbers of some lines, or None if these are not a rectangle of numbers."""
    try:
        if not all(line.isascii() for line in lines):
            return None
        return np.loadtxt(lines, np.float32, comments=None, ndmin=2)
    except ValueError:
        return None


def _describe(line: bytes, width: int) -> str:
    """Return what a line holds instead of a word and its numbers."""
    fields = line.split()
    wrong = [field for field in fields[1:] if _parse([field]) is None]
    if len(fields) == width + 1 and wrong:
        return f"{wrong[0]!r:.60}, which is no number,"
    return f"{max(0, len(fields) - 1)} numbers after {fields[0] if fields else b''!r:.60}"
