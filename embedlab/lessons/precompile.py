"""Compilation ahead of class of the kernels that the lessons use.

Numba compiles a kernel once for each array type and keeps the result on disk. `CALLS` lists, idea
by idea, small calls of public functions with the same array types as in the lessons. A new kernel
adds its line here; a test runs the lessons and counts what was missed.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any

import numpy as np
from tqdm import tqdm

from embedlab import layers
from embedlab.core import jit
from embedlab.core.geometry import neighbors
from embedlab.core.gradient import dense, sparse
from embedlab.core.ids import apply_out_of_range_rule
from embedlab.core.lookup import PARALLEL_FROM, lookup
from embedlab.core.lora import Adapter
from embedlab.core.optimizers import adagrad, adam, rmsprop, sgd
from embedlab.core.quantize import pack_int4, quantize, quantized_lookup, unpack_int4
from embedlab.core.quantize.rows import PARALLEL_FROM as QUANTIZE_FROM
from embedlab.core.skipgram import train_skipgram
from embedlab.distributed import ShardedEmbedding, expected_traffic
from embedlab.traces.lora import trace_lora
from embedlab.traces.mask import trace_mask
from embedlab.traces.quantize import trace_quantize
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.shard import trace_shard
from embedlab.traces.training import trace_training

__all__ = ["CALLS", "warm"]


def _tables(*shape: int) -> Iterator[np.ndarray]:
    """Return float32 and float64 arrays, each writable (a layer's) and read-only (a trace's)."""
    for dtype in (np.float32, np.float64):
        for writable in (True, False):
            array = np.zeros(shape, dtype)
            array.flags.writeable = writable
            yield array


def _ids(count: int = 3) -> Iterator[np.ndarray]:
    """Return ids, writable and read-only."""
    for writable in (True, False):
        array = np.zeros(count, np.int64)
        array.flags.writeable = writable
        yield array


def _lookup() -> Iterator[Callable[[], Any]]:
    for ids in _ids():
        yield partial(apply_out_of_range_rule, ids, 2, oob="clip")
        for table in _tables(2, 2):
            yield partial(lookup, table, ids)
    wide = np.zeros((2, 64), np.float32)
    yield partial(lookup, wide, np.zeros(_from(PARALLEL_FROM, 64), np.int64))


def _gradient() -> Iterator[Callable[[], Any]]:
    for ids in _ids():
        for grad in _tables(ids.size, 2):
            yield partial(dense.grad_table, ids, grad, 2)
            for rows in (2, 1000):  # few rows are counted, many are sorted
                yield partial(sparse.coalesce, ids, grad, rows)
    many = np.zeros(_from(max(dense.PARALLEL_FROM, sparse.PARALLEL_FROM), 64), np.int64)
    grad = np.zeros((many.size, 64), np.float32)
    yield partial(dense.grad_table, many, grad, 2)
    for rows in (2, 5 * many.size):
        yield partial(sparse.coalesce, many, grad, rows)


def _geometry() -> Iterator[Callable[[], Any]]:
    for table in _tables(2, 2):
        yield partial(neighbors.nearest, table, table[0])
    for dtype in (np.float32, np.float64):
        block = np.zeros((neighbors.BLOCK, 2), dtype)
        many = _from(neighbors.PARALLEL_FROM, neighbors.BLOCK)
        yield partial(neighbors.nearest, block, block[:many])
    yield partial(train_skipgram, [0, 1, 0, 1], 2, 2, epochs=1)


def _mask() -> Iterator[Callable[[], Any]]:
    ids = np.array([[1, 2], [1, 0]])
    pools = (layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D)
    turns = [partial(kind, 2) for kind in (layers.SimpleRNN, layers.GRU, layers.LSTM)]
    for dtype in ("float32", "float64"):
        for user in (*pools, *turns):
            words = layers.Embedding(3, 2, mask_zero=True, dtype=dtype)
            yield partial(trace_mask, [words, user(dtype=dtype)], ids)


def _quantize() -> Iterator[Callable[[], Any]]:
    for table in _tables(3, 4):
        yield partial(trace_quantize, table, block_size=2)
        for bits, block in ((8, None), (4, None), (4, 2)):
            codes = quantize(table, bits, block)
            yield partial(quantized_lookup, codes, [0, 1])
        pair = Adapter(np.zeros((3, 1), table.dtype), np.zeros((1, 4), table.dtype), 1.0)
        yield partial(quantized_lookup, quantize(table), [0, 1], [pair])
    large = np.zeros((_from(QUANTIZE_FROM, 64), 64), np.float32)
    for bits, block in ((8, None), (4, None), (4, 16)):
        yield partial(quantize, large, bits, block)
    yield partial(quantize, readonly_copy(large), 4)
    for packed in (np.zeros((1, 2), np.int8), readonly_copy(np.zeros((1, 2), np.int8))):
        yield partial(unpack_int4, packed, 3)
        yield partial(pack_int4, packed)


def _lora() -> Iterator[Callable[[], Any]]:
    for table in _tables(3, 4):
        yield partial(trace_lora, table, np.ones((3, 4)), seen=[0], rank=1, steps=1)
    for dtype in ("float32", "float64"):
        layer = layers.Embedding(3, 4, lora_rank=1, dtype=dtype)
        yield partial(layer, np.array([0, 1]))
        yield layer.merge


def _training() -> Iterator[Callable[[], Any]]:
    yield partial(trace_training, [0, 1, 0, 2], runs=["adam"], steps=2, batch=2)
    for dtype in (np.float32, np.float64):
        table, one, two = (np.zeros((2, 2), dtype) for _ in range(3))
        pair = (np.array([1]), np.zeros((1, 2), dtype))
        for grad in (pair, np.zeros_like(table)):
            yield partial(sgd, table, grad, one, momentum=0.5)
            yield partial(adagrad, table, grad, one)
            yield partial(rmsprop, table, grad, one)
            yield partial(adam, table, grad, one, two, time=1)


def _shards() -> Iterator[Callable[[], Any]]:
    table = ShardedEmbedding(8, 4, seed=1, optimizer="adagrad")
    yield partial(expected_traffic, table.sharding, [[0, 7]], 2)
    yield partial(table, [0, 7])
    yield lambda: table.step(table.backward([0, 7], np.zeros((2, 4), np.float32)))
    yield partial(trace_shard, np.zeros((8, 4), np.float32), [0, 7], workers=2)


def _from(numbers: int, width: int) -> int:
    """Return how many rows of this width are worth a second thread."""
    return -(-numbers // width)


CALLS: dict[str, Callable[[], Iterator[Callable[[], Any]]]] = {
    "lookup": _lookup,
    "gradient": _gradient,
    "mask": _mask,
    "lora": _lora,
    "geometry": _geometry,
    "training": _training,
    "quantize": _quantize,
    "shards": _shards,
}


def warm(*, processes: int = 1, progress: bool = True) -> dict[str, int]:
    """Compile what the lessons use, and keep it on disk for the next process.

    Parameters
    ----------
    processes : int
        At 1 this process compiles. With more, as many others do, an idea each at a time; a script
        that asks for them must be one that can be imported (``if __name__ == "__main__":``).
    progress : bool
        Show a bar.

    Returns
    -------
    dict
        `misses`: kernels compiled now; `hits`: kernels read from the cache. Over all processes:
        what two of them use counts twice.

    Examples
    --------
    >>> sorted(warm(progress=False))
    ['hits', 'misses']
    >>> warm(progress=False)["misses"]  # the second time there is nothing left to do
    0
    """
    total: Counter[str] = Counter(hits=0, misses=0)
    with ExitStack() as stack:
        bar = stack.enter_context(
            tqdm(total=len(CALLS), disable=not progress, unit="idea", leave=False)
        )
        results: Iterable[tuple[str, dict[str, int]]]
        if processes > 1:
            pool = stack.enter_context(
                ProcessPoolExecutor(processes, get_context("spawn"), _end_with_parent)
            )
            futures = [pool.submit(_warm_idea, idea) for idea in CALLS]
            results = (future.result() for future in as_completed(futures))
        else:
            results = map(_warm_idea, CALLS)
        for idea, counts in results:
            total.update(counts)
            bar.set_description(f"compiled {idea}", refresh=False)
            bar.update()
    return dict(total)


def _end_with_parent() -> None:
    """End this process at once by Ctrl-C, and when the one that began it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)


def _warm_idea(idea: str) -> tuple[str, dict[str, int]]:
    before = jit.cache_stats()
    for call in CALLS[idea]():
        call()
    return idea, {key: count - before[key] for key, count in jit.cache_stats().items()}
