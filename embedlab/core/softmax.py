"""Softmax under a mask: shares among the words alone; the padding gets exactly nothing."""

import math
from typing import Any

import numpy as np

from embedlab.core.jit import loop, parallel, prange, threads
from embedlab.core.mask import as_floats
from embedlab.core.pooling import in_single
from embedlab.core.table import DtypeError, ShapeError, as_array

__all__ = ["grad_masked_softmax", "grad_masked_softmax_loop", "grad_masked_softmax_numpy",
           "masked_softmax", "masked_softmax_loop", "masked_softmax_numpy"]  # fmt: skip

PARALLEL_FROM = 8_192
"""Numbers from which two threads win: an exponential takes about 4 ns."""


def masked_softmax_numpy(logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Say it in NumPy: the exponentials of the words, less the largest, over their sum."""
    kept = np.where(mask, logits, -np.inf)
    largest = kept.max(axis=-1, keepdims=True, initial=-np.inf)
    shares = np.exp(kept - np.where(largest == -np.inf, 0, largest))
    total = shares.sum(axis=-1, keepdims=True)
    return np.where(mask, shares / np.where(total == 0, 1, total), 0).astype(logits.dtype)


@loop
def masked_softmax_loop(logits, mask, which, out):
    """Write into `out` (M, T) the shares of each row of `logits`, whose mask is `mask[which[m]]`.

    A thread owns a row. Of no words, or none above minus infinity, all shares are 0.
    """
    for m in prange(logits.shape[0]):
        words = mask[which[m]]
        largest, total = out.dtype.type(-np.inf), out.dtype.type(0)
        for t in range(logits.shape[1]):
            if words[t]:
                largest = max(largest, logits[m, t])
        for t in range(logits.shape[1]):
            out[m, t] = 0
            if words[t] and largest != -np.inf:
                out[m, t] = np.exp(logits[m, t] - largest)
                total += out[m, t]
        for t in range(logits.shape[1]):
            if words[t] and total != 0:
                out[m, t] /= total


masked_softmax_loop_parallel = parallel(masked_softmax_loop)


def masked_softmax(logits: Any, mask: Any = None) -> np.ndarray:
    """Give the softmax over the last axis, among the words only.

    Parameters
    ----------
    logits : array_like, (..., T), float16, float32 or float64
    mask : array_like of bool, broadcastable to the shape of `logits`, optional
        True where there is a word; None means everywhere. The scores of an attention (B, H, T, T)
        take a mask (B, 1, 1, T); it is never blown up.

    Returns
    -------
    ndarray, the shape and dtype of `logits`
        ``exp(logits) / sum of exp(logits) over the words`` at the words, exactly 0 at the padding.
        A row of padding alone, or of minus infinities, is all 0. What stands in the padding, even
        NaN, never matters. Bit-identical for any number of threads.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    Source: ``keras.layers.Softmax`` with a mask. float16 is computed in float32, rounded once.

    Examples
    --------
    >>> masked_softmax(np.array([0.0, 0.0, 99.0]), [True, True, False]).tolist()
    [0.5, 0.5, 0.0]
    >>> masked_softmax(np.array([[1.0, 2.0]]), [[False, False]]).tolist()
    [[0.0, 0.0]]
    """
    logits = as_floats(logits, "logits")
    if logits.ndim < 1:
        raise ShapeError("logits must have at least one axis. Received a scalar. Wrap it: [x].")
    steps = logits.shape[-1]
    rows = logits.reshape(math.prod(logits.shape[:-1]), steps)
    mask, which = _as_masks(mask, logits.shape, len(rows))
    out = np.empty_like(rows)
    for here, part in in_single(rows):
        shares = out[here] if part.dtype == out.dtype else np.empty(part.shape, part.dtype)
        wide = part.size >= PARALLEL_FROM and threads() > 1
        run = masked_softmax_loop_parallel if wide else masked_softmax_loop
        run(part, mask, which[here], shares)
        if part.dtype != out.dtype:
            out[here] = shares
    return out.reshape(logits.shape)


def grad_masked_softmax_numpy(shares: np.ndarray, grad_out: np.ndarray) -> np.ndarray:
    """Say it in NumPy: each share times how much better than the average its gradient is."""
    back = np.where(shares == 0, 0, grad_out)
    return shares * (back - (shares * back).sum(axis=-1, keepdims=True))


@loop
def grad_masked_softmax_loop(shares, grad_out, grad):
    """Write into `grad` (M, T) the gradient of the logits behind `shares` (M, T)."""
    for m in prange(shares.shape[0]):
        average = grad.dtype.type(0)
        for t in range(shares.shape[1]):
            if shares[m, t] != 0:  # not a word: even NaN must not come through
                average += shares[m, t] * grad_out[m, t]
        for t in range(shares.shape[1]):
            grad[m, t] = 0
            if shares[m, t] != 0:
                grad[m, t] = shares[m, t] * (grad_out[m, t] - average)


grad_masked_softmax_loop_parallel = parallel(grad_masked_softmax_loop)


def grad_masked_softmax(shares: Any, grad_out: Any) -> np.ndarray:
    """Give the gradient of `masked_softmax` with respect to its logits.

    Parameters
    ----------
    shares : array_like, (..., T), float16, float32 or float64
        What `masked_softmax` gave.
    grad_out : array_like, the shape and dtype of `shares`

    Returns
    -------
    ndarray, the shape and dtype of `shares`
        ``shares * (grad_out - sum of shares * grad_out)``; exactly 0 where a share is 0.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Examples
    --------
    >>> grad_masked_softmax(np.array([0.5, 0.5, 0.0]), np.array([1.0, 0.0, 7.0])).tolist()
    [0.25, -0.25, 0.0]
    """
    shares, grad_out = as_floats(shares, "shares"), as_floats(grad_out, "grad_out")
    if shares.ndim < 1 or shares.shape != grad_out.shape or shares.dtype != grad_out.dtype:
        raise ShapeError(
            "shares and grad_out must have one shape (..., T) and one dtype. Received "
            f"{shares.dtype} {shares.shape} and {grad_out.dtype} {grad_out.shape}. "
            "Pass what masked_softmax gave."
        )
    steps = shares.shape[-1]
    rows = shares.reshape(math.prod(shares.shape[:-1]), steps)
    backs, grad = grad_out.reshape(rows.shape), np.empty_like(rows)
    for here, part in in_single(rows):
        back = backs[here].astype(part.dtype, copy=False)
        made = np.empty(part.shape, part.dtype) if part.dtype != grad.dtype else grad[here]
        wide = part.size >= 32 * PARALLEL_FROM and threads() > 1  # no exponentials here
        (grad_masked_softmax_loop_parallel if wide else grad_masked_softmax_loop)(part, back, made)
        if part.dtype != grad.dtype:
            grad[here] = made
    return grad.reshape(shares.shape)


def _as_masks(mask: Any, shape: tuple[int, ...], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct masks (K, T), and for each row (M,) of the logits which of them is its."""
    steps = shape[-1]
    if mask is None:
        return np.ones((1, steps), bool), np.zeros(rows, np.int64)
    mask = as_array(mask, "mask")
    if mask.dtype != bool:
        raise DtypeError(
            f"mask must hold True and False. Received {mask.dtype}. Cast it with mask.astype(bool)."
        )
    lead, wanted = mask.shape[:-1], (1,) * (len(shape) - mask.ndim) + mask.shape
    if mask.ndim > len(shape) or any(m not in (1, s) for m, s in zip(wanted, shape, strict=True)):
        raise ShapeError(
            f"mask must be broadcastable to the shape of the logits, {shape}. "
            f"Received {mask.shape}. Use axes of length 1, or None."
        )
    masks = np.ascontiguousarray(np.broadcast_to(mask, (*lead, steps)))
    masks = masks.reshape(math.prod(lead), steps)
    which = np.broadcast_to(np.arange(len(masks)).reshape(lead), shape[:-1])
    return masks, np.ascontiguousarray(which).reshape(rows)
