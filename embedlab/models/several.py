"""Several arrays with equally many samples, as one: what many inputs and outputs are fed from."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from embedlab.core.table import ShapeError

__all__ = ["Several", "targets"]


class Several:
    """Arrays that share their first axis.

    Parameters
    ----------
    arrays : sequence of array_like or None
        None stays None: an output that nothing is asked of.

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
        self.arrays = [None if a is None else np.asarray(a) for a in arrays]
        sizes = [len(a) if a.ndim else "a single number" for a in self.arrays if a is not None]
        if len(set(sizes)) != 1 or not isinstance(sizes[0], int):
            raise ShapeError(
                f"all arrays must have equally many samples. Received {sizes}. "
                "Make sure all arrays contain the same number of samples."
            )
        self._size = sizes[0]

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, rows: Any) -> "Several":
        return Several([None if a is None else a[rows] for a in self.arrays])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.arrays)


def targets(y: Any, names: list[str], places: list[int]) -> Several:
    """Give what each output should be: from a list, a dict by name, or only where there is a loss.

    Parameters
    ----------
    y : list, tuple, dict or array_like
    names : list of str
        Of the outputs.
    places : list of int
        Which of them have a loss.

    Raises
    ------
    ValueError
        When it is one for each output neither of all nor of those with a loss.

    Examples
    --------
    >>> targets({"b": [1, 2]}, ["a", "b"], [1]).arrays
    [None, array([1, 2])]
    """
    if (
        isinstance(y, dict)
        and set(places)
        <= {n for n, name in enumerate(names) if name in y}
        <= set(range(len(names)))
        and set(y) <= set(names)
    ):
        return Several([y.get(name) for name in names])
    listed = list(y) if isinstance(y, (list, tuple)) else [y]
    if not isinstance(y, dict) and len(listed) == len(names):
        return Several(listed)
    if not isinstance(y, dict) and len(listed) == len(places):
        found: list[Any] = [None] * len(names)
        for place, one in zip(places, listed, strict=True):
            found[place] = one
        return Several(found)
    came = sorted(y) if isinstance(y, dict) else len(listed)
    raise ValueError(
        f"y must hold one array for each of the outputs {names}. Received {came!r:.80}. "
        "Pass a list in their order, or a dict by their names."
    )
