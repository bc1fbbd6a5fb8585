"""Neighbors, analogies and maps of word vectors, recorded."""

from embedlab.traces.geometry.trace import METRICS, Analogy, GeometryTrace, trace_geometry
from embedlab.traces.geometry.vectors import (
    WordVectors,
    example_vectors,
    reference_vectors,
    train_vectors,
    trained_ahead,
)

__all__ = [
    "METRICS",
    "Analogy",
    "GeometryTrace",
    "WordVectors",
    "example_vectors",
    "reference_vectors",
    "trace_geometry",
    "train_vectors",
    "trained_ahead",
]
