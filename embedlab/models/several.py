"""Several arrays with equally many samples, as one: what many inputs and outputs are fed from."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.models.ends import Ends

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


def targets(y: Any, ends: Ends, places: list[int]) -> Any:
    """Return what each output should be: in their form, in a list, or only where there is a loss.

    Parameters
    ----------
    y : array_like, or nested list or dict of them
    ends : Ends
    places : list of int
        Which of the outputs have a loss.

    Returns
    -------
    Several, or what `y` holds for a lone output

    Raises
    ------
    ValueError
        When it is one for each output neither of all nor of those with a loss.

    Examples
    --------
    >>> targets({"b": [1, 2]}, Ends(["a", "b"]), [1]).arrays
    [None, array([1, 2])]
    """
    try:
        found = ends.several(y, "y")
    except ValueError:
        found = []
    if found and all(found[place] is not None for place in places):
        return Several(found) if len(ends) > 1 else found[0]
    if not isinstance(y, dict):
        listed = list(y) if isinstance(y, (list, tuple)) else [y]
        if len(ends) == 1:
            return y
        if len(listed) in (len(ends), len(places)):
            kept: list[Any] = [None] * len(ends)
            at = range(len(ends)) if len(listed) == len(ends) else places
            for place, one in zip(at, listed, strict=True):
                kept[place] = one
            return Several(kept)
    came = sorted(y) if isinstance(y, dict) else len(y) if hasattr(y, "__len__") else y
    raise ValueError(
        f"y must hold one array for each of the outputs {ends.structure!r:.80}. Received "
        f"{came!r:.80}. Pass a list in their order, or a dict by their names."
    )
