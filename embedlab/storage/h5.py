"""Arrays in HDF5 files; what a file says is checked before it is read."""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from embedlab.budget import charge
from embedlab.storage.errors import DISTRUST, RESTORE, FileRefused, as_file_refused

if TYPE_CHECKING:
    import h5py  # at run time imported where a file is opened: a sixth of the import time of models

__all__ = ["CHUNK_BYTES", "LazyArray", "Reader", "open_h5", "write_groups"]

CHUNK_BYTES = 1 << 22  # bytes that are read at a time


def write_groups(
    path: Any, groups: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> None:
    """Write arrays by group and name into a new HDF5 file, uncompressed, as Keras does.

    `names` holds the attribute "name" of groups. No clock goes into the file: the same arrays give
    the same bytes.
    """
    import h5py

    with h5py.File(path, "w") as file:
        for group, arrays in groups.items():
            h5_group = file.require_group(group)
            if group in names:
                h5_group.attrs["name"] = names[group]
            for name, array in arrays.items():
                h5_group.create_dataset(name, data=np.asarray(array))


class LazyArray:
    """An array in a file, whose numbers are read when they are needed."""

    def __init__(self, dataset: "h5py.Dataset"):
        self._dataset = dataset
        self.shape = tuple(int(n) for n in dataset.shape)
        self.dtype = dataset.dtype.newbyteorder("=")

    def read(self, out: np.ndarray | None = None) -> np.ndarray:
        """Return the numbers in a new array, or in `out`, cast to its dtype.

        They are read CHUNK_BYTES at a time, so that a table on disk never passes through memory
        as a whole.
        """
        if out is None:
            charge(self.dtype.itemsize * math.prod(self.shape), f"an array of shape {self.shape}")
            out = np.empty(self.shape, self.dtype)
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
        self.keras2 = "layer_names" in file.attrs  # by which it lists its groups

    def names(self, group: str) -> list[str]:
        """Return the names in a group; none where there is no such group."""
        return list(self._group(group) or ())

    def arrays(self, group: str) -> dict[str, LazyArray]:
        """Return the arrays of a group by name, unread; none where there is no such group.

        Raises
        ------
        FileRefused
            For a link to elsewhere, an array that is kept in another file, compressed, not
            numbers, or announced larger than what the file holds.
        """
        import h5py

        items = {name: self._item(self._group(group), name, group) for name in self.names(group)}
        return {
            name: self._lazy_array(item, f"{group}/{name}")
            for name, item in items.items()
            if isinstance(item, h5py.Dataset)
        }

    def label(self, group: str) -> str | None:
        """Return the attribute "name" of a group, where Keras keeps the name of a layer."""
        attributes: Any = getattr(self._group(group), "attrs", {})
        one = "name" in attributes and attributes.get_id("name").shape == ()  # no list of texts
        return attributes["name"] if one and isinstance(attributes["name"], str) else None

    def _group(self, group: str) -> Any:
        import h5py

        item, where = self._file, ""
        for part in filter(None, group.split("/")):
            if part not in item:
                return None
            item, where = self._item(item, part, where), f"{where}/{part}"
            if not isinstance(item, h5py.Group):
                return None
        return item

    def _item(self, group: "h5py.Group", name: str, where: str) -> Any:
        import h5py

        link = group.get(name, getlink=True)
        kind = "another file" if isinstance(link, h5py.ExternalLink) else "elsewhere"
        received = f"a link to {kind} at {where}/{name}"
        self._require(isinstance(link, h5py.HardLink), "hold its arrays itself", received)
        item = group[name]
        links = h5py.h5o.get_info(item.id).rc  # with two, groups may hold themselves, without end
        self._require(links == 1, "link to each of its parts once", f"{links} to {where}/{name}")
        return item

    def _lazy_array(self, dataset: "h5py.Dataset", where: str) -> LazyArray:
        dtype, shape = dataset.dtype, dataset.shape
        plain = dtype.kind in "fiu" and dtype.itemsize <= 8 and shape is not None
        received = f"{str(dtype)!r:.60} at {where}, and objects in files are never brought to life"
        self._require(plain, "hold plain numbers", received)
        received = f"one that is kept in another file at {where}"
        outside = dataset.is_virtual or dataset.external
        self._require(not outside, "hold its arrays itself", received)
        filters, do = dataset.id.get_create_plist().get_nfilters(), "h5repack -f NONE"
        must, received = "hold its arrays uncompressed", f"a compressed one at {where}"
        self._require(not filters, must, received, f"Copy it with {do} if you trust it")
        announced, stored = dtype.itemsize * math.prod(shape), dataset.id.get_storage_size()
        received = f"shape {shape} at {where} ({announced:,} bytes), and {stored:,} bytes of them"
        self._require(stored >= announced, "hold the numbers it announces", received, RESTORE)
        return LazyArray(dataset)

    def _require(self, holds: bool, must: str, received: str, do: str = DISTRUST) -> None:
        if not holds:
            raise FileRefused(self.path, must, received, do)


@contextmanager
def open_h5(source: Any, path: Any) -> Iterator[Reader]:
    """Open an HDF5 file (a path or a binary file, called `path` in errors) for reading."""
    import h5py

    with as_file_refused(path, "be a whole HDF5 file with weights"):
        if isinstance(source, (str, os.PathLike)):
            open(source, "rb").close()  # a missing file is named by Python's own error
        with h5py.File(source, "r") as file:
            yield Reader(file, path)
