"""Word vectors: words, and a table with a row for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError, as_table, message, short_repr

__all__ = ["Skipped", "Vectors"]

SIMILAR = 4
"""Words that are offered in place of one that is not there."""


class Skipped(NamedTuple):
    """A line of a file that was left out: its number, counted from 1, and the reason."""

    line: int
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class Vectors:
    """Words and their vectors. An explorer takes them as `table`, a layer as `weights`.

    Attributes
    ----------
    words : tuple of str, V
        "" for a row whose word is not known.
    table : ndarray, (V, D), read-only
        float16, float32 or float64; memory-mapped where the file allows it.
    source : str
        The name of the file, and of the tensor in it.
    skipped : tuple of Skipped
        Lines of the file that were left out.

    Examples
    --------
    >>> vectors = Vectors(("cat", "dog"), [[1.0, 0.0], [0.5, 0.5]], "by hand")
    >>> vectors
    Vectors('by hand': 2 words, 2 numbers each, float64)
    >>> vectors["dog"].tolist(), "dog" in vectors, len(vectors), list(vectors)
    ([0.5, 0.5], True, 2, ['cat', 'dog'])
    >>> from embedlab.layers import Embedding
    >>> Embedding(2, 2, weights=vectors)([1]).tolist()
    [[0.5, 0.5]]
    """

    words: tuple[str, ...]
    table: np.ndarray
    source: str
    skipped: tuple[Skipped, ...] = ()

    def __post_init__(self) -> None:
        table = as_table(self.table).view()
        table.flags.writeable = False
        words = tuple(self.words)
        if len(words) != len(table):
            must = f"there must be a word for each of {len(table)} rows"
            raise ShapeError(message(must, f"{len(words)} words", 'Pass "" for an unknown word'))
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "words", words)

    @property
    def shape(self) -> tuple[int, int]:
        """(V, D)."""
        rows, columns = self.table.shape
        return rows, columns

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word in self._row_of

    def __getitem__(self, word: str) -> np.ndarray:
        """Return a copy of the row of a word, (D,) float32; of a repeated word the first.

        Raises
        ------
        KeyError
            For a word that is not there, with words that are written nearly so.
        TypeError
            For what is no string: a row by its number is ``table[number]``.

        Examples
        --------
        >>> Vectors(("king", "kin"), [[1.0], [2.0]], "by hand")["King"]
        Traceback (most recent call last):
        KeyError: "word must be one of the 2 words of by hand. Received 'King'. Try king, kin."
        """
        if not isinstance(word, str):
            do = "Pass a string; .table[number] is a row by its number"
            raise TypeError(message("word must be one string", short_repr(word), do))
        row = self._row_of.get(word)
        if row is None:
            similar = ", ".join(self._similar(word))
            do = f"Try {similar}" if similar else "See .words for those that are there"
            must = f"word must be one of the {len(self):,} words of {self.source}"
            raise KeyError(message(must, short_repr(word), do))
        return np.array(self.table[row], np.float32)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        """The first row of each word; unknown words, "", have none."""
        rows: dict[str, int] = {}
        for row, word in enumerate(self.words):
            rows.setdefault(word, row)
        rows.pop("", None)
        return rows

    def _similar(self, word: str) -> list[str]:
        """Return words that differ in case or in a tokenizer's ␣, then some that begin alike."""
        bare, start = word.strip("␣ ").lower(), word.strip("␣ ").lower()[:3]
        forms = [(known, known.lstrip("␣").lower()) for known in self._row_of if start]
        same = [known for known, form in forms if form == bare]
        alike = [known for known, form in forms if form.startswith(start) and form != bare]
        return [" ".join(known.split())[:40] for known in [*same, *alike][:SIMILAR]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.table, dtype, copy=copy)

    def __repr__(self) -> str:
        rows, columns = self.shape
        skipped = f", {len(self.skipped)} lines skipped" if self.skipped else ""
        return (
            f"Vectors({self.source!r}: {rows} words, {columns} numbers each, {self.table.dtype}"
            f"{skipped})"
        )
