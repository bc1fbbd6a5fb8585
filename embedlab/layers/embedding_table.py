"""The table of a layer, as floats or as integer codes: what depends on how rows are stored.

`FloatTable` and `QuantizedTableWeights` answer the same questions, so that the layer that owns one
never asks which it is. A layer's adapters are passed in where they count.
"""

from typing import Any

import numpy as np

from embedlab import quantizers
from embedlab.core.geometry import LazyTable
from embedlab.core.gradient import coalesce
from embedlab.core.ids import apply_out_of_range_rule
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
from embedlab.layers.dtype_policy import DTypePolicy
from embedlab.layers.lora import AdapterSet
from embedlab.layers.placement import Allocator, check_fits
from embedlab.layers.variable import Variable
from embedlab.layers.weight_budget import charge

__all__ = [
    "FloatTable",
    "QuantizedTableWeights",
    "resize_codes",
    "resize_rows",
    "resolve_quantization",
]

_MODES = ("int8", "int4")


class FloatTable:
    """A table of floats (V, D) in one variable, which training may change.

    Parameters
    ----------
    variable : Variable, (V, D), or (D, V) if `transposed`
    placement : {"memory", "disk"}
    limit, norm_type : optional
        `max_norm` of the layer: a lookup first shortens the rows that it reads, in place.
    transposed : bool
        Whether a row of the table is a column of the variable.

    Attributes
    ----------
    version : int
        How many lookups may have changed the table in place: a backward pass that needs it as it
        was compares.
    """

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
        self.placement, self.limit, self.norm_type = placement, limit, norm_type
        self.transposed = transposed
        self.version = 0

    @property
    def variables(self) -> list[Variable]:
        """Every variable, in the order of a store."""
        return [self.variable]

    row_variables = variables
    """Those with an entry for each row: what merging changes."""

    # Reading ----------------------------------------------------------------------------------

    def lookup(
        self, ids: np.ndarray, adapters: AdapterSet, *, oob: str | int, negative: str
    ) -> np.ndarray:
        """Return the rows of `ids`, with the active adapters added."""
        if self.limit is not None and not adapters.merged:
            self._shorten(ids, oob, negative)
        table = self.variable.value
        if adapters.active:
            return lora_lookup(table, ids, adapters.active_arrays(), oob=oob, negative=negative)
        return lookup(table, ids, oob=oob, negative=negative)

    def read(self, ids: np.ndarray, adapters: AdapterSet) -> np.ndarray:
        """Return the rows of `ids` as they are: an id outside the table is an error."""
        return lora_lookup(self.variable.value, ids, adapters.active_arrays())

    def rows(self, adapters: AdapterSet) -> Any:
        """Return all rows for a search: the array, or rows that are computed when read."""
        if not adapters.active:
            return self.variable.value
        return LazyTable(
            (len(self.variable), self.variable.shape[1]),
            lambda first, last: self.read(np.arange(first, last), adapters),
        )

    def effective(self, adapters: AdapterSet) -> Any:
        """Return the table that counts: the variable, or a new array with adapters added."""
        if not adapters.active:
            return self.variable
        return merge(self.variable.value, adapters.active_arrays(), safe=False)

    def dense(self) -> np.ndarray:
        """Return the table (V, D) without adapters as floats."""
        return self.variable.value.T if self.transposed else self.variable.value

    @property
    def codes(self) -> np.ndarray:
        """Refuse: floats have no codes."""
        raise AttributeError(
            "codes, scale and zero belong to a quantized table. Received a layer with floats. "
            'Call layer.quantize("int8") first.'
        )

    scale = zero = quantized = codes

    # Changing in place ------------------------------------------------------------------------

    def _shorten(self, ids: np.ndarray, oob: str | int, negative: str) -> None:
        rows = apply_out_of_range_rule(ids, len(self.variable), oob=oob, negative=negative)
        rows = rows[rows < len(self.variable)]
        self.apply_max_norm(rows)

    def apply_max_norm(self, rows: np.ndarray) -> None:
        """Shorten some rows to `limit`, in place; there must be one."""
        assert self.limit is not None
        max_norm(self.variable.value, rows, self.limit, norm_type=self.norm_type)
        self.version += 1

    def _settle(self) -> None:
        """Shorten all rows: before the table is merged or quantized, each as a lookup reads it."""
        if self.limit is not None:
            self.apply_max_norm(np.arange(len(self.variable)))

    def freeze(self, frozen: bool) -> None:
        """Keep training from the table while there are adapters."""
        self.variable.trainable = not frozen and self.variable.value.dtype.kind == "f"

    def merge(self, adapters: AdapterSet, safe: bool) -> None:
        """Add the active adapters to the table."""
        self._settle()
        table = self.variable.value
        merge(table, adapters.active_arrays(), safe=safe, out=table)
        self.version += 1

    def unmerge(self, adapters: AdapterSet) -> None:
        """Subtract the merged adapters, to within a rounding."""
        table = self.variable.value
        unmerge(table, [arrays for _, arrays in adapters.merged], safe=False, out=table)
        self.version += 1

    def resize(self, total: int, init: str, sources: Any, leave_out: int | None) -> None:
        """Change the number of rows to `total`; see `resize_rows`."""
        variable = self.variable
        columns = variable.shape[0 if self.transposed else 1]
        nbytes = total * columns * variable.value.itemsize
        check_fits(self.placement, nbytes, f"a table (V, D) = {(total, columns)}")
        charge((total, columns), variable.dtype, variable.path)
        new = resize_rows(self.dense(), total, init, sources, leave_out, variable.allocate)
        if self.transposed:
            variable.replace(np.ascontiguousarray(new.T), axis=1)
        else:
            variable.replace(new)
        self.version += 1

    # Gradients --------------------------------------------------------------------------------

    def gradients(
        self, rows: np.ndarray, grad: np.ndarray, padding_idx: int | None, by_frequency: bool
    ) -> dict[str, Any]:
        """Return the sparse gradient of the table for the rows that a batch read."""
        sparse = coalesce(
            rows, grad, len(self.variable), padding_idx=padding_idx, scale_grad_by_freq=by_frequency
        )
        return {self.variable.name: sparse}

    def dense_gradients(self, grad: np.ndarray) -> dict[str, np.ndarray]:
        """Return the gradient (V, D) of the whole table under the name of its weight."""
        grad = grad.T if self.transposed else grad
        return {self.variable.name: grad.astype(self.variable.dtype, copy=False)}

    # Quantizing -------------------------------------------------------------------------------

    def quantize(self, config: Any, policy: DTypePolicy) -> "QuantizedTableWeights":
        """Return the table as codes. Rows longer than `max_norm` are shortened before."""
        if config.mode == "int8" and policy.compute_dtype == "float16":
            raise ValueError(
                "Quantization mode='int8' doesn't work well with compute_dtype='float16'. "
                f"Received {policy.name}. Choose float32, or int4."
            )
        self._settle()
        floats = self.dense()
        quantized = quantize(floats, config.bits, config.block_size)
        layer_name, _, name = self.variable.path.rpartition("/")
        return QuantizedTableWeights(
            quantized,
            layer_name,
            name,
            transposed=self.transposed,
            report=None if self.transposed else quantization_report(floats, quantized),
        )

    def report(self) -> QuantizationReport:
        """Refuse: there are no codes to compare."""
        raise ValueError(_NO_REPORT)

    # Stores -----------------------------------------------------------------------------------

    def stored_arrays(self, adapters: AdapterSet) -> list[np.ndarray]:
        """Return the arrays of a store: active adapters are added, as Keras has it."""
        table = self.variable
        if not adapters.active:
            return [table.value]
        out = table.allocate(table.shape, table.dtype)  # a table on disk is merged on disk
        return [merge(table.value, adapters.active_arrays(), safe=False, out=out)]

    def check_stored(self, arrays: list[np.ndarray]) -> None:
        """Accept any numbers: floats need no more than their shape and dtype."""

    @property
    def before_merge(self) -> list[np.ndarray]:
        """The arrays that `unmerge` needs besides the adapters: none."""
        return []

    @before_merge.setter
    def before_merge(self, arrays: list[np.ndarray]) -> None:
        """Forget them."""

    before_merge_shapes: tuple[tuple[int, ...], ...] = ()


class QuantizedTableWeights:
    """A table (V, D) as integer codes with scales: frozen, and read through its adapters.

    Parameters
    ----------
    quantized : QuantizedTable
        Its arrays become the variables; nothing is copied unless `transposed`.
    layer_name, name : str
        The paths of the variables begin with them.
    transposed : bool
        Whether the variables hold a row of the table as a column, as Keras's reverse table.
    report : QuantizationReport, optional
        What quantizing did, where the floats were here.

    Attributes
    ----------
    variables : list of Variable
        In the order of a store: codes, scale, zero and g_idx.
    before_merge : list of ndarray
        The codes, scales and zero points before a merge, whose rounding cannot be undone.
    """

    limit = None
    version = 0

    def __init__(
        self,
        quantized: QuantizedTable,
        layer_name: str,
        name: str = "embeddings",
        *,
        transposed: bool = False,
        report: QuantizationReport | None = None,
    ):
        self.transposed = transposed
        self.before_merge: list[np.ndarray] = []
        self._report = report
        arrays = {name: quantized.codes, f"{name}_scale": quantized.scale}
        if quantized.zero is not None:
            arrays[f"{name}_zero"] = quantized.zero
        self.row_variables = [
            Variable.from_array(
                np.ascontiguousarray(array.T) if transposed else array,
                name=label,
                path=f"{layer_name}/{label}",
                trainable=False,
            )
            for label, array in arrays.items()
        ]
        self.variables = list(self.row_variables)
        if quantized.block_size is not None and not transposed:
            groups = np.arange(quantized.output_dim, dtype=np.float32) // quantized.block_size
            path = f"{layer_name}/g_idx"
            self.variables.append(
                Variable.from_array(groups, name="g_idx", path=path, trainable=False)
            )
        self._kind = quantized.output_dim, quantized.bits, quantized.block_size
        self._quantized = self._over_variables()

    @classmethod
    def empty(
        cls,
        shape: tuple[int, int],
        config: Any,
        dtype: str,
        layer_name: str,
        name: str = "embeddings",
        *,
        transposed: bool = False,
    ) -> "QuantizedTableWeights":
        """Return codes of zero and scales of one for a table (V, D): to be loaded into."""
        rows, columns = shape
        width = columns if config.bits == 8 else -(-columns // 2)
        block = None if config.block_size in (None, -1) else config.block_size
        groups = (rows,) if block is None else (rows, -(-columns // block))
        charge((rows, width), np.int8, f"{layer_name}/{name}")
        quantized = QuantizedTable(
            np.zeros((rows, width), np.int8),
            np.ones(groups, np.float64 if dtype == "float64" else np.float32),
            None if block is None else np.zeros(groups, np.int8),
            columns,
            config.bits,
            block,
        )
        return cls(quantized, layer_name, name, transposed=transposed)

    @property
    def quantized(self) -> QuantizedTable:
        """The table in the form that the core takes, over the arrays of the variables."""
        return self._over_variables() if self.transposed else self._quantized

    def _over_variables(self) -> QuantizedTable:
        values = [v.value.T if self.transposed else v.value for v in self.row_variables]
        codes, scale, zero = [*values, None][:3]
        assert codes is not None and scale is not None
        return QuantizedTable(codes, scale, zero, *self._kind)

    # Reading ----------------------------------------------------------------------------------

    def lookup(
        self, ids: np.ndarray, adapters: AdapterSet, *, oob: str | int, negative: str
    ) -> np.ndarray:
        """Return the rows of `ids` as floats, with the active adapters added."""
        return quantized_lookup(
            self._quantized, ids, adapters.active_arrays(), oob=oob, negative=negative
        )

    def read(self, ids: np.ndarray, adapters: AdapterSet) -> np.ndarray:
        """Return the rows of `ids`: an id outside the table is an error."""
        return quantized_lookup(self._quantized, ids, adapters.active_arrays())

    def rows(self, adapters: AdapterSet) -> LazyTable:
        """Return all rows for a search, as floats that are computed when read."""
        return LazyTable(
            self.quantized.shape, lambda first, last: self.read(np.arange(first, last), adapters)
        )

    def effective(self, adapters: AdapterSet) -> np.ndarray:
        """Return a new array (V, D) of floats, with the active adapters added."""
        return dequantize(self.quantized, adapters.active_arrays())

    def dense(self) -> np.ndarray:
        """Return the table (V, D) without adapters as floats."""
        return dequantize(self.quantized)

    @property
    def variable(self) -> Variable:
        """Refuse: there is no float table."""
        raise AttributeError(
            "table is the float table. Received a quantized layer, which has none. "
            "Use layer.codes, or layer.embeddings for floats made of them."
        )

    @property
    def codes(self) -> np.ndarray:
        """The integer codes."""
        return self.quantized.codes

    @property
    def scale(self) -> np.ndarray:
        """One number for each row (a divisor), or for each block (a factor)."""
        return self.quantized.scale

    @property
    def zero(self) -> np.ndarray | None:
        """The code that means 0, for each block; None without blocks."""
        return self.quantized.zero

    # Changing in place ------------------------------------------------------------------------

    def freeze(self, frozen: bool) -> None:
        """Do nothing: codes are never trained."""

    def merge(self, adapters: AdapterSet, safe: bool) -> None:
        """Add the active adapters and quantize each row again; NotFiniteError, safe or not."""
        merged = merge_adapters_into_codes(self.quantized, adapters.active_arrays())
        self.before_merge = [variable.numpy() for variable in self.row_variables]
        self._assign([merged.codes, merged.scale, merged.zero])

    def unmerge(self, adapters: AdapterSet) -> None:
        """Put the codes of before the merge back, exactly."""
        self._assign(self.before_merge)
        self.before_merge = []

    def _assign(self, arrays: list[Any]) -> None:
        for variable, array in zip(self.row_variables, arrays, strict=False):
            variable.assign(array)

    @property
    def before_merge_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of `before_merge` when adapters are merged."""
        return tuple(variable.shape for variable in self.row_variables)

    def resize(self, total: int, init: str, sources: Any, leave_out: int | None) -> None:
        """Change the number of rows to `total`; see `resize_codes`."""
        new = resize_codes(self.quantized, total, init, sources, leave_out)
        arrays = (new.codes, new.scale, new.zero)
        for variable, array in zip(self.row_variables, arrays, strict=False):
            assert array is not None
            if self.transposed:
                variable.replace(np.ascontiguousarray(array.T), axis=array.ndim - 1)
            else:
                variable.replace(array)
        self._quantized, self._report = self._over_variables(), None

    # Gradients --------------------------------------------------------------------------------

    def gradients(
        self, rows: np.ndarray, grad: np.ndarray, padding_idx: int | None, by_frequency: bool
    ) -> dict[str, Any]:
        """Return nothing: codes have no gradient."""
        return {}

    def dense_gradients(self, grad: np.ndarray) -> dict[str, np.ndarray]:
        """Return nothing: codes have no gradient."""
        return {}

    # Quantizing -------------------------------------------------------------------------------

    def quantize(self, config: Any, policy: DTypePolicy) -> "QuantizedTableWeights":
        """Refuse: the floats are gone."""
        layer_name = self.variables[0].path.rpartition("/")[0]
        raise ValueError(
            f"Layer {layer_name!r} is already quantized with dtype_policy={policy.name!r}. "
            f"Received mode={config.mode}. Make a new layer from the floats."
        )

    def report(self) -> QuantizationReport:
        """Return what quantizing did to each row, if this very table was quantized here."""
        if self._report is None:
            raise ValueError(_NO_REPORT)
        return self._report

    # Stores -----------------------------------------------------------------------------------

    def stored_arrays(self, adapters: AdapterSet) -> list[np.ndarray]:
        """Return the arrays of a store: active adapters are merged into the codes."""
        arrays: list[Any] = [variable.value for variable in self.variables]
        if adapters.active:
            merged = merge_adapters_into_codes(self.quantized, adapters.active_arrays())
            parts = [merged.codes, merged.scale, merged.zero][: len(self.row_variables)]
            arrays[: len(parts)] = parts
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


_NO_REPORT = (
    "a report compares codes with the floats they came from. Received a layer that was not "
    "quantized here. Call layer.quantize(...) on a float table."
)


# Quantization configs -------------------------------------------------------------------------


def resolve_quantization(mode: Any, config: Any, default: Any) -> Any:
    """Return the quantization config that `mode` and `config` of a call mean.

    Raises
    ------
    ValueError
        For none of them, an unknown mode, and a mode that contradicts the config.
    NotImplementedError
        For float8, gptq and awq.

    Examples
    --------
    >>> resolve_quantization("int8", None, None).bits
    8
    """
    if mode is None and config is None:
        config = default
    if mode is None and config is None:
        raise ValueError(
            "You must provide either `mode` or `config` to `quantize`. Received none of them. "
            'Call layer.quantize("int8").'
        )
    if mode in ("float8", "gptq", "awq"):
        raise NotImplementedError(
            f"Invalid quantization mode. It must be one of {_MODES}. Received {mode!r:.40}, "
            "which is not built. Choose int8 or int4."
        )
    family = str(mode).partition("/")[0]
    if mode is not None and family not in _MODES:
        raise ValueError(
            f"Invalid quantization mode. It must be one of {_MODES}. Received {mode!r:.40}. "
            "Choose int8 or int4."
        )
    if config is None and default is not None:
        config = default if default.mode == family else None
    config = quantizers.get(family if config is None else config)
    if mode is not None and config.mode != family:
        raise ValueError(
            f"Contradictory arguments: mode={mode!r} but config.mode={config.mode!r}. They "
            "must agree. Received both. Leave mode away."
        )
    if isinstance(mode, str) and "/" in mode and config.policy != mode:
        config = quantizers.Int4QuantizationConfig(block_size=int(mode.partition("/")[2]))
    return config


# Resizing -------------------------------------------------------------------------------------


def resize_rows(
    rows: np.ndarray,
    total: int,
    init: str,
    sources: Any = (),
    leave_out: int | None = None,
    allocate: Allocator = np.zeros,
) -> np.ndarray:
    """Return a copy of `rows` (V, ...) with `total` of them: cut off, or with new ones at the end.

    Parameters
    ----------
    rows : ndarray, (V, ...)
    total : int
    init : {"mean", "zeros", "copy"}
    sources : array_like of int, (total - V,)
        For "copy": which row each new one copies.
    leave_out : int, optional
        A row that the mean does not count, such as that of padding.
    allocate : callable
        Makes the array: in memory, or on disk.

    Examples
    --------
    >>> resize_rows(np.array([[1.0], [3.0]]), 3, "mean").ravel().tolist()
    [1.0, 3.0, 2.0]
    >>> resize_rows(np.array([[1.0], [3.0]]), 1, "mean").tolist()
    [[1.0]]
    """
    stay = min(len(rows), total)
    out = allocate((total, *rows.shape[1:]), rows.dtype)
    out[:stay] = rows[:stay]
    if total > stay and init == "copy":
        out[stay:] = rows[np.asarray(sources)]
    elif total > stay and init == "mean":
        counted = np.ones((len(rows),) + (1,) * (rows.ndim - 1), bool)
        if leave_out is not None:
            counted[leave_out] = False
        if counted.any():  # summed where they lie: no copy of the table
            out[stay:] = rows.mean(axis=0, dtype=np.float64, where=counted)
    return out


def resize_codes(
    table: QuantizedTable, total: int, init: str, sources: Any, leave_out: int | None
) -> QuantizedTable:
    """Return a quantized table with `total` rows: old codes as they are, new rows quantized.

    >>> from embedlab.core.quantize.rows import quantize
    >>> resize_codes(quantize(np.ones((2, 4)), 8, None), 3, "mean", (), None).codes[:, 0].tolist()
    [127, 127, 127]
    """
    old = (table.codes, table.scale, table.zero)
    rows = table.shape[0]
    if total <= rows:
        parts = tuple(None if part is None else part[:total].copy() for part in old)
    else:
        if init == "copy":
            new = tuple(None if part is None else part[sources] for part in old)
        else:
            floats = np.zeros((total - rows, table.output_dim), table.scale.dtype)
            if init == "mean":
                floats[:] = resize_rows(dequantize(table), rows + 1, "mean", (), leave_out)[-1]
            added = quantize(floats, table.bits, table.block_size)
            new = (added.codes, added.scale, added.zero)
        parts = tuple(
            None if a is None or b is None else np.concatenate([a, b.astype(a.dtype)])
            for a, b in zip(old, new, strict=True)
        )
    codes, scale, zero = parts
    assert codes is not None and scale is not None
    return QuantizedTable(codes, scale, zero, table.output_dim, table.bits, table.block_size)
