"""Writing a file whole or not at all."""

import glob
import hashlib
import os
import platform
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from embedlab.core.checks import message

__all__ = ["atomic_write"]

PART = ".part"
STALE, STALE_ELSEWHERE = 3600, 86_400
"""Seconds after which the file of a dead writer is deleted: one of this machine, another one."""


@contextmanager
def atomic_write(path: Any, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary file next to `path`, which replaces `path` when all went well.

    A link is followed: its target is replaced. The temporary file is in the same folder, so that
    the last step is one rename.

    An existing file is a FileExistsError with ``overwrite=False``; without its folder, there is a
    FileNotFoundError.

    Notes
    -----
    The new bytes are on the disk before the rename, and the rename is before the return. Whenever
    the writer dies, `path` holds the old file or the new one, whole. Its ``.part`` file stays, and
    goes with the next writing of `path`, once nothing has touched it for an hour; that of a
    process that lives is left alone, and that of another machine for a day.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "numbers.txt"
    >>> with atomic_write(path) as temporary:
    ...     _ = temporary.write_text("1 2 3")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('1 2 3', 1)
    """
    target = Path(os.path.realpath(os.fspath(path)))
    if not overwrite and target.exists():
        must, do = "with overwrite=False there must be no file yet", "Choose another name"
        raise FileExistsError(message(must, f"{path}, which exists", do))
    if target.exists() and not target.is_file():
        received = f"{path}, which is {'a folder' if target.is_dir() else 'a device or a pipe'}"
        raise FileExistsError(message("path must name a file", received, "Choose another name"))
    if not target.parent.is_dir():
        must, received = "the folder of a file must exist", f"{path}, whose folder does not"
        raise FileNotFoundError(message(must, received, "Make the folder first"))
    _remove_stale(target)
    prefix = f"{_prefix(target)}{_machine_id()}-{os.getpid()}."
    handle, name = tempfile.mkstemp(PART, prefix, target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        os.chmod(temporary, _mode(target))
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _flush(target.parent)


def _prefix(target: Path) -> str:
    """Return how temporary files of `target` begin: a name may have 255 bytes."""
    return f".{os.fsencode(target.name)[:100].decode(errors='ignore')}."


def _remove_stale(target: Path) -> None:
    """Delete temporary files that dead writers of `target` have left."""
    prefix = _prefix(target)
    with suppress(OSError):
        for left in target.parent.glob(glob.escape(prefix) + "*" + PART):
            writer = re.match(r"([0-9a-f]{8})-([0-9]+)[.]", left.name.removeprefix(prefix))
            if writer is None:
                continue
            # One of another machine, or this machine had another name.
            elsewhere = writer[1] != _machine_id()
            with suppress(OSError):
                age = time.time() - left.stat().st_mtime
                is_old = age > (STALE_ELSEWHERE if elsewhere else STALE)
                if is_old and (elsewhere or not _is_running(int(writer[2]))):
                    left.unlink()


def _machine_id() -> str:
    """Return an id of this machine: a process number means nothing on another."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # elsewhere os.kill would end the process
        return True
    try:
        os.kill(pid, 0)  # signal 0 is not delivered
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def _mode(target: Path) -> int:
    """Return the permissions that the file has, or that a new one would get."""
    with suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _flush(path: Path) -> None:
    """Flush to disk; a folder is left alone where the system cannot flush it."""
    folder = path.is_dir()
    with suppress(OSError) if folder else nullcontext():
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
