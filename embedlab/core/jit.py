"""How a loop is compiled: cached on disk, once serial and once parallel.

This is the only file that names Numba's decorators and flags. Three facts decide it, all measured:

* one Python function compiled serial and parallel would share one cache file, and the second
  would run the first's machine code: the parallel copy therefore carries its own name;
* on GNU OpenMP a lone parallel call waits about 6 ms for sleeping threads unless the wait policy
  is passive, which must be set before the first parallel call (then it is 23 µs); but a thread
  that falls asleep at once costs each of many calls in a row as long as it saves (looking up 8 192
  int8 rows: 0.21 ms, one thread alone 0.22), so it may spin for about 0.1 ms first (0.13 ms);
* when no cache folder is writable, Numba refuses at *import*: we fall back to a temporary folder.
"""

import os
import tempfile
import types
import warnings
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numba
from llvmlite import ir
from numba import prange
from numba.core import cgutils
from numba.core import types as numba_types
from numba.extending import intrinsic, overload

__all__ = [
    "NAN_SAFE",
    "block_size",
    "cache_stats",
    "count_kernel_call",
    "kernel",
    "kernel_calls",
    "next_block",
    "num_threads",
    "parallel_copy",
    "prange",
    "prefetch",
]

NAN_SAFE = {"reassoc", "contract", "nsz"}
"""Fast-math flags that let a sum vectorize and still keep every NaN check."""

_KERNELS: list[Any] = []
_CALLS: dict[str, int] = {}
config: Any = numba.config


def kernel(function: Callable | None = None, *, reductions: bool = False) -> Any:
    """Compile `function` as a serial loop on its first call, cached on disk.

    Parameters
    ----------
    function : callable
        A pure loop over arrays. It must check its own bounds: compiled code does not.
    reductions : bool
        Allow sums to be reordered so that they vectorize (`NAN_SAFE`, never full fast-math).

    Examples
    --------
    >>> from embedlab.core.lookup import lookup_kernel
    >>> lookup_kernel.py_func.__name__
    'lookup_kernel'
    """
    if function is None:
        return lambda f: kernel(f, reductions=reductions)
    return _compile(function, parallel=False, reductions=reductions)


def parallel_copy(serial: Any, *, reductions: bool = False) -> Any:
    """Return the parallel twin of a loop made by `kernel`, under a name (and cache file) of its
    own.

    The source is the same: `prange` counts like `range` in the serial one.
    """
    source = serial.py_func
    name = source.__name__ + "_parallel"
    copy = types.FunctionType(source.__code__, source.__globals__, name, source.__defaults__)
    copy.__qualname__ = name
    copy.__module__ = source.__module__
    copy.__doc__ = source.__doc__
    return _compile(copy, parallel=True, reductions=reductions)


def num_threads() -> int:
    """How many threads a parallel loop may use now (Numba's own setting)."""
    return numba.get_num_threads()


def prefetch(array, row, column):
    """Ask the memory for the cache line of `array[row, column]`, without waiting for it.

    For use inside a loop, some rows ahead of the one being read: a row that lies in main memory
    takes about 100 ns to come. Never faults, whatever the place; in plain Python it does nothing.
    """


@intrinsic
def _prefetch(typing, array, row, column):
    def generate(context, builder, signature, args):
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, args[0])
        place = cgutils.get_item_pointer(
            context, builder, kind, view, [args[1], args[2]], wraparound=False
        )
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        call = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0",
        )
        read, keep, data = number(0), number(3), number(1)
        builder.call(call, [builder.bitcast(place, byte), read, keep, data])
        return context.get_dummy_value()

    return numba_types.void(array, numba_types.intp, numba_types.intp), generate


@overload(prefetch, inline="always")
def _prefetch_in_a_kernel(array, row, column):
    return lambda array, row, column: _prefetch(array, row, column)  # type: ignore[call-arg]


def next_block(turn):
    """Return the next number that no thread has had, 0 first: whoever is free takes the next block.

    For use inside a loop whose blocks cost unequal time; `turn` is an array of one int64, 0 before
    the first call, made by the door (inside a parallel loop ``np.zeros`` would be one more
    parallel loop: 3 µs). As no block depends on who works it, the result is always the same.

    >>> import numpy as np
    >>> turn = np.zeros(1, np.int64)
    >>> next_block(turn), next_block(turn)
    (0, 1)
    """
    turn[0] += 1
    return int(turn[0]) - 1


def block_size(count: int, workers: int, most: int = 64) -> int:
    """How many of `count` things a thread takes at a time with `next_block`.

    At most `most`, and few enough that 32 turns come to each thread: one that began late, or got
    the hard things, is then waited for briefly.

    >>> block_size(30_000, 2), block_size(100, 2), block_size(3, 2), block_size(3, 1)
    (64, 1, 1, 64)
    """
    return most if workers == 1 else min(most, max(1, count // (32 * workers)))


@intrinsic
def _next_block(typing, turn):
    def generate(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.atomic_rmw("add", view.data, ir.IntType(64)(1), "monotonic")

    return numba_types.int64(turn), generate


@overload(next_block, inline="always")
def _next_block_in_a_kernel(turn):
    return lambda turn: _next_block(turn)  # type: ignore[call-arg]


def cache_stats() -> dict[str, int]:
    """Count what the loops of this process took from the cache and what they had to compile.

    Returns
    -------
    dict
        `hits` (specialisations read from disk) and `misses` (compiled now).
    """
    counts = [made.stats for made in _KERNELS]
    return {
        "hits": sum(sum(c.cache_hits.values()) for c in counts),
        "misses": sum(sum(c.cache_misses.values()) for c in counts),
    }


def count_kernel_call(kind: str) -> None:
    """Note one run of the loops of a kind: "lookup" or "gradient"."""
    _CALLS[kind] = _CALLS.get(kind, 0) + 1


def kernel_calls(kind: str) -> int:
    """Return how often the loops of a kind have run in this process.

    >>> before = kernel_calls("lookup")
    >>> count_kernel_call("lookup")
    >>> kernel_calls("lookup") - before
    1
    """
    return _CALLS.get(kind, 0)


def _compile(function: Callable, *, parallel: bool, reductions: bool) -> Any:
    options: dict[str, Any] = {
        "cache": True,
        "nogil": True,
        "parallel": parallel,
        "error_model": "numpy",
        "fastmath": NAN_SAFE if reductions else False,
    }
    try:
        made = numba.njit(**options)(function)
    except RuntimeError as error:
        if "locator" not in str(error):
            raise
        config.CACHE_DIR = tempfile.mkdtemp(prefix="embedlab-numba-")
        warnings.warn(
            "compiled loops must be kept in a writable folder. None was found beside the package "
            f"or in the user's cache, so {config.CACHE_DIR} serves for this process. "
            "Set NUMBA_CACHE_DIR to a folder that stays.",
            RuntimeWarning,
            stacklevel=3,
        )
        made = numba.njit(**options)(function)
    _KERNELS.append(made)
    return made
