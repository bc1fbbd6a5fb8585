"""Read-only copies of arrays."""

from typing import Any

import numpy as np

__all__ = ["readonly_copy"]


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
