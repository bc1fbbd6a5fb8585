"""Padding masks, and the recurrent states that masked steps keep."""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_array, as_floats, message, short_repr
from embedlab.core.ids import as_ids
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange

__all__ = [
    "as_mask",
    "grad_keep_masked_state",
    "grad_keep_masked_state_kernel",
    "grad_keep_masked_state_reference",
    "keep_masked_state",
    "keep_masked_state_kernel",
    "keep_masked_state_reference",
    "padding_mask",
]

PARALLEL_FROM = 131_072
"""Numbers from which two threads win."""


def padding_mask(ids: Any, padding_id: int = 0) -> np.ndarray:
    """Return the mask of some ids: True where there is a word, False where there is padding.

    Parameters
    ----------
    ids : array_like of any shape, integer
    padding_id : int
        0 in Keras, where ``mask_zero`` reserves it.

    Returns
    -------
    ndarray of bool, the shape of `ids`
        ``ids != padding_id``. It neither zeroes nor freezes the row of the padding.

    Raises
    ------
    IdTypeError, IdError, ShapeError
        For ids that are no whole numbers.

    Notes
    -----
    Source: ``compute_mask`` of ``keras.layers.Embedding``.

    Examples
    --------
    >>> padding_mask([[7, 2, 0], [5, 0, 0]]).tolist()
    [[True, True, False], [True, False, False]]
    """
    ids, padding = as_ids(ids), as_ids(padding_id)
    if padding.ndim:
        raise ShapeError(
            message("padding_id must be one id", short_repr(padding), "Pass one number")
        )
    return ids != padding


def as_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return `mask` as a C-contiguous array of bool; refuse another shape or dtype.

    Examples
    --------
    >>> as_mask([1, 0], (2,))
    Traceback (most recent call last):
    embedlab.core.checks.DtypeError: mask must hold True and False. Received int64. \
Cast it with mask.astype(bool).
    """
    array = as_array(mask, "mask")
    if array.dtype != bool:
        raise DtypeError(
            f"mask must hold True and False. Received {array.dtype}. "
            "Cast it with mask.astype(bool)."
        )
    if array.shape != shape:
        raise ShapeError(
            f"mask must have shape {shape}. Received {array.shape}. Make it of the same ids: "
            "padding_mask(ids)."
        )
    return array


def keep_masked_state_reference(mask: np.ndarray, new: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: the new state at words, the old one at padding."""
    return np.where(mask[:, None], new, state)


@kernel
def keep_masked_state_kernel(mask, new, state, out):
    """Write into `out` (B, D) the row of `new` where `mask` (B,) is true, else that of `state`."""
    for b in prange(mask.size):
        if mask[b]:
            for d in range(out.shape[1]):
                out[b, d] = new[b, d]
        else:
            for d in range(out.shape[1]):
                out[b, d] = state[b, d]


keep_masked_state_kernel_parallel = compile_parallel(keep_masked_state_kernel)


def keep_masked_state(mask: Any, new: Any, state: Any) -> np.ndarray:
    """Return the state after one recurrent step of a batch, unchanged where there is padding.

    Parameters
    ----------
    mask : array_like of bool, (B,)
        Of this time step: True where there is a word.
    new : array_like, (B, ..., D), float16, float32 or float64
        What the cell has computed for every sequence.
    state : array_like, the shape and dtype of `new`
        The state before the step.

    Returns
    -------
    ndarray, the shape and dtype of `new`
        ``new`` where the mask is true, else ``state``, bit for bit: a NaN that the cell computed
        from padding does not spread. For an LSTM call it for each of its two states.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    Source: ``keras.layers.RNN`` with a mask. The output of a masked step is the output before it,
    ``keep_masked_state(mask, output, last_output)``. Before the first word there is no output yet:
    our layers then return the initial state, as Keras does on JAX; on PyTorch it returns zeros.

    Examples
    --------
    >>> new, old = np.array([[1.0], [2.0]]), np.array([[7.0], [8.0]])
    >>> keep_masked_state([True, False], new, old).ravel().tolist()
    [1.0, 8.0]
    """
    new, state = as_floats(new, "new"), as_floats(state, "state")
    if new.ndim < 1 or new.shape != state.shape:
        raise ShapeError(
            f"new and state must have one shape (B, ...). Received {new.shape} and {state.shape}. "
            "Pass the states before and after one step."
        )
    if new.dtype != state.dtype:
        raise DtypeError(
            f"new and state must have one dtype. Received {new.dtype} and {state.dtype}. "
            "Cast one of them."
        )
    mask = as_mask(mask, new.shape[:1])
    out = np.empty_like(new)
    _run(keep_masked_state_kernel, keep_masked_state_kernel_parallel, mask, new, state, out)
    return out


def grad_keep_masked_state_reference(
    mask: np.ndarray, grad_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation in NumPy: the gradient goes to the state that was used."""
    chosen = mask[:, None]
    return np.where(chosen, grad_out, 0), np.where(chosen, 0, grad_out)


@kernel
def grad_keep_masked_state_kernel(mask, grad_out, grad_new, grad_state):
    """Write each row of `grad_out` (B, D) into one of the two, and zeros into the other."""
    for b in prange(mask.size):
        for d in range(grad_out.shape[1]):
            if mask[b]:
                grad_new[b, d], grad_state[b, d] = grad_out[b, d], 0
            else:
                grad_new[b, d], grad_state[b, d] = 0, grad_out[b, d]


grad_keep_masked_state_kernel_parallel = compile_parallel(grad_keep_masked_state_kernel)


def grad_keep_masked_state(mask: Any, grad_out: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of `keep_masked_state`; a masked step passes all to the old state.

    Parameters
    ----------
    mask : array_like of bool, (B,)
    grad_out : array_like, (B, ..., D), float16, float32 or float64

    Returns
    -------
    grad_new, grad_state : ndarray, the shape and dtype of `grad_out`

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Examples
    --------
    >>> new, state = grad_keep_masked_state([True, False], np.array([[1.0], [2.0]]))
    >>> new.ravel().tolist(), state.ravel().tolist()
    ([1.0, 0.0], [0.0, 2.0])
    """
    grad_out = as_floats(grad_out, "grad_out")
    mask = as_mask(mask, grad_out.shape[:1])
    grad_new, grad_state = np.empty_like(grad_out), np.empty_like(grad_out)
    _run(
        grad_keep_masked_state_kernel,
        grad_keep_masked_state_kernel_parallel,
        mask,
        grad_out,
        grad_new,
        grad_state,
    )
    return grad_new, grad_state


def _run(serial: Any, wide: Any, mask: np.ndarray, *arrays: np.ndarray) -> None:
    if arrays[0].dtype.char == "e":  # nothing is computed: float16 is copied as bits
        arrays = tuple(array.view(np.uint16) for array in arrays)
    flat = [array.reshape(mask.size, -1) if array.size else array[:0, None] for array in arrays]
    if flat[0].size:
        (wide if arrays[0].size >= PARALLEL_FROM and num_threads() > 1 else serial)(mask, *flat)
