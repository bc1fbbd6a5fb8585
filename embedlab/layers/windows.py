"""Windows that slide along time: where they stand, what they see, whom they give back to."""

from typing import NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError

__all__ = ["Windows"]


class Windows(NamedTuple):
    """Windows of `size` steps that are `apart` steps from each other, moving by `step`.

    Attributes
    ----------
    size, step, apart : int
    padding : {"valid", "same", "causal"}

    Examples
    --------
    >>> windows = Windows(size=2, step=1, apart=1, padding="valid")
    >>> windows.count(4), windows.sides(4)
    (3, (0, 0))
    >>> windows.seen(np.arange(4.0).reshape(1, 4, 1))[0, :, :, 0].tolist()
    [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    """

    size: int
    step: int
    apart: int
    padding: str

    @property
    def reach(self) -> int:
        """How many steps a window spans."""
        return (self.size - 1) * self.apart + 1

    def sides(self, length: int) -> tuple[int, int]:
        """Return how many zeros go in front of a sequence, and behind.

        >>> Windows(3, 1, 1, "same").sides(5), Windows(3, 1, 2, "causal").sides(5)
        ((1, 1), (4, 0))
        """
        if self.padding == "causal":
            return self.reach - 1, 0
        if self.padding == "valid":
            return 0, 0
        places = -(-length // self.step)
        total = max((places - 1) * self.step + self.reach - length, 0)
        return total // 2, total - total // 2

    def count(self, length: int) -> int:
        """Return how many windows fit into a sequence with its zeros."""
        free = length + sum(self.sides(length)) - self.reach
        return max(free // self.step + 1, 0)

    def check(self, length: int) -> int:
        """Return `count`, refusing a sequence that is too short for one window.

        >>> Windows(3, 1, 1, "valid").check(2)
        Traceback (most recent call last):
        embedlab.core.checks.ShapeError: Computed output size would be zero or negative. Received \
a sequence of length 2 for windows that span 3 steps. Pad it, or say padding='same'.
        """
        count = self.count(length)
        if count < 1:
            raise ShapeError(
                f"Computed output size would be zero or negative. Received a sequence of length "
                f"{length} for windows that span {self.reach} steps. Pad it, or say "
                "padding='same'."
            )
        return count

    def seen(self, padded: np.ndarray) -> np.ndarray:
        """Return what each window sees, (B, To, size, C): a view of `padded` (B, T, C)."""
        spans = np.lib.stride_tricks.sliding_window_view(padded, self.reach, axis=1)
        return spans[:, :: self.step, :, :: self.apart].swapaxes(2, 3)

    def give_back(self, back: np.ndarray, to_padded: np.ndarray) -> None:
        """Add `back` (B, To, size, C) to the steps (B, T, C) that the windows have seen."""
        last = self.step * (back.shape[1] - 1) + 1
        for tap in range(self.size):
            first = tap * self.apart
            to_padded[:, first : first + last : self.step] += back[:, :, tap]
