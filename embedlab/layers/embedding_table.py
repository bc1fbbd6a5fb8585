"""The table of a layer, as floats or as integer codes: what depends on how rows are stored.

`FloatTable` and `QuantizedTableWeights` answer the same questions, so that the layer that owns one
never asks which it is. A layer's adapters are passed in where they count.
"""

from typing import Any, ClassVar

import numpy as np

from embedlab import initializers, quantizers
from embedlab.budget import OBJECT, charge
from embedlab.core.checks import (
    ShapeError,
    as_numeric_array,
    check_above_zero,
    check_flag,
    check_held_by,
    check_in_range,
    check_size,
    short_repr,
)
from embedlab.core.geometry import LazyTable
from embedlab.core.lookup import lookup
from embedlab.core.lora import lora_lookup, merge, unmerge
from embedlab.core.max_norm import max_norm
from embedlab.core.quantize import (
    QuantizationReport,
    QuantizedTable,
    dequantize,
    merge_adapters_into_codes,
    quantization_report,
    quantize,
    quantized_lookup,
)
from embedlab.core.resize import resize_rows
from embedlab.layers.allocation import check_fits
from embedlab.layers.dtype_policy import DTypePolicy
from embedlab.layers.layer import Layer
from embedlab.layers.lora import AdapterSet
from embedlab.layers.variable import Variable

__all__ = ["FloatTable", "QuantizedTableWeights", "Table", "TableLayer", "resolve_quantization"]


Rule = str | int
"""What to do with ids outside the table: see `embedlab.core.ids.apply_out_of_range_rule`."""


class FloatTable:
    """A table of floats (V, D) in one variable, which training may change.

    `placement` is "memory" or "disk", `limit` and `norm_type` are `max_norm` of the layer. Where it
    is `transposed`, the variable is (D, V): a row of the table is a column.

    Attributes
    ----------
    variables, row_variables : list of Variable
        All, in the order of a store, and those with an entry for each row: what merging changes.
    report : QuantizationReport or None
        What quantizing did, where it was done here.
    before_merge : list of ndarray
        What `unmerge` needs besides the adapters: for floats nothing.
    """

    report: QuantizationReport | None = None
    before_merge_shapes: tuple[tuple[int, ...], ...] = ()

    def __init__(
        self,
        variable: Variable,
        *,
        placement: str = "memory",
        limit: float | None = None,
        norm_type: float = 2.0,
        transposed: bool = False,
    ):
        self.variable = variable
        self.variables = self.row_variables = [variable]
        self.placement, self.limit, self.norm_type = placement, limit, norm_type
        self.transposed = transposed
        self.before_merge: list[np.ndarray] = []

    @property
    def quantized(self) -> QuantizedTable:
        """Refuse: floats have no codes."""
        raise AttributeError(
            "codes and scales belong to a quantized table. Received a layer with floats. "
            'Call layer.quantize("int8") first.'
        )

    # Reading ----------------------------------------------------------------------------------

    def lookup(
        self, ids: np.ndarray, adapters: AdapterSet, oob: Rule = "raise", negative: str = "raise"
    ) -> np.ndarray:
        """Return the rows of `ids`, with the active adapters added."""
        table = self.variable.value
        if adapters.active:
            return lora_lookup(table, ids, adapters.active_arrays(), oob=oob, negative=negative)
        return lookup(table, ids, oob=oob, negative=negative)

    def rows(self, adapters: AdapterSet) -> Any:
        """Return all rows for a search: the array, or rows that are computed when read."""
        table = self.variable.value
        return _lazy_rows(self, table.shape, adapters) if adapters.active else table

    def effective(self, adapters: AdapterSet) -> Any:
        """Return the effective table: the variable, or a new array with adapters added."""
        if not adapters.active:
            return self.variable
        return merge(self.variable.value, adapters.active_arrays(), safe=False)

    def dense(self) -> np.ndarray:
        """Return the table (V, D) without adapters as floats."""
        return self.variable.value.T if self.transposed else self.variable.value

    # Changing in place ------------------------------------------------------------------------

    def apply_max_norm(self, rows: np.ndarray) -> None:
        """Shorten some rows to `limit`, where there is one, in place."""
        if self.limit is not None:
            max_norm(self.variable.value, rows, self.limit, norm_type=self.norm_type)
            self.variable.mark_changed("max_norm")

    def freeze(self, frozen: bool) -> None:
        """Keep training from the table while there are adapters."""
        self.variable.trainable = not frozen and self.variable.value.dtype.kind == "f"

    def merge(self, adapters: AdapterSet, safe: bool) -> None:
        """Add the active adapters to the table."""
        self.apply_max_norm(np.arange(len(self.variable)))  # all rows as a lookup reads them
        table = self.variable.value
        merge(table, adapters.active_arrays(), safe=safe, out=table)
        self.variable.mark_changed("merge")

    def unmerge(self, adapters: AdapterSet) -> None:
        """Subtract the merged adapters, to within a rounding."""
        table = self.variable.value
        unmerge(table, [arrays for _, arrays in adapters.merged], safe=False, out=table)
        self.variable.mark_changed("unmerge")

    def resize(self, total: int, init: str, sources: Any, leave_out: int | None) -> None:
        """Change the number of rows to `total`; see `resize_rows`."""
        variable, rows = self.variable, self.dense()
        shape = (total, rows.shape[1])
        check_fits(self.placement, shape, variable.dtype)
        new = resize_rows(rows, total, init, sources, leave_out, variable.allocate)
        _replace_rows(variable, new, self.transposed)

    def gradients(self, grad: Any) -> dict[str, Any]:
        """Return a gradient of the table, sparse or (V, D), under the name of its weight."""
        if isinstance(grad, np.ndarray):
            grad = grad.T if self.transposed else grad
            grad = grad.astype(self.variable.dtype, copy=False)
        return {self.variable.name: grad}

    # Quantizing and stores --------------------------------------------------------------------

    def quantize(self, config: Any, policy: DTypePolicy) -> "QuantizedTableWeights":
        """Return the table as codes. Rows longer than `max_norm` are shortened before."""
        if config.mode == "int8" and policy.compute_dtype == "float16":
            raise ValueError(
                "Quantization mode='int8' doesn't work well with compute_dtype='float16'. "
                f"Received {policy.name}. Choose float32, or int4."
            )
        self.apply_max_norm(np.arange(len(self.variable)))
        floats = self.dense()
        codes = quantize(floats, config.bits, config.block_size)
        new = QuantizedTableWeights(codes, self.variable.path, transposed=self.transposed)
        new.report = None if self.transposed else quantization_report(floats, codes)
        return new

    def stored_arrays(self, adapters: AdapterSet) -> list[np.ndarray]:
        """Return the arrays of a store: active adapters are added, as Keras has it."""
        table = self.variable
        if not adapters.active:
            return [table.value]
        out = table.allocate(table.shape, table.dtype)  # a table on disk is merged on disk
        return [merge(table.value, adapters.active_arrays(), safe=False, out=out)]

    def check_stored(self, arrays: list[np.ndarray]) -> None:
        """Accept any numbers: floats need no more than their shape and dtype."""


class QuantizedTableWeights:
    """A table (V, D) as integer codes with scales: frozen, and read through its adapters.

    Its methods and attributes are those of `FloatTable`. The arrays of `quantized` become variables
    (codes, scale, zero and g_idx) without a copy, unless `transposed`, as Keras's reverse table;
    `path` is that of the codes. `before_merge` holds codes, scales and zero points before a merge,
    whose rounding cannot be undone.
    """

    report: QuantizationReport | None = None

    def __init__(self, quantized: QuantizedTable, path: str, *, transposed: bool = False):
        self.transposed = transposed
        self.before_merge: list[np.ndarray] = []
        layer_name = path.rpartition("/")[0]
        self.row_variables = [
            _frozen(np.ascontiguousarray(part.T) if transposed else part, f"{path}{ending}")
            for part, ending in zip(_parts(quantized), ("", "_scale", "_zero"), strict=False)
        ]
        self.variables = list(self.row_variables)
        if quantized.block_size is not None and not transposed:
            groups = np.arange(quantized.output_dim, dtype=np.float32) // quantized.block_size
            self.variables.append(_frozen(groups, f"{layer_name}/g_idx"))
        self._kind = quantized.output_dim, quantized.bits, quantized.block_size
        self._quantized = self._over_variables()

    @classmethod
    def empty(
        cls, shape: tuple[int, int], config: Any, dtype: str, path: str, transposed: bool = False
    ) -> "QuantizedTableWeights":
        """Return codes of zero and scales of one for a table (V, D): to be loaded into."""
        rows, columns = shape
        width = columns if config.bits == 8 else -(-columns // 2)
        block = None if config.block_size in (None, -1) else config.block_size
        blocks = 1 if block is None else -(-columns // block)
        charge(OBJECT + rows * (width + 9 * blocks), f"{path} of shape {shape}")
        groups = (rows,) if block is None else (rows, blocks)
        codes = np.zeros((rows, width), np.int8)
        scale = np.ones(groups, np.float64 if dtype == "float64" else np.float32)
        zero = None if block is None else np.zeros(groups, np.int8)
        quantized = QuantizedTable(codes, scale, zero, columns, config.bits, block)
        return cls(quantized, path, transposed=transposed)

    @property
    def quantized(self) -> QuantizedTable:
        """The table in the form that the core takes, over the arrays of the variables."""
        return self._over_variables() if self.transposed else self._quantized

    def _over_variables(self) -> QuantizedTable:
        values = [v.value.T if self.transposed else v.value for v in self.row_variables]
        zero = values[2] if len(values) == 3 else None
        return QuantizedTable(values[0], values[1], zero, *self._kind)

    @property
    def variable(self) -> Variable:
        """Refuse: there is no float table."""
        raise AttributeError(
            "table is the float table. Received a quantized layer, which has none. "
            "Use layer.quantized, or layer.embeddings for floats made of them."
        )

    # Reading ----------------------------------------------------------------------------------

    def lookup(
        self, ids: np.ndarray, adapters: AdapterSet, oob: Rule = "raise", negative: str = "raise"
    ) -> np.ndarray:
        """Return the rows of `ids` as floats, with the active adapters added."""
        active = adapters.active_arrays()
        return quantized_lookup(self._quantized, ids, active, oob=oob, negative=negative)

    def rows(self, adapters: AdapterSet) -> LazyTable:
        """Return all rows for a search, as floats that are computed when read."""
        return _lazy_rows(self, self.quantized.shape, adapters)

    def effective(self, adapters: AdapterSet) -> np.ndarray:
        """Return a new array (V, D) of floats, with the active adapters added."""
        return dequantize(self.quantized, adapters.active_arrays())

    def dense(self) -> np.ndarray:
        """Return the table (V, D) without adapters as floats."""
        return dequantize(self.quantized)

    # Changing in place ------------------------------------------------------------------------

    def apply_max_norm(self, rows: np.ndarray) -> None:
        """Do nothing: rows were shortened before they were quantized."""

    def freeze(self, frozen: bool) -> None:
        """Do nothing: codes are never trained."""

    def merge(self, adapters: AdapterSet, safe: bool) -> None:
        """Add the active adapters and quantize each row again; NotFiniteError, safe or not."""
        merged = _parts(merge_adapters_into_codes(self.quantized, adapters.active_arrays()))
        self.before_merge = [variable.numpy() for variable in self.row_variables]
        self._assign(merged)

    def unmerge(self, adapters: AdapterSet) -> None:
        """Put the codes of before the merge back, exactly."""
        self._assign(self.before_merge)
        self.before_merge = []

    def _assign(self, arrays: list[np.ndarray]) -> None:
        for variable, array in zip(self.row_variables, arrays, strict=True):
            variable.assign(array)

    @property
    def before_merge_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of `before_merge` when adapters are merged."""
        return tuple(variable.shape for variable in self.row_variables)

    def resize(self, total: int, init: str, sources: Any, leave_out: int | None) -> None:
        """Change the number of rows to `total`: codes that stay are kept, new rows quantized."""
        old = self.quantized
        before, parts = len(old.codes), _parts(old)
        if total <= before:
            new = [part[:0] for part in parts]
        elif init == "copy":
            new = [part[sources] for part in parts]
        else:
            floats = np.zeros((total - before, old.output_dim), old.scale.dtype)
            if init == "mean":
                floats[:] = resize_rows(self.dense(), before + 1, init, (), leave_out)[-1]
            new = _parts(quantize(floats, old.bits, old.block_size))
        for variable, part, added in zip(self.row_variables, parts, new, strict=True):
            rows = np.concatenate([part[:total], added.astype(part.dtype)])
            _replace_rows(variable, rows, self.transposed)
        self._quantized, self.report = self._over_variables(), None

    def gradients(self, grad: Any) -> dict[str, Any]:
        """Return nothing: codes have no gradient."""
        return {}

    # Quantizing and stores --------------------------------------------------------------------

    def quantize(self, config: Any, policy: DTypePolicy) -> "QuantizedTableWeights":
        """Refuse: the floats are gone."""
        raise ValueError(
            f"Layer is already quantized with dtype_policy={policy.name!r}. Received "
            f"{self.variables[0].path} and mode={config.mode}. Make a new layer from the floats."
        )

    def stored_arrays(self, adapters: AdapterSet) -> list[np.ndarray]:
        """Return the arrays of a store: active adapters are merged into the codes."""
        arrays = [variable.value for variable in self.variables]
        if adapters.active:
            merged = merge_adapters_into_codes(self.quantized, adapters.active_arrays())
            arrays[: len(self.row_variables)] = _parts(merged)
        return arrays

    def check_stored(self, arrays: list[np.ndarray]) -> None:
        """Refuse parts that no quantizing gives: they would divide by zero."""
        for variable, array in zip(self.variables, arrays, strict=True):
            valid = True
            if variable.name.endswith("_scale"):
                valid = bool(np.isfinite(array).all() and (array > 0).all())
            elif variable.name.endswith("_zero"):
                valid = bool(((array >= -8) & (array <= 7) & (array == np.rint(array))).all())
            elif variable.name == "g_idx":
                valid = np.array_equal(array, variable.value)
            if not valid:
                raise ValueError(
                    "scales must be finite and above 0, zero points whole and in -8..7, blocks in "
                    f"a row. Received others for {variable.path}. Quantize the table again."
                )


Table = FloatTable | QuantizedTableWeights


class TableLayer(Layer):
    """The base of layers with a table (V, D): the arguments that say how it is made."""

    WEIGHTS: ClassVar = {"embeddings": "uniform"}

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        *,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        seed: int | None = None,
        **options: Any,
    ):
        self.seed = None if seed is None else check_size(seed, "seed", least=0)
        options["embeddings_regularizer"] = embeddings_regularizer
        options["embeddings_constraint"] = embeddings_constraint
        start = initializers.seeded(initializers.get(embeddings_initializer), self.seed)
        super().__init__(embeddings_initializer=start, **options)
        self.input_dim = check_size(input_dim, "input_dim")
        self.output_dim = check_size(output_dim, "output_dim")
        if padding_idx is not None:
            bounds = {"least": -self.input_dim, "most": self.input_dim - 1}
            padding_idx = check_size(padding_idx, "padding_idx", **bounds) % self.input_dim
        infinite = isinstance(norm_type, (float, np.floating)) and norm_type == np.inf
        self.padding_idx = padding_idx
        self.max_norm = None if max_norm is None else check_in_range(max_norm, "max_norm")
        self.norm_type = norm_type if infinite else check_above_zero(norm_type, "norm_type")
        self.scale_grad_by_freq = check_flag(scale_grad_by_freq, "scale_grad_by_freq")

    def _make_float_table(self, weights: Any = None, placement: str = "memory") -> FloatTable:
        """Return a new table, made by its initializer, or of `weights` (V, D) as they are.

        A list of one table is unpacked, as in Keras 1 and 2.
        """
        shape, initializer = (self.input_dim, self.output_dim), None
        if weights is not None:
            if isinstance(weights, (list, tuple)) and len(weights) == 1:
                inner = as_numeric_array(weights[0], "weights")
                weights = inner if inner.ndim == 2 else weights
            table = as_numeric_array(weights, "weights")
            if table.shape != shape:
                raise ShapeError(
                    f"Layer {self.name} weight shape {shape} is not compatible with provided "
                    f"weight shape {table.shape}. Received it as weights=. "
                    "It must be (input_dim, output_dim)."
                )
            check_held_by(self.variable_dtype, table, "weights")
            initializer = lambda shape, dtype: table
        check_fits(placement, shape, self.variable_dtype)
        variable = self.add_named_weight("embeddings", shape, initializer, placement)
        variable.padding_idx = self.padding_idx
        if weights is None and self.padding_idx is not None:
            variable.value[self.padding_idx] = 0
        limit, norm_type = self.max_norm, self.norm_type
        return FloatTable(variable, placement=placement, limit=limit, norm_type=norm_type)


def _parts(table: QuantizedTable) -> list[np.ndarray]:
    """Return the arrays of a quantized table that have an entry for each row."""
    return [part for part in (table.codes, table.scale, table.zero) if part is not None]


def _frozen(array: np.ndarray, path: str) -> Variable:
    name = path.rpartition("/")[2]
    return Variable.from_array(array, name=name, path=path, trainable=False)


def _lazy_rows(table: Any, shape: tuple[int, int], adapters: AdapterSet) -> LazyTable:
    return LazyTable(shape, lambda first, last: table.lookup(np.arange(first, last), adapters))


def _replace_rows(variable: Variable, rows: np.ndarray, transposed: bool) -> None:
    if transposed:
        variable.replace(np.ascontiguousarray(rows.T), axis=rows.ndim - 1)
    else:
        variable.replace(rows)


def resolve_quantization(mode: Any, config: Any, default: Any) -> Any:
    """Return the quantization config that `mode` and `config` of a call mean.

    ValueError for none of them, an unknown mode, and a mode that contradicts the config;
    NotImplementedError for the modes that only Keras has.

    >>> resolve_quantization("int8", None, None).bits
    8
    """
    family, _, block = str(mode).partition("/")
    if mode is None and config is None and default is None:
        raise ValueError(
            "You must provide either `mode` or `config` to `quantize`. Received none of them. "
            'Call layer.quantize("int8").'
        )
    if mode is None:
        return quantizers.get(default if config is None else config)
    if family not in ("int8", "int4"):
        later = family in ("float8", "gptq", "awq")
        raise (NotImplementedError if later else ValueError)(
            f"Invalid quantization mode. It must be int8 or int4. Received {short_repr(mode)}. "
            "Choose one of these."
        )
    if config is None and default is not None and default.mode == family:
        config = default
    config = quantizers.get(family if config is None else config)
    if config.mode != family:
        raise ValueError(
            f"Contradictory arguments: mode={mode!r} but config.mode={config.mode!r}. They "
            "must agree. Received both. Leave mode away."
        )
    if block and config.policy != mode:
        size: Any = int(block) if block.removeprefix("-").isdecimal() else block
        config = quantizers.Int4QuantizationConfig(block_size=size)
    return config
