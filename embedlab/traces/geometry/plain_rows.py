"""Rows of a table as they are, compared by Euclidean distance."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from embedlab.core.checks import as_table
from embedlab.traces.geometry.unit_rows import BLOCK, UnitRows, largest

__all__ = ["LENGTH_MAX", "PlainRows", "Rows"]

LENGTH_MAX = 1e30
"""A longer row counts as invalid: sums of its squares would leave single precision."""


class PlainRows:
    """The rows of a table as they are; rows with NaN or ∞ become NaN.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Not copied: nobody may change it.
    units : UnitRows, optional
        The same rows scaled to length 1, if they are known.

    Attributes
    ----------
    shape : (V, D)
    dtype : numpy.dtype
    table : ndarray, (V, D)
    units : UnitRows
    lengths : ndarray of float64, (V,)
        NaN for a row with NaN or ∞.

    Examples
    --------
    >>> rows = PlainRows([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]])
    >>> rows.lengths.tolist(), [near.tolist() for near in rows.nearest([0, 2], 2)]
    ([5.0, 0.0, 2.0], [[2, 1], [1, 0]])
    """

    metric = "euclidean"

    def __init__(self, table: Any, units: UnitRows | None = None):
        self.table = as_table(table)
        self.units = UnitRows(self.table) if units is None else units
        self.shape, self.dtype = self.units.shape, self.units.dtype
        self.lengths = np.where(self.units.norms <= LENGTH_MAX, self.units.norms, np.nan)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        chosen = self.table[rows].astype(self.dtype, copy=False)
        invalid = np.isnan(self.lengths[rows])
        if not invalid.any():
            return chosen
        return np.where(invalid[..., None], self.dtype.type(np.nan), chosen)

    def first(self, count: int) -> "PlainRows":
        """Return the first `count` rows, without a copy."""
        return PlainRows(self.table[:count], self.units.first(count))

    def whole(self) -> np.ndarray:
        """Return all rows, (V, D), read-only."""
        rows = self[:].view()
        rows.flags.writeable = False
        return rows

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first row of each block, and the block."""
        for start in range(0, len(self), size):
            yield start, self[start : start + size]

    def nearest(self, rows: Sequence[int] | np.ndarray, k: int) -> list[np.ndarray]:
        """Return for each of some rows the k nearest others, the nearest first."""
        cosines = self.units.cosines(np.nan_to_num(self.units[np.asarray(rows, np.int64)]))
        return [
            largest(-self.distances(self[row], values, k, [row]), k, [row])
            for row, values in zip(rows, cosines, strict=True)
        ]

    def distances(
        self, query: np.ndarray, cosines: np.ndarray, k: int, exclude: Sequence[int] = ()
    ) -> np.ndarray:
        """Return the distance of a query from each row, (V,) float64; NaN for invalid rows.

        Parameters
        ----------
        query : ndarray, (D,)
        cosines : ndarray, (V,)
            Its cosines with the rows.
        k : int
            The distances of the k nearest rows, without `exclude`, are exact. The others come from
            lengths and cosines, ``|u|² + |v|² - 2 |u| |v| cos``, a difference that loses digits.
        exclude : sequence of int
        """
        wide = query.astype(np.float64)
        length = np.sqrt(wide @ wide)
        if np.isnan(length):
            return np.full(len(self), np.nan)
        squares = length * length + self.lengths * (self.lengths - 2 * length * cosines)
        # A sum of D products has an error of D roundings at most, and so has a length.
        error = 4 * (self.shape[1] + 8) * np.finfo(self.dtype).eps * (length + self.lengths) ** 2
        most = squares + error
        most[np.isnan(most)] = np.inf
        most[list(exclude)] = np.inf
        bound = np.partition(most, k - 1)[k - 1] if most.size > k else np.inf
        near = np.flatnonzero(squares - error <= bound)
        distances = np.sqrt(np.maximum(squares, 0))
        for start in range(0, near.size, BLOCK):
            some = near[start : start + BLOCK]
            differences = self.table[some].astype(np.float64) - wide
            distances[some] = np.sqrt(np.einsum("rd,rd->r", differences, differences))
        return distances


Rows = UnitRows | PlainRows
"""Rows with a metric: scaled to length 1 for the cosine, as they are for Euclidean distance."""
