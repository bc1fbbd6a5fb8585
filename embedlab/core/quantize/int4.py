"""Packing of two 4-bit codes into one byte, the first in the low nibble; lookups unpack inline."""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_array, check_size
from embedlab.core.jit import kernel, prange

__all__ = [
    "pack_int4",
    "pack_int4_kernel",
    "pack_int4_reference",
    "unpack_int4",
    "unpack_int4_kernel",
    "unpack_int4_reference",
]


def pack_int4_reference(codes: np.ndarray) -> np.ndarray:
    """Reference implementation in NumPy: pad an odd row, then low nibble | high nibble << 4."""
    even = np.pad(codes, ((0, 0), (0, codes.shape[1] % 2)))
    return (even[:, 0::2] & 15) | (even[:, 1::2] << 4)


@kernel
def pack_int4_kernel(codes, packed):
    """Write the pairs of `codes` (N, D), each -8..7, into `packed` (N, ceil(D / 2)).

    Returns how many codes do not fit into four bits.
    """
    width = codes.shape[1]
    wrong = 0
    for n in prange(codes.shape[0]):
        for d in range(width):
            wrong += codes[n, d] < -8 or codes[n, d] > 7
        for d in range(width // 2):
            packed[n, d] = (codes[n, 2 * d] & 15) | (codes[n, 2 * d + 1] << 4)
        if width % 2:
            packed[n, width // 2] = codes[n, width - 1] & 15
    return wrong


def pack_int4(codes: Any) -> np.ndarray:
    """Pack 4-bit codes two to a byte, along the last axis.

    Parameters
    ----------
    codes : array_like, (..., D), int8, each -8..7

    Returns
    -------
    ndarray of int8, (..., ceil(D / 2))
        The first of a pair in the low four bits; after an odd row four bits of 0.

    Raises
    ------
    DtypeError
        Unless they are int8.
    ShapeError
        For a scalar.
    ValueError
        For a code outside -8..7.

    Notes
    -----
    The same bytes as ``keras.quantizers.pack_int4(codes, axis=-1)``.

    Examples
    --------
    >>> pack_int4(np.array([1, -1, 7], np.int8)).tolist()
    [-15, 7]
    """
    codes = _as_codes(codes, "codes")
    flat = codes.reshape(-1, codes.shape[-1]) if codes.size else codes.reshape(0, codes.shape[-1])
    packed = np.empty((*codes.shape[:-1], (codes.shape[-1] + 1) // 2), np.int8)
    if pack_int4_kernel(flat, packed.reshape(len(flat), packed.shape[-1])):
        wrong = (codes < -8) | (codes > 7)
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"codes must lie in -8..7 to fit into four bits. Received {codes[at]} at {list(at)}. "
            "Quantize to 4 bits first."
        )
    return packed


def unpack_int4_reference(packed: np.ndarray, output_dim: int) -> np.ndarray:
    """Reference implementation in NumPy: shift left and back for the sign, then interleave."""
    nibbles = np.stack([(packed << 4) >> 4, packed >> 4], axis=-1)
    return nibbles.reshape(len(packed), -1)[:, :output_dim]


@kernel
def unpack_int4_kernel(packed, codes):
    """Write the codes of `packed` (N, ceil(D / 2)) into `codes` (N, D)."""
    width = codes.shape[1]
    for n in prange(codes.shape[0]):
        for d in range(width // 2):
            codes[n, 2 * d] = np.int8(packed[n, d] << 4) >> 4
            codes[n, 2 * d + 1] = packed[n, d] >> 4
        if width % 2:
            codes[n, width - 1] = np.int8(packed[n, width // 2] << 4) >> 4


def unpack_int4(packed: Any, output_dim: int) -> np.ndarray:
    """Unpack 4-bit codes into one byte each.

    Parameters
    ----------
    packed : array_like, (..., ceil(D / 2)), int8
    output_dim : int
        D: it decides whether the last four bits of a row are a code or padding.

    Returns
    -------
    ndarray of int8, (..., D), each -8..7

    Raises
    ------
    DtypeError, ShapeError, ValueError
        Unless the bytes are int8 and their number is ceil(D / 2).

    Examples
    --------
    >>> unpack_int4(np.array([-15, 7], np.int8), 3).tolist()
    [1, -1, 7]
    """
    packed = _as_codes(packed, "packed")
    output_dim = check_size(output_dim, "output_dim", least=0)
    if packed.shape[-1] != (output_dim + 1) // 2:
        raise ShapeError(
            f"packed must have {(output_dim + 1) // 2} bytes a row for output_dim={output_dim}. "
            f"Received {packed.shape[-1]}. Pass the output_dim that it was packed from."
        )
    codes = np.empty((*packed.shape[:-1], output_dim), np.int8)
    rows = int(np.prod(packed.shape[:-1]))
    unpack_int4_kernel(packed.reshape(rows, packed.shape[-1]), codes.reshape(rows, output_dim))
    return codes


def _as_codes(codes: Any, name: str) -> np.ndarray:
    codes = as_array(codes, name)
    if codes.dtype != np.int8:
        raise DtypeError(
            f"{name} must be int8. Received {codes.dtype}. Cast it with {name}.astype('int8')."
        )
    if codes.ndim == 0:
        raise ShapeError(f"{name} must have at least one axis. Received a scalar. Wrap it: [x].")
    return codes
