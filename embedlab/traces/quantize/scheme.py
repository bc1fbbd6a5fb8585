"""What one way of quantizing makes of a table: codes, bytes, errors, neighbors, and a tenfold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.geometry import nearest
from embedlab.core.quantize import (
    QuantizedTable,
    quantization_report,
    quantized_lookup,
    unpack_int4,
)
from embedlab.traces.readonly import readonly_copy

__all__ = ["OutlierGrowth", "QuantizationScheme", "apply_scheme", "nearest_rows", "nibbles"]

TENFOLD = 10


@dataclass(frozen=True, eq=False, repr=False)
class OutlierGrowth:
    """What becomes of each row, and of all others, when its largest number grows tenfold.

    Attributes
    ----------
    codes : ndarray of int8, (V, D)
        Row r as it is coded after its own growth.
    scale, zero : ndarray, as in `QuantizedTable`
        The scale (and zero point) of row r after its own growth; zero may be None.
    largest_error : ndarray of float64, (V,)
        Of row r after its own growth.
    others : dict of int to tuple of int
        Row r -> the other rows whose codes or scales changed with it: found by quantizing the
        whole table anew. Only rows with such others are named.
    """

    codes: np.ndarray
    scale: np.ndarray
    zero: np.ndarray | None
    largest_error: np.ndarray
    others: dict[int, tuple[int, ...]]


@dataclass(frozen=True, eq=False, repr=False)
class QuantizationScheme:
    """What one way of quantizing made of the table. Its arrays are copies and read-only.

    Attributes
    ----------
    name : str
        "int8", "int4" (one scale a row), or "int4, groups of 4".
    quantized : Quantized
    codes : ndarray of int8, (V, D)
        Unpacked, one a number.
    restored : ndarray, (V, D)
        The floats that come back.
    scaled : ndarray, (V, D)
        Each number in steps, before it is rounded to a code (and before a zero point is added).
    steps : ndarray, (V, D)
        The distance between neighboring levels at each number.
    largest_error, half_step, cosine : ndarray of float64, (V,)
        As in `QuantizationReport`.
    nbytes : int
    order : ndarray of int64, (V, V - 1)
        For each row all others, the nearest first, in the table that comes back.
    similarity : ndarray, (V, V - 1)
        Their cosines.
    growth : Growth
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
    order: np.ndarray
    similarity: np.ndarray
    growth: OutlierGrowth

    def levels(self, row: int, column: int) -> np.ndarray:
        """Return every number that could stand at this place, from the lowest code up."""
        made, grouped = self.quantized, self.quantized.zero is not None
        low, high = (-8, 7) if made.bits == 4 else (-128 if grouped else -127, 127)
        codes = np.arange(low, high + 1).astype(np.float64)  # -8 / scale may leave float32
        if made.zero is None or made.block_size is None:
            return np.asarray(codes / made.scale[row])
        group = column // made.block_size
        return np.asarray((codes - made.zero[row, group]) * made.scale[row, group])


def apply_scheme(
    name: str,
    table: np.ndarray,
    grown: np.ndarray,
    make: Callable[[np.ndarray], QuantizedTable],
    flips: Iterable[tuple[int, int, int]] = (),
    given: QuantizedTable | None = None,
) -> QuantizationScheme:
    """Quantize a table one way and record all of it.

    Parameters
    ----------
    name : str
    table : ndarray, (V, D)
    grown : ndarray, (V, D)
        The table with the largest number of every row ten times as large.
    make : callable
        From a table to a `QuantizedTable`.
    flips : iterable of (row, byte, bit)
        Bits of the stored codes to turn over, bit 0 being the lowest; what lies outside is left.
    given : Quantized, optional
        What the table was quantized to already; made anew otherwise.
    """
    plain = make(table) if given is None else given
    made = _flipped(plain, flips)
    rows, width = made.shape
    report = quantization_report(table, made)
    restored = quantized_lookup(made, np.arange(rows))
    group = np.arange(width) // (made.block_size or width)
    wide, scale = table.astype(made.scale.dtype), made.scale.reshape(rows, -1)[:, group]  # (V, D)
    order, similarity = nearest_rows(restored)
    return QuantizationScheme(
        name,
        made,
        readonly_copy(_unpacked(made)),
        readonly_copy(restored),
        readonly_copy(wide * scale if made.zero is None else wide / scale),
        readonly_copy(made.step.reshape(rows, -1)[:, group]),
        readonly_copy(report.largest_error),
        readonly_copy(report.half_step),
        readonly_copy(report.cosine),
        report.bytes_after,
        order,
        similarity,
        _grow(table, grown, make, make(table)),
    )


def nearest_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row all others, the nearest first, and their cosines: (V, V - 1) each."""
    rows = len(table)
    if rows < 2:
        return readonly_copy(np.empty((rows, 0), np.int64)), readonly_copy(
            np.empty((rows, 0), table.dtype)
        )
    found = nearest(table, table, rows - 1, exclude=np.arange(rows)[:, None])
    return readonly_copy(found.ids), readonly_copy(found.similarities)


def _flipped(made: QuantizedTable, flips: Iterable[tuple[int, int, int]]) -> QuantizedTable:
    codes = np.array(made.codes)
    stored = codes.view(np.uint8)
    for row, byte, bit in flips:
        if row < stored.shape[0] and byte < stored.shape[1] and bit < 8:
            stored[row, byte] ^= np.uint8(1 << bit)
    zero = None if made.zero is None else readonly_copy(made.zero)
    return QuantizedTable(
        readonly_copy(codes),
        readonly_copy(made.scale),
        zero,
        made.output_dim,
        made.bits,
        made.block_size,
    )


def _grow(
    table: np.ndarray,
    grown: np.ndarray,
    make: Callable[[np.ndarray], QuantizedTable],
    plain: QuantizedTable,
) -> OutlierGrowth:
    """Let rows grow and quantize the whole table anew, so that nothing is taken for granted.

    A run for each row would take 192 runs for 64 rows and three ways. Here half of the rows grow
    in each of 12 runs, and of any two rows there is a run in which one grows and the other does
    not. Whoever changes there is looked at alone.
    """
    rows = len(table)
    codes, scale = np.array(plain.codes), np.array(plain.scale)
    zero = None if plain.zero is None else np.array(plain.zero)
    before = _parts(plain)
    touched = np.ones((rows, rows), bool)  # [r, other]: changed whenever r grew and it did not
    for grew in nibbles(rows):
        made = make(np.where(grew[:, None], grown, table))
        codes[grew], scale[grew] = made.codes[grew], made.scale[grew]
        if zero is not None and made.zero is not None:
            zero[grew] = made.zero[grew]
        changed = (_parts(made) != before).any(axis=1)
        touched[np.ix_(grew, ~grew)] &= changed[~grew]
    np.fill_diagonal(touched, False)
    others = {}
    for row in np.flatnonzero(touched.any(axis=1)):  # none, unless rows hang together
        alone = table.copy()
        alone[row] = grown[row]
        changed = (_parts(make(alone)) != before).any(axis=1) & touched[row]
        if changed.any():
            others[int(row)] = tuple(np.flatnonzero(changed).tolist())
    after = QuantizedTable(codes, scale, zero, plain.output_dim, plain.bits, plain.block_size)
    back = quantized_lookup(after, np.arange(rows)).astype(np.float64)
    return OutlierGrowth(
        readonly_copy(_unpacked(after)),
        readonly_copy(scale),
        None if zero is None else readonly_copy(zero),
        readonly_copy(np.abs(back - grown).max(axis=1, initial=0)),
        others,
    )


def nibbles(rows: int) -> Iterator[np.ndarray]:
    """Return halves of the rows, as masks, so that any two rows are parted both ways round."""
    for bit in range(max(1, (rows - 1).bit_length())):
        half = (np.arange(rows) >> bit) & 1 == 1
        yield half
        yield ~half


def _parts(made: QuantizedTable) -> np.ndarray:
    """Return the stored bytes of each row side by side: codes, scales, zero points."""
    parts: list[Any] = [made.codes, made.scale.reshape(len(made.codes), -1)]
    if made.zero is not None:
        parts.append(made.zero)
    return np.concatenate([np.ascontiguousarray(part).view(np.uint8) for part in parts], axis=1)


def _unpacked(made: QuantizedTable) -> np.ndarray:
    return made.codes if made.bits == 8 else unpack_int4(made.codes, made.output_dim)
