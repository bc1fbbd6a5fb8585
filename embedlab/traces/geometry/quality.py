"""Trustworthiness and continuity of a map: how many of its neighborhoods are true, and kept."""

from typing import NamedTuple

import numpy as np

from embedlab.traces.geometry.plain_rows import PlainRows, Rows

__all__ = ["MEASURED_MAX", "MapQuality", "RankedRows", "measure_map", "rank_rows"]

MEASURED_MAX, NEIGHBORS = 500, 10
"""Rows among which a map is measured, evenly spread, and neighbors of each."""

_FINE, _FINER, _LEAST = 2.0**20, 2.0**36, -256.0
"""Cosines, and distances of unit rows, that differ by less than a millionth count as equal: they
come from single precision. Rows as they are may be 1e12 times as long as others, so two of their
distances count as equal where they differ by less than 1e-11 of themselves, and so do all below
2 ** -256 of the largest."""


class MapQuality(NamedTuple):
    """Trustworthiness and continuity of a map, among some rows.

    Attributes
    ----------
    rows : int
        The rows among which it is measured.
    trustworthiness : float or None
        1 where all neighbors on the map are neighbors; less, the further away they really are.
        None for fewer than four rows.
    continuity : float or None
        1 where all neighbors are neighbors on the map.

    Notes
    -----
    Venna and Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001.
    """

    rows: int
    trustworthiness: float | None
    continuity: float | None


class RankedRows(NamedTuple):
    """Rows, evenly spread, and for each of them the order of the others by their metric.

    Attributes
    ----------
    rows : ndarray, (n,)
    order : ndarray of int64, (n, n)
        The smaller, the nearer; no two of a line are equal: of equally near rows the first is the
        nearer. A row is the last for itself.
    metric : {"cosine", "euclidean"}
    """

    rows: np.ndarray
    order: np.ndarray
    metric: str


def rank_rows(rows: Rows, most: int = MEASURED_MAX) -> RankedRows:
    """Return some rows, evenly spread, in the order of their nearness to each of them.

    >>> from embedlab.traces.geometry.unit_rows import UnitRows
    >>> rank_rows(UnitRows([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])).order.argsort(axis=1).tolist()
    [[1, 2, 0], [0, 2, 1], [1, 0, 2]]
    """
    finite = np.flatnonzero(np.isfinite(rows.lengths))
    count = min(most, finite.size)
    chosen = finite[np.linspace(0, max(0, finite.size - 1), count).astype(int)]
    wide = rows[chosen].astype(np.float64)
    if not isinstance(rows, PlainRows):
        return RankedRows(chosen, _order(-(wide @ wide.T), rows.metric), rows.metric)
    distances = np.zeros((count, count))
    for line, one in zip(distances, wide, strict=True):
        line[:] = np.linalg.norm(wide - one, axis=1)
    return RankedRows(chosen, _order(distances, rows.metric), rows.metric)


def measure_map(ranked: RankedRows, points: np.ndarray) -> MapQuality:
    """Return trustworthiness and continuity of a map, among the ranked rows.

    Parameters
    ----------
    ranked : RankedRows
        The result of `rank_rows`.
    points : ndarray, (V, 2)
        The map of all rows. Points that coincide, as beside one 1e12 times as far away, are
        neighbors in the order of their rows.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(50, 2))
    >>> measure_map(rank_rows(PlainRows(rows)), rows)
    MapQuality(rows=50, trustworthiness=1.0, continuity=1.0)
    """
    n = ranked.rows.size
    k = min(NEIGHBORS, (n - 1) // 2)
    if k < 1:
        return MapQuality(n, None, None)
    x, y = points[ranked.rows].astype(np.float64).T
    on_map = _order(np.hypot(x[:, None] - x, y[:, None] - y), ranked.metric)
    most = n * k * (2 * n - 3 * k - 1) / 2
    return MapQuality(
        n,
        float(1 - _beyond(on_map, ranked.order, k) / most),
        float(1 - _beyond(ranked.order, on_map, k) / most),
    )


def _order(distances: np.ndarray, metric: str) -> np.ndarray:
    """Return distances as whole numbers, of which no two of a line are equal."""
    n = len(distances)
    if metric == "cosine":
        steps = distances * _FINE
    else:
        with np.errstate(divide="ignore"):
            shares = np.log2(distances / (float(distances.max(initial=0)) or 1.0))
        steps = np.maximum(shares, _LEAST) * _FINER
    order = np.rint(steps).astype(np.int64) * MEASURED_MAX + np.arange(n)
    np.fill_diagonal(order, np.iinfo(np.int64).max)
    return order


def _beyond(order: np.ndarray, other: np.ndarray, k: int) -> int:
    """Return by how many ranks the k nearest in one order lie beyond the k-th in another."""
    nearest = np.argpartition(order, k - 1, axis=1)[:, :k]
    chosen = np.take_along_axis(other, nearest, axis=1)
    total = 0
    for column in chosen.T:
        ranks = (other < column[:, None]).sum(axis=1) + 1
        total += int(np.maximum(ranks - k, 0).sum())
    return total
