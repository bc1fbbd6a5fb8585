"""Row-wise int8 and int4 quantization by Keras's formulas."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.checks import NotFiniteError, as_table, check_choice, check_finite, check_size
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange
from embedlab.core.quantize.int4 import pack_int4
from embedlab.core.quantize.table import QuantizedTable, check_block_size

__all__ = [
    "quantize",
    "quantize_chunks",
    "quantize_groups",
    "quantize_groups_kernel",
    "quantize_groups_reference",
    "quantize_rows",
    "quantize_rows_kernel",
    "quantize_rows_reference",
]

EPSILON = 1e-7
"""Added to every range, so that a row of zeros has a scale; Keras's default."""

BLOCK = 4096
"""Rows at a time: it bounds the memory besides table and codes."""

PARALLEL_FROM = 16_384
"""Numbers from which two threads win: each costs two or three nanoseconds."""

_ROW_RANGE = {8: (-127, 127), 4: (-8, 7)}
_GROUP_RANGE = {8: (-128, 127), 4: (-8, 7)}


def quantize_rows_reference(
    table: np.ndarray, low: float, high: float, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: scale each row so that its largest number is `high`."""
    scale = high / (np.abs(table).max(axis=1, initial=0) + epsilon)
    codes = np.clip(np.rint(table * scale[:, None]), low, high).astype(np.int8)
    return codes, scale


@kernel
def quantize_rows_kernel(table, low, high, epsilon, codes, scale):
    """Write `codes` (V, D) and `scale` (V,) of `table` (V, D)."""
    for v in prange(table.shape[0]):
        largest = table.dtype.type(0)
        for d in range(table.shape[1]):
            largest = max(largest, abs(table[v, d]))
        scale[v] = high / (largest + epsilon)
        for d in range(table.shape[1]):
            codes[v, d] = np.int8(min(max(np.rint(table[v, d] * scale[v]), low), high))


quantize_rows_kernel_parallel = compile_parallel(quantize_rows_kernel)


def quantize_rows(table: Any, bits: int = 8) -> QuantizedTable:
    """Quantize a table with one scale for each row, symmetric around 0.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, finite
    bits : {8, 4}

    Returns
    -------
    QuantizedTable
        ``scale = high / (max |w| + 1e-7)``, ``code = round(w * scale)``, back: ``code / scale``;
        high is 127 or 7. No error is larger than half a step, and zeros stay exactly zero.

    Raises
    ------
    NotFiniteError
        For a NaN or an infinity in the table.
    ShapeError, DtypeError, ValueError
        For anything but a table of floats, or another number of bits.

    Notes
    -----
    Codes are bit-equal to those of ``keras.layers.Embedding.quantize("int8")``, and to "int4" with
    ``block_size=None``. Rounding is to even at a half. float16 is computed in float32.

    Examples
    --------
    >>> quantize_rows(np.array([[0.5, -1.0, 0.25]], np.float32)).codes.tolist()
    [[63, -127, 32]]
    """
    return quantize(table, bits)


def quantize_groups_reference(
    table: np.ndarray, block: int, low: float, high: float, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: map the range of each block, 0 included, to all codes."""
    starts = np.arange(0, table.shape[1], block)
    least = np.minimum(np.minimum.reduceat(table, starts, axis=1), 0)
    largest = np.maximum(np.maximum.reduceat(table, starts, axis=1), 0)
    scale = (largest - least + epsilon) / (high - low)  # (V, G)
    zero = np.clip(np.rint(-least / scale) + low, low, high)
    group = np.arange(table.shape[1]) // block  # (D,)
    codes = np.clip(np.rint(table / scale[:, group]) + zero[:, group], low, high)
    return codes.astype(np.int8), scale, zero.astype(np.int8)


@kernel
def quantize_groups_kernel(table, block, low, high, epsilon, codes, scale, zero):
    """Write `codes` (V, D), and `scale` and `zero` (V, G), of `table` (V, D)."""
    for v in prange(table.shape[0]):
        for g in range(scale.shape[1]):
            part = table[v, g * block : (g + 1) * block]
            least = largest = table.dtype.type(0)  # 0 belongs to the range, always
            for d in range(part.size):
                least = min(least, part[d])
                largest = max(largest, part[d])
            step = (largest - least + epsilon) / (high - low)
            shift = min(max(np.rint(-least / step) + low, low), high)
            for d in range(part.size):
                code = np.rint(part[d] / step) + shift
                codes[v, g * block + d] = np.int8(min(max(code, low), high))
            scale[v, g], zero[v, g] = step, np.int8(shift)


quantize_groups_kernel_parallel = compile_parallel(quantize_groups_kernel)


def quantize_groups(table: Any, bits: int = 4, block_size: int = 128) -> QuantizedTable:
    """Quantize a table with a scale and a zero point for each block of each row.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, finite
    bits : {4, 8}
    block_size : int
        Numbers in a block; the last block of a row may be shorter.

    Returns
    -------
    QuantizedTable
        ``scale = (max - min + 1e-7) / (levels - 1)``, where min <= 0 <= max;
        ``zero = round(-min / scale) + low``; ``code = round(w / scale) + zero``;
        back: ``(code - zero) * scale``. No error is larger than half a step, and zeros stay
        exactly zero.

    Raises
    ------
    NotFiniteError, ShapeError, DtypeError, ValueError
        As `quantize_rows`; also for a block size below 1.

    Notes
    -----
    Codes are bit-equal to those of ``keras.layers.Embedding.quantize("int4")`` with one exception
    on purpose: Keras 3.15.1 leaves 0 out of the range of a block whose numbers share one sign, and
    a block of ones comes back as 1e-7.

    Examples
    --------
    >>> table = quantize_groups(np.array([[0.0, 15.0, -1.0, 2.0]]), block_size=2)
    >>> table.scale.round(3).tolist(), table.zero.tolist()
    ([[1.0, 0.2]], [[-8, -3]])
    """
    return quantize(table, bits, check_size(block_size, "block_size"))


def quantize(table: Any, bits: int = 8, block_size: int | None = None) -> QuantizedTable:
    """Quantize a table: `quantize_rows`, or `quantize_groups` when a block size is given.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, finite
    bits : {8, 4}
    block_size : int, optional
        None or -1 means one scale for each row.

    Examples
    --------
    >>> quantize(np.ones((3, 5), np.float32), bits=4)
    QuantizedTable(3 rows of 5 numbers, int4, one scale a row, 21 bytes)
    """
    table = as_table(table)
    return quantize_chunks(
        lambda rows: table[rows], table.shape, table.dtype, bits=bits, block_size=block_size
    )


def quantize_chunks(
    read: Callable[[slice], np.ndarray],
    shape: tuple[int, int],
    dtype: Any,
    *,
    bits: int = 8,
    block_size: int | None = None,
) -> QuantizedTable:
    """Quantize a table that is read some rows at a time, from a file or computed.

    Parameters
    ----------
    read : callable
        Returns the rows of a slice, (rows, D).
    shape : (V, D)
    dtype : float16, float32 or float64
        float64 is quantized in float64, the others in float32.

    Examples
    --------
    >>> quantize_chunks(lambda rows: np.zeros((2, 4)), (2, 4), "float32").codes.shape
    (2, 4)
    """
    check_choice(bits, "bits", (8, 4))
    block = min(check_block_size(block_size) or 0, max(shape[1], 1))
    wide = np.dtype(np.float64 if np.dtype(dtype) == np.float64 else np.float32)
    rows, columns = shape
    groups = (rows, -(-columns // block)) if block else (rows,)
    codes = np.empty((rows, columns if bits == 8 else (columns + 1) // 2), np.int8)
    scale = np.empty(groups, wide)
    zero = np.empty(groups, np.int8) if block else None
    for start in range(0, rows, BLOCK):
        here = slice(start, min(start + BLOCK, rows))
        floats = np.ascontiguousarray(read(here), dtype=wide)
        check_finite(floats, "table", "Train or load it again.", first_row=start)
        unpacked = np.empty(floats.shape, np.int8) if bits == 4 else codes[here]
        if zero is None:
            _rows(floats, bits, unpacked, scale[here])
        else:
            _groups(floats, bits, block, unpacked, scale[here], zero[here])
            _check_range(scale[here], start)
        if bits == 4:
            codes[here] = pack_int4(unpacked)
    return QuantizedTable(codes, scale, zero, columns, bits, block or None)


def _rows(floats: np.ndarray, bits: int, codes: np.ndarray, scale: np.ndarray) -> None:
    low, high, epsilon = (floats.dtype.type(x) for x in (*_ROW_RANGE[bits], EPSILON))
    many = floats.size >= PARALLEL_FROM and num_threads() > 1
    run = quantize_rows_kernel_parallel if many else quantize_rows_kernel
    run(floats, low, high, epsilon, codes, scale)


def _groups(
    floats: np.ndarray,
    bits: int,
    block: int,
    codes: np.ndarray,
    scale: np.ndarray,
    zero: np.ndarray,
) -> None:
    low, high, epsilon = (floats.dtype.type(x) for x in (*_GROUP_RANGE[bits], EPSILON))
    many = floats.size >= PARALLEL_FROM and num_threads() > 1
    run = quantize_groups_kernel_parallel if many else quantize_groups_kernel
    run(floats, block, low, high, epsilon, codes, scale, zero)


def _check_range(scale: np.ndarray, start: int) -> None:
    try:
        check_finite(scale, "scale", "", first_row=start)
    except NotFiniteError as error:
        raise NotFiniteError(
            f"a block must span less than the largest {scale.dtype}. Received a wider one in row "
            f"{error.position[0]}. Scale the table down, or quantize without blocks.",
            error.position,
            error.value,
        ) from None
