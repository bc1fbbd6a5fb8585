"""Parameters of a training view: which optimizers run, and where one of them turns off."""

import math
import operator
from typing import Any, NoReturn

from traitlets import TraitError, TraitType

__all__ = ["RATE_LEAST", "RATE_MOST", "BranchPoint", "OptimizerRuns"]

RATE_LEAST, RATE_MOST = 0.0001, 10.0


class OptimizerRuns(TraitType[list[list[Any]], list[list[Any]]]):
    """A few optimizers with their rates: `[["adam", 0.05], ["sgd", 1.0]]`, or their names alone.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     runs = OptimizerRuns({"sgd": 1.0, "adam": 0.05}, ["adam"], 3)
    >>> Thing().runs, Thing(runs=["sgd", ["adam", 0.5]]).runs
    ([['adam', 0.05]], [['sgd', 1.0], ['adam', 0.5]])
    """

    def __init__(self, rates: dict[str, float], default: list[str], most: int):
        super().__init__([[name, rates[name]] for name in default])
        self.rates, self.most = rates, most

    def make_dynamic_default(self) -> list[list[Any]]:
        """Return each explorer a list of its own."""
        return [list(run) for run in self.default_value]

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {
            "min": RATE_LEAST,
            "max": RATE_MOST,
            "choices": list(self.rates),
            "rates": self.rates,
            "most": self.most,
        }

    def validate(self, obj: Any, value: Any) -> list[list[Any]]:
        """Return `[name, rate]` for each run, or refuse."""
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= self.most:
            self._refuse(value)
        runs = []
        for entry in value:
            named = isinstance(entry, str)
            if not named and not (isinstance(entry, (list, tuple)) and len(entry) == 2):
                self._refuse(entry)
            name, rate = (entry, None) if named else entry
            if not isinstance(name, str) or name not in self.rates:
                self._refuse(entry)
            runs.append([name, self.rates[name] if rate is None else _rate(self.name, rate)])
        return runs

    def _refuse(self, came: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be 1 to {self.most} of {', '.join(self.rates)}, each alone or as "
            f"[name, rate]. Received {came!r:.40}. Write for instance [['adam', 0.05]]."
        )


class BranchPoint(TraitType[list[Any], list[Any]]):
    """Where a run turns off: `[run, step, optimizer, rate]`, counted from 0, or `[]`."""

    def __init__(self, optimizers: tuple[str, ...], runs: int, steps: int):
        super().__init__([])
        self.optimizers, self.runs, self.steps = optimizers, runs, steps

    def make_dynamic_default(self) -> list[Any]:
        """Return each explorer a list of its own."""
        return []

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.steps}

    def validate(self, obj: Any, value: Any) -> list[Any]:
        """Return the four parts, or nothing, or refuse."""
        if isinstance(value, (list, tuple)) and not value:
            return []
        try:
            run, step, optimizer, rate = value
            run, step = operator.index(run), operator.index(step)
        except (TypeError, ValueError):
            self._refuse(value)
        if not (0 <= run < self.runs and 0 <= step <= self.steps) or (
            not isinstance(optimizer, str) or optimizer not in self.optimizers
        ):
            self._refuse(value)
        return [run, step, optimizer, _rate(self.name, rate)]

    def _refuse(self, came: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be [] or [run, step, optimizer, rate], run from 0 to "
            f"{self.runs - 1} and step from 0 to {self.steps}. Received {came!r:.40}. "
            "Write for instance [0, 40, 'lazy adam', 0.05]."
        )


def _rate(name: str | None, value: Any) -> float:
    try:
        rate = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        rate = math.nan
    if not RATE_LEAST <= rate <= RATE_MOST:
        raise TraitError(
            f"a rate in {name} must lie in {RATE_LEAST:g}..{RATE_MOST:g}. Received {value!r:.40}. "
            "Choose one in between."
        )
    return rate
