"""Quantization of a table, recorded."""

from embedlab.traces.quantize.scheme import (
    OutlierGrowth,
    SchemeResult,
    apply_scheme,
    half_splits,
    nearest_rows,
)
from embedlab.traces.quantize.trace import QuantizationTrace, trace_quantize

__all__ = [
    "OutlierGrowth",
    "QuantizationTrace",
    "SchemeResult",
    "apply_scheme",
    "half_splits",
    "nearest_rows",
    "trace_quantize",
]
