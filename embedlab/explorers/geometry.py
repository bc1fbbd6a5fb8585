"""Explorer of word vectors: nearest neighbors, analogies, and their map in two dimensions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.table import read_table
from embedlab.explorers.inputs.window import window_note
from embedlab.explorers.inputs.word_vectors import (
    ROWS_MAX,
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

_WORD, _ANALOGY = "tuple", ("values", "value", "field")


class GeometryExplorer(Explorer):
    """Pick a word and compare its nearest neighbors with those on a two-dimensional map.

    Parameters
    ----------
    word : str, or a table, optional
        The query word; ``#12`` stands for row 12. A table by position is the same as `table`.
    table : array_like, (V, D), optional
        The rows to show, never changed; at most the first 4000. Anything that
        `embedlab.explorers.inputs.table.read_table` takes.
    words : sequence of str, optional
        The words of the rows.
    vocabulary : embedlab.data.Vocabulary, optional
        The words of `table` or `layer`.
    layer : embedlab.layers.Embedding, optional
        The layer whose table is shown; `refresh` reads it again.
    corpus : embedlab.data.Corpus, optional
        The text to train word vectors on. By default they are trained on the Python reference,
        in about a second, once in each process.
    **parameters
        rows (show the first 1..4000 words), plane ("pca 1+2", "pca 3+4", "random"), a, b, c
        (the words of ``a - b + c``, "" for none), seed (for the random plane); and link_id, hide.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a table that is too large, and for an unknown word.

    Examples
    --------
    >>> rows = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]
    >>> explorer = GeometryExplorer("cat", table=rows, words=["cat", "dog", "tuple"])
    >>> explorer.trace.near.tolist()
    [1, 2]
    >>> explorer.word = "unicorn"
    >>> explorer.error
    'a word must be one of these 3, or #0 to #2. Received unicorn. Try one that is on the map.'
    """

    VIEW = "geometry"
    QUESTION = "Which words are near, and does the map show it?"

    word = BoundedText(_WORD, 200)
    rows = BoundedInt(ROWS_MAX, 1, ROWS_MAX)
    plane = Choice(*PLANES)
    a = BoundedText("", 200)
    b = BoundedText("", 200)
    c = BoundedText("", 200)
    seed = BoundedInt(7, 0, 2**31 - 1)

    def __init__(
        self,
        word: Any = None,
        *,
        table: Any = None,
        words: Sequence[str] | None = None,
        vocabulary: Any = None,
        layer: Any = None,
        corpus: Any = None,
        **parameters: Any,
    ):
        if word is not None and not isinstance(word, str):
            if table is not None:
                raise ValueError("only one table can be shown. Received 2. Pass one.")
            word, table = None, word
        sources = {"table": table, "layer": layer, "corpus": corpus}
        passed = [name for name, value in sources.items() if value is not None]
        if len(passed) > 1:
            raise ValueError(
                f"table, layer and corpus exclude each other. Received {' and '.join(passed)}. "
                "Pass one."
            )
        if not passed and (words is not None or vocabulary is not None):
            raise ValueError("words name the rows of a table. Received none. Pass table or layer.")
        self._inputs = {**sources, "words": words, "vocabulary": vocabulary}
        self._load_rows()
        known = self._space.words
        if word is None:
            word = _WORD if _WORD in known else known[0] or "#0"
        if not passed and all(term in known for term in _ANALOGY):
            parameters = {**dict(zip("abc", _ANALOGY, strict=True)), **parameters}
        super().__init__(**{"word": word, **parameters})

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; `rows` is at most the height of the table."""
        return {**super().limits(), "rows": {"min": 1, "max": len(self._space.words)}}

    def settle_params(self) -> None:
        """Keep `rows` at most the height of the table."""
        self.rows = min(self.rows, len(self._space.words))

    def read_inputs(self) -> None:
        """Read the layer or table again."""
        self._load_rows()

    def compute_trace(self) -> GeometryTrace:
        """Return the trace of the current parameters."""
        rows = self.rows
        picked = self._space.row(self.word)
        if picked >= rows:
            raise ValueError(
                f"a word must be among the first {rows}. Received {self.word.strip():.40}, which "
                f"has rank {picked + 1}. Increase rows."
            )
        a, b, c = (self._space.row(t) if t.strip() else rows for t in self._slots())
        terms = (
            (a, b, c) if max(a, b, c) < rows else None
        )  # words beyond the last row wait until `rows` grows
        plane = self._plane(rows)
        key = (self.plane, self.seed if self.plane == "random" else 0, rows)
        if key not in self._typical_losses:
            self._typical_losses[key] = plane.typical()
        return trace_geometry(
            self._space.rows[:rows],
            picked,
            words=self._space.words[:rows],
            plane=plane,
            terms=terms,
            typical=self._typical_losses[key],
        )

    def encode_trace(self, trace: GeometryTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        rows = len(trace.words)
        arrays: dict[str, np.ndarray] = {
            "named": self._space.named[:rows],
            "points": trace.plane.points,
            "cosines": trace.cosines,
            "distances": trace.distances,
            "map_distances": trace.map_distances,
            "near": trace.near.astype(np.int32),
            "near_map": trace.near_map.astype(np.int32),
            "closer_on_map": trace.closer_on_map.astype(np.int32),
            "candidates": trace.candidates.astype(np.int32),
            "vectors": trace.rows[[trace.picked, *trace.near]].astype(np.float32),
        }
        header: dict[str, Any] = {
            "words": list(self._space.labels[:rows]),
            "source": self._space.source,
            "left_out": self._space.left_out,
            "note": self._note(trace.rows.shape[1]),
            "width": trace.rows.shape[1],
            "picked": trace.picked,
            "shares": list(trace.plane.shares),
            "typical": trace.typical,
            "invalid_rows": trace.invalid_rows,
            "waiting": [t for t in self._slots() if t.strip() and self._space.row(t) >= rows],
            "terms": None,
        }
        if trace.analogy is not None:
            header["terms"] = list(trace.analogy.terms)
            arrays["target"] = trace.analogy.target
            arrays["answers"] = trace.analogy.ids.astype(np.int32)
            arrays["answer_cosines"] = trace.analogy.similarities
        return header, arrays

    def draw(self, trace: GeometryTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_geometry(trace, dark=dark)

    def _note(self, width: int) -> str | None:
        in_space = len(self._space.words)
        return window_note((in_space + self._space.left_out, width), in_space, width)

    def _slots(self) -> list[str]:
        return [self.a, self.b, self.c]

    def _load_rows(self) -> None:
        """Read the rows again, and drop the caches of the old ones."""
        self._planes: dict[tuple[str, int], Plane] = {}
        self._typical_losses: dict[tuple[str, int, int], float] = {}
        inputs, words = self._inputs, self._inputs["words"]
        if words is None and inputs["vocabulary"] is not None:
            words = inputs["vocabulary"].words
        name = "layer" if inputs["table"] is None else "table"
        source = inputs[name]
        if inputs["corpus"] is not None:
            self._space: WordSpace = from_vectors(train_vectors(inputs["corpus"]))
        elif source is not None:
            self._space = from_user(read_table(source, name), words)
        else:
            self._space = from_reference()

    def _plane(self, rows: int) -> Plane:
        """Return the map of the first rows. It is fitted to all rows, so that no word moves."""
        key = (self.plane, self.seed if self.plane == "random" else 0)
        if key not in self._planes:
            for random_key in [k for k in self._planes if k[0] == "random"]:
                del self._planes[random_key]
            self._planes[key] = fit_plane(
                self._space.rows, self.plane, seed=self.seed, components=self._space.components
            )
        return self._planes[key].first(rows)
