"""The one error of this floor: a file that will not be read, and why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["FileRefused", "refusing"]


class FileRefused(ValueError):
    """A file will not be read; the model or layer at hand is as it was.

    Attributes
    ----------
    path : str
        The file.

    Examples
    --------
    >>> raise FileRefused("m.keras", "must be a zip archive. Received a pickle. Save it again.")
    Traceback (most recent call last):
    embedlab.saving.refusal.FileRefused: m.keras must be a zip archive. Received a pickle. \
Save it again.
    """

    def __init__(self, path: Any, why: str):
        super().__init__(f"{path} {why}")
        self.path = str(path)


@contextmanager
def refusing(path: Any, must: str, cure: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into one FileRefused; nothing to open stays what it is.

    Parameters
    ----------
    path : path-like
    must : str
        What must hold, such as "be a whole HDF5 file".
    cure : str
        What to do.

    Examples
    --------
    >>> with refusing("m.h5", "be a whole HDF5 file", "Save it again."):
    ...     raise OSError("truncated")
    Traceback (most recent call last):
    embedlab.saving.refusal.FileRefused: m.h5 must be a whole HDF5 file. Received: truncated. \
Save it again.
    """
    try:
        yield
    except (FileRefused, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # readers of a damaged file fail in any way
        told = f"{error}".strip().rstrip(".").replace("\n", " ") or type(error).__name__
        raise FileRefused(path, f"must {must}. Received: {told:.600}. {cure}") from error
