"""A planner: sharding schemes for tables that fit the workers' memory and move few bytes.

The schemes are TorchRec's, and so is the search: the largest table first, each where it costs the
busiest worker least.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import check_above_zero, check_choice, check_size, message, short_repr
from embedlab.core.gradient import group
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.distributed.checks import (
    DEFAULT_OPTIMIZER,
    as_bytes,
    check_float_dtype,
    check_optimizer,
)
from embedlab.distributed.errors import PlanError
from embedlab.distributed.sharding import MOST_HASHED, MOST_WORKERS, SCHEMES, Sharding
from embedlab.layers.memory import in_words

__all__ = ["ShardPlan", "Traffic", "draw_ids", "expected_traffic", "plan"]

BATCHES = 32
"""Batches that are drawn to estimate the bytes of one."""

_MOST_IDS = 1 << 32
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
        if not isinstance(other, Traffic):
            return NotImplemented
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
    size = check_size(size, "size", least=0, most=_MOST_IDS)
    rows = check_size(input_dim, "input_dim")
    check_choice(law, "law", ("uniform", "zipf"))
    random = np.random.default_rng(check_size(seed, "seed", least=0))
    if law == "uniform":
        return random.integers(0, rows, size)
    head = np.cumsum(1 / np.arange(1, min(rows, _HEAD) + 1))  # harmonic numbers
    total = head[-1] if rows <= _HEAD else math.log(rows + 0.5) + _EULER
    share = random.random(size) * total
    ids = np.searchsorted(head, share, side="right")
    tail = share >= head[-1]
    number = np.exp(share[tail] - _EULER) - 0.5  # the number whose harmonic number it is
    ids[tail] = np.minimum(number, np.nextafter(float(rows), 0.0))  # rows may be 2**63 as a float
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
    if not isinstance(sharding, Sharding):
        do = "Pass Sharding(...), or the plan of one table"
        raise TypeError(message("sharding must be a Sharding", short_repr(sharding), do))
    if not np.iterable(batches) or isinstance(batches, (str, bytes)):
        do = "Pass a list of arrays"
        raise TypeError(message("batches must be some batches of ids", short_repr(batches), do))
    count = check_size(workers, "workers", most=MOST_WORKERS)
    itemsize = check_size(itemsize, "itemsize")
    if count <= max(sharding.workers):
        must = f"workers must be at least {max(sharding.workers) + 1}, as the sharding names them"
        raise ValueError(message(must, count, "Pass as many, or use fewer shards"))
    counts = np.zeros((4, count))
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
        if not isinstance(name, str) or name not in self.tables:
            must, do = f"a table must be one of {list(self.tables)}", "Use the names of the plan"
            raise KeyError(message(must, short_repr(name), do))
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
    memory: float,
    network: float | None = None,
    *,
    batch_size: int = 8192,
    ids: Any = "zipf",
    optimizer: Any = DEFAULT_OPTIMIZER,
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
    memory : int, or a float such as 16e9
        Bytes that one worker may hold, in memory or, with ``placement="disk"``, on disk.
    network : float, optional
        Bytes a second that one worker moves: `ShardPlan.seconds` is computed with it.
    batch_size : int
        N, the ids of one batch of each table.
    ids : {"zipf", "uniform"}, or dict of str to array_like of int
        The stream of ids: a law, or measured ids of each table, of which each `batch_size` are a
        batch.
    optimizer : str, dict or Optimizer
        Its slots take memory too: pass that of the tables. The default is theirs, "sgd" without
        slots.
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
    ValueError, IdError
        For arguments that do not fit each other, and measured ids outside their table.

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
    count = check_size(workers, "workers", most=MOST_WORKERS)
    budget = as_bytes(memory, "memory")
    network = None if network is None else check_above_zero(network, "network")
    batch = check_size(batch_size, "batch_size", most=_MOST_IDS // BATCHES)
    rule, itemsize = check_optimizer(optimizer), np.dtype(check_float_dtype(dtype)).itemsize
    shapes = _as_shapes(tables)
    hot = _as_hot(shapes, _by_table(replicated, "replicated", shapes))
    fixed = _as_schemes(hot, _by_table(schemes, "schemes", shapes))
    row_itemsize = itemsize * (1 + len(rule.slots))
    needed = sum(math.prod(shape) for shape in shapes.values()) * row_itemsize
    slots = f"with the slots of {type(rule).__name__} " * bool(rule.slots)
    slots += f"they take {in_words(needed)}"
    must = f"the tables must fit into {count} workers of {in_words(budget)}: {slots}"
    if needed > count * budget:
        received = f"{in_words(needed - count * budget)} too little"
        do = f"Use {-(-needed // budget)} workers, or more memory a worker"
        raise PlanError(message(must, received, do))
    search = _Search(count, budget, row_itemsize, itemsize)
    streams = _as_streams(ids, shapes, batch, check_size(seed, "seed", least=0))
    order = sorted(shapes, key=lambda name: -math.prod(shapes[name]))
    for even in (False, True):
        search.clear()
        for name in order:
            if not search.place(
                name, shapes[name], streams[name], fixed.get(name), hot[name], even
            ):
                break
        else:
            shardings = {name: search.tables[name] for name in shapes}
            memories = np.array(search.memory, np.int64)
            seconds = None if network is None else float(search.traffic.by_worker.max()) / network
            return ShardPlan(shardings, count, memories, search.traffic, seconds)
    do = "Leave schemes and replicated to the planner, or use one worker more"
    raise PlanError(message(must, f"no place for {name!r} in what is left of each worker", do))


class _Search:
    """The state of a greedy search: what each worker holds and moves so far."""

    def __init__(self, workers: int, budget: int, row_itemsize: int, itemsize: int):
        self.workers, self.budget = workers, budget
        self.row_itemsize, self.itemsize = row_itemsize, itemsize
        self.clear()

    def clear(self) -> None:
        self.tables: dict[str, Sharding] = {}
        self.memory = [0] * self.workers  # not of int64: what does not fit may be more
        self.traffic = Traffic(*np.zeros((4, self.workers)))

    def place(
        self,
        name: str,
        shape: tuple[int, int],
        batches: list[np.ndarray],
        fixed: str | None,
        hot: np.ndarray,
        even: bool,
    ) -> bool:
        """Add a table with the best scheme that fits; return whether there was one."""
        best, placed_whole = None, False
        for sharding in self._candidates(shape, fixed, hot, even):
            if placed_whole and sharding.scheme == "table_wise":
                continue  # the first worker with space had the least to do
            memory = self._memory(sharding)
            if max(memory) > self.budget:
                continue
            placed_whole |= sharding.scheme == "table_wise"
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
        self, shape: tuple[int, int], fixed: str | None, hot: np.ndarray, even: bool
    ) -> list[Sharding]:
        schemes: tuple[str, ...] = SCHEMES if fixed is None else (fixed,)
        if fixed is None and shape[0] > MOST_HASHED:
            schemes = tuple(scheme for scheme in schemes if scheme != "row_wise_hashed")
        if fixed is None and even and shape[0] >= self.workers:
            schemes = ("row_wise_hashed" if "row_wise_hashed" in schemes else "row_wise",)
        candidates = []
        for scheme in schemes:
            if scheme.startswith("row_wise"):
                shards = min(self.workers, shape[0])
                candidates.append(Sharding(*shape, scheme, shards, replicated=hot))
            elif hot.size:
                continue
            elif scheme == "table_wise":
                ranked = np.lexsort((np.array(self.memory), self.traffic.by_worker))
                candidates += [Sharding(*shape, scheme, 1, (int(worker),)) for worker in ranked]
            else:
                candidates.append(Sharding(*shape, scheme, min(self.workers, shape[1])))
        return candidates

    def _memory(self, sharding: Sharding) -> list[int]:
        """Return the bytes that each worker holds with this table too."""
        memory = list(self.memory)
        for shard, worker in enumerate(sharding.workers):
            memory[worker] += math.prod(sharding.shape(shard)) * self.row_itemsize
        return memory


def _as_shapes(tables: Any) -> dict[str, tuple[int, int]]:
    """Return the shape of each table."""
    if not isinstance(tables, Mapping) or not tables:
        must, do = "tables must be a dict of names to (V, D)", 'Pass {"words": (50000, 64)}'
        raise ValueError(message(must, short_repr(tables), do))
    shapes = {}
    for name, shape in tables.items():
        if not isinstance(name, str):
            do = 'Pass {"words": (50000, 64)}'
            raise ValueError(message("the name of a table must be a string", short_repr(name), do))
        try:
            rows, columns = shape
        except (TypeError, ValueError):
            must, do = f"the shape of {name!r} must be (V, D)", "Pass for example (50000, 64)"
            raise ValueError(message(must, short_repr(shape), do)) from None
        sizes = f"input_dim of {name!r}", f"output_dim of {name!r}"
        shapes[name] = check_size(rows, sizes[0]), check_size(columns, sizes[1])
    return shapes


def _by_table(values: Any, what: str, shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of some tables by their names."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        must, do = (
            f"{what} must be a dict with names of tables",
            f"Pass {{{next(iter(shapes))!r}: …}}",
        )
        raise ValueError(message(must, short_repr(values), do))
    unknown = [name for name in values if name not in shapes]
    if unknown:
        must = f"{what} must name tables of the plan, which are {', '.join(shapes)}"
        raise ValueError(message(must, short_repr(unknown[0]), "Choose among these"))
    return dict(values)


def _as_hot(
    shapes: Mapping[str, tuple[int, int]], replicated: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Return the replicated ids of each table."""
    return {
        name: Sharding(rows, columns, "row_wise", replicated=replicated.get(name, 0)).replicated
        for name, (rows, columns) in shapes.items()
    }


def _as_schemes(hot: Mapping[str, np.ndarray], schemes: Mapping[str, Any]) -> dict[str, str]:
    """Return the schemes that are fixed, each one that can have the replicated rows."""
    for name, scheme in schemes.items():
        check_choice(scheme, f"the scheme of {name!r}", SCHEMES)
        if hot[name].size and not scheme.startswith("row_wise"):
            must = f"{name!r} must have a row-wise scheme for its replicated rows"
            raise ValueError(message(must, scheme, "Leave the scheme out, or replicate none"))
    return dict(schemes)


def _as_streams(
    ids: Any, shapes: Mapping[str, tuple[int, int]], size: int, seed: int
) -> dict[str, list[np.ndarray]]:
    """Return some batches of ids of each table."""
    if isinstance(ids, str):
        streams = {n: draw_ids(BATCHES * size, shape[0], ids, seed) for n, shape in shapes.items()}
    else:
        measured = _by_table(ids, "ids", shapes)
        streams = {name: as_ids(stream) for name, stream in measured.items()}
    for name, (rows, _) in shapes.items():
        if name not in streams:
            must = 'ids must be "zipf", "uniform" or a dict with ids of each table'
            raise ValueError(message(must, f"nothing for {name!r}", "Add them"))
        stream = streams[name]
        if stream.size and not 0 <= int(stream.min()) <= int(stream.max()) < rows:
            raise out_of_range_error(stream, rows)
        streams[name] = stream.reshape(-1)
    return {
        name: [stream[first : first + size] for first in range(0, stream.size, size)]
        for name, stream in streams.items()
    }
