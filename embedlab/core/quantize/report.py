"""Quantization report: error and cosine of each row, bytes before and after."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table
from embedlab.core.quantize.lookup import quantized_lookup
from embedlab.core.quantize.table import QuantizedTable

__all__ = ["QuantizationReport", "quantization_report"]

BLOCK = 4096
"""Rows at a time, so that no second float table exists."""


@dataclass(frozen=True, repr=False, eq=False)
class QuantizationReport:
    """Errors of a quantized table against its floats.

    Attributes
    ----------
    largest_error : ndarray of float64, (V,)
        The largest absolute error of each row.
    mean_error : ndarray of float64, (V,)
        The root of the mean squared error of each row.
    half_step : ndarray of float64, (V,)
        Half the widest step of each row: no error is larger, up to the rounding of floats.
    cosine : ndarray of float64, (V,)
        Cosine of each row before and after quantization; 1 for two rows of zeros.
    worst : ndarray of int64
        Up to ten row ids, the largest error first.
    bytes_before, bytes_after : int
    """

    largest_error: np.ndarray
    mean_error: np.ndarray
    half_step: np.ndarray
    cosine: np.ndarray
    worst: np.ndarray
    bytes_before: int
    bytes_after: int

    def __repr__(self) -> str:
        rows = len(self.cosine)
        if not rows:
            return "QuantizationReport(no rows)"
        return (
            f"QuantizationReport({rows} rows, {self.bytes_before} -> {self.bytes_after} bytes, "
            f"largest error {self.largest_error.max():.3g} in row {self.worst[0]}, "
            f"least cosine {self.cosine.min():.4f})"
        )


def quantization_report(table: Any, quantized: QuantizedTable) -> QuantizationReport:
    """Compare a table with its quantized form, row by row.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        The floats before.
    quantized : QuantizedTable
        Of the same shape.

    Returns
    -------
    QuantizationReport
        Computed in float64, some rows at a time.

    Raises
    ------
    ShapeError, DtypeError
        For a table of another shape, or of anything but floats.

    Examples
    --------
    >>> from embedlab.core.quantize.rows import quantize
    >>> table = np.array([[1.0, 0.26], [0.0, 0.0]])
    >>> quantization_report(table, quantize(table, bits=4))
    QuantizationReport(2 rows, 32 -> 18 bytes, largest error 0.0257 in row 0, least cosine 0.9997)
    """
    table = as_table(table)
    if not isinstance(quantized, QuantizedTable) or quantized.shape != table.shape:
        received = getattr(quantized, "shape", type(quantized).__name__)
        raise ShapeError(
            f"quantized must be a QuantizedTable with the shape of the table, {table.shape}. "
            f"Received {received}. Quantize this table."
        )
    rows = len(table)
    largest, mean, cosine = np.zeros(rows), np.zeros(rows), np.ones(rows)
    for start in range(0, rows, BLOCK):
        here = slice(start, min(start + BLOCK, rows))
        before = table[here].astype(np.float64)
        after = quantized_lookup(quantized, np.arange(here.start, here.stop)).astype(np.float64)
        error = np.abs(after - before)
        largest[here] = error.max(axis=1, initial=0.0)
        mean[here] = np.sqrt(np.square(error).sum(axis=1) / max(table.shape[1], 1))
        cosine[here] = _cosine(before, after)
    step = quantized.step.astype(np.float64)
    step = step[:, None] if step.ndim == 1 else step  # (V, G)
    return QuantizationReport(
        largest,
        mean,
        step.max(axis=1, initial=0.0) / 2,
        cosine,
        np.argsort(-largest, kind="stable")[:10],
        int(table.nbytes),
        quantized.nbytes,
    )


def _cosine(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1)
    product = lengths[0] * lengths[1]
    inner = np.einsum("nd,nd->n", before, after)
    both_zero = (lengths[0] == 0) & (lengths[1] == 0)
    cosine = np.divide(inner, product, out=np.zeros(len(product)), where=product > 0)
    return np.where(both_zero, 1.0, np.clip(cosine, -1.0, 1.0))
