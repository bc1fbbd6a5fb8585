"""Gradients of a lookup: dense, sparse, and the grouping of equal ids."""

from embedlab.core.gradient.dense import grad_table
from embedlab.core.gradient.grouping import (
    Groups,
    balanced_splits,
    bucket_by_row_block,
    fits_in_64_bits,
    group,
)
from embedlab.core.gradient.sparse import SparseGrad, add_gradients, check_lookup_gradient, coalesce

__all__ = [
    "Groups",
    "SparseGrad",
    "add_gradients",
    "balanced_splits",
    "bucket_by_row_block",
    "check_lookup_gradient",
    "coalesce",
    "fits_in_64_bits",
    "grad_table",
    "group",
]
