"""Rows of a table scaled to length 1: computed once, or block by block for a table on disk."""

from typing import Any

import numpy as np

from embedlab.core.checks import as_table
from embedlab.core.geometry import normalize_rows
from embedlab.traces.readonly import is_mapped, readonly_copy

__all__ = ["BLOCK", "UnitRows", "largest", "unit_directions"]

SCALED_MAX = 2**27
"""Numbers of a memory-mapped table of which a scaled copy is kept, 512 MB in float32."""

BLOCK = 4096
"""Rows that are read at a time."""
FEW = 256  # values for each that is searched, from which a part of them is looked at first


class UnitRows:
    """The rows of a table scaled to length 1; zero rows stay zero, rows with NaN or ∞ become NaN.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        A large memory-mapped table is read again for every question; of any other table a
        scaled copy is kept, in float32 at least.

    Attributes
    ----------
    shape : (V, D)
    dtype : numpy.dtype
    lengths : ndarray, (V,)
        1; 0 for a row of zeros; NaN for a row with NaN or ∞.

    Examples
    --------
    >>> rows = UnitRows([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]])
    >>> rows[0].tolist(), rows.lengths.tolist(), rows.cosines(rows[:1]).tolist()
    ([0.6, 0.8], [1.0, 0.0, 1.0], [[1.0, 0.0, 0.8]])
    """

    def __init__(self, table: Any):
        array = as_table(table)
        self.shape: tuple[int, int] = (array.shape[0], array.shape[1])
        self.dtype = np.promote_types(array.dtype, np.float32)
        self._table = array
        self._is_scaled = not is_mapped(array) or array.size <= SCALED_MAX
        lengths = np.empty(len(array), np.float32)
        scaled = np.empty(self.shape if self._is_scaled else (0, 0), self.dtype)
        for start, block in self._scaled_blocks(array):
            part = slice(start, start + len(block))
            invalid = np.isnan(block[:, :1]).any(axis=1)  # then all numbers of the row are NaN
            lengths[part] = np.where(invalid, np.nan, block.any(axis=1))
            if self._is_scaled:
                scaled[part] = block
        if self._is_scaled:
            scaled.flags.writeable = False
            self._table = scaled
        lengths.flags.writeable = False
        self.lengths = lengths

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        chosen = self._table[rows]
        if self._is_scaled:
            return chosen
        return unit_directions(chosen) if chosen.ndim == 2 else unit_directions(chosen[None])[0]

    def first(self, count: int) -> "UnitRows":
        """Return the first `count` rows, without a copy."""
        part = object.__new__(UnitRows)
        part.shape, part.dtype = (min(count, len(self)), self.shape[1]), self.dtype
        part._table, part._is_scaled = self._table[:count], self._is_scaled
        part.lengths = self.lengths[:count]
        return part

    def whole(self) -> np.ndarray:
        """Return all rows, (V, D), read-only."""
        return self._table if self._is_scaled else unit_directions(self._table)

    def blocks(self) -> Any:
        """Yield the number of the first row of each block, and the block."""
        if not self._is_scaled:
            yield from self._scaled_blocks(self._table)
            return
        for start in range(0, len(self), BLOCK):
            yield start, self._table[start : start + BLOCK]

    def cosines(self, queries: np.ndarray) -> np.ndarray:
        """Return the cosine of each query (Q, D) with each row: (Q, V), NaN for invalid rows.

        The queries are scaled here; a query of zeros has the cosine 0 with every row.
        """
        directions = normalize_rows(queries.astype(self.dtype)).T
        with np.errstate(invalid="ignore"):
            if self._is_scaled:
                products = self._table @ directions
            else:
                products = np.concatenate([block @ directions for _, block in self.blocks()])
            return np.clip(products, -1, 1, out=products).T

    def _scaled_blocks(self, table: np.ndarray) -> Any:
        for start in range(0, len(table), BLOCK):
            yield start, unit_directions(table[start : start + BLOCK])


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
    if not invalid.any():
        return readonly_copy(normalize_rows(single), single.dtype)
    return readonly_copy(
        np.where(invalid, np.nan, normalize_rows(np.where(invalid, 0, single))), single.dtype
    )


def largest(values: np.ndarray, k: int, exclude: Any = ()) -> np.ndarray:
    """Return the positions of the k largest values, the largest first; of equals the first.

    Parameters
    ----------
    values : ndarray, (V,)
        NaN is never among them.
    k : int
    exclude : sequence of int
        Positions to leave out.

    Examples
    --------
    >>> largest(np.array([0.5, np.nan, 0.9, 0.5, 0.7]), 3, exclude=[4]).tolist()
    [2, 0, 3]
    """
    depth = k + len(exclude)
    if values.size > FEW * depth:  # the k largest are among those above the k-th of a part
        part = -values[::16]
        bound = -np.partition(part, depth)[depth]
        if not np.isnan(bound):
            some = np.flatnonzero(values >= bound)
            if some.size < values.size:
                without = np.flatnonzero(np.isin(some, exclude))
                return some[largest(values[some], k, without)]
    scores = np.where(np.isnan(values), -np.inf, values)
    scores[np.asarray(exclude, np.int64)] = -np.inf
    k = min(k, int((scores > -np.inf).sum()))
    if k == 0:
        return np.zeros(0, np.int64)
    bound = np.partition(scores, scores.size - k)[scores.size - k]
    best = np.flatnonzero(scores >= bound)
    return best[np.argsort(-scores[best], kind="stable")][:k]
