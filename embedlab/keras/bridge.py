"""Rows and gradients for a layer of real Keras: arrays in, arrays out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.ids import apply_out_of_range_rule
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, add_adapter, grad_lora, lora_lookup
from embedlab.core.quantize import QuantizedTable, quantized_lookup

__all__ = ["LookupSpec", "grad_adapter", "grad_embeddings", "lookup_rows", "sparse_grad_embeddings"]


@dataclass(frozen=True)
class LookupSpec:
    """The settings of a lookup: small and hashable, so that a backend can cache it.

    Attributes
    ----------
    shape : (V, D)
    table_dtype : str
        Of the float table, or of the scales of a quantized one; "bfloat16" too.
    oob : {"raise", "nan"}
        What an id outside the table means: an error, or a row of NaN as on JAX.
    bits : {0, 4, 8}
        0 for a table of floats.
    block_size : int
        Numbers in a block of a quantized row; 0 for one scale a row.
    lora_scale : float or None
        alpha / R, or None without LoRA.

    Examples
    --------
    >>> spec = LookupSpec((10, 4), "float16", lora_scale=1.0)
    >>> LookupSpec((10, 4), "float16").rows_dtype, spec.rows_dtype
    ('float16', 'float32')
    """

    shape: tuple[int, int]
    table_dtype: str
    oob: str = "raise"
    bits: int = 0
    block_size: int = 0
    lora_scale: float | None = None

    @property
    def rows_dtype(self) -> str:
        """The dtype of the rows: half floats are only copied; where there is arithmetic, float32.

        Keras, too, adds its float32 LoRA factors before it casts to the compute dtype.
        """
        computed = self.bits or self.lora_scale is not None
        half = self.table_dtype in ("float16", "bfloat16")
        return "float32" if computed and half else self.table_dtype


def lookup_rows(spec: LookupSpec, ids: np.ndarray, *parts: np.ndarray) -> np.ndarray:
    """Return the rows of `ids`, (*ids.shape, D), of the dtype ``spec.rows_dtype``.

    Parameters
    ----------
    spec : LookupSpec
    ids : ndarray of integers, any shape
        -V <= id < V: negative ones count from the end, as in Keras.
    *parts : ndarray
        The table (V, D); or codes, scales and, with blocks, zero points; with LoRA also the
        factors a (V, R) and b (R, D).

    Raises
    ------
    IdError
        For ids outside, unless ``spec.oob`` is "nan".

    Examples
    --------
    >>> table = np.arange(6, dtype=np.float32).reshape(3, 2)
    >>> lookup_rows(LookupSpec((3, 2), "float32"), np.array([2, -3]), table).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    rows = apply_out_of_range_rule(ids, spec.shape[0], oob=spec.oob, negative="wrap")
    adapters = []
    if spec.lora_scale is not None:
        adapters = [Adapter(parts[-2], parts[-1], spec.lora_scale)]
        parts = parts[:-2]
    if spec.bits:
        rows_out = _from_codes(spec, rows, *parts)
    elif adapters and spec.rows_dtype == spec.table_dtype:
        return lora_lookup(parts[0], rows, adapters, oob=spec.oob)
    else:
        rows_out = _copied(parts[0], rows, spec.oob).astype(spec.rows_dtype, copy=False)
    for adapter in adapters:
        add_adapter(rows_out, rows, adapter, skip_outside=True)
    return rows_out


def grad_embeddings(spec: LookupSpec, ids: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Return the gradient of the float table, (V, D), of its dtype; half floats sum in float32.

    Examples
    --------
    >>> grad_embeddings(LookupSpec((3, 1), "float32"), np.array([1, -2]), np.ones((2, 1))).tolist()
    [[0.0], [2.0], [0.0]]
    """
    rows, grad = _inside(spec, ids, grad)
    return grad_table(rows, grad, spec.shape[0]).astype(spec.table_dtype, copy=False)


def sparse_grad_embeddings(
    spec: LookupSpec, ids: np.ndarray, grad: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same gradient for the rows that came: sorted ids (K,), each once, and (K, D).

    Examples
    --------
    >>> spec = LookupSpec((3, 1), "float32")
    >>> ids, rows = sparse_grad_embeddings(spec, np.array([1, -2]), np.ones((2, 1)))
    >>> ids.tolist(), rows.tolist()
    ([1], [[2.0]])
    """
    rows, grad = _inside(spec, ids, grad)
    sparse = coalesce(rows, grad, spec.shape[0])
    return sparse.ids, sparse.rows.astype(spec.table_dtype, copy=False)


def grad_adapter(
    spec: LookupSpec, ids: np.ndarray, grad: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of the LoRA factors, (V, R) and (R, D), dense as Keras's optimizers
    want.

    Examples
    --------
    >>> spec = LookupSpec((3, 2), "float32", lora_scale=0.5)
    >>> grad_a, grad_b = grad_adapter(
    ...     spec, np.array([2]), np.array([[1.0, 3.0]]), np.ones((3, 1)), np.ones((1, 2)))
    >>> grad_a.tolist(), grad_b.tolist()
    ([[0.0], [0.0], [2.0]], [[0.5, 1.5]])
    """
    assert spec.lora_scale is not None
    rows, grad = _inside(spec, ids, grad)
    grad_a, grad_b = grad_lora(rows, grad, Adapter(a, b, spec.lora_scale))
    return grad_a.to_dense(), grad_b


def _copied(table: np.ndarray, rows: np.ndarray, oob: str) -> np.ndarray:
    if table.dtype.name != "bfloat16":
        return lookup(table, rows, oob=oob)
    # The core copies the bits of half floats and never reads them: one kind is like the other,
    # but for NaN, which has other bits in each.
    bits = lookup(table.view(np.float16), rows, oob="zero" if oob == "nan" else oob)
    rows_out = bits.view(table.dtype)
    if oob == "nan":
        rows_out[rows == len(table)] = np.nan
    return rows_out


def _from_codes(
    spec: LookupSpec, rows: np.ndarray, codes: Any, scale: Any, zero: Any = None
) -> Any:
    # Keras made the scales: those of a row of zeros are infinite in float16, and it goes on there
    # (0 / inf is 0).
    scale = scale.reshape(zero.shape if spec.block_size else -1)
    table = QuantizedTable(
        codes,
        scale.astype(spec.rows_dtype, copy=False),
        zero,
        spec.shape[1],
        spec.bits,
        spec.block_size or None,
        checked=True,
    )
    return quantized_lookup(table, rows, oob=spec.oob)


def _inside(spec: LookupSpec, ids: np.ndarray, grad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return flat rows and gradients without the ids outside, which have no row to learn."""
    rows = apply_out_of_range_rule(ids, spec.shape[0], oob=spec.oob, negative="wrap").reshape(-1)
    grad = grad.reshape(rows.size, spec.shape[1])
    if grad.itemsize == 2:
        grad = grad.astype(np.float32)
    inside = rows < spec.shape[0]
    return (rows, grad) if inside.all() else (rows[inside], grad[inside])
