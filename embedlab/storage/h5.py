"""Arrays in HDF5 files; what a file says is checked before it is read."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from embedlab.storage.errors import RESTORE, FileRefused, as_file_refused

if TYPE_CHECKING:
    import h5py  # at run time imported where a file is opened: a sixth of the import time of models

__all__ = ["CHUNK_BYTES", "MAX_NAMES", "LazyArray", "Reader", "open_h5", "write_groups"]

CHUNK_BYTES = 1 << 22
"""Bytes that are read at a time."""
MAX_NAMES = 100_000
"""More names in one group are a mistake or an attack: a model with as many arrays is not ours."""


def write_groups(
    path: Any, groups: Mapping[str, Mapping[str, Any]], names: Mapping[str, str] | None = None
) -> None:
    """Write arrays into the groups of a new HDF5 file, uncompressed, as Keras does.

    Parameters
    ----------
    path : path-like
    groups : mapping of group to mapping of name to array
    names : mapping of group to str, optional
        The attribute "name" of a group.

    Notes
    -----
    No clock goes into the file: the same arrays give the same bytes.
    """
    import h5py

    with h5py.File(path, "w") as file:
        for group, arrays in groups.items():
            h5_group = file.require_group(group)
            if names and group in names:
                h5_group.attrs["name"] = names[group]
            for name, array in arrays.items():
                h5_group.create_dataset(name, data=np.asarray(array))


class LazyArray:
    """An array in a file, whose numbers are read when they are needed.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    """

    def __init__(self, dataset: "h5py.Dataset"):
        self._dataset = dataset
        self.shape = tuple(int(n) for n in dataset.shape)
        self.dtype = dataset.dtype.newbyteorder("=")

    def read(self, out: np.ndarray | None = None) -> np.ndarray:
        """Return the numbers in a new array, or in `out`, cast to its dtype.

        They are read CHUNK_BYTES at a time, so that a table on disk never passes through memory
        as a whole.
        """
        out = np.empty(self.shape, self.dtype) if out is None else out
        if out.size and out.ndim:
            rows = max(1, CHUNK_BYTES // (out.nbytes // len(out)))
            for first in range(0, len(out), rows):
                part = np.s_[first : first + rows]
                self._dataset.read_direct(out, part, part)
        elif out.size:
            self._dataset.read_direct(out)
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.read() if dtype is None else self.read().astype(dtype, copy=False)


class Reader:
    """The groups of an open file, by path; links to elsewhere are refused."""

    def __init__(self, file: "h5py.File", path: Any):
        self._file, self.path = file, path

    def arrays(self, group: str) -> dict[str, LazyArray] | None:
        """Return the arrays of a group by name, unread, or None where there is no such group.

        Raises
        ------
        FileRefused
            For a link to elsewhere, an array that is kept in another file, compressed, not
            numbers, or announced larger than what the file holds.
        """
        import h5py

        h5_group = self._group(group)
        if h5_group is None:
            return None
        if len(h5_group) > MAX_NAMES:
            raise FileRefused(
                self.path,
                f"must not hold more than {MAX_NAMES:,} names in a group."
                f" Received {len(h5_group):,} in {group}. Do not trust this file.",
            )
        arrays = {}
        for name in h5_group:
            item = self._item(h5_group, name, group)
            if isinstance(item, h5py.Dataset):
                arrays[name] = self._lazy_array(item, f"{group}/{name}")
        return arrays

    def names(self, group: str) -> list[str]:
        """Return the names in a group; none where there is no such group."""
        h5_group = self._group(group)
        return [] if h5_group is None else list(h5_group)[:MAX_NAMES]

    def label(self, group: str) -> str | None:
        """Return the attribute "name" of a group, where Keras keeps the name of a layer."""
        h5_group = self._group(group)
        name = None if h5_group is None else h5_group.attrs.get("name")
        return name if isinstance(name, str) else None

    def _group(self, group: str) -> "h5py.Group | None":
        import h5py

        item: Any = self._file
        for number, part in enumerate(group.split("/")):
            if part not in item:
                return None
            item = self._item(item, part, "/".join(group.split("/")[:number]))
            if not isinstance(item, h5py.Group):
                return None
        return item

    def _item(self, group: "h5py.Group", name: str, where: str) -> Any:
        import h5py

        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            kind = "another file" if isinstance(link, h5py.ExternalLink) else "elsewhere"
            raise FileRefused(
                self.path,
                f"must hold its arrays itself. Received a link to {kind} "
                f"at {where}/{name}. Do not trust this file.",
            )
        return group[name]

    def _lazy_array(self, dataset: "h5py.Dataset", where: str) -> LazyArray:
        dtype = dataset.dtype
        if dtype.kind not in "fiu" or dtype.itemsize > 8 or dataset.shape is None:
            raise FileRefused(
                self.path,
                f"must hold plain numbers. Received {str(dtype)!r:.60} at "
                f"{where}. Objects in files are never brought to life.",
            )
        if dataset.is_virtual or dataset.external:
            raise FileRefused(
                self.path,
                "must hold its arrays itself. Received one that is kept "
                f"in another file at {where}. Do not trust this file.",
            )
        if dataset.id.get_create_plist().get_nfilters():
            raise FileRefused(
                self.path,
                "must hold its arrays uncompressed. Received a compressed "
                f"one at {where}. Copy it with h5repack -f NONE if you trust it.",
            )
        announced = dtype.itemsize
        for length in dataset.shape:
            announced *= int(length)
        stored = int(dataset.id.get_storage_size())
        if stored < announced:
            raise FileRefused(
                self.path,
                f"must hold the numbers it announces. Received shape "
                f"{dataset.shape} at {where} ({announced:,} bytes), and {stored:,} bytes "
                "of them. Save it again.",
            )
        return LazyArray(dataset)


@contextmanager
def open_h5(source: Any, path: Any) -> Iterator[Reader]:
    """Open an HDF5 file for reading; any error in it becomes one FileRefused.

    Parameters
    ----------
    source : path-like or binary file
    path : path-like
        The name of the file in errors.
    """
    import h5py

    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb"):  # a missing file is named by Python's own error
            pass
    with (
        as_file_refused(path, "be a whole HDF5 file with weights", RESTORE),
        h5py.File(source, "r") as file,
    ):
        yield Reader(file, path)
