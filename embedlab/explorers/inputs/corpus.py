"""Small training corpora from a user's text: frequent words, and ``<unk>`` for the rest."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.text import split_sentences, tokenize

__all__ = ["STORY", "UNKNOWN", "WORDS_MAX", "SmallCorpus", "parse_corpus"]

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
    sentences = [tokenize(part, punctuation=False) for part in split_sentences(text)]
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
