"""The cache of compiled kernels: an edit of any file of the core compiles its callers anew."""

import ctypes
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import embedlab
from embedlab.core import jit
from embedlab.core.jit import KernelFile
from embedlab.core.lookup import lookup_kernel

try:
    import resource
except ImportError:
    resource = None

PACKAGE = Path(embedlab.__file__).parent
HELPER = """
from embedlab.core.jit import kernel

@kernel
def scaled(x):
    return 2.0 * x
"""
CALLER = """
from embedlab.core.helper import scaled
from embedlab.core.jit import kernel

@kernel
def total(values):
    result = 0.0
    for n in range(values.size):
        result += scaled(values[n])
    return result
"""
KEY = ("float32", "processor", "closure")
"""As Numba makes it: signature, processor, hashes of the code and of what it closes over."""
CALL = """
import numpy as np
from embedlab.core.caller import total
result = total(np.ones(3))
stats = total.stats
print(result, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def call(path, before=None, **environment):
    """Return the result, the cache hits and misses of the caller, and the warnings."""
    env = {name: text for name, text in os.environ.items() if not name.startswith("NUMBA_")}
    env |= {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    process = subprocess.run(
        [sys.executable, "-c", CALL],
        env=env,
        cwd=Path(path).parent,
        preexec_fn=before,
        capture_output=True,
        text=True,
        check=True,
    )
    result, hits, misses = process.stdout.split()
    return float(result), int(hits), int(misses), process.stderr


@pytest.fixture
def copy(tmp_path):
    """Return a folder with a copy of the core, a helper kernel, and its caller in another file."""
    package = tmp_path / "copy" / "embedlab"
    shutil.copytree(
        PACKAGE / "core", package / "core", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("__init__.py", "__init__.pyi"):
        shutil.copy(PACKAGE / name, package)
    (package / "core" / "helper.py").write_text(HELPER)
    (package / "core" / "caller.py").write_text(CALLER)
    return package.parent


def edit(copy):
    helper = copy / "embedlab" / "core" / "helper.py"
    helper.write_text(helper.read_text().replace("2.0 * x", "5.0 * x"))


def test_callers_recompile_when_a_kernel_changes(copy):
    assert call(copy) == (6.0, 0, 1, "")
    assert call(copy) == (6.0, 1, 0, "")
    edit(copy)
    assert call(copy) == (15.0, 0, 1, "")
    assert call(copy) == (15.0, 1, 0, "")


@pytest.mark.thorough
def test_a_named_cache_folder_follows_and_a_copied_one_is_used(copy, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert call(copy, NUMBA_CACHE_DIR=str(first))[:3] == (6.0, 0, 1)
    shutil.copytree(first, second)
    assert call(copy, NUMBA_CACHE_DIR=str(second))[:3] == (6.0, 1, 0)
    edit(copy)
    assert call(copy, NUMBA_CACHE_DIR=str(second))[:3] == (15.0, 0, 1)
    assert not list(copy.rglob("*.nbc"))


@pytest.mark.thorough
def test_without_a_writable_folder_a_temporary_one_serves(copy, tmp_path):
    for folder in ("embedlab/core", "cache"):
        (copy / folder).mkdir(exist_ok=True)
        (copy / folder / "__pycache__").write_text("a file, where a folder should be")
    home = str(copy / "cache" / "__pycache__")
    result, hits, misses, warned = call(copy, XDG_CACHE_HOME=home, TMPDIR=str(tmp_path))
    assert (result, hits, misses) == (6.0, 0, 1)
    assert "a folder for compiled kernels must be writable" in warned
    assert not list(tmp_path.glob("embedlab-numba-*"))  # it went with its process


@pytest.mark.thorough
def test_a_damaged_cache_is_compiled_anew(copy, tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert call(copy, **cache) == (6.0, 0, 1, "")
    for content in (b"", b"junk", b"\x80\x04\x8c\xff"):
        (damaged,) = (tmp_path / "cache").rglob("caller.total*")
        damaged.write_bytes(content)
        result, hits, misses, warned = call(copy, **cache)
        assert (result, hits, misses) == (6.0, 0, 1)
        assert "must be readable and writable. Received" in warned
    assert call(copy, **cache) == (6.0, 1, 0, "")


def test_no_damaged_machine_code_is_run(tmp_path):
    """LLVM ends the process over many a bit that is not what it was."""
    assert type(lookup_kernel._cache._cache_file) is KernelFile
    code = bytes(range(256)) * 4
    files = KernelFile(str(tmp_path), "kernel", "stamp")
    files.save(KEY, ("total", code))
    assert files.load(KEY) == ("total", code)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    for n in range(len(content)):
        path.write_bytes(content[:n] + bytes([content[n] ^ 1 << n % 8]) + content[n + 1 :])
        try:
            loaded = files.load(KEY)
        except Exception:  # whatever the bytes say: `KernelCache` compiles anew
            continue
        assert loaded in (("total", code), None), n


def test_two_processes_that_save_at_once_lose_nothing(tmp_path):
    """One has read what is there and is about to write when the other saves its own kernel."""
    one, two = (KernelFile(str(tmp_path), "kernel", "stamp") for _ in range(2))
    other, write = ("float64", *KEY[1:]), one._open_for_write

    def write_after_the_other(path):
        one._open_for_write = write
        two.save(other, "float64 code")
        return write(path)

    one._open_for_write = write_after_the_other
    one.save(KEY, "float32 code")
    for files in (one, two):
        assert files.load(KEY) == "float32 code"
        assert files.load(other) == "float64 code"


def test_a_kernel_of_other_sources_is_written_over(tmp_path):
    old, new = (KernelFile(str(tmp_path), "kernel", stamp) for stamp in ("old", "new"))
    old.save(KEY, "old code")
    for key in (KEY, (*KEY[:2], "other closure")):
        assert new.load(key) is None
    new.save(KEY, "new code")
    assert new.load(KEY) == "new code" and old.load(KEY) is None
    assert len(list(tmp_path.iterdir())) == 1


def test_the_file_of_another_kernel_is_not_read(tmp_path):
    serial, parallel = (
        KernelFile(str(tmp_path), name, "stamp") for name in ("one", "one_parallel")
    )
    serial.save(KEY, "code")
    (file,) = tmp_path.iterdir()
    parallel.save(KEY, "parallel code")
    (other,) = set(tmp_path.iterdir()) - {file}
    shutil.copy(other, file)
    assert serial.load(KEY) is None and parallel.load(KEY) == "parallel code"


def test_after_an_edit_a_process_keeps_nothing(tmp_path, monkeypatch):
    files = KernelFile(str(tmp_path), "kernel", "stamp")
    monkeypatch.setattr(jit, "_hash_of_sources", lambda: "of edited sources")
    files.save(KEY, "code of either version")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_in_the_cache_is_not_waited_for(tmp_path):
    files = KernelFile(str(tmp_path), "kernel", "stamp")
    files.save(KEY, "code")
    (path,) = tmp_path.iterdir()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="a pipe"):
        files.load(KEY)
    files.save(KEY, "code")
    assert files.load(KEY) == "code"


def bound_by_modes():
    """Make the modes of files hold for this process even if it is root."""
    drop_from_bounding_set, dac_override = 24, 1
    if os.getuid() == 0:
        ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="root is bound by modes on Linux alone")
@pytest.mark.parametrize("named", [False, True])
def test_what_an_administrator_compiled_is_read(copy, tmp_path, named):
    folder = tmp_path / "cache" if named else copy / "embedlab" / "core" / "__pycache__"
    cache = {"NUMBA_CACHE_DIR": str(folder)} if named else {}
    assert call(copy, **cache) == (6.0, 0, 1, "")
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    home = {"XDG_CACHE_HOME": str(tmp_path / "home")}
    try:
        for path in [*folders, copy / "embedlab" / "core"]:
            path.chmod(0o555)
        assert call(copy, bound_by_modes, **cache, **home) == (6.0, 1, 0, "")
        assert not list(tmp_path.joinpath("home").rglob("*.nbc"))
        next(folder.rglob("caller.total*")).write_bytes(b"junk")
        assert call(copy, bound_by_modes, **cache, **home)[:3] == (6.0, 0, 1)
        assert call(copy, bound_by_modes, **cache, **home) == (6.0, 1, 0, "")  # from her own
    finally:
        for path in [*folders, copy / "embedlab" / "core"]:
            path.chmod(0o755)


@pytest.mark.thorough
@pytest.mark.skipif(resource is None, reason="no limit of file sizes on Windows")
def test_a_full_disk_costs_time_and_not_the_call(copy, tmp_path):
    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    result, hits, misses, warned = call(copy, fill, **cache)
    assert (result, hits, misses) == (6.0, 0, 1)
    assert warned.count("RuntimeWarning") == 1 and "Free some space" in warned
    assert call(copy, **cache) == (6.0, 0, 1, "")


@pytest.mark.thorough
def test_a_zip_archive_has_a_cache_too(copy, tmp_path):
    archive = tmp_path / "embedlab.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in copy.rglob("*.py*"):
            file.write(path, path.relative_to(copy))
    home = str(tmp_path / "home")
    assert call(archive, XDG_CACHE_HOME=home)[:3] == (6.0, 0, 1)
    assert call(archive, XDG_CACHE_HOME=home)[:3] == (6.0, 1, 0)


def test_user_code_keeps_the_locators_of_numba():
    from numba import config

    assert os.environ.get("NUMBA_CACHE_LOCATOR_CLASSES", "") == config.CACHE_LOCATOR_CLASSES
