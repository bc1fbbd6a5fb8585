"""Masked pooling: sum, mean and maximum over the words of a sequence, without the padding."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_array,
    as_floats,
    check_size,
    check_table_bytes,
)
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange
from embedlab.core.mask.mask import as_mask

__all__ = [
    "check_sequences",
    "grad_masked_max",
    "grad_masked_max_kernel",
    "grad_masked_max_reference",
    "grad_masked_mean",
    "grad_masked_sum",
    "grad_masked_sum_kernel",
    "grad_masked_sum_reference",
    "masked_max",
    "masked_max_kernel",
    "masked_max_reference",
    "masked_mean",
    "masked_sum",
    "masked_sum_kernel",
    "masked_sum_reference",
    "upcast_float16",
]

PARALLEL_FROM = 262_144
"""Numbers from which two threads win: each is read once, as in the lookup."""

MAX_PARALLEL_FROM = 131_072
"""The same for the maximum: a comparison and two writes each."""

HALF_NUMBERS = 1 << 18
"""Numbers at a time for float16, which is computed in float32: it bounds the extra memory."""


def masked_sum_reference(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: padding does not count, whatever its value, even NaN."""
    return np.where(mask[:, :, None], values, 0).sum(axis=1)


@kernel
def masked_sum_kernel(values, mask, out):
    """Write into `out` (B, D) the sum of `values` (B, T, D) where `mask` (B, T) is true.

    A thread owns a sequence, and adds in the order of time.
    """
    for b in prange(values.shape[0]):
        for d in range(values.shape[2]):
            out[b, d] = 0
        for t in range(values.shape[1]):
            if mask[b, t]:
                for d in range(values.shape[2]):
                    out[b, d] += values[b, t, d]


masked_sum_kernel_parallel = compile_parallel(masked_sum_kernel)


def masked_sum(values: Any, mask: Any = None) -> np.ndarray:
    """Return the sum over the words of each sequence.

    Parameters, returns and errors are those of `masked_mean`, without the division.

    Examples
    --------
    >>> masked_sum(np.array([[[1.0], [2.0], [9.0]]]), [[True, True, False]]).tolist()
    [[3.0]]
    """
    return _pool(values, mask, mean=False)


def masked_mean(values: Any, mask: Any = None) -> np.ndarray:
    """Return the mean over the words of each sequence.

    Parameters
    ----------
    values : array_like, (B, T, D), float16, float32 or float64
    mask : array_like of bool, (B, T), optional
        True where there is a word; None means everywhere.

    Returns
    -------
    ndarray, (B, D), the dtype of `values`
        ``sum of values[b, t] where mask[b, t] / how many``. A sequence of padding alone gives 0,
        and the values of the padding never matter. Bit-identical for any number of threads.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    Source: ``keras.layers.GlobalAveragePooling1D`` with a mask; on purpose different: a sequence
    of padding alone gives NaN there. float16 is summed in float32 and rounded once.

    Examples
    --------
    >>> values = np.array([[[1.0], [2.0], [9.0]], [[5.0], [5.0], [5.0]]])
    >>> masked_mean(values, [[True, True, False], [False, False, False]]).tolist()
    [[1.5], [0.0]]
    """
    return _pool(values, mask, mean=True)


def grad_masked_sum_reference(mask: np.ndarray, grad_out: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: each word gets its sequence's gradient, padding zero."""
    return np.where(mask[:, :, None], grad_out[:, None, :], grad_out.dtype.type(0))


@kernel
def grad_masked_sum_kernel(mask, grad_out, grad):
    """Write into `grad` (B, T, D) the row of `grad_out` (B, D) at the words, 0 at the padding."""
    for b in prange(grad.shape[0]):
        for t in range(grad.shape[1]):
            if mask[b, t]:
                for d in range(grad.shape[2]):
                    grad[b, t, d] = grad_out[b, d]
            else:
                for d in range(grad.shape[2]):
                    grad[b, t, d] = 0


grad_masked_sum_kernel_parallel = compile_parallel(grad_masked_sum_kernel)


def grad_masked_sum(mask: Any, grad_out: Any) -> np.ndarray:
    """Return the gradient of `masked_sum` with respect to its values.

    Parameters, returns and errors are those of `grad_masked_mean`, without the division.

    Examples
    --------
    >>> grad_masked_sum([[True, False]], np.array([[3.0]])).ravel().tolist()
    [3.0, 0.0]
    """
    mask, grad_out = _as_grad(mask, grad_out)
    grad = np.empty((*mask.shape, grad_out.shape[1]), grad_out.dtype)
    wide = grad.size >= PARALLEL_FROM and num_threads() > 1
    run = grad_masked_sum_kernel_parallel if wide else grad_masked_sum_kernel
    if grad.dtype.char == "e":  # nothing is computed: float16 is copied as bits
        run(mask, grad_out.view(np.uint16), grad.view(np.uint16))
    else:
        run(mask, grad_out, grad)
    return grad


def grad_masked_mean(mask: Any, grad_out: Any) -> np.ndarray:
    """Return the gradient of `masked_mean` with respect to its values.

    Parameters
    ----------
    mask : array_like of bool, (B, T)
    grad_out : array_like, (B, D), float16, float32 or float64

    Returns
    -------
    ndarray, (B, T, D), the dtype of `grad_out`
        ``grad_out[b] / how many`` at the words, exactly 0 at the padding.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Examples
    --------
    >>> grad_masked_mean([[True, False, True]], np.array([[3.0]])).ravel().tolist()
    [1.5, 0.0, 1.5]
    """
    mask, grad_out = _as_grad(mask, grad_out)
    share = grad_out / _counts(mask, np.result_type(grad_out, np.float32))
    return grad_masked_sum(mask, share.astype(grad_out.dtype, copy=False))


def masked_max_reference(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: the maximum over each sequence's words, and where."""
    out = np.zeros((len(values), values.shape[2]), values.dtype)
    at = np.full(out.shape, -1)
    for b, words in enumerate(mask):
        if words.any():
            at[b] = np.flatnonzero(words)[values[b, words].argmax(axis=0)]
            out[b] = np.take_along_axis(values[b], at[b][None], axis=0)
    return out, at


@kernel
def masked_max_kernel(values, mask, out, at):
    """Write the maximum over the words into `out` (B, D), and its first time step into `at`.

    The first NaN counts as the largest. Without words it is 0, at -1. A thread owns a sequence.
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


masked_max_kernel_parallel = compile_parallel(masked_max_kernel)


def masked_max(values: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the maximum over the words of each sequence, column by column, and its time step.

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
        largest = np.empty(out[here].shape, part.dtype)
        wide = part.size >= MAX_PARALLEL_FROM and num_threads() > 1
        (masked_max_kernel_parallel if wide else masked_max_kernel)(
            part, mask[here], largest, at[here]
        )
        out[here] = largest
    return out, at


def grad_masked_max_reference(at: np.ndarray, grad_out: np.ndarray, steps: int) -> np.ndarray:
    """Reference implementation in NumPy: the whole gradient goes to the maximum of each column."""
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


grad_masked_max_kernel_parallel = compile_parallel(grad_masked_max_kernel)


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
        raise DtypeError(f"at must be int64. Received {at.dtype}. Pass what masked_max returned.")
    if grad_out.ndim != 2 or at.shape != grad_out.shape:
        raise ShapeError(
            f"at and grad_out must both have shape (B, D). Received {at.shape} and "
            f"{grad_out.shape}. Pass what masked_max returned."
        )
    if at.size and not -1 <= at.min() <= at.max() < steps:
        raise ValueError(
            f"at must lie in -1..{steps - 1}. Received {at.min()}..{at.max()}. "
            "Pass the steps of the same values."
        )
    check_table_bytes(steps, at.size, grad_out.dtype, "steps")
    grad = np.zeros((len(at), steps, at.shape[1]), grad_out.dtype)
    wide = at.size >= MAX_PARALLEL_FROM and num_threads() > 1
    run = grad_masked_max_kernel_parallel if wide else grad_masked_max_kernel
    if grad.dtype.char == "e":  # nothing is computed: float16 is copied as bits
        run(at, grad_out.view(np.uint16), grad.view(np.uint16))
    else:
        run(at, grad_out, grad)
    return grad


def check_sequences(values: Any, mask: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return values (B, T, D) and their mask (B, T), all true for None; refuse what does not fit.

    Examples
    --------
    >>> check_sequences(np.zeros((2, 3)), None)
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: values must have shape (B, T, D). Received (2, 3). \
Give a single sequence a batch axis: values[None].
    """
    values = as_floats(values, "values")
    if values.ndim != 3:
        raise ShapeError(
            f"values must have shape (B, T, D). Received {values.shape}. "
            "Give a single sequence a batch axis: values[None]."
        )
    if mask is None:
        return values, np.ones(values.shape[:2], bool)
    return values, as_mask(mask, values.shape[:2])


def upcast_float16(values: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Return `values` (B, ...) whole; or, in float16, some sequences at a time in float32.

    Examples
    --------
    >>> half = np.zeros((2, 3), np.float16)
    >>> [(here.stop, part.dtype.char) for here, part in upcast_float16(half)]
    [(2, 'f')]
    """
    rows = len(values)
    step = rows if values.dtype.char != "e" else HALF_NUMBERS * rows // max(values.size, 1)
    for start in range(0, rows, max(step, 1)):
        here = slice(start, min(start + max(step, 1), rows))
        yield here, values[here].astype(np.result_type(values, np.float32), copy=False)


def _pool(values: Any, mask: Any, *, mean: bool) -> np.ndarray:
    values, mask = check_sequences(values, mask)
    out = np.empty((len(values), values.shape[2]), values.dtype)
    for here, part in upcast_float16(values):
        total = np.empty((len(part), part.shape[2]), part.dtype)
        wide = part.size >= PARALLEL_FROM and num_threads() > 1
        (masked_sum_kernel_parallel if wide else masked_sum_kernel)(part, mask[here], total)
        if mean:
            total /= _counts(mask[here], total.dtype)
        out[here] = total
    return out


def _counts(mask: np.ndarray, dtype: Any) -> np.ndarray:
    """Return how many words each sequence has, (B, 1), and 1 where there is none."""
    return np.maximum(mask.sum(axis=1, keepdims=True), 1).astype(dtype)


def _as_grad(mask: Any, grad_out: Any) -> tuple[np.ndarray, np.ndarray]:
    grad_out = as_floats(grad_out, "grad_out")
    shape = as_array(mask, "mask").shape
    if grad_out.ndim != 2 or len(shape) != 2 or shape[0] != len(grad_out):
        raise ShapeError(
            "mask must have shape (B, T) and grad_out (B, D). "
            f"Received {shape} and {grad_out.shape}. Pass the gradient of the pooled rows."
        )
    return as_mask(mask, shape), grad_out
