"""A planner: sharding schemes for tables that fit the workers' memory and move few bytes.

The schemes are TorchRec's, and so is the search: the largest table first, each where it costs the
busiest worker least.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab import optimizers
from embedlab.core.checks import (
    check_above_zero,
    check_choice,
    check_dtype,
    check_size,
    message,
    short_repr,
)
from embedlab.core.gradient import group
from embedlab.core.ids import as_ids
from embedlab.distributed.errors import PlanError
from embedlab.distributed.sharding import SCHEMES, Sharding
from embedlab.layers.memory import in_words

__all__ = ["ShardPlan", "Traffic", "draw_ids", "expected_traffic", "plan"]

BATCHES = 32
"""Batches that are drawn to estimate the bytes of one."""

_HEAD = 1 << 20
_EULER = 0.5772156649015329


@dataclass(frozen=True, eq=False)
class Traffic:
    """Bytes of arrays that a batch moves between the caller and each worker, (W,) each.

    Attributes
    ----------
    lookup_ids, lookup_rows : ndarray of float64, (W,)
        A lookup: row numbers to the worker, rows back.
    step_ids, step_rows : ndarray of float64, (W,)
        A step: row numbers and summed gradients to the worker.
    """

    lookup_ids: np.ndarray
    lookup_rows: np.ndarray
    step_ids: np.ndarray
    step_rows: np.ndarray

    @property
    def by_worker(self) -> np.ndarray:
        """All bytes of a lookup and a step, by worker, (W,)."""
        return np.asarray(self.lookup_ids + self.lookup_rows + self.step_ids + self.step_rows)

    @property
    def total(self) -> float:
        """All bytes of a lookup and a step."""
        return float(self.by_worker.sum())

    @property
    def imbalance(self) -> float:
        """Rows read from the busiest worker, as a multiple of the mean; 1 is even."""
        mean = float(self.lookup_rows.mean())
        return float(self.lookup_rows.max()) / mean if mean else 1.0

    def __add__(self, other: "Traffic") -> "Traffic":
        names = ("lookup_ids", "lookup_rows", "step_ids", "step_rows")
        return Traffic(*(getattr(self, name) + getattr(other, name) for name in names))


def draw_ids(size: int, input_dim: int, law: str = "zipf", seed: int = 0) -> np.ndarray:
    """Return `size` ids below `input_dim`, drawn by a law; memory does not grow with `input_dim`.

    Parameters
    ----------
    size, input_dim : int
    law : {"uniform", "zipf"}
        "zipf": the probability of an id is proportional to 1 / (id + 1).
    seed : int

    Examples
    --------
    >>> ids = draw_ids(10_000, 10**10)
    >>> int((ids == 0).sum()), int(ids.max()) < 10**10
    (419, True)
    """
    size, rows = check_size(size, "size", least=0), check_size(input_dim, "input_dim")
    check_choice(law, "law", ("uniform", "zipf"))
    random = np.random.default_rng(check_size(seed, "seed", least=0))
    if law == "uniform":
        return random.integers(0, rows, size)
    head = np.cumsum(1 / np.arange(1, min(rows, _HEAD) + 1))  # harmonic numbers
    total = head[-1] if rows <= _HEAD else math.log(rows + 0.5) + _EULER
    share = random.random(size) * total
    ids = np.searchsorted(head, share, side="right")
    tail = share >= head[-1]
    ids[tail] = np.exp(share[tail] - _EULER) - 0.5  # the number whose harmonic number it is
    return np.minimum(ids, rows - 1)


def expected_traffic(
    sharding: Sharding, batches: Iterable[Any], workers: int, itemsize: int = 4
) -> Traffic:
    """Return the bytes that a batch moves on average: duplicates of an id are sent once.

    Parameters
    ----------
    sharding : Sharding
    batches : iterable of array_like of int
        Ids of some batches.
    workers : int
        W, how many workers there are.
    itemsize : int
        Bytes of one number of the table.

    Examples
    --------
    >>> traffic = expected_traffic(Sharding(8, 2, "row_wise", 2), [[0, 0, 1, 7]], 2)
    >>> traffic.lookup_ids.tolist(), traffic.lookup_rows.tolist(), round(traffic.imbalance, 2)
    ([8.0, 4.0], [16.0, 8.0], 1.33)
    """
    counts = np.zeros((4, workers))
    number = 0
    for batch in batches:
        number += 1
        ids = group(batch, sharding.input_dim).ids
        for every_copy in (False, True):
            for part in sharding.parts(ids, every_copy):
                columns = part.columns.stop - part.columns.start
                worker, first = sharding.workers[part.shard], 2 * every_copy
                counts[first, worker] += part.rows.nbytes
                counts[first + 1, worker] += part.rows.size * columns * itemsize
    return Traffic(*(counts / max(number, 1)))


@dataclass(frozen=True, eq=False)
class ShardPlan:
    """A sharding for each of several tables, on the same workers.

    Attributes
    ----------
    tables : dict of str to Sharding
    workers : int
        W.
    memory_by_worker : ndarray of int64, (W,)
        Bytes of rows and of optimizer slots.
    traffic : Traffic
        Bytes that a batch of all tables moves.
    seconds : float or None
        How long the busiest worker's network takes for a lookup and a step.
    """

    tables: Mapping[str, Sharding]
    workers: int
    memory_by_worker: np.ndarray
    traffic: Traffic
    seconds: float | None = None

    def __getitem__(self, name: str) -> Sharding:
        """Return the sharding of one table."""
        return self.tables[name]

    def __repr__(self) -> str:
        lines = []
        for name, sharding in self.tables.items():
            where = ", ".join(map(str, sorted(set(sharding.workers))))
            lines.append(
                f"{name}: {sharding.input_dim:,} x {sharding.output_dim}, {sharding.scheme}, "
                f"workers {where}"
                + (
                    f", {sharding.replicated.size:,} rows replicated"
                    * bool(len(sharding.replicated))
                )
            )
        for worker, nbytes in enumerate(self.memory_by_worker):
            moved = in_words(self.traffic.by_worker[worker])
            lines.append(f"worker {worker}: {in_words(nbytes)}, {moved} a batch")
        lines.append(f"imbalance {self.traffic.imbalance:.2f}")
        return "\n".join(lines)


def plan(
    tables: Mapping[str, tuple[int, int]],
    workers: int,
    memory: int,
    network: float | None = None,
    *,
    batch_size: int = 8192,
    ids: Any = "zipf",
    optimizer: Any = "adam",
    dtype: str = "float32",
    schemes: Mapping[str, str] | None = None,
    replicated: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> ShardPlan:
    """Return a plan that fits the workers, and whose busiest worker moves the fewest bytes.

    Parameters
    ----------
    tables : dict of str to (V, D)
    workers : int
        W.
    memory : int
        Bytes that one worker may hold, in memory or, with ``placement="disk"``, on disk.
    network : float, optional
        Bytes a second that one worker moves: `ShardPlan.seconds` is computed with it.
    batch_size : int
        N, the ids of one batch of each table.
    ids : {"zipf", "uniform"}, or dict of str to array_like of int
        The stream of ids: a law, or measured ids of each table, of which each `batch_size` are a
        batch.
    optimizer : str, dict or Optimizer
        Its slots take memory too.
    dtype : {"float32", "float64"}
    schemes : dict of str to str, optional
        Tables whose scheme is fixed.
    replicated : dict of str to int or array_like of int, optional
        Ids that every shard of a row-wise table holds, or how many from id 0 on.
    seed : int
        For ids that are drawn by a law.

    Returns
    -------
    ShardPlan

    Raises
    ------
    PlanError
        When no plan fits: how many bytes are missing, in one line.

    Notes
    -----
    A greedy search: the largest table first, each with the scheme that leaves the busiest worker
    the least to move. Where that does not fit, every table is split evenly by rows.

    Examples
    --------
    >>> sizes = {"users": (100_000, 64), "countries": (250, 16)}
    >>> schemes = {"countries": "table_wise"}
    >>> plan(sizes, workers=2, memory=60_000_000, optimizer="adagrad", schemes=schemes)
    users: 100,000 x 64, row_wise_hashed, workers 0, 1
    countries: 250 x 16, table_wise, workers 0
    worker 0: 25.6 MB, 988.1 kB a batch
    worker 1: 25.6 MB, 954.5 kB a batch
    imbalance 1.02
    >>> plan(sizes, workers=2, memory=20_000_000, optimizer="adagrad")
    Traceback (most recent call last):
    embedlab.distributed.errors.PlanError: the tables must fit into 2 workers of 20.0 MB: with \
the slots of Adagrad they take 51.2 MB. Received 11.2 MB too little. Use 3 workers, or more \
memory a worker.
    """
    count, budget = check_size(workers, "workers"), check_size(memory, "memory")
    network = None if network is None else check_above_zero(network, "network")
    batch = check_size(batch_size, "batch_size")
    rule = optimizers.get(optimizer)
    itemsize = np.dtype(check_dtype(dtype)).itemsize
    options = dict(schemes or {}), dict(replicated or {})
    shapes = _as_shapes(tables, options)
    search = _Search(count, budget, itemsize * (1 + len(rule.slots)), itemsize)
    streams = {n: _batches(ids, n, shape[0], batch, seed) for n, shape in shapes.items()}
    order = sorted(shapes, key=lambda name: -math.prod(shapes[name]))
    for even in (False, True):
        search.clear()
        for name in order:
            fixed, hot = options[0].get(name), options[1].get(name, 0)
            if not search.place(name, shapes[name], streams[name], fixed, hot, even):
                break
        else:
            shardings = {name: search.tables[name] for name in shapes}
            seconds = None if network is None else float(search.traffic.by_worker.max()) / network
            return ShardPlan(shardings, count, search.memory, search.traffic, seconds)
    needed = sum(math.prod(shape) for shape in shapes.values()) * search.row_itemsize
    slots = f"with the slots of {type(rule).__name__} they take {in_words(needed)}"
    must = f"the tables must fit into {count} workers of {in_words(budget)}: {slots}"
    missing = needed - count * budget
    if missing > 0:
        received = f"{in_words(missing)} too little"
        do = f"Use {-(-needed // budget)} workers, or more memory a worker"
    else:
        received = f"no place for {name!r} in what is left of each worker"
        do = "Leave schemes and replicated to the planner, or use one worker more"
    raise PlanError(message(must, received, do))


class _Search:
    """The state of a greedy search: what each worker holds and moves so far."""

    def __init__(self, workers: int, budget: int, row_itemsize: int, itemsize: int):
        self.workers, self.budget = workers, budget
        self.row_itemsize, self.itemsize = row_itemsize, itemsize
        self.clear()

    def clear(self) -> None:
        self.tables: dict[str, Sharding] = {}
        self.memory = np.zeros(self.workers, np.int64)
        self.traffic = Traffic(*np.zeros((4, self.workers)))

    def place(
        self,
        name: str,
        shape: tuple[int, int],
        batches: list[np.ndarray],
        fixed: str | None,
        hot: Any,
        even: bool,
    ) -> bool:
        """Add a table with the best scheme that fits; return whether there was one."""
        best = None
        for sharding in self._candidates(shape, fixed, hot, even):
            memory = self.memory + self._memory(sharding)
            if memory.max() > self.budget:
                continue
            traffic = self.traffic + expected_traffic(
                sharding, batches, self.workers, self.itemsize
            )
            cost = float(traffic.by_worker.max()), traffic.total
            if best is None or cost < best[0]:
                best = cost, sharding, memory, traffic
        if best is None:
            return False
        _, self.tables[name], self.memory, self.traffic = best
        return True

    def _candidates(
        self, shape: tuple[int, int], fixed: str | None, hot: Any, even: bool
    ) -> list[Sharding]:
        schemes = SCHEMES if fixed is None else (fixed,)
        if even and fixed is None:
            schemes = ("row_wise_hashed",)
        candidates = []
        for scheme in schemes:
            if scheme == "table_wise" and not np.size(hot) + (hot if np.ndim(hot) == 0 else 1) > 1:
                ranked = np.lexsort((self.memory, self.traffic.by_worker))
                candidates += [Sharding(*shape, scheme, 1, (int(worker),)) for worker in ranked]
            elif scheme == "column_wise" and np.ndim(hot) == 0 and hot == 0:
                shards = min(self.workers, shape[1])
                candidates.append(Sharding(*shape, scheme, shards))
            elif scheme.startswith("row_wise"):
                shards = min(self.workers, shape[0])
                candidates.append(Sharding(*shape, scheme, shards, replicated=hot))
        return candidates

    def _memory(self, sharding: Sharding) -> np.ndarray:
        memory = np.zeros(self.workers, np.int64)
        for shard, worker in enumerate(sharding.workers):
            memory[worker] += math.prod(sharding.shape(shard)) * self.row_itemsize
        return memory


def _as_shapes(tables: Any, options: tuple[dict[str, Any], ...]) -> dict[str, tuple[int, int]]:
    if not isinstance(tables, Mapping) or not tables:
        must, do = "tables must be a dict of names to (V, D)", 'Pass {"words": (50000, 64)}'
        raise ValueError(message(must, short_repr(tables), do))
    for names in options:
        for name in names:
            check_choice(name, "a name in schemes and replicated", (*tables,))
    shapes = {}
    for name, shape in tables.items():
        rows, columns = shape
        shapes[name] = check_size(rows, "input_dim"), check_size(columns, "output_dim")
    return shapes


def _batches(ids: Any, name: str, rows: int, size: int, seed: int) -> list[np.ndarray]:
    """Return some batches of ids of one table."""
    if isinstance(ids, str):
        stream = draw_ids(BATCHES * size, rows, ids, seed)
    elif isinstance(ids, Mapping) and name in ids:
        stream = as_ids(ids[name]).reshape(-1)
    else:
        must, do = 'ids must be "zipf", "uniform" or a dict with ids of each table', "Add them"
        raise ValueError(message(must, f"nothing for {name!r}", do))
    return [stream[first : first + size] for first in range(0, stream.size, size)]
