"""Quantization of one table, recorded: codes, errors, bytes, and neighbors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_size
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.quantize import QuantizedTable, quantize
from embedlab.traces.quantize.scheme import (
    TENFOLD,
    QuantizedWhole,
    SchemeResult,
    apply_scheme,
    nearest_rows,
    quantize_whole,
)
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["SCHEMES", "QuantizationTrace", "SchemeResult", "quantize_schemes", "trace_quantize"]

SCHEMES = ("int8", "int4", "groups")
"""8 bits and 4 bits with one scale for each row, and 4 bits with a scale for each group."""

NEAREST_MAX = 64
"""The nearest rows that are recorded of a table of which some rows are chosen."""


@dataclass(frozen=True, eq=False, repr=False)
class QuantizationTrace:
    """The record of one table quantized with three methods.

    Attributes
    ----------
    shape : (V, D)
    rows : ndarray of int64, (R,)
        The recorded rows, sorted: all, unless some were chosen.
    table : ndarray, (R, D), read-only
        The recorded rows.
    words : tuple of str, V labels
    row : int
        The row of the summary and the picture.
    k : int
        The number of neighbors that are compared.
    order : ndarray of int64, (R, K)
        For each row the nearest others, the nearest first, in the float table: all V - 1, or
        `NEAREST_MAX` where some rows were chosen.
    similarity : ndarray, (R, K)
        Their cosine similarities.
    largest : ndarray of int64, (R,)
        The column of the largest absolute value of each row; the first of equals.
    grown : ndarray, (R,)
        Ten times that number; the number itself if that overflows.
    schemes : dict of str to SchemeResult
        "int8" and "int4" with one scale a row, and "groups": int4 in blocks.

    Examples
    --------
    >>> trace = trace_quantize(np.array([[1.0, 0.26, -0.5], [0.0, 0.0, 0.5]]), block_size=2)
    >>> {name: scheme.nbytes for name, scheme in trace.schemes.items()}, trace.bytes_before
    ({'int8': 22, 'int4': 20, 'groups': 40}, 48)
    """

    shape: tuple[int, int]
    rows: np.ndarray
    table: np.ndarray
    words: tuple[str, ...]
    row: int
    k: int
    order: np.ndarray
    similarity: np.ndarray
    largest: np.ndarray
    grown: np.ndarray
    schemes: dict[str, SchemeResult]

    @property
    def bytes_before(self) -> int:
        """The bytes of the float table."""
        return self.shape[0] * self.shape[1] * self.table.itemsize

    def position(self, row: int | None = None) -> int:
        """Return the position of a row among those recorded; by default of the selected row."""
        return int(np.searchsorted(self.rows, self.row if row is None else row))

    def errors(self, scheme: str) -> np.ndarray:
        """Return the errors of the recorded rows, dequantized minus original, (R, D)."""
        return np.asarray(self.schemes[scheme].restored - self.table)

    def histogram(self, scheme: str) -> tuple[np.ndarray, float]:
        """Count the errors of the whole table in `BINS` bins from -reach to +reach.

        Returns
        -------
        counts : ndarray of int64, (BINS,)
        reach : float
            The largest error; if it is 0, all errors are in the middle bin.
        """
        result = self.schemes[scheme]
        return result.error_counts, float(result.largest_error.max(initial=0))

    def neighbors(self, scheme: str | None = None) -> np.ndarray:
        """Return the K rows nearest to `row`, in the float table or in a dequantized one."""
        order = self.order if scheme is None else self.schemes[scheme].order
        return order[self.position(), : self.k]

    def neighbors_kept(self, scheme: str, row: int | None = None) -> int:
        """Return how many of the K nearest rows are still among the K nearest."""
        at = self.position(row)
        before, after = self.order[at, : self.k], self.schemes[scheme].order[at, : self.k]
        return int(np.isin(before, after).sum())

    def changed(self, scheme: str, row: int | None = None) -> np.ndarray:
        """Return the columns of a row whose codes change when its largest number grows tenfold."""
        at = self.position(row)
        result = self.schemes[scheme]
        return np.flatnonzero(result.growth.codes[at] != result.codes[at])

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers; the same on every machine."""
        (rows, width), at = self.shape, self.position()
        lines = [
            f"table   ({rows}, {width}) {self.table.dtype}, "
            f"{format_count(self.bytes_before, 'byte')}",
            f"row     {self._name(self.row)}: "
            + join_some([format_number(v) for v in self.table[at]], 8, between=" "),
        ]
        for name, scheme in self.schemes.items():
            codes = [format_count(int(code)) for code in scheme.codes[at]]
            lines += [
                f"{name:<7} {join_some(codes, 8, between=' ')}",
                f"        {format_count(scheme.nbytes, 'byte')}, largest error "
                f"{format_number(scheme.largest_error[self.row], 4)} (half a step "
                f"{format_number(scheme.half_step[self.row], 4)}), {self.neighbors_kept(name)} of "
                f"{format_count(self.k, 'neighbor')} kept",
            ]
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        results = [
            f"{scheme.name}: {format_count(scheme.nbytes, 'byte')}, largest error "
            f"{format_number(scheme.largest_error[self.row], 4)}, {self.neighbors_kept(name)} of "
            f"{format_count(self.k, 'neighbor')} kept"
            for name, scheme in self.schemes.items()
        ]
        return (
            f"{self._name(self.row)} of a table of {format_count(self.shape[0], 'row')} and "
            f"{format_count(self.shape[1], 'column')}, "
            f"{format_count(self.bytes_before, 'byte')}. "
            f"{'; '.join(results)}."
        )

    def __repr__(self) -> str:
        return f"QuantizationTrace({self.shape}, row {self.row})"

    def _name(self, row: int) -> str:
        return f"{short_label(self.words[row])} (row {row})" if self.words[row] else f"row {row}"


def trace_quantize(
    table: Any,
    row: int = 0,
    *,
    block_size: int = 4,
    neighbors: int = 5,
    words: Sequence[str] | None = None,
    flips: Iterable[tuple[str, int, int, int]] = (),
    stored: Mapping[str, QuantizedTable] | None = None,
    record: Any = None,
    whole: Mapping[str, QuantizedWhole] | None = None,
) -> QuantizationTrace:
    """Record int8 and int4 quantization of a table, with a scale for each row or each group.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, finite
    row : int, 0 <= row < V
        The selected row.
    block_size : int
        The group size.
    neighbors : int
        The number of nearest rows to compare before and after.
    words : sequence of str, optional
    flips : iterable of (scheme, row, byte, bit)
        Bits of the stored codes to flip.
    stored : mapping of str to QuantizedTable, optional
        The codes of a quantized layer, by method; `table` is the dequantized table.
    record : array_like of int, optional
        The rows to record, `row` among them; by default all. The errors, bytes and neighbors are
        always those of the whole table.
    whole : mapping of str to QuantizedWhole, optional
        The result of `quantize_schemes` for the same table, block size, flips and codes.

    Returns
    -------
    QuantizationTrace

    Raises
    ------
    IdError
        For a row outside the table.
    NotFiniteError, ShapeError, DtypeError, ValueError
        As `embedlab.core.quantize.rows.quantize`.

    Examples
    --------
    >>> table = np.array([[1.0, 0.26, -0.6, 0.1], [0.0, 0.0, 0.5, 0.2]], np.float32)
    >>> print(trace_quantize(table, block_size=2).summary)
    table   (2, 4) float32, 32 bytes
    row     row 0: 1.00 0.26 −0.60 0.10
    int8    127 33 −76 13
            16 bytes, largest error 0.0024 (half a step 0.0039), 1 of 1 neighbor kept
    int4    7 2 −4 1
            12 bytes, largest error 0.0429 (half a step 0.0714), 1 of 1 neighbor kept
    groups  7 −4 −8 7
            24 bytes, largest error 0.0067 (half a step 0.0333), 1 of 1 neighbor kept
    """
    table = as_table(table)
    row = check_size(row, "row", least=0)
    if row >= len(table):
        raise out_of_range_error(np.array([row]), len(table))
    if not table.shape[1]:
        raise ShapeError(
            f"table must have at least one column. Received {table.shape}. Pass one with columns."
        )
    k = min(check_size(neighbors, "neighbors", least=0), len(table) - 1)
    block = min(check_size(block_size, "block_size"), table.shape[1])
    titles = {"int8": "int8", "int4": "int4", "groups": f"int4, groups of {block}"}
    if whole is None:
        whole = quantize_schemes(table, block, flips, stored)
    rows = np.arange(len(table)) if record is None else np.unique([*as_ids(record), row])
    recorded = readonly_copy(table[rows])
    largest = np.abs(recorded).argmax(axis=1)
    at = (np.arange(rows.size), largest)
    grown = recorded.copy()
    with np.errstate(over="ignore"):
        tenfold = recorded[at] * recorded.dtype.type(TENFOLD)
    grown[at] = np.where(np.isfinite(tenfold), tenfold, recorded[at])
    most = len(table) - 1 if rows.size == len(table) else NEAREST_MAX
    schemes = {
        name: apply_scheme(titles[name], whole[name], table, rows, grown, make, nearest_max=most)
        for name, make in _makers(block).items()
    }
    labels = tuple([*(words or ()), *[""] * len(table)][: len(table)])
    return QuantizationTrace(
        (len(table), table.shape[1]),
        readonly_copy(rows),
        recorded,
        labels,
        row,
        k,
        *nearest_rows(table, recorded, rows, most),
        readonly_copy(largest),
        readonly_copy(grown[at]),
        schemes,
    )


def quantize_schemes(
    table: np.ndarray,
    block_size: int,
    flips: Iterable[tuple[str, int, int, int]] = (),
    stored: Mapping[str, QuantizedTable] | None = None,
) -> dict[str, QuantizedWhole]:
    """Quantize a whole table with each method; parameters as `trace_quantize`.

    >>> sorted(quantize_schemes(np.ones((2, 2)), 2))
    ['groups', 'int4', 'int8']
    """
    flips = list(flips)
    return {
        name: quantize_whole(
            table,
            make,
            [(row, byte, bit) for scheme, row, byte, bit in flips if scheme == name],
            (stored or {}).get(name),
        )
        for name, make in _makers(min(block_size, table.shape[1])).items()
    }


def _makers(block: int) -> dict[str, Callable[[np.ndarray], QuantizedTable]]:
    kinds = {"int8": (8, None), "int4": (4, None), "groups": (4, block)}
    return {
        name: partial(_quantized, bits=bits, block=size) for name, (bits, size) in kinds.items()
    }


def _quantized(table: np.ndarray, bits: int, block: int | None) -> QuantizedTable:
    return quantize(table, bits, block)
