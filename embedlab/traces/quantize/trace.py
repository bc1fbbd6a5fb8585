"""Quantization of one table, recorded: codes, errors, bytes, and neighbors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_size
from embedlab.core.ids import out_of_range_error
from embedlab.core.quantize import QuantizedTable, quantize
from embedlab.traces.quantize.scheme import TENFOLD, QuantizationScheme, apply_scheme, nearest_rows
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["SCHEMES", "QuantizationScheme", "QuantizationTrace", "trace_quantize"]

SCHEMES = ("int8", "int4", "groups")
"""8 bits and 4 bits with one scale for each row, and 4 bits with a scale for each group."""

BINS = 21
"""Bins of the error histogram; an odd number, so that one is centered at 0."""


@dataclass(frozen=True, eq=False, repr=False)
class QuantizationTrace:
    """The record of one table quantized with three methods.

    Attributes
    ----------
    table : ndarray, (V, D), read-only
    words : tuple of str, V labels
    row : int
        The row of the summary and the picture.
    k : int
        The number of neighbors that are compared.
    order : ndarray of int64, (V, V - 1)
        For each row all others, the nearest first, in the float table.
    similarity : ndarray, (V, V - 1)
        Their cosine similarities.
    largest : ndarray of int64, (V,)
        The column of the largest absolute value of each row; the first of equals.
    grown : ndarray, (V,)
        Ten times that number; the number itself if that overflows.
    schemes : dict of str to QuantizationScheme
        "int8" and "int4" with one scale a row, and "groups": int4 in blocks.

    Examples
    --------
    >>> trace = trace_quantize(np.array([[1.0, 0.26, -0.5], [0.0, 0.0, 0.5]]), block_size=2)
    >>> {name: scheme.nbytes for name, scheme in trace.schemes.items()}, trace.bytes_before
    ({'int8': 22, 'int4': 20, 'groups': 40}, 48)
    """

    table: np.ndarray
    words: tuple[str, ...]
    row: int
    k: int
    order: np.ndarray
    similarity: np.ndarray
    largest: np.ndarray
    grown: np.ndarray
    schemes: dict[str, QuantizationScheme]

    @property
    def bytes_before(self) -> int:
        """The bytes of the float table."""
        return self.table.nbytes

    def errors(self, scheme: str) -> np.ndarray:
        """Return the errors, dequantized minus original, (V, D)."""
        return np.asarray(self.schemes[scheme].restored - self.table)

    def histogram(self, scheme: str) -> tuple[np.ndarray, float]:
        """Count the errors of the whole table in `BINS` bins from -reach to +reach.

        Returns
        -------
        counts : ndarray of int64, (BINS,)
        reach : float
            The largest error; if it is 0, all errors are in the middle bin.
        """
        errors = self.errors(scheme).astype(np.float64)
        reach = float(np.abs(errors).max(initial=0))
        counts, _ = np.histogram(errors, BINS, (-reach or -1.0, reach or 1.0))
        return counts, reach

    def neighbors(self, scheme: str | None = None) -> np.ndarray:
        """Return the K rows nearest to `row`, in the float table or in a dequantized one."""
        order = self.order if scheme is None else self.schemes[scheme].order
        return order[self.row, : self.k]

    def neighbors_kept(self, scheme: str, row: int | None = None) -> int:
        """Return how many of the K nearest rows are still among the K nearest."""
        at = self.row if row is None else row
        before, after = self.order[at, : self.k], self.schemes[scheme].order[at, : self.k]
        return int(np.isin(before, after).sum())

    def changed(self, scheme: str, row: int | None = None) -> np.ndarray:
        """Return the columns of a row whose codes change when its largest number grows tenfold."""
        at = self.row if row is None else row
        result = self.schemes[scheme]
        return np.flatnonzero(result.growth.codes[at] != result.codes[at])

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers; the same on every machine."""
        rows, width = self.table.shape
        lines = [
            f"table   ({rows}, {width}) {self.table.dtype}, "
            f"{format_count(self.bytes_before, 'byte')}",
            f"row     {self._name(self.row)}: "
            + join_some([format_number(v) for v in self.table[self.row]], 8, between=" "),
        ]
        for name, scheme in self.schemes.items():
            codes = [format_count(int(code)) for code in scheme.codes[self.row]]
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
            f"{self._name(self.row)} of a table of {format_count(len(self.table), 'row')} and "
            f"{format_count(self.table.shape[1], 'column')}, "
            f"{format_count(self.bytes_before, 'byte')}. "
            f"{'; '.join(results)}."
        )

    def __repr__(self) -> str:
        return f"QuantizationTrace({self.table.shape}, row {self.row})"

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
    table = np.array(as_table(table))
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
    kinds = {"int8": (8, None), "int4": (4, None), "groups": (4, block)}
    largest = np.abs(table).argmax(axis=1)
    at = (np.arange(len(table)), largest)
    grown = table.copy()
    with np.errstate(over="ignore"):
        tenfold = table[at] * table.dtype.type(TENFOLD)
    grown[at] = np.where(np.isfinite(tenfold), tenfold, table[at])
    flips = list(flips)
    schemes = {
        name: apply_scheme(
            titles[name],
            table,
            grown,
            partial(_quantized, bits=bits, block=size),
            [(r, byte, bit) for scheme, r, byte, bit in flips if scheme == name],
            (stored or {}).get(name),
        )
        for name, (bits, size) in kinds.items()
    }
    labels = tuple([*(words or ()), *[""] * len(table)][: len(table)])
    return QuantizationTrace(
        readonly_copy(table),
        labels,
        row,
        k,
        *nearest_rows(table),
        readonly_copy(largest),
        readonly_copy(grown[at]),
        schemes,
    )


def _quantized(table: np.ndarray, bits: int, block: int | None) -> QuantizedTable:
    return quantize(table, bits, block)
