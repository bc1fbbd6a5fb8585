"""Clipping: gradients that are too long, or hold numbers too large, are brought down."""

import dataclasses
import math
from typing import Any

import numpy as np

from embedlab.core.sparse_gradient import SparseGrad

__all__ = ["clipped", "mapped"]


def clipped(grads: list[Any], clipvalue: float | None = None, clipnorm: float | None = None,
            global_clipnorm: float | None = None) -> list[Any]:  # fmt: skip
    """Give the gradients, each number, each length, or the length of all together limited.

    Parameters
    ----------
    grads : list of ndarray or SparseGrad
    clipvalue, clipnorm, global_clipnorm : float, optional
        At most one. Where one gradient is not finite, all are NaN under `global_clipnorm`, as in
        Keras.

    Examples
    --------
    >>> clipped([np.array([3.0]), np.array([4.0])], global_clipnorm=1.0)
    [array([0.6]), array([0.8])]
    """
    if clipvalue is not None:
        return [mapped(grad, lambda g: np.clip(g, -clipvalue, clipvalue)) for grad in grads]
    if clipnorm is not None:
        return [_shortened(grad, _square(grad) ** 0.5, clipnorm) for grad in grads]
    if global_clipnorm is not None:
        length = math.sqrt(sum(_square(grad) for grad in grads))
        length = length if length < math.inf else math.nan
        return [_shortened(grad, length, global_clipnorm) for grad in grads]
    return grads


def mapped(grad: Any, change: Any) -> Any:
    """Give a gradient whose numbers are changed, sparse or not.

    >>> mapped(np.array([1.0, 2.0]), lambda g: g / 2).tolist()
    [0.5, 1.0]
    """
    if isinstance(grad, SparseGrad):  # rows that are not there are 0, and stay 0
        return dataclasses.replace(grad, rows=change(grad.rows))
    return change(grad)


def _square(grad: Any) -> float:
    rows = grad.rows if isinstance(grad, SparseGrad) else grad
    return float(np.sum(np.square(rows)))


def _shortened(grad: Any, length: float, most: float) -> Any:
    return grad if length <= most else mapped(grad, lambda g: g * (most / length))
