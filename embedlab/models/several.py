"""Several arrays with equally many samples, as one: what a model of many inputs eats."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from embedlab.core.table import ShapeError

__all__ = ["Several"]


class Several:
    """Arrays that share their first axis.

    Parameters
    ----------
    arrays : sequence of array_like

    Raises
    ------
    ShapeError
        Unless all have equally many samples.

    Examples
    --------
    >>> both = Several([np.zeros((4, 2)), np.ones(4)])
    >>> len(both), [part.shape for part in both[1:3]]
    (4, [(2, 2), (2,)])
    """

    def __init__(self, arrays: Any):
        self.arrays = [np.asarray(a) for a in arrays]
        sizes = [len(a) if a.ndim else "a single number" for a in self.arrays]
        if len(set(sizes)) != 1 or not isinstance(sizes[0], int):
            raise ShapeError(
                f"all inputs must have equally many samples. Received {sizes}. "
                "Make sure all arrays contain the same number of samples."
            )

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, rows: Any) -> "Several":
        return Several([a[rows] for a in self.arrays])

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.arrays)
