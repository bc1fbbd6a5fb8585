"""The kinds of parameter an explorer has: each refuses what it cannot be, and knows its limits."""

import operator
from typing import Any, NoReturn

import numpy as np
from traitlets import TraitError, TraitType

__all__ = ["BoundedInt", "BoundedText", "CellEdits", "Choice", "IntList", "StrictBool"]


_LARGEST = 1e6


class BoundedInt(TraitType[int, int]):
    """A whole number from `least` to `most`.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     rows = BoundedInt(4, 1, 9)
    >>> Thing(rows=3.0).rows
    3
    >>> Thing(rows=-3)
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: rows must be a whole number from 1 to 9. Received -3. \
Choose one in between.
    """

    def __init__(self, default: int, least: int, most: int):
        super().__init__(default)
        self.least, self.most = least, most

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": self.least, "max": self.most}

    def validate(self, obj: Any, value: Any) -> int:
        """Return `value` as a plain int, or refuse it."""
        try:
            whole = isinstance(value, float) and value.is_integer()
            size = int(value) if whole else operator.index(value)
        except TypeError:
            size = self.least - 1
        if isinstance(value, bool) or not self.least <= size <= self.most:
            raise TraitError(
                f"{self.name} must be a whole number from {self.least} to {self.most}. "
                f"Received {value!r:.40}. Choose one in between."
            )
        return size


class Choice(TraitType[str, str]):
    """One of a few words; the first is the default."""

    def __init__(self, *choices: str):
        super().__init__(choices[0])
        self.choices = choices

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"choices": list(self.choices)}

    def validate(self, obj: Any, value: Any) -> str:
        """Return `value`, or refuse it."""
        if not isinstance(value, str) or value not in self.choices:
            raise TraitError(
                f"{self.name} must be one of {', '.join(map(repr, self.choices))}. "
                f"Received {value!r:.40}. Choose one of these."
            )
        return value


class StrictBool(TraitType[bool, bool]):
    """True or false.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     on = StrictBool(True)
    >>> Thing(on="yes")
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: on must be True or False. Received 'yes'. Choose one of these.
    """

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"choices": [True, False]}

    def validate(self, obj: Any, value: Any) -> bool:
        """Return `value` as a plain bool, or refuse it."""
        if not isinstance(value, (bool, np.bool_)):
            raise TraitError(
                f"{self.name} must be True or False. Received {value!r:.40}. Choose one of these."
            )
        return bool(value)


class IntList(TraitType[list[int], list[int]]):
    """At most `count` whole numbers, each from `least` to `most`.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     lengths = IntList([3], 2, 0, 9)
    >>> Thing(lengths=(4, 0)).lengths
    [4, 0]
    >>> Thing(lengths=[4, 10])
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: lengths must be at most 2 whole numbers from 0 to 9. \
Received [4, 10]. Write for instance [3].
    """

    def __init__(self, default: list[int], count: int, least: int, most: int):
        super().__init__(list(default))
        self.first, self.count, self.least, self.most = default, count, least, most

    def make_dynamic_default(self) -> list[int]:
        """Return each explorer a list of its own."""
        return list(self.first)

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": self.least, "max": self.most}

    def validate(self, obj: Any, value: Any) -> list[int]:
        """Return a list of plain ints, or refuse it."""
        try:
            wholes = [operator.index(one) for one in value]
        except TypeError:
            wholes = [self.least - 1]
        low = any(not self.least <= one <= self.most for one in wholes)
        if low or len(wholes) > self.count:
            raise TraitError(
                f"{self.name} must be at most {self.count} whole numbers from {self.least} to "
                f"{self.most}. Received {value!r:.40}. Write for instance {self.first!r}."
            )
        return wholes


class BoundedText(TraitType[str, str]):
    """Any text of at most `most` characters; halves of characters become "�"."""

    def __init__(self, default: str, most: int):
        super().__init__(default)
        self.most = most

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.most}

    def validate(self, obj: Any, value: Any) -> str:
        """Return `value` as text that every encoding can hold, or refuse it."""
        if not isinstance(value, str):
            raise TraitError(
                f"{self.name} must be text. Received {value!r:.40}. Put it into quotes."
            )
        if len(value) > self.most:
            raise TraitError(
                f"{self.name} must have at most {self.most} characters. Received {len(value)}. "
                "Take a part of it."
            )
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class CellEdits(TraitType[list[list[Any]], list[list[Any]]]):
    """Weights that the learner changed: `[row, column, value]`, the last word on a cell counts."""

    def __init__(self, most: int):
        super().__init__([])
        self.most = most

    def make_dynamic_default(self) -> list[list[Any]]:
        """Return each explorer a list of its own."""
        return []

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.most}

    def validate(self, obj: Any, value: Any) -> list[list[Any]]:
        """Return one entry for each cell, in the order of its first change, or refuse."""
        cells: dict[tuple[int, int], float] = {}
        for entry in value if isinstance(value, (list, tuple)) else [value]:
            try:
                row, column, weight = entry
                at = (operator.index(row), operator.index(column))
                cells[at] = float(weight)
            except (TypeError, ValueError, OverflowError):
                self._refuse(entry)
            if min(at) < 0 or not abs(cells[at]) <= _LARGEST:  # `not`: NaN compares as False
                self._refuse(entry)
        if len(cells) > self.most:
            raise TraitError(
                f"{self.name} must change at most {self.most} weights. Received {len(cells)}. "
                "Give a table of your own instead: table=..."
            )
        return [[*at, weight] for at, weight in cells.items()]

    def _refuse(self, entry: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be a list of [row, column, value], the value within ±1 000 000. "
            f"Received {entry!r:.40}. Write for instance [[5, 0, 0.25]]."
        )
