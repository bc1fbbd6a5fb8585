"""Small training corpora from a user's text: frequent words, and ``<unk>`` for the rest."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.ids import out_of_range_error
from embedlab.data.text import split_sentences, tokenize
from embedlab.explorers.inputs.sentence import RowWords, parse_sentence
from embedlab.explorers.inputs.window import join_notes, rows_around, window_note, words_note
from embedlab.traces.text import format_count

__all__ = [
    "STORY",
    "UNKNOWN",
    "WORDS_MAX",
    "RowCorpus",
    "SmallCorpus",
    "parse_corpus",
    "parse_rows",
    "trained_note",
]

WORDS_MAX = 10_000
UNKNOWN = "<unk>"

STORY = (
    "The cat sleeps. A dog runs. The dog sleeps. The sun shines. A cat runs. The red sun shines. "
    "A dog sleeps. The cat runs. The blue moon shines. The dog runs. A cat sleeps. The sun shines. "
    "The cat sleeps. A red sun shines. The dog sleeps. A cat runs. The dog runs. The sun shines. "
    "A dog runs. The cat sleeps. A cat runs. The red sun shines."
)
"""A text in which "cat" and "dog" have similar contexts, as "runs" and "sleeps"."""


@dataclass(frozen=True)
class SmallCorpus:
    """A text as N ids, the positions where sentences begin, the word of each row, and all words.

    Of a text with more than `WORDS_MAX` words the first are used; `total` counts all.
    """

    ids: np.ndarray
    starts: np.ndarray
    words: tuple[str, ...]
    total: int


def parse_corpus(text: str, rows: int, vocabulary: Any = None) -> SmallCorpus:
    """Return the words of `text` as ids of at most `rows` rows.

    Parameters
    ----------
    text : str
    rows : int
        The largest V. The rarest of more words share the last row, ``<unk>``.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids; at most `rows` words.

    Returns
    -------
    SmallCorpus
        The most frequent word has id 0, unless a vocabulary says otherwise.

    Raises
    ------
    ValueError
        For a vocabulary that is too large.

    Examples
    --------
    >>> corpus = parse_corpus("The cat. The dog, the moon!", 3)
    >>> corpus.words, corpus.ids.tolist(), corpus.starts.tolist()
    (('the', 'cat', '<unk>'), [0, 1, 0, 2, 0, 2], [0, 2])
    """
    sentences = [_words_of(part) for part in split_sentences(text)]
    if vocabulary is not None:
        sentences = [list(vocabulary.tokens(part)) for part in split_sentences(text)]
    total = sum(map(len, sentences))
    ends = np.cumsum([0, *map(len, sentences)]).tolist()
    sentences = [
        words[: max(0, WORDS_MAX - end)] for words, end in zip(sentences, ends, strict=False)
    ]
    sentences = [words for words in sentences if words]
    flat = [word for words in sentences for word in words]
    starts = np.cumsum([0, *map(len, sentences)])[:-1]
    if vocabulary is not None:
        words = tuple(vocabulary.words)
        if len(words) > rows:
            raise ValueError(
                f"a vocabulary must have at most {rows} words here. Received {len(words)}. "
                f"Build a smaller one: Vocabulary.from_tokens(tokens, most={rows})."
            )
        ids = [i for part in sentences for i in vocabulary.encode(" ".join(part))]
        return SmallCorpus(np.array(ids, np.int64), starts, words, total)
    ranked = [word for word, _ in Counter(flat).most_common()]  # ties: in order of appearance
    words = tuple(ranked) if len(ranked) <= rows else (*ranked[: rows - 1], UNKNOWN)
    row_of = {word: n for n, word in enumerate(words)}
    ids = [row_of.get(word, len(words) - 1) for word in flat]
    return SmallCorpus(np.array(ids, np.int64), starts, words or (UNKNOWN,), total)


def _words_of(sentence: str) -> list[str]:
    """Return the words of a sentence, and its emoji, without punctuation."""
    return [
        token
        for token in tokenize(sentence)
        if any(c.isalnum() or unicodedata.category(c) == "So" for c in token)
    ]


@dataclass(frozen=True)
class RowCorpus:
    """A text as N positions among some rows of a table.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
        Positions in `rows`.
    starts : ndarray of int64
        Where sentences begin.
    rows : ndarray of int64, (R,)
        The rows in use and some around them, sorted.
    words : sequence of str
        The words of the table's rows, from row 0.
    total, left_out : int
        All words of the text, and those of the used ones that have no row in `rows`.
    """

    ids: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    words: Sequence[str]
    total: int
    left_out: int


def parse_rows(
    text: str, height: int, labels: Sequence[str], vocabulary: Any, most: int
) -> RowCorpus:
    """Return a text as rows of a table: the most frequent of them, and some around.

    Parameters
    ----------
    text : str
        Words, and rows written ``#12``.
    height : int
        V.
    labels : sequence of str
        The words of the rows. Without them, a vocabulary and ``#12``, the words of the text are
        those of the first rows, the most frequent first.
    vocabulary : embedlab.data.Vocabulary, optional
    most : int
        The number of rows.

    Raises
    ------
    IdError
        For a row outside the table.

    Examples
    --------
    >>> corpus = parse_rows("#900 #3 . #900 what", 1000, (), None, 4)
    >>> corpus.rows.tolist(), corpus.ids.tolist(), corpus.starts.tolist(), corpus.left_out
    ([3, 899, 900, 901], [2, 0, 2], [0, 2], 1)
    """
    if vocabulary is None and (labels or "#" in text):
        vocabulary = RowWords(labels, height)
    if vocabulary is None:
        corpus = parse_corpus(text, height)
        ids, sentence, words, total = corpus.ids, corpus.starts, corpus.words, corpus.total
        sentence = np.searchsorted(sentence, np.arange(ids.size), side="right")
    else:
        # A full stop ends a sentence and is no word of it, unless a row is called so.
        parts = [parse_sentence(part, vocabulary, most=WORDS_MAX) for part in split_sentences(text)]
        pairs = [
            (int(i), n, token)
            for n, part in enumerate(parts)
            for token, i in zip(part.tokens, part.ids, strict=True)
            if i < height or any(map(str.isalnum, token))
        ]
        total, pairs = len(pairs), pairs[:WORDS_MAX]
        ids = np.array([i for i, _, _ in pairs], np.int64)
        sentence = np.array([n for _, n, _ in pairs], np.int64)
        words = vocabulary.words
        literal = np.array([token.startswith("#") for _, _, token in pairs], bool)
        outside = literal & ((ids < 0) | (ids >= height))
        if outside.any():
            raise out_of_range_error(ids[literal], height)
    known = ids < height
    used, counts = np.unique(ids[known], return_counts=True)
    rows = rows_around(used[np.argsort(-counts, kind="stable")].tolist(), height, most)
    inside = known & np.isin(ids, rows)
    positions, sentence = np.searchsorted(rows, ids[inside]), sentence[inside]
    starts = np.flatnonzero(np.diff(sentence, prepend=-1))
    return RowCorpus(positions, starts, rows, words, total, int((~inside).sum()))


def trained_note(corpus: RowCorpus, shape: tuple[int, int], columns: int, used: int) -> str | None:
    """Return what a view of training leaves out of a user's table and text, or None.

    Parameters
    ----------
    corpus : RowCorpus
    shape : (V, D)
        Of the table.
    columns : int
        The columns that are trained.
    used : int
        The words of the text that are used, of those that have a row here.

    Examples
    --------
    >>> corpus = parse_rows("#900 #3 . #900 what", 1000, (), None, 4)
    >>> trained_note(corpus, (1000, 4), 4, 3)
    'Shown and trained: 4 of 1 000 rows. 1 word without a row here left out.'
    """
    window = window_note(shape, corpus.rows.size, columns)
    return join_notes(
        window and window.replace("Shown", "Shown and trained"),
        words_note(used + corpus.left_out, corpus.total),
        f"{format_count(corpus.left_out, 'word')} without a row here left out."
        if corpus.left_out
        else None,
    )
