"""A mask's path through layers, recorded."""

from embedlab.traces.mask.run import (
    LayerOutput,
    UnpaddedReference,
    padding_row_gradient,
    reason_mask_is_lost,
    run_layers,
)
from embedlab.traces.mask.trace import MaskStage, MaskTrace, trace_mask

__all__ = [
    "LayerOutput",
    "MaskStage",
    "MaskTrace",
    "UnpaddedReference",
    "padding_row_gradient",
    "reason_mask_is_lost",
    "run_layers",
    "trace_mask",
]
