"""Projections of rows onto a plane: the two-dimensional map of word vectors."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.traces.geometry.plain_rows import Rows
from embedlab.traces.geometry.unit_rows import BLOCK, UnitRows, largest
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "PLANES",
    "TEN",
    "Plane",
    "PrincipalAxes",
    "SampledNeighbors",
    "external_plane",
    "fit_plane",
    "nearest_in_plane",
    "principal_axes",
    "sample_neighbors",
]

PLANES = ("pca 1+2", "pca 3+4", "random")
TEN = 10
SAMPLE = 50
"""The number of words, evenly spread, over which `typical` is averaged."""

FITTED_MAX, COLUMNS_EXACT = 2**24, 1024
"""Numbers to which the principal axes are fitted, and columns up to which all of them are taken:
all rows of 30 522 x 384 take a second, once for a table."""


class PrincipalAxes(NamedTuple):
    """Principal axes of rows.

    Attributes
    ----------
    axes : ndarray, (K, D)
        Orthonormal, K = 4 or fewer. The largest number of each is positive.
    mean : ndarray, (D,)
        Of the rows to which they are fitted.
    variance : float
        The variance of all finite rows, the sum over the columns; 0 where it is only rounding.
    fitted : int
        The number of rows to which they are fitted: all finite ones, or of a very large table some
        that are evenly spread.
    square : float
        The mean of the squared lengths of these rows: of unit rows, the share that is not zero.
    """

    axes: np.ndarray
    mean: np.ndarray
    variance: float
    fitted: int
    square: float


class SampledNeighbors(NamedTuple):
    """Some rows, evenly spread, and the ten nearest of each: (Q,) and Q times (K,)."""

    queries: np.ndarray
    near: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Plane:
    """A two-dimensional map of rows.

    Attributes
    ----------
    name : str
        One of `PLANES`, or the name of a map that was computed elsewhere.
    rows : UnitRows or PlainRows, (V, D)
        The mapped rows, with their metric.
    points : ndarray of float32, (V, 2)
        ``(rows - center) @ axes.T``; NaN for a row that holds NaN or an infinity.
    axes : ndarray, (2, D)
        Orthonormal; a row of zeros where D = 1. Without rows where the map is no projection.
    center : ndarray, (D,)
    shares : tuple of two floats
        The explained variance ratio of each axis, over all rows; empty where it is no projection.
    """

    name: str
    rows: Rows
    points: np.ndarray
    axes: np.ndarray
    center: np.ndarray
    shares: tuple[float, ...]

    def first(self, count: int) -> "Plane":
        """Return the map of the first `count` rows; no point moves."""
        return replace(self, rows=self.rows.first(count), points=self.points[:count])

    def typical(self, sample: SampledNeighbors | None = None) -> float:
        """Return the mean number of a word's ten nearest that are also its ten nearest on the map.

        The mean of `SAMPLE` words, evenly spread; `sample` holds their neighbors, if known.
        """
        sample = sample_neighbors(self.rows) if sample is None else sample
        if sample.queries.size < 2:
            return 0.0
        points = self.points.astype(np.float64)
        common = [
            np.isin(near, nearest_in_plane(points, int(row))).sum()
            for row, near in zip(sample.queries, sample.near, strict=True)
        ]
        return float(np.mean(common))


def sample_neighbors(rows: Rows) -> SampledNeighbors:
    """Return the ten nearest rows of `SAMPLE` rows that are evenly spread.

    >>> sample_neighbors(UnitRows([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])).near[0].tolist()
    [1, 2]
    """
    finite = np.flatnonzero(np.isfinite(rows.lengths))
    count = min(SAMPLE, finite.size)
    queries = finite[np.linspace(0, max(0, finite.size - 1), count).astype(int)]
    near: list[np.ndarray] = []
    for some in np.array_split(queries, 3):  # all at once are 80 MB for 400 000 rows
        near += rows.nearest(some, TEN)
    return SampledNeighbors(queries, tuple(near))


def nearest_in_plane(points: np.ndarray, row: int, k: int = TEN) -> np.ndarray:
    """Return the k points nearest to the point of `row` on the map, excluding itself.

    Parameters
    ----------
    points : ndarray, (V, 2)
    row : int
    k : int

    Returns
    -------
    ndarray of int64, (min(k, V - 1),)
        The nearest first, ties by row number; points that are NaN are excluded.

    Examples
    --------
    >>> nearest_in_plane(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0]]), 0).tolist()
    [2, 1]
    """
    wide = points.astype(np.float64, copy=False)
    squares = np.square(wide[:, 0] - wide[row, 0]) + np.square(wide[:, 1] - wide[row, 1])
    return largest(-squares, k, [row])


def fit_plane(
    rows: Rows | np.ndarray,
    name: str = "pca 1+2",
    *,
    seed: int = 0,
    components: PrincipalAxes | None = None,
) -> Plane:
    """Return the projection of rows onto a plane.

    Parameters
    ----------
    rows : UnitRows, PlainRows or ndarray, (V, D), V >= 1
        An array is scaled to rows of length 1.
    name : {"pca 1+2", "pca 3+4", "random"}
        The first two principal components, the next two, or two random directions.
    seed : int
        Seed of the random directions.
    components : PrincipalAxes, optional
        The result of `principal_axes` for these rows, if it is known.

    Returns
    -------
    Plane
        Distances on it are never longer than true ones: a projection only shortens.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> plane = fit_plane(UnitRows([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> plane.points.shape, round(sum(plane.shares), 3)
    ((3, 2), 1.0)
    """
    if name not in PLANES:
        raise ValueError(
            f"a plane must be one of {', '.join(PLANES)}. Received {short_repr(name)}. Choose one."
        )
    rows = UnitRows(rows) if isinstance(rows, np.ndarray) else rows
    components = principal_axes(rows) if components is None else components
    width = rows.shape[1]
    if name == "random":
        axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, 2)))[0].T
    else:
        axes = components.axes[:2] if name == "pca 1+2" else components.axes[2:4]
    axes = np.vstack([axes, np.zeros((2, width))])[:2].astype(rows.dtype)
    points = np.empty((len(rows), 2), np.float32)
    wide = axes.astype(np.float64)  # then every machine, and a page, has the same points
    origin = np.cumsum(wide * components.mean, axis=1)[:, -1]  # a page adds in this order
    with np.errstate(invalid="ignore"):
        for start, block in rows.blocks(512):  # in the cache, and one thread is faster than two
            points[start : start + len(block)] = block.astype(np.float64) @ wide.T - origin
    finite = points[np.isfinite(rows.lengths)].astype(np.float64)
    shares = [0.0, 0.0]
    if len(finite) and components.variance > 0:
        shares = (finite.var(axis=0) / components.variance).tolist()
    return Plane(
        name,
        rows,
        readonly_copy(points),
        readonly_copy(axes),
        readonly_copy(components.mean),
        (shares[0], shares[1]),
    )


def external_plane(rows: Rows, name: str, coordinates: np.ndarray, variance: float) -> Plane:
    """Return a map that was computed elsewhere, at the scale of the rows.

    Parameters
    ----------
    rows : UnitRows or PlainRows, (V, D)
    name : str
    coordinates : ndarray, (V, 2), finite
        Of t-SNE or UMAP, for instance: only who is near whom has a meaning.
    variance : float
        That of the rows, which the map gets too: its distances then have the size of true ones.

    Examples
    --------
    >>> rows = UnitRows([[1.0, 0.0], [0.0, 1.0]])
    >>> external_plane(rows, "mine", np.array([[0.0, 0.0], [0.0, 9.0]]), 0.25).points.tolist()
    [[0.0, -0.5], [0.0, 0.5]]
    """
    points = coordinates.astype(np.float64)
    valid = np.isfinite(rows.lengths)
    if valid.any():
        points -= points[valid].mean(axis=0)
        spread = float(np.square(points[valid]).sum() / valid.sum())
        points *= np.sqrt(variance / spread) if spread > 0 and variance > 0 else 1
    points[~valid] = np.nan
    width = rows.shape[1]
    return Plane(
        name,
        rows,
        readonly_copy(points, np.float32),
        readonly_copy(np.zeros((0, width), rows.dtype)),
        readonly_copy(np.zeros(width, rows.dtype)),
        (),
    )


def principal_axes(rows: Rows) -> PrincipalAxes:
    """Return the first four principal axes of the finite rows of (V, D), or fewer.

    Notes
    -----
    Computed in float64 from the covariance of the columns, D x D, or from that of the rows where
    they are fewer.

    Examples
    --------
    >>> principal_axes(UnitRows([[1.0, 0.0], [0.0, 1.0], [np.nan, 0.0]])).axes.round(3).tolist()
    [[0.707, -0.707], [0.707, 0.707]]
    """
    width = rows.shape[1]
    finite = np.flatnonzero(np.isfinite(rows.lengths))
    most = max(1, FITTED_MAX // width) if width <= COLUMNS_EXACT else COLUMNS_EXACT
    chosen = finite
    if finite.size > most:
        chosen = finite[np.linspace(0, finite.size - 1, most).astype(int)]
    if chosen.size > max(BLOCK, width):
        mean, covariance = _moments(rows, chosen)
        variance, axes = float(np.trace(covariance)), _largest_axes(covariance, min(4, width))
    else:
        wide = rows[chosen].astype(np.float64) if chosen.size else np.zeros((1, width))
        mean = wide.mean(axis=0)
        wide -= mean
        variance = float(np.square(wide).sum() / len(wide))
        axes = _leading_axes(wide, min(4, width))
    square, of_all = (_mean_square(rows.lengths[some]) for some in (chosen, finite))
    if chosen.size < finite.size:
        variance = _variance(rows, of_all)
    if variance <= 1e-12 * of_all:
        variance = 0.0
    return PrincipalAxes(
        axes.astype(rows.dtype), mean.astype(rows.dtype), variance, int(chosen.size), square
    )


def _mean_square(values: np.ndarray) -> float:
    return float(np.square(values, dtype=np.float64).mean()) if values.size else 0.0


def _leading_axes(centered: np.ndarray, count: int) -> np.ndarray:
    """Return the first principal axes of centered rows, (count, D) float64, orthonormal."""
    height, width = centered.shape
    if width <= height:
        return _largest_axes(centered.T @ centered, count)
    values, vectors = np.linalg.eigh(centered @ centered.T)
    strong = values[::-1][:count] > values[-1] * 1e-10
    axes = (vectors[:, ::-1][:, :count][:, strong].T) @ centered
    # Any directions complete them where there are too few rows.
    draws = np.random.default_rng(0).normal(size=(count, width))
    return _with_signs(np.linalg.qr(np.vstack([axes, draws])[:count].T)[0].T)


def _moments(rows: Rows, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance (D, D) of some rows in float64, without a copy of them all."""
    origin = rows[chosen[0]].astype(np.float64)  # near the mean of rows that are much alike
    width = origin.size
    total, products = np.zeros(width), np.zeros((width, width))
    for start in range(0, chosen.size, BLOCK):
        wide = rows[chosen[start : start + BLOCK]] - origin
        total += wide.sum(axis=0)
        products += wide.T @ wide
    mean = total / chosen.size
    return origin + mean, products / chosen.size - np.outer(mean, mean)


def _largest_axes(covariance: np.ndarray, count: int) -> np.ndarray:
    return _with_signs(np.linalg.eigh(covariance)[1][:, ::-1].T[:count])


def _with_signs(axes: np.ndarray) -> np.ndarray:
    """Return axes whose largest number in size is positive: the same map every time."""
    peaks = np.abs(axes).argmax(axis=1)
    return np.asarray(axes * np.where(axes[np.arange(len(axes)), peaks] < 0, -1, 1)[:, None])


def _variance(rows: Rows, square: float) -> float:
    """Return the variance of all finite rows, the sum over the columns; `square`: of a length."""
    finite, total = np.isfinite(rows.lengths), np.zeros(rows.shape[1])
    for start, block in rows.blocks():
        total += block[finite[start : start + len(block)]].sum(axis=0, dtype=np.float64)
    mean, squares = total / finite.sum(), 0.0
    variance = float(square - mean @ mean)
    if variance > 1e-3 * square:  # less would be a difference of equal numbers
        return variance
    for start, block in rows.blocks():
        valid = block[finite[start : start + len(block)]]
        squares += float(np.square(valid - mean).sum())
    return squares / float(finite.sum())
