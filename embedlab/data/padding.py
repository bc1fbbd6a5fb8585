"""Padding: sequences of different lengths become one rectangular array."""

from collections.abc import Sequence

import numpy as np

from embedlab.core.checks import check_size, short_repr

__all__ = ["pad_sequences"]


def pad_sequences(
    rows: Sequence[np.ndarray], length: int | None = None, side: str = "post", pad_id: int = 0
) -> np.ndarray:
    """Stack `rows` of ids into one array, filled up with `pad_id`.

    Parameters
    ----------
    rows : sequence of ndarray of int64, each (T_b,)
    length : int, optional
        T; the longest T_b if left away.
    side : {"post", "pre"}
        Where padding goes, and where too long a row is cut: at its end or at its start.
    pad_id : int

    Returns
    -------
    ndarray of int64, (B, T)

    Raises
    ------
    ValueError
        For another `side`, or a `length` that is no whole number >= 0.

    Notes
    -----
    Source: ``keras.utils.pad_sequences``. On purpose different: the default is "post" (there
    "pre"), and one `side` serves for both padding and cutting.

    Examples
    --------
    >>> pad_sequences([np.array([2, 3, 4]), np.array([3])], 2, "pre").tolist()
    [[3, 4], [0, 3]]
    """
    if side not in ("post", "pre"):
        raise ValueError(
            f'side must be "post" or "pre". Received {short_repr(side)}. '
            'Choose "post" to put the padding at the end.'
        )
    longest = max(map(len, rows), default=0)
    width = longest if length is None else check_size(length, "length", least=0)
    padded = np.full((len(rows), width), pad_id, np.int64)
    for line, row in zip(padded, rows, strict=True):
        length = min(len(row), width)
        if side == "post":
            line[:length] = row[:length]
        else:
            line[width - length :] = row[len(row) - length :]
    return padded
