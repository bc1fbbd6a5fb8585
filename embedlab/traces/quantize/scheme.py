"""One quantization method for a table: codes, bytes, errors, neighbors, and outlier growth."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.geometry import nearest
from embedlab.core.quantize import (
    QuantizationReport,
    QuantizedTable,
    quantization_report,
    quantized_lookup,
    unpack_int4,
)
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "OutlierGrowth",
    "QuantizedWhole",
    "SchemeResult",
    "apply_scheme",
    "half_splits",
    "nearest_rows",
    "quantize_whole",
]

TENFOLD = 10
BINS = 21
"""Bins of the error histogram; an odd number, so that one is centered at 0."""

_CHUNK = 4096  # rows


@dataclass(frozen=True, eq=False, repr=False)
class OutlierGrowth:
    """The effect on each row, and on all others, when its largest number grows tenfold.

    Attributes
    ----------
    codes : ndarray of int8, (R, D)
        The codes of row r after the growth of row r.
    scale, zero : ndarray, as in `QuantizedTable`
        The scale and zero point of row r after the growth of row r; zero may be None.
    largest_error : ndarray of float64, (R,)
        The largest error of row r after its growth.
    others : dict of int to tuple of int
        Row r -> the other rows whose codes or scales changed with it, when the whole table is
        quantized again. Only rows with such others are keys.
    """

    codes: np.ndarray
    scale: np.ndarray
    zero: np.ndarray | None
    largest_error: np.ndarray
    others: dict[int, tuple[int, ...]]


@dataclass(frozen=True, eq=False, repr=False)
class SchemeResult:
    """The result of one quantization method. Its arrays are read-only copies.

    R is the number of recorded rows: V, unless some were chosen.

    Attributes
    ----------
    name : str
        "int8", "int4" (one scale a row), or "int4, groups of 4".
    quantized : QuantizedTable
        The whole table.
    codes : ndarray of int8, (R, D)
        The integer codes, unpacked.
    restored : ndarray, (R, D)
        The dequantized rows.
    scaled : ndarray, (R, D)
        Each number divided by its step, before rounding and before the zero point.
    steps : ndarray, (R, D)
        The distance between neighboring quantization levels at each number.
    largest_error, half_step, cosine : ndarray of float64, (V,)
        As in `QuantizationReport`.
    nbytes : int
    error_counts : ndarray of int64, (BINS,)
        How many errors of the whole table lie in each bin from −reach to reach.
    order : ndarray of int64, (R, K)
        For each row the nearest others of the whole table, the nearest first, in the dequantized
        table.
    similarity : ndarray, (R, K)
        Their cosine similarities.
    growth : OutlierGrowth
        Of the recorded rows.
    """

    name: str
    quantized: QuantizedTable
    codes: np.ndarray
    restored: np.ndarray
    scaled: np.ndarray
    steps: np.ndarray
    largest_error: np.ndarray
    half_step: np.ndarray
    cosine: np.ndarray
    nbytes: int
    error_counts: np.ndarray
    order: np.ndarray
    similarity: np.ndarray
    growth: OutlierGrowth

    def levels(self, row: int, column: int) -> np.ndarray:
        """Return the quantization levels of a number, from the lowest code up."""
        quantized, grouped = self.quantized, self.quantized.zero is not None
        low, high = (-8, 7) if quantized.bits == 4 else (-128 if grouped else -127, 127)
        codes = np.arange(low, high + 1).astype(np.float64)  # -8 / scale may leave float32
        if quantized.zero is None or quantized.block_size is None:
            return np.asarray(codes / quantized.scale[row])
        group = column // quantized.block_size
        return np.asarray((codes - quantized.zero[row, group]) * quantized.scale[row, group])


class QuantizedWhole(NamedTuple):
    """The result of one method for a whole table, whichever rows are recorded."""

    quantized: QuantizedTable
    report: QuantizationReport
    error_counts: np.ndarray


def quantize_whole(
    table: np.ndarray,
    make: Callable[[np.ndarray], QuantizedTable],
    flips: Iterable[tuple[int, int, int]] = (),
    stored: QuantizedTable | None = None,
) -> QuantizedWhole:
    """Quantize a table with one method, and compare the result with it.

    Parameters
    ----------
    table : ndarray, (V, D)
    make : callable
        A function from a table to a `QuantizedTable`.
    flips : iterable of (row, byte, bit)
        Bits of the stored codes to flip, bit 0 being the lowest; bits outside are ignored.
    stored : QuantizedTable, optional
        The quantized table, if it is known; by default `make` computes it.
    """
    quantized = _flipped(make(table) if stored is None else stored, flips)
    report = quantization_report(table, quantized)
    counts = _error_counts(table, quantized, float(report.largest_error.max(initial=0)))
    return QuantizedWhole(quantized, report, readonly_copy(counts))


def apply_scheme(
    name: str,
    whole: QuantizedWhole,
    table: np.ndarray,
    rows: np.ndarray,
    grown: np.ndarray,
    make: Callable[[np.ndarray], QuantizedTable],
    *,
    nearest_max: int,
) -> SchemeResult:
    """Record some rows of a table that was quantized with one method.

    Parameters
    ----------
    name : str
    whole : QuantizedWhole
    table : ndarray, (V, D)
    rows : ndarray of int64, (R,)
        The rows to record.
    grown : ndarray, (R, D)
        These rows with the largest number of each ten times as large.
    make : callable
        A function from a table to a `QuantizedTable`.
    nearest_max : int
        The number of nearest rows to record.
    """
    quantized, report = whole.quantized, whole.report
    count, width = len(rows), quantized.shape[1]
    restored = quantized_lookup(quantized, rows)
    group = np.arange(width) // (quantized.block_size or width)
    recorded = table[rows]
    wide = recorded.astype(quantized.scale.dtype)
    scale = quantized.scale[rows].reshape(count, -1)[:, group]  # (R, D)
    searched = restored if count == len(table) else quantized
    order, similarity = nearest_rows(searched, restored, rows, nearest_max)
    return SchemeResult(
        name,
        quantized,
        readonly_copy(_unpacked(quantized, rows)),
        readonly_copy(restored),
        readonly_copy(wide * scale if quantized.zero is None else wide / scale),
        readonly_copy(quantized.step[rows].reshape(count, -1)[:, group]),
        readonly_copy(report.largest_error),
        readonly_copy(report.half_step),
        readonly_copy(report.cosine),
        report.bytes_after,
        whole.error_counts,
        order,
        similarity,
        _grow(recorded, grown, make, make(recorded)),
    )


def nearest_rows(
    table: Any, queries: np.ndarray, rows: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each of some rows the nearest others, and their cosines: (R, K) each.

    Parameters
    ----------
    table : ndarray (V, D) or QuantizedTable
    queries : ndarray, (R, D)
        The rows themselves.
    rows : ndarray of int64, (R,)
        Their numbers.
    most : int
        The largest K.
    """
    count = min(most, len(table) - 1 if isinstance(table, np.ndarray) else table.shape[0] - 1)
    if not count:
        empty = readonly_copy(np.empty((len(rows), 0), np.int64))
        return empty, readonly_copy(np.empty((len(rows), 0), queries.dtype))
    neighbors = nearest(table, queries, count, exclude=rows[:, None])
    return readonly_copy(neighbors.ids), readonly_copy(neighbors.similarities)


def _error_counts(table: np.ndarray, quantized: QuantizedTable, reach: float) -> np.ndarray:
    """Count the errors of the whole table in `BINS` bins, some rows at a time."""
    counts = np.zeros(BINS, np.int64)
    if reach < np.finfo(np.float64).tiny:  # 0, or too small to be divided into bins
        reach = 1.0
    for first in range(0, len(table), _CHUNK):
        part = table[first : first + _CHUNK]
        restored = quantized_lookup(quantized, np.arange(first, first + len(part)))
        errors = (restored - part).astype(np.float64)
        counts += np.histogram(errors, BINS, (-reach, reach))[0]
    return counts


def _flipped(quantized: QuantizedTable, flips: Iterable[tuple[int, int, int]]) -> QuantizedTable:
    codes = np.array(quantized.codes)
    stored_bytes = codes.view(np.uint8)
    for row, byte, bit in flips:
        if row < stored_bytes.shape[0] and byte < stored_bytes.shape[1] and bit < 8:
            stored_bytes[row, byte] ^= np.uint8(1 << bit)
    zero = None if quantized.zero is None else readonly_copy(quantized.zero)
    return QuantizedTable(
        readonly_copy(codes),
        readonly_copy(quantized.scale),
        zero,
        quantized.output_dim,
        quantized.bits,
        quantized.block_size,
    )


def _grow(
    table: np.ndarray,
    grown: np.ndarray,
    make: Callable[[np.ndarray], QuantizedTable],
    plain: QuantizedTable,
) -> OutlierGrowth:
    """Grow rows and quantize the whole table again, without assuming that rows are independent.

    One run for each row would take 192 runs for 64 rows and three methods. Here half of the rows
    grow in each of 12 runs, and for any two rows there is a run in which one grows and the other
    does not. A row that changes there is tested with a run of its own.
    """
    rows = len(table)
    codes, scale = np.array(plain.codes), np.array(plain.scale)
    zero = None if plain.zero is None else np.array(plain.zero)
    before = _parts(plain)
    touched = np.ones((rows, rows), bool)  # [r, other]: changed whenever r grew and it did not
    for grew in half_splits(rows):
        quantized = make(np.where(grew[:, None], grown, table))
        codes[grew], scale[grew] = quantized.codes[grew], quantized.scale[grew]
        if zero is not None and quantized.zero is not None:
            zero[grew] = quantized.zero[grew]
        changed = (_parts(quantized) != before).any(axis=1)
        touched[np.ix_(grew, ~grew)] &= changed[~grew]
    np.fill_diagonal(touched, False)
    others = {}
    for row in np.flatnonzero(touched.any(axis=1)):  # none, if rows are independent
        one_grown = table.copy()
        one_grown[row] = grown[row]
        changed = (_parts(make(one_grown)) != before).any(axis=1) & touched[row]
        if changed.any():
            others[int(row)] = tuple(np.flatnonzero(changed).tolist())
    after = QuantizedTable(codes, scale, zero, plain.output_dim, plain.bits, plain.block_size)
    restored = quantized_lookup(after, np.arange(rows)).astype(np.float64)
    return OutlierGrowth(
        readonly_copy(_unpacked(after, np.arange(rows))),
        readonly_copy(scale),
        None if zero is None else readonly_copy(zero),
        readonly_copy(np.abs(restored - grown).max(axis=1, initial=0)),
        others,
    )


def half_splits(rows: int) -> Iterator[np.ndarray]:
    """Yield halves of the rows, as masks, such that any two rows are separated in both orders."""
    for bit in range(max(1, (rows - 1).bit_length())):
        half = (np.arange(rows) >> bit) & 1 == 1
        yield half
        yield ~half


def _parts(quantized: QuantizedTable) -> np.ndarray:
    """Return the stored bytes of each row: codes, scales and zero points."""
    parts: list[Any] = [quantized.codes, quantized.scale.reshape(len(quantized.codes), -1)]
    if quantized.zero is not None:
        parts.append(quantized.zero)
    return np.concatenate([np.ascontiguousarray(part).view(np.uint8) for part in parts], axis=1)


def _unpacked(quantized: QuantizedTable, rows: np.ndarray) -> np.ndarray:
    codes = quantized.codes[rows]
    return codes if quantized.bits == 8 else unpack_int4(codes, quantized.output_dim)
