"""Parameters of explorers: traits that validate their value and know their limits."""

import math
import operator
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np
from traitlets import List, TraitError, TraitType

from embedlab.core.checks import short_repr

__all__ = [
    "RATE_MAX",
    "RATE_MIN",
    "SIZE_MAX",
    "BitFlips",
    "BoundedInt",
    "BoundedText",
    "BranchPoint",
    "CellEdits",
    "Choice",
    "IntList",
    "LayerNames",
    "LearningRate",
    "OptimizerRuns",
    "Parameter",
    "RowList",
    "StrictBool",
]

RATE_MIN, RATE_MAX = 0.0001, 10.0
SIZE_MAX = 2**31 - 1
"""The largest V and D of a user's table."""

_WEIGHT_MAX = 1e6

Value = TypeVar("Value")
Received = TypeVar("Received")


class Parameter(TraitType[Value, Received]):
    """A synchronized trait with limits. `validate` returns a new plain value, or refuses.

    An explorer's parameters are its traits of this kind, in the order of their declaration.
    """

    def __init__(self, default: Value):
        super().__init__(default)
        self.tag(sync=True)

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser: ``{"min", "max"}`` or ``{"choices"}``."""
        raise NotImplementedError


class BoundedInt(Parameter[int, int]):
    """An integer from `minimum` to `maximum`.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     rows = BoundedInt(4, 1, 9)
    >>> Thing(rows=3.0).rows
    3
    >>> Thing(rows=-3)
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: rows must be an integer from 1 to 9. Received -3. \
Choose a value in this range.
    """

    def __init__(self, default: int, minimum: int, maximum: int):
        super().__init__(default)
        self.minimum, self.maximum = minimum, maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": self.minimum, "max": self.maximum}

    def validate(self, obj: Any, value: Any) -> int:
        """Return `value` as a plain int, or refuse it."""
        try:
            size = _index(value)
        except TypeError:
            size = self.minimum - 1
        if isinstance(value, bool) or not self.minimum <= size <= self.maximum:
            raise TraitError(
                f"{self.name} must be an integer from {self.minimum} to {self.maximum}. "
                f"Received {short_repr(value)}. Choose a value in this range."
            )
        return size


class Choice(Parameter[str, str]):
    """One of a few words; the first is the default."""

    def __init__(self, *choices: str):
        super().__init__(choices[0])
        self.choices = choices

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"choices": list(self.choices)}

    def validate(self, obj: Any, value: Any) -> str:
        """Return `value`, or refuse it."""
        choices = self.choices_of(obj)
        if not isinstance(value, str) or value not in choices:
            raise TraitError(
                f"{self.name} must be one of {', '.join(map(repr, choices))}. "
                f"Received {short_repr(value)}. Choose one of these."
            )
        return value

    def choices_of(self, obj: Any) -> tuple[str, ...]:
        """Return the choices that an object has."""
        return self.choices


class LearningRate(Parameter[float, float]):
    """A learning rate, 0.0001 to 10.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     rate = LearningRate(1.0)
    >>> Thing(rate=0).rate
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: a rate in rate must lie in 0.0001..10. Received 0. \
Choose a value in this range.
    """

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": RATE_MIN, "max": RATE_MAX}

    def validate(self, obj: Any, value: Any) -> float:
        """Return `value` as a plain float, or refuse it."""
        return _rate(self.name, value)


class StrictBool(Parameter[bool, bool]):
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
                f"{self.name} must be True or False. Received {short_repr(value)}. "
                "Choose one of these."
            )
        return bool(value)


class IntList(Parameter[list[int], Sequence[int]]):
    """At most `count` integers, each from `minimum` to `maximum`.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     lengths = IntList([3], 2, 0, 9)
    >>> Thing(lengths=(4, 0)).lengths
    [4, 0]
    >>> Thing(lengths=[4, 10])
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: lengths must be at most 2 integers from 0 to 9. \
Received [4, 10]. Write for instance [3].
    """

    def __init__(self, default: list[int], count: int, minimum: int, maximum: int):
        super().__init__(list(default))
        self.example, self.count, self.minimum, self.maximum = default, count, minimum, maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": self.minimum, "max": self.maximum}

    def validate(self, obj: Any, value: Any) -> list[int]:
        """Return a list of plain ints, or refuse it."""
        try:
            values = [_index(item) for item in value]
        except TypeError:
            values = [self.minimum - 1]
        outside = any(not self.minimum <= item <= self.maximum for item in values)
        if outside or len(values) > self.count:
            raise TraitError(
                f"{self.name} must be at most {self.count} integers from {self.minimum} to "
                f"{self.maximum}. Received {short_repr(value)}. Write for instance "
                f"{self.example!r}."
            )
        return values


class RowList(List[int]):
    """Row numbers; no parameter, since they say nothing about a run.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     rows = RowList()
    >>> Thing(rows=np.flatnonzero([0, 1, 1])).rows
    [1, 2]
    >>> Thing(rows=["king"])
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: rows must be a list of row numbers. Received ['king']. \
Write for instance [3, 12].
    """

    def validate(self, obj: Any, value: Any) -> list[int]:
        """Return a list of plain ints, or refuse it."""
        try:
            return [_index(row) for row in value]
        except TypeError:
            raise TraitError(
                f"{self.name} must be a list of row numbers. Received {short_repr(value)}. "
                "Write for instance [3, 12]."
            ) from None


class BoundedText(Parameter[str, str]):
    """Any text of at most `maximum` characters; unpaired surrogates become "�"."""

    def __init__(self, default: str, maximum: int):
        super().__init__(default)
        self.maximum = maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.maximum}

    def validate(self, obj: Any, value: Any) -> str:
        """Return `value` as text that every encoding can hold, or refuse it."""
        if not isinstance(value, str):
            raise TraitError(
                f"{self.name} must be text. Received {short_repr(value)}. Put it into quotes."
            )
        if len(value) > self.maximum:
            raise TraitError(
                f"{self.name} must have at most {self.maximum} characters. Received {len(value)}. "
                "Take a part of it."
            )
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class CellEdits(Parameter[list[list[Any]], Sequence[Any]]):
    """Edited weights as `[row, column, value]`; the last entry for a cell counts."""

    def __init__(self, maximum: int):
        super().__init__([])
        self.maximum = maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.maximum}

    def validate(self, obj: Any, value: Any) -> list[list[Any]]:
        """Return one entry for each cell, in the order of its first change, or refuse."""
        cells: dict[tuple[int, int], float] = {}
        for entry in value if isinstance(value, (list, tuple)) else [value]:
            try:
                row, column, weight = entry
                cell = (_index(row), _index(column))
                cells[cell] = math.nan if isinstance(weight, str) else float(weight)
            except (TypeError, ValueError, OverflowError):
                self._refuse(entry)
            inside = min(cell) >= 0 and max(cell) <= SIZE_MAX
            if not (inside and abs(cells[cell]) <= _WEIGHT_MAX):  # `not`: NaN compares as False
                self._refuse(entry)
        if len(cells) > self.maximum:
            raise TraitError(
                f"{self.name} must change at most {self.maximum} weights. Received {len(cells)}. "
                "Pass a changed table instead: table=..."
            )
        return [[*cell, weight] for cell, weight in cells.items()]

    def _refuse(self, entry: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be a list of [row, column, value], the value within ±1 000 000. "
            f"Received {short_repr(entry)}. Write for instance [[5, 0, 0.25]]."
        )


class LayerNames(Parameter[list[str], Sequence[str]]):
    """The names of a chain of layers: some of `choices`, and layers that the user passed.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     layers = LayerNames(["Dense"], ["Dropout", "Dense", "GRU", "GRU(True)"], 3)
    >>> Thing(layers=["Dropout", "Dens"])
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: layers must name known layers. Received 'Dens'. \
Choose from Dropout, Dense, GRU.
    """

    def __init__(self, default: list[str], choices: Sequence[str], maximum: int):
        super().__init__(list(default))
        self.choices, self.maximum = list(choices), maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"choices": list(self.choices), "max": self.maximum}

    def validate(self, obj: Any, value: Any) -> list[str]:
        """Return the names, or refuse them."""
        user_layers = getattr(obj, "own_layers", ())
        names = list(value) if isinstance(value, (list, tuple)) else [value]
        for name in names:
            if not isinstance(name, str) or (name not in self.choices and name not in user_layers):
                known = [*user_layers, *(choice for choice in self.choices if "(" not in choice)]
                raise TraitError(
                    f"{self.name} must name known layers. Received {short_repr(name)}. "
                    f"Choose from {', '.join(known)}."
                )
        if len(names) > self.maximum:
            raise TraitError(
                f"{self.name} must be at most {self.maximum} after the embedding. Received "
                f"{len(names)}. Remove one first."
            )
        return names


class OptimizerRuns(Parameter[list[list[Any]], Sequence[Any]]):
    """A few optimizers with their rates: `[["adam", 0.05], ["sgd", 1.0]]`, or their names alone.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     runs = OptimizerRuns({"sgd": 1.0, "adam": 0.05}, ["adam"], 3)
    >>> Thing().runs, Thing(runs=["sgd", ["adam", 0.5]]).runs
    ([['adam', 0.05]], [['sgd', 1.0], ['adam', 0.5]])
    """

    def __init__(self, rates: dict[str, float], default: list[str], maximum: int):
        super().__init__([[name, rates[name]] for name in default])
        self.rates, self.maximum = rates, maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {
            "min": RATE_MIN,
            "max": RATE_MAX,
            "choices": list(self.rates),
            "rates": self.rates,
            "most": self.maximum,
        }

    def validate(self, obj: Any, value: Any) -> list[list[Any]]:
        """Return `[name, rate]` for each run, or refuse."""
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= self.maximum:
            self._refuse(value)
        runs = []
        for entry in value:
            name_only = isinstance(entry, str)
            if not name_only and not (isinstance(entry, (list, tuple)) and len(entry) == 2):
                self._refuse(entry)
            name, rate = (entry, None) if name_only else entry
            if not isinstance(name, str) or name not in self.rates:
                self._refuse(entry)
            runs.append([name, self.rates[name] if rate is None else _rate(self.name, rate)])
        return runs

    def _refuse(self, received: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be 1 to {self.maximum} of {', '.join(self.rates)}, each by "
            f"name or as [name, rate]. Received {short_repr(received)}. Write for instance "
            "[['adam', 0.05]]."
        )


class BranchPoint(Parameter[list[Any], Sequence[Any]]):
    """A branch of a run, `[run, step, optimizer, rate]`, counted from 0, or `[]` for none."""

    def __init__(self, optimizers: tuple[str, ...], runs: int, steps: int):
        super().__init__([])
        self.optimizers, self.runs, self.steps = optimizers, runs, steps

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.steps}

    def validate(self, obj: Any, value: Any) -> list[Any]:
        """Return the four values, or an empty list, or refuse."""
        if isinstance(value, (list, tuple)) and not value:
            return []
        try:
            run, step, optimizer, rate = value
            run, step = _index(run), _index(step)
        except (TypeError, ValueError):
            self._refuse(value)
        if not (0 <= run < self.runs and 0 <= step <= self.steps) or (
            not isinstance(optimizer, str) or optimizer not in self.optimizers
        ):
            self._refuse(value)
        return [run, step, optimizer, _rate(self.name, rate)]

    def _refuse(self, received: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be [] or [run, step, optimizer, rate], run from 0 to "
            f"{self.runs - 1} and step from 0 to {self.steps}. Received {short_repr(received)}. "
            "Write for instance [0, 40, 'lazy adam', 0.05]."
        )


class BitFlips(Parameter[list[list[Any]], Sequence[Any]]):
    """Flipped bits as `[scheme, row, byte, bit]`, bit 0 the lowest; flipping twice is not flipping.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     flips = BitFlips(("int4",), 9)
    >>> Thing(flips=[("int4", 2, 0, 7), ("int4", 2, 0, 7), ("int4", 0, 0, 1)]).flips
    [['int4', 0, 0, 1]]
    """

    def __init__(self, schemes: tuple[str, ...], maximum: int):
        super().__init__([])
        self.schemes, self.maximum = schemes, maximum

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.maximum}

    def validate(self, obj: Any, value: Any) -> list[list[Any]]:
        """Return the bits that differ in the end, in order, or refuse."""
        flipped: dict[tuple[str, int, int, int], bool] = {}
        for entry in value if isinstance(value, (list, tuple)) else [value]:
            try:
                scheme, row, byte, bit = entry
                position = (_index(row), _index(byte), _index(bit))
            except (TypeError, ValueError):
                self._refuse(entry)
            if (
                not isinstance(scheme, str)
                or scheme not in self.schemes
                or min(position) < 0
                or max(position) > SIZE_MAX
                or position[2] > 7
            ):
                self._refuse(entry)
            flipped[(scheme, *position)] = not flipped.get((scheme, *position), False)
        flips = [list(position) for position, on in flipped.items() if on]
        if len(flips) > self.maximum:
            raise TraitError(
                f"{self.name} must flip at most {self.maximum} bits. Received {len(flips)}. "
                "Flip some of them back."
            )
        return flips

    def _refuse(self, entry: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be a list of [scheme, row, byte, bit], the bit 0 to 7. "
            f"Received {short_repr(entry)}. Write for instance [['{self.schemes[0]}', 2, 0, 7]]."
        )


def _index(value: Any) -> int:
    """Return an integer, also one with a decimal point: JavaScript reads 3.0 as 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)


def _rate(name: str | None, value: Any) -> float:
    try:
        rate = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        rate = math.nan
    if not RATE_MIN <= rate <= RATE_MAX:
        raise TraitError(
            f"a rate in {name} must lie in {RATE_MIN:g}..{RATE_MAX:g}. Received "
            f"{short_repr(value)}. Choose a value in this range."
        )
    return rate
