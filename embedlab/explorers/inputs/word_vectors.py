"""Word vectors of the geometry explorer: trained here, or from a user's table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from embedlab.core.geometry.analogies import PCA
from embedlab.explorers.inputs.table import UserTable
from embedlab.traces.geometry import WordVectors, reference_vectors
from embedlab.traces.geometry.plane import principal_axes, unit_directions
from embedlab.traces.text import short_label

__all__ = ["ROWS_MAX", "WordSpace", "from_reference", "from_user", "from_vectors"]

ROWS_MAX, NUMBERS_MAX, COLUMNS_MAX = 4000, 2**19, 4096
"""Limits of words, of all numbers, and of numbers in a row: an edit takes at most 30 ms."""

_LABEL_LENGTHS = (40, 24, 12, 6)  # characters of a word that are sent; fewer for very many words
_LABEL_BYTES_MAX = 120_000  # bytes of all labels


@dataclass(frozen=True, eq=False)
class WordSpace:
    """Words, their rows scaled to length 1, and the principal components of these.

    Attributes
    ----------
    source : str
        The text they were trained on; "" for a user's table.
    words : tuple of str, V
    labels : tuple of str, V
        As they are sent: very many long words are cut.
    named : ndarray of uint8, (V,)
        1 where the label identifies the row; 0 for a cut, repeated or missing word.
    rows : ndarray, (V, D)
    components : PCA
    left_out : int
        Number of rows that the view cannot hold.
    """

    source: str
    words: tuple[str, ...]
    labels: tuple[str, ...]
    named: np.ndarray
    rows: np.ndarray
    components: PCA
    left_out: int

    def row(self, text: str) -> int:
        """Return the row of a word, or of a row number written ``#12``.

        Raises
        ------
        ValueError
            For an unknown word.
        """
        text = text.strip()
        number = text[1:] if text.startswith("#") else ""
        for form in (text, text.lower()):
            if form and form in self.words:
                return self.words.index(form)
        known = number.isdecimal() and number.isascii() and len(number) < 10
        if not (known and int(number) < len(self.words)):
            raise ValueError(self._unknown(text))
        return int(number)

    def _unknown(self, text: str) -> str:
        similar = [word for word in self.words if text[:3] and word.startswith(text[:3].lower())]
        cure = f"Try {', '.join(similar[:4])}" if similar else "Try one that is on the map"
        return (
            f"a word must be one of these {len(self.words)}, or #0 to #{len(self.words) - 1}. "
            f"Received {text:.40}. {cure}."
        )


def from_user(table: UserTable, words: Sequence[str] | None) -> WordSpace:
    """Return the word space of a user's table; of a very large one the first rows.

    Raises
    ------
    ValueError
        For too many columns.

    Examples
    --------
    >>> from_user(UserTable(np.array([[1.0, 2.0], [0.0, 1.0]])), ["cat"]).words
    ('cat', '')
    """
    rows, columns = table.shape
    if columns > COLUMNS_MAX:
        raise ValueError(
            f"a table in this view must have at most {COLUMNS_MAX} columns. Received "
            f"{table.shape}. Show a part of it, such as table[:, :{COLUMNS_MAX}]."
        )
    count = min(rows, ROWS_MAX, max(1, NUMBERS_MAX // columns))
    labels = [*(words or table.labels)][:count]
    labels += [""] * (count - len(labels))
    return _space("", tuple(map(str, labels)), table.values[:count], rows - count)


def from_vectors(vectors: WordVectors) -> WordSpace:
    """Return the word space of word vectors trained by embedlab."""
    count = min(len(vectors.words), ROWS_MAX)
    left_out = len(vectors.words) - count
    return _space(vectors.name, vectors.words[:count], vectors.table[:count], left_out)


@lru_cache(maxsize=1)
def from_reference() -> WordSpace:
    """Return the word space of the Python language reference, trained once in each process."""
    return from_vectors(reference_vectors())


def _space(source: str, words: tuple[str, ...], table: np.ndarray, left_out: int) -> WordSpace:
    rows = unit_directions(table)
    labels, named = _labels(words)
    return WordSpace(source, words, labels, named, rows, principal_axes(rows), left_out)


def _labels(words: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return labels that fit into one message, and which of them identify their row."""
    for most in _LABEL_LENGTHS:
        labels = tuple(short_label(word, most) for word in words)
        if sum(len(label.encode()) + 4 for label in labels) <= _LABEL_BYTES_MAX:
            break
    occurrences = Counter(words)
    named = [
        label == word.strip() == word != "" and occurrences[word] == 1
        for label, word in zip(labels, words, strict=True)
    ]
    return labels, np.array(named, np.uint8)
