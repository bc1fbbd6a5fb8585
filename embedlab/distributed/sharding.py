"""Sharding schemes: which shard holds which rows and columns of a table, as pure functions.

The terms are TorchRec's. "table_wise": the whole table on one worker. "row_wise": blocks of rows.
"row_wise_hashed": blocks of rows after a multiplicative hash has spread the ids, so that frequent
ids, which often are neighbors, meet on no single worker. "column_wise": every shard has some
columns of all rows. Beside sharded rows, the ids of `replicated` have a copy on every shard.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError, check_choice, check_size, message, short_repr
from embedlab.core.gradient import group
from embedlab.core.ids import IdError, as_ids, out_of_range_error

__all__ = ["MOST_HASHED", "MOST_WORKERS", "SCHEMES", "Part", "Sharding"]

SCHEMES = ("table_wise", "row_wise", "row_wise_hashed", "column_wise")

_SPLIT = 20
"""Bits of a factor that are multiplied at a time: products of 40 and 20 bits fit into int64."""

MOST_WORKERS = 1 << 20
"""Workers, and shards, of a table: each takes time and memory of the caller too."""

MOST_HASHED = 1 << 40
"""Rows that row_wise_hashed can spread."""


class Part(NamedTuple):
    """The share of one shard in a request.

    Attributes
    ----------
    shard : int
    positions : ndarray of int64 (M,), or slice
        Which of the ids of the request it has.
    rows : ndarray (M,)
        Their rows in the shard; int32 where the shard has fewer than 2**31 rows, as half the bytes
        travel then.
    columns : slice
        The columns of the table that it holds.
    """

    shard: int
    positions: Any
    rows: np.ndarray
    columns: slice


@dataclass(frozen=True, eq=False)
class Sharding:
    """The split of one table (V, D) into shards.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D.
    scheme : {"table_wise", "row_wise", "row_wise_hashed", "column_wise"}
    shards : int
        S; 1 for "table_wise".
    workers : tuple of int, optional
        The worker of each shard; by default 0..S-1.
    replicated : int or array_like of int, (H,)
        Ids whose rows every shard holds, or how many from id 0 on: the frequent ones, in a
        vocabulary sorted by frequency. For the row-wise schemes only.

    Raises
    ------
    ValueError
        For more shards than rows or columns to split, and arguments that do not fit each other.
    IdError
        For replicated ids outside the table.

    Examples
    --------
    >>> sharding = Sharding(10, 4, "row_wise", 2, replicated=2)
    >>> shard, row = sharding.locate([0, 1, 2, 5, 6, 9])
    >>> shard.tolist(), row.tolist()
    ([0, 1, 0, 0, 1, 1], [0, 1, 2, 5, 2, 5])
    >>> sharding.global_ids(1, [0, 1, 2, 5]).tolist()
    [0, 1, 6, 9]
    >>> sharding.shape(0), Sharding(10, 4, "column_wise", 2).shape(0)
    ((6, 4), (10, 2))
    """

    input_dim: int
    output_dim: int
    scheme: str = "row_wise_hashed"
    shards: int = 1
    workers: tuple[int, ...] = ()
    replicated: Any = 0
    _bounds: np.ndarray = field(init=False, repr=False)
    _factors: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_choice(self.scheme, "scheme", SCHEMES)
        rows = check_size(self.input_dim, "input_dim")
        columns = check_size(self.output_dim, "output_dim")
        shards = check_size(self.shards, "shards", most=MOST_WORKERS)
        hot = _as_replicated(self.replicated, rows)
        cold = rows - hot.size
        splits = {"table_wise": 1, "column_wise": columns}.get(self.scheme, cold)
        splits = shards if hot.size else splits  # every shard has the replicated rows anyway
        if shards > splits:
            unit = {"table_wise": "table", "column_wise": "column"}.get(self.scheme, "row")
            must = f"{self.scheme} must have at most a shard for each {unit}, here {splits}"
            raise ValueError(message(must, shards, "Use fewer shards"))
        if self.scheme == "row_wise_hashed" and rows > MOST_HASHED:
            must = f"row_wise_hashed must have at most {MOST_HASHED} rows"
            raise ValueError(message(must, rows, "Use row_wise"))
        if hot.size and not self.scheme.startswith("row_wise"):
            received = f"{hot.size} for {self.scheme}"
            raise ValueError(message("replicated must be 0", received, "Use a row-wise scheme"))
        length = columns if self.scheme == "column_wise" else cold
        values = {
            "input_dim": rows,
            "output_dim": columns,
            "shards": shards,
            "workers": _as_workers(self.workers, shards),
            "replicated": hot,
            "_bounds": np.array([length * s // shards for s in range(shards + 1)], np.int64),
            "_factors": _hash_factors(cold) if self.scheme == "row_wise_hashed" else (1, 1),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    # Shards -----------------------------------------------------------------------------------

    def shape(self, shard: int) -> tuple[int, int]:
        """Return the rows and columns of one shard."""
        shard = self._as_shard(shard)
        length = int(self._bounds[shard + 1] - self._bounds[shard])
        if self.scheme == "column_wise":
            return self.input_dim, length
        return int(self.replicated.size) + length, self.output_dim

    def columns(self, shard: int) -> slice:
        """Return the columns of the table that one shard holds."""
        shard = self._as_shard(shard)
        if self.scheme == "column_wise":
            return slice(int(self._bounds[shard]), int(self._bounds[shard + 1]))
        return slice(0, self.output_dim)

    def row_dtype(self, shard: int) -> Any:
        """Return the dtype in which row numbers of a shard travel."""
        return np.int32 if self.shape(shard)[0] < 2**31 else np.int64

    def _as_shard(self, shard: Any) -> int:
        return check_size(shard, "shard", least=0, most=self.shards - 1)

    # Rows -------------------------------------------------------------------------------------

    def locate(self, ids: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the shard that reads each id, and its row there; both int64, shape of `ids`.

        Of a replicated row it is the copy in shard ``position % S``, for its position among the
        replicated ids; `parts` chooses among the copies. Every shard of a column-wise table has
        each row under its id; shard 0 stands for all.
        """
        ids = as_ids(ids)
        if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < self.input_dim:
            raise out_of_range_error(ids, self.input_dim)
        if not self.scheme.startswith("row_wise"):
            return np.zeros_like(ids), ids
        hot = self.replicated
        place = np.searchsorted(hot, ids)
        cold = ids - place
        if self.scheme == "row_wise_hashed":
            cold = _multiply(cold, self._factors[0], self.input_dim - hot.size)
        shard = np.searchsorted(self._bounds, cold, side="right") - 1
        shard = np.clip(shard, 0, self.shards - 1)
        row = hot.size + cold - self._bounds[shard]
        if hot.size:
            is_hot = hot[np.minimum(place, hot.size - 1)] == ids
            shard, row = np.where(is_hot, place % self.shards, shard), np.where(is_hot, place, row)
        return shard, row

    def row_of(self, shard: int, number: int | None) -> int | None:
        """Return the row of an id in a shard; None where it is in others only, and for None."""
        if number is None:
            return None
        shard, (owner, row) = (
            self._as_shard(shard),
            self.locate([check_size(number, "id", least=0)]),
        )
        local = self.scheme.startswith("row_wise") and int(row[0]) >= self.replicated.size
        return int(row[0]) if not local or int(owner[0]) == shard else None

    def global_ids(self, shard: int, rows: Any) -> np.ndarray:
        """Return the ids of rows of a shard: the inverse of `locate`."""
        local, height = as_ids(rows), self.shape(shard)[0]
        if local.size and not 0 <= int(local.min()) <= int(local.max()) < height:
            place = np.argwhere((local < 0) | (local >= height))[0]
            wrong = int(local[tuple(place)])
            must = f"rows of shard {shard} must lie in 0..{height - 1}"
            text = message(must, f"{wrong} at {place.tolist()}", "Count the rows of the shard")
            raise IdError(text, [wrong], [tuple(place.tolist())], height)
        if not self.scheme.startswith("row_wise"):
            return local
        hot = self.replicated
        cold = self._bounds[shard] + np.maximum(local - hot.size, 0)
        if self.scheme == "row_wise_hashed":
            cold = _multiply(cold, self._factors[1], self.input_dim - hot.size)
        ids = cold + np.searchsorted(hot - np.arange(hot.size), cold, side="right")
        if hot.size:
            ids = np.where(local < hot.size, hot[np.minimum(local, hot.size - 1)], ids)
        return np.asarray(ids, np.int64)

    def parts(self, ids: np.ndarray, every_copy: bool = False) -> list[Part]:
        """Split distinct ids (K,) by shard; shards without any are left out.

        A replicated id goes to one of the shards with the least to do otherwise; with
        `every_copy`, as updates do, to all.

        >>> parts = Sharding(10, 4, "row_wise", 2).parts(np.array([1, 7, 8]))
        >>> [(part.shard, part.positions.tolist(), part.rows.tolist()) for part in parts]
        [(0, [0], [1]), (1, [1, 2], [2, 3])]
        """
        ids = as_ids(ids)
        if ids.ndim != 1:
            must = "ids of parts must have one axis"
            raise ShapeError(message(must, f"shape {ids.shape}", "Use ids.reshape(-1)"))
        if not ids.size:
            return []
        if not self.scheme.startswith("row_wise"):
            self.locate(ids)
            shards = range(self.shards)
            return [self._part(shard, slice(None), ids) for shard in shards]
        shard, row = self.locate(ids)
        copies = row < self.replicated.size
        if every_copy and copies.any():
            hot, cold = np.flatnonzero(copies), np.flatnonzero(~copies)
            positions = np.concatenate([np.tile(hot, self.shards), cold])
            shard = np.concatenate([np.repeat(np.arange(self.shards), hot.size), shard[cold]])
            row = row[positions]
        else:
            positions = np.arange(ids.size)
            loads = np.bincount(shard[~copies], minlength=self.shards)
            readers = _fill_up(loads, int(copies.sum()))
            shard[copies] = np.repeat(np.arange(self.shards), readers)
        groups = group(shard, self.shards)
        ends = groups.starts
        orders = [groups.order[ends[k] : ends[k + 1]] for k in range(len(groups.ids))]
        return [
            self._part(int(number), positions[order], row[order])
            for number, order in zip(groups.ids, orders, strict=True)
        ]

    def _part(self, shard: int, positions: Any, rows: np.ndarray) -> Part:
        return Part(shard, positions, rows.astype(self.row_dtype(shard)), self.columns(shard))

    # Files ------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, in a form for JSON."""
        names = ("input_dim", "output_dim", "scheme", "shards")
        config: dict[str, Any] = {name: getattr(self, name) for name in names}
        return {**config, "workers": list(self.workers), "replicated": self.replicated.tolist()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Sharding":
        """Return a sharding from `get_config`."""
        names = {one.name for one in fields(cls) if one.init}
        if not isinstance(config, Mapping) or set(config) != names:
            must, do = "config must be that of a Sharding", "Pass what get_config returned"
            raise ValueError(message(must, short_repr(config), do))
        replicated = np.array(config["replicated"], np.int64)
        return cls(**{**config, "workers": tuple(config["workers"]), "replicated": replicated})


def _as_workers(workers: Any, shards: int) -> tuple[int, ...]:
    """Return the worker of each shard: by default as many as shards."""
    listed = np.iterable(workers) and not isinstance(workers, (str, bytes, Mapping))
    numbers = tuple(workers) if listed else (None,)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in numbers)
    inside = whole and all(0 <= number < MOST_WORKERS for number in numbers)
    if not inside or len(numbers) not in (0, shards):
        must = f"workers must name one worker for each of {shards} shards, from 0 up"
        raise ValueError(message(must, short_repr(workers), "Leave workers out"))
    return tuple(map(int, numbers)) or tuple(range(shards))


def _as_replicated(replicated: Any, rows: int) -> np.ndarray:
    """Return the ids (H,) whose rows every shard holds, sorted."""
    if not np.iterable(replicated):
        return np.arange(check_size(replicated, "replicated", least=0, most=rows))
    ids = as_ids(replicated)
    if ids.ndim != 1:
        must, do = "replicated must be a number, or ids with one axis", "Use ids.reshape(-1)"
        raise ShapeError(message(must, f"shape {ids.shape}", do))
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
        raise out_of_range_error(ids, rows)
    return np.unique(ids)


def _fill_up(loads: np.ndarray, count: int) -> np.ndarray:
    """Return how many of `count` more each of some loads (S,) gets, so that the largest is least.

    >>> _fill_up(np.array([5, 0, 2]), 4).tolist()
    [0, 3, 1]
    """
    ordered = np.sort(loads)
    for number in range(1, len(loads) + 1):
        level = -(-(count + int(ordered[:number].sum())) // number)
        if number == len(loads) or level <= ordered[number]:
            break
    more: np.ndarray = np.maximum(level - loads, 0)
    surplus = int(more.sum()) - count  # from rounding up: at most one for each
    more[np.flatnonzero(more)[len(np.flatnonzero(more)) - surplus :]] -= 1
    return more


def _hash_factors(size: int) -> tuple[int, int]:
    """Return a factor that spreads 0..size-1 over itself, modulo `size`, and its inverse.

    Near the golden ratio any run of ids is spread evenly: Knuth, The Art of Computer Programming 3,
    section 6.4.
    """
    if size < 2:
        return 1, 1
    factor = max(1, round(size * (math.sqrt(5) - 1) / 2))
    while math.gcd(factor, size) != 1:
        factor += 1
    return factor % size, pow(factor, -1, size)


def _multiply(values: np.ndarray, factor: int, size: int) -> np.ndarray:
    """Return values * factor modulo size, for all three below 2**40."""
    if size < 2:
        return values
    high, low = divmod(factor, 1 << _SPLIT)
    product = values * high % size
    return np.asarray((product * (1 << _SPLIT) % size + values * low % size) % size)
