"""Word vectors of the geometry explorer: trained here, or from a user's table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from embedlab.core.checks import message
from embedlab.explorers.inputs.table import UserTable
from embedlab.explorers.inputs.word_search import WordSearch
from embedlab.traces.geometry import WordVectors, reference_vectors
from embedlab.traces.geometry.plain_rows import PlainRows, Rows
from embedlab.traces.geometry.plane import PrincipalAxes, principal_axes
from embedlab.traces.geometry.unit_rows import UnitRows
from embedlab.traces.text import short_label

__all__ = ["DRAWN_MAX", "WordSpace", "from_reference", "from_user", "from_vectors"]

DRAWN_MAX = 20_000
"""Rows that are drawn on the map: of a larger table some that are evenly spread, and those that
have to do with the word. Neighbors and analogies are always searched among all rows."""

EQUAL = 1e-5
"""Lengths that differ by no more than this share count as equal."""

_LABEL_LENGTHS = (40, 24, 12, 6)  # characters of a word that are sent; fewer for very many words
_LABEL_BYTES_MAX = 600_000  # bytes of all labels


@dataclass(frozen=True, eq=False)
class WordSpace:
    """Words, their rows scaled to length 1 and as they are, and the principal axes of both.

    Attributes
    ----------
    source : str
        The text they were trained on; "" for a user's table.
    words : tuple of str, V
    rows : UnitRows, (V, D)
    plain : PlainRows, (V, D)
    """

    source: str
    words: tuple[str, ...]
    rows: UnitRows
    plain: PlainRows
    _row_of: dict[str, int] = field(init=False)
    _repeated: frozenset[str] = field(init=False)
    _label_length: int = field(init=False)
    _sampled: dict[int, tuple[list[str], list[int]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        rows = dict(zip(reversed(self.words), reversed(range(len(self.words))), strict=True))
        counted = Counter(self.words) if len(rows) < len(self.words) else Counter()
        repeated = {word for word, count in counted.items() if count > 1}
        sampled = [self.words[row] for row in self.sample(len(self.words)).tolist()]
        for length in _LABEL_LENGTHS:
            labels = [short_label(word, length) for word in sampled]
            if sum(len(label.encode()) + 4 for label in labels) <= _LABEL_BYTES_MAX:
                break
        object.__setattr__(self, "_row_of", rows)
        object.__setattr__(self, "_repeated", frozenset(repeated))
        object.__setattr__(self, "_label_length", length)

    @property
    def rendered_max(self) -> int:
        """The largest number of rows that are drawn for their own sake."""
        return DRAWN_MAX

    def sample(self, count: int) -> np.ndarray:
        """Return the rows that are drawn of the first `count`: all, or some evenly spread."""
        if count <= self.rendered_max:
            return np.arange(count)
        return np.linspace(0, count - 1, self.rendered_max).astype(np.int64)

    def labels(self, count: int, others: np.ndarray) -> tuple[list[str], list[int]]:
        """Return the words of ``sample(count)`` and other rows, and 1 where one identifies its row.

        Very many long words are cut. It is 0 for a cut, repeated or missing word.
        """
        if count not in self._sampled:
            self._sampled.clear()
            self._sampled[count] = self._labels(self.sample(count))
        labels, named = self._sampled[count]
        more_labels, more_named = self._labels(others)
        return labels + more_labels, named + more_named

    def by(self, metric: str) -> tuple[Rows, PrincipalAxes]:
        """Return the rows that have a metric, and their principal axes."""
        if metric == "euclidean":
            return self.plain, self.plain_components
        return self.rows, self.components

    @cached_property
    def components(self) -> PrincipalAxes:
        """The principal axes of the rows scaled to length 1."""
        return principal_axes(self.rows)

    @cached_property
    def plain_components(self) -> PrincipalAxes:
        """The principal axes of the rows as they are."""
        return principal_axes(self.plain)

    @cached_property
    def equal_length(self) -> float | None:
        """The length that all rows have, up to rounding, or None: both metrics order them alike."""
        lengths = self.plain.lengths[np.isfinite(self.rows.lengths)]
        if not lengths.size:
            return None
        low, high = float(lengths.min()), float(lengths.max())
        return high if high - low <= EQUAL * high else None

    @property
    def mean_cosine(self) -> float | None:
        """The mean cosine of two rows, over the rows to which the axes are fitted.

        A row of zeros has the cosine 0 with every other.
        """
        mean, n = self.components.mean.astype(np.float64), self.components.fitted
        return float((mean @ mean * n - self.components.square) / (n - 1)) if n > 1 else None

    @cached_property
    def search(self) -> WordSearch:
        """The search among all words, prepared when it is first used."""
        return WordSearch(self.words)

    def matches(self, text: str, count: int) -> dict[str, Any]:
        """Return words among the first `count` that match a text, to offer them.

        A row number written ``#12`` matches its row.
        """
        rows, more = self.search.find(text, count)
        number = _row_number(text.strip())
        if not rows and number is not None and number < count:
            rows = [number]
        labels, named = self._labels(np.array(rows, np.int64))
        return {"rows": rows, "words": labels, "named": named, "more": more}

    def _labels(self, rows: np.ndarray) -> tuple[list[str], list[int]]:
        words = [self.words[row] for row in rows.tolist()]
        labels = [short_label(word, self._label_length) for word in words]
        named = [
            int(label == word.strip() == word != "" and word not in self._repeated)
            for label, word in zip(labels, words, strict=True)
        ]
        return labels, named

    def page_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what a page computes both kinds of rows from: the rows, and a divisor of each.

        A row scaled to length 1 is the row, divided by its largest number, and by the divisor.
        """
        rows = np.array(self.plain.table, self.rows.dtype)
        rows[np.isnan(self.rows.lengths)] = np.nan
        largest = np.abs(rows).max(axis=1, keepdims=True)
        scaled = rows / np.where(largest == 0, 1, largest)
        return rows, np.sqrt((scaled * scaled).sum(axis=1))

    def row(self, text: str) -> int:
        """Return the row of a word, or of a row number written ``#12``.

        Raises
        ------
        ValueError
            For an unknown word.
        """
        text = text.strip()
        for form in (text, text.lower(), f"␣{text}", f"␣{text.lower()}", _readable(text)):
            if form and form in self._row_of:
                return self._row_of[form]
        number = _row_number(text)
        if number is None or number >= len(self.words):
            raise ValueError(self._unknown(text))
        return number

    def _unknown(self, text: str) -> str:
        similar = [word for word in self.words if text[:3] and word.startswith(text[:3].lower())]
        cure = f"Try {', '.join(similar[:4])}" if similar else "Try one that is on the map"
        count = len(self.words)
        return message(
            f"a word must be one of these {count}, or #0 to #{count - 1}",
            text[:40] or "no word",
            cure,
        )


def _row_number(text: str) -> int | None:
    """Return the number of a row written ``#12``, or None."""
    number = text[1:] if text.startswith("#") else ""
    known = number.isdecimal() and number.isascii() and len(number) < 10
    return int(number) if known else None


def _readable(text: str) -> str:
    """Return a token that begins a word as its row is called, in any tokenizer's writing."""
    return f"␣{text[1:]}" if text[:1] in ("Ġ", "▁") else ""


def from_user(table: UserTable, words: Sequence[str] | None) -> WordSpace:
    """Return the word space of a user's table.

    Examples
    --------
    >>> from_user(UserTable(np.array([[1.0, 2.0], [0.0, 1.0]])), ["cat"]).words
    ('cat', '')
    """
    count = table.shape[0]
    labels = [*(words or table.labels)][:count]
    labels += [""] * (count - len(labels))
    return _space("", tuple(map(str, labels)), table.values)


def from_vectors(vectors: WordVectors) -> WordSpace:
    """Return the word space of word vectors trained by embedlab."""
    return _space(vectors.name, vectors.words, vectors.table)


@lru_cache(maxsize=1)
def from_reference() -> WordSpace:
    """Return the word space of the Python language reference, trained once in each process."""
    return from_vectors(reference_vectors())


def _space(source: str, words: tuple[str, ...], table: np.ndarray) -> WordSpace:
    rows = UnitRows(table)
    return WordSpace(source, words, rows, PlainRows(table, rows))
