"""The error of a file that is not read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["RESTORE", "FileRefused", "as_file_refused"]

RESTORE = "Save it again, or take a backup."
"""What to do about a damaged file."""


class FileRefused(ValueError):
    """A file is not read; the model or layer at hand is as it was.

    Attributes
    ----------
    path : str
        The file.

    Examples
    --------
    >>> raise FileRefused("m.keras", "must be a zip archive. Received a pickle. Save it again.")
    Traceback (most recent call last):
    embedlab.storage.errors.FileRefused: m.keras must be a zip archive. Received a pickle. \
Save it again.
    """

    def __init__(self, path: Any, message: str):
        super().__init__(f"{path} {message}")
        self.path = str(path)


@contextmanager
def as_file_refused(path: Any, must: str, remedy: str) -> Iterator[None]:
    """Turn any error inside into one FileRefused; errors of opening the file stay as they are.

    Parameters
    ----------
    path : path-like
    must : str
        What must hold, such as "be a whole HDF5 file".
    remedy : str
        What to do.

    Examples
    --------
    >>> with as_file_refused("m.h5", "be a whole HDF5 file", "Save it again."):
    ...     raise OSError("truncated")
    Traceback (most recent call last):
    embedlab.storage.errors.FileRefused: m.h5 must be a whole HDF5 file. Received: truncated. \
Save it again.
    """
    try:
        yield
    except (FileRefused, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # readers of a damaged file fail in any way
        reason = f"{error}".strip().rstrip(".").replace("\n", " ") or type(error).__name__
        raise FileRefused(path, f"must {must}. Received: {reason:.600}. {remedy}") from error
