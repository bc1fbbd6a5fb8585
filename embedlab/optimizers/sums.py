"""Gradients that meet: what goes to one place by several ways adds up."""

from typing import Any

import numpy as np

from embedlab.core.coalesce import coalesce
from embedlab.core.sparse_gradient import SparseGrad

__all__ = ["add_to"]


def add_to(sums: dict, key: Any, grad: Any) -> None:
    """Add a gradient to what is there under `key`: two sparse ones stay sparse, None is nothing.

    >>> sums = {}
    >>> for grad in (np.ones(2), None, np.ones(2)):
    ...     add_to(sums, "kernel", grad)
    >>> sums
    {'kernel': array([2., 2.])}
    """
    if grad is None:
        return
    before = sums.get(key)
    if before is None:
        sums[key] = grad
    elif isinstance(before, SparseGrad) and isinstance(grad, SparseGrad):
        ids = np.concatenate([before.ids, grad.ids])
        sums[key] = coalesce(ids, np.concatenate([before.rows, grad.rows]), before.shape[0])
    else:
        sums[key] = _dense(before) + _dense(grad)


def _dense(grad: Any) -> np.ndarray:
    return grad.to_dense() if isinstance(grad, SparseGrad) else np.asarray(grad)
