"""Which loss each output of a model has, and how much it counts."""

from typing import Any, NamedTuple

import numpy as np

from embedlab import losses
from embedlab.models.ends import Ends

__all__ = ["Goals"]


class _Goal(NamedTuple):
    place: int  # of the output
    loss: Any
    weight: float


class Goals:
    """The losses of a model, one for each output that has one.

    Parameters
    ----------
    loss : loss, name, list or dict of them
        One for all outputs; or in their form, or a list in their order, or a dict by the names of
        their layers. None leaves an output out.
    loss_weights : float, list or dict, optional
        How much each loss counts in their sum; 1 unless told.
    ends : Ends
        The outputs.

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
    >>> told = {"tag": "mse", "next": "mae"}
    >>> goals = Goals(told, {"next": 0.5}, Ends(["next", "tag"]))
    >>> y, made = [np.ones((1, 1)), np.ones((1, 1))], [np.zeros((1, 1)), np.array([[4.0]])]
    >>> goals.parts(y, made)
    {'next_loss': 1.0, 'tag_loss': 9.0}
    >>> goals.total(goals.parts(y, made))
    9.5
    """

    def __init__(self, loss: Any, loss_weights: Any, ends: Ends):
        self.ends, self.weights = ends, loss_weights
        counts = ends.each(loss_weights, "loss_weights")
        made = [losses.as_loss(one) for one in ends.each(loss, "loss", whole=True)]
        order = _as_they_stand(ends.packed(range(len(ends)), like=loss))  # Keras tells losses so
        self._goals = [
            _Goal(place, made[place], _as_weight(counts[place]))
            for place in order
            if made[place] is not None
        ]
        self.told = ends.packed(made, like=loss)

    def __bool__(self) -> bool:
        return bool(self._goals)

    @property
    def places(self) -> list[int]:
        """Which outputs have a loss, counted from 0."""
        return [goal.place for goal in self._goals]

    def parts(self, y: Any, outputs: Any, weights: Any = None, masks: Any = None) -> dict:
        """Return the loss of each output by its name, such as "tag_loss"; of a lone one "loss".

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
        """Return the sum of the parts, each times its weight."""
        return sum(
            value * goal.weight for value, goal in zip(parts.values(), self._goals, strict=True)
        )

    def grads(self, y: Any, outputs: Any, weights: Any = None, masks: Any = None) -> list[Any]:
        """Return the derivative of the total by each output; None for one without a loss."""
        found: list[Any] = [None] * len(self.ends)
        for goal in self._goals:
            slope = goal.loss.grad(*_of(goal, y, outputs, weights, masks))
            found[goal.place] = slope if goal.weight == 1 else slope * slope.dtype.type(goal.weight)
        return found

    def _name(self, goal: _Goal, taken: dict[str, float]) -> str:
        if len(self.ends) == 1:
            return "loss"
        name = f"{self.ends.losses[goal.place]}_loss"
        return name if name not in taken else f"{name}_{goal.place}"  # one tensor, twice an output


def _as_they_stand(form: Any) -> list[Any]:
    parts = list(form.values()) if isinstance(form, dict) else form
    if not isinstance(parts, list):
        return [parts]
    return [one for part in parts for one in _as_they_stand(part)]


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
