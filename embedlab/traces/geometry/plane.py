"""A plane through the rows of a table: where a flat map puts each word, and what it leaves out."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from embedlab.core.checks import as_table
from embedlab.core.geometry import nearest, normalize_rows, pca
from embedlab.core.geometry.analogies import PCA
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "PLANES",
    "TEN",
    "Plane",
    "fit_plane",
    "nearest_in_plane",
    "principal_axes",
    "unit_directions",
]

PLANES = ("pca 1+2", "pca 3+4", "random")
TEN = 10
SAMPLE = 50
"""Words over which `typical` is taken, evenly spread."""


@dataclass(frozen=True, eq=False, repr=False)
class Plane:
    """A flat map of rows of length 1.

    Attributes
    ----------
    name : str
        One of `PLANES`.
    rows : ndarray, (V, D)
        The rows it maps.
    points : ndarray of float32, (V, 2)
        ``(rows - center) @ axes.T``; NaN for a row that holds NaN or an infinity.
    axes : ndarray, (2, D)
        At right angles, of length 1; zeros where D has no second direction.
    center : ndarray, (D,)
    shares : tuple of two floats
        What part of the variance each axis shows.
    """

    name: str
    rows: np.ndarray
    points: np.ndarray
    axes: np.ndarray
    center: np.ndarray
    shares: tuple[float, float]

    def first(self, count: int) -> "Plane":
        """Return the map of the first `count` rows: each stays where it is."""
        return replace(self, rows=self.rows[:count], points=self.points[:count])

    def typical(self) -> float:
        """Return how many of a word's ten nearest are among its ten nearest on the map, on average.

        Taken over `SAMPLE` words, evenly spread.
        """
        there = np.flatnonzero(np.isfinite(self.points).all(axis=1))
        if there.size < 2:
            return 0.0
        asked = there[np.linspace(0, there.size - 1, min(SAMPLE, there.size)).astype(int)]
        near = nearest(self.rows, self.rows[asked], TEN, exclude=asked[:, None]).ids
        shown = [nearest_in_plane(self.points, int(one))[:TEN] for one in asked]
        both = [np.intersect1d(a, b).size for a, b in zip(near, shown, strict=True)]
        return float(np.mean(both))


def unit_directions(table: Any) -> np.ndarray:
    """Return the rows as directions: of length 1; zero rows stay zero; NaN or ∞ make a row of NaN.

    On rows of length 1 a distance is a cosine: ``|u - v| = sqrt(2 - 2 cos)``.

    Examples
    --------
    >>> unit_directions([[3.0, 4.0], [0.0, 0.0], [np.inf, 1.0]]).tolist()
    [[0.6, 0.8], [0.0, 0.0], [nan, nan]]
    """
    array = as_table(table)
    single = array.astype(np.promote_types(array.dtype, np.float32))
    lost = ~np.isfinite(single).all(axis=1, keepdims=True)
    return readonly_copy(
        np.where(lost, np.nan, normalize_rows(np.where(lost, 0, single))), single.dtype
    )


def nearest_in_plane(points: np.ndarray, one: int, k: int = TEN) -> np.ndarray:
    """Return the k points nearest to point `one` on the map, itself left out.

    Parameters
    ----------
    points : ndarray, (V, 2)
    one : int
    k : int

    Returns
    -------
    ndarray of int64, (min(k, V - 1),)
        The nearest first, of equals the lower first; points that are NaN are nowhere.

    Examples
    --------
    >>> nearest_in_plane(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0]]), 0).tolist()
    [2, 1]
    """
    wide = points.astype(np.float64)
    apart = np.hypot(*(wide - wide[one]).T)
    apart[one] = np.nan
    found = int(np.isfinite(apart).sum())
    k = min(k, found)
    if k == 0:
        return np.zeros(0, np.int64)
    far = np.where(np.isnan(apart), np.inf, apart)
    bound = np.partition(far, k - 1)[k - 1]
    near = np.flatnonzero(far <= bound)
    return near[np.argsort(far[near], kind="stable")][:k]


def fit_plane(
    rows: np.ndarray, name: str = "pca 1+2", *, seed: int = 0, seen: PCA | None = None
) -> Plane:
    """Lay a plane through rows of length 1.

    Parameters
    ----------
    rows : ndarray, (V, D), V >= 1
        As `unit_directions` gives them.
    name : {"pca 1+2", "pca 3+4", "random"}
        The two axes along which the rows differ most, the next two, or two drawn at random.
    seed : int
        Of the random axes.
    seen : PCA, optional
        What `principal_axes` gave for these rows, when it is known already.

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
    >>> plane = fit_plane(unit_directions([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> plane.points.shape, round(sum(plane.shares), 3)
    ((3, 2), 1.0)
    """
    if name not in PLANES:
        raise ValueError(
            f"a plane must be one of {', '.join(PLANES)}. Received {name!r:.40}. Choose one."
        )
    seen = principal_axes(rows) if seen is None else seen
    width = rows.shape[1]
    if name == "random":
        axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, 2)))[0].T
    else:
        axes = seen.axes[:2] if name == "pca 1+2" else seen.axes[2:4]
    axes = np.vstack([axes, np.zeros((2, width))])[:2].astype(seen.axes.dtype)
    # Row by row, so that how many rows there are changes no digit of any.
    points = np.einsum("vd,kd->vk", rows - seen.mean, axes, optimize=False)
    whole = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    shares = [0.0, 0.0]
    if len(whole) and seen.shares.sum() > 0:
        total = seen.points[:, 0].astype(np.float64).var() / seen.shares[0]
        shares = (whole.var(axis=0) / total).tolist()
    return Plane(
        name,
        rows if not rows.flags.writeable else readonly_copy(rows),
        readonly_copy(points, np.float32),
        readonly_copy(axes),
        readonly_copy(seen.mean),
        (shares[0], shares[1]),
    )


def principal_axes(rows: np.ndarray) -> PCA:
    """Return the four main axes of rows (V, D), or fewer, over those that are finite.

    Examples
    --------
    >>> principal_axes(unit_directions([[1.0, 0.0], [0.0, 1.0], [np.nan, 0.0]])).points.shape
    (2, 2)
    """
    whole = rows[np.isfinite(rows).all(axis=1)]
    return pca(
        whole if len(whole) else np.zeros((1, rows.shape[1]), rows.dtype), min(4, rows.shape[1])
    )
