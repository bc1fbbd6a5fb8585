"""Compilation: every kernel cached on disk, once serial and once parallel.

This is the only file that names Numba's decorators and flags. Five facts decide it, all measured:

* one Python function compiled serial and parallel would share one cache file, and the second
  would run the first's machine code: the parallel copy therefore has its own name;
* on GNU OpenMP a lone parallel call waits about 6 ms for sleeping threads unless the wait policy
  is passive, which must be set before the first parallel call (then it is 23 µs); but a thread
  that falls asleep at once costs each of many calls in a row as long as it saves (looking up 8 192
  int8 rows: 0.21 ms, one thread alone 0.22), so it may spin for about 0.1 ms first (0.13 ms);
* when no cache folder is writable, Numba refuses at *import*: we fall back to a temporary folder,
  and a cache that is damaged or cannot be written costs time, never the call (`KernelCache`);
* Numba passes over a folder that it cannot write to: what an administrator compiled for a room
  (`embedlab warm` after the installation) would be compiled again by each learner, for a minute.
  `KernelCache` reads it there;
* OpenMP ends a process that was forked after a parallel loop, or lets it wait for ever, and Numba's
  own thread pool (workqueue, all that a plain install has on macOS) ends one in which two threads
  run parallel loops: there the serial kernels run (`parallel_allowed`);
* Numba stamps a cached kernel with a hash of the kernel's own file. Kernels here call kernels of
  other files, so the stamp is a hash of all of `embedlab.core` (`CoreCacheLocator`): an edit of any
  file compiles the core anew.

Without Numba (in Pyodide), and with NUMBA_DISABLE_JIT=1, kernels run as plain Python (`COMPILED`).
"""

import atexit
import contextlib
import errno
import functools
import hashlib
import importlib
import importlib.resources
import inspect
import os
import pickle
import shutil
import tempfile
import threading
import types
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numpy as np

try:
    import numba
    from llvmlite import ir
    from numba import prange
    from numba.core import caching, cgutils
    from numba.core import types as numba_types
    from numba.core.compiler_lock import global_compiler_lock
    from numba.extending import intrinsic, overload

    COMPILED = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
except ImportError:
    COMPILED = False
if not COMPILED:
    prange = range  # type: ignore[misc]
    warnings.warn(
        "kernels must be compiled by Numba to be fast. Received no compiler, so they run as plain "
        "Python: slow, and right. Install numba, or unset NUMBA_DISABLE_JIT.",
        RuntimeWarning,
        stacklevel=2,
    )

__all__ = [
    "COMPILED",
    "NAN_SAFE",
    "CoreCacheLocator",
    "KernelCache",
    "block_size",
    "cache_stats",
    "compile_parallel",
    "count_kernel_call",
    "kernel",
    "kernel_calls",
    "next_block",
    "num_threads",
    "parallel_allowed",
    "prange",
    "prefetch",
]

NAN_SAFE = {"reassoc", "contract", "nsz"}
"""Fast-math flags that let a sum vectorize and still keep every NaN check."""

_KERNELS: list[Any] = []
_CALLS: dict[str, int] = {}
_Locator: Any = caching._CacheLocator if COMPILED else object
_Cache: Any = caching.FunctionCache if COMPILED else object
_CacheFile: Any = caching.IndexDataCacheFile if COMPILED else object
config: Any = numba.config if COMPILED else None
_OWN_LOCATORS = config.CACHE_LOCATOR_CLASSES if COMPILED else ""  # of the environment, else ""


class CoreCacheLocator(_Locator):  # type: ignore[misc]
    """The cache folder that Numba chooses, with a stamp of all files of `embedlab.core`.

    Numba makes it for each kernel while `kernel` compiles; user code keeps its own locators.
    """

    def __init__(self, chosen: Any):
        self._chosen = chosen
        self._py_file = chosen._py_file  # Numba's warnings name it

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        """Return the locator of a kernel; RuntimeError where no folder is writable."""
        config.CACHE_LOCATOR_CLASSES = _OWN_LOCATORS
        return cls(caching.CompileResultCacheImpl(py_func).locator)

    def get_cache_path(self) -> str:
        """Return the folder."""
        return str(self._chosen.get_cache_path())

    def get_source_stamp(self) -> Any:
        """Return what must be equal for a cached kernel to be used."""
        return self._chosen.get_source_stamp(), core_hash()

    def get_disambiguator(self) -> str:
        """Return what tells kernels of one name and file apart: the line."""
        return str(self._chosen.get_disambiguator())


class KernelFile(_CacheFile):  # type: ignore[misc]
    """The files of a kernel: one for each specialization, named by it, with a checksum.

    Damaged machine code would end the process. Numba numbers the files in an index; where two
    processes write it at once, one's entry may lead to the other's machine code.
    """

    def load(self, key: Any) -> Any:
        """Return what was saved under `key`; None when that is not there or of other sources."""
        path = self._data_path(self._name(key))
        _refuse_pipe(path)
        try:
            identity, checksum, content = self._load_data(path)
        except FileNotFoundError:
            return None
        if identity != self._identity(key):
            return None
        if zlib.crc32(content) != checksum:
            raise ValueError("another checksum")
        return pickle.loads(content)

    def save(self, key: Any, data: Any) -> None:
        """Save `data` under `key`, over what another version of the sources left there.

        Not after an edit of the sources: what is imported later than the hash is taken may be
        either version.
        """
        if _hash_of_sources() != core_hash():
            return
        content = self._dump(data)
        self._save_data(self._name(key), (self._identity(key), zlib.crc32(content), content))

    def flush(self) -> None:
        """Leave a damaged file to be written over."""

    def _name(self, key: Any) -> str:
        signature, processor, *_ = key
        return str(self._data_name(int.from_bytes(_digest(signature, processor)[:6], "big")))

    def _identity(self, key: Any) -> bytes:
        return _digest(self._version, self._source_stamp, self._name(key), key)


def _digest(*values: Any) -> bytes:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).digest()


def _refuse_pipe(path: str) -> None:
    """Raise OSError where opening a file would wait for ever."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(errno.EINVAL, "a folder, a pipe or a device")


class KernelCache(_Cache):  # type: ignore[misc]
    """Numba's cache of a kernel; one that cannot be read or written costs time, never the call.

    What is not in it is looked for in the folders that Numba would have preferred and this user
    may only read.
    """

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        compiled = super()._load_overload(sig, target_context)
        for folder in () if compiled else self._read_only_folders():
            key, locator = self._index_key(sig, target_context.codegen()), self._impl.locator
            stored = KernelFile(folder, self._impl.filename_base, locator.get_source_stamp()).load(
                key
            )
            if stored is not None:
                return self._impl.rebuild(target_context, stored)
        return compiled

    def _read_only_folders(self) -> Iterator[str]:
        for locator in (caching.UserProvidedCacheLocator, caching.InTreeCacheLocator):
            if locator is caching.InTreeCacheLocator or config.CACHE_DIR:
                folder = locator(self._py_func, inspect.getfile(self._py_func)).get_cache_path()
                if folder == self.cache_path:
                    return
                if not os.access(folder, os.W_OK):
                    yield folder

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # a full disk, a quota, a folder that may not be written any more
            _warn_of_cache(self.cache_path, f"{type(error).__name__}: {error.strerror}")
        except Exception as error:  # a damaged file raises what its bytes happen to say
            _warn_of_cache(self.cache_path, f"a damaged file ({type(error).__name__})")
            with contextlib.suppress(OSError):
                self.flush()  # compiled and written anew


@functools.cache
def _warn_of_cache(folder: str, received: str) -> None:
    """Warn once about each kind of trouble."""
    warnings.warn(
        f"the folder of compiled kernels must be readable and writable. Received {received} in "
        f"{folder}, so kernels are compiled again. Free some space, or set NUMBA_CACHE_DIR.",
        RuntimeWarning,
        stacklevel=2,
    )


@functools.cache
def core_hash() -> str:
    """Return a hash of the source of `embedlab.core`, computed once in a process (1 ms).

    Of the contents: wheels and copies carry times that say nothing about what is in a file.

    Examples
    --------
    >>> len(core_hash())
    32
    """
    return _hash_of_sources()


def _hash_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path, source in _sources(importlib.resources.files("embedlab.core"), ""):
        digest.update(f"{path}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()


def _sources(folder: Any, path: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each Python file below `folder`, also from a zip archive."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        below = f"{path}/{entry.name}"
        if entry.name.endswith(".py"):
            yield below, entry.read_bytes()
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, below)


def kernel(function: Callable[..., Any] | None = None, *, reductions: bool = False) -> Any:
    """Compile `function` serially on its first call, and keep the machine code on disk.

    Parameters
    ----------
    function : callable
        Loops over arrays without side effects. It must check its own bounds: compiled code does
        not. It may call kernels of this and other files.
    reductions : bool
        Allow sums to be reordered so that they vectorize (`NAN_SAFE`, never full fast-math).
        The flags hold for the operations written in this kernel, not in those it calls.

    Examples
    --------
    >>> from embedlab.core.lookup import lookup_kernel
    >>> lookup_kernel.py_func.__name__
    'lookup_kernel'
    """
    if function is None:
        return lambda f: kernel(f, reductions=reductions)
    return _compile(function, parallel=False, reductions=reductions)


def compile_parallel(serial: Any, *, reductions: bool = False) -> Any:
    """Return a parallel compilation of a serial kernel, with its own name and cache file.

    The source is the same: `prange` counts like `range` in the serial one.
    """
    if not COMPILED:
        return serial
    source = serial.py_func
    name = source.__name__ + "_parallel"
    copy = types.FunctionType(source.__code__, source.__globals__, name, source.__defaults__)
    copy.__qualname__ = name
    copy.__module__ = source.__module__
    copy.__doc__ = source.__doc__
    return _compile(copy, parallel=True, reductions=reductions)


def num_threads() -> int:
    """Return how many threads a parallel kernel may use now: Numba's own setting, or 1."""
    return numba.get_num_threads() if parallel_allowed() else 1


def parallel_allowed() -> bool:
    """Return whether this thread may run a parallel kernel."""
    if _FORKED or not COMPILED:
        return False
    return threading.get_ident() == threading.main_thread().ident or _threads_may_share()


@functools.cache
def _threads_may_share() -> bool:
    """Return whether Numba has a thread pool that several Python threads may use at once."""
    if config.THREADING_LAYER == "workqueue":
        return False
    for pool in ("tbbpool", "omppool"):
        try:
            importlib.import_module(f"numba.np.ufunc.{pool}")
        except ImportError:
            continue
        return True
    return False


_FORKED: list[int] = []  # not empty in a child whose parent had started threads


def _note_fork() -> None:
    with contextlib.suppress(ValueError):  # no threads yet: the child may start its own
        numba.threading_layer()
        _FORKED.append(os.getpid())


if COMPILED and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
    # A child has no thread that would give back the lock of a compilation that was under way.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


def prefetch(array: np.ndarray, row: int, column: int) -> None:
    """Prefetch the cache line of `array[row, column]`, without waiting for it.

    For use inside a kernel, some rows ahead of the one being read: a row in main memory takes
    about 100 ns to arrive. Never faults, whatever the position; in plain Python it does nothing.
    """


def next_block(turn: np.ndarray) -> int:
    """Return the next block number that no thread has taken, 0 first.

    For use inside a kernel whose blocks cost unequal time: a free thread takes the next block.
    `turn` is an array of one int64, 0 before the first call, which the public function allocates
    (inside a parallel kernel ``np.zeros`` would be one more parallel loop: 3 µs). No block depends
    on the thread that computes it, so the result is always the same.

    >>> import numpy as np
    >>> turn = np.zeros(1, np.int64)
    >>> next_block(turn), next_block(turn)
    (0, 1)
    """
    turn[0] += 1
    return int(turn[0]) - 1


def block_size(count: int, workers: int, most: int = 64) -> int:
    """Return how many of `count` items a thread takes at a time with `next_block`.

    At most `most`, and few enough that each thread takes about 32 blocks: the wait for a thread
    that began late, or got expensive items, is then short.

    >>> block_size(30_000, 2), block_size(100, 2), block_size(3, 2), block_size(3, 1)
    (64, 1, 1, 64)
    """
    return most if workers == 1 else min(most, max(1, count // (32 * workers)))


if COMPILED:

    @intrinsic
    def _prefetch(typing, array, row, column):
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = signature.args[0]
            view = context.make_array(kind)(context, builder, args[0])
            address = cgutils.get_item_pointer(
                context, builder, kind, view, [args[1], args[2]], wraparound=False
            )
            byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            call = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
                "llvm.prefetch.p0",
            )
            read, keep, data = number(0), number(3), number(1)
            builder.call(call, [builder.bitcast(address, byte), read, keep, data])
            return context.get_dummy_value()

        return numba_types.void(array, numba_types.intp, numba_types.intp), generate

    @overload(prefetch, inline="always")
    def _prefetch_in_a_kernel(array, row, column):
        return lambda array, row, column: _prefetch(array, row, column)  # type: ignore[call-arg]

    @intrinsic
    def _next_block(typing, turn):
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            view = context.make_array(signature.args[0])(context, builder, args[0])
            return builder.atomic_rmw("add", view.data, ir.IntType(64)(1), "monotonic")

        return numba_types.int64(turn), generate

    @overload(next_block, inline="always")
    def _next_block_in_a_kernel(turn):
        return lambda turn: _next_block(turn)  # type: ignore[call-arg]


def cache_stats() -> dict[str, int]:
    """Count the kernels that this process has read from the cache, and those it has compiled.

    Returns
    -------
    dict
        `hits` (specializations read from disk) and `misses` (compiled now).
    """
    counts = [compiled.stats for compiled in _KERNELS]
    return {
        "hits": sum(sum(c.cache_hits.values()) for c in counts),
        "misses": sum(sum(c.cache_misses.values()) for c in counts),
    }


def count_kernel_call(kind: str) -> None:
    """Count one run of the kernels of a kind: "lookup", "gradient" or "training"."""
    _CALLS[kind] = _CALLS.get(kind, 0) + 1


def kernel_calls(kind: str) -> int:
    """Return how often the kernels of a kind have run in this process.

    A test can tell by it that the compiled kernels, and nothing else, did the work.

    >>> before = kernel_calls("lookup")
    >>> count_kernel_call("lookup")
    >>> kernel_calls("lookup") - before
    1
    """
    return _CALLS.get(kind, 0)


def _compile(function: Any, *, parallel: bool, reductions: bool) -> Any:
    if not COMPILED:
        function.py_func = function
        return function
    options: dict[str, Any] = {
        "cache": True,
        "nogil": True,
        "parallel": parallel,
        "error_model": "numpy",
        "no_cfunc_wrapper": True,  # for C callers: there is none
        "fastmath": NAN_SAFE if reductions else False,
    }
    try:
        compiled = _with_core_stamp(function, options)
    except RuntimeError as error:
        if "locator" not in str(error):
            raise
        config.CACHE_DIR = tempfile.mkdtemp(prefix="embedlab-numba-")
        atexit.register(_remove_folder, config.CACHE_DIR, os.getpid())
        warnings.warn(
            "a folder for compiled kernels must be writable. Received none beside the package "
            f"or in the user's cache, so {config.CACHE_DIR} serves until this process ends. "
            "Set NUMBA_CACHE_DIR to a folder that stays.",
            RuntimeWarning,
            stacklevel=3,
        )
        compiled = _with_core_stamp(function, options)
    _KERNELS.append(compiled)
    return compiled


def _remove_folder(folder: str, owner: int) -> None:
    """Remove the cache of this process when it ends; a child of a fork leaves it alone."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _with_core_stamp(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Decorate `function` while Numba's setting names `CoreCacheLocator`."""
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{CoreCacheLocator.__name__}"
    try:
        compiled = numba.njit(**options)(function)
        compiled._cache.__class__ = KernelCache  # no second search for a folder
        compiled._cache._cache_file.__class__ = KernelFile
        return compiled
    finally:
        config.CACHE_LOCATOR_CLASSES = _OWN_LOCATORS
