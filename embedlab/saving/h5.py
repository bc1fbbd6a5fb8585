"""Arrays in an HDF5 file: written plainly, read with suspicion."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from embedlab.saving.refusal import FileRefused, refusing

if TYPE_CHECKING:
    import h5py  # at run time loaded by what opens a file: it is a sixth of the import of a model

__all__ = [
    "MOST_NAMES",
    "PIECE",
    "Reader",
    "Stored",
    "numbers",
    "reading",
    "staged",
    "write_groups",
]

PIECE = 1 << 22
"""Bytes that are read at a time."""
MOST_NAMES = 100_000
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
        What the attribute "name" of a group says.

    Notes
    -----
    No clock goes into the file: the same arrays give the same bytes.
    """
    import h5py

    with h5py.File(path, "w") as file:
        for group, arrays in groups.items():
            made = file.require_group(group)
            if names and group in names:
                made.attrs["name"] = names[group]
            for name, array in arrays.items():
                made.create_dataset(name, data=np.asarray(array))


class Stored:
    """An array that lies in a file: its shape and dtype are known, its numbers are not read yet.

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
        """Return the numbers, in an array of their own, or in `out`, whose dtype they then take.

        They are read a few rows at a time: into a table on disk no more than these ever come into
        memory.
        """
        out = np.empty(self.shape, self.dtype) if out is None else out
        if out.size and out.ndim:
            rows = max(1, PIECE // (out.nbytes // len(out)))
            for first in range(0, len(out), rows):
                part = np.s_[first : first + rows]
                self._dataset.read_direct(out, part, part)
        elif out.size:
            self._dataset.read_direct(out)
        return out


def numbers(value: Any) -> np.ndarray:
    """Return the array that `value` is, or that it stands for in a file.

    >>> numbers([1, 2]).tolist()
    [1, 2]
    """
    return value.read() if isinstance(value, Stored) else np.asarray(value)


def staged(value: Any, variable: Any) -> np.ndarray:
    """Return the array for `variable` that `value` is or stands for, lying where the variable does.

    What is for memory comes as it is, to be copied by `assign`; what is for a table on disk goes
    straight into a second file, for `Variable.swap`.

    >>> from embedlab.layers import Embedding
    >>> layer = Embedding(3, 2, placement="disk")
    >>> layer.build()
    >>> staged(np.ones((3, 2)), layer.table).dtype, type(staged([1.0], None))
    (dtype('float32'), <class 'numpy.ndarray'>)
    """
    if variable is None or variable.allocate is np.zeros:
        return numbers(value)
    out = variable.allocate(variable.shape, variable.dtype)
    if isinstance(value, Stored):
        return value.read(out)
    out[...] = value
    return out


class Reader:
    """The groups of an open file, by path; links that lead elsewhere are refused on the way."""

    def __init__(self, file: "h5py.File", path: Any):
        self._file, self.path = file, path

    def arrays(self, group: str) -> dict[str, Stored] | None:
        """Return the arrays of a group by name, unread, or None where there is no such group.

        Raises
        ------
        FileRefused
            For a link to elsewhere, an array that is kept in another file, compressed, not
            numbers, or announced larger than what the file holds.
        """
        import h5py

        found = self._walk(group)
        if found is None:
            return None
        if len(found) > MOST_NAMES:
            raise FileRefused(
                self.path,
                f"must not hold more than {MOST_NAMES:,} names in a group."
                f" Received {len(found):,} in {group}. Do not trust this file.",
            )
        kept = {}
        for name in found:
            item = self._step(found, name, group)
            if isinstance(item, h5py.Dataset):
                kept[name] = self._checked(item, f"{group}/{name}")
        return kept

    def names(self, group: str) -> list[str]:
        """Return what a group holds, by name; nothing where there is no such group."""
        found = self._walk(group)
        return [] if found is None else list(found)[:MOST_NAMES]

    def label(self, group: str) -> str | None:
        """Return the attribute "name" of a group, where Keras keeps the name of a layer."""
        found = self._walk(group)
        name = None if found is None else found.attrs.get("name")
        return name if isinstance(name, str) else None

    def _walk(self, group: str) -> "h5py.Group | None":
        import h5py

        here: Any = self._file
        for number, part in enumerate(group.split("/")):
            if part not in here:
                return None
            here = self._step(here, part, "/".join(group.split("/")[:number]))
            if not isinstance(here, h5py.Group):
                return None
        return here

    def _step(self, group: "h5py.Group", name: str, where: str) -> Any:
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

    def _checked(self, dataset: "h5py.Dataset", where: str) -> Stored:
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
        wanted = dtype.itemsize
        for length in dataset.shape:
            wanted *= int(length)
        held = int(dataset.id.get_storage_size())
        if held < wanted:
            raise FileRefused(
                self.path,
                f"must hold the numbers it announces. Received shape "
                f"{dataset.shape} at {where} ({wanted:,} bytes), and {held:,} bytes "
                "of them. Save it again.",
            )
        return Stored(dataset)


@contextmanager
def reading(source: Any, path: Any) -> Iterator[Reader]:
    """Open an HDF5 file for reading; whatever is wrong with it becomes one FileRefused.

    Parameters
    ----------
    source : path-like or binary file
    path : path-like
        What errors call it.
    """
    import h5py

    with (
        refusing(path, "be a whole HDF5 file with weights", "Save it again, or take a backup."),
        h5py.File(source, "r") as file,
    ):
        yield Reader(file, path)
