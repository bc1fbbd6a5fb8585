"""Maximum under a mask: the largest word of a sequence, column by column, never the padding."""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_array, check_size, check_table_bytes
from embedlab.core.jit import kernel, num_threads, parallel_copy, prange
from embedlab.core.mask.mask import as_floats
from embedlab.core.mask.pooling import check_sequences, upcast_float16

__all__ = [
    "grad_masked_max",
    "grad_masked_max_kernel",
    "grad_masked_max_reference",
    "masked_max",
    "masked_max_kernel",
    "masked_max_reference",
]

PARALLEL_FROM = 131_072
"""Numbers from which two threads win: a comparison and two writes each."""


def masked_max_reference(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation: sequence by sequence, the largest of its words and where it first
    stood."""
    out = np.zeros((len(values), values.shape[2]), values.dtype)
    at = np.full(out.shape, -1)
    for b, words in enumerate(mask):
        if words.any():
            at[b] = np.flatnonzero(words)[values[b, words].argmax(axis=0)]
            out[b] = np.take_along_axis(values[b], at[b][None], axis=0)
    return out, at


@kernel
def masked_max_kernel(values, mask, out, at):
    """Write the largest of the words into `out` (B, D), and where it first stood into `at`.

    The first NaN counts as the largest. Of no words it is 0, at -1. A thread owns a sequence.
    """
    for b in prange(values.shape[0]):
        for d in range(values.shape[2]):
            out[b, d], at[b, d] = 0, -1
        for t in range(values.shape[1]):
            if mask[b, t]:
                for d in range(values.shape[2]):
                    value, best = values[b, t, d], out[b, d]
                    if at[b, d] < 0 or (best == best and not value <= best):
                        out[b, d], at[b, d] = value, t


masked_max_kernel_parallel = parallel_copy(masked_max_kernel)


def masked_max(values: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the maximum over the words of each sequence, column by column, and where it stood.

    Parameters
    ----------
    values : array_like, (B, T, D), float16, float32 or float64
    mask : array_like of bool, (B, T), optional
        True where there is a word; None means everywhere.

    Returns
    -------
    out : ndarray, (B, D), the dtype of `values`
        A sequence of padding alone gives 0; a NaN among the words gives NaN.
    at : ndarray of int64, (B, D)
        The first time step that holds the maximum, -1 for a sequence of padding alone: what
        `grad_masked_max` needs.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    ``keras.layers.GlobalMaxPooling1D`` does not support masks: padding can win there.

    Examples
    --------
    >>> out, at = masked_max(np.array([[[1.0], [2.0], [9.0]]]), [[True, True, False]])
    >>> out.tolist(), at.tolist()
    ([[2.0]], [[1]])
    """
    values, mask = check_sequences(values, mask)
    out = np.empty((len(values), values.shape[2]), values.dtype)
    at = np.empty(out.shape, np.int64)
    for here, part in upcast_float16(values):
        found = np.empty(out[here].shape, part.dtype)
        wide = part.size >= PARALLEL_FROM and num_threads() > 1
        (masked_max_kernel_parallel if wide else masked_max_kernel)(
            part, mask[here], found, at[here]
        )
        out[here] = found
    return out, at


def grad_masked_max_reference(at: np.ndarray, grad_out: np.ndarray, steps: int) -> np.ndarray:
    """Reference implementation: the whole gradient goes to the winner of each column."""
    winner = np.arange(steps)[None, :, None] == at[:, None, :]
    return np.where(winner, grad_out[:, None, :], grad_out.dtype.type(0))


@kernel
def grad_masked_max_kernel(at, grad_out, grad):
    """Add `grad_out` (B, D) to `grad` (B, T, D), which is zero, at the time steps `at` (B, D)."""
    for b in prange(grad.shape[0]):
        for d in range(grad.shape[2]):
            t = at[b, d]
            if 0 <= t < grad.shape[1]:
                grad[b, t, d] = grad_out[b, d]


grad_masked_max_kernel_parallel = parallel_copy(grad_masked_max_kernel)


def grad_masked_max(at: Any, grad_out: Any, steps: int) -> np.ndarray:
    """Return the gradient of `masked_max` with respect to its values.

    Parameters
    ----------
    at : array_like of int64, (B, D)
        The second result of `masked_max`.
    grad_out : array_like, (B, D), float16, float32 or float64
    steps : int
        T.

    Returns
    -------
    ndarray, (B, T, D), the dtype of `grad_out`
        Each column's whole gradient at its maximum (the first of equals), 0 elsewhere.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        For arrays that do not fit each other, and for a time step outside.

    Examples
    --------
    >>> grad_masked_max(np.array([[1]]), np.array([[3.0]]), 3).ravel().tolist()
    [0.0, 3.0, 0.0]
    """
    grad_out, at = as_floats(grad_out, "grad_out"), as_array(at, "at")
    steps = check_size(steps, "steps", least=0)
    if at.dtype != np.int64:
        raise DtypeError(f"at must be int64. Received {at.dtype}. Pass what masked_max gave.")
    if grad_out.ndim != 2 or at.shape != grad_out.shape:
        raise ShapeError(
            f"at and grad_out must both have shape (B, D). Received {at.shape} and "
            f"{grad_out.shape}. Pass what masked_max gave."
        )
    if at.size and not -1 <= at.min() <= at.max() < steps:
        raise ValueError(
            f"at must lie in -1..{steps - 1}. Received {at.min()}..{at.max()}. "
            "Pass the steps of the same values."
        )
    check_table_bytes(steps, at.size, grad_out.dtype, "steps")
    grad = np.zeros((len(at), steps, at.shape[1]), grad_out.dtype)
    wide = at.size >= PARALLEL_FROM and num_threads() > 1
    run = grad_masked_max_kernel_parallel if wide else grad_masked_max_kernel
    if grad.dtype.char == "e":  # nothing is computed: half floats travel as their bits
        run(at, grad_out.view(np.uint16), grad.view(np.uint16))
    else:
        run(at, grad_out, grad)
    return grad
