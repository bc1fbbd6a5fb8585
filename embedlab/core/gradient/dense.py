"""Dense gradient of a lookup: a scatter-add of the gradients of all positions into their rows."""

from typing import Any

import numpy as np

from embedlab.core.checks import check_flag, check_table_bytes
from embedlab.core.gradient.grouping import bucket_by_row_block, fits_in_64_bits
from embedlab.core.gradient.sparse import check_lookup_gradient, coalesce
from embedlab.core.ids import check_padding_idx, out_of_range_error
from embedlab.core.jit import (
    block_size,
    compile_parallel,
    count_kernel_call,
    kernel,
    next_block,
    num_threads,
    prange,
)

__all__ = ["grad_table", "grad_table_kernel", "grad_table_reference"]

PARALLEL_FROM = 524_288
"""Numbers to add from which two threads win."""

_ROWS = 64
"""Rows that a thread takes at a time: of words sorted by frequency the first 64 are 0.4 of the
work, less than the half that one of two threads has anyway."""

LONG_BLOCK = 1024
"""The same where most rows of a dense gradient are only zeroed: longer blocks are 12 % faster."""

ZERO_PAGES_FROM = 32 << 20
"""Bytes from which the system provides pages of zeros, so that the kernel need not write them."""


def grad_table_reference(ids: np.ndarray, grad_out: np.ndarray, input_dim: int) -> np.ndarray:
    """Reference implementation in NumPy: add, never assign, because an id may occur twice."""
    grad = np.zeros((input_dim, grad_out.shape[1]), grad_out.dtype)
    np.add.at(grad, ids, grad_out)
    return grad


@kernel
def grad_table_kernel(ids, grad_out, skip, grad):
    """Add `grad_out` (N, D) into `grad` (V, D) at the rows `ids` (N,); return how many are bad."""
    bad = 0
    for n in range(ids.size):
        row = ids[n]  # read once: another thread may change the array
        if row < 0 or row >= grad.shape[0]:
            bad += 1
        elif row != skip:
            for d in range(grad.shape[1]):
                grad[row, d] += grad_out[n, d]
    return bad


@kernel
def _blocks_kernel(packed, ends, bits, turn, workers, clear, grad_out, grad):
    """Add `grad_out` (N, D) into `grad` (V, D), one block of 2**bits rows at a time.

    Block b holds `packed[ends[b - 1]:ends[b]]`, row and position of each id in one number, in the
    order of the positions; skipped ids have the row V.

    A free thread takes the next block, so no two threads ever write the same row, and within a
    block the positions are in order: every sum is the same for any number of threads. A block is
    zeroed when it is taken, and is still in the L1 cache when it is added to. Slower designs, with
    figures: benchmarks/README.md.
    """
    for _worker in prange(workers):
        block = next_block(turn)
        while block < ends.size:
            if clear:
                grad[block << bits : min(len(grad), (block + 1) << bits)] = 0
            for s in range(ends[block - 1] if block else 0, ends[block]):
                row, n = packed[s] >> 32, packed[s] & 0xFFFFFFFF
                if row < len(grad):
                    for d in range(grad.shape[1]):
                        grad[row, d] += grad_out[n, d]
            block = next_block(turn)


_blocks_kernel_parallel = compile_parallel(_blocks_kernel)


def grad_table(
    ids: Any,
    grad_out: Any,
    input_dim: int,
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> np.ndarray:
    """Return the dense gradient of a lookup with respect to its table.

    Parameters
    ----------
    ids : array_like of int, any shape, 0 <= id < V
    grad_out : array_like, (*ids.shape, D), float16, float32 or float64
        The gradient of the loss with respect to the looked-up rows.
    input_dim : int
        V.
    padding_idx : int, optional
        The row that is not trained: its gradient is exactly zero.
    scale_grad_by_freq : bool
        Divide the gradient of each row by the count of its id: the mean instead of the sum.

    Returns
    -------
    ndarray, (V, D), the dtype of `grad_out`
        ``grad[i] = sum of grad_out[n] over n with ids[n] == i``; zero for ids that do not occur.
        Summed in the order of the positions: bit-identical for any number of threads.

    Raises
    ------
    IdError
        For ids outside 0..V-1, `padding_idx` among them.
    ShapeError
        Unless ``grad_out.shape == (*ids.shape, D)``.

    Notes
    -----
    float16 is summed in float32 and rounded once.

    Examples
    --------
    >>> grad_table([1, 1, 2], np.array([[0.25], [0.5], [4.0]]), 4).ravel().tolist()
    [0.0, 0.75, 4.0, 0.0]
    >>> grad_table([1, 1, 2], np.array([[0.25], [0.5], [4.0]]), 4, padding_idx=1).ravel().tolist()
    [0.0, 0.0, 4.0, 0.0]
    """
    if check_flag(
        scale_grad_by_freq, "scale_grad_by_freq"
    ):  # the counts come with the sorted form, in O(N) instead of O(V)
        sparse = coalesce(
            ids, grad_out, input_dim, padding_idx=padding_idx, scale_grad_by_freq=True
        )
        return sparse.to_dense()
    ids, grad_out, input_dim = check_lookup_gradient(ids, grad_out, input_dim)
    skip = check_padding_idx(padding_idx, input_dim)
    sums = grad_out.astype(np.float32) if grad_out.dtype.char == "e" else grad_out
    shape = (input_dim, grad_out.shape[1])
    check_table_bytes(*shape, sums.dtype, "input_dim")
    count_kernel_call("gradient")
    flat = ids.reshape(-1)
    if sums.size >= PARALLEL_FROM and num_threads() > 1 and fits_in_64_bits(ids, input_dim):
        grad, bad = _grad_in_blocks(flat, sums, input_dim, skip)
    else:
        grad = np.zeros(shape, sums.dtype)
        bad = grad_table_kernel(flat, sums, skip, grad)
    if bad:
        raise out_of_range_error(ids, input_dim)
    return grad.astype(grad_out.dtype, copy=False)


def _grad_in_blocks(
    ids: np.ndarray, sums: np.ndarray, input_dim: int, skip: int
) -> tuple[np.ndarray, int]:
    n, columns = sums.shape
    bits = (
        block_size(input_dim, num_threads(), LONG_BLOCK if n <= input_dim else _ROWS).bit_length()
        - 1
    )
    packed, ends, bad = bucket_by_row_block(ids, input_dim, skip, bits, num_threads())
    clear = input_dim * columns * sums.itemsize < ZERO_PAGES_FROM
    grad = (np.empty if clear else np.zeros)((input_dim, columns), sums.dtype)
    if not bad:
        turn = np.zeros(1, np.int64)
        _blocks_kernel_parallel(packed, ends, bits, turn, num_threads(), clear, sums, grad)
    return grad, bad
