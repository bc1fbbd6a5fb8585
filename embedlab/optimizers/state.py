"""What an optimizer keeps between batches: for its rule, moving averages, gathered gradients."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from embedlab.optimizers.accumulation import GRADIENTS, Accumulation, check_steps
from embedlab.optimizers.average import AVERAGE, check_average, follow
from embedlab.optimizers.kept import Kept

__all__ = ["Keeper"]


class Keeper:
    """The half of an optimizer that remembers.

    Parameters
    ----------
    use_ema, ema_momentum, ema_overwrite_frequency, gradient_accumulation_steps
        As `Optimizer`.

    Examples
    --------
    >>> from embedlab.layers import Variable
    >>> keeper, weight = Keeper(use_ema=True), Variable([1.0, 2.0])
    >>> keeper.groups, keeper.state(weight)["average"].tolist()
    ([('average',)], [1.0, 2.0])
    """

    slots: tuple[str, ...] = ()
    """What the rule keeps for each variable, an array of its shape each."""

    def __init__(self, use_ema: bool = False, ema_momentum: float = 0.99,
                 ema_overwrite_frequency: int | None = None,
                 gradient_accumulation_steps: int | None = None):  # fmt: skip
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = check_average(
            use_ema, ema_momentum, ema_overwrite_frequency
        )
        self.gradient_accumulation_steps = check_steps(gradient_accumulation_steps)
        self.batches = 0
        self._state: dict[int, Kept] = {}
        self._gathered = Accumulation(self.gradient_accumulation_steps or 1)

    @property
    def iterations(self) -> int:
        """How many steps were done."""
        return self.batches // (self.gradient_accumulation_steps or 1)

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self.batches = steps * (self.gradient_accumulation_steps or 1)

    def state(self, variable: Any) -> dict[str, np.ndarray]:
        """Give what is kept for a variable: name of the slot to array, made when first asked."""
        key = id(variable)
        if key not in self._state:
            names = [AVERAGE, *self.slots] if self.use_ema else self.slots
            made = {name: self.fresh(name, variable) for name in names}
            self._state[key] = Kept(variable, made, len(variable.resized))
        return self._state[key].in_shape(self.fresh)

    def fresh(self, slot: str, variable: Any) -> np.ndarray:
        """Give what a slot holds for a variable before its first step."""
        if slot != AVERAGE:
            return variable.like(self.start(slot))
        made = variable.like(0.0)
        made[...] = variable.value
        return made

    def start(self, slot: str) -> float:
        """Give the number that a slot of the rule starts with."""
        return 0.0

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The slots in Keras's order in a file: those of a group stand together, by variable."""
        front = [AVERAGE] if self.use_ema else []
        front += [GRADIENTS] if self.gradient_accumulation_steps else []
        return [(name,) for name in front] + self.own_groups()

    def own_groups(self) -> list[tuple[str, ...]]:
        """Give the slots of the rule in Keras's order: each alone unless a rule says otherwise."""
        return [(slot,) for slot in self.slots]

    def kept(self, slot: str, variable: Any) -> np.ndarray:
        """Give what a file holds of one slot for a variable."""
        return self._gathered.dense(variable) if slot == GRADIENTS else self.state(variable)[slot]

    def keep(self, slot: str, variable: Any, array: np.ndarray) -> None:
        """Take what a file holds of one slot for a variable."""
        if slot == GRADIENTS:
            self._gathered.put(variable, array)
        elif variable.room is np.zeros:
            self.state(variable)[slot][...] = array
        else:  # on disk, where it has been read to
            self.state(variable)[slot] = array

    # Moving averages --------------------------------------------------------------------------

    def _follow(self) -> None:
        """Let the averages of all variables follow, and take them over when it is time."""
        momentum = self.ema_momentum if self.iterations else 0.0
        often = self.ema_overwrite_frequency
        for kept in self._state.values():
            average, value = kept.in_shape(self.fresh)[AVERAGE], kept.variable.value
            follow(average, value, momentum)
            if often and (self.iterations + 1) % often == 0:
                value[...] = average

    def finalize_variable_values(self, variables: Iterable[Any]) -> None:
        """Take over the moving averages, if there are any: what `fit` does at its end."""
        for variable in variables:
            if self.use_ema and id(variable) in self._state:
                variable.value[...] = self.state(variable)[AVERAGE]
