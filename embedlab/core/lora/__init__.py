"""LoRA adapters: lookup, gradients, merging, spectra and training."""

from embedlab.core.lora.adapter import Adapter, add_adapter, as_adapter, as_adapters, lora_scale
from embedlab.core.lora.fit import AdapterFit, train_lora
from embedlab.core.lora.gradient import grad_lora
from embedlab.core.lora.lookup import lora_lookup
from embedlab.core.lora.merging import merge, unmerge
from embedlab.core.lora.spectrum import (
    best_error_by_rank,
    effective_rank,
    spectrum,
    truncated_svd_adapter,
)

__all__ = [
    "Adapter",
    "AdapterFit",
    "add_adapter",
    "as_adapter",
    "as_adapters",
    "best_error_by_rank",
    "effective_rank",
    "grad_lora",
    "lora_lookup",
    "lora_scale",
    "merge",
    "spectrum",
    "train_lora",
    "truncated_svd_adapter",
    "unmerge",
]
