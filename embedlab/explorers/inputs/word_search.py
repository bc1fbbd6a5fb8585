"""Search of words by their beginning or a part of them, among hundreds of thousands."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["MATCHES_MAX", "WordMatches", "WordSearch"]

MATCHES_MAX = 8
"""Words that are offered for what was typed."""

_LETTERS_MAX = 200  # of what is searched for: the word parameters take no more


class WordMatches(NamedTuple):
    """Rows whose word matches, the best first, and whether there are more."""

    rows: list[int]
    more: bool


class WordSearch:
    """The words of a table, to be searched without regard to case.

    They are one text, a word a line, which Python searches at the speed of memory: of 400 000 words
    every answer takes a few milliseconds.

    Parameters
    ----------
    words : sequence of str
        In the order of their rows; more frequent words come first in most tables.

    Examples
    --------
    >>> WordSearch(["tuple", "Parking", "king", "kingdom"]).find("king")
    WordMatches(rows=[2, 3, 1], more=False)
    """

    def __init__(self, words: Sequence[str]):
        lines = [_line(word) for word in words]
        self._text = "\n".join(["", *lines, ""])
        sizes = np.fromiter(map(len, lines), np.int64, len(lines))
        self._starts = np.cumsum(np.concatenate([[1], sizes + 1]))  # and one behind the last

    def find(self, text: str, count: int | None = None, most: int = MATCHES_MAX) -> WordMatches:
        """Return the rows of the first `count` words that match a text.

        First the words that are the text, then those that begin with it, then those that contain
        it, each in the order of the rows. A mark of a tokenizer before the word ("␣", "Ġ", "▁")
        counts for nothing.
        """
        part = _line(text.strip())[:_LETTERS_MAX]
        if not part:
            return WordMatches([], False)
        words = len(self._starts) - 1
        end = int(self._starts[words if count is None else min(count, words)])
        matches: dict[int, None] = {}
        for patterns in (
            [f"\n{mark}{part}\n" for mark in _MARKS],
            [f"\n{mark}{part}" for mark in _MARKS],
            [part],
        ):
            rows = {r for pattern in patterns for r in self._rows(pattern, end, most, matches)}
            matches.update(dict.fromkeys(sorted(rows)))
            if len(matches) > most:
                break
        return WordMatches([*matches][:most], len(matches) > most)

    def _rows(self, pattern: str, end: int, most: int, known: dict[int, None]) -> Iterator[int]:
        """Yield the first rows that contain a pattern, one more than `most` beyond the known."""
        left, position = most + 1, 0
        while left and (position := self._text.find(pattern, position, end)) >= 0:
            at = position + pattern.startswith("\n")
            row = int(np.searchsorted(self._starts, at, side="right")) - 1
            yield row
            left -= row not in known
            position = int(self._starts[row + 1]) - 1  # the line break before the next word


_MARKS = ("", "␣", "ġ", "▁")  # lower case, as the words


def _line(word: str) -> str:
    return word.lower().replace("\n", " ")
