"""A sharded embedding: one table (V, D) in shards, with the numbers of one table on one machine."""

import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from embedlab import initializers, optimizers, quantizers
from embedlab.core.checks import (
    DtypeError,
    NotFiniteError,
    ShapeError,
    as_floats,
    as_numeric_array,
    check_above_zero,
    check_choice,
    check_finite,
    check_flag,
    check_name,
    check_size,
    message,
    short_repr,
)
from embedlab.core.geometry import LazyTable, Neighbors
from embedlab.core.gradient import SparseGrad, coalesce, group
from embedlab.core.ids import IdError, IdTypeError, as_ids, check_padding_idx
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, grad_lora, lora_scale
from embedlab.distributed.arrays import ShardOptions, adapter_name, array_forms, check_codes
from embedlab.distributed.checks import (
    DEFAULT_OPTIMIZER,
    as_folder,
    check_float_dtype,
    check_optimizer,
    check_options,
)
from embedlab.distributed.errors import InconsistentTableError, ShardError
from embedlab.distributed.files import (
    MANIFEST,
    check_owner,
    check_shard,
    holds_save,
    read_manifest,
    remove_shards,
    shard_name,
    write_manifest,
)
from embedlab.distributed.plan import ShardPlan
from embedlab.distributed.shard import Stamp, check_adapter_initializer, check_initializer, top_k
from embedlab.distributed.sharding import Part, Sharding
from embedlab.distributed.workers import Answer, DaskShards, InProcessShards
from embedlab.layers import Embedding, Variable
from embedlab.layers.embedding_table import resolve_quantization
from embedlab.layers.lora import (
    DEFAULT_NAME,
    AdapterSet,
    LoRAAdapter,
    adapter_weight_names,
    is_adapter_name,
)
from embedlab.storage.errors import as_file_refused

__all__ = ["ShardedEmbedding"]

CHUNK = 65_536
"""Rows that are copied at a time between a table and its shards."""

_SET_BY_THE_TABLE = {
    *("input_dim", "output_dim", "embeddings_initializer", "weights"),
    *("lora_rank", "lora_alpha", "adapters", "quantization_config"),
}


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
    mask_zero : bool
        Whether id 0 is padding: then `compute_mask` returns a mask for the layers that follow.
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
    TableMemoryError
        When the shards of one machine, with their slots, do not fit into its memory together.
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
        optimizer: Any = DEFAULT_OPTIMIZER,
        padding_idx: int | None = None,
        scale_grad_by_freq: bool = False,
        mask_zero: bool = False,
        dtype: str = "float32",
        placement: str = "memory",
        seed: int | None = None,
        timeout: float = 60.0,
        name: str = "embedding",
    ):
        config = check_initializer(embeddings_initializer)
        if seed is not None:
            seed = check_size(seed, "seed", least=0)
        self._set_up(
            (input_dim, output_dim),
            client,
            plan,
            optimizer=optimizer,
            padding_idx=padding_idx,
            scale_grad_by_freq=scale_grad_by_freq,
            mask_zero=mask_zero,
            dtype=dtype,
            placement=placement,
            timeout=timeout,
            name=name,
        )
        if seed is not None:
            self._seed = seed
        self._start(config)
        if self.padding_idx is not None:
            row = np.zeros((1, self.output_dim), self.dtype)
            self._write("embeddings", np.array([self.padding_idx]), row)

    def _set_up(
        self,
        shape: tuple[int, int],
        client: Any,
        plan: Any,
        *,
        optimizer: Any,
        padding_idx: int | None = None,
        scale_grad_by_freq: bool = False,
        mask_zero: bool = False,
        dtype: str = "float32",
        placement: str = "memory",
        timeout: float = 60.0,
        name: str = "embedding",
    ) -> None:
        """Check and keep all arguments but the initializer."""
        self.name, self.client = check_name(name), client
        self.input_dim = check_size(shape[0], "input_dim")
        self.output_dim = check_size(shape[1], "output_dim")
        self.timeout = check_above_zero(timeout, "timeout")
        check_choice(placement, "placement", ("memory", "disk"))
        self.dtype, self.placement = np.dtype(check_float_dtype(dtype)), placement
        self.scale_grad_by_freq = check_flag(scale_grad_by_freq, "scale_grad_by_freq")
        self.mask_zero = check_flag(mask_zero, "mask_zero")
        row = check_padding_idx(padding_idx, self.input_dim)
        self._seed = int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
        self.padding_idx = None if row < 0 else row
        self._optimizer = optimizers.serialize(check_optimizer(optimizer))
        self._table_id = uuid.uuid4().hex[:12]  # of its files, also after a load elsewhere
        self.sharding = self._as_sharding(plan)
        self.quantization_config: Any = None
        self._adapters = AdapterSet()  # their names and scales: the numbers are in the shards
        self.iterations = 0
        self._inconsistent = ""
        self._shards: Any = None
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
                do = f"Pass the plan of one table, such as plan[{next(iter(plan.tables))!r}]"
                raise ValueError(message(must, list(plan.tables), do))
            plan = plan[self.name]
        if not isinstance(plan, Sharding):
            do = "Make one with embedlab.distributed.plan"
            raise TypeError(message("plan must be a Sharding or ShardPlan", short_repr(plan), do))
        if (plan.input_dim, plan.output_dim) != shape:
            must = f"the plan must be for a table {shape}"
            raise ShapeError(message(must, (plan.input_dim, plan.output_dim), "Plan again"))
        return plan

    def _options(self, initializer: Any = None) -> ShardOptions:
        config = self.quantization_config
        return ShardOptions(
            self.dtype.name,
            self.placement,
            self._optimizer,
            initializer,
            self._seed,
            self.padding_idx,
            None if config is None else quantizers.serialize(config),
            tuple(adapter.get_config() for adapter in self._adapters.values()),
            self._adapters.active,
        )

    def _start(self, initializer: Any = None) -> None:
        """Start the shards, with rows by an initializer, or zeros to be written."""
        options = self._options(initializer)
        if self._shards is not None:
            self._shards.close(self.timeout)  # the old ones go first: both may not fit
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

    def _change(self, what: str, calls: list[tuple[Any, ...]], limit: float) -> None:
        """Send each shard its call, which changes it, and wait until all have confirmed.

        InconsistentTableError, then and later, when one has not: others may have changed.
        """
        self._shards.check()
        answers, confirmed = [], 0
        try:
            for shard, (method, *arguments) in enumerate(calls):
                arrays = [x for x in _flat(arguments) if isinstance(x, np.ndarray)]
                self.bytes_sent[shard] += sum(array.nbytes for array in arrays)
                stamp = self._stamp(shard)
                answers.append(self._shards.call(shard, method, stamp, *arguments))
            for answer in answers:
                answer.result(limit)
                confirmed += 1
        except BaseException as error:
            all_shards = f"{confirmed} of {self.sharding.shards} shards"
            self._inconsistent = f"{what}, confirmed by {all_shards}"
            if not isinstance(error, Exception):
                raise  # such as KeyboardInterrupt
            must = f"{what} of {self.name!r} must reach all shards"
            do = "Call load with the last saved folder"
            reason = str(error).partition("Received ")[2].removesuffix(f". {do}.") or repr(error)
            received = f"{all_shards} that confirmed it, and {reason}"
            raise InconsistentTableError(message(must, received, do)) from error

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

    def compute_mask(self, ids: Any) -> np.ndarray | None:
        """Return True where an id is not 0, of the shape of `ids`, if `mask_zero`; else None.

        >>> ShardedEmbedding(5, 2, mask_zero=True).compute_mask([[3, 0]]).tolist()
        [[True, False]]
        """
        return as_ids(ids) != 0 if self.mask_zero else None

    def lookups(self, batches: Iterable[Any]) -> Iterator[np.ndarray]:
        """Return an iterator of the rows of each batch; the next ids travel while one is used.

        Steps between are seen: rows that they changed are fetched once more.

        Raises
        ------
        IdError, IdTypeError, ShapeError
            For ids of a batch that do not fit, while the batch before it is asked for. The text
            begins with the number of the batch, from 0 on, and so does each of `positions`.

        Examples
        --------
        >>> table = ShardedEmbedding(5, 2, embeddings_initializer="ones", seed=1)
        >>> [rows.sum().item() for rows in table.lookups([[0], [1, 2], [3, 3, 3]])]
        [2.0, 4.0, 6.0]
        """
        if not np.iterable(batches) or isinstance(batches, (str, bytes)):
            must, do = "batches must be some batches of ids", "Pass for example a list of arrays"
            raise TypeError(message(must, short_repr(batches), do))
        return self._lookups(batches)

    def _lookups(self, batches: Iterable[Any]) -> Iterator[np.ndarray]:
        ahead: _Request | None = None
        try:
            for number, ids in enumerate(batches):
                request = self._request_of(number, ids)
                self._requests.append(request)
                if ahead is not None:
                    current, ahead = ahead, request
                    yield self._finish(current)
                ahead = request
            if ahead is not None:
                yield self._finish(ahead)
        finally:
            self._requests = [r for r in self._requests if r is not ahead]

    def _request_of(self, number: int, ids: Any) -> _Request:
        """Request one batch of several; errors of its ids name it."""
        try:
            return self._request(ids)
        except (IdTypeError, ShapeError) as error:
            raise type(error)(f"batch {number}: {error}") from None
        except IdError as error:
            positions = [(number, *at) for at in error.positions]
            text = f"batch {number}: {error}"
            raise IdError(text, error.bad_ids, positions, error.input_dim) from None

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

    def backward(self, ids: Any, grad: Any) -> Any:
        """Return the gradient for that of the rows, (*ids.shape, D): what `step` takes.

        A SparseGrad of the table; gradients of one id are summed here, in the order of their
        positions, as the core does. With adapters the table is frozen: a dict of those of the
        active ones, by the names of their weights, as `Embedding.backward` has it. It is computed
        here, of the rows of A that the batch used and of B, which the shards are asked for.

        Raises
        ------
        ValueError
            When there is nothing to train: codes, or adapters of which none is active.
        """
        ids = as_ids(ids)
        grad = np.asarray(as_floats(as_numeric_array(grad, "grad"), "grad"), self.dtype)
        if grad.shape != (*ids.shape, self.output_dim):
            must = f"grad must have the shape of the rows, {(*ids.shape, self.output_dim)}"
            raise ShapeError(message(must, grad.shape, "Pass what the layer above sends back"))
        if self._adapters or self.quantization_config is not None:
            return self._adapter_gradients(ids, grad)
        return coalesce(
            ids,
            grad,
            self.input_dim,
            padding_idx=self.padding_idx,
            scale_grad_by_freq=self.scale_grad_by_freq,
        )

    def _adapter_gradients(self, ids: np.ndarray, grad: np.ndarray) -> dict[str, Any]:
        self._check_consistent()
        if not self._adapters.active:
            must = (
                "a table of codes, or with adapters, is frozen: an active adapter must be trained"
            )
            received = f"{list(self._adapters)}, none of them active"
            raise ValueError(message(must, received, "Call add_adapter or set_active first"))
        group(ids, self.input_dim)  # refuses ids outside, by their positions
        if self.padding_idx is not None:
            counts = ids != self.padding_idx
            ids, grad = ids[counts], grad[counts]
        distinct, inverse = np.unique(ids, return_inverse=True)
        gradients: dict[str, Any] = {}
        for name, (a, b) in zip(self._adapters.active, self._factors(distinct), strict=True):
            adapter = Adapter(a, b, self._adapters[name].scale)
            grad_a, grad_b = grad_lora(inverse.reshape(ids.shape), grad, adapter)
            shape = self.input_dim, a.shape[1]
            sparse = SparseGrad(distinct[grad_a.ids], grad_a.rows, shape, grad_a.pairs)
            gradients.update(zip(adapter_weight_names(name), (sparse, grad_b), strict=True))
        return gradients

    def _factors(self, ids: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return A, (K, R), for distinct ids, and B, (R, D), of each active adapter."""
        by_columns = self.sharding.scheme == "column_wise"
        parts = self.sharding.parts(ids)[: 1 if by_columns else None]  # each has all of A
        shards = {part.shard: part for part in parts}
        with_b = range(self.sharding.shards) if by_columns else [min(shards, default=0)]
        answers = {}
        for shard in sorted({*shards, *with_b}):
            nothing = np.empty(0, self.sharding.row_dtype(shard))
            rows = shards[shard].rows if shard in shards else nothing
            self.bytes_sent[shard] += rows.nbytes
            call = "factors", self._stamp(shard), rows, shard in with_b
            answers[shard] = self._shards.call(shard, *call)
        active = [self._adapters[name] for name in self._adapters.active]
        count = max(1, ids.size)  # the core refuses a table without rows
        a = [np.zeros((count, adapter.rank), self.dtype) for adapter in active]
        b = [np.empty((adapter.rank, self.output_dim), self.dtype) for adapter in active]
        for shard, answer in answers.items():
            for number, (rows_of_a, whole_b) in enumerate(answer.result(self.timeout)):
                self.bytes_received[shard] += rows_of_a.nbytes
                if shard in shards:
                    a[number][shards[shard].positions] = rows_of_a
                if whole_b is not None:
                    self.bytes_received[shard] += whole_b.nbytes
                    b[number][:, self.sharding.columns(shard)] = whole_b
        return list(zip(a, b, strict=True))

    def step(self, grad: Any) -> int:
        """Apply one step of the optimizer on every shard, and return its number, from 1 up.

        `grad` is what `backward` returned.

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
        number = self.iterations + 1
        if self._adapters or self.quantization_config is not None:
            calls, changed = self._adapter_calls(number, grad), None
        else:
            grad = self._checked(grad, (self.input_dim, self.output_dim))
            calls, changed = self._table_calls(number, grad), grad.ids
        self._change(f"step {number}", calls, self.timeout)
        self.iterations = number
        self._mark_changed(changed)
        return number

    def _mark_changed(self, ids: np.ndarray | None = None) -> None:
        """Note that rows, by default all, are others than those that are under way."""
        for request in self._requests:
            request.changed.append(request.ids if ids is None else ids)

    def _table_calls(self, number: int, grad: SparseGrad) -> list[tuple[Any, ...]]:
        parts = {part.shard: part for part in self.sharding.parts(grad.ids, every_copy=True)}
        calls = []
        for shard in range(self.sharding.shards):
            rows, values = np.empty(0, self.sharding.row_dtype(shard)), grad.rows[:0]
            if shard in parts:
                rows, values = parts[shard].rows, grad.rows[parts[shard].positions]
            values = np.ascontiguousarray(values[:, self.sharding.columns(shard)])
            calls.append(("apply", number, rows, values))
        return calls

    def _adapter_calls(self, number: int, grads: Any) -> list[tuple[Any, ...]]:
        names = [adapter_weight_names(name) for name in self._adapters.active]
        expected = [name for pair in names for name in pair]
        if not isinstance(grads, Mapping) or list(grads) != expected or not expected:
            must = f"step takes the gradients of {expected}: the active adapters"
            received = list(grads) if isinstance(grads, Mapping) else short_repr(grads)
            raise ValueError(message(must, received, "Make them with backward(ids, grad)"))
        pairs: list[tuple[SparseGrad, np.ndarray]] = []
        for name, (name_a, name_b) in zip(self._adapters.active, names, strict=True):
            rank = self._adapters[name].rank
            a = self._checked(grads[name_a], (self.input_dim, rank))
            b = as_numeric_array(grads[name_b], "the gradient of B")
            if b.shape != (rank, self.output_dim) or b.dtype != self.dtype:
                must = f"the gradient of B must be {(rank, self.output_dim)} of {self.dtype}"
                received = f"{b.shape} of {b.dtype}"
                raise ShapeError(message(must, received, "Make it with backward(ids, grad)"))
            pairs.append((a, b))
            if not np.array_equal(a.ids, pairs[0][0].ids):
                must, do = "gradients of A must be of the same ids", "Take those of one backward"
                raise ValueError(message(must, short_repr(a.ids), do))
        parts = {p.shard: p for p in self.sharding.parts(pairs[0][0].ids, every_copy=True)}
        calls = []
        for shard in range(self.sharding.shards):
            rows, positions = np.empty(0, self.sharding.row_dtype(shard)), np.empty(0, np.int64)
            columns = self.sharding.columns(shard)
            if shard in parts:
                rows, positions = parts[shard].rows, parts[shard].positions
            factors = [(a.rows[positions], np.ascontiguousarray(b[:, columns])) for a, b in pairs]
            calls.append(("apply_factors", number, rows, factors))
        return calls

    def _checked(self, grad: Any, shape: tuple[int, int]) -> SparseGrad:
        """Return a gradient of an array of this shape, refusing all that `backward` does not make.

        It may be one that a caller made by hand, and nothing has been sent yet.
        """
        if not isinstance(grad, SparseGrad):
            do = "Make one with backward(ids, grad)"
            raise TypeError(message("step takes a SparseGrad", short_repr(grad), do))
        ids, rows = as_ids(grad.ids), as_numeric_array(grad.rows, "the rows of the gradient")
        fits = isinstance(grad.shape, tuple) and grad.shape == shape
        if not fits or ids.ndim != 1 or rows.shape != (ids.size, shape[1]):
            must = f"the gradient must be that of a table {shape}, with a row for each id"
            received = f"ids {ids.shape} and rows {rows.shape} of a table {short_repr(grad.shape)}"
            raise ShapeError(message(must, received, "Make it with backward(ids, grad)"))
        if rows.dtype != self.dtype:
            must, do = f"the gradient must have dtype {self.dtype}", "Cast it with astype"
            raise DtypeError(message(must, rows.dtype, do))
        distinct = ids.size < 2 or bool((np.diff(ids) > 0).all())
        if not distinct:
            must, do = "the ids of a gradient must be sorted, each once", "Make it with coalesce"
            raise ValueError(message(must, short_repr(ids), do))
        return SparseGrad(ids, rows, shape, (ids, rows))

    # Adapters ---------------------------------------------------------------------------------

    @property
    def active_adapters(self) -> tuple[str, ...]:
        """The names of the adapters that count now."""
        return self._adapters.active

    @property
    def lora_enabled(self) -> bool:
        """True where the default adapter exists."""
        return DEFAULT_NAME in self._adapters

    @property
    def lora_rank(self) -> int | None:
        """The rank of the default adapter, or None."""
        return self._adapters[DEFAULT_NAME].rank if self.lora_enabled else None

    @property
    def lora_alpha(self) -> float | None:
        """The alpha of the default adapter, or None."""
        return self._adapters[DEFAULT_NAME].alpha if self.lora_enabled else None

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Make the default adapter: see `add_adapter`, and `Embedding.enable_lora`.

        >>> table = ShardedEmbedding(5, 3, seed=1)
        >>> before = table([1, 2])
        >>> table.enable_lora(2)
        >>> bool((table([1, 2]) == before).all()), table.lora_rank, table.active_adapters
        (True, 2, ('default',))
        """
        if self.lora_enabled:
            must = "lora is already enabled. This can only be done once per table"
            raise ValueError(message(must, f"rank={short_repr(rank)}", "Use add_adapter"))
        start = {"a_initializer": a_initializer, "b_initializer": b_initializer}
        self.add_adapter(DEFAULT_NAME, rank, lora_alpha, **start)

    def add_adapter(
        self,
        name: str,
        rank: int,
        alpha: float | None = None,
        rslora: bool = False,
        *,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Make an adapter, ``alpha / rank * A @ B``, beside the others, and train it from now on.

        While there are adapters the table is frozen. Each shard has the rows of A that belong to
        its rows, and the columns of B that belong to its columns, with their slots; of row-wise
        schemes each has the whole of B, and every shard takes the same steps with it. The first
        numbers of A depend on V, R and the seed, and not on the plan; "he_uniform" draws within
        sqrt(6 / V).

        Raises
        ------
        ValueError
            For a name that is taken, a rank below 1, and an initializer of A whose numbers depend
            on its shape, but for "he_uniform".
        InconsistentTableError
            When a shard did not confirm it.
        """
        self._check_consistent()
        unusable = not is_adapter_name(name) or any(
            adapter_weight_names(name) == adapter_weight_names(other) for other in self._adapters
        )
        if unusable:
            must = "an adapter needs a printable name of its own, without a slash"
            received = f"{short_repr(name)} beside {list(self._adapters)}"
            raise ValueError(message(must, received, "Choose another"))
        rank, most = check_size(rank, "rank"), min(self.input_dim, self.output_dim)
        if rank > most:
            must = f"a LoRA rank is meant to be low: it should be at most min(V, D) = {most}"
            do = "A smaller one gives the same freedom with less memory"
            warnings.warn(message(must, rank, do), UserWarning, stacklevel=2)
        alpha = rank if alpha is None else alpha
        lora_scale(rank, alpha, rslora=rslora)  # refuses an alpha that is no number
        start = check_adapter_initializer(a_initializer, self.input_dim)
        seed = self._seed + 1 + len(self._adapters)
        b = self._first_b(b_initializer, rank, seed)
        adapter = _mirror({"name": name, "rank": rank, "alpha": alpha, "rslora": rslora})
        calls = [
            (
                "add_adapter",
                adapter.get_config(),
                start,
                seed,
                np.ascontiguousarray(b[:, self.sharding.columns(shard)]),
            )
            for shard in range(self.sharding.shards)
        ]
        self._change(f"adapter {name!r}", calls, 20 * self.timeout)
        self._adapters.add(adapter)
        self._mark_changed()

    def _first_b(self, initializer: Any, rank: int, seed: int) -> np.ndarray:
        start, shape = initializers.get(initializer), (rank, self.output_dim)
        must = f"b_initializer must make floats of shape {shape}"
        do = 'Pass for example "zeros"'
        if start is None:
            raise ValueError(message(must, None, do))
        values = np.asarray(initializers.seeded(start, seed)(shape, dtype=self.dtype.name))
        if values.shape != shape or values.dtype.kind != "f":
            raise ShapeError(message(must, f"{values.dtype} {values.shape}", do))
        return values.astype(self.dtype, copy=False)

    def set_active(self, names: Any) -> None:
        """Make the named adapters active; the others keep their numbers and do not count."""
        self._check_consistent()
        before = self._adapters.active
        self._adapters.set_active(names)  # refuses names that are unknown
        active = self._adapters.active
        try:
            calls: list[tuple[Any, ...]] = [("set_active", active)] * self.sharding.shards
            self._change(f"set_active({list(active)})", calls, self.timeout)
        except BaseException:
            self._adapters.set_active(before)
            raise
        self._mark_changed()

    def remove(self, name: str) -> None:
        """Remove an adapter; without any, a table of floats can be trained again."""
        self._check_consistent()
        if not isinstance(name, str) or name not in self._adapters:
            self._adapters.set_active([name])  # refuses it
        calls: list[tuple[Any, ...]] = [("remove", name)] * self.sharding.shards
        self._change(f"remove({name!r})", calls, self.timeout)
        self._adapters.remove(name)
        self._mark_changed()

    # Codes ------------------------------------------------------------------------------------

    @property
    def quantization_mode(self) -> str | None:
        """Such as "int8", or None for floats."""
        return None if self.quantization_config is None else self.quantization_config.mode

    def quantize(self, mode: str | None = None, config: Any = None) -> None:
        """Turn the rows into integer codes, which get no gradient; adapters can be trained on.

        Arguments are those of `Embedding.quantize`, and so are the codes, bit for bit: a shard has
        the scales of its rows. Codes lie in memory, also where the floats were on disk.

        Raises
        ------
        ValueError
            For a table of codes, an unknown mode, and a column-wise table where columns of two
            shards would share a scale.
        NotFiniteError
            For a NaN or an infinity in the table. Nothing is changed then.

        Examples
        --------
        >>> table = ShardedEmbedding(5, 4, embeddings_initializer="ones", seed=1)
        >>> table.quantize("int8")
        >>> table([1]).round(3).tolist(), table.quantization_mode
        ([[1.0, 1.0, 1.0, 1.0]], 'int8')
        """
        self._check_consistent()
        config = resolve_quantization(mode, config, None)
        if self.quantization_config is not None:
            must = "a table is quantized once: the floats are gone"
            raise ValueError(message(must, f"a table in {self.quantization_mode}", "Load another"))
        check_codes(self.sharding, config)
        wrong = [a.result(20 * self.timeout) for a in self._stamped_to_all("not_finite")]
        for row, column, value in filter(None, wrong):
            received, do = f"{value} at [{row}, {column}]", "Train or load it again"
            text = message("the table must be finite", received, do)
            raise NotFiniteError(text, (row, column), value)
        calls = [("quantize", quantizers.serialize(config))] * self.sharding.shards
        self._change(f"quantize({config.mode!r})", calls, 20 * self.timeout)
        self.quantization_config = config
        self._mark_changed()

    def _stamped_to_all(self, method: str, *arguments: Any) -> list[Answer]:
        return [
            self._shards.call(shard, method, self._stamp(shard), *arguments)
            for shard in range(self.sharding.shards)
        ]

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

    def _forms(self) -> dict[str, Any]:
        """Return the forms of the arrays of the whole table."""
        whole = Sharding(self.input_dim, self.output_dim, "table_wise")
        return array_forms(whole, 0, self._options())

    def _read_array(self, name: str, write: Callable[[Any, np.ndarray], None]) -> None:
        """Pass all entries of an array to `write`, with their indices, some at a time."""
        self._check_consistent()
        form = self._forms()[name]
        if not form.by_row:
            every = slice(None)
            for shard in range(self.sharding.shards):
                call = "read", self._stamp(shard), name, every
                values = self._shards.call(shard, *call).result(self.timeout)
                write((every, self.sharding.columns(shard)), values)
            return
        for first in range(0, self.input_dim, CHUNK):
            ids = np.arange(first, min(first + CHUNK, self.input_dim))
            parts = self.sharding.parts(ids)
            answers = [
                self._shards.call(p.shard, "read", self._stamp(p.shard), name, p.rows)
                for p in parts
            ]
            for part, answer in zip(parts, answers, strict=True):
                write(form.place(ids[part.positions], part.columns), answer.result(self.timeout))

    def _write(self, name: str, ids: np.ndarray, values: np.ndarray) -> None:
        """Set the rows of distinct ids in an array, on every shard that has a copy."""
        form, answers = self._forms()[name], []
        for part in self.sharding.parts(ids, every_copy=True):
            piece = np.ascontiguousarray(values[form.place(part.positions, part.columns)])
            call = "write", self._stamp(part.shard), name, part.rows, piece
            answers.append(self._shards.call(part.shard, *call))
        for answer in answers:
            answer.result(self.timeout)

    def _write_array(self, name: str, values: np.ndarray) -> None:
        """Set all of an array."""
        if self._forms()[name].by_row:
            for first in range(0, self.input_dim, CHUNK):
                ids = np.arange(first, min(first + CHUNK, self.input_dim))
                self._write(name, ids, np.asarray(values[ids]))
            return
        every = slice(None)
        for shard in range(self.sharding.shards):
            piece = np.ascontiguousarray(values[:, self.sharding.columns(shard)])
            call = "write", self._stamp(shard), name, every, piece
            self._shards.call(shard, *call).result(self.timeout)

    @staticmethod
    def _arrays_of(layer: Embedding) -> dict[str, np.ndarray]:
        """Return the arrays of a layer by the names of `array_forms`."""
        codes = layer.quantization_mode is not None
        names = ("codes", "scale", "zero") if codes else ("embeddings",)
        variables = layer.embedding_table.row_variables
        arrays = {n: v.value for n, v in zip(names, variables, strict=False)}
        for number, adapter in enumerate(layer.adapters.values()):
            arrays[adapter_name(number, "a")] = adapter.a.value
            arrays[adapter_name(number, "b")] = adapter.b.value
        return arrays

    @classmethod
    def from_embedding(
        cls, layer: Embedding, client: Any = None, plan: Any = None, **options: Any
    ) -> "ShardedEmbedding":
        """Return a sharded copy of a layer: rows or codes, adapters, padding and frequency rules.

        `options` are those of the constructor: optimizer, placement, timeout, name.

        Raises
        ------
        TypeError
            For what is no `Embedding`, and for other options.
        ValueError
            For a layer with merged adapters, a regularizer, a constraint, max_norm, row_dropout or
            rules for ids out of range, which shards do not have; and for codes of a column-wise
            plan where columns of two shards would share a scale.
        """
        if not isinstance(layer, Embedding):
            must, do = "layer must be an embedlab Embedding", "Pass Embedding(V, D, ...)"
            raise TypeError(message(must, short_repr(layer), do))
        known = ("optimizer", "placement", "timeout", "name")
        check_options(options, known, "The layer says the rest: give it to Embedding")
        wrong = _unsupported(layer)
        if wrong:
            must = "a sharded table has rows or codes, adapters, padding, masks and frequency rules"
            do = "Leave the rest away; after merge() call merge_and_unload() or unmerge()"
            raise ValueError(message(must, f"{layer.name!r} with {wrong}", do))
        if not layer.built:
            layer.build()
        self = cls.__new__(cls)
        options.setdefault("optimizer", DEFAULT_OPTIMIZER)
        options.update(
            dtype=layer.variable_dtype,
            padding_idx=layer.padding_idx,
            scale_grad_by_freq=layer.scale_grad_by_freq,
            mask_zero=layer.mask_zero,
        )
        self._set_up((layer.input_dim, layer.output_dim), client, plan, **options)
        if layer.seed is not None:
            self._seed = layer.seed
        if layer.quantization_mode is not None:
            check_codes(self.sharding, layer.quantization_config)
            self.quantization_config = layer.quantization_config
        configs = [adapter.get_config() for adapter in layer.adapters.values()]
        self._adapters = _mirrors(configs, layer.active_adapters)
        self._start()
        for name, array in self._arrays_of(layer).items():
            self._write_array(name, array)
        return self

    def to_embedding(self, **options: Any) -> Embedding:
        """Return a plain layer with a copy of all rows and adapters; `options` are its arguments.

        TypeError for those that the table sets: its size, rows, adapters and codes.

        >>> table = ShardedEmbedding(5, 2, seed=3, plan=Sharding(5, 2, "column_wise", 2))
        >>> bool((table.to_embedding()([4, 0]) == table([4, 0])).all())
        True
        """
        refused = sorted(options.keys() & _SET_BY_THE_TABLE)
        if refused:
            must, do = f"the table itself sets {', '.join(refused)} of the layer", "Leave it out"
            raise TypeError(message(must, short_repr(options[refused[0]]), do))
        options.setdefault("dtype", self.dtype.name)
        options.setdefault("padding_idx", self.padding_idx)
        options.setdefault("scale_grad_by_freq", self.scale_grad_by_freq)
        options.setdefault("mask_zero", self.mask_zero)
        layer = Embedding(self.input_dim, self.output_dim, "zeros", **options)
        shape, config = (self.input_dim, self.output_dim), self.quantization_config
        if config is None:
            layer.build()
        else:
            layer.quantized_build(shape, config.mode, config)
        for adapter in self._adapters.values():
            layer.add_adapter(**adapter.get_config(), a_initializer="zeros")
        layer.set_active(self.active_adapters)
        for name, array in self._arrays_of(layer).items():
            self._read_array(name, array.__setitem__)
        for variable in layer.weights:
            variable.mark_changed("to_embedding")
        return layer

    # Files ------------------------------------------------------------------------------------

    def save(self, path: Any, *, overwrite: bool = False) -> None:
        """Write rows, adapters and slots to a folder: a file for each shard, and a manifest.

        The manifest is written last and at once; until then, and when anything fails, the folder
        holds what was saved before. All workers must see the folder under the same path.

        A table replaces what it has saved there before, or what it was loaded from. Of other
        tables each has a folder of its own: with `overwrite` theirs is replaced.

        Raises
        ------
        FileExistsError
            For the folder of another table, unless `overwrite`. Nothing is written then.
        ShardError
            When a disk is full, or a shard does not answer.
        """
        self._check_consistent()
        folder, save_id = as_folder(path), uuid.uuid4().hex[:12]
        may_replace = check_flag(overwrite, "overwrite")
        check_owner(folder, self._table_id, may_replace)
        shards = range(self.sharding.shards)
        names = [shard_name(self._table_id, save_id, shard) for shard in shards]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            answers = [
                self._shards.call(shard, "save", self._stamp(shard), str(folder / name), save_id)
                for shard, name in enumerate(names)
            ]
            written = [answer.result(20 * self.timeout) for answer in answers]
            manifest = {
                "table": self._table_id,
                "name": self.name,
                "save": save_id,
                "step": self.iterations,
                "seed": self._seed,
                "sharding": self.sharding.get_config(),
                "dtype": self.dtype.name,
                "placement": self.placement,
                "optimizer": self._optimizer,
                "adapters": [adapter.get_config() for adapter in self._adapters.values()],
                "active": list(self.active_adapters),
                "quantization": self._options().quantization,
                "padding_idx": self.padding_idx,
                "scale_grad_by_freq": self.scale_grad_by_freq,
                "mask_zero": self.mask_zero,
                "files": [
                    {"name": name, "bytes": size, "crc32": checksum}
                    for name, (size, checksum) in zip(names, written, strict=True)
                ],
            }
            replaced = check_owner(folder, self._table_id, may_replace)  # that of now
            write_manifest(folder, manifest)
        except BaseException as error:
            if not holds_save(folder, save_id):  # it may have been written, and interrupted then
                for name in names:
                    with suppress(OSError):
                        (folder / name).unlink()
            if isinstance(error, OSError) and not isinstance(error, FileExistsError):
                must = f"a manifest must be written to {folder}"
                do = "Make space or choose another folder, and save again"
                raise ShardError(message(must, error.strerror or error, do)) from None
            raise
        remove_shards(folder, self._table_id, replaced, names)

    def load(self, path: Any, plan: Any = None) -> None:
        """Start all shards anew, with all that a folder holds that `save` wrote.

        The folder may come from any plan and number of shards; `plan` replaces the present one, for
        example when workers were lost. Iterations, adapters, codes, padding and optimizer are those
        of the folder.

        Raises
        ------
        FileNotFoundError, FileRefused, ShapeError
            Where nothing was saved, for a damaged folder, and one of another table. Nothing is
            changed then.
        ShardError
            When a shard does not answer; the table is inconsistent then.
        """
        self._load(_read_saved(as_folder(path)), plan)

    def _load(self, saved: "_Saved", plan: Any) -> None:
        folder = saved.folder
        shapes = [(s.input_dim, s.output_dim) for s in (saved.sharding, self)]
        if shapes[0] != shapes[1] or saved.dtype != self.dtype.name:
            must = f"{folder} must hold a table {shapes[1]} of {self.dtype}"
            received = f"{shapes[0]} of {saved.dtype}"
            raise ShapeError(message(must, received, "Use ShardedEmbedding.from_saved"))
        sharding = self.sharding if plan is None else self._as_sharding(plan)
        if self.client is not None:
            DaskShards.check_workers(self.client, sharding)
        if saved.quantization is not None:
            check_codes(sharding, saved.quantization)
        kind: Any = InProcessShards if self.client is None else DaskShards
        kind.run(self.client, sharding, check_shard, saved.files, 20 * self.timeout)
        self.sharding, self.quantization_config = sharding, saved.quantization  # from here on
        self._adapters, self._table_id = saved.adapters, saved.table_id
        self._inconsistent = f"a load of {folder} that did not end"
        self._optimizer, self.padding_idx = saved.optimizer, saved.padding_idx
        self.scale_grad_by_freq, self._seed = saved.scale_grad_by_freq, saved.seed
        self.mask_zero = saved.mask_zero
        self.iterations = 0
        for request in self._requests:  # their answers come from shards that are gone
            request.parts.clear()
            request.answers.clear()
            request.changed.append(request.ids)
        self.reset_traffic()
        self._start()
        paths = [path for path, *_ in saved.files]
        for answer in self._to_all("load", saved.sharding, paths, saved.save_id, saved.step):
            answer.result(20 * self.timeout)
        self.iterations, self._inconsistent = saved.step, ""

    @classmethod
    def from_saved(
        cls, path: Any, client: Any = None, plan: Any = None, **options: Any
    ) -> "ShardedEmbedding":
        """Return the table of a folder that `save` wrote, on any number of shards.

        Without a plan the folder's own is used; `options` are placement, timeout and name, which
        are those of the saved table otherwise.

        >>> import tempfile
        >>> table = ShardedEmbedding(5, 2, seed=3)
        >>> folder = tempfile.mkdtemp()
        >>> table.save(folder)
        >>> again = ShardedEmbedding.from_saved(folder, plan=Sharding(5, 2, "row_wise", 3))
        >>> bool((again([4, 0]) == table([4, 0])).all())
        True
        """
        check_options(options, ("placement", "timeout", "name"), "The folder says the others")
        saved = _read_saved(as_folder(path))
        self = cls.__new__(cls)
        options = {"placement": saved.placement, "name": saved.name, **options}
        shape = saved.sharding.input_dim, saved.sharding.output_dim
        sharding = saved.sharding if plan is None else plan
        self._set_up(
            shape, client, sharding, dtype=saved.dtype, optimizer=saved.optimizer, **options
        )
        self._load(saved, None)
        return self

    def __repr__(self) -> str:
        parts = [f"{self.input_dim} words -> {self.output_dim} numbers", self.sharding.scheme]
        for adapter in self._adapters.values():
            name = "" if adapter.name == DEFAULT_NAME else f" {adapter.name!r}"
            parts.append(f"lora rank {adapter.rank}{name}")
        parts += [self.quantization_mode] if self.quantization_mode else []
        return f"ShardedEmbedding({', '.join(parts)}, {self.sharding.shards} shards)"


class _Saved(NamedTuple):
    """A manifest, checked; of each file its path, its save and its checksum."""

    folder: Path
    table_id: str
    name: str
    sharding: Sharding
    dtype: str
    placement: str
    optimizer: Any
    padding_idx: int | None
    scale_grad_by_freq: bool
    mask_zero: bool
    quantization: Any
    adapters: AdapterSet
    files: list[tuple[str, str, int]]
    save_id: str
    step: int
    seed: int


def _read_saved(folder: Path) -> _Saved:
    """Return what a folder holds; FileRefused for whatever no save writes."""
    manifest = read_manifest(folder)
    with as_file_refused(folder / MANIFEST, "be the manifest of a sharded table", "Save it again"):
        sharding = Sharding.from_config(manifest["sharding"])
        files = [
            (str(folder / Path(entry["name"]).name), manifest["save"], int(entry["crc32"]))
            for entry in manifest["files"]
        ]
        if len(files) != sharding.shards:
            raise ValueError(f"{len(files)} files for {sharding.shards} shards")
        check_choice(manifest["placement"], "placement", ("memory", "disk"))
        check_padding_idx(manifest["padding_idx"], sharding.input_dim)
        codes = manifest.get("quantization")
        optimizer = optimizers.get(manifest["optimizer"])
        if optimizer is None:
            raise ValueError("no optimizer")
        return _Saved(
            folder,
            str(manifest["table"]),
            check_name(manifest["name"]),
            sharding,
            check_float_dtype(manifest["dtype"]),
            manifest["placement"],
            optimizers.serialize(optimizer),
            manifest["padding_idx"],
            check_flag(manifest["scale_grad_by_freq"], "scale_grad_by_freq"),
            check_flag(manifest.get("mask_zero", False), "mask_zero"),
            None if codes is None else quantizers.get(codes),
            _mirrors(manifest.get("adapters", ()), manifest.get("active", ())),
            files,
            manifest["save"],
            check_size(manifest["step"], "step", least=0),
            check_size(manifest["seed"], "seed", least=0),
        )


def _mirrors(configs: Iterable[Mapping[str, Any]], active: Iterable[str]) -> AdapterSet:
    """Return adapters without numbers: they are in the shards."""
    adapters = AdapterSet()
    for config in configs:
        adapters.add(_mirror(config))
    adapters.set_active(list(active))
    return adapters


def _mirror(config: Mapping[str, Any]) -> LoRAAdapter:
    rank, alpha = int(config["rank"]), float(config["alpha"])
    a, b = Variable(np.zeros((0, rank))), Variable(np.zeros((rank, 0)))
    return LoRAAdapter(config["name"], a, b, rank, alpha, bool(config["rslora"]))


def _flat(value: Any) -> Iterator[Any]:
    """Yield the leaves of nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _unsupported(layer: Embedding) -> list[str]:
    """Return what a layer has that a sharded table has not."""
    return [
        name
        for name, has in {
            "merged adapters": layer.merged,
            "embeddings_regularizer": layer.embeddings_regularizer is not None,
            "embeddings_constraint": layer.embeddings_constraint is not None,
            "max_norm": layer.max_norm is not None,
            "row_dropout": bool(layer.row_dropout),
            "oob": layer.oob != "raise",
            "negative": layer.negative != "raise",
            f"dtype={layer.dtype_policy}": layer.compute_dtype != layer.variable_dtype,
        }.items()
        if has
    ]
