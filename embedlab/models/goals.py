"""Which loss each output of a model has, and how much it counts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from embedlab import losses

__all__ = ["Goals", "by_output"]


class _Goal(NamedTuple):
    place: int  # of the output
    loss: Any
    weight: float


class Goals:
    """The losses of a model, one for each output that has one.

    Parameters
    ----------
    loss : loss, name, list or dict of them
        One for all outputs; or a list in the order of the outputs, or a dict by their names, in
        which None leaves an output out.
    loss_weights : float, list or dict, optional
        How much each loss counts in their sum; 1 unless told.
    names : list of str
        Of the outputs.

    Raises
    ------
    ValueError
        For names that no output has, another number of them, and weights that are no numbers.

    Notes
    -----
    Source: ``compile`` of ``keras.Model``. A weight counts in the sum, and not in the loss that is
    told of one output.

    Examples
    --------
    >>> goals = Goals({"tag": "mse", "next": "mae"}, {"next": 0.5}, ["next", "tag"])
    >>> y, made = [np.ones((1, 1)), np.ones((1, 1))], [np.zeros((1, 1)), np.array([[4.0]])]
    >>> goals.parts(y, made)
    {'next_loss': 1.0, 'tag_loss': 9.0}
    >>> goals.total(goals.parts(y, made))
    9.5
    """

    def __init__(self, loss: Any, loss_weights: Any, names: list[str]):
        self.names, self.weights = list(names), loss_weights
        told = by_output(loss, self.names, "loss", whole=True)
        counts = by_output(loss_weights, self.names, "loss_weights")
        made = [losses.as_loss(one) for one in told]
        self._goals = [
            _Goal(place, one, _as_weight(count))
            for place, (one, count) in enumerate(zip(made, counts, strict=True))
            if one is not None
        ]
        self.told = made[0] if len(self.names) == 1 else made

    def __bool__(self) -> bool:
        return bool(self._goals)

    @property
    def places(self) -> list[int]:
        """Which outputs have a loss, counted from 0."""
        return [goal.place for goal in self._goals]

    def parts(self, y: Any, outputs: Any, weights: Any = None, masks: Any = None) -> dict:
        """Give the loss of each output by its name, such as "tag_loss"; of the only one "loss".

        Parameters
        ----------
        y, outputs : list of ndarray
            One for each output; None where `y` has no loss to meet.
        weights, masks : list, optional
            Sample weights and masks, or None, for each output.
        """
        found: dict[str, float] = {}
        for goal in self._goals:
            own = _of(goal, y, outputs, weights, masks)
            found[self._name(goal, found)] = float(goal.loss(*own))
        return found

    def total(self, parts: dict[str, float]) -> float:
        """Give the sum of the parts, each times its weight."""
        return sum(
            value * goal.weight for value, goal in zip(parts.values(), self._goals, strict=True)
        )

    def grads(self, y: Any, outputs: Any, weights: Any = None, masks: Any = None) -> list[Any]:
        """Give the derivative of the total by each output; None for one without a loss."""
        found: list[Any] = [None] * len(self.names)
        for goal in self._goals:
            slope = goal.loss.grad(*_of(goal, y, outputs, weights, masks))
            found[goal.place] = slope if goal.weight == 1 else slope * slope.dtype.type(goal.weight)
        return found

    def _name(self, goal: _Goal, taken: dict[str, float]) -> str:
        if len(self.names) == 1:
            return "loss"
        name = f"{self.names[goal.place]}_loss"
        return name if name not in taken else f"{name}_{goal.place}"  # one tensor, twice an output


def by_output(told: Any, names: list[str], what: str, whole: bool = False) -> list[Any]:
    """Give one of `told` for each output: a list in their order, a dict by name, or one for all.

    Parameters
    ----------
    told : object, list or dict
        A dict with "class_name" is one thing, told as a config.
    names : list of str
    what : str
        What errors call it.
    whole : bool
        Whether a dict must name every output, as Keras wants it of losses.

    Examples
    --------
    >>> by_output({"b": 2}, ["a", "b"], "loss_weights"), by_output("mse", ["a", "b"], "loss")
    ([None, 2], ['mse', 'mse'])
    """
    if isinstance(told, Mapping) and "class_name" not in told:
        if names == [""] and len(told) == 1:  # a model in a row does not know its outputs' names
            return list(told.values())
        spare = [name for name in told if name not in names]
        lacks = [name for name in names if name not in told] if whole else []
        if spare or lacks:
            raise ValueError(
                f"Expected keys {names} in {what} dict: the names of the outputs. "
                f"Received {list(told)!r:.120}. Say None for an output without."
            )
        return [told.get(name) for name in names]
    if isinstance(told, (list, tuple)):
        if len(told) != len(names):
            raise ValueError(
                f"{what} must hold one for each of the outputs {names}. Received {len(told)}. "
                "Say None for an output without."
            )
        return list(told)
    return [told] * len(names)


def _of(goal: _Goal, y: Any, outputs: Any, weights: Any, masks: Any) -> tuple[Any, ...]:
    own = (y[goal.place], outputs[goal.place])
    return (*own, *(None if each is None else each[goal.place] for each in (weights, masks)))


def _as_weight(value: Any) -> float:
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(
            "Expected `loss_weights` argument to be a float, or a list or dict of them. "
            f"Received {value!r:.40}. Pass for example [1.0, 0.5]."
        )
    return float(value)
