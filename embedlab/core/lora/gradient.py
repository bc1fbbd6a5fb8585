"""Gradients of a LoRA adapter: sparse for A, whose looked-up rows have one, dense for B."""

import math
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_floats
from embedlab.core.gradient import SparseGrad, coalesce
from embedlab.core.ids import as_ids
from embedlab.core.jit import compile_parallel, count_kernel_call, kernel, parallel_allowed, prange
from embedlab.core.lookup import lookup
from embedlab.core.lora.adapter import Adapter, as_adapter

__all__ = ["grad_lora", "grad_lora_kernel", "grad_lora_reference"]

PARALLEL_FROM = 1_000_000
"""Multiplications (N * D * R) of each half from which the parallel code runs: about 90 µs."""

BLOCK = 1024
"""Positions whose part of the gradient of `b` is summed separately: fixed, so that sums never
depend on the number of threads, and long sums lose fewer digits."""


def grad_lora_reference(
    left: np.ndarray, grad_out: np.ndarray, b: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: the gradients of rows of `a`, and of `b`."""
    return scale * (grad_out @ b.T), scale * (left.T @ grad_out)


@kernel(reductions=True)
def _grad_left(grad_out, first, last, b, scale, grad_left):
    """Write ``scale * grad_out @ b.T`` for the positions first..last-1, four ranks at a time."""
    rank, width = b.shape
    for n in range(first, last):
        for r in range(0, rank - 3, 4):
            s0 = s1 = s2 = s3 = b.dtype.type(0)
            for d in range(width):
                back = grad_out[n, d]
                s0 += back * b[r, d]
                s1 += back * b[r + 1, d]
                s2 += back * b[r + 2, d]
                s3 += back * b[r + 3, d]
            grad_left[n, r], grad_left[n, r + 1] = scale * s0, scale * s1
            grad_left[n, r + 2], grad_left[n, r + 3] = scale * s2, scale * s3
        for r in range(rank - rank % 4, rank):
            s0 = b.dtype.type(0)
            for d in range(width):
                s0 += grad_out[n, d] * b[r, d]
            grad_left[n, r] = scale * s0


@kernel(reductions=True)
def _grad_right(left, grad_out, first, last, part):
    """Add ``left.T @ grad_out`` of the positions first..last-1 to `part`, four at a time."""
    rank, width = part.shape
    for n in range(first, last - 3, 4):
        for r in range(rank):
            w0, w1, w2, w3 = left[n, r], left[n + 1, r], left[n + 2, r], left[n + 3, r]
            for d in range(width):
                part[r, d] += (w0 * grad_out[n, d] + w1 * grad_out[n + 1, d]) + (
                    w2 * grad_out[n + 2, d] + w3 * grad_out[n + 3, d]
                )
    for n in range(last - (last - first) % 4, last):
        for r in range(rank):
            for d in range(width):
                part[r, d] += left[n, r] * grad_out[n, d]


@kernel(reductions=True)
def grad_lora_kernel(left, grad_out, b, scale, grad_left, parts):
    """Write the gradient of `left` (N, R), and of `b` block by block into `parts` (K, R, D).

    A thread owns a block of positions. How many blocks there are depends on N alone, and their
    sum is taken in order: the result is the same for any number of threads.
    """
    for block in prange(len(parts)):
        first = len(left) * block // len(parts)
        last = len(left) * (block + 1) // len(parts)
        _grad_left(grad_out, first, last, b, scale, grad_left)
        _grad_right(left, grad_out, first, last, parts[block])


grad_lora_kernel_parallel = compile_parallel(grad_lora_kernel, reductions=True)


def grad_lora(ids: Any, grad_out: Any, adapter: Adapter) -> tuple[SparseGrad, np.ndarray]:
    """Return the gradients of one adapter: of `a` for the rows that were used, and of `b`.

    Parameters
    ----------
    ids : array_like of any shape, integer
        0 <= id < V, the ids of the lookup.
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
        The gradient of the loss with respect to the looked-up rows.
    adapter : Adapter, or (a, b, scale)

    Returns
    -------
    grad_a : SparseGrad, shape (V, R), the dtype of `a`
        ``scale * grad_out @ b.T``, summed per id; other rows have no gradient.
    grad_b : ndarray, (R, D), the dtype of `b`
        ``scale * a[ids].T @ grad_out``: summed over all positions.

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, ValueError
        As `lora_lookup`, and for a `grad_out` that does not fit.

    Notes
    -----
    With several adapters call it once for each: their updates are added, so each has the gradient
    `grad_out`. Bit-identical for any number of threads. The base table is frozen; its gradient
    would be that of `embedlab.core.gradient.coalesce`.

    Examples
    --------
    >>> a, b = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0, -1.0]])
    >>> grad_a, grad_b = grad_lora([2, 2], [[1.0, 0.0], [0.0, 1.0]], Adapter(a, b, 0.5))
    >>> grad_a.ids.tolist(), grad_a.rows.tolist(), grad_b.tolist()
    ([2], [[0.0]], [[1.0, 1.0]])
    """
    a, b, scale = as_adapter(adapter)
    grad_out = _as_grad(grad_out, as_ids(ids).shape, b.shape[1])
    left = lookup(a, ids).reshape(-1, len(b))
    dtype = np.result_type(a, grad_out)
    wide, left, right = (x.astype(dtype, copy=False) for x in (grad_out, left, b))
    grad_left = np.empty(left.shape, dtype)
    parts = np.zeros((-(-len(left) // BLOCK) or 1, *b.shape), dtype)
    # By size alone: the parallel code may order sums differently, even on one thread.
    parallel = wide.size * len(b) >= PARALLEL_FROM and parallel_allowed()
    run = grad_lora_kernel_parallel if parallel else grad_lora_kernel
    count_kernel_call("gradient")
    run(left, wide, right, dtype.type(scale), grad_left, parts)
    grad_a = coalesce(as_ids(ids).reshape(-1), grad_left.astype(a.dtype, copy=False), len(a))
    return grad_a, (parts.sum(axis=0) * dtype.type(scale)).astype(b.dtype, copy=False)


def _as_grad(grad_out: Any, shape: tuple[int, ...], width: int) -> np.ndarray:
    grad_out = as_floats(grad_out, "grad_out")
    if grad_out.shape != (*shape, width):
        raise ShapeError(
            f"grad_out must have shape (*ids.shape, D) = {(*shape, width)}. "
            f"Received {grad_out.shape}. Pass one gradient row for each id."
        )
    return grad_out.reshape(math.prod(shape), width)
