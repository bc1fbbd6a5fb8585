"""Projections of rows onto a plane: the two-dimensional map of word vectors."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from embedlab.core.checks import as_table, one_line
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
"""The number of words, evenly spread, over which `typical` is averaged."""


@dataclass(frozen=True, eq=False, repr=False)
class Plane:
    """A two-dimensional map of unit rows.

    Attributes
    ----------
    name : str
        One of `PLANES`.
    rows : ndarray, (V, D)
        The mapped rows.
    points : ndarray of float32, (V, 2)
        ``(rows - center) @ axes.T``; NaN for a row that holds NaN or an infinity.
    axes : ndarray, (2, D)
        Orthonormal; a row of zeros where D = 1.
    center : ndarray, (D,)
    shares : tuple of two floats
        The explained variance ratio of each axis.
    """

    name: str
    rows: np.ndarray
    points: np.ndarray
    axes: np.ndarray
    center: np.ndarray
    shares: tuple[float, float]

    def first(self, count: int) -> "Plane":
        """Return the map of the first `count` rows; no point moves."""
        return replace(self, rows=self.rows[:count], points=self.points[:count])

    def typical(self) -> float:
        """Return the mean number of a word's ten nearest that are also its ten nearest on the map.

        The mean of `SAMPLE` words, evenly spread.
        """
        finite = np.flatnonzero(np.isfinite(self.points).all(axis=1))
        if finite.size < 2:
            return 0.0
        queries = finite[np.linspace(0, finite.size - 1, min(SAMPLE, finite.size)).astype(int)]
        near = nearest(self.rows, self.rows[queries], TEN, exclude=queries[:, None]).ids
        on_map = [nearest_in_plane(self.points, int(row))[:TEN] for row in queries]
        common = [np.intersect1d(a, b).size for a, b in zip(near, on_map, strict=True)]
        return float(np.mean(common))


def unit_directions(table: Any) -> np.ndarray:
    """Return the rows scaled to length 1; zero rows stay zero; rows with NaN or ∞ become NaN.

    On unit rows a distance is a function of the cosine: ``|u - v| = sqrt(2 - 2 cos)``.

    Examples
    --------
    >>> unit_directions([[3.0, 4.0], [0.0, 0.0], [np.inf, 1.0]]).tolist()
    [[0.6, 0.8], [0.0, 0.0], [nan, nan]]
    """
    array = as_table(table)
    single = array.astype(np.promote_types(array.dtype, np.float32))
    invalid = ~np.isfinite(single).all(axis=1, keepdims=True)
    return readonly_copy(
        np.where(invalid, np.nan, normalize_rows(np.where(invalid, 0, single))), single.dtype
    )


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
    wide = points.astype(np.float64)
    distances = np.hypot(*(wide - wide[row]).T)
    distances[row] = np.nan
    k = min(k, int(np.isfinite(distances).sum()))
    if k == 0:
        return np.zeros(0, np.int64)
    finite = np.where(np.isnan(distances), np.inf, distances)
    bound = np.partition(finite, k - 1)[k - 1]
    near = np.flatnonzero(finite <= bound)
    return near[np.argsort(finite[near], kind="stable")][:k]


def fit_plane(
    rows: np.ndarray, name: str = "pca 1+2", *, seed: int = 0, components: PCA | None = None
) -> Plane:
    """Return the projection of unit rows onto a plane.

    Parameters
    ----------
    rows : ndarray, (V, D), V >= 1
        The result of `unit_directions`.
    name : {"pca 1+2", "pca 3+4", "random"}
        The first two principal components, the next two, or two random directions.
    seed : int
        Seed of the random directions.
    components : PCA, optional
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
    >>> plane = fit_plane(unit_directions([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> plane.points.shape, round(sum(plane.shares), 3)
    ((3, 2), 1.0)
    """
    if name not in PLANES:
        raise ValueError(
            f"a plane must be one of {', '.join(PLANES)}. Received {one_line(name)}. Choose one."
        )
    components = principal_axes(rows) if components is None else components
    width = rows.shape[1]
    if name == "random":
        axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, 2)))[0].T
    else:
        axes = components.axes[:2] if name == "pca 1+2" else components.axes[2:4]
    axes = np.vstack([axes, np.zeros((2, width))])[:2].astype(components.axes.dtype)
    # Row by row, so that the number of rows changes no digit of any.
    points = np.einsum("vd,kd->vk", rows - components.mean, axes, optimize=False)
    whole = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    shares = [0.0, 0.0]
    if len(whole) and components.shares.sum() > 0:
        total = components.points[:, 0].astype(np.float64).var() / components.shares[0]
        shares = (whole.var(axis=0) / total).tolist()
    return Plane(
        name,
        rows if not rows.flags.writeable else readonly_copy(rows),
        readonly_copy(points, np.float32),
        readonly_copy(axes),
        readonly_copy(components.mean),
        (shares[0], shares[1]),
    )


def principal_axes(rows: np.ndarray) -> PCA:
    """Return the first four principal components of the finite rows of (V, D), or fewer.

    Examples
    --------
    >>> principal_axes(unit_directions([[1.0, 0.0], [0.0, 1.0], [np.nan, 0.0]])).points.shape
    (2, 2)
    """
    whole = rows[np.isfinite(rows).all(axis=1)]
    return pca(
        whole if len(whole) else np.zeros((1, rows.shape[1]), rows.dtype), min(4, rows.shape[1])
    )
