"""One lookup in a table on several workers: who is asked for what, and the bytes on each wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.core.checks import as_table, check_choice, check_size
from embedlab.core.gradient import group
from embedlab.core.ids import as_ids
from embedlab.core.lookup import lookup
from embedlab.distributed import SCHEMES, ShardedEmbedding, Sharding, ShardPlan, draw_ids, plan
from embedlab.layers import Embedding
from embedlab.layers.memory import in_words
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some

__all__ = ["BATCHES", "LAWS", "SCHEME_NAMES", "ShardTrace", "trace_shard"]

BATCHES = 16
"""Batches that the planner gets of each stream: with 32 an edit in a view takes a third longer."""

LAWS = ("uniform", "zipf")
"""The streams of ids for which the planner estimates the load."""

SCHEME_NAMES = dict(
    zip(
        SCHEMES, ("table-wise", "row-wise in blocks", "row-wise hashed", "column-wise"), strict=True
    )
)
"""The sharding schemes as a sentence names them."""

_UNLIMITED = 1 << 50  # bytes: no plan is refused here for its memory


@dataclass(frozen=True, eq=False, repr=False)
class ShardTrace:
    """The record of one lookup, and one training step, in a table on W workers.

    Its arrays are copies and read-only. Every number is the planner's or was counted in a run in
    this process.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
        The batch. tokens : tuple of str, N labels.
    distinct, counts : ndarray of int64, (K,)
        Each id once, ascending, and how often it is in the batch.
    inverse : ndarray of int64, (N,)
        For each position of the batch the position of its id in `distinct`.
    sharding : Sharding
        What each shard holds.
    requested : ndarray of bool, (W, K)
        Which worker is asked for which id.
    local_rows : ndarray of int64, (K,)
        The number of each row on the worker that reads it: this number travels.
    columns : ndarray of int64, (W, 2)
        The first column that a worker holds, and the one after the last.
    owned, memory : ndarray of int64, (W,)
        Rows that each worker holds, and the bytes of its numbers by the plan.
    requests, answers : ndarray of int64, (W,)
        Bytes of row numbers sent to each worker by the lookup, and bytes of rows that came back.
    updates : ndarray of int64, (W,)
        Bytes of row numbers and gradients sent by a training step of the same batch. A replicated
        row is sent to every worker.
    rows : ndarray, (K, D)
        The rows that came back.
    difference : float
        The largest difference from a lookup in one table; 0.
    loads : ndarray of float64, (2, W)
        Bytes of rows that a batch of `planned_batch` ids reads from each worker by the plan, for
        each of `LAWS`.

    Examples
    --------
    >>> trace = trace_shard(np.eye(8, 4), [0, 0, 1, 7], workers=2)
    >>> trace.requested.astype(int).tolist(), trace.requests.tolist(), trace.answers.tolist()
    ([[1, 1, 0], [0, 0, 1]], [8, 4], [64, 32])
    >>> trace.busiest, round(trace.imbalance, 2)
    ((0,), 1.33)
    """

    ids: np.ndarray
    tokens: tuple[str, ...]
    distinct: np.ndarray
    counts: np.ndarray
    inverse: np.ndarray
    sharding: Sharding
    requested: np.ndarray
    local_rows: np.ndarray
    columns: np.ndarray
    owned: np.ndarray
    memory: np.ndarray
    requests: np.ndarray
    answers: np.ndarray
    updates: np.ndarray
    rows: np.ndarray
    difference: float
    loads: np.ndarray
    planned_batch: int

    @property
    def workers(self) -> int:
        """W."""
        return self.requested.shape[0]

    @property
    def hot_rows(self) -> int:
        """The number of rows of which every worker has a copy."""
        return int(self.sharding.replicated.size)

    @property
    def rows_requested(self) -> np.ndarray:
        """The number of rows that each worker is asked for, (W,)."""
        return np.asarray(self.requested.sum(axis=1))

    @property
    def busiest(self) -> tuple[int, ...]:
        """The workers that are asked for the most rows: several when they are equal."""
        rows = self.rows_requested
        return tuple(np.flatnonzero(rows == rows.max()).tolist()) if rows.any() else ()

    @property
    def imbalance(self) -> float:
        """Bytes of rows from the busiest worker, as a multiple of the mean; 1 is even."""
        return _imbalance(self.answers)

    @property
    def expected_imbalance(self) -> tuple[float, float]:
        """The imbalance that the planner expects with uniform and with Zipf ids."""
        uniform, zipf = self.loads
        return _imbalance(uniform), _imbalance(zipf)

    @property
    def summary(self) -> str:
        """Describe the table, the batch, and what each worker does, in a few lines."""
        uniform, zipf = (format_number(value) for value in self.expected_imbalance)
        requests = [
            f"worker {worker}: {format_count(count, 'row')}"
            for worker, count in enumerate(self.rows_requested.tolist())
        ]
        return "\n".join(
            [
                f"table     {self._size}, {self._scheme}",
                f"batch     {format_count(self.ids.size, 'id')}, "
                f"{format_count(self.distinct.size)} distinct",
                f"asked     {join_some(requests)}",
                f"bytes     {format_count(int(self.requests.sum()))} of row numbers, "
                f"{format_count(int(self.answers.sum()))} of rows; a training step "
                f"{format_count(int(self.updates.sum()))}",
                f"imbalance {format_number(self.imbalance)} in this batch; expected {uniform} with "
                f"uniform ids, {zipf} with Zipf ids",
            ]
        )

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        uniform, zipf = (format_number(value) for value in self.expected_imbalance)
        start = (
            f"A batch of {format_count(self.ids.size, 'id')}, "
            f"{format_count(self.distinct.size)} distinct, and a table of {self._size}, "
            f"{self._scheme}. "
        )
        counts = self.rows_requested.tolist()
        requests = [f"worker {w} for {format_count(n, 'row')}" for w, n in enumerate(counts)]
        work = (
            f"The lookup asks {join_some(requests)}. " if self.ids.size else "No worker is asked. "
        )
        return (
            f"{start}{work}{format_count(int(self.requests.sum()))} bytes of row numbers go out, "
            f"{format_count(int(self.answers.sum()))} bytes of rows come back. The imbalance is "
            f"{format_number(self.imbalance)}; the plan expects {uniform} with uniform ids and "
            f"{zipf} with Zipf ids."
        )

    @property
    def _size(self) -> str:
        rows, columns = self.sharding.input_dim, self.sharding.output_dim
        return f"{format_count(rows, 'row')} and {format_count(columns, 'column')}"

    @property
    def _scheme(self) -> str:
        hot = f", {format_count(self.hot_rows, 'row')} replicated" if self.hot_rows else ""
        name = SCHEME_NAMES[self.sharding.scheme]
        return f"{name} on {format_count(self.workers, 'worker')}{hot}"

    def holding(self, worker: int) -> str:
        """Return what a worker holds, in a few words.

        >>> trace = trace_shard(np.eye(8, 4), [0], workers=2, hot_rows=2)
        >>> trace.holding(1)
        'rows 0–1, 5–7, 160 B'
        """
        sharding, size = self.sharding, in_words(self.memory[worker])
        if not self.owned[worker]:
            return "nothing"
        first, stop = self.columns[worker].tolist()
        if sharding.scheme == "column_wise":
            return f"columns {_span(first, stop - 1)}, {size}"
        if sharding.scheme == "table_wise":
            return f"the whole table, {size}"
        hot, cold = self.hot_rows, int(self.owned[worker]) - self.hot_rows
        parts = [f"rows {_span(0, hot - 1)}"] if hot else []
        if sharding.scheme == "row_wise_hashed":
            parts.append(f"{format_count(cold)} hashed")
        elif cold:
            block = sharding.global_ids(worker, [hot, hot + cold - 1]).tolist()
            parts.append(f"{'' if hot else 'rows '}{_span(*block)}")
        return ", ".join([*parts, size])

    def __repr__(self) -> str:
        return (
            f"ShardTrace({self.ids.size} ids, {self.sharding.scheme}, {self.workers} workers, "
            f"{self.hot_rows} hot rows)"
        )


def trace_shard(
    table: Any,
    ids: Any,
    *,
    scheme: str = "row_wise",
    workers: int = 4,
    hot_rows: int = 0,
    planned_batch: int = 256,
    seed: int = 0,
    tokens: Sequence[str] | None = None,
) -> ShardTrace:
    """Split a table over workers of this process, look a batch up, and record who was asked.

    Parameters
    ----------
    table : array_like, (V, D)
    ids : array_like of int, (N,), 0 <= id < V
        The batch; it may be empty.
    scheme : {"row_wise", "row_wise_hashed", "column_wise", "table_wise"}
    workers : int
        W; the table needs as many rows, or columns, to split.
    hot_rows : int
        Rows from 0 on of which every worker holds a copy, for the row-wise schemes only.
    planned_batch : int
        The ids of one batch for which the planner estimates the load.
    seed : int
        For the ids that the planner draws.
    tokens : sequence of N str, optional
        Labels of the ids.

    Returns
    -------
    ShardTrace

    Raises
    ------
    IdError, ShapeError, ValueError

    Examples
    --------
    >>> table = np.arange(256, dtype=np.float32).reshape(64, 4)
    >>> print(trace_shard(table, [0, 0, 1, 63], workers=2, hot_rows=1).summary)
    table     64 rows and 4 columns, row-wise in blocks on 2 workers, 1 row replicated
    batch     4 ids, 3 distinct
    asked     worker 0: 2 rows, worker 1: 1 row
    bytes     12 of row numbers, 48 of rows; a training step 80
    imbalance 1.33 in this batch; expected 1.00 with uniform ids, 1.15 with Zipf ids
    """
    values = as_table(table)
    flat = readonly_copy(as_ids(ids).reshape(-1), np.int64)
    count = check_size(workers, "workers")
    check_choice(scheme, "scheme", SCHEMES)
    size, dtype = (len(values), values.shape[1]), values.dtype.name
    plans = _plans(size, dtype, scheme, count, hot_rows, planned_batch, seed)
    sharding = plans[0]["table"]
    groups = group(flat, len(values))
    inverse = np.empty(flat.size, np.int64)
    inverse[groups.order] = np.repeat(np.arange(len(groups.ids)), groups.counts)
    layer = Embedding(size[0], size[1], weights=values, dtype=dtype)
    sharded = ShardedEmbedding.from_embedding(layer, plan=sharding)
    output = sharded.lookup(flat)
    requests, answers = sharded.bytes_sent, sharded.bytes_received
    sharded.reset_traffic()
    if flat.size:
        sharded.step(sharded.backward(flat, np.ones_like(output)))
    rows = np.empty((len(groups.ids), values.shape[1]), values.dtype)
    rows[inverse] = output
    requested = np.zeros((count, len(groups.ids)), bool)
    local_rows = np.zeros(len(groups.ids), np.int64)
    for part in sharding.parts(groups.ids):
        requested[sharding.workers[part.shard], part.positions] = True
        local_rows[part.positions] = part.rows
    owned, columns = np.zeros(count, np.int64), np.zeros((count, 2), np.int64)
    for shard, worker in enumerate(sharding.workers):
        part_columns = sharding.columns(shard)
        owned[worker] = sharding.shape(shard)[0]
        columns[worker] = part_columns.start, part_columns.stop
    by_worker = lambda counts: np.bincount(sharding.workers, counts, count).astype(np.int64)
    return ShardTrace(
        flat,
        tuple(tokens) if tokens is not None else tuple(map(str, flat.tolist())),
        readonly_copy(groups.ids),
        readonly_copy(groups.counts),
        readonly_copy(inverse),
        sharding,
        readonly_copy(requested),
        readonly_copy(local_rows),
        readonly_copy(columns),
        readonly_copy(owned),
        readonly_copy(plans[0].memory_by_worker),
        readonly_copy(by_worker(requests)),
        readonly_copy(by_worker(answers)),
        readonly_copy(by_worker(sharded.bytes_sent)),
        readonly_copy(rows),
        _largest_difference(output, lookup(values, flat)),
        readonly_copy([one.traffic.lookup_rows for one in plans]),
        planned_batch,
    )


@lru_cache(maxsize=16)  # a batch of its own does not change them
def _plans(
    size: tuple[int, int],
    dtype: str,
    scheme: str,
    workers: int,
    hot_rows: int,
    batch_size: int,
    seed: int,
) -> tuple[ShardPlan, ...]:
    """Return the plan for each of `LAWS`."""
    return tuple(
        plan(
            {"table": size},
            workers,
            _UNLIMITED,
            batch_size=batch_size,
            ids={"table": draw_ids(BATCHES * batch_size, size[0], law, seed)},
            optimizer="sgd",
            dtype=dtype,
            schemes={"table": scheme},
            replicated={"table": hot_rows},
        )
        for law in LAWS
    )


def _imbalance(loads: np.ndarray) -> float:
    mean = float(loads.mean())
    return float(loads.max()) / mean if mean else 1.0


def _largest_difference(values: np.ndarray, others: np.ndarray) -> float:
    """Return the largest difference; equal infinities and two NaN differ by 0."""
    unlike = (values != others) & ~(np.isnan(values) & np.isnan(others))
    return float(np.abs(values[unlike] - others[unlike]).max(initial=0))


def _span(first: int, last: int) -> str:
    return format_count(first) if first == last else f"{format_count(first)}–{format_count(last)}"
