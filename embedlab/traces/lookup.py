"""One lookup, recorded: the rows read, the output, and the cost of a one-hot matmul."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table
from embedlab.core.ids import IdError, apply_out_of_range_rule, as_ids
from embedlab.core.lookup import lookup, onehot_lookup
from embedlab.traces.readonly import is_frozen
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["LookupTrace", "trace_lookup"]

ONEHOT_MAX = 2**25
"""The largest one-hot matrix that is built: 128 MB in float32."""

ONEHOT_TABLE_MAX = 2**22
"""The largest table, in numbers, that is multiplied: beyond it one product takes half a second."""

_BUDGET_NS = 1_000_000


@dataclass(frozen=True, eq=False, repr=False)
class LookupTrace:
    """The record of one lookup. Its arrays are copies and read-only.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
        The ids, flattened; `shape` is their original shape.
    table : ndarray, (V, D), float
    tokens : tuple of str
        N labels; words : tuple of str, V labels ("" where a row has no word).
    rows : ndarray of int64, (N,)
        The row that each id reads, or −1.
    bad : ndarray of bool, (N,)
        Ids outside 0..V-1, whichever rule is applied to them.
    output, onehot : ndarray, (N, D), or None
        The result of the gather and of the one-hot matmul. None after an error; `onehot` is also
        None when its matrix would have more than `ONEHOT_MAX` numbers, and for a table of more than
        `ONEHOT_TABLE_MAX`.
    error : str or None
        The error text for an invalid id.
    gather_ns, onehot_ns : int or None
        The fastest of a few calls with these arrays, in nanoseconds.

    Examples
    --------
    >>> trace = trace_lookup(np.eye(3), [2, 0, 2], tokens=["c", "a", "c"])
    >>> trace.rows_read, trace.multiplications
    (2, {'gather': 0, 'one-hot': 27})
    """

    ids: np.ndarray
    shape: tuple[int, ...]
    table: np.ndarray
    tokens: tuple[str, ...]
    words: tuple[str, ...]
    oob: str | int
    negative: str
    rows: np.ndarray
    bad: np.ndarray
    output: np.ndarray | None
    onehot: np.ndarray | None
    error: str | None
    gather_ns: int | None
    onehot_ns: int | None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of ids, table, and `output = (*ids, D)`."""
        width = self.table.shape[1]
        return {"ids": self.shape, "table": self.table.shape, "output": (*self.shape, width)}

    @property
    def parameters(self) -> int:
        """V · D, the number of weights."""
        return self.table.size

    @property
    def rows_read(self) -> int:
        """The number of different rows that are read."""
        return 0 if self.error else np.unique(self.rows[self.rows >= 0]).size

    @property
    def bytes_moved(self) -> int:
        """The bytes that a gather copies: N · D · bytes per weight."""
        return 0 if self.output is None else self.output.nbytes

    @property
    def multiplications(self) -> dict[str, int]:
        """The number of multiplications of each method: 0, or N · V · D."""
        return {"gather": 0, "one-hot": self.ids.size * self.table.size}

    @property
    def max_difference(self) -> float | None:
        """The largest difference between both methods; NaN where a product has 0 · NaN."""
        if self.output is None or self.onehot is None:
            return None
        if not self.output.size:
            return 0.0
        both_nan = np.isnan(self.output) & np.isnan(self.onehot)
        with np.errstate(invalid="ignore"):  # ∞ − ∞
            difference = np.abs(self.output.astype(np.float64) - self.onehot)
        return float(np.where(both_nan | (self.output == self.onehot), 0.0, difference).max())

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers; the same on every machine."""
        pairs = [
            f"{short_label(t)} {i}" for t, i in zip(self.tokens, self.ids.tolist(), strict=True)
        ]
        rows, width = self.table.shape
        lines = [
            f"ids     {self.shape}: {join_some(pairs, between=' · ') or 'none'}",
            f"table   ({rows}, {width}) {self.table.dtype}, "
            f"{format_count(self.parameters, 'weight')}",
        ]
        if self.output is None:
            lines.append(f"output  refused: {self.error}")
            return "\n".join(lines)
        lines.append(
            f"output  {self.shapes['output']}, {self.rows_read} of {format_count(rows, 'row')} "
            "read, "
            f"{format_count(self.bytes_moved, 'byte')} moved"
        )
        lines += [f"        {self._line(n)}" for n in range(min(3, self.ids.size))]
        lines.append(f"cost    gather multiplies 0 times, {self._onehot_cost()}")
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        rows, width = self.table.shape
        start = (
            f"{format_count(self.ids.size, 'token')}, a table of {format_count(rows, 'row')} and "
            f"{format_count(width, 'column')}, "
        )
        if self.output is None:
            return f"{start}no output. {self.error}"
        reads = [
            f"{short_label(token)} reads row {row}"
            if row >= 0
            else f"{short_label(token)} reads no row"
            for token, row in zip(self.tokens, self.rows.tolist(), strict=True)
        ]
        end = f" {join_some(reads, 12)}." if reads else ""
        return f"{start}{format_count(self.ids.size, 'output row')}.{end}"

    def __repr__(self) -> str:
        state = "refused" if self.error else f"{self.rows_read} rows read"
        return f"LookupTrace(ids {self.shape}, table {self.table.shape}, {state})"

    def _line(self, n: int) -> str:
        assert self.output is not None
        row = f"row {self.rows[n]}" if self.rows[n] >= 0 else "no row"
        values = [format_number(value) for value in self.output[n]]
        return f"{short_label(self.tokens[n])} → {row}: {join_some(values, 8, between=' ')}"

    def _onehot_cost(self) -> str:
        cost = f"one-hot {format_count(self.multiplications['one-hot'])} times"
        if self.max_difference is None:
            return f"{cost} (not run: it would take too long)"
        return f"{cost}; largest difference {self.max_difference:g}"


def trace_lookup(
    table: Any,
    ids: Any,
    *,
    tokens: Sequence[str] | None = None,
    words: Sequence[str] | None = None,
    oob: str | int = "raise",
    negative: str = "raise",
) -> LookupTrace:
    """Record one lookup, by gather and by one-hot matmul.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
    ids : array_like of int, any shape
    tokens : sequence of N str, optional
        Labels of the ids; by default the ids.
    words : sequence of str, optional
        Labels of the rows. Missing labels are ""; labels beyond V are ignored.
    oob, negative
        As in `embedlab.lookup`.

    Returns
    -------
    LookupTrace

    Raises
    ------
    ShapeError
        When the number of tokens differs from the number of ids.
    IdTypeError, DtypeError, ValueError
        As `embedlab.lookup`; only an `IdError` is caught, and stored in `error`.

    Notes
    -----
    An id that reads no row (oob "zero" or "nan") gets the same fill value in both methods, since
    an id outside the table has no one-hot vector.

    Examples
    --------
    >>> trace = trace_lookup(np.array([[0.5, -1.0], [2.0, 0.25]]), [1, 0], tokens=["sat", "cat"])
    >>> print(trace.summary)
    ids     (2,): sat 1 · cat 0
    table   (2, 2) float64, 4 weights
    output  (2, 2), 2 of 2 rows read, 32 bytes moved
            sat → row 1: 2.00 0.25
            cat → row 0: 0.50 −1.00
    cost    gather multiplies 0 times, one-hot 8 times; largest difference 0
    >>> trace_lookup(np.eye(2), [0, 2]).error
    'ids must lie in 0..1 (input_dim=2). Received 2 at [1]. Raise input_dim, or map unknown \
words to one id.'
    """
    table = as_table(table)
    table = table if is_frozen(table) else np.array(table)
    id_array = np.array(as_ids(ids))
    flat = id_array.reshape(-1)
    if tokens is None:
        tokens = [str(i) for i in flat.tolist()]
    if len(tokens) != flat.size:
        raise ShapeError(
            f"tokens must be as many as ids. Received {len(tokens)} tokens for {flat.size} ids. "
            "Pass one label for each id, or omit tokens."
        )
    height = len(table)
    labels = [*(words or ()), *[""] * height][:height]
    bad = (flat < 0) | (flat >= height)
    rows = np.where(bad, -1, flat)
    output = onehot = id_error = gather_ns = onehot_ns = None
    try:
        lookup(table, id_array, oob=oob, negative=negative)  # the first run may compile
    except IdError as error:
        id_error = str(error)
    else:
        rows = apply_out_of_range_rule(flat, height, oob=oob, negative=negative)
        rows = np.where(rows == height, -1, rows)
        output, gather_ns = _timed(lambda: lookup(table, id_array, oob=oob, negative=negative))
        output = output.reshape(flat.size, table.shape[1])
        if flat.size * height <= ONEHOT_MAX and table.size <= ONEHOT_TABLE_MAX:
            onehot, onehot_ns = _onehot(table, rows, output)
    _freeze(flat, table, rows, bad, output, onehot)
    return LookupTrace(
        flat,
        id_array.shape,
        table,
        tuple(tokens),
        tuple(labels),
        oob,
        negative,
        rows,
        bad,
        output,
        onehot,
        id_error,
        gather_ns,
        onehot_ns,
    )


def _onehot(table: np.ndarray, rows: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the one-hot matmul for ids with a row; other positions are as in `output`."""
    has_row = rows >= 0
    result = output.copy()
    with np.errstate(invalid="ignore"):  # 0 · ∞ is NaN, and is shown
        products, elapsed = _timed(lambda: onehot_lookup(table, rows[has_row]))
    result[has_row] = products
    return result, elapsed


def _timed(call: Callable[[], np.ndarray]) -> tuple[np.ndarray, int]:
    """Return the result and the best time of a few runs, which together take about 1 ms."""
    best = spent = runs = 0
    while not runs or (spent < _BUDGET_NS and runs < 30):
        start = perf_counter_ns()
        result = call()
        elapsed = perf_counter_ns() - start
        best = elapsed if not runs else min(best, elapsed)
        spent, runs = spent + elapsed, runs + 1
    return result, best


def _freeze(*arrays: np.ndarray | None) -> None:
    for array in arrays:
        if array is not None:
            array.flags.writeable = False
