"""A shard: a plain class that owns a part of a table, of its adapters and of their slots.

It runs in this process, or as a Dask actor on a worker. All that it computes is the core's. Every
call carries the shard's token and the number of the last step: a shard that was started anew, or
that has missed a step, answers with an error and never with other rows.
"""

import math
import uuid
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from embedlab import initializers, optimizers, quantizers
from embedlab.core.checks import message, short_repr
from embedlab.core.geometry import nearest, normalize_rows
from embedlab.core.gradient import SparseGrad
from embedlab.core.lookup import lookup
from embedlab.core.quantize import quantize
from embedlab.distributed.arrays import ShardOptions, adapter_name, array_forms
from embedlab.distributed.errors import ShardError, ShardLostError, StepError
from embedlab.distributed.files import open_shard, release_pages, write_shard
from embedlab.distributed.sharding import Sharding
from embedlab.layers import Embedding, Variable
from embedlab.layers.allocation import TableMemoryError
from embedlab.layers.memory import in_words

__all__ = ["Shard", "Stamp", "check_adapter_initializer", "check_initializer", "top_k"]

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


class Shard:
    """One shard of a table, with its adapters and its optimizer's slots.

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
        The rows, as floats or codes, and the adapters: a plain layer of the shard's shape. Each has
        A for its own rows, and B for its own columns: with row-wise schemes the whole of B, which
        takes the same steps everywhere.

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
        try:
            self.layer = self._make_layer(*sharding.shape(index))
            self.optimizer = optimizers.deserialize(options.optimizer)
            self._compile()
            if options.initializer is not None:
                self._draw(self._table, options.initializer, options.seed)
            self._release()  # with slots, which on disk have their space from now on
        except TableMemoryError as error:  # whose advice is for a table of one machine
            rows, columns = sharding.shape(index)
            place, do = "in the memory", 'pass placement="disk"'
            if options.placement == "disk":
                place, do = "on the disk", "set TMPDIR of the workers to a folder on a larger disk"
            must = f"shard {index}, {rows} x {columns}, must fit {place} of its worker"
            free = f"{in_words(error.available)} free" if error.available else "no space left"
            received = f"{free} for an array of {in_words(error.needed)}"
            do = f"Plan for more workers, or {do}"
            text = message(must, received, do)
            raise TableMemoryError(text, error.needed, error.available) from None

    def _make_layer(self, rows: int, columns: int) -> Embedding:
        """Return a layer of zeros with as many rows, in the form that the options say."""
        options, padding = self.options, None
        if rows == self.sharding.shape(self.index)[0]:
            padding = self.sharding.row_of(self.index, options.padding_idx)
        place: dict[str, Any] = {"dtype": options.dtype, "placement": options.placement}
        layer = Embedding(
            rows, columns, "zeros", name=f"shard_{self.index}", padding_idx=padding, **place
        )
        if options.quantization is None:
            layer.build()
        else:
            config = quantizers.get(options.quantization)
            layer.quantized_build((rows, columns), config.mode, config)
        for adapter in options.adapters:
            _add_adapter(layer, adapter)
        layer.set_active(options.active)
        return layer

    def describe(self) -> Stamp:
        """Return the shard's token and step."""
        return Stamp(self.token, self.step)

    def close(self) -> None:
        """Drop all arrays, and their files on disk: others will take their place."""
        del self.layer, self.optimizer

    @property
    def _table(self) -> np.ndarray:
        return self.layer.table.value

    def _variables(self) -> dict[str, Variable]:
        """Return what steps may change, by name: the floats, and A and B of each adapter."""
        floats = {} if self.options.quantization else {"embeddings": self.layer.table}
        factors = {
            adapter_name(number, factor): getattr(adapter, factor)
            for number, adapter in enumerate(self.layer.adapters.values())
            for factor in ("a", "b")
        }
        return {**floats, **factors}

    def _arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by the names of `array_forms`."""
        arrays: dict[str, np.ndarray] = {}
        if self.options.quantization:
            rows = self.layer.embedding_table.row_variables
            arrays = {n: v.value for n, v in zip(("codes", "scale", "zero"), rows, strict=False)}
        for name, variable in self._variables().items():
            arrays[name] = variable.value
            prefix = "" if name == "embeddings" else f"{name}."
            state = self.optimizer.state(variable) if self.optimizer.slots else {}
            arrays.update({f"{prefix}slot.{slot}": array for slot, array in state.items()})
        return arrays

    def _compile(self) -> None:
        """Run the kernels on one row: compiling takes seconds, and calls have a time limit."""
        layer, ids = self._make_layer(1, self.sharding.shape(self.index)[1]), np.zeros(1, np.int64)
        layer.call(ids)
        grads: list[Any] = []
        for variable in layer.trainable_weights:
            grads.append(np.zeros_like(variable.value))
            if len(grads) % 2:  # the table, or A; after it comes B, whose gradient is dense
                grads[-1] = _as_sparse(ids, grads[-1], variable.shape)
        if grads:
            optimizers.deserialize(self.options.optimizer).apply(grads, layer.trainable_weights)

    def _draw(self, target: np.ndarray, initializer: Any, seed: int, width: int = 0) -> None:
        """Draw the rows of this shard, block by block of the whole table.

        `width` is that of A, of which every shard has all columns.
        """
        start = initializers.deserialize(initializer)
        columns = slice(None) if width else self.sharding.columns(self.index)
        width = width or self.sharding.output_dim
        for block in range(-(-self.sharding.input_dim // BLOCK)):
            ids = np.arange(block * BLOCK, min((block + 1) * BLOCK, self.sharding.input_dim))
            for part in self.sharding.parts(ids, every_copy=True):
                if part.shard == self.index:
                    shape = (len(ids), width)
                    rows = block_rows(start, seed, self.options.dtype, block, shape)
                    target[part.rows] = rows[part.positions, columns]
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
        plain = not self.options.quantization and not self.layer.active_adapters
        out = np.empty((len(rows), self.layer.output_dim), self.options.dtype)
        for piece in self._pieces(len(rows)):
            if plain:
                lookup(self._table, rows[piece], out=out[piece])
            else:
                out[piece] = self.layer.call(rows[piece])
            self._release(len(rows[piece]))
        return out

    def read(self, stamp: Stamp, name: str, rows: Any) -> np.ndarray:
        """Return a copy of rows of an array: see `array_forms`."""
        self._check(stamp)
        out: np.ndarray = self._arrays()[name][rows].copy()
        self._release(len(out))
        return out

    def write(self, stamp: Stamp, name: str, rows: Any, values: np.ndarray) -> None:
        """Set rows of an array to `values`."""
        self._check(stamp)
        self._arrays()[name][rows] = values
        self._release(len(values))

    def apply(self, stamp: Stamp, number: int, rows: np.ndarray, grad: np.ndarray) -> int:
        """Apply step `number` to `rows` (M,), each once, by `grad` (M, columns); return `number`.

        StepError unless it is the step after the last one: none is applied twice, none skipped.
        """
        self._begin_step(stamp, number)
        lazy = self.optimizer.sparse_update == "lazy"
        for piece in self._pieces(len(rows)) if lazy else [slice(None)]:
            self.optimizer.iterations = number - 1
            sparse = _as_sparse(rows[piece], grad[piece], self._table.shape)
            self.optimizer.apply([sparse], [self.layer.table])
            self._release(len(sparse.ids))
        self.step = number
        return number

    def _begin_step(self, stamp: Stamp, number: int) -> None:
        if number != self.step + 1 and stamp.token == self.token:
            must = f"shard {self.index} must apply step {self.step + 1} next"
            received = f"step {number}, which " + (
                "it has applied" if number <= self.step else "skips one"
            )
            raise StepError(message(must, received, "Call load with the last saved folder"))
        self._check(stamp)
        self.step = UNFINISHED

    # Adapters and codes -----------------------------------------------------------------------

    def factors(
        self, stamp: Stamp, rows: np.ndarray, with_b: bool
    ) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Return rows of A, (M, R), of each active adapter, and B, (R, columns), where wanted."""
        self._check(stamp)
        adapters = [self.layer.adapters[name] for name in self.layer.active_adapters]
        return [(x.a.value[rows], x.b.value.copy() if with_b else None) for x in adapters]

    def apply_factors(
        self,
        stamp: Stamp,
        number: int,
        rows: np.ndarray,
        grads: Sequence[tuple[np.ndarray, np.ndarray]],
    ) -> int:
        """Apply step `number` to the active adapters, and return it; see `apply`.

        `grads` are those of A (M, R), for `rows` (M,), and of B (R, columns), of each.
        """
        self._begin_step(stamp, number)
        pairs: list[tuple[Any, Variable]] = []
        for name, (grad_a, grad_b) in zip(self.layer.active_adapters, grads, strict=True):
            adapter = self.layer.adapters[name]
            pairs.append((_as_sparse(rows, grad_a, adapter.a.shape), adapter.a))
            pairs.append((np.ascontiguousarray(grad_b), adapter.b))
        self.optimizer.iterations = number - 1
        self.optimizer.apply([grad for grad, _ in pairs], [variable for _, variable in pairs])
        self.step = number
        return number

    def add_adapter(
        self, stamp: Stamp, adapter: dict[str, Any], initializer: Any, seed: int, b: np.ndarray
    ) -> None:
        """Make an adapter: A drawn block by block of the whole table, `b` (R, columns) as given."""
        self._check(stamp)
        _add_adapter(self.layer, adapter)
        added = self.layer.adapters[adapter["name"]]
        self._draw(added.a.value, initializer, seed, added.rank)
        if added.a.padding_idx is not None:
            added.a.value[added.a.padding_idx] = 0
        added.b.value[:] = b
        self._note_adapters()
        self._compile()

    def set_active(self, stamp: Stamp, names: Sequence[str]) -> None:
        """Make the named adapters active, and no others."""
        self._check(stamp)
        self.layer.set_active(list(names))
        self._note_adapters()

    def remove(self, stamp: Stamp, name: str) -> None:
        """Remove an adapter and its slots."""
        self._check(stamp)
        self.layer.remove(name)
        self._note_adapters()
        self._renew_optimizer()

    def _note_adapters(self) -> None:
        adapters = tuple(adapter.get_config() for adapter in self.layer.adapters.values())
        self.options = self.options._replace(adapters=adapters, active=self.layer.active_adapters)

    def _renew_optimizer(self) -> None:
        """Drop the slots of variables that are gone; the others keep theirs."""
        new, old = optimizers.deserialize(self.options.optimizer), self.optimizer
        stay = {id(variable) for variable in self._variables().values()}
        new._slots = {key: slots for key, slots in old._slots.items() if key in stay}
        new.iterations, self.optimizer = old.iterations, new

    def not_finite(self, stamp: Stamp) -> tuple[int, int, float] | None:
        """Return the id, column and value of a number that is not finite; None without one."""
        self._check(stamp)
        for first in range(0, len(self._table), CHUNK):
            wrong = np.argwhere(~np.isfinite(self._table[first : first + CHUNK]))
            self._release()
            if wrong.size:
                row, column = int(wrong[0, 0]) + first, int(wrong[0, 1])
                place = int(self.sharding.global_ids(self.index, np.array([row]))[0])
                value = float(self._table[row, column])
                return place, column + (self.sharding.columns(self.index).start or 0), value
        return None

    def quantize(self, stamp: Stamp, config: Any) -> None:
        """Turn the rows into codes, some at a time; the floats and their slots are gone then."""
        self._check(stamp)
        floats, rule = self._table, quantizers.get(config)
        self.layer.quantized_build(floats.shape, rule.mode, rule)
        self.options = self.options._replace(quantization=config, initializer=None)
        targets = [variable.value for variable in self.layer.embedding_table.row_variables]
        for first in range(0, len(floats), CHUNK):
            rows = slice(first, first + CHUNK)
            codes = quantize(floats[rows], rule.bits, rule.block_size)
            for target, part in zip(targets, (codes.codes, codes.scale, codes.zero), strict=False):
                target[rows] = part
            release_pages([floats])
        self._renew_optimizer()
        self._compile()

    def nearest(self, stamp: Stamp, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ids of the table and cosines, (Q, K) each, of the nearest rows of this shard.

        A replicated row is searched on shard 0 alone.
        """
        self._check(stamp)
        first = self.sharding.replicated.size if self.index else 0
        table = self.layer.embedding_table.rows(self.layer.adapters)
        to_ids = lambda rows: self.sharding.global_ids(self.index, rows)
        answer = top_k(table, self.layer.call, queries, k, first, to_ids)
        self._release()
        return answer

    # Files ------------------------------------------------------------------------------------

    def save(self, stamp: Stamp, path: str, save_id: str) -> tuple[int, int]:
        """Write all arrays to a safetensors file, whole or not at all; return size and checksum.

        ShardError where the disk is full or the folder cannot be written.
        """
        self._check(stamp)
        try:
            written = write_shard(path, self._arrays(), {"save": save_id, "step": str(self.step)})
        except OSError as error:
            must = f"shard {self.index} must be written to {Path(path).parent}"
            do = "Make space, and save again; what was saved before is whole"
            raise ShardError(message(must, error.strerror or error, do)) from None
        self._release()
        return written

    def load(self, sharding: Sharding, paths: list[str], save_id: str, step: int) -> int:
        """Read the arrays of this shard from files of any number of shards; return `step`.

        `sharding` is that of the files, which hold the same arrays as this shard.
        """
        forms = [array_forms(sharding, n, self.options) for n in range(sharding.shards)]
        files = [open_shard(path, save_id, forms[n]) for n, path in enumerate(paths)]
        targets, columns = self._arrays(), self.sharding.columns(self.index)
        forms_here = array_forms(self.sharding, self.index, self.options)
        for first in range(0, self.layer.input_dim, CHUNK):
            rows = np.arange(first, min(first + CHUNK, self.layer.input_dim))
            for part in sharding.parts(self.sharding.global_ids(self.index, rows)):
                here, there = _overlap(columns, part.columns)
                if here.start >= here.stop:
                    continue
                for name, form in forms_here.items():
                    if form.by_row:
                        values = files[part.shard][name][form.place(part.rows, there)]
                        targets[name][form.place(rows[part.positions], here)] = values
            self._release()
            for arrays in files:
                release_pages(arrays.values())
        for shard, arrays in enumerate(files):  # B of adapters, which all shards of rows have
            here, there = _overlap(columns, sharding.columns(shard))
            for name, form in forms_here.items() if here.start < here.stop else ():
                if not form.by_row:
                    targets[name][:, here] = arrays[name][:, there]
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
            release_pages(self._arrays().values())
            self._touched = 0


def _add_adapter(layer: Embedding, adapter: dict[str, Any]) -> None:
    """Add an adapter of zeros; whether its rank is low was asked of the whole table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        layer.add_adapter(**adapter, a_initializer="zeros", b_initializer="zeros")


def _as_sparse(rows: np.ndarray, values: np.ndarray, shape: tuple[int, ...]) -> SparseGrad:
    """Return the gradient (M, columns) of `rows` (M,) of a shard, each once, in any order."""
    ids, values = np.asarray(rows, np.int64), np.ascontiguousarray(values)
    return SparseGrad(ids, values, (shape[0], shape[1]), (ids, values))


def _overlap(one: slice, other: slice) -> tuple[slice, slice]:
    """Return the columns that both have, as counted within each.

    >>> _overlap(slice(2, 6), slice(4, 9))
    (slice(2, 4, None), slice(0, 2, None))
    """
    start, stop = max(one.start, other.start), min(one.stop, other.stop)
    return (
        slice(start - one.start, stop - one.start),
        slice(start - other.start, stop - other.start),
    )


def check_initializer(initializer: Any, name: str = "embeddings_initializer") -> dict[str, Any]:
    """Return an initializer as a config; refuse one whose numbers depend on the table's shape.

    >>> check_initializer("uniform")["class_name"]
    'RandomUniform'
    """
    start = initializers.get(initializer)
    names = ("RandomUniform", "RandomNormal", "TruncatedNormal", "Zeros", "Ones", "Constant")
    known = type(start) in [getattr(initializers, name) for name in names]
    if not known or np.ndim(getattr(start, "value", 0)):
        must = f"{name} must be one of {', '.join(names)}, with plain numbers"
        do = "Make the rows in an Embedding, and use ShardedEmbedding.from_embedding"
        raise ValueError(message(must, short_repr(initializer), do))
    config: dict[str, Any] = initializers.serialize(start)
    return config


def check_adapter_initializer(initializer: Any, rows: int) -> dict[str, Any]:
    """Return an initializer of A, (V, R), as a config; HeUniform draws within sqrt(6 / V).

    >>> check_adapter_initializer("he_uniform", 24)["config"]["maxval"]
    0.5
    """
    start = initializers.get(initializer)
    if type(start) is initializers.HeUniform:
        limit = math.sqrt(6 / rows)
        start = initializers.RandomUniform(-limit, limit, start.seed)
    return check_initializer(start, "a_initializer")


def block_rows(
    initializer: Any, seed: int, dtype: str, block: int, shape: tuple[int, int]
) -> np.ndarray:
    """Return the first numbers of one block of rows of an array."""
    fixed = getattr(initializer, "seed", None)
    seeds = np.random.SeedSequence([seed if fixed is None else fixed, block])
    if hasattr(initializer, "seed"):
        config = {**initializer.get_config(), "seed": int(seeds.generate_state(1, np.uint32)[0])}
        initializer = type(initializer).from_config(config)
    out: np.ndarray = initializer(shape, dtype=dtype)
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
