"""GeometryExplorer: who is near a word, and does a flat map say so?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.word_vectors import (
    ROWS_MOST,
    WordSpace,
    from_reference,
    from_user,
    from_vectors,
)
from embedlab.explorers.traits import BoundedInt, BoundedText, Choice
from embedlab.figures.geometry import draw_geometry
from embedlab.figures.theme import Figure
from embedlab.traces.geometry import GeometryTrace, trace_geometry, train_vectors
from embedlab.traces.geometry.plane import PLANES, Plane, fit_plane

__all__ = ["GeometryExplorer"]

_WORD, _SUM = "tuple", ("lshift", "left", "right")


class GeometryExplorer(Explorer):
    """Pick a word and see its true neighbors beside those on a flat map.

    Parameters
    ----------
    word : str
        The word in the middle; ``#12`` stands for row 12.
    table : array_like, (V, D), optional
        Rows of your own: read, never changed. Of more than 4000 the first are shown.
    words : sequence of str, optional
        Their words.
    vocabulary : embedlab.data.Vocabulary, optional
        Gives the words of `table` or of `layer`.
    layer : embedlab.layers.Embedding, optional
        Its table, read anew by `refresh`.
    corpus : embedlab.data.Corpus, optional
        A text to train word vectors on. Without any of these they are trained on the Python
        reference, in half a second, and kept for the process.
    **parameters
        rows (how many words, the first: 1..4000), plane ("pca 1+2", "pca 3+4", "random"), a, b, c
        (the words of ``a - b + c``, "" for none), seed (of the random plane); and link_id, hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError
        For a table that does not fit the view, and for a word that is not there.

    Examples
    --------
    >>> rows = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]
    >>> explorer = GeometryExplorer("cat", table=rows, words=["cat", "dog", "tuple"])
    >>> explorer.trace.near.tolist()
    [1, 2]
    >>> explorer.word = "unicorn"
    >>> explorer.error
    'a word must be one of the 3 here, or #0 to #2. Received unicorn. Try one that stands on the \
map.'
    """

    VIEW = "geometry"
    QUESTION = "Who is near, and does the map say so?"
    PARAMS = ("word", "rows", "plane", "a", "b", "c", "seed")

    word = BoundedText(_WORD, 200).tag(sync=True)
    rows = BoundedInt(ROWS_MOST, 1, ROWS_MOST).tag(sync=True)
    plane = Choice(*PLANES).tag(sync=True)
    a = BoundedText("", 200).tag(sync=True)
    b = BoundedText("", 200).tag(sync=True)
    c = BoundedText("", 200).tag(sync=True)
    seed = BoundedInt(7, 0, 2**31 - 1).tag(sync=True)

    def __init__(
        self,
        word: str | None = None,
        *,
        table: Any = None,
        words: Sequence[str] | None = None,
        vocabulary: Any = None,
        layer: Any = None,
        corpus: Any = None,
        **parameters: Any,
    ):
        self._own = {"table": table, "layer": layer, "corpus": corpus}
        given = [name for name, value in self._own.items() if value is not None]
        if len(given) > 1:
            raise ValueError(
                f"table, layer and corpus exclude each other. Received {' and '.join(given)}. "
                "Pass one."
            )
        self._names = {"words": words, "vocabulary": vocabulary}
        if not given and (words is not None or vocabulary is not None):
            raise ValueError("words name the rows of a table. Received none. Pass table or layer.")
        self._read()
        there = self._space.words
        if word is None:
            word = _WORD if _WORD in there else there[0] or "#0"
        if not given and all(term in there for term in _SUM):
            parameters = {**dict(zip("abc", _SUM, strict=True)), **parameters}
        super().__init__(**{"word": word, **parameters})

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; there are no more rows than the table has."""
        return {**super().limits(), "rows": {"min": 1, "max": len(self._space.words)}}

    def refresh(self) -> None:
        """Read the layer or the table again, and compute."""
        self._read()
        super().refresh()

    def _run(self) -> GeometryTrace:
        rows = min(self.rows, len(self._space.words))
        picked = self._space.row(self.word)
        if picked >= rows:
            raise ValueError(
                f"a word must be among the first {rows}. Received {self.word.strip():.40}, which "
                f"is number {picked + 1}. Show more words."
            )
        a, b, c = (self._space.row(t) if t.strip() else rows for t in self._slots())
        terms = (a, b, c) if max(a, b, c) < rows else None  # rarer words wait for more rows
        plane = self._plane(rows)
        key = (self.plane, self.seed if self.plane == "random" else 0, rows)
        if key not in self._typical:
            self._typical[key] = plane.typical()
        return trace_geometry(
            self._space.rows[:rows],
            picked,
            words=self._space.words[:rows],
            plane=plane,
            terms=terms,
            typical=self._typical[key],
        )

    def _fill(self, trace: GeometryTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        rows = len(trace.words)
        arrays: dict[str, np.ndarray] = {
            "named": self._space.named[:rows],
            "points": trace.plane.points,
            "cosines": trace.cosines,
            "apart": trace.apart,
            "on_map": trace.on_map,
            "near": trace.near.astype(np.int32),
            "near_map": trace.near_map.astype(np.int32),
            "closer": trace.closer.astype(np.int32),
            "choices": trace.choices.astype(np.int32),
            "vectors": trace.rows[[trace.picked, *trace.near]].astype(np.float32),
        }
        header: dict[str, Any] = {
            "words": list(self._space.labels[:rows]),
            "source": self._space.source,
            "left_out": self._space.left_out,
            "width": trace.rows.shape[1],
            "picked": trace.picked,
            "shares": list(trace.plane.shares),
            "typical": trace.typical,
            "lost": trace.lost,
            "waiting": [t for t in self._slots() if t.strip() and self._space.row(t) >= rows],
            "terms": None,
        }
        if trace.sum is not None:
            header["terms"] = list(trace.sum.terms)
            arrays["target"] = trace.sum.target
            arrays["answers"] = trace.sum.ids.astype(np.int32)
            arrays["answer_cosines"] = trace.sum.similarities
        return header, arrays

    def _draw(self, trace: GeometryTrace, *, dark: bool) -> Figure:
        return draw_geometry(trace, dark=dark)

    def _needs(self) -> list[str]:
        own = {**self._own, **self._names}
        return [name for name, value in own.items() if value is not None]

    def _slots(self) -> list[str]:
        return [self.a, self.b, self.c]

    def _read(self) -> None:
        """Take the rows anew, and forget what was computed of the old ones."""
        self._planes: dict[tuple[str, int], Plane] = {}
        self._typical: dict[tuple[str, int, int], float] = {}
        own, words = self._own, self._names["words"]
        if words is None and self._names["vocabulary"] is not None:
            words = self._names["vocabulary"].words
        if own["corpus"] is not None:
            self._space: WordSpace = from_vectors(train_vectors(own["corpus"]))
        elif own["table"] is not None or own["layer"] is not None:
            chosen = own["layer"] if own["table"] is None else own["table"]
            self._space = from_user(chosen, words)
        else:
            self._space = from_reference()

    def _plane(self, rows: int) -> Plane:
        """Return the map of the first rows. It is laid through all, so that no word moves."""
        key = (self.plane, self.seed if self.plane == "random" else 0)
        if key not in self._planes:
            for old in [k for k in self._planes if k[0] == "random"]:
                del self._planes[old]
            self._planes[key] = fit_plane(
                self._space.rows, self.plane, seed=self.seed, seen=self._space.seen
            )
        return self._planes[key].first(rows)
