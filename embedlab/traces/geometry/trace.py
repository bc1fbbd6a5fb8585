"""Neighbors of one word, recorded: by cosine or Euclidean distance, and on a flat map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_choice
from embedlab.core.ids import out_of_range_error
from embedlab.traces.geometry.plain_rows import PlainRows, Rows
from embedlab.traces.geometry.plane import TEN, Plane, fit_plane
from embedlab.traces.geometry.quality import MapQuality, measure_map, rank_rows
from embedlab.traces.geometry.unit_rows import UnitRows, largest
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["METRICS", "Analogy", "GeometryTrace", "trace_geometry"]

METRICS = ("cosine", "euclidean")
ANSWERS = 5


@dataclass(frozen=True, eq=False, repr=False)
class Analogy:
    """The words nearest to ``a - b + c``.

    Attributes
    ----------
    terms : (a, b, c), row numbers
    ids, similarities : ndarray, (K,)
        The answers, the nearest first, and their cosine similarities; without a, b and c.
    distances : ndarray of float32, (K,), or None
        The distance of each from ``a - b + c``, where rows are compared by it.
    target : ndarray, (2,)
        The position of ``a - b + c`` on the map; NaN where the map is no projection.
    """

    terms: tuple[int, int, int]
    ids: np.ndarray
    similarities: np.ndarray
    target: np.ndarray
    distances: np.ndarray | None

    @property
    def measured(self) -> np.ndarray:
        """The numbers that order the answers: `similarities` or `distances`."""
        return self.similarities if self.distances is None else self.distances


@dataclass(frozen=True, eq=False, repr=False)
class GeometryTrace:
    """The neighbors of one word. Its arrays are read-only copies.

    Attributes
    ----------
    words : tuple of str, V labels ("" where a row has no word)
    plane : Plane
        The map, which holds the rows, scaled to length 1 or as they are.
    picked : int
        The query row.
    cosines, distances, map_distances : ndarray of float32, (V,)
        Cosine similarity of each row with the query, distance, and distance on the map, in the
        same unit. Of rows of length 1 the distance is ``sqrt(2 - 2 cos)``.
    near, near_map : ndarray of int64, (K,)
        The K = 10 nearest rows, and the K nearest on the map, without the query.
    closer_on_map : ndarray of int64, (K,)
        For each of `near`, the number of other rows that are closer on the map.
    typical : float
        The mean number of `near` that are in `near_map`, over many words.
    quality : MapQuality
        Trustworthiness and continuity of the map.
    analogy : Analogy or None

    Examples
    --------
    >>> trace = trace_geometry([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], 0, words=["a", "b", "c"])
    >>> trace.near.tolist(), trace.cosines.round(2).tolist()
    ([1, 2], [1.0, 0.9900000095367432, 0.0])
    """

    words: tuple[str, ...]
    plane: Plane
    picked: int
    cosines: np.ndarray
    distances: np.ndarray
    map_distances: np.ndarray
    near: np.ndarray
    near_map: np.ndarray
    closer_on_map: np.ndarray
    typical: float
    quality: MapQuality
    analogy: Analogy | None

    @property
    def rows(self) -> np.ndarray:
        """The rows of the table as they are compared, (V, D): of length 1 for the cosine."""
        return self.plane.rows.whole()

    @property
    def metric(self) -> str:
        """By what rows are compared: one of `METRICS`."""
        return self.plane.rows.metric

    @property
    def by(self) -> str:
        """The metric in words."""
        return "Euclidean distance" if self.metric == "euclidean" else "cosine"

    @property
    def measured(self) -> np.ndarray:
        """The numbers that order the rows: `cosines` or `distances`."""
        return self.distances if self.metric == "euclidean" else self.cosines

    @property
    def in_both(self) -> np.ndarray:
        """The rows that are in both `near` and `near_map`."""
        return self.near[np.isin(self.near, self.near_map)]

    @property
    def invalid_rows(self) -> int:
        """The number of rows with NaN or infinities, which have no direction."""
        return int(np.isnan(self.plane.rows.lengths).sum())

    @property
    def candidates(self) -> np.ndarray:
        """Candidates of a prediction: the nearest row and others that are near, by row number."""
        rows = dict.fromkeys([*self.near[:1], *self.near_map[:3], *self.near[4:5], *self.near[9:]])
        return np.array(sorted(int(row) for row in rows), np.int64)

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers."""
        rows, width = self.plane.rows.shape
        both = len(self.in_both)
        shares = " + ".join(f"{format_number(100 * share, 1)} %" for share in self.plane.shares)
        near = [f"{self.name(i)} {format_number(self.measured[i])}" for i in self.near]
        lines = [
            f"word    {self.name(self.picked)}, of {format_count(rows, 'word')} with "
            f"{format_count(width, 'number')} each",
            f"near    {join_some(near, TEN, between=' · ') or 'none'}",
            f"on map  {join_some(map(self.name, self.near_map), TEN, between=' · ') or 'none'}",
            f"map     {self.plane.name}{f' shows {shares} of the variance' if shares else ''}",
            f"        {both} of the {format_count(len(self.near), 'word')} nearest by {self.by} "
            f"{'is' if both == 1 else 'are'} among the nearest on the map; "
            f"{format_number(self.typical, 1)} on average",
        ]
        if self.invalid_rows:
            lines.append(
                f"lost    {format_count(self.invalid_rows, 'row')} with NaN or an infinity"
            )
        if self.analogy:
            pairs = zip(self.analogy.ids, self.analogy.measured, strict=True)
            answers = [f"{self.name(i)} {format_number(c)}" for i, c in pairs]
            lines.append(f"sum     {self._terms()} → {join_some(answers, ANSWERS, between=' · ')}")
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        count = format_count(len(self.words), "word")
        start = f"A flat map of {count} around {self.name(self.picked)}."
        if not self.near.size:
            return f"{start} There is no other word to compare it with."
        near = join_some(map(self.name, self.near), 5)
        near_map = join_some(map(self.name, self.near_map), 5)
        end = ""
        if self.analogy and self.analogy.ids.size:
            end = f" {self._terms()} gives {self.name(int(self.analogy.ids[0]))}."
        return f"{start} Nearest by {self.by}: {near}. Nearest on the map: {near_map}.{end}"

    def name(self, row: int) -> str:
        """Return the word of a row, or its number."""
        return short_label(self.words[row]) or f"#{row}"

    def __repr__(self) -> str:
        return (
            f"GeometryTrace({self.name(self.picked)} among {format_count(len(self.words), 'word')})"
        )

    def _terms(self) -> str:
        assert self.analogy is not None
        a, b, c = map(self.name, self.analogy.terms)
        return f"{a} − {b} + {c}"


def trace_geometry(
    table: Any,
    picked: int,
    *,
    words: Sequence[str] | None = None,
    plane: str | Plane = "pca 1+2",
    metric: str = "cosine",
    terms: tuple[int, int, int] | None = None,
    seed: int = 0,
    typical: float | None = None,
    quality: MapQuality | None = None,
) -> GeometryTrace:
    """Compare a row with all others, in all dimensions and on a two-dimensional map.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, or UnitRows or PlainRows
        With a `plane` the rows are those of the plane.
    picked : int, 0 <= picked < V
    words : sequence of V str, optional
    plane : str or Plane
        A name of `embedlab.traces.geometry.plane.PLANES`, or a plane of this table.
    metric : {"cosine", "euclidean"}
        How rows are compared: scaled to length 1, by the angle between them, or as they are, by
        the distance between them. Of an array only; rows and planes have a metric.
    terms : (a, b, c), optional
        Row numbers of the analogy ``a - b + c``.
    seed : int
        Seed of a random plane.
    typical : float, optional
        The mean over many words, if it is known.
    quality : MapQuality, optional
        That of the plane, if it is known.

    Returns
    -------
    GeometryTrace

    Raises
    ------
    IdError
        For rows outside the table.
    ShapeError
        For no rows, or a wrong number of words.

    Notes
    -----
    By cosine, the analogy adds unit rows, so that the longer rows of frequent words do not outweigh
    the others. Source: Mikolov, Yih and Zweig, NAACL 2013, section 4.

    Examples
    --------
    >>> corners = [[1.0, 0.5], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
    >>> trace = trace_geometry(corners, 0, words=list("abcd"), terms=(1, 3, 2))
    >>> print(trace.summary)
    word    a, of 4 words with 2 numbers each
    near    b 0.32 · c −0.32 · d −0.95
    on map  b · c · d
    map     pca 1+2 shows 58.0 % + 42.0 % of the variance
            3 of the 3 words nearest by cosine are among the nearest on the map; 3.0 on average
    sum     b − d + c → a 0.95
    """
    check_choice(metric, "metric", METRICS)
    known = isinstance(table, UnitRows | PlainRows)
    shape = table.shape if known else as_table(table).shape
    height = shape[0]
    if not height:
        raise ShapeError(f"table must have at least one row. Received {shape}. Pass one with rows.")
    labels = ("",) * height if words is None else tuple(words)
    if len(labels) != height:
        raise ShapeError(
            f"words must have one label for each row. Received {len(labels)} for {height} rows. "
            "Pass one label for each row, or omit words."
        )
    for row in (picked, *(terms or ())):
        if not 0 <= row < height:
            raise out_of_range_error(np.asarray(row), height)
    if not isinstance(plane, Plane):
        rows: Rows
        if known:
            rows = table
        else:
            rows = UnitRows(table) if metric == "cosine" else PlainRows(readonly_copy(table))
        plane = fit_plane(rows, plane, seed=seed)
    if quality is None:
        quality = measure_map(rank_rows(plane.rows), plane.points)
    return _trace(plane, int(picked), labels, terms, typical, quality)


def _trace(
    plane: Plane,
    picked: int,
    words: tuple[str, ...],
    terms: tuple[int, int, int] | None,
    typical: float | None,
    quality: MapQuality,
) -> GeometryTrace:
    rows, points = plane.rows, plane.points.astype(np.float64)
    wide = np.float64 if isinstance(rows, PlainRows) else rows.dtype
    queries = [rows[picked].astype(wide)]
    if terms is not None and np.isfinite(rows.lengths[list(terms)]).all():
        start, less, plus = (rows[term].astype(wide) for term in terms)
        queries.append(start - less + plus)
    else:
        terms = None
    # One pass over the table for both: its rows are read once.
    cosines = rows.units.cosines(np.nan_to_num(np.array(queries)))
    if np.isnan(rows.lengths[picked]):
        cosines[0] = np.nan
    if isinstance(rows, PlainRows):
        distances = rows.distances(queries[0], cosines[0], TEN, [picked])
        near = largest(-distances, TEN, [picked])
    else:
        squares = rows.lengths  # of a row of length 1 or 0
        distances = np.sqrt(np.maximum(squares[picked] + squares - 2 * cosines[0], 0))
        distances[picked] *= 0
        near = largest(cosines[0], TEN, [picked])
    with np.errstate(invalid="ignore"):  # rows of NaN stay NaN
        map_distances = np.hypot(*(points - points[picked]).T)
    # The query has distance 0, so it is always among those that are closer.
    closer = [max(0, int((map_distances < map_distances[i]).sum()) - 1) for i in near]
    analogy = None
    if terms is not None:
        sum_distances = None
        if isinstance(rows, PlainRows):
            sum_distances = rows.distances(queries[1], cosines[1], ANSWERS, terms)
        ids = largest(cosines[1] if sum_distances is None else -sum_distances, ANSWERS, terms)
        a, b, c = (int(term) for term in terms)
        target = points[a] - points[b] + points[c]
        if not plane.shares:
            target = np.full(2, np.nan)
        analogy = Analogy(
            (a, b, c),
            readonly_copy(ids),
            readonly_copy(cosines[1, ids], np.float32),
            readonly_copy(target, np.float32),
            None if sum_distances is None else readonly_copy(sum_distances[ids], np.float32),
        )
    return GeometryTrace(
        words,
        plane,
        picked,
        readonly_copy(cosines[0], np.float32),
        readonly_copy(distances, np.float32),
        readonly_copy(map_distances, np.float32),
        readonly_copy(near),
        readonly_copy(largest(-map_distances, TEN, [picked])),
        readonly_copy(closer, np.int64),
        plane.typical() if typical is None else typical,
        quality,
        analogy,
    )
