"""The size from which two threads win: every `PARALLEL_FROM` of the core, measured.

OMP_PROC_BIND=true python -m benchmarks.thresholds             all of them
OMP_PROC_BIND=true python -m benchmarks.thresholds bag mask    those of folders or modules named so

One and two threads take turns at each size, and the fastest of many calls counts. A column tells
how many times as fast two are; `PARALLEL_FROM` should be where that passes 1.
"""

import importlib
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from embedlab.core.bag import bag, bag_max, grad_bag, grad_bag_weights, parse_bags
from embedlab.core.geometry import nearest
from embedlab.core.gradient import coalesce, grad_table, group
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, add_adapter, grad_lora, lora_lookup
from embedlab.core.mask import (
    grad_masked_max,
    grad_masked_sum,
    keep_masked_state,
    masked_max,
    masked_mean,
)
from embedlab.core.optimizers import adam
from embedlab.core.quantize import quantize_rows, quantized_lookup

V, D, T, R = 30_000, 64, 16, 8
SIZES = [2**bits for bits in range(12, 22)]
TURNS = 40
NEVER = 2**62

rng = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32)


def ids(count: int, rows: int = V) -> np.ndarray:
    return rng.integers(rows, size=count)


def bags(count: int) -> Any:
    return parse_bags(TABLE, ids(count).reshape(-1, T), mode="sum")


def mask(*shape: int) -> np.ndarray:
    return rng.random(shape) < 0.7


def adam_step(count: int) -> Callable[[], Any]:
    pair, table = (ids(count), floats(count, D)), TABLE.copy()
    return partial(adam, table, pair, *SLOTS, time=1, sparse_update="lazy")


TABLE = floats(V, D)
ADAPTER = Adapter(floats(V, R), floats(R, D), 1.0)
INT8, INT4 = quantize_rows(TABLE, 8), quantize_rows(TABLE, 4)
SLOTS = [np.zeros((V, D), np.float32) for _ in range(2)]

# Name: the threshold in embedlab.core, and a call for n of what that threshold counts.
CASES: dict[str, tuple[str, Callable[[int], Callable[[], Any]]]] = {
    "lookup": ("lookup.PARALLEL_FROM", lambda n: partial(lookup, TABLE, ids(n // D))),
    "dense gradient": (
        "gradient.dense.PARALLEL_FROM",
        lambda n: partial(grad_table, ids(n // D, n // D), floats(n // D, D), n // D),
    ),
    "sparse gradient": (
        "gradient.sparse.PARALLEL_FROM",
        lambda n: partial(coalesce, ids(n // D), floats(n // D, D), V),
    ),
    "grouping": ("gradient.grouping.PARALLEL_FROM", lambda n: partial(group, ids(n, 8 * n), 8 * n)),
    "LoRA lookup": (
        "lora.lookup.PARALLEL_FROM",
        lambda n: partial(lora_lookup, TABLE, ids(n // D // (R + 4)), [ADAPTER]),
    ),
    "LoRA step": (
        "lora.adapter.PARALLEL_FROM",
        lambda n: partial(
            add_adapter, floats(n // D // (R + 4), D), ids(n // D // (R + 4)), ADAPTER
        ),
    ),
    "LoRA gradient": (
        "lora.gradient.PARALLEL_FROM",
        lambda n: partial(grad_lora, ids(n // D // R), floats(n // D // R, D), ADAPTER),
    ),
    "bag sum": (
        "bag.forward.PARALLEL_FROM",
        lambda n: partial(bag, TABLE, ids(n // D).reshape(-1, T), mode="sum"),
    ),
    "bag max": ("bag.max.PARALLEL_FROM", lambda n: partial(bag_max, TABLE, bags(n // D))),
    "bag gradient": (
        "bag.gradient.PARALLEL_FROM",
        lambda n: partial(grad_bag, bags(n // D), floats(n // D // T, D), V),
    ),
    "gradient of bag weights": (
        "bag.gradient.PARALLEL_FROM",
        lambda n: partial(grad_bag_weights, TABLE, bags(n // D), floats(n // D // T, D)),
    ),
    "int8 lookup": (
        "quantize.lookup.PARALLEL_FROM",
        lambda n: partial(quantized_lookup, INT8, ids(n // D)),
    ),
    "int4 lookup": (
        "quantize.lookup.PARALLEL_FROM",
        lambda n: partial(quantized_lookup, INT4, ids(n // D)),
    ),
    "quantizing": (
        "quantize.rows.PARALLEL_FROM",
        lambda n: partial(quantize_rows, floats(n // D, D), 8),
    ),
    "masked state": (
        "mask.mask.PARALLEL_FROM",
        lambda n: partial(keep_masked_state, mask(n // D), floats(n // D, D), floats(n // D, D)),
    ),
    "masked mean": (
        "mask.pooling.PARALLEL_FROM",
        lambda n: partial(masked_mean, floats(n // D // T, T, D), mask(n // D // T, T)),
    ),
    "gradient of the mean": (
        "mask.pooling.PARALLEL_FROM",
        lambda n: partial(grad_masked_sum, mask(n // D // T, T), floats(n // D // T, D)),
    ),
    "masked maximum": (
        "mask.pooling.MAX_PARALLEL_FROM",
        lambda n: partial(masked_max, floats(n // D // T, T, D), mask(n // D // T, T)),
    ),
    "gradient of the maximum": (
        "mask.pooling.MAX_PARALLEL_FROM",
        lambda n: partial(grad_masked_max, ids(n, T).reshape(-1, D), floats(n // D, D), T),
    ),
    "lazy Adam": ("optimizers.update.PARALLEL_FROM", lambda n: adam_step(n // D)),
    "nearest": (
        "geometry.neighbors.PARALLEL_FROM",
        lambda n: partial(nearest, floats(n // 8, D), floats(8, D), 10),
    ),
}


def fastest(module: Any, name: str, call: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds of one and of two threads, taking turns."""
    best = [float("inf")] * 2
    for _ in range(TURNS):
        for side, limit in enumerate((NEVER, 0)):
            setattr(module, name, limit)
            call()  # the other side filled the caches, and the second thread went to sleep
            start = time.perf_counter()
            call()
            best[side] = min(best[side], time.perf_counter() - start)
    return best[0], best[1]


def main(words: list[str]) -> None:
    print("| kernel (threshold) | set to | " + " | ".join(f"{size:,}" for size in SIZES) + " |")
    print("|---|" + "--:|" * (len(SIZES) + 1))
    for name, (path, make) in CASES.items():
        home, _, threshold = path.rpartition(".")
        if words and not set(words) & set(home.split(".")):
            continue
        module = importlib.import_module(f"embedlab.core.{home}")
        now = getattr(module, threshold)
        pairs = [fastest(module, threshold, make(size)) for size in SIZES]
        setattr(module, threshold, now)
        gains = " | ".join(f"{one / two:.2f}" for one, two in pairs)
        print(f"| {name} ({path}) | {now:,} | {gains} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
