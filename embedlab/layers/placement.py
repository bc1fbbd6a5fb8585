"""Placement of a table: in memory, or in a file that the system maps into memory page by page."""

import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.layers.memory_report import TableMemoryError, check_fits_in_memory

__all__ = ["Allocator", "allocator_for", "check_fits", "check_placement", "memmap_zeros"]

Allocator = Callable[[Any, Any], np.ndarray]
"""Makes an array of zeros for a shape and a dtype."""

_PLACEMENTS = ("memory", "disk")


def check_placement(value: Any) -> str:
    """Return "memory" or "disk", refusing anything else.

    >>> check_placement("tape")
    Traceback (most recent call last):
    ValueError: placement must be "memory" or "disk". Received 'tape'. Choose "disk" for a table \
larger than memory.
    """
    if value not in _PLACEMENTS:
        raise ValueError(
            f'placement must be "memory" or "disk". Received {value!r:.40}. '
            'Choose "disk" for a table larger than memory.'
        )
    return str(value)


def allocator_for(placement: str) -> Allocator:
    """Return the function that allocates arrays of zeros in a place."""
    return np.zeros if placement == "memory" else memmap_zeros


def memmap_zeros(shape: Any, dtype: Any) -> np.ndarray:
    """Return an array of zeros that lies in a file without a name.

    The file is in the folder for temporary files (set ``TMPDIR`` to choose a disk with space), and
    it goes with the array, even when the process is killed. Pages that nobody has written take no
    place, and pages in memory can be given back at any time.

    Examples
    --------
    >>> table = memmap_zeros((3, 2), "float32")
    >>> table[1] = 7
    >>> table.tolist()
    [[0.0, 0.0], [7.0, 7.0], [0.0, 0.0]]
    """
    kind, total = np.dtype(dtype), 1
    for length in shape:
        total *= int(length)
    if not total:
        return np.zeros(shape, kind)
    with tempfile.TemporaryFile(prefix="embedlab-") as file:
        file.truncate(total * kind.itemsize)
        return np.asarray(np.memmap(file, kind, "r+", shape=tuple(shape)))


def check_fits(placement: str, nbytes: int, what: str) -> None:
    """Raise TableMemoryError when `nbytes` do not fit where they are wanted.

    A full disk would end the process at the first write, so it is asked before.

    >>> check_fits("disk", 1 << 60, "a table (V, D) = (1, 1)")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.layers.memory_report.TableMemoryError: a table (V, D) = (1, 1) must fit on the disk...
    """
    if placement == "memory":
        check_fits_in_memory(nbytes, what)
        return
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if nbytes > free:
        raise TableMemoryError(
            f"{what} must fit on the disk of the temporary folder. Received {free:,} bytes free "
            f"for {nbytes:,}. Set TMPDIR to a folder on a larger disk, or lower input_dim.",
            nbytes,
            free,
        )
