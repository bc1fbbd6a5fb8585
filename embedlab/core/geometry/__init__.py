"""Nearest rows, analogies and principal components."""

from embedlab.core.geometry.analogies import analogy, odd_one_out, pca
from embedlab.core.geometry.neighbors import (
    LazyTable,
    Neighbors,
    as_lazy_table,
    cosine,
    nearest,
    normalize_rows,
)

__all__ = [
    "LazyTable",
    "Neighbors",
    "analogy",
    "as_lazy_table",
    "cosine",
    "nearest",
    "normalize_rows",
    "odd_one_out",
    "pca",
]
