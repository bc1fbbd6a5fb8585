"""Scaling: the cost of an operation when one size grows and the others stay."""

import statistics
import time
from typing import Any

import numba
import numpy as np

from benchmarks.report import duration
from embedlab.core.gradient import coalesce
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, lora_lookup
from embedlab.core.quantize import quantize_rows, quantized_lookup

BASE = {"V": 30_000, "N": 4_096, "D": 64, "R": 8, "threads": 2}
GROWTH = {
    "V": (1_000, 10_000, 100_000, 1_000_000),
    "N": (256, 2_048, 16_384, 131_072),
    "D": (16, 64, 256),
    "R": (1, 4, 16, 64),
    "threads": (1, 2),
}


def calls(V: int, N: int, D: int, R: int, threads: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((V, D), np.float32)
    ids = rng.integers(V, size=N)
    grad = rng.standard_normal((N, D), np.float32)
    adapter = Adapter(
        rng.standard_normal((V, R), np.float32), rng.standard_normal((R, D), np.float32), 1.0
    )
    int4 = quantize_rows(table, 4)
    return {
        "lookup": lambda: lookup(table, ids),
        "sparse gradient": lambda: coalesce(ids, grad, V),
        "LoRA forward": lambda: lora_lookup(table, ids, [adapter]),
        "int4 lookup": lambda: quantized_lookup(int4, ids),
    }


def median(call, rounds: int = 15) -> float:
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def scaling() -> dict[str, Any]:
    """Print one table for each size, and give the medians."""
    results: dict[str, Any] = {}
    for letter, values in GROWTH.items():
        still = ", ".join(f"{k} {v:,}" for k, v in BASE.items() if k != letter)
        print(f"\n| {letter} ({still}) | " + " | ".join(f"{v:,}" for v in values) + " |")
        print("|---|" + "--:|" * len(values))
        rows: dict[str, list[float]] = {}
        for value in values:
            sizes = {**BASE, letter: value}
            numba.set_num_threads(min(sizes["threads"], numba.config.NUMBA_NUM_THREADS))
            for name, call in calls(**sizes).items():
                rows.setdefault(name, []).append(median(call))
        for name, times in rows.items():
            if letter != "R" or name == "LoRA forward":
                print(f"| {name} | " + " | ".join(duration(t) for t in times) + " |")
        results[letter] = {"values": values, "seconds": rows}
    return results
