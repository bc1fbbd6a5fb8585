"""Allocation of weights: bytes needed and bytes free, arrays in memory or in a file on disk.

While a model is made from a file, a budget limits the bytes of all its weights together.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from embedlab.core.checks import check_choice

__all__ = [
    "Allocator",
    "MemoryReport",
    "TableMemoryError",
    "allocator_for",
    "available_memory",
    "charge",
    "check_fits",
    "memmap_zeros",
    "weight_budget",
]

Allocator = Callable[[Any, Any], np.ndarray]
"""Makes an array of zeros for a shape and a dtype."""

_GROUP = Path("/sys/fs/cgroup")
_CGROUPS = (  # folder, limit, use, and how the statistics call what the system can take back
    (_GROUP, "memory.max", "memory.current", "inactive_file"),
    (_GROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class TableMemoryError(MemoryError):
    """A table that does not fit, refused before the system would end the process.

    `needed` and `available` are in bytes.
    """

    def __init__(self, message: str, needed: int = 0, available: int = 0):
        super().__init__(message)
        self.needed = needed
        self.available = available


class MemoryReport:
    """The bytes of a table (V, D): at rest, in training, and in smaller forms.

    Attributes
    ----------
    table, gradient : int
        V * D numbers each, of `itemsize` bytes, where the gradient is dense.
    gradient_per_id : int
        The sparse gradient, for each different id of a batch.
    momentum, adam : int
        The slots of an optimizer: one number for each weight (SGD with momentum, RMSprop,
        Adagrad), or two (Adam).
    lora : int
        A (V, R) and B (R, D) in float32.
    int8, int4 : int
        The table in codes, one scale a row.

    Examples
    --------
    >>> report = MemoryReport(1000, 64, 4)
    >>> report.table, report.adam, report.int8
    (256000, 512000, 68000)
    """

    def __init__(self, input_dim: int, output_dim: int, itemsize: int, lora_rank: int = 8):
        self.input_dim, self.output_dim, self.lora_rank = input_dim, output_dim, lora_rank
        self.table = self.gradient = self.momentum = input_dim * output_dim * itemsize
        self.gradient_per_id = output_dim * itemsize + 8
        self.adam = 2 * self.table
        self.lora = 4 * lora_rank * (input_dim + output_dim)
        self.int8 = input_dim * (output_dim + 4)
        self.int4 = input_dim * (-(-output_dim // 2) + 4)

    def __repr__(self) -> str:
        sizes = {
            "table": self.table,
            "dense gradient": self.gradient,
            "sparse gradient, each id": self.gradient_per_id,
            "momentum, RMSprop, Adagrad": self.momentum,
            "Adam": self.adam,
            f"LoRA, rank {self.lora_rank}": self.lora,
            "int8": self.int8,
            "int4": self.int4,
        }
        lines = [f"A table of {self.input_dim:,} rows and {self.output_dim:,} columns"]
        lines += [f"  {label:<28}{_in_words(size):>12}" for label, size in sizes.items()]
        return "\n".join(lines)


def _in_words(nbytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:,.1f} PB"


# Places ---------------------------------------------------------------------------------------


def allocator_for(placement: str) -> Allocator:
    """Return the function that allocates arrays of zeros in "memory" or on "disk"."""
    check_choice(placement, "placement", ("memory", "disk"))
    return np.zeros if placement == "memory" else memmap_zeros


def memmap_zeros(shape: Any, dtype: Any) -> np.ndarray:
    """Return an array of zeros that lies in a file without a name.

    The file is in the folder for temporary files (set ``TMPDIR`` to choose a disk with space), and
    it goes with the array, even when the process is killed. Pages that nobody has written take no
    place, and pages in memory can be given back at any time.

    >>> table = memmap_zeros((3, 2), "float32")
    >>> table[1] = 7
    >>> table.tolist()
    [[0.0, 0.0], [7.0, 7.0], [0.0, 0.0]]
    """
    nbytes = _nbytes(shape, dtype)
    if not nbytes:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(prefix="embedlab-") as file:
        file.truncate(nbytes)
        return np.asarray(np.memmap(file, dtype, "r+", shape=tuple(shape)))


def _nbytes(shape: Any, dtype: Any) -> int:
    nbytes = int(np.dtype(dtype).itemsize)
    for length in shape:
        nbytes *= int(length)  # of Python, which does not overflow
    return nbytes


# Limits ---------------------------------------------------------------------------------------


def check_fits(placement: str, shape: tuple[int, int], dtype: Any) -> None:
    """Raise TableMemoryError when a table (V, D) does not fit where it is wanted.

    A full disk would end the process at the first write, so it is asked before.

    >>> check_fits("disk", (1 << 50, 64), "float32")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.layers.allocation.TableMemoryError: a table (V, D) = (1125899906842624, 64) must fit \
on the disk of the temporary folder: it needs 288.2 PB. Received ... free. Set TMPDIR to a folder \
on a larger disk, or lower input_dim.
    """
    available: int | None
    if placement == "memory":
        available, place = available_memory(), "into memory"
        free = "free (out of memory). Lower input_dim or output_dim, or use dtype='float16'; "
        free += "memory_report() shows the figures."
    else:
        available = shutil.disk_usage(tempfile.gettempdir()).free
        place = "on the disk of the temporary folder"
        free = "free. Set TMPDIR to a folder on a larger disk, or lower input_dim."
    needed = _nbytes(shape, dtype)
    if available is not None and needed > available:
        raise TableMemoryError(
            f"a table (V, D) = {shape} must fit {place}: it needs {_in_words(needed)}. "
            f"Received {_in_words(available)} {free}",
            needed,
            available,
        )


def available_memory() -> int | None:
    """Return the bytes left on the machine and in its container; None where no system says."""
    limits = [_free_memory(), *(_left_in_group(*group) for group in _CGROUPS)]
    return min((size for size in limits if size is not None), default=None)


def _free_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvail"))
    except (OSError, ValueError, IndexError, StopIteration):
        pass
    try:  # macOS: all there is, since it does not say what is free
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _left_in_group(group: Path, limit: str, used: str, reclaimable: str) -> int | None:
    try:
        most = int((group / limit).read_text(encoding="ascii"))  # "max" means no limit
        used_bytes = int((group / used).read_text(encoding="ascii"))
        for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
            if line.split()[:1] == [reclaimable]:
                used_bytes -= int(line.split()[1])  # files read before: given back when asked for
    except (OSError, ValueError, IndexError):
        return None
    return max(most - used_bytes, 1)


# A budget for files ---------------------------------------------------------------------------

_left: ContextVar[list[int] | None] = ContextVar("weight_budget", default=None)


@contextmanager
def weight_budget(nbytes: int) -> Iterator[None]:
    """Limit the weights made inside to `nbytes` bytes: a model may not outgrow its file.

    >>> with weight_budget(100):
    ...     charge((5, 5), "float32", "a table")
    ...     charge((1,), "float32", "a bias")
    Traceback (most recent call last):
    ValueError: all weights together must fit into what is announced. Received a bias \
of shape (1,) when 0 bytes were left. Compare the sizes in the config with the weights.
    """
    token = _left.set([nbytes])
    try:
        yield
    finally:
        _left.reset(token)


def charge(shape: tuple[int, ...], dtype: Any, what: str) -> None:
    """Subtract the bytes of a weight from the budget, if there is one, before it is made."""
    left = _left.get()
    if left is None:
        return
    needed = _nbytes(shape, dtype)
    if needed > left[0]:
        raise ValueError(
            "all weights together must fit into what is announced. Received "
            f"{what} of shape {tuple(shape)} when {left[0]} bytes were left. "
            "Compare the sizes in the config with the weights."
        )
    left[0] -= needed
