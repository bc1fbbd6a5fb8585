"""Padding masks, masked states and masked pooling."""

from embedlab.core.mask.mask import as_mask, grad_keep_masked_state, keep_masked_state, padding_mask
from embedlab.core.mask.pooling import (
    check_sequences,
    grad_masked_max,
    grad_masked_mean,
    grad_masked_sum,
    masked_max,
    masked_mean,
    masked_sum,
    upcast_float16,
)

__all__ = [
    "as_mask",
    "check_sequences",
    "grad_keep_masked_state",
    "grad_masked_max",
    "grad_masked_mean",
    "grad_masked_sum",
    "keep_masked_state",
    "masked_max",
    "masked_mean",
    "masked_sum",
    "padding_mask",
    "upcast_float16",
]
