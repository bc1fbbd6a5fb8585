"""Row-wise int8 and int4 quantization, lookups in codes, and error reports."""

from embedlab.core.quantize.int4 import pack_int4, unpack_int4
from embedlab.core.quantize.lookup import dequantize, merge_adapters_into_codes, quantized_lookup
from embedlab.core.quantize.report import QuantizationReport, quantization_report
from embedlab.core.quantize.rows import quantize, quantize_chunks, quantize_groups, quantize_rows
from embedlab.core.quantize.table import QuantizedTable

__all__ = [
    "QuantizationReport",
    "QuantizedTable",
    "dequantize",
    "merge_adapters_into_codes",
    "pack_int4",
    "quantization_report",
    "quantize",
    "quantize_chunks",
    "quantize_groups",
    "quantize_rows",
    "quantized_lookup",
    "unpack_int4",
]
