"""Tokens, ids and row labels of a user's sentence."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.text import tokenize
from embedlab.data.toy_language import BASE_WORDS

__all__ = ["WORDS_MAX", "Sentence", "parse_sentence"]

WORDS_MAX = 10_000
_DEFAULT_WORDS = ("<pad>", *BASE_WORDS)
_LITERAL_ID = re.compile(r"(?<!\S)#(-?\d+)(?!\S)")
_DIGITS_MAX = 9  # ids are sent as 32-bit integers


@dataclass(frozen=True)
class Sentence:
    """A text as N tokens, their ids, and the words of the rows."""

    tokens: tuple[str, ...]
    ids: np.ndarray
    words: tuple[str, ...]


def parse_sentence(text: str, vocabulary: Any = None) -> Sentence:
    """Return the tokens of `text` with their ids.

    Parameters
    ----------
    text : str
        Words, and ids written ``#12`` or ``#-1``.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it row 0 is ``<pad>``, then come a few common words, and every
        new word of the text takes the next id in the order of first appearance.

    Raises
    ------
    ValueError
        For more than `WORDS_MAX` tokens, and for ``#`` with more than nine digits.

    Examples
    --------
    >>> sentence = parse_sentence("the zebra, the #-1")
    >>> sentence.tokens[0], sentence.tokens[-1], sentence.ids[0], sentence.ids[-1]
    ('the', '#-1', np.int64(1), np.int64(-1))
    """
    words = {word: n for n, word in enumerate(_DEFAULT_WORDS)}
    tokens: list[str] = []
    ids: list[int] = []
    pieces = _LITERAL_ID.split(text)  # text, digits, text, digits, …, text
    for n, piece in enumerate(pieces):
        if n % 2:
            part_tokens, part_ids = [f"#{piece}"], [_parse_id(piece)]
        elif vocabulary is None:
            part_tokens = tokenize(piece)
            part_ids = [words.setdefault(token, len(words)) for token in part_tokens]
        else:
            part_tokens = list(vocabulary.tokens(piece))
            part_ids = list(vocabulary.encode(piece))
        tokens += part_tokens
        ids += part_ids
    if len(tokens) > WORDS_MAX:
        raise ValueError(
            f"text must have at most {WORDS_MAX} words. Received {len(tokens)}. Take a part of it."
        )
    known = tuple(words) if vocabulary is None else tuple(vocabulary.words)
    return Sentence(tuple(tokens), np.array(ids, np.int64), known)


def _parse_id(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS_MAX:
        raise ValueError(
            f"an id after # must have at most {_DIGITS_MAX} digits. Received #{digits:.20}. "
            "Write a smaller id."
        )
    return int(digits)
