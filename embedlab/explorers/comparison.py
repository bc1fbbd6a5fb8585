"""Two tables compared, from anything that holds one, with a still picture in a notebook."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from embedlab.core.checks import check_choice, check_size
from embedlab.data import vectors
from embedlab.explorers.inputs.table import UserTable, read_table
from embedlab.figures.comparison import draw_comparison
from embedlab.figures.png import png
from embedlab.figures.theme import Figure
from embedlab.traces.comparison import SAMPLE, ComparisonTrace, WordChange, trace_comparison
from embedlab.traces.text import format_number

__all__ = ["ChangeTable", "Comparison", "compare_tables"]

_SPACE = "␣"
_COLUMNS = ("word", "cosine", "kept", "lost", "gained")
_ORDERS = ("neighbors", "cosine")


class ChangeTable(tuple[WordChange, ...]):
    """Words and how they changed. A notebook shows it as a table.

    ``pandas.DataFrame(table)`` has a column for each attribute of `WordChange`.
    """

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(_COLUMNS, *self._lines(), strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (_COLUMNS, *self._lines())
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
        lines = [
            f'<tr><th scope="row"><bdi>{escape(word)}</bdi></th>'
            + "".join(f"<td><bdi>{escape(cell)}</bdi></td>" for cell in cells)
            + "</tr>"
            for word, *cells in self._lines()
        ]
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"

    def _lines(self) -> list[tuple[str, ...]]:
        return [
            (
                change.word,
                format_number(change.cosine, 3),
                str(len(change.common)),
                ", ".join(change.lost) or "—",
                ", ".join(change.gained) or "—",
            )
            for change in self
        ]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two tables compared. A notebook shows it as a picture.

    Attributes
    ----------
    trace : ComparisonTrace
        All numbers.
    """

    trace: ComparisonTrace

    @property
    def summary(self) -> str:
        """The main numbers in a few lines."""
        return self.trace.summary

    @property
    def alt(self) -> str:
        """The picture in words."""
        return self.trace.alt

    def change(self, word: str) -> WordChange:
        """Return how one word changed; its neighbors must have been searched."""
        return self.trace.change(word)

    def table(self, count: int = 20, *, order: str = "neighbors") -> ChangeTable:
        """Return the words that changed most, among those whose neighbors were searched.

        Parameters
        ----------
        count : int
            Words at most. Picked words lead.
        order : {"neighbors", "cosine"}
            Fewest kept neighbors first, or smallest cosine first.

        Examples
        --------
        >>> import numpy as np
        >>> rows = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [-0.1, 0.9]])
        >>> words = ["a", "b", "c", "d"]
        >>> compare_tables(rows, rows[[2, 1, 0, 3]], words=words, align=False).table(2)
        word  cosine  kept  lost  gained
        a     0.000   3     —     —
        c     0.000   3     —     —
        """
        check_choice(order, "order", _ORDERS)
        trace, count = self.trace, check_size(count, "count")
        cosines = trace.cosines[trace.checked].tolist()
        overlap = trace.overlap.tolist() if order == "neighbors" else [0] * len(cosines)
        ranked = sorted(range(len(cosines)), key=lambda n: (overlap[n], cosines[n]))
        words = dict.fromkeys([*trace.picked.tolist(), *trace.checked[ranked].tolist()])
        return ChangeTable(trace.change(at) for at in list(words)[:count])

    def figure(self, *, dark: bool = False) -> Figure:
        """Return the still picture as a matplotlib figure."""
        return draw_comparison(self.trace, dark=dark)

    def __repr__(self) -> str:
        return repr(self.trace).replace("ComparisonTrace", "Comparison", 1)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        image = base64.b64encode(png(self.figure())).decode()
        data = {"text/plain": self.summary, "image/png": image}
        return data, {"image/png": {"alt": self.alt}}


def compare_tables(
    before: Any,
    after: Any,
    *,
    words: Sequence[str] | None = None,
    words_after: Sequence[str] | None = None,
    names: tuple[str, str] = ("before", "after"),
    pick: str | Sequence[str] = (),
    sample: int = SAMPLE,
    align: bool = True,
) -> Comparison:
    """Compare two tables over the same words: before and after training, two seeds, two models.

    Parameters
    ----------
    before, after : array_like, layer, vectors or path-like
        Anything that an explorer takes as a table: arrays, tensors, layers of embedlab, Keras and
        PyTorch, quantized tables, gensim's vectors, and those of `embedlab.data.vectors.open`; or
        the path of a file that this opens; one that needs ``tensor=`` or ``words=`` is opened
        first. Of a layer that will be trained, pass a copy of the table.
    words, words_after : sequence of str, optional
        The words of the rows, where the tables have none of their own. `words` stands for both
        where the second are not given. Without words row n is compared with row n. Where only
        one tokenizer marks the beginning of a word, as in ␣king, that is compared with king, and
        its tokens within words with none.
    names, pick, sample, align
        As `embedlab.traces.comparison.trace_comparison` has them.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For something that holds no table, for fewer than two shared words, or a picked word that
        is not among them.
    ShapeError
        For a wrong number of words.

    Examples
    --------
    >>> import numpy as np
    >>> from embedlab.core.quantize import quantize
    >>> table = np.random.default_rng(0).normal(size=(50, 16))
    >>> compared = compare_tables(table, quantize(table, 4), names=("float64", "int4"))
    >>> compared, compared.trace.mean_overlap > 8
    (Comparison(float64 and int4, 50 words), True)
    """
    tables = _read(before, "before"), _read(after, "after")
    known = [table.labels if any(table.labels) else None for table in tables]
    words = known[0] if words is None else words
    words_after = known[1] if words_after is None else words_after
    words, words_after = _written_alike(words, words_after), _written_alike(words_after, words)
    return Comparison(
        trace_comparison(
            tables[0].values,
            tables[1].values,
            words=words,
            words_after=words_after,
            names=names,
            pick=pick,
            sample=sample,
            align=align,
        )
    )


def _read(source: Any, name: str) -> UserTable:
    if isinstance(source, (str, os.PathLike)):
        source = vectors.open(source)
    return read_table(source, name)


def _written_alike(
    words: Sequence[str] | None, others: Sequence[str] | None
) -> Sequence[str] | None:
    """Return words without ␣ at their beginning, where no other word has it."""
    if words is None or others is None:
        return words
    marked, other = (sum(str(word).startswith(_SPACE) for word in some) for some in (words, others))
    if other or marked < len(words) / 10:
        return words
    return [word[1:] if word.startswith(_SPACE) else "" for word in words]
