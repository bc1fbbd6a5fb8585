"""Bit-identical for one and two threads, for every parallel kernel, at sizes where it really runs.

The table must name every `*_kernel_parallel` of the core. A case calls a public function with one
thread and with two, and counts the calls of the parallel kernel, so that a threshold that is never
reached is noticed.
"""

import importlib
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numba
import numpy as np
import pytest

import embedlab.core
from embedlab.core.bag import bag, bag_max, grad_bag, grad_bag_max, grad_bag_weights, parse_bags
from embedlab.core.geometry import nearest
from embedlab.core.gradient import coalesce, grad_table, group
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, add_adapter, grad_lora, lora_lookup
from embedlab.core.mask import (
    grad_keep_masked_state,
    grad_masked_max,
    grad_masked_sum,
    keep_masked_state,
    masked_max,
    masked_mean,
)
from embedlab.core.optimizers import adagrad, adam, rmsprop, sgd
from embedlab.core.quantize import quantize_groups, quantize_rows, quantized_lookup
from embedlab.core.skipgram import train_skipgram

MANY = 2_000_000  # a scatter-add that loses updates looks exact at 200 000
V, D = 3_000, 8

needs_two = pytest.mark.skipif(
    numba.config.NUMBA_NUM_THREADS < 2, reason="one thread has nothing to be compared with"
)
"""The run with NUMBA_NUM_THREADS=1 is of all other tests."""


def rng():
    return np.random.default_rng(11)


@cache
def floats(*shape):
    """The same array each time: copy what is changed in place."""
    return rng().standard_normal(shape, np.float32)


@cache
def ids(size=MANY):
    """Half of them after Zipf's law, as words come: many meet in few rows."""
    draw = rng()
    mixed = draw.integers(V, size=size)
    mixed[::2] = V ** draw.random(mixed[::2].size) - 1
    return mixed


def bags(**options):
    return parse_bags(floats(V, D), ids(MANY // 8).reshape(-1, 25), mode="sum", **options)


def back():
    return floats(MANY // 200, D)


def step(rule, slots, **options):
    """One lazy and one dense step; two million ids for the plain rule."""
    size = MANY if rule is sgd else MANY // 8
    arrays = [floats(V, D).copy(), *(np.full((V, D), 0.1, np.float32) for _ in range(slots))]
    for kind in ("lazy", "dense"):
        pair = (ids(size), floats(size, D))
        rule(arrays[0], pair, *arrays[1:], sparse_update=kind, **options)
    return arrays


def add_step():
    rows = floats(MANY // 8, D).copy()
    add_adapter(rows, ids(MANY // 8), adapter())
    return rows


def adapter():
    return Adapter(floats(V, 5), floats(5, D), 0.5)


def mask(*shape):
    return rng().random(shape) < 0.7


def sparse(grad):
    return grad.ids, grad.rows


def maxima():
    bag = bags()
    _, winners = bag_max(floats(V, D), bag)
    return sparse(grad_bag_max(bag, winners, back(), V))


CASES = {
    "lookup.lookup": lambda: lookup(floats(V, D), ids()),
    "gradient.dense._blocks": lambda: grad_table(ids(), floats(MANY, D), V, padding_idx=1),
    "gradient.sparse.coalesce": lambda: sparse(coalesce(ids(), floats(MANY, D), V)),
    "gradient.sparse.coalesce sorted": lambda: sparse(
        coalesce(ids(MANY // 8), floats(MANY // 8, D), MANY)
    ),
    "gradient.grouping.group": lambda: group(ids(), V),
    "lora.adapter.add_adapter": add_step,
    "lora.lookup._lora_lookup_vector": lambda: lora_lookup(
        floats(V, D), ids(MANY // 8), [adapter()]
    ),
    "lora.lookup.lora_lookup": lambda: lora_lookup(
        np.asfortranarray(floats(V, D)), ids(MANY // 8), [adapter()]
    ),
    "lora.gradient.grad_lora": lambda: [
        *sparse((grads := grad_lora(ids(), floats(MANY, D), adapter()))[0]),
        grads[1],
    ],
    "bag.forward.bag": lambda: bag(floats(V, D), ids(MANY // 8).reshape(-1, 25)),
    "bag.max.bag_max": lambda: bag_max(floats(V, D), bags()),
    "bag.gradient.grad_bag": lambda: sparse(grad_bag(bags(), back(), V)),
    "bag.gradient.grad_bag_max": maxima,
    "bag.gradient.grad_bag_weights": lambda: grad_bag_weights(floats(V, D), bags(), back()),
    "quantize.lookup.quantized_lookup": lambda: [
        quantized_lookup(quantize_groups(floats(V, D), 4, 3), ids(MANY // 8)),
        quantized_lookup(quantize_rows(floats(V, D), 8), ids(MANY // 8)),
    ],
    "quantize.rows.quantize_rows": lambda: quantize_rows(floats(6_000, 40)).codes,
    "quantize.rows.quantize_groups": lambda: quantize_groups(floats(6_000, 40), 4, 3).codes,
    "mask.mask.keep_masked_state": lambda: keep_masked_state(
        mask(MANY // 8), floats(MANY // 8, D), floats(MANY // 8, D)
    ),
    "mask.mask.grad_keep_masked_state": lambda: grad_keep_masked_state(
        mask(MANY // 8), floats(MANY // 8, D)
    ),
    "mask.pooling.masked_sum": lambda: masked_mean(floats(5_000, 20, D), mask(5_000, 20)),
    "mask.pooling.grad_masked_sum": lambda: grad_masked_sum(mask(5_000, 20), floats(5_000, D)),
    "mask.pooling.masked_max": lambda: masked_max(floats(5_000, 20, D), mask(5_000, 20)),
    "mask.pooling.grad_masked_max": lambda: grad_masked_max(
        rng().integers(-1, 4, size=(60_000, D)), floats(60_000, D), 4
    ),
    "geometry.neighbors.nearest": lambda: nearest(floats(V, D), floats(64, D), 10),
    "optimizers.sgd.sgd": lambda: step(sgd, 1, momentum=0.9),
    "optimizers.adam.adam": lambda: step(adam, 3, time=1, amsgrad=True),
    "optimizers.adagrad.adagrad": lambda: step(adagrad, 1),
    "optimizers.rmsprop.rmsprop": lambda: step(rmsprop, 3, momentum=0.9, centered=True),
}


def parallel_kernels():
    for module in pkgutil.walk_packages(embedlab.core.__path__, "embedlab.core."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.endswith("_kernel_parallel") and value.py_func.__module__ == module.name:
                path = f"{module.name.removeprefix('embedlab.core.')}.{name}"
                yield path.removesuffix("_kernel_parallel")


def test_every_parallel_kernel_has_a_case():
    # Skip-gram trains without locks and says so; packing is part of the same sort as group.
    untested = {"skipgram.train.skipgram", "gradient.grouping._pack"}
    kernels, cases = set(parallel_kernels()), {case.split()[0] for case in CASES}
    missing = sorted(kernels - cases - untested)
    assert not missing, f"parallel kernels without a case here: {', '.join(missing)}"
    obsolete = sorted(cases - kernels)
    assert not obsolete, f"cases without a parallel kernel: {', '.join(obsolete)}"


def spy(monkeypatch, case):
    """Count the calls of the parallel kernel of a case."""
    home, _, name = case.split()[0].rpartition(".")
    module = importlib.import_module(f"embedlab.core.{home}")
    inner, calls = getattr(module, f"{name}_kernel_parallel"), []

    def counted(*arguments):
        calls.append(1)
        return inner(*arguments)

    monkeypatch.setattr(module, f"{name}_kernel_parallel", counted)
    return calls


@needs_two
@pytest.mark.one_in(3)
@pytest.mark.parametrize("case", CASES)
def test_one_and_two_threads_give_the_same_bits(monkeypatch, threads, case):
    calls = spy(monkeypatch, case)
    results = {}
    for count in (1, 2):
        threads(count)
        result = CASES[case]()
        results[count] = result if isinstance(result, (tuple, list)) else [result]
    assert calls, "the parallel kernel did not run: the case is too small for its threshold"
    for one, two in zip(results[1], results[2], strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one.view(np.uint8), two.view(np.uint8))


def test_eight_threads_of_python_give_the_same_bits_at_once():
    """As many as may ask at a time; each has arrays of its own."""
    cases = [CASES[name] for name in ("lookup.lookup", "gradient.dense._blocks")] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda case: case(), cases))
    for case, result in zip(cases, together, strict=True):
        np.testing.assert_array_equal(result.view(np.uint8), case().view(np.uint8))


@needs_two
def test_skipgram_with_two_threads_runs_its_parallel_kernel(monkeypatch):
    """It promises no bits, only that every row stays inside the table and is a number."""
    calls = spy(monkeypatch, "skipgram.train.skipgram")
    step = train_skipgram(ids(20_000), V, D, epochs=1, threads=2, chunk=3_000)
    assert calls
    assert np.isfinite(step.table).all()
