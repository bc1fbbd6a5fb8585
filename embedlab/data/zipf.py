"""A stream of ids in which few are common and most are rare, as words are in every language."""

import numpy as np

from embedlab.core.checks import check_size, short_repr

__all__ = ["zipf_stream"]

_CHUNK = 1 << 20  # numbers at a time, so that memory stays near that of the result


def zipf_stream(
    size: int, vocabulary_size: int, seed: int = 0, exponent: float = 1.0
) -> np.ndarray:
    """Return `size` ids drawn by Zipf's law; id 0 is the commonest.

    Parameters
    ----------
    size : int
        N.
    vocabulary_size : int
        V.
    seed : int
    exponent : float, >= 0
        1 is natural text; 0 makes all ids equally common.

    Returns
    -------
    ndarray of int64, (N,)
        0 <= id < V, with probability proportional to ``(id + 1) ** -exponent``. The same on
        every Python and NumPy; a longer stream begins with the shorter one.

    Raises
    ------
    ValueError
        For sizes and seeds that are no whole numbers, and for a bad exponent.

    References
    ----------
    G. K. Zipf, Human Behavior and the Principle of Least Effort, 1949, chapter 2.

    Examples
    --------
    >>> ids = zipf_stream(10_000, 50, seed=7)
    >>> ids.min(), ids.max(), np.bincount(ids).argmax()
    (np.int64(0), np.int64(49), np.int64(0))
    """
    size = check_size(size, "size", least=0)
    rows = check_size(vocabulary_size, "vocabulary_size")
    seed = check_size(seed, "seed", least=0)
    if not 0 <= exponent < np.inf:
        raise ValueError(
            f"exponent must be a finite number >= 0. Received {short_repr(exponent)}. "
            "Pass 1.0 for natural text."
        )
    share = np.cumsum(np.arange(1, rows + 1, dtype=np.float64) ** -float(exponent))  # (V,)
    share /= share[-1]
    # Raw bits, because NumPy promises them for ever, and its `random()` not.
    bits = np.random.PCG64(seed)
    ids = np.empty(size, np.int64)
    for start in range(0, size, _CHUNK):
        part = ids[start : start + _CHUNK]
        uniform = (bits.random_raw(part.size) >> np.uint64(11)) * 2.0**-53  # in [0, 1)
        part[:] = np.searchsorted(share, uniform, side="right")
    return ids
