"""From a learner's text to the rows of a small table: frequent words, and one row for the rest."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.text import split_sentences, tokenize

__all__ = ["STORY", "UNKNOWN", "WORDS_MOST", "SmallCorpus", "parse_corpus"]

WORDS_MOST = 10_000
UNKNOWN = "<unk>"

STORY = (
    "The cat sleeps. A dog runs. The dog sleeps. The sun shines. A cat runs. The red sun shines. "
    "A dog sleeps. The cat runs. The blue moon shines. The dog runs. A cat sleeps. The sun shines. "
    "The cat sleeps. A red sun shines. The dog sleeps. A cat runs. The dog runs. The sun shines. "
    "A dog runs. The cat sleeps. A cat runs. The red sun shines."
)
"""Cat is like dog and runs is like sleeps, by the words around them; the moon comes up once."""


@dataclass(frozen=True)
class SmallCorpus:
    """A text as the table sees it: N ids, where its sentences begin, and a word for each row."""

    ids: np.ndarray
    starts: np.ndarray
    words: tuple[str, ...]


def parse_corpus(text: str, rows: int, vocabulary: Any = None) -> SmallCorpus:
    """Return the words of `text` as ids of at most `rows` rows.

    Parameters
    ----------
    text : str
    rows : int
        V at most. Of more words the rarest share the last row, ``<unk>``.
    vocabulary : embedlab.data.Vocabulary, optional
        Knows its words and ids; it may have `rows` words at most.

    Returns
    -------
    Story
        The most frequent word has id 0, unless a vocabulary says otherwise.

    Raises
    ------
    ValueError
        For more than `WORDS_MOST` words, and for a vocabulary that is too large.

    Examples
    --------
    >>> story = parse_corpus("The cat. The dog, the moon!", 3)
    >>> story.words, story.ids.tolist(), story.starts.tolist()
    (('the', 'cat', '<unk>'), [0, 1, 0, 2, 0, 2], [0, 2])
    """
    sentences = [tokenize(part, punctuation=False) for part in split_sentences(text)]
    if vocabulary is not None:
        sentences = [list(vocabulary.tokens(part)) for part in split_sentences(text)]
    sentences = [words for words in sentences if words]
    flat = [word for words in sentences for word in words]
    if len(flat) > WORDS_MOST:
        raise ValueError(
            f"text must have at most {WORDS_MOST} words. Received {len(flat)}. Take a part of it."
        )
    starts = np.cumsum([0, *map(len, sentences)])[:-1]
    if vocabulary is not None:
        words = tuple(vocabulary.words)
        if len(words) > rows:
            raise ValueError(
                f"a vocabulary must have at most {rows} words to be seen. Received {len(words)}. "
                f"Make a smaller one: Vocabulary.from_tokens(tokens, most={rows})."
            )
        ids = [i for part in sentences for i in vocabulary.encode(" ".join(part))]
        return SmallCorpus(np.array(ids, np.int64), starts, words)
    ranked = [word for word, _ in Counter(flat).most_common()]  # ties: who came first
    words = tuple(ranked) if len(ranked) <= rows else (*ranked[: rows - 1], UNKNOWN)
    number = {word: n for n, word in enumerate(words)}
    ids = [number.get(word, len(words) - 1) for word in flat]
    return SmallCorpus(np.array(ids, np.int64), starts, words or (UNKNOWN,))
