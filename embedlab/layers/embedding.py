"""The Embedding layer: a table with one row for each id. Its arithmetic lives in the core."""

import warnings
from collections.abc import Mapping
from inspect import signature
from typing import Any, ClassVar, NamedTuple

import numpy as np

from embedlab import initializers, quantizers
from embedlab.core.checks import (
    ShapeError,
    as_numeric_array,
    as_table,
    check_choice,
    check_flag,
    check_in_range,
    check_size,
    message,
    short_repr,
)
from embedlab.core.geometry import Neighbors, nearest
from embedlab.core.gradient import coalesce
from embedlab.core.ids import apply_out_of_range_rule, as_ids
from embedlab.core.lora import lora_scale
from embedlab.core.quantize import QuantizationReport, QuantizedTable
from embedlab.core.resize import resize_rows
from embedlab.layers.dtype_policy import INTEGERS, DTypePolicy
from embedlab.layers.embedding_table import (
    QuantizedTableWeights,
    Table,
    TableLayer,
    resolve_quantization,
)
from embedlab.layers.input_checks import cast_grad, check_inside, names_layer
from embedlab.layers.keras1_config import from_keras1_config
from embedlab.layers.layer import Gradients
from embedlab.layers.lora import (
    DEFAULT_NAME,
    AdapterSet,
    LoRAAdapter,
    adapter_weight_names,
    is_adapter_name,
)
from embedlab.layers.memory import MemoryReport
from embedlab.layers.symbolic import KerasTensor
from embedlab.layers.variable import Variable

__all__ = ["Embedding", "SavedLookup"]


class SavedLookup(NamedTuple):
    """The parts of a forward pass of `Embedding` that `backward` needs.

    The ids; factors of row dropout, in their shape; and V.
    """

    ids: np.ndarray
    factors: np.ndarray | None = None
    input_dim: int | None = None


class Embedding(TableLayer):
    """Turn ids into rows of a table (V, D) that training can change.

    Parameters
    ----------
    input_dim, output_dim : int
        V, the largest id + 1, and D, the numbers in each row.
    embeddings_initializer : str, dict, callable or Initializer
        The initial table; "uniform" draws within ±0.05.
    embeddings_regularizer, embeddings_constraint : optional
        A penalty on, or a condition for, the whole table.
    mask_zero : bool
        Mark id 0 as padding in the mask. It neither zeroes nor freezes row 0; `padding_idx` does.
    weights : array_like, (V, D), optional
        The table to start with, or a list of one table, as in Keras 1 and 2.
    lora_rank, lora_alpha, adapters : optional
        Make LoRA adapters when the layer is built: the one of `enable_lora`, and one for each dict
        of arguments of `add_adapter`.
    quantization_config : Int8QuantizationConfig or Int4QuantizationConfig, optional
        The default of `quantize`.
    input_length : int or tuple of int, optional
        The fixed length of the input, without the batch.
    padding_idx : int, optional
        A row that starts at zero and that training never moves: its gradient is zero, and no
        regularizer, weight decay or constraint changes it.
    max_norm, norm_type : float, optional
        Before each lookup, shorten the rows that it reads to this p-norm, in place, as PyTorch:
        also where the table is frozen, and beneath adapters. Merging and quantizing shorten all
        rows first; a merged or quantized table is left as it is.
    scale_grad_by_freq : bool
        Divide the gradient of each row by the number of times its id occurs in the batch.
    oob, negative : optional
        The rules for ids outside the table and below 0: see `embedlab.core.lookup.lookup`.
    row_dropout : float
        The share of the vocabulary to drop in each training batch: `dropout` in Keras 1.
    placement : {"memory", "disk"}
        "disk" maps a file: the table may be larger than memory, and so may the optimizer's slots.
        With momentum or Adam use ``sparse_update="lazy"``, or every step reads the whole file.
    seed : int, optional
        For a random initializer without a seed of its own.
    name, dtype, trainable
        As for every `Layer`. A frozen table may hold integers, as in PyTorch.

    Raises
    ------
    ValueError, ShapeError, TableMemoryError
        For arguments that do not fit, and a table that does not fit into memory.
    IdError
        From a call, for ids outside the table.

    Notes
    -----
    ``out[..., :] = embeddings[ids[...], :]``: ids of any shape give one more axis.
    Source: ``keras.layers.Embedding``. On purpose different: ids outside the table are an error
    unless you choose otherwise, and lists, scalars and floats that are whole numbers are welcome.

    Examples
    --------
    >>> layer = Embedding(10, 4, mask_zero=True, seed=7)
    >>> layer
    Embedding(10 words -> 4 numbers, mask_zero)
    >>> layer([[1, 2, 0]]).shape, layer.compute_mask([[1, 2, 0]]).tolist()
    ((1, 3, 4), [[True, True, False]])
    """

    CONFIG: ClassVar[tuple[str, ...]] = ("input_dim", "output_dim", "mask_zero")
    _INTEGER_WEIGHTS = True
    _table_names: tuple[str, ...] = ("embeddings",)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        *,
        input_length: Any = None,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        oob: str | int = "raise",
        negative: str = "raise",
        row_dropout: float = 0.0,
        placement: str = "memory",
        adapters: Any = None,
        seed: int | None = None,
        **options: Any,
    ):
        table = embeddings_initializer, embeddings_regularizer, embeddings_constraint
        options.update(padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type, seed=seed)
        options["scale_grad_by_freq"] = scale_grad_by_freq
        super().__init__(input_dim, output_dim, *table, **options)
        check_choice(placement, "placement", ("memory", "disk"))
        if placement == "disk" and (self.embeddings_regularizer or self.embeddings_constraint):
            raise ValueError(
                "a table on disk cannot have a regularizer or a constraint: they take all of it at "
                "every step. Received placement='disk' with one. Leave it away; max_norm holds for "
                "the rows that are used."
            )
        self.placement = placement
        self.quantization_config = quantizers.get(quantization_config)
        self.mask_zero = check_flag(mask_zero, "mask_zero")
        self.supports_masking = self.supports_masking or self.mask_zero
        self.input_length = _as_input_length(input_length)
        self.row_dropout = check_in_range(row_dropout, "row_dropout", np.nextafter(1.0, 0.0))
        self._check_policy(self.dtype_policy)
        self._rng = np.random.default_rng(self.seed)
        apply_out_of_range_rule([], self.input_dim, oob=oob, negative=negative)  # checks them
        self.oob, self.negative = oob, negative
        self.adapters = AdapterSet()
        self._tables: Mapping[str, Table] = {}  # by the name of the weight, once they are made
        self._table: Table | None = None  # that of the rows
        self._pending_adapters = _as_adapters(adapters)
        if lora_rank is not None:
            rank = check_size(lora_rank, "lora_rank")
            first = {"name": DEFAULT_NAME, "rank": rank, "alpha": lora_alpha}
            self._pending_adapters.insert(0, first)
        elif lora_alpha is not None:
            raise ValueError(
                f"lora_alpha needs lora_rank. Received lora_alpha={short_repr(lora_alpha)} alone. "
                "Pass both, or call enable_lora(rank, lora_alpha)."
            )
        if self._pending_adapters:
            self._refuse_constraint()
        if weights is not None:
            self._build_tables(weights)

    def _check_policy(self, policy: DTypePolicy) -> DTypePolicy:
        super()._check_policy(policy)
        options = vars(self)  # this is asked twice: before they are set, and after
        needs_floats = options.get("max_norm") is not None or options.get("row_dropout")
        if policy.variable_dtype in INTEGERS and needs_floats:
            must = "max_norm and row_dropout need a table of floats"
            raise ValueError(message(must, f"dtype={policy.name!r}", "Leave them away"))
        return policy

    # Building ---------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the table, unless it is there; TableMemoryError when it cannot fit."""
        self._build_tables()

    def _build_tables(self, weights: Any = None) -> None:
        if weights is None and self.quantization_mode is not None:  # codes will be loaded
            mode = self.dtype_policy.name.rpartition("_from_")[0]
            self.quantized_build((self.input_dim, self.output_dim), mode)
        else:
            self._set_tables(self._make_float_tables(weights))
        for arguments in self._pending_adapters:
            self.add_adapter(**arguments)

    def _make_float_tables(self, weights: Any) -> dict[str, Table]:
        return {"embeddings": self._make_float_table(weights, self.placement)}

    def _set_tables(self, tables: Mapping[str, Table]) -> None:
        for variable in [v for table in self._tables.values() for v in table.variables]:
            self._untrack_variable(variable)
        for variable in [v for table in tables.values() for v in table.variables]:
            self._track_variable(variable)
        self._tables, self._table, self.built = tables, tables["embeddings"], True
        self._table.freeze(bool(self.adapters))

    def _built_table(self, action: str) -> Table:
        if self._table is None:
            must = f"Cannot {action} a layer that isn't yet built"
            raise ValueError(message(must, repr(self.name), "Call layer.build() first"))
        return self._table

    # Weights ----------------------------------------------------------------------------------

    @property
    def embedding_table(self) -> Table:
        """The object that owns the rows; AttributeError before build."""
        if self._table is None:
            must = "You must build the layer before accessing `embeddings`"
            do = "Call it on ids, or layer.build()"
            raise AttributeError(message(must, f"no call of {self.name} yet", do))
        return self._table

    @property
    def table(self) -> Variable:
        """The float table (V, D) without adapters; AttributeError before build, and for codes."""
        return self.embedding_table.variable

    @property
    def embeddings(self) -> Any:
        """The effective table: `table`, or a new array (V, D) of floats.

        An array where adapters are active (it has them added) or the layer is quantized.
        """
        return self.embedding_table.effective(self.adapters)

    def stored_variables(self) -> list[Variable]:
        """Return the variables of a store: all but those of adapters."""
        of_adapters = {id(variable) for variable in self.adapters.variables}
        return [v for v in self._own_weights().values() if id(v) not in of_adapters]

    def stored_arrays(self) -> list[np.ndarray]:
        """Return the arrays of a store: active adapters are added to the table, as Keras has it."""
        arrays = super().stored_arrays()
        table = [] if self._table is None else self._table.stored_arrays(self.adapters)
        return [*table, *arrays[len(table) :]]

    def check_stored_arrays(self, arrays: list[np.ndarray]) -> None:
        """Refuse codes and scales that no quantizing gives."""
        if self._table is not None:
            self._table.check_stored(arrays[: len(self._table.variables)])

    def _check_settable(self) -> None:
        self.adapters.refuse_if_merged("set_weights")
        super()._check_settable()

    # Forward and backward ---------------------------------------------------------------------

    def call(self, inputs: Any) -> np.ndarray:
        """Return the rows for ids of any shape: (*ids.shape, D), in the compute dtype."""
        ids = as_ids(inputs)
        if self.input_length is not None:
            self._fill_lengths(ids.shape)
        table = self._table or self.embedding_table  # which refuses a layer that is not built
        if self.max_norm is not None and not self.adapters.merged:
            read = self._rows_read(ids)
            table.apply_max_norm(read[read < self.input_dim])
        rows = table.lookup(ids, self.adapters, self.oob, self.negative)
        compute = self._dtype_policy.compute
        return rows if rows.dtype is compute else rows.astype(compute)

    def forward(self, inputs: Any, training: bool = False) -> tuple[np.ndarray, SavedLookup]:
        """Return the rows, and the context that `backward` needs: the ids.

        >>> layer = Embedding(3, 2, weights=[[0, 1], [2, 3], [4, 5]])
        >>> rows, context = layer.forward([2, 2])
        >>> layer.backward(context, np.ones((2, 2))).weights["embeddings"].to_dense().tolist()
        [[0.0, 0.0], [0.0, 0.0], [2.0, 2.0]]
        """
        ids = as_ids(inputs).copy()  # the caller may reuse the array before `backward`
        rows = Embedding.call(self, ids)
        context = SavedLookup(ids, None, self.input_dim)
        if not (training and self.row_dropout):
            return rows, context
        unique, inverse = np.unique(ids, return_inverse=True)
        stays = self._rng.random(len(unique)) >= self.row_dropout
        factors = (stays / (1 - self.row_dropout)).astype(rows.dtype)[inverse].reshape(ids.shape)
        return rows * factors[..., None], context._replace(factors=factors)

    def _rows_read(self, ids: np.ndarray) -> Any:
        """Return the row that each id reads, V for none, by the rules for ids out of range."""
        rules: Any = {"oob": self.oob, "negative": self.negative}
        return apply_out_of_range_rule(ids, self.input_dim, **rules)

    def _read_by_backward(self, saved: Any) -> list[Variable]:
        adapters = self.adapters
        return [v for name in adapters.active for v in (adapters[name].a, adapters[name].b)]

    def backward(self, saved: SavedLookup, grad: Any) -> Gradients:
        """Return the gradient of the table as a SparseGrad, for that of the rows (*ids.shape, D).

        With adapters the table is frozen: A gets a SparseGrad and B an array, each under its name.
        Ids have no gradient: `inputs` is None; nor has a table of integers.
        """
        rows = saved.ids
        if saved.input_dim not in (None, self.input_dim):
            must = f"backward needs as many rows of {self.name!r} as its forward pass had"
            received = f"{self.input_dim} instead of {saved.input_dim}, after resize"
            raise RuntimeError(message(must, received, "Go forward again after that"))
        if self.variable_dtype in INTEGERS:
            return Gradients(None, {})
        grad = cast_grad(self, grad, (*rows.shape, self.output_dim))
        if saved.factors is not None:
            grad = grad * saved.factors[..., None].astype(grad.dtype)
        if self.oob != "raise" or self.negative != "raise":
            rows = self._rows_read(rows)
            inside = rows < self.input_dim  # ids that read no row have no gradient
            rows, grad = rows[inside], grad[inside]
        if self.adapters:
            return Gradients(None, self.adapters.gradients(rows, grad, self.padding_idx))
        sparse = coalesce(
            rows,
            grad,
            self.input_dim,
            padding_idx=self.padding_idx,
            scale_grad_by_freq=self.scale_grad_by_freq,
        )
        return Gradients(None, self.embedding_table.gradients(sparse))

    # Masks and shapes -------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return True where an id is not 0, if `mask_zero`; else None. Works before build."""
        if not self.mask_zero:
            return None
        if isinstance(inputs, KerasTensor):
            return KerasTensor(inputs.shape, "bool")
        return as_ids(inputs) != 0

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (*input_shape, D); ShapeError where that and `input_length` disagree.

        >>> Embedding(1000, 64, input_length=10).compute_output_shape((None, None))
        (None, 10, 64)
        """
        return (*self._fill_lengths(tuple(input_shape)), self.output_dim)

    @property
    def batch_input_shape(self) -> tuple[Any, ...] | None:
        """The input shape that `input_length` announces, such as (None, 10), or None."""
        length = self.input_length
        return None if length is None else (None, *(length if type(length) is tuple else [length]))

    def _fill_lengths(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return `shape` with the fixed lengths in place of None."""
        fixed = self.batch_input_shape
        if fixed is None:
            return shape
        if len(shape) != len(fixed) or any(
            a != b for a, b in zip(fixed, shape, strict=True) if None not in (a, b)
        ):
            raise ShapeError(
                f'"input_length" is {self.input_length}, but received input has shape {shape}. '
                "Pad or cut to that length, or leave input_length away."
            )
        return tuple(b if a is None else a for a, b in zip(fixed, shape, strict=True))

    # LoRA -------------------------------------------------------------------------------------

    @property
    def lora_enabled(self) -> bool:
        """True where the default adapter exists."""
        return DEFAULT_NAME in self.adapters

    @property
    def lora_rank(self) -> int | None:
        """The rank of the default adapter, or None."""
        return self._default_config().get("rank")

    @property
    def lora_alpha(self) -> float | None:
        """The alpha of the default adapter (by default its rank), or None."""
        config = self._default_config()
        return config.get("rank") if config.get("alpha") is None else config["alpha"]

    def _default_config(self) -> dict[str, Any]:
        return {config["name"]: config for config in self._adapter_configs()}.get(DEFAULT_NAME, {})

    @property
    def lora_embeddings_a(self) -> Variable:
        """A of the default adapter, (V, R); AttributeError without one."""
        return self._default_adapter().a

    @property
    def lora_embeddings_b(self) -> Variable:
        """B of the default adapter, (R, D); AttributeError without one."""
        return self._default_adapter().b

    def _default_adapter(self) -> LoRAAdapter:
        if DEFAULT_NAME not in self.adapters:
            must = "lora_embeddings_a and lora_embeddings_b belong to the default adapter"
            do = "Call layer.enable_lora(rank) first"
            raise AttributeError(message(must, f"{self.name!r}, which has none", do))
        return self.adapters[DEFAULT_NAME]

    @property
    def active_adapters(self) -> tuple[str, ...]:
        """The names of the adapters that count now."""
        return self.adapters.active

    @property
    def merged(self) -> bool:
        """True while adapters are merged into the table."""
        return bool(self.adapters.merged)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Make the default adapter: the table is frozen, and A and B are trained instead.

        Their product is scaled by `lora_alpha` / `rank`, by default 1. A `rank` above min(V, D) is
        allowed with a warning: it is no longer low. With "he_uniform" the numbers of A shrink as
        the vocabulary grows.

        Raises
        ------
        ValueError
            For a layer that is not built, a second call, a rank below 1, and a constraint, which
            training A and B could not keep.

        Examples
        --------
        >>> layer = Embedding(5, 3, seed=1)
        >>> before = layer([1, 2])
        >>> layer.enable_lora(2)
        >>> bool((layer([1, 2]) == before).all()), len(layer.trainable_weights)
        (True, 2)
        """
        if self.lora_enabled:
            must, do = (
                "lora is already enabled. This can only be done once per layer",
                "add_adapter",
            )
            raise ValueError(message(must, f"rank={short_repr(rank)}", f"Use {do} for another"))
        self.add_adapter(
            DEFAULT_NAME, rank, lora_alpha, a_initializer=a_initializer, b_initializer=b_initializer
        )

    def add_adapter(
        self,
        name: str,
        rank: int,
        alpha: float | None = None,
        rslora: bool = False,
        *,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> LoRAAdapter:
        """Make an adapter under a name, make it active beside the others, and return it.

        While there are adapters the table is frozen: ``layer.trainable = True`` does not change
        that. Errors are those of `enable_lora`, and a ValueError for a name that is taken.
        """
        self._refuse_constraint()
        if self.variable_dtype in INTEGERS:
            raise ValueError(
                f"LoRA needs a table of floats. Received {self.name!r} of {self.variable_dtype}. "
                "Make the layer from table.astype('float32')."
            )
        table = self._built_table("enable lora on")
        if not is_adapter_name(name) or adapter_weight_names(name)[0] in self._own_weights():
            must = "an adapter needs a printable name of its own, without a slash"
            received = f"{short_repr(name)} beside {list(self.adapters)}"
            raise ValueError(message(must, received, "Choose another"))
        self.adapters.refuse_if_merged("add_adapter")
        rank, max_rank = check_size(rank, "rank"), min(self.input_dim, self.output_dim)
        if rank > max_rank:
            must = f"a LoRA rank is meant to be low: it should be at most min(V, D) = {max_rank}"
            do = "A smaller one gives the same freedom with less memory"
            warnings.warn(message(must, rank, do), UserWarning, stacklevel=3)
        alpha = rank if alpha is None else alpha
        lora_scale(rank, alpha, rslora=rslora)  # refuses an alpha that is no number
        start = initializers.get(a_initializer)
        if self.seed is not None:  # another seed than the table's, whose draws would repeat
            start = initializers.seeded(start, self.seed + 1 + len(self.adapters))
        dtype = "float64" if self.variable_dtype == "float64" else "float32"
        penalty = self.embeddings_regularizer
        names = adapter_weight_names(name)
        shapes = (self.input_dim, rank), (rank, self.output_dim)
        a = self.add_weight(shapes[0], start, dtype, name=names[0], regularizer=penalty)
        try:
            b = self.add_weight(shapes[1], b_initializer, dtype, name=names[1], regularizer=penalty)
        except Exception:
            self._untrack_variable(a)  # Remove A if B could not be created
            raise
        if self.padding_idx is not None:
            a.value[self.padding_idx] = 0  # B is shared: only a zero here keeps that row still
            a.padding_idx = self.padding_idx
        adapter = LoRAAdapter(name, a, b, rank, float(alpha), bool(rslora))
        self.adapters.add(adapter)
        table.freeze(True)
        return adapter

    def set_active(self, names: Any) -> None:
        """Make the named adapters active; the others keep their numbers and do not count."""
        self.adapters.set_active(names)

    def remove(self, name: str) -> None:
        """Remove an adapter; without any, the table can be trained again."""
        self._untrack_adapters([self.adapters.remove(name)])

    @names_layer
    def merge(self, safe: bool = True) -> None:
        """Add the active adapters to the table: the same rows come out, without extra cost.

        They are inactive until `unmerge`. Until then `set_weights`, `quantize`, `resize` and every
        change of the adapters are refused, nothing here is trained, and `get_weights` returns the
        merged table. With `safe`, a merged number that is not finite raises NotFiniteError, and
        nothing is changed.
        """
        self.adapters.refuse_if_merged("merge")
        table = self._built_table("merge")
        if not self.adapters.active:
            must, do = "merge needs an active adapter", "Call add_adapter or set_active first"
            raise ValueError(message(must, f"{list(self.adapters)}, none of them active", do))
        table.merge(self.adapters, safe)
        self.adapters.mark_merged()

    def unmerge(self) -> None:
        """Subtract what `merge` added, to within a rounding; quantized codes come back exactly."""
        if not self.adapters.merged:
            received = "a layer without merged adapters"
            raise ValueError(message("unmerge must follow merge", received, "Call merge() first"))
        self.embedding_table.unmerge(self.adapters)
        self.adapters.mark_unmerged()

    def merge_and_unload(self, safe: bool = True) -> "Embedding":
        """Merge the active adapters for good, remove all (PEFT's word), and return the layer.

        >>> layer = Embedding(5, 3, lora_rank=2)
        >>> layer.build()
        >>> layer.merge_and_unload().trainable_weights[0].name, len(layer.adapters)
        ('embeddings', 0)
        """
        if self.adapters.active:
            self.merge(safe)
        self._untrack_adapters(self.adapters.clear())
        return self

    def _untrack_adapters(self, removed: list[LoRAAdapter]) -> None:
        for adapter in removed:
            self._untrack_variable(adapter.a)
            self._untrack_variable(adapter.b)
        table = self.embedding_table
        table.freeze(bool(self.adapters))
        if not self.adapters:
            table.before_merge = []

    def _refuse_constraint(self) -> None:
        if self.embeddings_constraint is not None:
            raise ValueError(
                "Lora is incompatible with embedding constraints: they hold for the table, which "
                f"is frozen. Received {self.embeddings_constraint!r:.60}. Leave one of them away."
            )

    # Quantization -----------------------------------------------------------------------------

    @property
    def quantization_mode(self) -> str | None:
        """Such as "int8", or None for a float table."""
        return self.dtype_policy.quantization_mode

    @property
    def quantized(self) -> QuantizedTable:
        """The codes, scales and zero points; AttributeError for a layer with floats."""
        return self.embedding_table.quantized

    @names_layer
    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: Any = None
    ) -> None:
        """Turn the table into integer codes, which get no gradient; adapters can be trained on.

        `mode` is "int8" or "int4", which has blocks of 128 unless `config`, an
        Int8QuantizationConfig or Int4QuantizationConfig, says otherwise; `type_check` refuses
        subclasses, whose own methods may need floats.

        Raises
        ------
        ValueError
            For a layer that is not built, is quantized already or has merged adapters, an unknown
            mode, and int8 where the layer computes in float16.
        NotImplementedError
            For subclasses, float8, gptq and awq.

        Notes
        -----
        Source: ``keras.layers.Embedding.quantize``; the codes are bit-identical. On purpose
        different: in a block whose numbers share one sign the range includes 0.

        Examples
        --------
        >>> layer = Embedding(5, 4, weights=np.ones((5, 4)))
        >>> layer.quantize("int8")
        >>> layer([1]).round(3).tolist(), layer.quantized.codes.dtype.name
        ([[1.0, 1.0, 1.0, 1.0]], 'int8')
        """
        ours = type(self).__module__.startswith("embedlab.")
        if check_flag(type_check, "type_check") and not ours:
            raise NotImplementedError(
                f"Layer {type(self).__name__} does not have a `quantize` method implemented. "
                "Received a subclass, whose own methods may need floats. Pass type_check=False if "
                "they can do without."
            )
        config = resolve_quantization(mode, config, self.quantization_config)
        self._built_table("quantize")
        self.adapters.refuse_if_merged("quantize")
        policy = self.dtype_policy
        codes = {name: table.quantize(config, policy) for name, table in self._tables.items()}
        self._set_quantized_tables(codes, config)

    def quantized_build(self, embeddings_shape: Any, mode: str, config: Any = None) -> None:
        """Make codes of zero (and scales of one) for tables (V, D): to be loaded into."""
        config = resolve_quantization(mode, config, self.quantization_config)
        arguments = embeddings_shape, config, self.variable_dtype
        codes = {
            name: QuantizedTableWeights.empty(*arguments, f"{self.name}/{name}", number > 0)
            for number, name in enumerate(self._table_names)
        }
        self._set_quantized_tables(codes, config)

    def _set_quantized_tables(self, tables: Mapping[str, Table], config: Any) -> None:
        self._set_tables(tables)
        self.quantization_config = config
        source = self.dtype_policy.name.rpartition("_from_")[2]
        self._dtype_policy = DTypePolicy(f"{config.policy}_from_{source}")

    @names_layer
    def quantized_call(self, inputs: Any) -> np.ndarray:
        """Return the rows for ids, from the codes and the active adapters."""
        _ = self.quantized  # raises where there are no codes
        return Embedding.call(self, inputs)

    def quantization_report(self) -> QuantizationReport:
        """Return what quantizing did to each row: errors, cosines, bytes.

        ValueError unless this very layer was quantized from floats.
        """
        report = self._built_table("report on").report
        if report is None:
            must = "a report compares codes with the floats they came from"
            do = "Call quantize() on a float table"
            raise ValueError(message(must, "a layer that was not quantized here", do))
        return report

    # Resizing ---------------------------------------------------------------------------------

    @names_layer
    def resize(self, input_dim: int, init: str = "mean", *, source: Any = None) -> None:
        """Change the number of rows; those that stay keep every number, and their moments.

        Parameters
        ----------
        input_dim : int
            The new V. Fewer rows: the last ones go.
        init : {"mean", "zeros", "copy"}
            The start of a new row: the mean of all (but padding), zeros, or the copy of a row. A of
            LoRA grows alike.
        source : int or array_like of int, (new V - V,), optional
            For "copy": which row, for all new ones or for each. By default that of unknown words
            (`oob`, where it is an id), or else the last.

        Raises
        ------
        ValueError, TableMemoryError
            For a layer that is not built, an unknown `init`, adapters that are merged now, and a
            V that leaves out `padding_idx` or `oob`, or does not fit. Nothing is changed then.

        Examples
        --------
        >>> layer = Embedding(2, 2, weights=[[1, 2], [3, 6]])
        >>> layer.resize(3)
        >>> layer, layer([2]).tolist()
        (Embedding(3 words -> 2 numbers), [[2.0, 4.0]])
        """
        total = check_size(input_dim, "input_dim")
        self._built_table("resize")
        self.adapters.refuse_if_merged("resize")
        check_choice(init, "init", ("mean", "zeros", "copy"))
        for name, row in (("padding_idx", self.padding_idx), ("oob", self.oob)):
            if isinstance(row, int) and row >= total:
                must = f"{name} must stay a row of the table"
                received = f"input_dim={total} with {name}={row}"
                raise ValueError(message(must, received, f"Keep at least {row + 1} rows"))
        sources = self._sources(total - self.input_dim, source) if init == "copy" else ()
        arguments = (total, init, sources, self.padding_idx)
        new_a = [resize_rows(adapter.a.value, *arguments) for adapter in self.adapters.values()]
        for table in self._tables.values():
            table.resize(*arguments)
        for adapter, a in zip(self.adapters.values(), new_a, strict=True):
            adapter.a.replace(a)
        self.input_dim = total

    def _sources(self, more: int, source: Any) -> Any:
        """Return the row that each of `more` new rows copies."""
        if more <= 0:
            return ()
        if source is None:
            source = self.oob if isinstance(self.oob, int) else self.input_dim - 1
        rows = apply_out_of_range_rule(as_ids(source), self.input_dim)
        if rows.shape not in ((), (more,)):
            must = f"source must be one row, or one for each of {more} new ones"
            raise ShapeError(message(must, f"shape {rows.shape}", "Pass an int"))
        return np.broadcast_to(rows, (more,))

    # Neighbors --------------------------------------------------------------------------------

    @names_layer
    def nearest(
        self, query: Any, k: int = 10, *, first: int = 0, last: int | None = None, exclude: Any = ()
    ) -> Neighbors:
        """Return the k rows, with active adapters, whose direction is nearest, by cosine.

        `query` holds ids, () or (Q,) integer: the rows near to each, itself left out; or vectors,
        (D,) or (Q, D) float. The rest is as for `embedlab.core.geometry.nearest`.

        >>> layer = Embedding(3, 2, weights=[[1, 0], [0, 1], [1, 1]])
        >>> layer.nearest(0, k=1).ids.tolist(), layer.nearest([2.0, 0.1], k=2).ids.tolist()
        ([2], [0, 2])
        """
        table = self._built_table("search")
        vectors = as_numeric_array(query, "query")
        if vectors.dtype.kind in "iu":
            ids = check_inside(as_ids(vectors), self.input_dim)
            itself, others = ids.reshape(-1, 1), np.atleast_1d(as_ids(exclude))
            if ids.ndim > 1 or others.ndim > 2 or (others.ndim == 2 and len(others) != len(itself)):
                must, do = "ids must be () or (Q,), exclude (E,) or (Q, E)", "Reshape them"
                raise ShapeError(message(must, f"{ids.shape} and {others.shape}", do))
            others = np.broadcast_to(others, (len(itself), others.shape[-1]))
            exclude = np.concatenate([itself, others], axis=1)[0 if ids.ndim == 0 else slice(None)]
            vectors = table.lookup(ids, self.adapters)
        rows = table.rows(self.adapters)
        return nearest(rows, vectors, k, first=first, last=last, exclude=exclude)

    # Configs and reports ----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; those beyond Keras's own only where they are not the default.

        >>> config = Embedding(10, 4, lora_rank=2, seed=1).get_config()
        >>> config["input_dim"], config["lora_alpha"], config["seed"], "oob" in config
        (10, 2, 1, False)
        """
        config = super().get_config()
        for name, default in _BEYOND_KERAS.items():
            if getattr(self, name) != default:
                config[name] = getattr(self, name)
        if self.quantization_config is not None:
            config["quantization_config"] = quantizers.serialize(self.quantization_config)
        adapters = self._adapter_configs()
        if adapters and adapters[0]["name"] == DEFAULT_NAME and not adapters[0].get("rslora"):
            del adapters[0]
            config.update(lora_rank=self.lora_rank, lora_alpha=self.lora_alpha)
        if adapters:
            config["adapters"] = adapters
        return config

    def _adapter_configs(self) -> list[dict[str, Any]]:
        """Return the arguments of the adapters that exist, or that `build` will make."""
        if self._table is None:
            return [dict(arguments) for arguments in self._pending_adapters]
        return [adapter.get_config() for adapter in self.adapters.values()]

    @classmethod
    def from_legacy(cls, config: dict[str, Any]) -> "Embedding":
        """Return a layer from a config of Keras 1 or 2.

        >>> old = {"input_dim": 5, "output_dim": 2, "init": "glorot_uniform", "W_constraint": None}
        >>> Embedding.from_legacy(old).embeddings_initializer
        GlorotUniform()
        """
        return cls(**from_keras1_config(config))

    @classmethod
    def from_pretrained(cls, table: Any, freeze: bool = False, **options: Any) -> "Embedding":
        """Return a layer around a copy of `table` (V, D); `padding_idx` keeps its row as given.

        Integers become floats, unless an integer `dtype` is passed too.

        >>> Embedding.from_pretrained(np.ones((3, 2)), freeze=True).trainable_weights
        []
        """
        array = as_numeric_array(table, "table")
        if array.dtype.kind != "f" and "dtype" not in options:
            array = array.astype(float)
        array = as_table(array, integers=True)
        options.setdefault("dtype", array.dtype.name)
        options.setdefault("trainable", not check_flag(freeze, "freeze"))
        rows, columns = array.shape
        return cls(rows, columns, weights=array, **options)

    def memory_report(self, lora_rank: int = 8) -> MemoryReport:
        """Return the bytes of the table and of what training and compression would add.

        Nothing is allocated: ask before building.
        """
        itemsize, rank = np.dtype(self.variable_dtype).itemsize, check_size(lora_rank, "lora_rank")
        return MemoryReport(self.input_dim, self.output_dim, itemsize, rank)

    def __repr__(self) -> str:
        parts = [f"{self.input_dim} words -> {self.output_dim} numbers"]
        parts += ["mask_zero"] if self.mask_zero else []
        parts += [f"padding_idx {self.padding_idx}"] if self.padding_idx is not None else []
        parts += [f"input_length {self.input_length}"] if self.input_length is not None else []
        for adapter in self._adapter_configs():
            name = "" if adapter["name"] == DEFAULT_NAME else f" {adapter['name']!r}"
            parts.append(f"lora rank {adapter['rank']}{name}")
        parts += [self.quantization_mode] if self.quantization_mode else []
        parts += ["frozen"] if not self.trainable else []
        return f"{type(self).__name__}({', '.join(parts)})"


_BEYOND_KERAS = {
    argument.name: argument.default
    for argument in signature(Embedding.__init__).parameters.values()
    if argument.kind is argument.KEYWORD_ONLY and argument.name != "adapters"
}
"""Arguments that Keras does not know, and their defaults: a config holds them only if they differ,
so that Keras can read it."""


def _as_adapters(value: Any) -> list[dict[str, Any]]:
    known = set(signature(Embedding.add_adapter).parameters)
    value = [] if value is None else value
    configs = list(value) if isinstance(value, (list, tuple)) else [value]
    for config in configs:
        if not (isinstance(config, dict) and {"name", "rank"} <= set(config) <= known):
            must = "adapters must be a list of dicts, with the arguments of add_adapter in each"
            do = 'Pass for example [{"name": "first", "rank": 4}]'
            raise ValueError(message(must, short_repr(config), do))
    return [dict(config) for config in configs]


def _as_input_length(value: Any) -> int | tuple[int | None, ...] | None:
    if isinstance(value, (tuple, list)):
        return tuple(None if n is None else check_size(n, "input_length") for n in value)
    return None if value is None else check_size(value, "input_length")
