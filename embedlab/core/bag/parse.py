"""Ids cut into bags: by rows of a matrix, or by the offset at which each bag begins."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_array,
    as_table,
    check_choice,
    check_flag,
)
from embedlab.core.gradient import group
from embedlab.core.ids import IdTypeError, as_ids, check_padding_idx

__all__ = ["Bags", "parse_bags", "upcast_float16", "validate_bags"]


class Bags(NamedTuple):
    """Ids cut into bags, with what a gradient needs besides.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
    starts : ndarray of int64, (B + 1,)
        Bag b holds the positions from `starts[b]` up to `starts[b + 1]`.
    weights : ndarray, (N,) or (0,)
        A factor for each position; none when empty.
    skip : int
        The padding id, or -1.
    """

    ids: np.ndarray
    starts: np.ndarray
    weights: np.ndarray
    skip: int

    @property
    def bag_of(self) -> np.ndarray:
        """The bag of each position, (N,)."""
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))

    def counts(self) -> np.ndarray:
        """Return how many positions of each bag are not padding, (B,)."""
        ends = np.concatenate(([0], np.cumsum(self.ids != self.skip)))
        return np.diff(ends[self.starts])


def parse_bags(
    table: np.ndarray,
    ids: Any,
    offsets: Any = None,
    *,
    mode: str = "mean",
    weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Bags:
    """Return ids and offsets as `Bags`, after every check but that of the ids' range.

    Parameters
    ----------
    table : ndarray, (V, D)
        For the range of `padding_idx` and the dtype of the weights.
    ids, offsets, mode, weights, include_last_offset, padding_idx
        As `embedlab.core.bag.forward.bag`.

    Returns
    -------
    Bags

    Examples
    --------
    >>> parse_bags(np.zeros((5, 2)), [4, 0, 1], offsets=[0, 1]).starts.tolist()
    [0, 1, 3]
    """
    check_choice(mode, "mode", ("sum", "mean", "max"))
    table, ids = as_table(table), as_ids(ids)
    if offsets is None:
        if ids.ndim != 2:
            raise ShapeError(
                f"ids must have two axes (B, T) when there are no offsets. Received shape "
                f"{ids.shape}. Pass the offset at which each bag begins."
            )
        starts = np.arange(ids.shape[0] + 1) * ids.shape[1]
    else:
        last = check_flag(include_last_offset, "include_last_offset")
        starts = _starts(ids, offsets, last)
    factors = np.empty(0, table.dtype)
    if weights is not None:
        factors = _check_weights(weights, ids, table, mode)
    padding = check_padding_idx(padding_idx, len(table))
    return Bags(ids.reshape(-1)[: starts[-1]], starts, factors[: starts[-1]], padding)


def validate_bags(bags: Bags) -> Bags:
    """Return `bags`; refuse parts that do not fit each other, which a kernel would trust.

    Examples
    --------
    >>> bags = parse_bags(np.zeros((5, 2)), [[4, 0]])
    >>> validate_bags(bags._replace(starts=np.array([0, 9])))
    Traceback (most recent call last):
    embedlab.core.checks.ShapeError: bags must fit their ids. Received starts or weights that do \
not. Make them with embedlab.core.bag.parse.parse_bags.
    """
    if not isinstance(bags, Bags) or not all(isinstance(a, np.ndarray) for a in bags[:3]):
        raise TypeError(
            f"bags must be Bags of arrays. Received {type(bags).__name__}. "
            "Make them with embedlab.core.bag.parse.parse_bags."
        )
    starts, size = bags.starts, bags.ids.size
    fits = bags.ids.ndim == starts.ndim == 1 and starts.size > 0 and bags.weights.size in (0, size)
    fits &= bags.ids.dtype == starts.dtype == np.int64 and bags.weights.dtype.kind == "f"
    fits &= bags.weights.ndim == 1 and isinstance(bags.skip, (int, np.integer))
    fits = fits and -1 <= bags.skip < 2**63
    if not fits or starts[0] != 0 or starts[-1] != size or (np.diff(starts) < 0).any():
        raise ShapeError(
            "bags must fit their ids. Received starts or weights that do not. "
            "Make them with embedlab.core.bag.parse.parse_bags."
        )
    return bags


def upcast_float16(table: np.ndarray, bags: Bags) -> tuple[np.ndarray, Bags]:
    """Return a float16 table as float32, with only the rows that the bags use; others as they are.

    Examples
    --------
    >>> table = np.array([[0.0], [1.0], [2.0]], np.float16)
    >>> small, bags = upcast_float16(table, parse_bags(table, [[2, 2]]))
    >>> small.tolist(), bags.ids.tolist()
    ([[2.0]], [0, 0])
    """
    if table.dtype.char != "e":
        return table, bags
    if not bags.ids.size:  # also a table without rows
        return table.astype(np.float32), bags._replace(weights=bags.weights.astype(np.float32))
    groups = group(bags.ids, len(table))
    ids = np.empty_like(bags.ids)
    ids[groups.order] = np.repeat(np.arange(groups.ids.size), groups.counts)
    at = np.flatnonzero(groups.ids == bags.skip)
    skip = int(at[0]) if at.size else -1
    weights = bags.weights.astype(np.float32)
    return table[groups.ids].astype(np.float32), Bags(ids, bags.starts, weights, skip)


def _starts(ids: np.ndarray, offsets: Any, include_last_offset: bool) -> np.ndarray:
    if ids.ndim != 1:
        raise ShapeError(
            f"ids must have one axis (N,) when there are offsets. Received shape {ids.shape}. "
            "Leave out the offsets, or flatten the ids."
        )
    try:
        offsets = as_ids(offsets)
    except (IdTypeError, ShapeError) as error:
        raise type(error)(str(error).replace("ids", "offsets", 1)) from None
    if offsets.ndim != 1:
        raise ShapeError(
            f"offsets must have one axis (B,). Received shape {offsets.shape}. Use "
            "offsets.reshape(-1)."
        )
    starts = np.empty(offsets.size + (not include_last_offset), np.int64)
    starts[-1:] = ids.size
    starts[: offsets.size] = offsets
    if starts.size == 0:
        raise ValueError(
            "offsets must end with the end of the last bag when include_last_offset is set. "
            "Received no offset. Pass [0] for no bags."
        )
    if offsets.size == 0 and ids.size:
        raise ValueError(
            f"offsets must begin with 0, and every id lies in a bag. Received no offset for "
            f"{ids.size} ids. Pass [0] for one bag."
        )
    if starts[0] != 0:
        raise ValueError(
            f"offsets must begin with 0. Received {starts[0]} at [0]. Every id lies in a bag."
        )
    falls = starts[1:] < starts[:-1]
    if falls.any():
        at = int(falls.argmax()) + 1
        if at == offsets.size:
            at -= 1
        raise ValueError(
            f"offsets must not fall, nor pass the number of ids, {ids.size}. Received "
            f"{offsets[at]} at [{at}]. Sort the bags."
        )
    if starts[-1] > ids.size:
        raise ValueError(
            f"the last offset must be at most the number of ids, {ids.size}. "
            f"Received {starts[-1]}. Lower it, or pass more ids."
        )
    return starts


def _check_weights(weights: Any, ids: np.ndarray, table: np.ndarray, mode: str) -> np.ndarray:
    if mode == "max":
        raise ValueError(
            'weights must be None in mode "max". Received an array. Use "sum" or "mean", or scale '
            "the table."
        )
    weights = as_array(weights, "weights")
    if weights.shape != ids.shape:
        raise ShapeError(
            f"weights must have the shape of ids, {ids.shape}. Received {weights.shape}. "
            "Pass one factor for each id."
        )
    if weights.dtype.kind not in "fiub":
        raise DtypeError(
            f"weights must be numbers. Received dtype {weights.dtype}. Cast them to float."
        )
    return weights.astype(table.dtype, copy=False).reshape(-1)
