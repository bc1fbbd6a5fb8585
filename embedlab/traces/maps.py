"""Maps of rows by t-SNE and UMAP, at several settings, each with what it keeps of the truth."""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_size, message, short_repr
from embedlab.traces.geometry.plane import (
    TEN,
    Plane,
    external_plane,
    fit_plane,
    nearest_in_plane,
    principal_axes,
    sample_neighbors,
)
from embedlab.traces.geometry.quality import MapQuality, measure_map, rank_rows
from embedlab.traces.geometry.unit_rows import UnitRows, largest
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["FITTED_MAX", "MAPS_MAX", "MapsTrace", "trace_maps"]

MAPS_MAX, FITTED_MAX = 8, 20_000
"""Maps at once, and rows to which one is fitted unless asked otherwise."""

BASELINE = "pca 1+2"
"""The map that the others are compared with."""

_SPEC = re.compile(r"(t-SNE|UMAP) ([1-9][0-9]{0,3})")
_BLOCK = 512  # rows that are placed at a time

Report = Callable[[float, str], None]
"""Called with the finished share, 0 to 1, and the name of the map that is computed."""


@dataclass(frozen=True, eq=False, repr=False)
class MapsTrace:
    """Maps of the rows of one table, side by side. Its arrays are read-only.

    Attributes
    ----------
    names : tuple of str
        "pca 1+2", then those that were asked for.
    words : tuple of str, V
        "" for a row without a word.
    planes : tuple of Plane
        The maps, all at the scale of the rows.
    fitted : int
        The rows to which t-SNE and UMAP were fitted, evenly spread. Each other row is put at the
        median of its ten nearest rows, by cosine, among these.
    typical : tuple of float
        The mean number of a word's ten nearest rows that are among its ten nearest on each map.
    quality : tuple of MapQuality
        Trustworthiness and continuity of each map.
    picked : int
        The row that is followed on all maps.
    near : ndarray of int64, (K,)
        Its K = 10 nearest rows by cosine, among all.
    near_map : tuple of ndarray of int64, (K,)
        Its nearest points on each map.
    left_out : tuple of str
        Maps that were not computed, since the computation was interrupted.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    planes: tuple[Plane, ...]
    fitted: int
    typical: tuple[float, ...]
    quality: tuple[MapQuality, ...]
    picked: int
    near: np.ndarray
    near_map: tuple[np.ndarray, ...]
    left_out: tuple[str, ...]

    @property
    def common(self) -> tuple[int, ...]:
        """The number of rows in `near` that are among the nearest on each map too."""
        return tuple(int(np.isin(self.near, some).sum()) for some in self.near_map)

    def name(self, row: int) -> str:
        """Return the word of a row, or its number as ``#12``."""
        return self.words[row] or f"#{row}"

    @property
    def summary(self) -> str:
        """The main numbers, a line for each map."""
        total = len(self.words)
        lines = [f"{format_count(total, 'row')}, {format_count(self.near.size)} nearest each:"]
        for name, typical, quality, common in zip(
            self.names, self.typical, self.quality, self.common, strict=True
        ):
            word = short_label(self.name(self.picked), 24)
            line = f"{name}: keeps {common} of {self.near.size} for {word}, "
            line += f"{format_number(typical, 1)} on average"
            if quality.trustworthiness is not None and quality.continuity is not None:
                line += f"; trustworthiness {format_number(quality.trustworthiness, 2)}, "
                line += f"continuity {format_number(quality.continuity, 2)}"
            lines.append(line)
        if self.fitted < total:
            share = f"{format_count(self.fitted)} of {format_count(total)} rows"
            lines.append(f"Fitted to {share}; each other row lies amid its nearest of these.")
        if self.left_out:
            lines.append(f"Interrupted: {join_some(list(self.left_out), MAPS_MAX)} left out.")
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """The picture in words."""
        near = [short_label(self.name(int(row)), 24) for row in self.near]
        word = short_label(self.name(self.picked), 24)
        nearest = f"The nearest of {word} are {join_some(near, TEN)}. " if near else ""
        return f"{len(self.names)} maps of the same rows. {nearest}{self.summary}"

    def __repr__(self) -> str:
        return f"MapsTrace({', '.join(self.names)}; {format_count(len(self.words), 'row')})"


def trace_maps(
    table: Any,
    maps: str | Sequence[str] = ("t-SNE 5", "t-SNE 30", "t-SNE 100"),
    *,
    words: Sequence[str] | None = None,
    pick: str | int | None = None,
    rows: int = FITTED_MAX,
    seed: int = 0,
    report: Report | None = None,
) -> MapsTrace:
    """Compute maps of the rows of a table by t-SNE and UMAP, and measure what they keep.

    Parameters
    ----------
    table : array_like, (V, D), V >= 8
        Rows are compared by cosine.
    maps : str or sequence of str, at most 8
        "t-SNE P" with perplexity P, at most a third of the rows; "UMAP K" with K neighbors. The
        first needs openTSNE, the second umap-learn.
    words : sequence of str, optional
        The words of the rows.
    pick : str or int, optional
        A word or a row to follow on all maps. The first row by default.
    rows : int
        Most rows to fit to, evenly spread. Each other row is put amid its nearest of these.
    seed : int
        The same seed gives the same maps, on the same machine.
    report : callable, optional
        Called with the finished share and the name of a map.

    Returns
    -------
    MapsTrace

    Raises
    ------
    ValueError
        For another name of a map, a number that does not fit the rows, or an unknown word.
    ModuleNotFoundError
        Where the library of a map is not installed; the message says how to.
    KeyboardInterrupt
        If interrupted before one map is finished. Later, the finished ones are returned.

    Notes
    -----
    van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008. McInnes, Healy and
    Melville, UMAP, arXiv:1802.03426. A row with NaN or an infinity is on no map, a row of zeros
    at the center.

    Examples
    --------
    >>> trace_maps(np.eye(8), ())
    MapsTrace(pca 1+2; 8 rows)
    """
    array = as_table(table)
    if len(array) < 8:
        must = "a map needs at least 8 rows"
        raise ShapeError(message(must, f"{len(array)} of them", "Pass a larger table"))
    if words is not None and len(words) > len(array):
        must = f"words must be at most {len(array)}, one for each row"
        raise ShapeError(message(must, f"{len(words)} of them", "Pass one word for each row"))
    labels = tuple(map(str, words or ()))
    labels += ("",) * (len(array) - len(labels))
    units = UnitRows(array)
    rows = check_size(rows, "rows", least=8)
    seed = check_size(seed, "seed", least=0, most=2**31 - 1)
    directed = np.flatnonzero(units.lengths == 1)
    chosen = directed
    if directed.size > rows:
        chosen = directed[np.linspace(0, directed.size - 1, rows).astype(np.int64)]
    fits = _parse(maps, chosen.size)
    picked = _row(pick, labels)
    data = units[chosen]
    components = principal_axes(units)
    planes = [fit_plane(units, BASELINE, components=components)]
    say = report or (lambda share, name: None)
    finished: list[str] = []
    place: Callable[[np.ndarray], np.ndarray] | None = None
    try:
        for n, (name, fit) in enumerate(fits.items()):
            say(n / len(fits), name)
            share = partial(_within, say, n, len(fits), name)
            points = fit(data, seed, share)
            if place is None:
                place = _placing(units, chosen, directed)
            planes.append(external_plane(units, name, place(points), components.variance))
            finished.append(name)
    except KeyboardInterrupt:
        if not finished:
            raise
    say(1.0, finished[-1] if finished else BASELINE)
    sampled, ranked = sample_neighbors(units), rank_rows(units)
    cosines = units.cosines(units[[picked]])[0]
    return MapsTrace(
        (BASELINE, *finished),
        labels,
        tuple(planes),
        int(chosen.size),
        tuple(plane.typical(sampled) for plane in planes),
        tuple(measure_map(ranked, plane.points) for plane in planes),
        picked,
        readonly_copy(largest(cosines, TEN, [picked])),
        tuple(readonly_copy(nearest_in_plane(plane.points, picked)) for plane in planes),
        tuple(name for name in fits if name not in finished),
    )


Fit = Callable[[np.ndarray, int, Callable[[float], None]], np.ndarray]


def _within(say: Report, before: int, total: int, name: str, share: float) -> None:
    say((before + share) / total, name)


def _parse(maps: Any, height: int) -> dict[str, Fit]:
    """Return for each name of a map how it is computed; refuse what does not fit the rows."""
    names = [maps] if isinstance(maps, str) else maps
    if not isinstance(names, Sequence) or len(names) > MAPS_MAX:
        must = f"maps must be names, at most {MAPS_MAX}"
        raise ValueError(message(must, short_repr(maps), 'Write maps=["t-SNE 30", "UMAP 15"]'))
    fits: dict[str, Fit] = {}
    for name in names:
        matched = _SPEC.fullmatch(name) if isinstance(name, str) else None
        if matched is None:
            must = "a map must be t-SNE or UMAP and a number, such as t-SNE 30"
            raise ValueError(message(must, short_repr(name), "Write the number after a space"))
        number = int(matched[2])
        if matched[1] == "t-SNE":
            least, most, what = 2, (height - 1) // 3, "perplexity"
        else:
            least, most, what = 2, height - 1, "number of neighbors"
        if not least <= number <= most:
            must = f"the {what} must be {least} to {most} for {format_count(height, 'row')}"
            raise ValueError(message(must, name, "Choose another number"))
        fits[name] = partial(_tsne if matched[1] == "t-SNE" else _umap, number)
    for name in fits:  # a missing library is said before the first hour of work
        _library(name.split()[0])
    return fits


def _library(method: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if method == "t-SNE":
                import openTSNE

                return openTSNE
            import umap

            return umap
    except ModuleNotFoundError as error:
        must = f"{method} needs the library {'openTSNE' if method == 't-SNE' else 'umap-learn'}"
        cure = 'Run python -m pip install "embedlab[maps]"'
        raise ModuleNotFoundError(
            message(must, f"no module {error.name}", cure), name=error.name
        ) from None


def _tsne(perplexity: int, data: np.ndarray, seed: int, share: Callable[[float], None]) -> Any:
    """Return (N, 2), by openTSNE on one thread: then the sums have one order."""
    early, late, every = 250, 500, 25
    done = [0]

    def step(iteration: int, error: float, embedding: Any) -> None:
        done[0] += every
        share(min(1.0, done[0] / (early + late)))

    fit = _library("t-SNE").TSNE(
        perplexity=perplexity,
        early_exaggeration_iter=early,
        n_iter=late,
        random_state=seed,
        n_jobs=1,
        callbacks=step,
        callbacks_every_iters=every,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(fit.fit(np.ascontiguousarray(data, np.float64)), np.float64)


def _umap(neighbors: int, data: np.ndarray, seed: int, share: Callable[[float], None]) -> Any:
    """Return (N, 2), by umap-learn; on unit rows Euclidean distances rank as cosines do."""
    fit = _library("UMAP").UMAP(n_neighbors=neighbors, random_state=seed, n_jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(fit.fit_transform(data.astype(np.float32)), np.float64)


def _placing(
    units: UnitRows, chosen: np.ndarray, directed: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that gives all rows a point, from the points of the chosen rows."""
    others = np.setdiff1d(directed, chosen, assume_unique=True)
    fitted = units[chosen].T
    nearest = np.empty((others.size, min(TEN, chosen.size)), np.int64)
    for start in range(0, others.size, _BLOCK):
        cosines = units[others[start : start + _BLOCK]] @ fitted
        cut = cosines.shape[1] - nearest.shape[1]
        nearest[start : start + _BLOCK] = np.argpartition(cosines, cut, axis=1)[:, cut:]

    def place(points: np.ndarray) -> np.ndarray:
        everywhere = np.tile(points.mean(axis=0), (len(units), 1))
        everywhere[chosen] = points
        everywhere[others] = np.median(points[nearest], axis=1)
        return everywhere

    return place


def _row(pick: Any, words: tuple[str, ...]) -> int:
    """Return the row of a word, or of a number."""
    if pick is None:
        return 0
    if isinstance(pick, str) and pick in words and pick:
        return words.index(pick)
    number = pick
    if isinstance(pick, str) and re.fullmatch(r"#[0-9]{1,9}", pick):
        number = int(pick[1:])
    valid = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not valid or not 0 <= number < len(words):
        must = f"pick must be a word of the table, or #0 to #{len(words) - 1}"
        raise ValueError(message(must, short_repr(pick), "Name another word"))
    return int(number)
