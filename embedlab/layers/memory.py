"""Memory: what a table takes, and what the machine has left."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["MemoryReport", "available_memory", "in_words"]

_CGROUPS, _OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# Limit, use, and how the statistics call what the system can take back.
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = ("memory.max", "memory.current", "inactive_file")


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
        lines += [f"  {label:<28}{in_words(size):>12}" for label, size in sizes.items()]
        return "\n".join(lines)


def in_words(nbytes: float) -> str:
    """Return a number of bytes with its unit.

    >>> in_words(12345)
    '12.3 kB'
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:,.1f} PB"


def available_memory() -> int | None:
    """Return the bytes left on the machine and in its control groups; None where no system says."""
    limits = [_free_memory(), *(_left_in_group(*group) for group in _control_groups())]
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


def _control_groups() -> Iterator[tuple[Path, str, str, str]]:
    """Yield the control groups of this process, and those around them: each may have a limit."""
    try:
        lines = _OWN_CGROUPS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in ["0::/", "0:memory:/", *lines]:  # a container may see its own group as the root
        controllers, _, path = line.partition(":")[2].partition(":")
        if not controllers or "memory" in controllers.split(","):
            root = _CGROUPS / "memory" if controllers else _CGROUPS
            group = Path(os.path.normpath(root / path.lstrip("/")))
            files = _V1 if controllers else _V2
            places = (place for place in (group, *group.parents) if place.is_relative_to(root))
            yield from ((place, *files) for place in places)


def _left_in_group(group: Path, limit: str, used: str, reclaimable: str) -> int | None:
    try:
        most = left = int((group / limit).read_text(encoding="ascii"))  # "max" means no limit
        left -= int((group / used).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    with suppress(OSError, ValueError):  # files read before: given back when asked for
        stat = dict(map(str.split, (group / "memory.stat").read_text("ascii").splitlines()))
        left += int(stat.get(reclaimable, 0))
    return max(min(left, most), 1)
