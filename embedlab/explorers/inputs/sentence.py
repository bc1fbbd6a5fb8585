"""From a learner's sentence to tokens, ids and row labels; without a word list one grows."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.text import tokenize
from embedlab.data.toy_language import BASE_WORDS

__all__ = ["WORDS_MOST", "Sentence", "parse_sentence"]

WORDS_MOST = 10_000
_FIRST = ("<pad>", *BASE_WORDS)
_BARE_ID = re.compile(r"(?<!\S)#(-?\d+)(?!\S)")
_DIGITS_MOST = 9  # ids travel as 32-bit integers


@dataclass(frozen=True)
class Sentence:
    """A text as the table sees it: N tokens, their ids, and the words that rows stand for."""

    tokens: tuple[str, ...]
    ids: np.ndarray
    words: tuple[str, ...]


def parse_sentence(text: str, vocabulary: Any = None) -> Sentence:
    """Return the tokens of `text` with their ids.

    Parameters
    ----------
    text : str
        Words; and ``#12`` or ``#-1`` for an id itself.
    vocabulary : embedlab.data.Vocabulary, optional
        Knows its words. Without it row 0 is ``<pad>``, then come a few common words, and every
        new word of the text takes the next id in the order of first appearance.

    Raises
    ------
    ValueError
        For more than `WORDS_MOST` tokens, and for ``#`` with more than nine digits.

    Examples
    --------
    >>> sentence = parse_sentence("the zebra, the #-1")
    >>> sentence.tokens[0], sentence.tokens[-1], sentence.ids[0], sentence.ids[-1]
    ('the', '#-1', np.int64(1), np.int64(-1))
    """
    words = {word: n for n, word in enumerate(_FIRST)}
    tokens: list[str] = []
    ids: list[int] = []
    pieces = _BARE_ID.split(text)  # text, digits, text, digits, …, text
    for n, piece in enumerate(pieces):
        if n % 2:
            found, their = [f"#{piece}"], [_bare(piece)]
        elif vocabulary is None:
            found = tokenize(piece)
            their = [words.setdefault(token, len(words)) for token in found]
        else:
            found, their = list(vocabulary.tokens(piece)), list(vocabulary.encode(piece))
        tokens += found
        ids += their
    if len(tokens) > WORDS_MOST:
        raise ValueError(
            f"text must have at most {WORDS_MOST} words. Received {len(tokens)}. Take a part of it."
        )
    known = tuple(words) if vocabulary is None else tuple(vocabulary.words)
    return Sentence(tuple(tokens), np.array(ids, np.int64), known)


def _bare(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS_MOST:
        raise ValueError(
            f"an id after # must have at most {_DIGITS_MOST} digits. Received #{digits:.20}. "
            "Write a smaller one."
        )
    return int(digits)
