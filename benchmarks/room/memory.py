"""Memory of a tree of processes: what each has alone, and its share of what they have in common."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the process and all that came from it."""
    pids = [pid]
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in tasks.read_text().split():
            pids += children(int(child))
    return pids


def proportional(pids: list[int]) -> int:
    """Return bytes in memory: pages that several processes share count once among them (PSS)."""
    return sum(_field(pid, "Pss:") for pid in pids)


def private(pids: list[int]) -> int:
    """Return bytes that would be free without these processes."""
    return sum(_field(pid, "Private_Clean:") + _field(pid, "Private_Dirty:") for pid in pids)


def command(pid: int) -> str:
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _field(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
