"""The error of a file that is not read."""

import copyreg
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from embedlab.budget import BASE, OverBudgetError
from embedlab.core.checks import message

__all__ = ["DISTRUST", "RESTORE", "FileRefused", "as_file_refused"]

RESTORE, DISTRUST = "Save it again, or take a backup", "Do not trust this file"
"""What to do about a damaged file, and about a hostile one."""


class FileRefused(ValueError):
    """The file at `path` is not read; the model or layer at hand is as it was."""

    def __init__(self, path: Any, must: str, received: str, do: str):
        super().__init__(message(f"{path} must {must}", received, do))
        self.path = str(path)

    def __reduce__(self) -> Any:  # its arguments are not those of its base: a worker sends it so
        return copyreg.__newobj__, (type(self), str(self)), vars(self)  # type: ignore[attr-defined]


@contextmanager
def as_file_refused(
    path: Any, must: str, do: str = RESTORE, keep_advice: bool = False
) -> Iterator[None]:
    """Turn any error inside into one FileRefused; errors of opening the file stay as they are.

    With `keep_advice`, an error of ours inside keeps its own advice.

    >>> with as_file_refused("m.h5", "be a whole HDF5 file"):
    ...     raise OSError("truncated")
    Traceback (most recent call last):
    embedlab.storage.errors.FileRefused: m.h5 must be a whole HDF5 file. Received a file that \
cannot be read: truncated. Save it again, or take a backup.
    """
    special = not isinstance(path, int) and os.path.exists(path) and not os.path.isdir(path)
    if special and not os.path.isfile(path):  # to open a pipe would wait for ever
        raise FileRefused(path, must, "a pipe or a device", "Name a file")
    try:
        yield
    except (FileRefused, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except OverBudgetError as error:
        must = f"ask for at most {BASE // 10**6} MB and {error.multiple} times its size"
        model = str(path).endswith(".keras")
        do = "Do not trust it" + "; load_model(..., safe_mode=False) has no limit" * model
        raise FileRefused(path, must, str(error), do) from None
    except Exception as error:  # readers of a damaged file fail in any way
        reason = f"{error}".strip().rstrip(".").replace("\n", " ") or type(error).__name__
        what = "a file that cannot be read"
        if keep_advice and ". Received " in reason:
            what, (reason, _, do) = "a file that does not fit", reason.rpartition(". ")
        raise FileRefused(path, must, f"{what}: {reason:.600}", do) from error
