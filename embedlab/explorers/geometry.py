"""Explorer of word vectors: nearest neighbors, analogies, and their map in two dimensions."""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Unpack

import numpy as np
from traitlets import Dict, TraitError, observe, validate

from embedlab.core.checks import message, short_repr
from embedlab.data import vectors
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.labels import LabelColumn, read_labels
from embedlab.explorers.inputs.maps import read_maps
from embedlab.explorers.inputs.table import read_table
from embedlab.explorers.inputs.window import join_notes
from embedlab.explorers.inputs.word_vectors import (
    WordSpace,
    from_reference,
    from_user,
    from_vectors,
)
from embedlab.explorers.open_method import open_method
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import PAGE_BYTES, table_data
from embedlab.explorers.traits import SIZE_MAX, BoundedInt, BoundedText, Choice, RowList
from embedlab.figures.geometry import Labels, draw_geometry
from embedlab.figures.theme import Figure
from embedlab.traces.geometry import METRICS, GeometryTrace, trace_geometry, train_vectors
from embedlab.traces.geometry.plane import (
    PLANES,
    Plane,
    SampledNeighbors,
    external_plane,
    fit_plane,
    sample_neighbors,
)
from embedlab.traces.geometry.quality import MapQuality, RankedRows, measure_map, rank_rows
from embedlab.traces.geometry.region import MEMBERS_MAX, kept_neighbors, mean_cosine
from embedlab.traces.text import format_count, format_number

__all__ = ["GeometryExplorer", "GeometryParameters"]

_WORD, _ANALOGY = "tuple", ("values", "value", "field")


class GeometryParameters(CommonParameters, total=False):
    """Keyword parameters of `GeometryExplorer`, each with its help text."""

    rows: Annotated[int, "search the first 1..V words only"]
    plane: Annotated[str, "the map: pca 1+2, pca 3+4, random, or one of `maps`"]
    metric: Annotated[
        Literal["cosine", "euclidean"],
        "by which rows are near: cosine or euclidean, which lengths matter to",
    ]
    color: Annotated[str, "of the dots: nearness to the word, or a column of `labels`"]
    a: Annotated[str, 'of the words of ``a - b + c``, "" for none']
    b: Annotated[str, "see a"]
    c: Annotated[str, "see a"]
    seed: Annotated[int, "of the random plane"]


class MapChoice(Choice):
    """One of the planes, or of the maps that an explorer was made with."""

    def choices_of(self, obj: Any) -> tuple[str, ...]:
        """Return the names of an explorer's maps."""
        return (*self.choices, *obj.maps)


class ColorChoice(Choice):
    """Nearness to the word, or one of the columns of labels that an explorer was made with."""

    def choices_of(self, obj: Any) -> tuple[str, ...]:
        """Return "nearness" and the names of an explorer's labels."""
        return (*self.choices, *obj.labels)


class GeometryExplorer(Explorer):
    """Pick a word and compare its nearest neighbors with those on a two-dimensional map.

    Parameters
    ----------
    word : str, or a table, optional
        The query word; ``#12`` stands for row 12. A table by position is the same as `table`.
    table : array_like, (V, D), optional
        The rows to show, of any size, never changed. Anything that
        `embedlab.explorers.inputs.table.read_table` takes. Neighbors and analogies are those of
        all rows; the map draws 20 000 of them, evenly spread, and every row that it names.
    words : sequence of str, optional
        The words of the rows.
    vocabulary : embedlab.data.Vocabulary, optional
        The words of `table` or `layer`.
    layer : embedlab.layers.Embedding, optional
        The layer whose table is shown; `refresh` reads it again.
    corpus : embedlab.data.Corpus, optional
        The text to train word vectors on. By default they are trained on the Python reference,
        in about a second, once in each process.
    maps : dict of str to array_like, (V, 2), optional
        Maps of the rows that were computed elsewhere, for instance by t-SNE or UMAP, at most 8:
        ``{"t-SNE 30": coordinates}``. They are scaled to the spread of the rows, and measured as
        the others are.
    labels : dict of str to sequence, DataFrame or sequence, optional
        What is known of each row, by which `color` can color the map: categories such as parts of
        speech, or numbers such as frequencies; None where it is unknown. At most 8 columns.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For an unknown word.

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
    MESSAGE_BYTES = 3_000_000
    QUESTION = "Which words are near, and does the map show it?"
    OTHER_CONTROLS = ("sum",)
    PAGE_TRAITS = ("selection", "_members", "_member_facts", "_query", "_matches")

    word = BoundedText(_WORD, 200)
    rows = BoundedInt(SIZE_MAX, 1, SIZE_MAX)
    plane = MapChoice(*PLANES)
    metric = Choice(*METRICS)
    color = ColorChoice("nearness")
    a = BoundedText("", 200)
    b = BoundedText("", 200)
    c = BoundedText("", 200)
    seed = BoundedInt(7, 0, 2**31 - 1)

    maps: Mapping[str, np.ndarray] = {}
    """The maps that were computed elsewhere, by their names, (V, 2)."""

    labels: Mapping[str, LabelColumn] = {}
    """The columns of labels, by their names."""

    selection = RowList().tag(sync=True)
    """The rows that were selected on the map, in ascending order; assign `[]` to clear it.

    On the map only drawn words can be selected; from Python any row.
    """

    _members = Dict().tag(sync=True)  # rows of the selection that the view lists, with a number
    _member_facts = Dict().tag(
        sync=True
    )  # how many neighbors of each the map keeps, with the same number
    _query = Dict().tag(sync=True)  # what is typed into a field for words, with its number
    _matches = Dict().tag(sync=True)  # the words that match it, with the same number

    _sampled: tuple[tuple[str, int], SampledNeighbors] | None = None
    _ranked: tuple[tuple[str, int], RankedRows] | None = None

    def __init__(
        self,
        word: Any = None,
        *,
        table: Any = None,
        words: Sequence[str] | None = None,
        vocabulary: Any = None,
        layer: Any = None,
        corpus: Any = None,
        maps: Any = None,
        labels: Any = None,
        **parameters: Unpack[GeometryParameters],
    ):
        values: dict[str, Any] = dict(parameters)
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
        others = {"words": words, "vocabulary": vocabulary, "maps": maps, "labels": labels}
        self._inputs = {**sources, **others}
        self._load_rows()
        known = self._space.words
        if isinstance(word, str) and word not in known and os.path.isfile(word):
            received, do = f"the file {word:.200}", "Pass it to GeometryExplorer.open"
            raise ValueError(message("word must be a word or a row such as #12", received, do))
        if word is None:
            word = _WORD if _WORD in known else known[0] or "#0"
        if not passed and all(term in known for term in _ANALOGY):
            values = {**dict(zip("abc", _ANALOGY, strict=True)), **values}
        super().__init__(**{"word": word, "rows": len(known), **values})

    @open_method
    def open(
        cls: type[Any],
        /,
        path: Any,
        word: str | None = None,
        *,
        format: str | None = None,
        tensor: str | None = None,
        words: Any = None,
        limit: int | None = None,
        on_error: str = "raise",
        progress: bool = True,
        **parameters: Unpack[GeometryParameters],
    ) -> "GeometryExplorer":
        """Return an explorer of the word vectors in a file.

        Parameters
        ----------
        path : path-like
            Text of GloVe, word2vec or fastText, ``.npy``, safetensors, a model of Keras or PyTorch
            and more, as `embedlab.data.vectors.open` reads them.
        word : str, optional
            The query word.
        format, tensor, words, limit, on_error, progress
            As of `embedlab.data.vectors.open`.
        **parameters
            As of the class.

        Raises
        ------
        embedlab.storage.FileRefused
            For a file that is damaged, hostile or of another kind.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> file = Path(tempfile.mkdtemp(), "small.txt")
        >>> _ = file.write_text("cat 1.0 0.0\\ndog 0.9 0.1\\ntuple 0.0 1.0\\n")
        >>> explorer = GeometryExplorer.open(file, "cat")
        >>> explorer.trace.near.tolist()
        [1, 2]
        """
        table = vectors.open(
            path,
            format=format,
            tensor=tensor,
            words=words,
            limit=limit,
            on_error=on_error,
            progress=progress,
        )
        return cls(word, table=table, **parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits, as this table and its maps have them."""
        return {
            **super().limits(),
            "rows": {"min": 1, "max": len(self._space.words)},
            "plane": {"choices": [*PLANES, *self.maps]},
            "color": {"choices": ["nearness", *self.labels]},
        }

    def normalize_params(self) -> None:
        """Keep `rows` at most the height of the table."""
        self.rows = min(self.rows, len(self._space.words))

    def read_inputs(self) -> None:
        """Read the layer or table again."""
        self._load_rows()
        self.selection = [row for row in self.selection if row < len(self._space.words)]
        self._measure_members(None)  # a view asks once for the same parameters

    def page_inputs(self) -> dict[str, Any] | None:
        """Return rows, words and principal axes as JSON, or None if they are too large for a page.

        The axes of each metric depend on nothing else: a page need not find them again.
        """
        space = self._space
        height, width = space.rows.shape
        size = (height * (width + 1) + 10 * width) * space.rows.dtype.itemsize
        size += height * (16 * len(self.maps) + 4 * len(self.labels))
        if max(size, sum(map(len, space.words))) > PAGE_BYTES:
            return None
        rows, divisors = space.page_rows()
        known = {metric: space.by(metric) for metric in METRICS}
        return {
            "source": space.source,
            "words": space.words,
            "rows": table_data(rows),
            "divisors": table_data(divisors[:, None]),
            "principal": {
                metric: {
                    "axes": table_data(components.axes),
                    "mean": table_data(components.mean[None]),
                    "variance": components.variance,
                    "fitted": components.fitted,
                    "square": components.square,
                }
                for metric, (_, components) in known.items()
            },
            "drawn": space.rendered_max,
            "labels": {
                name: {"legend": column.legend, "values": _label_data(column)}
                for name, column in self.labels.items()
            },
            "maps": {
                name: {
                    metric: table_data(external_plane(some, name, points, axes.variance).points)
                    for metric, (some, axes) in known.items()
                }
                for name, points in self.maps.items()
            },
        }

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
        key, searched = (*self._plane_key(), rows), (self.metric, rows)
        if key not in self._typical:
            if self._sampled is None or self._sampled[0] != searched:
                self._sampled = searched, sample_neighbors(plane.rows)
            if self._ranked is None or self._ranked[0] != searched:
                self._ranked = searched, rank_rows(plane.rows)
            self._typical[key] = plane.typical(self._sampled[1])
            self._quality[key] = measure_map(self._ranked[1], plane.points)
        words = self._space.words
        return trace_geometry(
            plane.rows,
            picked,
            words=words if rows == len(words) else words[:rows],
            plane=plane,
            terms=terms,
            typical=self._typical[key],
            quality=self._quality[key],
        )

    def encode_trace(self, trace: GeometryTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        total = len(trace.words)
        sample = self._space.sample(total)
        others = _named_elsewhere(trace, sample)
        rows = np.concatenate([sample, others])
        seat = dict(zip(rows.tolist(), range(rows.size), strict=True))

        def seats(some: Any) -> np.ndarray:
            return np.array([seat[int(row)] for row in some], np.int32)

        labels, named = self._space.labels(total, others)
        arrays: dict[str, np.ndarray] = {
            "named": np.array(named, np.uint8),
            "points": trace.plane.points[rows],
            "cosines": trace.cosines[rows],
            "distances": trace.distances[rows],
            "map_distances": trace.map_distances[rows],
            "near": seats(trace.near),
            "near_map": seats(trace.near_map),
            "closer_on_map": trace.closer_on_map.astype(np.int32),
            "candidates": seats(trace.candidates),
            "vectors": trace.plane.rows.units[np.array([trace.picked, *trace.near])],
        }
        arrays["vectors"] = arrays["vectors"].astype(np.float32)
        if self.metric == "euclidean":
            arrays["lengths"] = trace.plane.rows.lengths[rows].astype(np.float32)
        if rows.size < total:
            arrays["rows"] = rows.astype(np.int32)
        header: dict[str, Any] = {
            "words": labels,
            "total": total,
            "source": self._space.source,
            "note": self._note(rows.size, total),
            "width": trace.plane.rows.shape[1],
            "picked": seat[trace.picked],
            "shares": list(trace.plane.shares),
            "typical": trace.typical,
            "quality": trace.quality._asdict(),
            "invalid_rows": trace.invalid_rows,
            "equal_length": self._space.equal_length,
            "waiting": [t for t in self._slots() if t.strip() and self._space.row(t) >= self.rows],
            "terms": None,
        }
        if self.color in self.labels:
            column = self.labels[self.color]
            header["legend"] = column.legend
            arrays["labels"] = column.values[rows]
        if trace.analogy is not None:
            header["terms"] = seats(trace.analogy.terms).tolist()
            arrays["target"] = trace.analogy.target
            arrays["answers"] = seats(trace.analogy.ids)
            arrays["answer_cosines"] = trace.analogy.similarities
            if trace.analogy.distances is not None:
                arrays["answer_distances"] = trace.analogy.distances
        return header, arrays

    @observe("_query")
    def _find_words(self, _: Any) -> None:
        """Answer what is typed with the words that match it."""
        text, number = self._query.get("text"), self._query.get("n")
        if isinstance(text, str) and isinstance(number, int):
            self._matches = {"n": number, **self._space.matches(text, self.rows)}

    @validate("selection")
    def _check_selection(self, proposal: Any) -> list[int]:
        rows, height = sorted(set(proposal["value"])), len(self._space.words)
        if rows and not 0 <= rows[0] <= rows[-1] < height:
            wrong = short_repr(rows[0] if rows[0] < 0 else rows[-1])
            must = f"selection must hold rows from 0 to {height - 1}"
            raise TraitError(message(must, wrong, "Leave it out"))
        return rows

    @observe("_members")
    def _measure_members(self, _: Any) -> None:
        """Answer the rows that the view lists with the neighbors that the map keeps of each."""
        rows, number = self._members.get("rows"), self._members.get("n")
        if not isinstance(rows, list) or not isinstance(number, int):
            return
        height = min(self.rows, len(self._space.words))
        listed = [row for row in rows if type(row) is int and 0 <= row < height]
        plane = self._plane(height)
        chosen = [row for row in self.selection if row < height]
        self._member_facts = {
            "n": number,
            "rows": listed[:MEMBERS_MAX],
            "kept": kept_neighbors(plane, listed[:MEMBERS_MAX]),
            "alike": mean_cosine(self._space.rows, chosen),
            "all": self._space.mean_cosine,
        }

    def draw(self, trace: GeometryTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        column = self.labels.get(self.color)
        labels = None if column is None else Labels(self.color, column.legend, column.values)
        return draw_geometry(trace, dark=dark, labels=labels)

    def _note(self, seats: int, total: int) -> str | None:
        """Return what the map leaves out, or None if it shows all rows."""
        share = format_number(100 * seats / total, 1)
        rows, components = self._space.by(self.metric)
        fitted = components.fitted
        valid, width = int(np.isfinite(rows.lengths).sum()), rows.shape[1]
        return join_notes(
            None
            if seats == total
            else f"The map shows {format_count(seats)} of {format_count(total)} rows ({share} %); "
            "neighbors are those of all.",
            None
            if fitted == valid or self.plane == "random" or self.plane in self.maps
            else f"Its axes are fitted to {format_count(fitted, 'row')} of {width} numbers.",
        )

    def _slots(self) -> list[str]:
        return [self.a, self.b, self.c]

    def _load_rows(self) -> None:
        """Read the rows again, and drop the caches of the old ones."""
        self._planes: dict[tuple[str, str, int], Plane] = {}
        self._typical: dict[tuple[str, str, int, int], float] = {}
        self._quality: dict[tuple[str, str, int, int], MapQuality] = {}
        self._sampled = self._ranked = None
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
        self.maps = read_maps(inputs["maps"], len(self._space.words))
        self.labels = read_labels(inputs["labels"], len(self._space.words))

    def _plane(self, rows: int) -> Plane:
        """Return the map of the first rows. It is fitted to all rows, so that no word moves."""
        key = self._plane_key()
        if key not in self._planes:
            for random_key in [k for k in self._planes if k[1] == "random"]:
                del self._planes[random_key]
            space_rows, components = self._space.by(self.metric)
            coordinates = self.maps.get(self.plane)
            self._planes[key] = (
                fit_plane(space_rows, self.plane, seed=self.seed, components=components)
                if coordinates is None
                else external_plane(space_rows, self.plane, coordinates, components.variance)
            )
        return self._planes[key].first(rows)

    def _plane_key(self) -> tuple[str, str, int]:
        return self.metric, self.plane, self.seed if self.plane == "random" else 0


def _label_data(column: LabelColumn) -> Any:
    return table_data(column.values.astype(np.float32)[:, None])


def _named_elsewhere(trace: GeometryTrace, sample: np.ndarray) -> np.ndarray:
    """Return the rows that a view names, but for those of the sample on the map."""
    named = [trace.picked, *trace.near, *trace.near_map]
    if trace.analogy is not None:
        named += [*trace.analogy.terms, *trace.analogy.ids]
    rows = np.array(list(dict.fromkeys(map(int, named))), np.int64)
    at = np.searchsorted(sample, rows).clip(max=sample.size - 1)
    return rows[sample[at] != rows]
