"""Lookup in a quantized table: only the selected rows are dequantized."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.core.ids import apply_out_of_range_rule, as_ids, out_of_range_error
from embedlab.core.jit import (
    compile_parallel,
    count_kernel_call,
    kernel,
    num_threads,
    prange,
    prefetch,
)
from embedlab.core.lora import Adapter, add_adapter, as_adapters
from embedlab.core.quantize.int4 import unpack_int4_reference
from embedlab.core.quantize.rows import quantize_chunks
from embedlab.core.quantize.table import QuantizedTable

__all__ = [
    "dequantize",
    "merge_adapters_into_codes",
    "quantized_lookup",
    "quantized_lookup_kernel",
    "quantized_lookup_reference",
]

PARALLEL_FROM = 131_072
"""Numbers to write from which two threads win: about 30 µs of one thread."""

_NO_ZERO = np.zeros((1, 1), np.int8)


def quantized_lookup_reference(table: QuantizedTable, ids: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: gather codes and scales of the rows, then dequantize."""
    codes, scale = table.codes[ids], table.scale[ids]
    if table.bits == 4:
        codes = unpack_int4_reference(codes, table.output_dim)
    numbers = codes.astype(scale.dtype)  # (N, D)
    if table.zero is None or table.block_size is None:
        return numbers / scale[:, None]
    group = np.arange(table.output_dim) // table.block_size  # (D,)
    return (numbers - table.zero[ids][:, group]) * scale[:, group]


@kernel
def quantized_lookup_kernel(codes, scale, zero, ids, packed, block, fill, out):
    """Write into `out` (N, D) the numbers of the rows `ids` (N,).

    `codes` (V, D), or (V, ceil(D / 2)) when `packed`; `scale` (V, G); `zero` (V, G), unread when
    `block` is 0. An id outside writes `fill`. Returns how many lay below 0, and how many above.
    Two passes over a row in the L1 cache cost nothing: writing `out` is the limit (0.22 ms for
    4 MB, a plain fill 0.15), and the exact division is as fast as a product.
    """
    below = above = 0
    width = out.shape[1]
    for n in prange(ids.size):
        row = ids[n]  # read once: another thread may change the array
        soon = ids[min(n + 8, ids.size - 1)]
        prefetch(scale, soon, 0)
        for d in range(0, codes.shape[1], 64):
            prefetch(codes, soon, d)
        if row < 0 or row >= codes.shape[0]:
            below += row < 0
            above += row >= 0
            out[n, :] = fill
            continue
        if packed:
            for d in range(width // 2):
                out[n, 2 * d] = np.int8(codes[row, d] << 4) >> 4
                out[n, 2 * d + 1] = codes[row, d] >> 4
            if width % 2:
                out[n, width - 1] = np.int8(codes[row, width // 2] << 4) >> 4
        else:
            for d in range(width):
                out[n, d] = codes[row, d]
        if block == 0:
            divisor = scale[row, 0]
            for d in range(width):
                out[n, d] /= divisor
            continue
        for g in range(scale.shape[1]):
            step, shift = scale[row, g], out.dtype.type(zero[row, g])
            part = out[n, g * block : (g + 1) * block]  # a view vectorizes, a range from g not
            for d in range(part.size):
                part[d] = (part[d] - shift) * step
    return below, above


quantized_lookup_kernel_parallel = compile_parallel(quantized_lookup_kernel)


def quantized_lookup(
    table: QuantizedTable,
    ids: Any,
    adapters: Sequence[Adapter] = (),
    *,
    oob: str | int = "raise",
    negative: str = "raise",
) -> np.ndarray:
    """Return the rows of a quantized table as floats, plus the updates of LoRA adapters.

    Parameters
    ----------
    table : QuantizedTable
        V rows of D numbers.
    ids : array_like of any shape, integer
        0 <= id < V.
    adapters : sequence of Adapter, or of (a, b, scale)
        Trained on top of the frozen codes.
    oob, negative
        As in `embedlab.core.lookup.lookup`. A row of zeros or NaN gets no update.

    Returns
    -------
    ndarray, (*ids.shape, D), the dtype of ``table.scale``
        ``code / scale``, or ``(code - zero) * scale`` with blocks, plus ``scale * a[ids] @ b`` of
        each adapter. Bit-identical for any number of threads.

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, ValueError
        For ids outside the table, and adapters that do not fit it.

    Notes
    -----
    Source: the call of a quantized ``keras.layers.Embedding``. Keras unpacks the whole int4 table
    on each call; here the cost grows with the ids alone. The codes get no gradient; that of an
    adapter is `embedlab.core.lora.gradient.grad_lora`.

    Examples
    --------
    >>> from embedlab.core.quantize.rows import quantize
    >>> table = quantize(np.array([[0.0, 0.0], [0.5, -127.0]]))
    >>> quantized_lookup(table, [1, 0]).round(3).tolist()
    [[0.0, -127.0], [0.0, 0.0]]
    """
    if not isinstance(table, QuantizedTable):
        raise TypeError(
            f"table must be a QuantizedTable. Received {type(table).__name__}. "
            "Pass quantize(table)."
        )
    adapters = as_adapters(adapters, shape=table.shape)
    ids = as_ids(ids)
    rows = ids
    if not (isinstance(oob, str) and isinstance(negative, str) and oob == negative == "raise"):
        rows = apply_out_of_range_rule(ids, table.shape[0], oob=oob, negative=negative)
    out = np.empty((*ids.shape, table.shape[1]), table.scale.dtype)
    below, above = _run(table, rows.reshape(-1), np.nan if oob == "nan" else 0.0, out)
    count_kernel_call("lookup")
    if below or (above and oob == "raise"):
        raise out_of_range_error(ids, table.shape[0], can_wrap=True)
    for adapter in adapters:
        add_adapter(out, rows, adapter, skip_outside=True)
    return out


def _run(table: QuantizedTable, rows: np.ndarray, fill: float, out: np.ndarray) -> tuple[int, int]:
    scale, zero = table.scale, table.zero
    if zero is None:
        scale, zero = scale.reshape(-1, 1), _NO_ZERO
    wide = out.size >= PARALLEL_FROM and num_threads() > 1
    run = quantized_lookup_kernel_parallel if wide else quantized_lookup_kernel
    flat = out.reshape(rows.size, table.shape[1])
    return run(
        table.codes,
        scale,
        zero,
        rows,
        table.bits == 4,
        table.block_size or 0,
        out.dtype.type(fill),
        flat,
    )


def dequantize(table: QuantizedTable, adapters: Sequence[Adapter] = ()) -> np.ndarray:
    """Return the whole table as floats, with the updates of LoRA adapters.

    Returns an array (V, D) of the dtype of ``table.scale``. Arguments and errors are those of
    `quantized_lookup`, which is the one to use for some rows.

    Examples
    --------
    >>> from embedlab.core.quantize.rows import quantize
    >>> dequantize(quantize(np.zeros((2, 3)))).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if not isinstance(table, QuantizedTable):
        raise TypeError(
            f"table must be a QuantizedTable. Received {type(table).__name__}. "
            "Pass quantize(table)."
        )
    return quantized_lookup(table, np.arange(table.shape[0]), adapters)


def merge_adapters_into_codes(table: QuantizedTable, adapters: Sequence[Adapter]) -> QuantizedTable:
    """Merge LoRA adapters into a quantized table: dequantize, add the updates, quantize again.

    Some rows at a time, so that no float table of the full size exists. Bits and block size stay.
    Arguments and errors are those of `quantized_lookup`; NotFiniteError where a merged number is
    not finite. Each merged number is rounded to the new steps: at most half a step of error.

    Examples
    --------
    >>> from embedlab.core.quantize.rows import quantize
    >>> one = Adapter(np.ones((2, 1)), np.array([[1.0, -2.0]]), 1.0)
    >>> merge_adapters_into_codes(quantize(np.zeros((2, 2))), [one]).codes.tolist()
    [[63, -127], [63, -127]]
    """
    quantized_lookup(table, [], adapters)  # raises before any work
    return quantize_chunks(
        lambda rows: quantized_lookup(table, np.arange(rows.start, rows.stop), adapters),
        table.shape,
        table.scale.dtype,
        bits=table.bits,
        block_size=table.block_size,
    )
