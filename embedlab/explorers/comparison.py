"""Two tables compared, from anything that holds one, with a still picture in a notebook."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embedlab.explorers.inputs.table import read_table
from embedlab.figures.comparison import draw_comparison
from embedlab.figures.png import png
from embedlab.figures.theme import Figure
from embedlab.traces.comparison import SAMPLE, ComparisonTrace, WordChange, trace_comparison

__all__ = ["Comparison", "compare_tables"]


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
    before, after : array_like, layer or vectors
        Anything that an explorer takes as a table: arrays, tensors, layers of embedlab, Keras and
        PyTorch, quantized tables, gensim's vectors, and those of `embedlab.data.vectors.open`.
    words, words_after : sequence of str, optional
        The words of the rows, where the tables have none of their own. `words` stands for both
        where the second are not given. Without words row n is compared with row n.
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
    tables = read_table(before, "before"), read_table(after, "after")
    if words is None:
        words = tables[0].labels or None
    if words_after is None:
        words_after = tables[1].labels or None
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
