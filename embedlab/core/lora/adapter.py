"""LoRA adapters: a low-rank update ``scale * a @ b`` of a whole table, kept as two factors."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_array,
    check_flag,
    check_number,
    check_size,
    message,
    short_repr,
)
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange, prefetch

__all__ = [
    "Adapter",
    "add_adapter",
    "add_adapter_kernel",
    "add_adapter_reference",
    "as_adapter",
    "as_adapters",
    "lora_scale",
]

PARALLEL_FROM = 262_144
"""Multiplications (N * D * (R + 4)) from which two threads win: about 20 µs of one thread."""

_LARGEST = float(np.finfo(np.float32).max)


class Adapter(NamedTuple):
    """Low-rank update of a whole table, ``scale * a @ b``.

    Attributes
    ----------
    a : ndarray, (V, R), float32 or float64
        R numbers for each row.
    b : ndarray, (R, D), the dtype of `a`
        Shared by all rows.
    scale : float
        alpha / R, or alpha / sqrt(R): see `lora_scale`.
    """

    a: np.ndarray
    b: np.ndarray
    scale: float = 1.0


def lora_scale(rank: int, alpha: float | None = None, *, rslora: bool = False) -> float:
    """Return the factor before ``a @ b``: alpha / rank, or alpha / sqrt(rank) when rank-stabilized.

    Parameters
    ----------
    rank : int
        R >= 1.
    alpha : float, optional
        None means `rank`, as in Keras: the plain factor is then 1.
    rslora : bool
        Rank-stabilized: the size of the update does not depend on the rank.

    Raises
    ------
    ValueError
        For a rank below 1 or an alpha that is no finite number.

    References
    ----------
    Hu et al. 2021, "LoRA", section 4.1; Kalajdzievski 2023, "A Rank Stabilization Scaling Factor
    for Fine-Tuning with LoRA", theorem 3.2.

    Examples
    --------
    >>> lora_scale(4, 8.0), lora_scale(4, 8.0, rslora=True), lora_scale(4)
    (2.0, 4.0, 1.0)
    """
    rank = check_size(rank, "rank")
    alpha = float(rank) if alpha is None else check_number(alpha, "alpha")
    return alpha / (rank**0.5 if check_flag(rslora, "rslora") else rank)


def as_adapter(adapter: Any, *, shape: tuple[int, int] | None = None) -> Adapter:
    """Return `adapter` as an `Adapter` whose parts fit each other, without a copy.

    Parameters
    ----------
    adapter : Adapter, or (a, b, scale)
    shape : (V, D), optional
        The shape of the table that it is for.

    Raises
    ------
    ShapeError
        Unless a is (V, R), b is (R, D) and R >= 1.
    DtypeError
        Unless both hold float32, or both float64.
    ValueError
        For a scale that is no finite number, and for anything but three parts.

    Examples
    --------
    >>> as_adapter((np.zeros((5, 2)), np.zeros((2, 3)), 1.0), shape=(4, 3))
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: a and b of an adapter must have shapes (V, R) = (4, R) and \
(R, D) = (R, 3), R >= 1. Received (5, 2) and (2, 3). Build them for this table.
    """
    try:
        a, b, scale = adapter
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"an adapter must have three parts (a, b, scale). Received {type(adapter).__name__}. "
            "Build it with Adapter(a, b, lora_scale(rank, alpha))."
        ) from error
    a, b = as_array(a, "a", "K"), as_array(b, "b", "K")
    if a.dtype.char not in "fd" or a.dtype != b.dtype or not a.dtype.isnative:
        raise DtypeError(
            "a and b of an adapter must both hold float32, or both float64. "
            f"Received {a.dtype.str} and {b.dtype.str}. Cast them with .astype('float32')."
        )
    try:
        rows, columns = ("V", "D") if shape is None else shape
    except (TypeError, ValueError):
        must, do = "shape must be that of a table, (V, D)", "Pass table.shape"
        raise ShapeError(message(must, short_repr(shape), do)) from None
    fits = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] >= 1
    if not fits or (shape is not None and (len(a), b.shape[1]) != (rows, columns)):
        raise ShapeError(
            f"a and b of an adapter must have shapes (V, R) = ({rows}, R) and (R, D) = "
            f"(R, {columns}), R >= 1. Received {a.shape} and {b.shape}. Build them for this table."
        )
    scale = check_number(scale, "scale")
    if abs(scale) > _LARGEST:
        raise ValueError(
            f"scale must fit into float32. Received {scale!r}. Choose a smaller alpha."
        )
    return Adapter(a, b, scale)


def as_adapters(adapters: Any, *, shape: tuple[int, int] | None = None) -> list[Adapter]:
    """Return a sequence of adapters as a list of `Adapter`, each checked by `as_adapter`.

    Examples
    --------
    >>> as_adapters(None)
    Traceback (most recent call last):
    TypeError: adapters must be a list of Adapter. Received None. Pass [] for none at all.
    """
    if not isinstance(adapters, Iterable) or getattr(adapters, "ndim", 1) == 0:
        raise TypeError(
            f"adapters must be a list of Adapter. Received {short_repr(adapters)}. "
            "Pass [] for none at all."
        )
    return [as_adapter(adapter, shape=shape) for adapter in adapters]


def add_adapter_reference(
    rows: np.ndarray, ids: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float
) -> None:
    """Reference implementation in NumPy: add to each looked-up row its LoRA update, in place."""
    rows += scale * (a[ids] @ b)


@kernel
def add_adapter_kernel(ids, a, b, scale, out):
    """Add to each row of `out` (N, D) the LoRA update of its id; an id out of range adds nothing.

    Returns how many are out of range.
    """
    outside = 0
    rank, width = b.shape
    for n in prange(ids.size):
        row = ids[n]
        prefetch(a, ids[min(n + 8, ids.size - 1)], 0)
        if row < 0 or row >= a.shape[0]:
            outside += 1
            continue
        for r in range(0, rank - 3, 4):
            w0, w1 = scale * a[row, r], scale * a[row, r + 1]
            w2, w3 = scale * a[row, r + 2], scale * a[row, r + 3]
            for d in range(width):
                step = (w0 * b[r, d] + w1 * b[r + 1, d]) + (w2 * b[r + 2, d] + w3 * b[r + 3, d])
                out[n, d] += step
        for r in range(rank - rank % 4, rank):
            w0 = scale * a[row, r]
            for d in range(width):
                out[n, d] += w0 * b[r, d]
    return outside


add_adapter_kernel_parallel = compile_parallel(add_adapter_kernel)


def add_adapter(
    rows: np.ndarray, ids: Any, adapter: Adapter, *, skip_outside: bool = False
) -> None:
    """Add to each looked-up row the update of one adapter, in place.

    Parameters
    ----------
    rows : ndarray, (*ids.shape, D), float32 or float64, C-contiguous and writable
        Changed: ``rows += scale * a[ids] @ b``. Bit-identical for any number of threads.
    ids : array_like of any shape, integer
        0 <= id < V.
    adapter : Adapter, or (a, b, scale)
    skip_outside : bool
        Leave a row unchanged whose id is out of range, instead of raising.

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, ValueError
        For ids outside, and for arrays that do not fit; nothing is added then.

    Examples
    --------
    >>> rows = np.zeros((2, 2))
    >>> add_adapter(rows, [1, 0], Adapter(np.array([[1.0], [2.0]]), np.array([[1.0, 3.0]]), 0.5))
    >>> rows.tolist()
    [[1.0, 3.0], [0.5, 1.5]]
    """
    a, b, scale = as_adapter(adapter)
    ids = as_ids(ids)
    expected = (*ids.shape, b.shape[1])
    if not isinstance(rows, np.ndarray) or rows.shape != expected or rows.dtype.char not in "fd":
        raise ShapeError(
            f"rows must be a float32 or float64 array of shape (*ids.shape, D) = {expected}. "
            f"Received {getattr(rows, 'dtype', type(rows).__name__)} {getattr(rows, 'shape', '')}. "
            "Look them up with the same ids."
        )
    if not (rows.flags.writeable and rows.flags.c_contiguous and rows.dtype.isnative):
        raise ValueError(
            "rows must be writable and C-contiguous. Received an array that is not. Copy it first."
        )
    if (
        not check_flag(skip_outside, "skip_outside")
        and ids.size
        and not 0 <= int(ids.min()) <= int(ids.max()) < len(a)
    ):
        raise out_of_range_error(ids, len(a))
    wide = rows.size * (len(b) + 4) >= PARALLEL_FROM and num_threads() > 1
    run = add_adapter_kernel_parallel if wide else add_adapter_kernel
    flat = rows.reshape(ids.size, b.shape[1])
    run(ids.reshape(-1), a, b, rows.dtype.type(scale), flat)
