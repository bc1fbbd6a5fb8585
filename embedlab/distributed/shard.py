"""A shard: a plain class that owns a part of a table and of the optimizer's state.

It runs in this process, or as a Dask actor on a worker. All that it computes is the core's. Every
call carries the shard's token and the number of the last step: a shard that was started anew, or
that has missed a step, answers with an error and never with other rows.
"""

import uuid
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from embedlab import initializers, optimizers
from embedlab.core.checks import message
from embedlab.core.geometry import nearest, normalize_rows
from embedlab.core.gradient import SparseGrad
from embedlab.core.lookup import lookup
from embedlab.distributed.errors import ShardError, ShardLostError, StepError
from embedlab.distributed.files import open_shard, release_pages, write_shard
from embedlab.distributed.sharding import Sharding
from embedlab.layers import Embedding, Variable

__all__ = ["Shard", "ShardOptions", "Stamp", "check_initializer", "top_k"]

BLOCK = 4096
"""Rows whose first numbers come from one seed, so that they do not depend on the sharding."""

CHUNK = 4096
"""Rows that are read from files at a time."""

TOUCHED = 2048
"""Rows of a table on disk that are used before its pages are given back: the system maps up to
64 kB around each, so a worker holds some 130 MB of them, or 400 MB with the slots of Adam."""

UNFINISHED = -1
"""The step of a shard while it applies one: were it to fail there, no call would fit it again."""


class Stamp(NamedTuple):
    """The shard that a call is meant for: its token, and how many steps it has done."""

    token: str
    step: int


class ShardOptions(NamedTuple):
    """The arguments that every shard of a table has in common.

    Attributes
    ----------
    dtype : str
    placement : {"memory", "disk"}
    optimizer : dict
        The optimizer as `embedlab.optimizers.serialize` returns it.
    initializer : dict or None
        As `embedlab.initializers.serialize` returns it; None leaves zeros, to be loaded into.
    seed : int
    """

    dtype: str = "float32"
    placement: str = "memory"
    optimizer: Any = None
    initializer: Any = None
    seed: int = 0


class Shard:
    """One shard of a table, with its optimizer's slots.

    Parameters
    ----------
    sharding : Sharding
    index : int
        Which of its shards.
    options : ShardOptions

    Attributes
    ----------
    token : str
        A new random name for every instance.
    step : int
        How many steps it has applied.
    layer : Embedding
        The rows: a plain layer of the shard's shape.

    Examples
    --------
    >>> options = ShardOptions(optimizer={"class_name": "SGD", "config": {"learning_rate": 1.0}})
    >>> shard = Shard(Sharding(6, 2, "row_wise", 2), 1, options)
    >>> shard.apply(Stamp(shard.token, 0), 1, np.array([2]), np.ones((1, 2), np.float32))
    1
    >>> shard.lookup(Stamp(shard.token, 1), np.array([2])).tolist()
    [[-1.0, -1.0]]
    """

    def __init__(self, sharding: Sharding, index: int, options: ShardOptions):
        self.token, self.step, self._touched = uuid.uuid4().hex, 0, 0
        self.sharding, self.index, self.options = sharding, index, options
        rows, columns = sharding.shape(index)
        place: dict[str, Any] = {"dtype": options.dtype, "placement": options.placement}
        self.layer = Embedding(rows, columns, "zeros", name=f"shard_{index}", **place)
        self.layer.build()
        self.optimizer = optimizers.deserialize(options.optimizer)
        self._compile()
        if options.initializer is not None:
            self._initialize()
        self._release()

    def describe(self) -> Stamp:
        """Return the shard's token and step."""
        return Stamp(self.token, self.step)

    @property
    def _table(self) -> np.ndarray:
        return self.layer.table.value

    def _compile(self) -> None:
        """Run the kernels on one row: compiling takes seconds, and calls have a time limit."""
        row = Variable(np.zeros((1, self._table.shape[1]), self._table.dtype))
        ids = np.zeros(1, np.int64)
        grad = SparseGrad(ids, row.value.copy(), (1, row.shape[1]), (ids, row.value))
        optimizers.deserialize(self.options.optimizer).apply([grad], [row])
        lookup(row.value, ids)

    def _initialize(self) -> None:
        """Draw the rows of this shard, block by block of the whole table."""
        start = initializers.deserialize(self.options.initializer)
        columns = self.sharding.columns(self.index)
        for block in range(-(-self.sharding.input_dim // BLOCK)):
            ids = np.arange(block * BLOCK, min((block + 1) * BLOCK, self.sharding.input_dim))
            for part in self.sharding.parts(ids, every_copy=True):
                if part.shard == self.index:
                    rows = block_rows(start, self.options, block, len(ids), self.sharding)
                    self._table[part.rows] = rows[part.positions, columns]
            if block % 32 == 31:
                self._release()

    def _check(self, stamp: Stamp) -> None:
        if stamp.token != self.token:
            must = f"shard {self.index} must be the one that the table was made with"
            received = "a call for another, so its worker was started anew"
            raise ShardLostError(message(must, received, "Call load with the last saved folder"))
        if stamp.step != self.step:
            must = f"shard {self.index} must be at step {stamp.step}"
            do = "Call load with the last saved folder"
            raise StepError(message(must, f"a shard at step {self.step}", do))

    # Rows -------------------------------------------------------------------------------------

    def lookup(self, stamp: Stamp, rows: np.ndarray) -> np.ndarray:
        """Return rows of the shard (M, columns) for their numbers (M,)."""
        self._check(stamp)
        out = np.empty((len(rows), self._table.shape[1]), self._table.dtype)
        for piece in self._pieces(len(rows)):
            lookup(self._table, rows[piece], out=out[piece])
            self._release(len(rows[piece]))
        return out

    def write(self, stamp: Stamp, rows: np.ndarray, values: np.ndarray) -> None:
        """Set rows (M,) of the shard to `values` (M, columns)."""
        self._check(stamp)
        self._table[rows] = values
        self._release(len(rows))

    def apply(self, stamp: Stamp, number: int, rows: np.ndarray, grad: np.ndarray) -> int:
        """Apply step `number` to `rows` (M,), each once, by `grad` (M, columns); return `number`.

        StepError unless it is the step after the last one: none is applied twice, none skipped.
        """
        if number != self.step + 1 and stamp.token == self.token:
            must = f"shard {self.index} must apply step {self.step + 1} next"
            received = f"step {number}, which " + (
                "it has applied" if number <= self.step else "skips one"
            )
            raise StepError(message(must, received, "Call load with the last saved folder"))
        self._check(stamp)
        lazy = self.optimizer.sparse_update == "lazy"
        self.step = UNFINISHED
        for piece in self._pieces(len(rows)) if lazy else [slice(None)]:
            self.optimizer.iterations = number - 1
            ids, values = np.asarray(rows[piece], np.int64), np.ascontiguousarray(grad[piece])
            sparse = SparseGrad(ids, values, self._table.shape, (ids, values))
            self.optimizer.apply([sparse], [self.layer.table])
            self._release(len(ids))
        self.step = number
        return number

    def nearest(self, stamp: Stamp, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ids of the table and cosines, (Q, K) each, of the nearest rows of this shard.

        A replicated row is searched on shard 0 alone.
        """
        self._check(stamp)
        first = self.sharding.replicated.size if self.index else 0
        table = self._table
        to_ids = lambda rows: self.sharding.global_ids(self.index, rows)
        answer = top_k(table, lambda rows: table[rows], queries, k, first, to_ids)
        self._release()
        return answer

    # Files ------------------------------------------------------------------------------------

    def save(self, stamp: Stamp, path: str, save_id: str) -> int:
        """Write the rows and the slots to a safetensors file, whole or not at all; return its size.

        ShardError where the disk is full or the folder cannot be written.
        """
        self._check(stamp)
        arrays = {"embeddings": self._table}
        state = self.optimizer.state(self.layer.table) if self.optimizer.slots else {}
        arrays.update({f"slot.{name}": array for name, array in state.items()})
        try:
            size = write_shard(path, arrays, {"save": save_id, "step": str(self.step)})
        except OSError as error:
            must = f"shard {self.index} must be written to {Path(path).parent}"
            do = "Make space, and save again; what was saved before is whole"
            raise ShardError(message(must, error.strerror or error, do)) from None
        self._release()
        return size

    def load(self, sharding: Sharding, paths: list[str], save_id: str, step: int) -> int:
        """Read the rows and slots of this shard from files of any number of shards; return `step`.

        `sharding` is that of the files.
        """
        files = [open_shard(path, save_id, sharding.shape(n)) for n, path in enumerate(paths)]
        state = self.optimizer.state(self.layer.table) if self.optimizer.slots else {}
        targets = {"embeddings": self._table}
        targets.update({f"slot.{name}": array for name, array in state.items()})
        columns = self.sharding.columns(self.index)
        for first in range(0, len(self._table), CHUNK):
            rows = np.arange(first, min(first + CHUNK, len(self._table)))
            for part in sharding.parts(self.sharding.global_ids(self.index, rows)):
                start = max(columns.start, part.columns.start)
                stop = min(columns.stop, part.columns.stop)
                if start >= stop:
                    continue
                here = slice(start - columns.start, stop - columns.start)
                there = slice(start - part.columns.start, stop - part.columns.start)
                for name, target in targets.items():
                    values = files[part.shard][name][part.rows, there]
                    target[rows[part.positions], here] = values
            self._release()
            for arrays in files:
                release_pages(arrays.values())
        self.step = self.optimizer.iterations = step
        self._release()
        return step

    def _pieces(self, count: int) -> list[slice]:
        """Return the rows of a call, a piece at a time where the table is on disk; never none."""
        size = TOUCHED if self.options.placement == "disk" else max(count, 1)
        return [slice(first, first + size) for first in range(0, max(count, 1), size)]

    def _release(self, touched: int = TOUCHED) -> None:
        """Count rows that were used; after `TOUCHED` give the pages of arrays on disk back."""
        self._touched += touched
        if self.options.placement == "disk" and self._touched >= TOUCHED:
            slots = self.optimizer.state(self.layer.table) if self.optimizer.slots else {}
            release_pages([self._table, *slots.values()])
            self._touched = 0


def check_initializer(initializer: Any) -> dict[str, Any]:
    """Return an initializer as a config; refuse one whose numbers depend on the table's shape.

    >>> check_initializer("uniform")["class_name"]
    'RandomUniform'
    """
    start = initializers.get(initializer)
    names = ("RandomUniform", "RandomNormal", "TruncatedNormal", "Zeros", "Ones", "Constant")
    if type(start) not in [getattr(initializers, name) for name in names]:
        must = f"embeddings_initializer must be one of {', '.join(names)}"
        do = "Make the rows in an Embedding, and use ShardedEmbedding.from_embedding"
        raise ValueError(message(must, repr(initializer), do))
    config: dict[str, Any] = initializers.serialize(start)
    return config


def block_rows(
    initializer: Any, options: ShardOptions, block: int, rows: int, sharding: Sharding
) -> np.ndarray:
    """Return the first numbers of one block of rows of a table, (rows, D)."""
    seed = getattr(initializer, "seed", None)
    seeds = np.random.SeedSequence([options.seed if seed is None else seed, block])
    if hasattr(initializer, "seed"):
        config = {**initializer.get_config(), "seed": int(seeds.generate_state(1, np.uint32)[0])}
        initializer = type(initializer).from_config(config)
    out: np.ndarray = initializer((rows, sharding.output_dim), dtype=options.dtype)
    return out


def top_k(
    table: Any, read: Any, queries: np.ndarray, k: int, first: int, to_ids: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return ids and cosines (Q, K) of the nearest rows, the same for every split of a table.

    Parameters
    ----------
    table : ndarray or LazyTable
    read : callable
        Returns the rows (M, D) for row numbers (M,).
    queries : ndarray, (Q, D)
    k, first : int
        How many, from which row on.
    to_ids : callable
        Returns the ids of row numbers.

    Returns
    -------
    ids : ndarray of int64, (Q, K)
        Of equals the lower id first; -1 where there are no more rows.
    similarities : ndarray of float64, (Q, K)
        NaN where there are no more rows.

    Notes
    -----
    The core's search multiplies matrices, whose last bits depend on where a row stands in a block.
    So it selects, with a margin for these bits; the cosines are then computed again, row by row, in
    double precision.
    """
    available = table.shape[0] - first
    count = min(k, available)
    margin = 8 * table.shape[1] * np.finfo(queries.dtype).eps
    depth = min(available, 2 * count + 8)
    while True:
        near = nearest(table, queries, max(depth, 1), first=first)
        if depth >= available:
            break
        gap = near.similarities[:, count - 1] - near.similarities[:, -1]
        if (np.isnan(near.similarities[:, -1]) | (gap > margin)).all():
            break
        depth = min(available, 4 * depth)
    ids = np.full((len(queries), count), -1)
    similarities = np.full((len(queries), count), np.nan)
    directions = normalize_rows(queries.astype(np.float64))
    for q, candidates in enumerate(near.ids):
        candidates = candidates[candidates >= 0]
        names = to_ids(candidates)
        rows = normalize_rows(np.asarray(read(candidates), np.float64))
        cosines = np.clip((rows * directions[q]).sum(axis=1), -1, 1)
        best = np.lexsort((names, -cosines))[:count]
        ids[q, : len(best)], similarities[q, : len(best)] = names[best], cosines[best]
    return ids, similarities
