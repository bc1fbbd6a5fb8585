"""Tokens, ids and row labels of a user's sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.text import tokenize
from embedlab.data.toy_language import BASE_WORDS

__all__ = ["WORDS_MAX", "RowWords", "Sentence", "parse_sentence"]

WORDS_MAX = 10_000
_DEFAULT_WORDS = ("<pad>", *BASE_WORDS)
_LITERAL_ID = re.compile(r"(?<!\S)#(-?\d+)(?!\S)")
_DIGITS_MAX = 9  # ids are sent as 32-bit integers


@dataclass(frozen=True)
class Sentence:
    """A text as N tokens, their ids, and the words of the rows.

    Attributes
    ----------
    tokens : tuple of N str
    ids : ndarray of int64, (N,)
    words : tuple of str
        The words of the rows; "" for a row without one.
    total : int
        All words of the text, of which the first N are used.
    rows_needed : int
        1 + the largest id of a word; ids that are written as numbers do not count.
    unit : {"word", "id"}
        What the text consists of: "id" where all of it is ids that are written as numbers.
    """

    tokens: tuple[str, ...]
    ids: np.ndarray
    words: tuple[str, ...]
    total: int
    rows_needed: int
    unit: str


class RowWords:
    """The words of a table's rows as a vocabulary: all other words have the id V, beyond the rows.

    Parameters
    ----------
    words : sequence of str
        The word of each row; "" for a row without one.
    rows : int
        V.

    Examples
    --------
    >>> words = RowWords(["New_York", "cat"], rows=9)
    >>> words.tokens("The cat, New_York"), words.encode("The cat, New_York").tolist()
    (['the', 'cat', ',', 'New_York'], [9, 1, 9, 0])
    """

    def __init__(self, words: Sequence[str], rows: int):
        self.words, self.rows = tuple(words)[:rows], rows
        named = [(word, row) for row, word in reversed([*enumerate(self.words)]) if word]
        self._row = {**{word.lower(): row for word, row in named}, **dict(named)}

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text: those of the rows as they are, others as `tokenize` does."""
        parts = ([part] if part in self._row else tokenize(part) for part in text.split())
        return [token for part in parts for token in part]

    def encode(self, text: str) -> np.ndarray:
        """Return the row of each word."""
        return np.array([self._row.get(token, self.rows) for token in self.tokens(text)], np.int64)


def parse_sentence(
    text: str, vocabulary: Any = None, *, most: int = WORDS_MAX, only_its_words: bool = False
) -> Sentence:
    """Return the first tokens of `text` with their ids.

    Parameters
    ----------
    text : str
        Words, and ids written ``#12`` or ``#-1``.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it row 0 is ``<pad>``, then come a few common words, and every
        new word of the text takes the next id in the order of first appearance.
    most : int
        The number of tokens to use.
    only_its_words : bool
        Without a vocabulary: only the words of this text are words of the rows.

    Raises
    ------
    ValueError
        For ``#`` with more than nine digits.

    Examples
    --------
    >>> sentence = parse_sentence("the zebra, the #-1")
    >>> sentence.tokens[0], sentence.tokens[-1], sentence.ids[0], sentence.ids[-1]
    ('the', '#-1', np.int64(1), np.int64(-1))
    >>> sentence.rows_needed - len(parse_sentence("").words)
    2
    """
    words = {word: n for n, word in enumerate(_DEFAULT_WORDS)}
    tokens: list[str] = []
    ids: list[int] = []
    total = rows_needed = 0
    unit = "id"
    for n, piece in enumerate(_LITERAL_ID.split(text)):  # text, digits, text, digits, …, text
        left = max(0, most - len(tokens))
        if n % 2:
            part_tokens, part_ids = [f"#{piece}"], [_parse_id(piece)] if left else []
        else:
            part_tokens = tokenize(piece) if vocabulary is None else list(vocabulary.tokens(piece))
            if vocabulary is None:
                part_ids = [words.setdefault(token, len(words)) for token in part_tokens[:left]]
            else:
                part_ids = np.asarray(vocabulary.encode(piece)).tolist()[:left]
            rows_needed = max([rows_needed, *(i + 1 for i in part_ids)])
            unit = "word" if part_tokens else unit
        total += len(part_tokens)
        tokens += part_tokens[:left]
        ids += part_ids
    known = tuple(words) if vocabulary is None else tuple(vocabulary.words)
    if vocabulary is None and only_its_words:
        used = set(ids)
        known = tuple(word if n in used and word in tokens else "" for n, word in enumerate(known))
    return Sentence(tuple(tokens), np.array(ids, np.int64), known, total, rows_needed, unit)


def _parse_id(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS_MAX:
        raise ValueError(
            f"an id after # must have at most {_DIGITS_MAX} digits. Received #{digits:.20}. "
            "Write a smaller id."
        )
    return int(digits)
