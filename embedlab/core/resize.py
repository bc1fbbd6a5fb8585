"""Another number of rows for a table, or for whatever has an entry for each row."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["resize_rows"]


def resize_rows(
    rows: np.ndarray,
    total: int,
    init: str,
    sources: Any = (),
    leave_out: int | None = None,
    allocate: Callable[[Any, Any], np.ndarray] = np.zeros,
) -> np.ndarray:
    """Return a copy of `rows` (V, ...) with `total` of them: cut off, or with new ones at the end.

    New rows are the mean of all but `leave_out` (that of padding), zeros, or a copy: then `sources`
    (total - V,) holds the row for each. `allocate` makes the array, in memory or on disk.

    >>> resize_rows(np.array([[1.0], [3.0]]), 3, "mean").ravel().tolist()
    [1.0, 3.0, 2.0]
    """
    stay = min(len(rows), total)
    out = allocate((total, *rows.shape[1:]), rows.dtype)
    out[:stay] = rows[:stay]
    if total > stay and init == "copy":
        out[stay:] = rows[np.asarray(sources)]
    elif total > stay and init == "mean":
        counted = np.ones((len(rows),) + (1,) * (rows.ndim - 1), bool)
        if leave_out is not None:
            counted[leave_out] = False
        if counted.any():  # summed where they lie: no copy of the table
            out[stay:] = rows.mean(axis=0, dtype=np.float64, where=counted)
    return out
