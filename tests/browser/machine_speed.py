"""The time of a loop that never changes: how slow this machine is now, beside a quiet one.

A limit in milliseconds means something on one machine alone. Where a core is shared with strangers,
all that is measured takes two or three times as long, for a minute or for an hour, and a loop that
never changes shows by how much.
"""

from statistics import median
from time import perf_counter

REFERENCE = 0.004
"""Seconds for `work` on two quiet cores, where the figures of test_budgets.py were measured."""
SLOWEST = 4
"""A machine that is slower than this many times is no desk: its budgets fail."""


def work() -> int:
    total = 0
    for n in range(100_000):
        total += n
    return total


def slowness() -> float:
    """Return how many times longer than the reference `work` takes now: between 1 and SLOWEST."""
    took = []
    for _ in range(5):
        start = perf_counter()
        work()
        took.append(perf_counter() - start)
    return min(max(median(took) / REFERENCE, 1.0), SLOWEST)


if __name__ == "__main__":
    print(f"A loop takes {slowness():.1f} times as long here as on two quiet cores.")
