"""One table as small integers, recorded: levels, errors, bytes, and who stays whose neighbour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.dequantize import quantized_lookup
from embedlab.core.ids import id_error
from embedlab.core.nearest import nearest
from embedlab.core.pack import unpack_int4
from embedlab.core.quantize import quantize
from embedlab.core.quantize_report import quantization_report
from embedlab.core.quantized import Quantized
from embedlab.core.table import ShapeError, as_table, check_size
from embedlab.traces.frozen import frozen
from embedlab.traces.wording import counted, number, several, shown

__all__ = ["QuantizationTrace", "QuantizedWay", "trace_quantize"]


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedWay:
    """What one way of quantising made of the table. Its arrays are copies and read-only.

    Attributes
    ----------
    name : str
        "int8", "int4" (one scale a row), or "int4, groups of 4".
    quantized : Quantized
    codes : ndarray of int8, (V, D)
        Unpacked, one a number.
    restored : ndarray, (V, D)
        The floats that come back.
    step : ndarray, (D,)
        The distance between neighbouring levels, at each number of the row chosen.
    largest_error, half_step, cosine : ndarray of float64, (V,)
        As in `QuantizationReport`.
    nbytes : int
    neighbours : ndarray of int64, (K,)
        The rows nearest to the one chosen, in the table that comes back.
    """

    name: str
    quantized: Quantized
    codes: np.ndarray
    restored: np.ndarray
    step: np.ndarray
    largest_error: np.ndarray
    half_step: np.ndarray
    cosine: np.ndarray
    nbytes: int
    neighbours: np.ndarray

    def levels(self, row: int, column: int) -> np.ndarray:
        """Give every number that could stand at this place, from the lowest code up."""
        made, grouped = self.quantized, self.quantized.zero is not None
        low, high = (-8, 7) if made.bits == 4 else (-128 if grouped else -127, 127)
        codes = np.arange(low, high + 1).astype(made.scale.dtype)
        if made.zero is None or made.block_size is None:
            return np.asarray(codes / made.scale[row])
        group = column // made.block_size
        return np.asarray((codes - made.zero[row, group]) * made.scale[row, group])


@dataclass(frozen=True, eq=False, repr=False)
class QuantizationTrace:
    """The record of one table quantised in three ways, seen at one row.

    Attributes
    ----------
    table : ndarray, (V, D), read-only
    words : tuple of str, V labels
    row : int
    neighbours : ndarray of int64, (K,)
        The rows nearest to it before.
    ways : dict of str to QuantizedWay
        "int8" and "int4" with one scale a row, and "groups": int4 in blocks.

    Examples
    --------
    >>> trace = trace_quantize(np.array([[1.0, 0.26, -0.5], [0.0, 0.0, 0.5]]), block_size=2)
    >>> {name: way.nbytes for name, way in trace.ways.items()}, trace.bytes_before
    ({'int8': 22, 'int4': 20, 'groups': 40}, 48)
    """

    table: np.ndarray
    words: tuple[str, ...]
    row: int
    neighbours: np.ndarray
    ways: dict[str, QuantizedWay]

    @property
    def bytes_before(self) -> int:
        """What the floats take."""
        return self.table.nbytes

    def errors(self, way: str) -> np.ndarray:
        """Give what comes back minus what was there, (V, D)."""
        return np.asarray(self.ways[way].restored - self.table)

    def kept(self, way: str) -> int:
        """Give how many of the nearest rows before are still among them."""
        return int(np.isin(self.neighbours, self.ways[way].neighbours).sum())

    @property
    def summary(self) -> str:
        """Say the run in a few lines, with its numbers; the same on every machine."""
        rows, width = self.table.shape
        lines = [
            f"table   ({rows}, {width}) {self.table.dtype}, {counted(self.bytes_before, 'byte')}",
            f"row     {self._name(self.row)}: "
            + several([number(v) for v in self.table[self.row]], 8, between=" "),
        ]
        for name, way in self.ways.items():
            codes = [counted(int(code)) for code in way.codes[self.row]]
            lines += [
                f"{name:<7} {several(codes, 8, between=' ')}",
                f"        {counted(way.nbytes, 'byte')}, largest error "
                f"{number(way.largest_error[self.row], 4)} (half a step "
                f"{number(way.half_step[self.row], 4)}), {self.kept(name)} of "
                f"{counted(len(self.neighbours), 'neighbour')} kept",
            ]
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        said = [
            f"{way.name}: {counted(way.nbytes, 'byte')}, largest error "
            f"{number(way.largest_error[self.row], 4)}, {self.kept(name)} of "
            f"{len(self.neighbours)} neighbours kept"
            for name, way in self.ways.items()
        ]
        return (
            f"{self._name(self.row)} of a table of {counted(len(self.table), 'row')} and "
            f"{counted(self.table.shape[1], 'column')}, {counted(self.bytes_before, 'byte')}. "
            f"{'; '.join(said)}."
        )

    def __repr__(self) -> str:
        return f"QuantizationTrace({self.table.shape}, row {self.row})"

    def _name(self, row: int) -> str:
        return f"{shown(self.words[row])} (row {row})" if self.words[row] else f"row {row}"


def trace_quantize(
    table: Any,
    row: int = 0,
    *,
    block_size: int = 4,
    neighbours: int = 5,
    words: Sequence[str] | None = None,
) -> QuantizationTrace:
    """Record what int8 and int4 make of a table, with a scale for each row or for each group.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, finite
    row : int, 0 <= row < V
        The row to look at.
    block_size : int
        Numbers in a group.
    neighbours : int
        How many of the nearest rows to compare before and after.
    words : sequence of str, optional

    Returns
    -------
    QuantizationTrace

    Raises
    ------
    IdError
        For a row outside the table.
    NotFiniteError, ShapeError, DtypeError, ValueError
        As `embedlab.core.quantize.quantize`.

    Examples
    --------
    >>> table = np.array([[1.0, 0.26, -0.6, 0.1], [0.0, 0.0, 0.5, 0.2]], np.float32)
    >>> print(trace_quantize(table, block_size=2).summary)
    table   (2, 4) float32, 32 bytes
    row     row 0: 1.00 0.26 −0.60 0.10
    int8    127 33 −76 13
            16 bytes, largest error 0.0024 (half a step 0.0039), 1 of 1 neighbour kept
    int4    7 2 −4 1
            12 bytes, largest error 0.0429 (half a step 0.0714), 1 of 1 neighbour kept
    groups  7 −4 −8 7
            24 bytes, largest error 0.0067 (half a step 0.0333), 1 of 1 neighbour kept
    """
    table = np.array(as_table(table))
    row = check_size(row, "row", least=0)
    if row >= len(table):
        raise id_error(np.array([row]), len(table))
    if not table.shape[1]:
        raise ShapeError(
            f"table must have at least one column. Received {table.shape}. "
            "There is nothing to quantise."
        )
    k = min(check_size(neighbours, "neighbours", least=0), len(table) - 1)
    ways = {
        "int8": _way("int8", table, quantize(table, 8), row, k),
        "int4": _way("int4", table, quantize(table, 4), row, k),
    }
    grouped = quantize(table, 4, check_size(block_size, "block_size"))
    ways["groups"] = _way(f"int4, groups of {grouped.block_size}", table, grouped, row, k)
    labels = tuple([*(words or ()), *[""] * len(table)][: len(table)])
    return QuantizationTrace(frozen(table), labels, row, _nearest(table, row, k), ways)


def _way(name: str, table: np.ndarray, made: Quantized, row: int, k: int) -> QuantizedWay:
    report = quantization_report(table, made)
    restored = quantized_lookup(made, np.arange(len(table)))
    codes = made.codes if made.bits == 8 else unpack_int4(made.codes, made.output_dim)
    group = np.arange(made.output_dim) // (made.block_size or made.output_dim)  # (D,)
    step = made.step.reshape(len(table), -1)[row, group]
    parts = (frozen(made.codes), frozen(made.scale))
    zero = None if made.zero is None else frozen(made.zero)
    return QuantizedWay(
        name, Quantized(*parts, zero, made.output_dim, made.bits, made.block_size), frozen(codes),
        frozen(restored), frozen(step), frozen(report.largest_error), frozen(report.half_step),
        frozen(report.cosine), report.bytes_after, _nearest(restored, row, k),
    )  # fmt: skip


def _nearest(table: np.ndarray, row: int, k: int) -> np.ndarray:
    if not k:
        return frozen(np.empty(0, np.int64))
    return frozen(nearest(table, table[row], k, exclude=[row]).ids)
