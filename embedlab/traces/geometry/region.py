"""Words of a region of the map: how alike they are, and how many of their neighbors it keeps."""

from collections.abc import Sequence

import numpy as np

from embedlab.traces.geometry.plane import TEN, Plane, nearest_in_plane
from embedlab.traces.geometry.unit_rows import BLOCK, UnitRows

__all__ = ["MEMBERS_MAX", "kept_neighbors", "mean_cosine"]

MEMBERS_MAX = 50
"""Words of a region for which neighbors are searched: each takes a pass over the table."""

_AT_A_TIME = 16  # their cosines with 400 000 rows take 26 MB


def kept_neighbors(plane: Plane, members: Sequence[int]) -> list[int]:
    """Return for each member how many of its ten nearest rows are its ten nearest on the map.

    Examples
    --------
    >>> from embedlab.traces.geometry.plane import fit_plane
    >>> kept_neighbors(fit_plane(UnitRows([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])), [0, 2])
    [2, 2]
    """
    points = plane.points.astype(np.float64)
    counts: list[int] = []
    for start in range(0, len(members), _AT_A_TIME):
        some = list(members[start : start + _AT_A_TIME])
        for row, near in zip(some, plane.rows.nearest(some, TEN), strict=True):
            counts.append(int(np.isin(near, nearest_in_plane(points, row)).sum()))
    return counts


def mean_cosine(rows: UnitRows, members: Sequence[int]) -> float | None:
    """Return the mean cosine of two members, over all pairs; None for fewer than two.

    A row of zeros has the cosine 0 with every other; rows with NaN are left out.

    Examples
    --------
    >>> mean_cosine(UnitRows([[3.0, 0.0], [0.0, 2.0], [1.0, 0.0]]), [0, 1, 2])
    0.3333333333333333
    """
    finite = np.array([row for row in members if np.isfinite(rows.lengths[row])], np.int64)
    if finite.size < 2:
        return None
    total = np.zeros(rows.shape[1])
    for start in range(0, finite.size, BLOCK):
        total += rows[finite[start : start + BLOCK]].sum(axis=0, dtype=np.float64)
    squares = float(np.square(rows.lengths[finite], dtype=np.float64).sum())
    return float((total @ total - squares) / (finite.size * (finite.size - 1)))
