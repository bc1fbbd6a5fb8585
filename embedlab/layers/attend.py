"""The way back from vectors to words: a score for every row of a table, and its gradients."""

from typing import Any

import numpy as np

__all__ = ["grad_soft_cap", "grad_vocabulary_logits", "soft_cap", "vocabulary_logits"]


def vocabulary_logits(vectors: np.ndarray, table: np.ndarray, adapters: Any = ()) -> np.ndarray:
    """Return the scalar product of each vector (N, D) with each row of `table` (V, D): (N, V).

    Parameters
    ----------
    vectors : ndarray, (N, D)
    table : ndarray, (V, D)
    adapters : iterable of Adapter
        Steps on the table; the (V, D) step itself is never made.

    Examples
    --------
    >>> table = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> vocabulary_logits(np.array([[1.0, 2.0]]), table).tolist()
    [[1.0, 2.0, 3.0]]
    """
    made = vectors @ table.T
    for adapter in adapters:
        a, b = adapter.a.astype(made.dtype, copy=False), adapter.b.astype(made.dtype, copy=False)
        made += made.dtype.type(adapter.scale) * ((vectors @ b.T) @ a.T)
    return made


def grad_vocabulary_logits(
    vectors: np.ndarray, table: np.ndarray, adapters: Any, grad: np.ndarray
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return what goes back to the vectors, and to the factors (a, b) of each adapter.

    What goes back to the table itself is ``grad.T @ vectors``.

    Examples
    --------
    >>> grad_vocabulary_logits(np.ones((1, 2)), np.eye(2), (), np.array([[3.0, 4.0]]))
    (array([[3., 4.]]), [])
    """
    to_vectors = grad @ table
    found = []
    for adapter in adapters:
        a, b = adapter.a.astype(grad.dtype, copy=False), adapter.b.astype(grad.dtype, copy=False)
        scale = grad.dtype.type(adapter.scale)
        through = grad @ a  # (N, R)
        to_vectors += scale * (through @ b)
        found.append((scale * (grad.T @ (vectors @ b.T)), scale * (through.T @ vectors)))
    return to_vectors, found


def soft_cap(logits: np.ndarray, cap: float | None) -> np.ndarray:
    """Return ``tanh(logits / cap) * cap``: small scores stay, large ones approach ±cap.

    >>> soft_cap(np.array([0.0, 1e9]), 30.0).tolist()
    [0.0, 30.0]
    """
    return logits if cap is None else np.tanh(logits / cap) * logits.dtype.type(cap)


def grad_soft_cap(logits: np.ndarray, cap: float | None, grad: np.ndarray) -> np.ndarray:
    """Return what goes back through the cap, from the capped `logits`.

    >>> grad_soft_cap(np.array([0.0, 30.0]), 30.0, np.ones(2)).tolist()
    [1.0, 0.0]
    """
    return grad if cap is None else grad * (1 - (logits / cap) ** 2)
