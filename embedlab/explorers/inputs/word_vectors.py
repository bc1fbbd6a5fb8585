"""The rows behind the geometry view: trained here, or a learner's own, with their words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.core.checks import as_table
from embedlab.core.geometry.analogies import PCA
from embedlab.traces.geometry import WordVectors, reference_vectors
from embedlab.traces.geometry.plane import principal_axes, unit_directions
from embedlab.traces.text import short_label

__all__ = ["ROWS_MOST", "WordSpace", "from_reference", "from_user", "from_vectors"]

ROWS_MOST, NUMBERS_MOST, COLUMNS_MOST = 4000, 2**19, 4096
"""Words on a map, numbers in all their rows, numbers of one: an edit takes 30 ms at most."""

_LABELS = (40, 24, 12, 6)  # letters of a word that travel: fewer when there are very many
_WORDS_MOST = 120_000  # bytes of all labels


@dataclass(frozen=True, eq=False)
class WordSpace:
    """Words, their rows as directions, and the main axes of these.

    Attributes
    ----------
    source : str
        What they were trained on, in a few words; "" for a table of the learner's own.
    words : tuple of str, V
    labels : tuple of str, V
        As they travel: of very many long words only the beginnings.
    named : ndarray of uint8, (V,)
        1 where a label names its row as it stands; 0 for a word cut, or there twice, or none.
    rows : ndarray, (V, D)
    seen : PCA
    left_out : int
        Rows of the table that the view cannot hold.
    """

    source: str
    words: tuple[str, ...]
    labels: tuple[str, ...]
    named: np.ndarray
    rows: np.ndarray
    seen: PCA
    left_out: int

    def row(self, text: str) -> int:
        """Return the row of a word, or of a row number written ``#12``.

        Raises
        ------
        ValueError
            For a word that is not there.
        """
        asked = text.strip()
        number = asked[1:] if asked.startswith("#") else ""
        for form in (asked, asked.lower()):
            if form and form in self.words:
                return self.words.index(form)
        known = number.isdecimal() and number.isascii() and len(number) < 10
        if not (known and int(number) < len(self.words)):
            raise ValueError(self._unknown(asked))
        return int(number)

    def _unknown(self, asked: str) -> str:
        like = [word for word in self.words if asked[:3] and word.startswith(asked[:3].lower())]
        cure = f"Try {', '.join(like[:4])}" if like else "Try one that stands on the map"
        return (
            f"a word must be one of the {len(self.words)} here, or #0 to #{len(self.words) - 1}. "
            f"Received {asked:.40}. {cure}."
        )


def from_user(own: Any, words: Sequence[str] | None) -> WordSpace:
    """Return the space of a table, or of a layer with one; of a very large table its first rows.

    Raises
    ------
    ValueError
        For no rows or no columns, too many columns, or a layer that has no table yet.

    Examples
    --------
    >>> from_user([[1.0, 2.0], [0.0, 1.0]], ["cat"]).words
    ('cat', '')
    """
    table = as_table(_numbers(own))
    rows, columns = table.shape
    if not (rows and 1 <= columns <= COLUMNS_MOST):
        raise ValueError(
            f"a table must have rows of 1 to {COLUMNS_MOST} numbers. Received {table.shape}. "
            "Show a part of it, such as table[:, :300]."
        )
    kept = min(rows, ROWS_MOST, max(1, NUMBERS_MOST // columns))
    labels = [*(words or ())][:kept]
    labels += [""] * (kept - len(labels))
    return _space("", tuple(map(str, labels)), table[:kept], rows - kept)


def from_vectors(vectors: WordVectors) -> WordSpace:
    """Return the space of word vectors that were trained here."""
    kept = min(len(vectors.words), ROWS_MOST)
    left_out = len(vectors.words) - kept
    return _space(vectors.name, vectors.words[:kept], vectors.table[:kept], left_out)


@lru_cache(maxsize=1)
def from_reference() -> WordSpace:
    """Return the space of the Python language reference, made once in each process."""
    return from_vectors(reference_vectors())


def _space(source: str, words: tuple[str, ...], table: np.ndarray, left_out: int) -> WordSpace:
    rows = unit_directions(table)
    labels, named = _labels(words)
    return WordSpace(source, words, labels, named, rows, principal_axes(rows), left_out)


def _labels(words: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return words that fit into one message, and which of them name their row as they stand."""
    for most in _LABELS:
        labels = tuple(short_label(word, most) for word in words)
        if sum(len(label.encode()) + 4 for label in labels) <= _WORDS_MOST:
            break
    times = Counter(words)
    named = [
        label == word.strip() == word != "" and times[word] == 1
        for label, word in zip(labels, words, strict=True)
    ]
    return labels, np.array(named, np.uint8)


def _numbers(own: Any) -> Any:
    """Return the numbers of a table, or of a layer's table."""
    if isinstance(own, (np.ndarray, list, tuple)):
        return own
    table = getattr(own, "embeddings", own)
    if table is None or (table is own and not hasattr(own, "__array__")):
        raise ValueError(
            f"layer must have a table already. Received {type(own).__name__}, not built. "
            "Call it once, or call layer.build()."
        )
    return table.numpy() if hasattr(table, "numpy") else table
