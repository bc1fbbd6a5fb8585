"""Quantized tables: codes, scales and zero points, checked once at construction."""

from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np

from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_array,
    check_choice,
    check_finite,
    check_size,
)

__all__ = ["QuantizedTable"]


def check_block_size(block_size: Any) -> int | None:
    """Return a block size as a plain int; None for whole rows, which Keras writes as -1.

    >>> check_block_size(-1), check_block_size(128)
    (None, 128)
    """
    whole = isinstance(block_size, (int, np.integer)) and block_size == -1
    return None if block_size is None or whole else check_size(block_size, "block_size")


@dataclass(frozen=True, repr=False, eq=False)
class QuantizedTable:
    """Table of integer codes with scales and zero points.

    Attributes
    ----------
    codes : ndarray of int8, (V, D) for 8 bits, (V, ceil(D / 2)) for 4 bits
        Two 4-bit codes a byte, the first in the low nibble.
    scale : ndarray, float32 or float64, finite and > 0
        (V,): one for each row, and a number is ``code / scale``;
        (V, G): one for each block, and a number is ``(code - zero) * scale``.
    zero : ndarray of int8, (V, G), or None without blocks
        The code that means 0.
    output_dim : int
        D.
    bits : {8, 4}
    block_size : int or None
        Numbers in a block; G = ceil(D / block_size).
    checked : bool, only for the constructor
        Whether the numbers were checked before: then only dtypes and shapes are, which costs the
        same for any V (100 000 rows: 3 µs instead of 24).

    Raises
    ------
    ShapeError, DtypeError
        For parts that do not fit each other.
    NotFiniteError, ValueError
        For a scale that is NaN, infinite, zero or negative, and a zero point outside the codes.

    Examples
    --------
    >>> table = QuantizedTable(np.zeros((3, 2), np.int8), np.ones(3, np.float32), None, 4, bits=4)
    >>> table
    QuantizedTable(3 rows of 4 numbers, int4, one scale a row, 18 bytes)
    """

    codes: np.ndarray
    scale: np.ndarray
    zero: np.ndarray | None
    output_dim: int
    bits: int = 8
    block_size: int | None = None
    checked: InitVar[bool] = False
    shape: tuple[int, int] = field(init=False)

    def __post_init__(self, checked: bool) -> None:
        columns = check_size(self.output_dim, "output_dim", least=0)
        check_choice(self.bits, "bits", (8, 4))
        block = check_block_size(self.block_size)
        codes, scale = as_array(self.codes, "codes"), as_array(self.scale, "scale")
        zero = None if self.zero is None else as_array(self.zero, "zero")
        width = columns if self.bits == 8 else (columns + 1) // 2
        if codes.ndim != 2 or codes.shape[1] != width:
            raise ShapeError(
                f"codes must have shape (V, {width}) for output_dim={columns} at {self.bits} bits. "
                f"Received {codes.shape}. Quantize the table again."
            )
        groups = (len(codes),) if block is None else (len(codes), -(-columns // block))
        _check_shapes(groups, scale, zero, block)
        _check_dtypes(codes, scale, zero)
        if not checked:
            _check_numbers(scale, zero, self.bits)
        for name, value in (
            ("codes", codes),
            ("scale", scale),
            ("zero", zero),
            ("output_dim", columns),
            ("block_size", block),
            ("shape", (len(codes), columns)),
        ):
            object.__setattr__(self, name, value)

    @property
    def step(self) -> np.ndarray:
        """The distance between neighboring numbers, (V,) or (V, G)."""
        return 1 / self.scale if self.zero is None else self.scale

    @property
    def nbytes(self) -> int:
        """The number of bytes of codes, scales and zero points."""
        zero = 0 if self.zero is None else self.zero.nbytes
        return int(self.codes.nbytes + self.scale.nbytes + zero)

    def __repr__(self) -> str:
        each = "one scale a row" if self.zero is None else f"blocks of {self.block_size}"
        return (
            f"QuantizedTable({self.shape[0]} rows of {self.shape[1]} numbers, int{self.bits}, "
            f"{each}, {self.nbytes} bytes)"
        )


def _check_shapes(
    groups: tuple[int, ...], scale: np.ndarray, zero: np.ndarray | None, block: int | None
) -> None:
    if scale.shape != groups:
        raise ShapeError(
            f"scale must have shape {groups}. Received {scale.shape}. Quantize the table again."
        )
    if (zero is None) != (block is None) or (zero is not None and zero.shape != groups):
        expected = "None without blocks" if block is None else f"an array of shape {groups}"
        received = None if zero is None else zero.shape
        raise ShapeError(f"zero must be {expected}. Received {received}. Quantize the table again.")


def _check_dtypes(codes: np.ndarray, scale: np.ndarray, zero: np.ndarray | None) -> None:
    for array, name in ((codes, "codes"), (zero, "zero")):
        if array is not None and array.dtype != np.int8:
            raise DtypeError(
                f"{name} must be int8. Received {array.dtype}. Quantize the table again."
            )
    if scale.dtype.char not in "fd" or not scale.dtype.isnative:
        raise DtypeError(
            f"scale must be float32 or float64. Received {scale.dtype.str}. "
            "Cast it with scale.astype('float32')."
        )


def _check_numbers(scale: np.ndarray, zero: np.ndarray | None, bits: int) -> None:
    check_finite(scale, "scale", "Quantize the table again.")
    if scale.size and scale.min() <= 0:
        raise ValueError(
            f"scale must be positive. Received {scale.min()}. Quantize the table again."
        )
    if bits == 4 and zero is not None and zero.size and not -8 <= zero.min() <= zero.max() <= 7:
        raise ValueError(
            f"zero must lie in -8..7 at 4 bits. Received {zero.min()}..{zero.max()}. "
            "Quantize the table again."
        )
