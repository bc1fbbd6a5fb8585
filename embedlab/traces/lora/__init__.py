"""LoRA adapters of all ranks, trained and recorded."""

from embedlab.traces.lora.sweep import (
    RankSweep,
    first_step_norm,
    first_step_norms,
    initial_adapter,
    initial_factors,
    row_drift,
    train_all_ranks,
)
from embedlab.traces.lora.trace import LoRATrace, trace_lora

__all__ = [
    "LoRATrace",
    "RankSweep",
    "first_step_norm",
    "first_step_norms",
    "initial_adapter",
    "initial_factors",
    "row_drift",
    "trace_lora",
    "train_all_ranks",
]
