"""Keras's numpy backend: the arrays are the core's own, and there are no gradients."""

from typing import Any

import numpy as np
from keras.src.backend.common.symbolic_scope import in_symbolic_scope

from embedlab.keras.bridge import LookupSpec, lookup_rows

__all__ = ["lookup"]


def lookup(spec: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's numpy backend: see
    `embedlab.keras.bridge.lookup_rows`."""
    if in_symbolic_scope():  # Keras asks for a shape, with ids of uninitialized memory
        return np.zeros((*ids.shape, spec.shape[1]), spec.rows_dtype)
    return lookup_rows(spec, ids, *parts)
