"""Neighbors, analogies and maps of word vectors, recorded."""

from embedlab.traces.geometry.trace import Analogy, GeometryTrace, trace_geometry
from embedlab.traces.geometry.vectors import WordVectors, reference_vectors, train_vectors

__all__ = [
    "Analogy",
    "GeometryTrace",
    "WordVectors",
    "reference_vectors",
    "trace_geometry",
    "train_vectors",
]
