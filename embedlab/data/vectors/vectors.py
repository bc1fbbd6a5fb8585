"""Word vectors: words, and a table with a row for each."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError, as_table, message

__all__ = ["Skipped", "Vectors"]


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

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.table, dtype, copy=copy)

    def __repr__(self) -> str:
        rows, columns = self.shape
        skipped = f", {len(self.skipped)} lines skipped" if self.skipped else ""
        return (
            f"Vectors({self.source!r}: {rows} words, {columns} numbers each, {self.table.dtype}"
            f"{skipped})"
        )
