"""Where a lookup goes in memory: which lines its rows lie in, and which must be fetched again."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import check_size
from embedlab.core.ids import apply_out_of_range_rule, as_ids
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count

__all__ = ["LINE", "CacheLineTrace", "trace_cache_lines"]

LINE = 64
"""Bytes that memory hands over at a time, on nearly every computer."""


@dataclass(frozen=True, eq=False, repr=False)
class CacheLineTrace:
    """The lines of memory that a lookup asks for, one after the other. Its arrays are read-only.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
    lines : ndarray of int64, (A,)
        Every line that is asked for, in the order of asking; a row may need several.
    position : ndarray of int64, (A,)
        The position 0..N-1 whose row asks.
    fetched : ndarray of bool, (A,)
        Whether the line had to come from memory; otherwise the cache still held it.
    input_dim, row_bytes, line_bytes : int
        V; the bytes of a row; the bytes of a line.
    cache : int or None
        How many lines the cache holds; None: all.

    Examples
    --------
    >>> trace = trace_cache_lines([3, 2, 9], 16, 8)
    >>> trace.lines.tolist(), trace.fetched.tolist()  # rows 2 and 3 share a line
    ([1, 1, 4], [True, False, True])
    """

    ids: np.ndarray
    lines: np.ndarray
    position: np.ndarray
    fetched: np.ndarray
    input_dim: int
    row_bytes: int
    line_bytes: int
    cache: int | None

    @property
    def table_lines(self) -> int:
        """How many lines the whole table takes."""
        return -(-self.input_dim * self.row_bytes // self.line_bytes)

    @property
    def touched(self) -> int:
        """How many different lines the rows lie in: no order can fetch fewer."""
        return np.unique(self.lines).size

    @property
    def fetches(self) -> int:
        """How many lines came from memory, a line that was lost in between counted again."""
        return int(self.fetched.sum())

    @property
    def bytes_requested(self) -> int:
        """N rows, in bytes."""
        return self.ids.size * self.row_bytes

    @property
    def bytes_fetched(self) -> int:
        """What came from memory, in bytes: whole lines."""
        return self.fetches * self.line_bytes

    @property
    def summary(self) -> str:
        """Describe the run in three lines, with its numbers."""
        cache = "all lines" if self.cache is None else format_count(self.cache, "line")
        return "\n".join(
            (
                f"ids     {format_count(self.ids.size)}, rows of "
                f"{format_count(self.row_bytes, 'byte')}, "
                f"a table of {format_count(self.table_lines, 'line')}",
                f"lines   {format_count(self.touched)} touched, {format_count(self.fetches)} "
                "fetched; "
                f"the cache holds {cache}",
                f"bytes   {format_count(self.bytes_requested)} asked for, "
                f"{format_count(self.bytes_fetched)} "
                "fetched",
            )
        )

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        cache = "as large as it need be" if self.cache is None else f"of {self.cache}"
        return (
            f"{format_count(self.ids.size, 'id')} ask for {format_count(self.lines.size, 'line')}, "
            f"{format_count(self.touched)} of them different, of "
            f"{format_count(self.table_lines)} in the "
            f"table. With a cache {cache}, {format_count(self.fetches)} come from memory."
        )

    def __repr__(self) -> str:
        return f"MemoryTrace({self.touched} lines touched, {self.fetches} fetched)"


def trace_cache_lines(
    ids: Any,
    input_dim: int,
    output_dim: int,
    *,
    itemsize: int = 4,
    cache: int | None = None,
    line: int = LINE,
) -> CacheLineTrace:
    """Record which lines of memory the rows of `ids` lie in, and which of them are fetched.

    Parameters
    ----------
    ids : array_like of int, any shape
        0 <= id < V, read in their order.
    input_dim, output_dim : int
        V and D. Row i begins D · itemsize · i bytes after the start of the table, and the table
        at the start of a line.
    itemsize : int
        Bytes of a weight: 4 for float32, 1 for int8.
    cache : int, optional
        How many lines the cache holds. It keeps those that were asked for last; without a number
        it keeps all.
    line : int
        Bytes of a line.

    Returns
    -------
    MemoryTrace

    Raises
    ------
    IdError, IdTypeError
        As `embedlab.lookup`.
    ValueError
        For sizes below 1.

    Notes
    -----
    Counted from addresses, not measured: a real cache has several levels, and processors fetch
    ahead what they expect.

    Examples
    --------
    >>> shuffled = trace_cache_lines([0, 9, 1, 8], 16, 8, cache=1)
    >>> ordered = trace_cache_lines([0, 1, 8, 9], 16, 8, cache=1)
    >>> shuffled, ordered
    (MemoryTrace(2 lines touched, 4 fetched), MemoryTrace(2 lines touched, 2 fetched))
    """
    rows = check_size(input_dim, "input_dim")
    row_bytes = check_size(output_dim, "output_dim") * check_size(itemsize, "itemsize")
    line = check_size(line, "line")
    if cache is not None:
        cache = check_size(cache, "cache")
    flat = apply_out_of_range_rule(as_ids(ids), rows).reshape(-1)
    first = flat * row_bytes // line
    count = (flat * row_bytes + row_bytes - 1) // line - first + 1  # lines of each row, (N,)
    position = np.repeat(np.arange(flat.size), count)  # (A,)
    ahead = np.arange(position.size) - np.repeat(np.cumsum(count) - count, count)
    lines = first[position] + ahead
    return CacheLineTrace(
        readonly_copy(flat, np.int64),
        readonly_copy(lines),
        readonly_copy(position),
        readonly_copy(_fetched(lines, cache)),
        rows,
        row_bytes,
        line,
        cache,
    )


def _fetched(lines: np.ndarray, cache: int | None) -> np.ndarray:
    """Say for each line that is asked for whether it must come from memory."""
    fetched = np.zeros(lines.size, bool)
    held: OrderedDict[int, None] = OrderedDict()  # the line that was asked for last comes last
    for n, line in enumerate(lines.tolist()):
        if line in held:
            held.move_to_end(line)
            continue
        fetched[n] = True
        held[line] = None
        if cache is not None and len(held) > cache:
            held.popitem(last=False)
    return fetched
