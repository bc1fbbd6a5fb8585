"""Allocation of weights: bytes needed and bytes free, arrays in memory or in a file on disk."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.checks import check_choice, message
from embedlab.layers.memory import available_memory, in_words

__all__ = [
    *("Allocator", "TableMemoryError", "allocator_for", "check_fits", "memmap_zeros"),
    "nbytes_of",
]

Allocator = Callable[[Any, Any], np.ndarray]
"""Makes an array of zeros for a shape and a dtype."""


class TableMemoryError(MemoryError):
    """A table that does not fit, refused before the system would end the process.

    `needed` and `available` are in bytes.
    """

    def __init__(self, message: str, needed: int = 0, available: int = 0):
        super().__init__(message)
        self.needed = needed
        self.available = available


def allocator_for(placement: str) -> Allocator:
    """Return the function that allocates arrays of zeros in "memory" or on "disk"."""
    check_choice(placement, "placement", ("memory", "disk"))
    return np.zeros if placement == "memory" else memmap_zeros


def memmap_zeros(shape: Any, dtype: Any) -> np.ndarray:
    """Return an array of zeros that lies in a file without a name.

    The file is in the folder for temporary files (set ``TMPDIR`` to choose a disk with space), and
    it goes with the array, even when the process is killed. Its space on the disk is reserved: a
    disk that fills later would end the process at a write. Pages in memory can be given back at any
    time.

    >>> table = memmap_zeros((3, 2), "float32")
    >>> table[1] = 7
    >>> table.tolist()
    [[0.0, 0.0], [7.0, 7.0], [0.0, 0.0]]
    """
    nbytes = nbytes_of(shape, dtype)
    if not nbytes:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(prefix="embedlab-") as file:
        try:
            file.truncate(nbytes)
            os.posix_fallocate(file.fileno(), 0, nbytes)
        except AttributeError:  # macOS, Windows
            pass
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                must = f"the temporary folder must have space for {in_words(nbytes)}"
                raise TableMemoryError(
                    message(must, error.strerror, "Set TMPDIR to a folder on a larger disk"), nbytes
                ) from None
        return np.asarray(np.memmap(file, dtype, "r+", shape=tuple(shape)))


def nbytes_of(shape: Any, dtype: Any) -> int:
    """Return the bytes of an array, as a number of Python, which does not overflow."""
    nbytes = int(np.dtype(dtype).itemsize)
    for length in shape:
        nbytes *= int(length)
    return nbytes


def check_fits(placement: str, shape: tuple[int, int], dtype: Any) -> None:
    """Raise TableMemoryError when a table (V, D) does not fit where it is wanted.

    A full disk ends the process at the first write: it is asked before. Below 1 MB, memory is not.

    >>> check_fits("disk", (1 << 50, 64), "float32")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.layers.allocation.TableMemoryError: a table (V, D) = (1125899906842624, 64) must fit \
on the disk of the temporary folder: it needs 288.2 PB. Received ... free. Set TMPDIR to a folder \
on a larger disk, or lower input_dim.
    """
    needed = nbytes_of(shape, dtype)
    available, place = available_memory() if needed >> 20 else None, "into memory"
    do = "Lower input_dim or output_dim, or use dtype='float16'; memory_report() shows the figures"
    if placement == "disk":
        available = shutil.disk_usage(tempfile.gettempdir()).free
        place = "on the disk of the temporary folder"
        do = "Set TMPDIR to a folder on a larger disk, or lower input_dim"
    if available is not None and needed > available:
        must = f"a table (V, D) = {shape} must fit {place}: it needs {in_words(needed)}"
        received = f"{in_words(available)} free" + " (out of memory)" * (placement == "memory")
        raise TableMemoryError(message(must, received, do), needed, available)
