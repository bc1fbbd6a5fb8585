"""Rows of a table scaled to length 1: copied, or scaled by one factor each when they are used."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from embedlab.core.checks import as_table
from embedlab.core.geometry import normalize_rows
from embedlab.traces.readonly import is_mapped, readonly_copy

__all__ = ["BLOCK", "UnitRows", "largest", "unit_directions"]

COPIED_MAX = 2**24
"""Numbers of a table of which a scaled copy is kept, 64 MB in float32."""

HALF_COPIED_MAX = 2**27
"""The same for a memory-mapped table in half precision, which takes long to convert."""

BLOCK = 4096
"""Rows that are read at a time."""
FEW = 256  # values for each that is searched, from which a part of them is looked at first


class UnitRows:
    """The rows of a table scaled to length 1; zero rows stay zero, rows with NaN or ∞ become NaN.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Of a large table that nobody can change, or that is memory-mapped, only the inverse length
        of each row is kept. Of any other a scaled copy is kept, in float32 at least.

    Attributes
    ----------
    shape : (V, D)
    dtype : numpy.dtype
    lengths : ndarray, (V,)
        1; 0 for a row of zeros; NaN for a row with NaN or ∞.
    norms : ndarray of float64, (V,)
        The lengths before; NaN for a row with NaN or ∞.

    Examples
    --------
    >>> rows = UnitRows([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]])
    >>> rows[0].tolist(), rows.lengths.tolist(), rows.cosines(rows[:1]).tolist()
    ([0.6, 0.8], [1.0, 0.0, 1.0], [[1.0, 0.0, 0.8]])
    """

    metric = "cosine"

    def __init__(self, table: Any):
        array = as_table(table)
        self.shape: tuple[int, int] = (array.shape[0], array.shape[1])
        self.dtype = np.promote_types(array.dtype, np.float32)
        self._table = array
        self._factors: np.ndarray | None = None
        self._extreme = np.zeros(0, np.int64)
        self.norms = np.empty(len(array))
        lengths = self._copy(array) if _is_copied(array) else self._measure(array)
        lengths.flags.writeable = False
        self.lengths = lengths

    def _copy(self, array: np.ndarray) -> np.ndarray:
        """Keep a scaled copy, and return `lengths`."""
        lengths, scaled = np.empty(len(array), np.float32), np.empty(self.shape, self.dtype)
        for start in range(0, len(array), BLOCK):
            part = slice(start, start + BLOCK)
            scaled[part] = block = unit_directions(array[part])
            self.norms[part] = _norms(array[part], block)
            invalid = np.isnan(block[:, :1]).any(axis=1)  # then all numbers of the row are NaN
            lengths[part] = np.where(invalid, np.nan, block.any(axis=1))
        scaled.flags.writeable = False
        self._table = scaled
        return lengths

    def _measure(self, array: np.ndarray) -> np.ndarray:
        """Keep the inverse length of each row, and return `lengths`.

        Rows whose squares overflow or lose digits are `_extreme`: they are scaled each time.
        """
        least, most = np.finfo(self.dtype).tiny * 1e10, np.finfo(self.dtype).max / 1e3
        lengths, factors = np.ones(len(array), np.float32), np.empty(len(array), self.dtype)
        extreme = []
        for start, block in self._raw_blocks():
            part = slice(start, start + len(block))
            with np.errstate(all="ignore"):
                squares = np.einsum("rd,rd->r", block, block)
                odd = np.flatnonzero(~((squares >= least) & (squares <= most)))
                self.norms[part] = norms = np.sqrt(squares)
                factors[part] = 1 / norms
            if odd.size:
                scaled = unit_directions(block[odd])
                self.norms[start + odd] = _norms(block[odd], scaled)
                lengths[start + odd] = np.where(np.isnan(scaled[:, 0]), np.nan, scaled.any(axis=1))
                factors[start + odd] = 0
                extreme.append(start + odd)
        self._factors = factors
        self._extreme = np.concatenate(extreme) if extreme else self._extreme
        return lengths

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        chosen = self._table[rows]
        if self._factors is None:
            return chosen
        factors = self._factors[rows]
        if factors.all():  # no extreme row
            return np.asarray(chosen * factors[..., None], self.dtype)
        return unit_directions(chosen) if chosen.ndim == 2 else unit_directions(chosen[None])[0]

    @property
    def units(self) -> "UnitRows":
        """The rows themselves, as `PlainRows` have them."""
        return self

    def first(self, count: int) -> "UnitRows":
        """Return the first `count` rows, without a copy."""
        part = object.__new__(UnitRows)
        part.shape, part.dtype = (min(count, len(self)), self.shape[1]), self.dtype
        part._table, part.lengths = self._table[:count], self.lengths[:count]
        part.norms = self.norms[:count]
        part._factors = None if self._factors is None else self._factors[:count]
        part._extreme = self._extreme[self._extreme < count]
        return part

    def whole(self) -> np.ndarray:
        """Return all rows, (V, D), read-only."""
        return self._table if self._factors is None else unit_directions(self._table)

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first row of each block, and the block."""
        for start in range(0, len(self), size):
            yield start, self[start : start + size]

    def nearest(self, rows: Sequence[int] | np.ndarray, k: int) -> list[np.ndarray]:
        """Return for each of some rows the k nearest others, the nearest first."""
        cosines = self.cosines(np.nan_to_num(self[np.asarray(rows, np.int64)]))
        return [
            largest(values, k if np.isfinite(self.lengths[row]) else 0, [row])
            for row, values in zip(rows, cosines, strict=True)
        ]

    def cosines(self, queries: np.ndarray) -> np.ndarray:
        """Return the cosine of each query (Q, D) with each row: (Q, V), NaN for invalid rows.

        The queries are scaled here; a query of zeros has the cosine 0 with every row.
        """
        directions = normalize_rows(queries.astype(self.dtype)).T
        with np.errstate(over="ignore", invalid="ignore"):
            if self._table.dtype == self.dtype:
                products = self._table @ directions
            else:
                products = np.concatenate([block @ directions for _, block in self._raw_blocks()])
            if self._factors is not None:
                products *= self._factors[:, None]
                for start in range(0, self._extreme.size, BLOCK):
                    some = self._extreme[start : start + BLOCK]
                    products[some] = self[some] @ directions
            return np.clip(products, -1, 1, out=products).T

    def _raw_blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        for start in range(0, len(self), BLOCK):
            yield start, self._table[start : start + BLOCK].astype(self.dtype, copy=False)


def _is_copied(array: np.ndarray) -> bool:
    """Return whether a scaled copy of a table is kept."""
    half = array.dtype.itemsize == 2
    if array.size <= (HALF_COPIED_MAX if half else COPIED_MAX):
        return True
    return not is_mapped(array) and (half or array.flags.writeable)


def _norms(rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the lengths of rows, from their directions: no square overflows."""
    with np.errstate(invalid="ignore"):
        return np.einsum("rd,rd->r", rows, directions, dtype=np.float64)


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
