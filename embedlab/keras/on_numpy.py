"""Keras's numpy backend: the arrays are the core's own, and there are no gradients."""

from typing import Any

import numpy as np
from keras.src.backend.common.symbolic_scope import in_symbolic_scope

from embedlab.keras.rows import Plan, look_up

__all__ = ["take"]


def take(plan: Plan, ids: Any, *parts: Any) -> Any:
    """Give the rows of `ids` on Keras's numpy backend: see `embedlab.keras.rows.look_up`."""
    if in_symbolic_scope():  # Keras asks for a shape, with ids of uninitialised memory
        return np.zeros((*ids.shape, plan.shape[1]), plan.rows_dtype)
    return look_up(plan, ids, *parts)
