"""Read-only arrays: copies, unless nothing can change the original."""

import mmap
from typing import Any

import numpy as np

__all__ = ["is_frozen", "is_mapped", "readonly_copy"]


def is_frozen(array: np.ndarray) -> bool:
    """Return whether an array is read-only and owns its numbers, so that it needs no copy.

    >>> array = np.zeros(2)
    >>> is_frozen(array), is_frozen(readonly_copy(array))
    (False, True)
    """
    return not array.flags.writeable and array.flags.owndata


def is_mapped(array: np.ndarray) -> bool:
    """Return whether the numbers of an array lie in a file that is mapped into memory.

    >>> is_mapped(np.zeros(2))
    False
    """
    base: Any = array
    while base is not None and not isinstance(base, (np.memmap, mmap.mmap)):
        base = getattr(base, "base", None)
    return base is not None


def readonly_copy(array: Any, dtype: Any = None) -> np.ndarray:
    """Return a read-only copy of `array`, C-contiguous.

    Parameters
    ----------
    array : array_like
    dtype : optional
        The dtype of the copy; by default that of the array.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> copy = readonly_copy([1, 2])
    >>> copy[0] = 5
    Traceback (most recent call last):
    ValueError: assignment destination is read-only
    """
    copy = np.array(array, dtype, order="C")
    copy.flags.writeable = False
    return copy
