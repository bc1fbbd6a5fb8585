"""Vectors in word2vec's binary format: a line of text, then words and float32 numbers."""

from typing import IO

import numpy as np

from embedlab.data.vectors.growing_table import GrowingTable
from embedlab.data.vectors.text import MAX_WIDTH, parse_header

__all__ = ["read_word2vec_binary"]

MAX_WORD = 1 << 12  # bytes
CHUNK_BYTES = 1 << 20
BLOCK_ROWS = 256


def read_word2vec_binary(stream: IO[bytes], table: GrowingTable) -> None:
    """Read words and their numbers into `table`; in errors, a line is a word with its numbers."""
    header = stream.readline(64)
    count, width = parse_header(header) or (0, 0)
    if not (count and 0 < width <= MAX_WIDTH):
        must, do = "begin with the number of words and of numbers", "Pass another format="
        table.refuse(1, must, f"{header!r:.60}", do)
    row_bytes, line, buffer, at = 4 * width, 1, b"", 0
    lines: list[int] = []
    words: list[bytes] = []
    rows = np.empty((min(BLOCK_ROWS, max(1, CHUNK_BYTES // row_bytes)), width), np.float32)
    while line <= count and not table.is_full:
        space = buffer.find(b" ", at, at + MAX_WORD)
        if space < 0 or len(buffer) <= space + row_bytes:
            more = stream.read(CHUNK_BYTES + row_bytes)
            buffer, at = buffer[at:] + more, 0
            space = buffer.find(b" ", 0, MAX_WORD)
            if space < 0 and len(buffer) > MAX_WORD:
                must, do = f"hold words of at most {MAX_WORD:,} bytes", "Pass another format="
                table.append(lines, words, rows[: len(lines)])
                table.refuse(line + 1, must, f"{buffer[:20]!r}, and no end", do)
            if space < 0 or len(buffer) <= space + row_bytes:
                if more:
                    continue
                break
        words.append(buffer[at:space].lstrip(b"\n"))
        at = space + 1 + row_bytes
        rows[len(lines)] = np.frombuffer(buffer, "<f4", width, space + 1)
        line += 1
        lines.append(line)
        if len(lines) == len(rows):
            table.append(lines, words, rows)
            lines, words = [], []
    table.append(lines, words, rows[: len(lines)])
    if not table.is_full:
        extra = (buffer[at:] + stream.read(2)).strip(b"\n") if line > count else b""
        table.check_count(count, line if extra else line - 1)
