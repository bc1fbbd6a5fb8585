"""Check whether this machine is ready for the lessons: one check a line, each with a remedy."""

import contextlib
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

__all__ = ["Check", "CheckError", "Report", "checks", "doctor"]

_CHECKS: list[tuple[str, Callable[[], str], str]] = []


class CheckError(Exception):
    """The failure of one check."""


@dataclass(frozen=True)
class Check:
    """One check of the set-up, and its result.

    Attributes
    ----------
    name : str
        What was checked.
    ok : bool
    received : str
        The finding: a version, a folder, or what is wrong.
    cure : str
        What to do when it is wrong.
    """

    name: str
    ok: bool
    received: str
    cure: str

    def line(self, *, details: bool = True) -> str:
        """Return one line; without `details` the line of a passed check is the same everywhere."""
        if not self.ok:
            return f"✗ {self.name}: {self.received}. {self.cure}"
        return f"✓ {self.name}: {self.received}" if details else f"✓ {self.name}"


@dataclass(frozen=True)
class Report:
    """All results. The repr names no version and no folder."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """True when every check is green."""
        return all(check.ok for check in self.checks)

    def __repr__(self) -> str:
        wrong = sum(not check.ok for check in self.checks)
        end = (
            "All green: the lessons can start."
            if self.ok
            else f"{wrong} to fix: see the lines with ✗."
        )
        return "\n".join([*(check.line(details=False) for check in self.checks), end])


def checks() -> Iterator[Check]:
    """Ask the machine one question after the other, quick ones first."""
    for name, look, cure in _CHECKS:
        try:
            yield Check(name, True, look(), cure)
        except Exception as error:  # a broken set-up can fail in any way; say which
            message = str(error) if isinstance(error, CheckError) else f"{error!r:.200}"
            yield Check(name, False, message.rstrip("."), cure)


def doctor() -> Report:
    """Check the set-up: versions, the cache, the compiler, the browser half, the lessons.

    Returns
    -------
    Report
        `report.ok` says whether all is green; printing it shows one line a check, and the cure
        beside each line that is not.

    Examples
    --------
    >>> print(doctor())  # doctest: +ELLIPSIS
    ✓ Python
    ...
    """
    return Report(tuple(checks()))


def _check(name: str, cure: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    def register(look: Callable[[], str]) -> Callable[[], str]:
        _CHECKS.append((name, look, cure))
        return look

    return register


def _version(name: str, least: str, below: str | None = None) -> str:
    received = importlib.metadata.version(name)
    if _numbers(received) < _numbers(least) or (below and _numbers(received) >= _numbers(below)):
        expected = f"{least} or newer" + (f", before {below}" if below else "")
        raise CheckError(f"{name} {received} is here, and {expected} is needed")
    return f"{name} {received}"


def _numbers(version: str) -> tuple[int, ...]:
    parts = []
    for part in version.split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


@_check("Python", "Install Python 3.11 or newer, and make the environment with it.")
def _python() -> str:
    received = platform.python_version()
    if _numbers(received) < (3, 11):
        raise CheckError(f"Python {received} is here, and 3.11 or newer is needed")
    return received


@_check("NumPy and Numba", "In a clone, run: make lab. Otherwise install embedlab again.")
def _arrays() -> str:
    numpy = _version("numpy", "2.0", "2.6")
    if sys.platform == "emscripten":
        return f"{numpy}; there is no Numba for a browser"
    numba = _version("numba", "0.63", "0.69")
    import_module("numba")  # the versions can fit and the library still fail to load
    return f"{numpy}, {numba}"


@_check("cache folder", "Set NUMBA_CACHE_DIR to a folder that you may write to and that stays.")
def _cache() -> str:
    from embedlab.core.jit import COMPILED
    from embedlab.core.lookup import lookup_kernel

    if not COMPILED:
        return "plain Python needs none"
    place = Path(lookup_kernel.stats.cache_path)
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=place):
        pass
    if "embedlab-numba-" in str(place):  # the fallback of core/jit.py
        raise CheckError(f"only {place} can be written to, and it will not last")
    return str(place)


@_check(
    "compiler", "Unset NUMBA_DISABLE_JIT, or run: python -m pip install --force-reinstall numba"
)
def _compiler() -> str:
    from embedlab.core.jit import COMPILED

    if sys.platform == "emscripten":
        return "none in a browser: kernels run as plain Python, slow and right"
    if not COMPILED:
        raise CheckError("kernels run as plain Python: right, and a hundred times slower")
    import numba

    if numba.njit(lambda x: x + 1)(41) != 42:
        raise CheckError("a compiled function returned a wrong sum")
    return "a small function compiles and runs"


@_check("lookup", "Empty the cache folder named above, then run: embedlab warm")
def _lookup() -> str:
    import numpy as np

    from embedlab.core.lookup import lookup

    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    if not np.array_equal(lookup(table, [2, 0, 2]), table[[2, 0, 2]]):
        raise CheckError("the compiled kernel and NumPy disagree")
    return "the compiled kernel and NumPy agree"


@_check("threads", "Unset NUMBA_NUM_THREADS, or set it to the number of cores.")
def _threads() -> str:
    from embedlab.core.jit import num_threads

    count, cores = num_threads(), os.cpu_count() or 1
    if not 1 <= count <= cores:
        raise CheckError(f"{count} threads are set for {cores} cores")
    return f"{count} of {cores} cores"


@_check("widgets", "Run: python -m pip install --force-reinstall ipywidgets anywidget")
def _widgets() -> str:
    received = [_version("ipywidgets", "8.1.5"), _version("anywidget", "0.11", "0.12")]
    if {"jupyterlab", "notebook"} & {*_hosts()}:  # every other host brings its own front end
        for front in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
            if not _front_end(front):
                raise CheckError(f"JupyterLab does not find the front end of {front}")
    return ", ".join(received)


def _front_end(name: str) -> bool:
    from jupyter_core.paths import jupyter_path

    for place in jupyter_path("labextensions"):
        described = Path(place, name, "package.json")
        if described.is_file() and "name" in json.loads(described.read_text(encoding="utf-8")):
            return True
    return False


def _hosts() -> dict[str, str]:
    """Return the installed programs that show views, with their versions."""
    hosts = {}
    for name in ("jupyterlab", "notebook", "marimo", "voila", "panel", "streamlit"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            hosts[name] = importlib.metadata.version(name)
    return hosts


@_check("host", "In a clone, run: make lab. Otherwise run: python -m pip install jupyterlab")
def _host() -> str:
    hosts = _hosts()
    if not hosts:
        raise CheckError("JupyterLab is not installed, nor another host of the views")
    if "jupyterlab" in hosts:
        _version("jupyterlab", "4.4", "5")
    return ", ".join(f"{name} {version}" for name, version in hosts.items())


@_check("views", "In a clone, run: make bundle. Otherwise install embedlab again.")
def _bundles() -> str:
    static = Path(__file__).resolve().parents[1] / "explorers" / "static"
    bundles = sorted(static.glob("*.js"))
    for bundle in bundles:
        if not bundle.with_suffix(".css").is_file():
            raise CheckError(f"{bundle.stem}.css is missing")
    if not bundles:
        raise CheckError("no view is built")
    return ", ".join(bundle.stem for bundle in bundles)


@_check("lessons", "In a clone, run: make notebooks. Otherwise install embedlab again.")
def _lessons() -> str:
    from embedlab.lessons.notebook_files import notebook_dir, notebooks

    if not notebooks():
        raise CheckError(f"there is no notebook in {notebook_dir()}")
    return f"{len(notebooks())} in {notebook_dir()}"
