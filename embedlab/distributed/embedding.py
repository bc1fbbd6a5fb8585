"""A sharded embedding: one table (V, D) in shards, with the numbers of one table on one machine."""

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from embedlab import optimizers
from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_floats,
    as_numeric_array,
    check_above_zero,
    check_choice,
    check_finite,
    check_flag,
    check_size,
    message,
    short_repr,
)
from embedlab.core.geometry import LazyTable, Neighbors
from embedlab.core.gradient import SparseGrad, coalesce, group
from embedlab.core.ids import as_ids, check_padding_idx
from embedlab.core.lookup import lookup
from embedlab.distributed.errors import InconsistentTableError, ShardError
from embedlab.distributed.files import read_manifest, remove_shards, write_manifest
from embedlab.distributed.plan import ShardPlan
from embedlab.distributed.shard import ShardOptions, Stamp, check_initializer, top_k
from embedlab.distributed.sharding import Part, Sharding
from embedlab.distributed.workers import Answer, DaskShards, InProcessShards
from embedlab.layers import Embedding

__all__ = ["ShardedEmbedding"]

CHUNK = 65_536
"""Rows that are copied at a time between a table and its shards."""


class _Request(NamedTuple):
    """A lookup whose answers are under way.

    `changed` collects the ids of steps that were applied since it was sent.
    """

    shape: tuple[int, ...]
    ids: np.ndarray  # distinct
    inverse: np.ndarray
    parts: list[Part]
    answers: list[Answer]
    changed: list[np.ndarray]


class ShardedEmbedding:
    """Turn ids into rows of a table (V, D) that lies in shards, and train it.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D.
    client : distributed.Client, optional
        A Dask client that is connected: each shard becomes an actor on a worker. Without one the
        shards are objects of this process.
    plan : Sharding or ShardPlan, optional
        How the table is split; of a plan for several tables, that called `name`. By default
        "row_wise_hashed" with a shard for each worker (two without a client).
    embeddings_initializer : str, dict, class or Initializer
        One whose numbers do not depend on the shape: RandomUniform ("uniform"), RandomNormal,
        TruncatedNormal, Zeros, Ones, Constant. For others use `from_embedding`.
    optimizer : str, dict or Optimizer
        The rule of `step`: each shard has one, and its slots never leave the shard. Pass one with
        ``sparse_update="lazy"`` unless every row of the table is to move at every step.
    padding_idx : int, optional
        A row that `from_embedding` or an initializer made, and that training never moves.
    scale_grad_by_freq : bool
        Divide the gradient of each row by the count of its id in the batch.
    dtype : {"float32", "float64"}
    placement : {"memory", "disk"}
        Where the workers keep rows and slots.
    seed : int, optional
        For an initializer. The rows depend on it, V and D, and not on the plan.
    timeout : float
        Seconds after which a shard that does not answer a lookup or a step counts as lost.
    name : str

    Raises
    ------
    ValueError, ShardError
        For arguments that do not fit, and workers that do not answer.
    IdError
        From a call, for ids outside the table: it names their position in the caller's array.

    Notes
    -----
    Lookups and steps give the numbers of one `Embedding` and one optimizer, bit for bit, with any
    scheme and number of shards: the gradient of each row is summed here, in the order of the batch,
    and a shard moves each element as one table would.

    Examples
    --------
    >>> table = ShardedEmbedding(10, 4, plan=Sharding(10, 4, "row_wise", 3), seed=7)
    >>> table
    ShardedEmbedding(10 words -> 4 numbers, row_wise, 3 shards)
    >>> ids = [[1, 2, 9], [9, 9, 0]]
    >>> table(ids).shape
    (2, 3, 4)
    >>> table.step(table.backward(ids, np.ones((2, 3, 4), np.float32)))
    1
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        client: Any = None,
        plan: Any = None,
        *,
        embeddings_initializer: Any = "uniform",
        optimizer: Any = "sgd",
        padding_idx: int | None = None,
        scale_grad_by_freq: bool = False,
        dtype: str = "float32",
        placement: str = "memory",
        seed: int | None = None,
        timeout: float = 60.0,
        name: str = "embedding",
    ):
        config = check_initializer(embeddings_initializer)
        self._set_up(
            (input_dim, output_dim),
            client,
            plan,
            optimizer=optimizer,
            padding_idx=padding_idx,
            scale_grad_by_freq=scale_grad_by_freq,
            dtype=dtype,
            placement=placement,
            timeout=timeout,
            name=name,
        )
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
        self._start(config, check_size(seed, "seed", least=0))
        if self.padding_idx is not None:
            row = np.zeros((1, self.output_dim), self.dtype)
            self._write(np.array([self.padding_idx]), row)

    def _set_up(
        self,
        shape: tuple[int, int],
        client: Any,
        plan: Any,
        *,
        optimizer: Any,
        padding_idx: int | None = None,
        scale_grad_by_freq: bool = False,
        dtype: str = "float32",
        placement: str = "memory",
        timeout: float = 60.0,
        name: str = "embedding",
    ) -> None:
        """Check and keep all arguments but the initializer."""
        self.name, self.client = name, client
        self.input_dim = check_size(shape[0], "input_dim")
        self.output_dim = check_size(shape[1], "output_dim")
        self.timeout = check_above_zero(timeout, "timeout")
        check_choice(dtype, "dtype", ("float32", "float64"))
        check_choice(placement, "placement", ("memory", "disk"))
        self.dtype, self.placement = np.dtype(dtype), placement
        self.scale_grad_by_freq = check_flag(scale_grad_by_freq, "scale_grad_by_freq")
        check_padding_idx(padding_idx, self.input_dim)
        self.padding_idx = padding_idx
        self._optimizer = optimizers.serialize(optimizers.get(optimizer))
        self.sharding = self._as_sharding(plan)
        self.iterations = 0
        self._inconsistent = ""
        self._requests: list[_Request] = []
        self.reset_traffic()

    def _as_sharding(self, plan: Any) -> Sharding:
        shape = self.input_dim, self.output_dim
        if plan is None:
            workers = 2 if self.client is None else DaskShards.count_workers(self.client)
            return Sharding(*shape, shards=min(workers, self.input_dim))
        if isinstance(plan, ShardPlan):
            if self.name not in plan.tables:
                must = f"the plan must have a table called name={self.name!r}"
                raise ValueError(message(must, list(plan.tables), "Pass name=..."))
            plan = plan[self.name]
        if not isinstance(plan, Sharding):
            do = "Make one with embedlab.distributed.plan"
            raise TypeError(message("plan must be a Sharding or ShardPlan", short_repr(plan), do))
        if (plan.input_dim, plan.output_dim) != shape:
            must = f"the plan must be for a table {shape}"
            raise ShapeError(message(must, (plan.input_dim, plan.output_dim), "Plan again"))
        return plan

    def _start(self, initializer: Any = None, seed: int = 0) -> None:
        """Start the shards, with rows by an initializer, or zeros to be written."""
        options = ShardOptions(self.dtype.name, self.placement, self._optimizer, initializer, seed)
        self._shards: Any = None  # the old ones go first: both may not fit
        kind: Any = InProcessShards
        arguments: tuple[Any, ...] = (self.sharding, options)
        if self.client is not None:
            kind, arguments = DaskShards, (self.client, *arguments, 20 * self.timeout)
        self._shards = kind(*arguments)
        stamps = [a.result(self.timeout) for a in self._to_all("describe")]
        self._tokens = [stamp[0] for stamp in stamps]

    # Calls ------------------------------------------------------------------------------------

    def _stamp(self, shard: int) -> Stamp:
        return Stamp(self._tokens[shard], self.iterations)

    def _to_all(self, method: str, *arguments: Any) -> list[Answer]:
        shards = range(self.sharding.shards)
        return [self._shards.call(shard, method, *arguments) for shard in shards]

    def _check_consistent(self) -> None:
        if self._inconsistent:
            must = f"a step of {self.name!r} must have reached all shards"
            do = "Call load with the last saved folder"
            raise InconsistentTableError(message(must, self._inconsistent, do))

    def reset_traffic(self) -> None:
        """Set the counts of bytes to zero.

        `bytes_sent` and `bytes_received`, (S,) each, count the arrays of lookups and steps that
        went to each shard and came back.
        """
        self.bytes_sent = np.zeros(self.sharding.shards, np.int64)
        self.bytes_received = np.zeros(self.sharding.shards, np.int64)

    # Lookup -----------------------------------------------------------------------------------

    def __call__(self, ids: Any) -> np.ndarray:
        """Return the rows of `ids`: see `lookup`."""
        return self.lookup(ids)

    def lookup(self, ids: Any) -> np.ndarray:
        """Return the rows for ids of any shape: (*ids.shape, D).

        Each distinct id is sent once, to the shard that holds it; the answers land in one array, in
        whatever order they arrive, and from there in their positions.

        Raises
        ------
        IdError
            For ids outside the table, with their positions in `ids`.
        ShardLostError
            When a shard does not answer within `timeout`.
        InconsistentTableError
            After a step that may have reached some shards only.
        """
        return self._finish(self._request(ids))

    def lookups(self, batches: Iterable[Any]) -> Iterator[np.ndarray]:
        """Yield the rows for each batch of ids; the next ids travel while one batch is used.

        Steps between are seen: rows that they changed are fetched once more.

        >>> table = ShardedEmbedding(5, 2, embeddings_initializer="ones", seed=1)
        >>> [rows.sum().item() for rows in table.lookups([[0], [1, 2], [3, 3, 3]])]
        [2.0, 4.0, 6.0]
        """
        ahead: _Request | None = None
        try:
            for ids in batches:
                request = self._request(ids)
                self._requests.append(request)
                if ahead is not None:
                    current, ahead = ahead, request
                    yield self._finish(current)
                ahead = request
            if ahead is not None:
                yield self._finish(ahead)
        finally:
            self._requests = [r for r in self._requests if r is not ahead]

    def _request(self, ids: Any) -> _Request:
        ids = as_ids(ids)
        groups = group(ids, self.input_dim)
        self._check_consistent()
        inverse = np.empty(ids.size, np.int64)
        inverse[groups.order] = np.repeat(np.arange(len(groups.ids)), groups.counts)
        parts = self.sharding.parts(groups.ids)
        answers = [self._ask(part) for part in parts]
        return _Request(ids.shape, groups.ids, inverse, parts, answers, [])

    def _ask(self, part: Part) -> Answer:
        self.bytes_sent[part.shard] += part.rows.nbytes
        stamp = self._stamp(part.shard)
        answer: Answer = self._shards.call(part.shard, "lookup", stamp, part.rows)
        return answer

    def _finish(self, request: _Request) -> np.ndarray:
        self._requests = [other for other in self._requests if other is not request]
        self._check_consistent()
        rows = np.empty((request.ids.size, self.output_dim), self.dtype)
        self._land(rows, request.parts, request.answers)
        if request.changed:
            stale = np.isin(request.ids, np.concatenate(request.changed))
            parts = self.sharding.parts(request.ids[stale])
            fresh = np.empty((int(stale.sum()), self.output_dim), self.dtype)
            self._land(fresh, parts, [self._ask(part) for part in parts])
            rows[stale] = fresh
        out = np.empty((*request.shape, self.output_dim), self.dtype)
        return lookup(rows, request.inverse.reshape(request.shape), out=out)

    def _land(self, rows: np.ndarray, parts: list[Part], answers: list[Answer]) -> None:
        """Copy each answer to its place in `rows`."""
        for part, answer in zip(parts, answers, strict=True):
            values = answer.result(self.timeout)
            self.bytes_received[part.shard] += values.nbytes
            rows[part.positions, part.columns] = values

    # Training ---------------------------------------------------------------------------------

    def backward(self, ids: Any, grad: Any) -> SparseGrad:
        """Return the gradient of the table for that of the rows, (*ids.shape, D).

        Gradients of one id are summed here, in the order of their positions, as the core does.
        """
        grad = np.asarray(as_floats(as_numeric_array(grad, "grad"), "grad"), self.dtype)
        return coalesce(
            ids,
            grad,
            self.input_dim,
            padding_idx=self.padding_idx,
            scale_grad_by_freq=self.scale_grad_by_freq,
        )

    def step(self, grad: SparseGrad) -> int:
        """Apply one step of the optimizer on every shard, and return its number, from 1 up.

        Raises
        ------
        ShapeError, DtypeError, ShardLostError
            For a gradient of another table, and when a worker has ended before. Nothing was sent
            then.
        InconsistentTableError
            When a shard did not confirm the step: others may have applied it. Until `load`, every
            call raises it.
        """
        self._check_consistent()
        self._check_grad(grad)
        self._shards.check()
        number = self.iterations + 1
        parts = {part.shard: part for part in self.sharding.parts(grad.ids, every_copy=True)}
        answers, confirmed = [], 0
        try:
            for shard in range(self.sharding.shards):
                rows, values = np.empty(0, self.sharding.row_dtype(shard)), grad.rows[:0]
                columns = self.sharding.columns(shard)
                if shard in parts:
                    rows, values = parts[shard].rows, grad.rows[parts[shard].positions]
                values = np.ascontiguousarray(values[:, columns])
                self.bytes_sent[shard] += rows.nbytes + values.nbytes
                stamp = self._stamp(shard)
                answers.append(self._shards.call(shard, "apply", stamp, number, rows, values))
            for answer in answers:
                answer.result(self.timeout)
                confirmed += 1
        except BaseException as error:
            all_shards = f"{confirmed} of {self.sharding.shards} shards"
            self._inconsistent = f"step {number}, confirmed by {all_shards}"
            if not isinstance(error, Exception):
                raise  # such as KeyboardInterrupt
            must = f"step {number} of {self.name!r} must reach all shards"
            do = "Call load with the last saved folder"
            reason = str(error).partition("Received ")[2].removesuffix(f". {do}.") or repr(error)
            received = f"{all_shards} that confirmed it, and {reason}"
            raise InconsistentTableError(message(must, received, do)) from error
        self.iterations = number
        for request in self._requests:
            request.changed.append(grad.ids)
        return number

    def _check_grad(self, grad: Any) -> None:
        shape = self.input_dim, self.output_dim
        if not isinstance(grad, SparseGrad):
            do = "Make one with backward(ids, grad)"
            raise TypeError(message("step takes a SparseGrad", short_repr(grad), do))
        if grad.shape != shape or grad.rows.shape != (grad.ids.size, shape[1]):
            must = f"the gradient must be that of a table {shape}"
            raise ShapeError(message(must, grad.shape, "Make it with backward(ids, grad)"))
        if grad.rows.dtype != self.dtype:
            must, do = f"the gradient must have dtype {self.dtype}", "Cast it with astype"
            raise DtypeError(message(must, grad.rows.dtype, do))
        distinct = grad.ids.size < 2 or bool((np.diff(grad.ids) > 0).all())
        if not distinct:
            must, do = "the ids of a gradient must be sorted, each once", "Make it with coalesce"
            raise ValueError(message(must, short_repr(grad.ids), do))

    # Neighbors --------------------------------------------------------------------------------

    def nearest(self, query: Any, k: int = 10, *, exclude: Any = ()) -> Neighbors:
        """Return the k rows whose direction is nearest, by cosine: ids (..., K), similarities.

        `query` holds ids, () or (Q,) integer: the rows near to each, itself left out; or vectors,
        (D,) or (Q, D) float. `exclude` holds ids (E,) that are left out for all. Of equals the
        lower id comes first.

        Notes
        -----
        Each shard returns its k best, and the k best of these are taken; the answer does not depend
        on the split. A column-wise table has no whole rows anywhere: it is read once, block by
        block, and searched here.

        Examples
        --------
        >>> from embedlab.layers import Embedding
        >>> layer = Embedding(3, 2, weights=[[1, 0], [0, 1], [1, 1]])
        >>> table = ShardedEmbedding.from_embedding(layer)
        >>> table.nearest(0, k=1).ids.tolist(), table.nearest([2.0, 0.1], k=2).ids.tolist()
        ([2], [0, 2])
        """
        k = check_size(k, "k")
        left_out = np.unique(group(exclude, self.input_dim).ids)
        vectors = as_numeric_array(query, "query")
        itself = None
        if vectors.dtype.kind in "iu":
            itself = as_ids(vectors)
            vectors = self.lookup(itself)
        vectors = np.asarray(vectors, self.dtype)
        single = vectors.ndim == 1
        queries = np.ascontiguousarray(vectors[None] if single else vectors)
        if queries.ndim != 2 or queries.shape[1] != self.output_dim:
            must = (
                f"query must be ids () or (Q,), or vectors with rows of {self.output_dim} numbers"
            )
            raise ShapeError(message(must, f"shape {vectors.shape}", "Reshape it"))
        check_finite(queries, "query", "Leave such a query out.")
        self._check_consistent()
        depth = min(self.input_dim, k + left_out.size + (itself is not None))
        ids, similarities = self._candidates(queries, depth)
        out = np.isin(ids, left_out) | (ids < 0)
        if itself is not None:
            out |= ids == itself.reshape(-1, 1)
        order = np.lexsort((ids, -similarities, out), axis=1)[:, : min(k, self.input_dim)]
        ids, similarities = (np.take_along_axis(a, order, 1) for a in (ids, similarities))
        out = np.take_along_axis(out, order, 1)
        ids, similarities = np.where(out, -1, ids), np.where(out, np.nan, similarities)
        answer = ids, similarities.astype(self.dtype)
        return Neighbors(*(part[0] for part in answer)) if single else Neighbors(*answer)

    def _candidates(self, queries: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        if self.sharding.scheme == "column_wise":
            rows = LazyTable((self.input_dim, self.output_dim), self._read)
            return top_k(rows, self.lookup, queries, depth, 0, lambda rows: rows)
        shards = range(self.sharding.shards)
        answers = [
            self._shards.call(shard, "nearest", self._stamp(shard), queries, depth)
            for shard in shards
        ]
        parts = [answer.result(20 * self.timeout) for answer in answers]
        return tuple(np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))  # type: ignore[return-value]

    # Whole tables -----------------------------------------------------------------------------

    def _read(self, first: int, last: int) -> np.ndarray:
        return self.lookup(np.arange(first, last))

    def _write(self, ids: np.ndarray, values: np.ndarray) -> None:
        """Set the rows of distinct ids, on every shard that has a copy."""
        parts = self.sharding.parts(ids, every_copy=True)
        answers = [
            self._shards.call(
                part.shard,
                "write",
                self._stamp(part.shard),
                part.rows,
                np.ascontiguousarray(values[part.positions, part.columns]),
            )
            for part in parts
        ]
        for answer in answers:
            answer.result(self.timeout)

    @classmethod
    def from_embedding(
        cls, layer: Embedding, client: Any = None, plan: Any = None, **options: Any
    ) -> "ShardedEmbedding":
        """Return a sharded copy of a layer's table, whose padding and frequency rules it takes.

        `options` are those of the constructor: optimizer, placement, timeout, name.

        Raises
        ------
        ValueError
            For a layer with adapters, codes, a regularizer, a constraint, max_norm, row_dropout or
            rules for ids out of range, which shards do not have.
        """
        wrong = _unsupported(layer)
        if wrong:
            must = (
                "a sharded table has rows of floats, and padding_idx and scale_grad_by_freq alone"
            )
            do = "Merge adapters, and leave the rest away"
            raise ValueError(message(must, f"{layer.name!r} with {wrong}", do))
        if not layer.built:
            layer.build()
        self = cls.__new__(cls)
        options.setdefault("dtype", layer.variable_dtype)
        options.setdefault("optimizer", "sgd")
        options.update(padding_idx=layer.padding_idx, scale_grad_by_freq=layer.scale_grad_by_freq)
        self._set_up((layer.input_dim, layer.output_dim), client, plan, **options)
        self._start()
        table = layer.table.value
        for first in range(0, self.input_dim, CHUNK):
            ids = np.arange(first, min(first + CHUNK, self.input_dim))
            self._write(ids, np.asarray(table[ids], self.dtype))
        return self

    def to_embedding(self, **options: Any) -> Embedding:
        """Return a plain layer with a copy of all rows; `options` are its arguments.

        >>> table = ShardedEmbedding(5, 2, seed=3, plan=Sharding(5, 2, "column_wise", 2))
        >>> bool((table.to_embedding()([4, 0]) == table([4, 0])).all())
        True
        """
        options.setdefault("dtype", self.dtype.name)
        options.setdefault("padding_idx", self.padding_idx)
        options.setdefault("scale_grad_by_freq", self.scale_grad_by_freq)
        layer = Embedding(self.input_dim, self.output_dim, "zeros", **options)
        layer.build()
        for first in range(0, self.input_dim, CHUNK):
            last = min(first + CHUNK, self.input_dim)
            layer.table.value[first:last] = self._read(first, last)
        layer.table.mark_changed("to_embedding")
        return layer

    # Files ------------------------------------------------------------------------------------

    def save(self, path: Any) -> None:
        """Write all rows and slots to a folder: a safetensors file for each shard, and a manifest.

        The manifest is written last and at once; until then, and when anything fails, the folder
        holds what was saved before. All workers must see the folder under the same path.

        Raises
        ------
        ShardError
            When a disk is full, or a shard does not answer.
        """
        self._check_consistent()
        folder, save_id = Path(path).resolve(), uuid.uuid4().hex[:12]
        folder.mkdir(parents=True, exist_ok=True)
        shards = range(self.sharding.shards)
        names = [f"shard-{save_id}-{shard}.safetensors" for shard in shards]
        try:
            answers = [
                self._shards.call(shard, "save", self._stamp(shard), str(folder / name), save_id)
                for shard, name in enumerate(names)
            ]
            sizes = [answer.result(20 * self.timeout) for answer in answers]
            manifest = {
                "save": save_id,
                "step": self.iterations,
                "sharding": self.sharding.get_config(),
                "dtype": self.dtype.name,
                "placement": self.placement,
                "optimizer": self._optimizer,
                "padding_idx": self.padding_idx,
                "scale_grad_by_freq": self.scale_grad_by_freq,
                "files": [
                    {"name": name, "bytes": size} for name, size in zip(names, sizes, strict=True)
                ],
            }
            write_manifest(folder, manifest)
        except BaseException as error:
            for name in names:
                (folder / name).unlink(missing_ok=True)
            if isinstance(error, OSError):
                must, do = f"a manifest must be written to {folder}", "Make space, and save again"
                raise ShardError(message(must, error.strerror or error, do)) from None
            raise
        remove_shards(folder, names)

    def load(self, path: Any, plan: Any = None) -> None:
        """Start all shards anew, with the rows and slots of a folder that `save` wrote.

        The folder may come from any plan and number of shards; `plan` replaces the present one, for
        example when workers were lost. Iterations, padding and optimizer are those of the folder.

        Raises
        ------
        FileNotFoundError, FileRefused, ShapeError
            Where nothing was saved, for a damaged folder, and one of another table. Nothing is
            changed then.
        ShardError
            When a shard does not answer; the table is inconsistent then.
        """
        folder = Path(path).resolve()
        manifest = read_manifest(folder)
        saved = Sharding.from_config(manifest["sharding"])
        shapes = [(s.input_dim, s.output_dim) for s in (saved, self)]
        if shapes[0] != shapes[1] or manifest["dtype"] != self.dtype.name:
            must = f"{folder} must hold a table {shapes[1]} of {self.dtype}"
            received = f"{shapes[0]} of {manifest['dtype']}"
            raise ShapeError(message(must, received, "Use ShardedEmbedding.from_saved"))
        self.sharding = self.sharding if plan is None else self._as_sharding(plan)
        self._inconsistent = f"a load of {folder} that did not end"
        self._optimizer = manifest["optimizer"]
        self.padding_idx = manifest["padding_idx"]
        self.scale_grad_by_freq = manifest["scale_grad_by_freq"]
        self.iterations = 0
        for request in self._requests:  # their answers come from shards that are gone
            request.parts.clear()
            request.answers.clear()
            request.changed.append(request.ids)
        self.reset_traffic()
        self._start()
        paths = [str(folder / Path(entry["name"]).name) for entry in manifest["files"]]
        answers = self._to_all("load", saved, paths, manifest["save"], manifest["step"])
        for answer in answers:
            answer.result(20 * self.timeout)
        self.iterations, self._inconsistent = manifest["step"], ""

    @classmethod
    def from_saved(
        cls, path: Any, client: Any = None, plan: Any = None, **options: Any
    ) -> "ShardedEmbedding":
        """Return the table of a folder that `save` wrote, on any number of shards.

        Without a plan the folder's own is used; `options` are placement, timeout and name.

        >>> import tempfile
        >>> table = ShardedEmbedding(5, 2, seed=3)
        >>> folder = tempfile.mkdtemp()
        >>> table.save(folder)
        >>> again = ShardedEmbedding.from_saved(folder, plan=Sharding(5, 2, "row_wise", 3))
        >>> bool((again([4, 0]) == table([4, 0])).all())
        True
        """
        manifest = read_manifest(Path(path).resolve())
        saved = Sharding.from_config(manifest["sharding"])
        self = cls.__new__(cls)
        options.setdefault("placement", manifest["placement"])
        options.update(dtype=manifest["dtype"], optimizer=manifest["optimizer"])
        shape = saved.input_dim, saved.output_dim
        self._set_up(shape, client, saved if plan is None else plan, **options)
        self.load(path)
        return self

    def __repr__(self) -> str:
        shards = f"{self.sharding.shards} shards"
        words = f"{self.input_dim} words -> {self.output_dim} numbers"
        return f"ShardedEmbedding({words}, {self.sharding.scheme}, {shards})"


def _unsupported(layer: Embedding) -> list[str]:
    """Return what a layer has that a sharded table has not."""
    return [
        name
        for name, has in {
            "adapters": bool(layer.adapters) or bool(layer._pending_adapters),
            "codes": layer.quantization_mode is not None,
            "embeddings_regularizer": layer.embeddings_regularizer is not None,
            "embeddings_constraint": layer.embeddings_constraint is not None,
            "max_norm": layer.max_norm is not None,
            "row_dropout": bool(layer.row_dropout),
            "oob": layer.oob != "raise",
            "negative": layer.negative != "raise",
        }.items()
        if has
    ]
