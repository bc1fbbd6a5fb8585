"""Workloads: seeded inputs, the plain NumPy answer, and the goal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.zipf import zipf_stream

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    name: "group/case". inputs(rng): what every side gets. answer(inputs): what every side must
    give, in NumPy (None: the side checks itself). peers: who takes part besides embedlab.
    goal: the ratio to reach against the best peer, or against the one that `against` names.
    limit: a side that is a bound, not a peer; reach: the share of it to reach. tolerance: relative
    to the largest number. most: seconds that embedlab may take. rounds: at most so many, for what
    takes long.
    """

    name: str
    inputs: Callable[[np.random.Generator], Inputs]
    answer: Callable[[Inputs], Any] | None
    peers: tuple[str, ...]
    goal: float | None = None
    limit: str | None = None
    tolerance: float = 1e-5
    against: str = "best"
    reach: float | None = None
    most: float | None = None
    rounds: int | None = None


def zipf_ids(rng: np.random.Generator, rows: int, size: int) -> np.ndarray:
    """Ids as words come: the k-th most frequent one with a share of 1 / k, shuffled over rows."""
    return rng.permutation(rows)[zipf_stream(size, rows, int(rng.integers(2**31)))]


def table(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return rng.standard_normal((rows, columns), np.float32)


def same(result: Any, answer: Any, tolerance: float) -> str | None:
    """Return how two results differ, or None. Lists are compared entry by entry."""
    if isinstance(answer, (list, tuple)):
        if len(result) != len(answer):
            return f"{len(result)} results instead of {len(answer)}"
        differences = [same(r, a, tolerance) for r, a in zip(result, answer, strict=True)]
        return next((text for text in differences if text), None)
    result, answer = np.asarray(result), np.asarray(answer)
    if result.shape != answer.shape:
        return f"shape {result.shape} instead of {answer.shape}"
    if answer.size == 0:
        return None
    scale = max(float(np.abs(answer).max()), 1e-30)
    worst = float(np.abs(result.astype(np.float64) - answer).max()) / scale
    return None if worst <= tolerance else f"relative difference {worst:.2e} > {tolerance:.0e}"
