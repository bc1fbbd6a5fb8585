"""Cache lines of a lookup, recorded: the lines of its rows, and the cache misses."""

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
"""Bytes of a cache line on nearly every computer."""


@dataclass(frozen=True, eq=False, repr=False)
class CacheLineTrace:
    """The cache lines that a lookup requests, in order. Its arrays are read-only.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
    lines : ndarray of int64, (A,)
        Every requested line, in order; a row may need several.
    position : ndarray of int64, (A,)
        The position 0..N-1 of the id whose row is read.
    fetched : ndarray of bool, (A,)
        Whether the request is a cache miss: the line is fetched from memory.
    input_dim, row_bytes, line_bytes : int
        V; the bytes of a row; the bytes of a line.
    cache : int or None
        The number of lines that the cache holds; None for all.

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
        """The number of lines of the whole table."""
        return -(-self.input_dim * self.row_bytes // self.line_bytes)

    @property
    def touched(self) -> int:
        """The number of different lines of the rows: no order can fetch fewer."""
        return np.unique(self.lines).size

    @property
    def fetches(self) -> int:
        """The number of cache misses; a line that was evicted in between counts again."""
        return int(self.fetched.sum())

    @property
    def bytes_requested(self) -> int:
        """The bytes of N rows."""
        return self.ids.size * self.row_bytes

    @property
    def bytes_fetched(self) -> int:
        """The bytes fetched from memory: whole lines."""
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
        return f"CacheLineTrace({self.touched} lines touched, {self.fetches} fetched)"


def trace_cache_lines(
    ids: Any,
    input_dim: int,
    output_dim: int,
    *,
    itemsize: int = 4,
    cache: int | None = None,
    line: int = LINE,
) -> CacheLineTrace:
    """Record the cache lines of the rows of `ids`, and which of them are fetched.

    Parameters
    ----------
    ids : array_like of int, any shape
        0 <= id < V, read in this order.
    input_dim, output_dim : int
        V and D. Row i begins D · itemsize · i bytes after the start of the table, and the table
        at the start of a line.
    itemsize : int
        Bytes of a weight: 4 for float32, 1 for int8.
    cache : int, optional
        The number of lines that the cache holds; the least recently used is evicted. By default
        it holds all.
    line : int
        Bytes of a line.

    Returns
    -------
    CacheLineTrace

    Raises
    ------
    IdError, IdTypeError
        As `embedlab.lookup`.
    ValueError
        For sizes below 1.

    Notes
    -----
    Counted from addresses, not measured: a real cache has several levels, and processors
    prefetch.

    Examples
    --------
    >>> shuffled = trace_cache_lines([0, 9, 1, 8], 16, 8, cache=1)
    >>> ordered = trace_cache_lines([0, 1, 8, 9], 16, 8, cache=1)
    >>> shuffled, ordered
    (CacheLineTrace(2 lines touched, 4 fetched), CacheLineTrace(2 lines touched, 2 fetched))
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
    """Return for each requested line whether it is a cache miss."""
    fetched = np.zeros(lines.size, bool)
    cached: OrderedDict[int, None] = OrderedDict()  # the most recently used line comes last
    for n, line in enumerate(lines.tolist()):
        if line in cached:
            cached.move_to_end(line)
            continue
        fetched[n] = True
        cached[line] = None
        if cache is not None and len(cached) > cache:
            cached.popitem(last=False)
    return fetched
