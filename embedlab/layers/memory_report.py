"""Memory report: the bytes of a table, computed before any is allocated."""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MemoryReport", "TableMemoryError", "available_memory", "check_fits_in_memory"]

_CGROUPS = (  # folder, limit, use, and how the statistics call what the system can take back
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


class TableMemoryError(MemoryError):
    """A table that does not fit, refused before the system would end the process.

    Attributes
    ----------
    needed, available : int
        Bytes.
    """

    def __init__(self, message: str, needed: int = 0, available: int = 0):
        super().__init__(message)
        self.needed = needed
        self.available = available


@dataclass(frozen=True, repr=False)
class MemoryReport:
    """The bytes of a table (V, D): at rest, in training, and in smaller forms.

    Attributes
    ----------
    table : int
        V * D numbers.
    gradient : int
        The dense gradient: as large as the table.
    gradient_per_id : int
        The sparse gradient, for each different id of a batch.
    momentum, adam : int
        The slots of an optimizer: one number for each weight (SGD with momentum, RMSprop,
        Adagrad), or two (Adam).
    lora : int
        A (V, R) and B (R, D) in float32.
    int8, int4 : int
        The table in codes, one scale a row.
    available : int or None
        The bytes that the system can still allocate.

    Examples
    --------
    >>> report = MemoryReport.of(1000, 64, 4)
    >>> report.table, report.adam, report.int8
    (256000, 512000, 68000)
    """

    input_dim: int
    output_dim: int
    table: int
    gradient: int
    gradient_per_id: int
    momentum: int
    adam: int
    lora_rank: int
    lora: int
    int8: int
    int4: int
    available: int | None

    @classmethod
    def of(
        cls, input_dim: int, output_dim: int, itemsize: int, lora_rank: int = 8
    ) -> "MemoryReport":
        """Return the report for V = `input_dim`, D = `output_dim` and numbers of `itemsize`
        bytes."""
        table = input_dim * output_dim * itemsize
        return cls(
            input_dim=input_dim,
            output_dim=output_dim,
            table=table,
            gradient=table,
            gradient_per_id=output_dim * itemsize + 8,
            momentum=table,
            adam=2 * table,
            lora_rank=lora_rank,
            lora=4 * lora_rank * (input_dim + output_dim),
            int8=input_dim * (output_dim + 4),
            int4=input_dim * (-(-output_dim // 2) + 4),
            available=available_memory(),
        )

    def __repr__(self) -> str:
        lines = [f"A table of {self.input_dim:,} rows and {self.output_dim:,} columns"]
        for label, size in (
            ("table", self.table),
            ("dense gradient", self.gradient),
            ("sparse gradient, each id", self.gradient_per_id),
            ("momentum, RMSprop, Adagrad", self.momentum),
            ("Adam", self.adam),
            (f"LoRA, rank {self.lora_rank}", self.lora),
            ("int8", self.int8),
            ("int4", self.int4),
        ):
            lines.append(f"  {label:<28}{_words(size):>12}")
        return "\n".join(lines)


def available_memory() -> int | None:
    """Return the bytes that this process may still take, or None where the system does not say.

    It is the smaller of what the machine has free and what its container allows.

    >>> free = available_memory()
    >>> free is None or free > 0
    True
    """
    limits = [
        size for size in (_free(), *(_left(*group) for group in _CGROUPS)) if size is not None
    ]
    return min(limits) if limits else None


def check_fits_in_memory(needed: int, what: str) -> None:
    """Raise TableMemoryError when `needed` bytes are more than there are.

    >>> check_fits_in_memory(1 << 60, "a table (V, D) = (1, 1)")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.layers.memory_report.TableMemoryError: a table (V, D) = (1, 1) must fit into memory...
    """
    available = available_memory()
    if available is not None and needed > available:
        raise TableMemoryError(
            f"{what} must fit into memory. It needs {_words(needed)}, Received {_words(available)} "
            "free (out of memory). Lower input_dim or output_dim, or use dtype='float16'; "
            "memory_report() shows the figures.",
            needed,
            available,
        )


def _free() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return None
    except (OSError, ValueError, IndexError):
        pass
    try:  # macOS: all there is, since it does not say what is free
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _left(folder: str, limit: str, used: str, reclaimable: str) -> int | None:
    group = Path(folder)
    try:
        most = int((group / limit).read_text(encoding="ascii"))  # "max" means no limit
        used_bytes = int((group / used).read_text(encoding="ascii"))
        for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
            if line.split()[:1] == [reclaimable]:
                used_bytes -= int(line.split()[1])  # files read before: given back when asked for
    except (OSError, ValueError, IndexError):
        return None
    return max(most - used_bytes, 1)


def _words(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} PB"
