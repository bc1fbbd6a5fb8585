"""Sampling for skip-gram: streams of sentences, subsampling of frequent words, negatives."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_size, check_table_bytes, short_repr
from embedlab.core.ids import as_ids, out_of_range_error

__all__ = ["alias_table", "subsampling_probability", "token_stream"]


def token_stream(ids: Any, input_dim: int, starts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return checked ids with -1 between sentences, a private copy for the kernel, and counts.

    Parameters
    ----------
    ids : array_like, (N,) int, 0 <= id < V
    input_dim : int
        V.
    starts : array_like of int, (S,), or None
        Where sentences begin, rising.

    Returns
    -------
    stream : ndarray of int32, (N + breaks,)
    counts : ndarray of float64, (V,)

    Raises
    ------
    IdError, IdTypeError, ShapeError, ValueError
        For ids outside, for no ids, and for starts that fall or lie outside.

    Examples
    --------
    >>> token_stream([0, 1, 1], 2, [0, 1])[0].tolist()
    [0, -1, 1, 1]
    """
    input_dim = check_size(input_dim, "input_dim", most=2**31 - 1)  # the stream is int32
    ids = as_ids(ids).copy()  # another thread may write into the caller's array meanwhile
    if ids.ndim != 1 or ids.size == 0:
        raise ShapeError(
            f"ids must be one row of at least one id. Received shape {ids.shape}. "
            "Join the sentences and pass `starts`."
        )
    if not 0 <= int(ids.min()) <= int(ids.max()) < input_dim:
        raise out_of_range_error(ids, input_dim)
    check_table_bytes(input_dim, 1, np.float64, "input_dim")
    counts = np.bincount(ids, minlength=input_dim).astype(np.float64)
    if starts is None:
        return ids.astype(np.int32), counts
    starts = as_ids(starts)
    if (
        starts.ndim != 1
        or (np.diff(starts) < 0).any()
        or (starts.size and not 0 <= int(starts[0]) <= int(starts[-1]) <= ids.size)
    ):
        raise ValueError(
            f"starts must rise from 0 to at most {ids.size}. Received "
            f"{short_repr(starts.tolist())}. Pass the position of each sentence's first word."
        )
    return np.insert(ids, starts[starts > 0], -1).astype(np.int32), counts


def subsampling_probability(counts: np.ndarray, subsample: float) -> np.ndarray:
    """Return the probability that an occurrence of each word is kept; above 1 means always.

    Parameters
    ----------
    counts : ndarray of float64, (V,)
    subsample : float, >= 0
        The share of the text above which a word is subsampled; 0 keeps everything.

    Returns
    -------
    ndarray of float32, (V,)
        ``(sqrt(f / s) + 1) * s / f``, at most 2; f is a word's share of the text.

    Examples
    --------
    >>> subsampling_probability(np.array([800.0, 200.0]), 0.2).tolist()
    [0.75, 2.0]
    """
    if subsample == 0:
        return np.full(len(counts), 2, np.float32)
    with np.errstate(over="ignore"):  # from 1e30 on as good as never kept
        share = np.minimum(np.maximum(counts, 1) / counts.sum() / subsample, 1e30)
    return np.minimum((np.sqrt(share) + 1) / np.maximum(share, 1e-30), 2).astype(np.float32)


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Walker's alias table, which samples V words with one draw and one comparison.

    Parameters
    ----------
    weights : ndarray of float64, (V,)
        Not negative, and not all zero.

    Returns
    -------
    alias : ndarray of int32, (V,)
    odds : ndarray of float32, (V,)
        Draw a word uniformly; keep it with probability `odds`, else take its `alias`.

    Examples
    --------
    >>> alias, odds = alias_table(np.array([3.0, 1.0]))
    >>> alias.tolist(), odds.tolist()
    ([0, 0], [1.0, 0.5])
    """
    odds = weights / weights.sum() * len(weights)
    alias = np.arange(len(weights), dtype=np.int32)
    small = [n for n, o in enumerate(odds) if o < 1]
    large = [n for n, o in enumerate(odds) if o >= 1]
    while small and large:
        poor, rich = small.pop(), large.pop()
        alias[poor] = rich
        odds[rich] -= 1 - odds[poor]
        (small if odds[rich] < 1 else large).append(rich)
    odds[small + large] = 1
    return alias, odds.astype(np.float32)
