"""The calls of a graph: which layer was called on what, in an order in which they can be made."""

from typing import Any, NamedTuple

from embedlab.layers.base import Layer
from embedlab.layers.structure import flat
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.masks import MaskNote, verdict

__all__ = ["Call", "flow", "follow_masks", "in_order", "placeholders"]


class Call(NamedTuple):
    """One call of a layer.

    Attributes
    ----------
    layer : Layer
    came
        The placeholders it was called on: one, or a list or dict of them, also inside each other.
    made : list of KerasTensor
    """

    layer: Layer
    came: Any
    made: list[KerasTensor]

    def picked(self, known: dict[int, Any]) -> Any:
        """Return what is known of the placeholders that came: of one, or of several in a list."""
        found = [known[id(tensor)] for tensor in flat(self.came)]
        return found[0] if isinstance(self.came, KerasTensor) else found

    def noted(self, known: dict[int, Any], found: Any) -> None:
        """Put what was found for the placeholders that were made: one thing, or a list."""
        for n, tensor in enumerate(self.made):
            known[id(tensor)] = found[n] if isinstance(found, list) else found


def placeholders(told: Any, what: str) -> list[KerasTensor]:
    """Return the placeholders of a structure in a list, or refuse what else it holds."""
    listed = flat(told)
    if not listed or not all(isinstance(one, KerasTensor) for one in listed):
        raise ValueError(
            f"All `{what}` values must be KerasTensors: what Input and layers give, one or a list "
            f"or dict of them. Received {told!r:.80}. Call the layers on Input(shape)."
        )
    return listed


def in_order(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Call]:
    """Return the calls between inputs and outputs so that each comes after what it needs.

    Raises
    ------
    ValueError
        When an output does not come from the inputs.

    Examples
    --------
    >>> from embedlab.layers import Dense, Input
    >>> x = Input((3,))
    >>> y = Dense(2, name="late")(Dense(2, name="early")(x))
    >>> [call.layer.name for call in in_order([x], [y])]
    ['early', 'late']
    """
    starts = {id(t) for t in inputs}
    done: set[int] = set()
    order: list[Call] = []
    stack = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        if id(tensor) in starts or (not ready and tensor.call in done):
            continue
        if tensor.layer is None:
            raise ValueError(
                f"an output must come from the inputs of the model. Received {tensor!r} on its "
                "way, which does not (graph disconnected). Pass it as an input too."
            )
        if ready:
            if tensor.call not in done:
                done.add(tensor.call)
                order.append(Call(tensor.layer, tensor.inputs, tensor.siblings))
            continue
        stack.append((tensor, True))
        stack += [(one, False) for one in flat(tensor.inputs)]
    return order


def follow_masks(calls: list[Call], known: dict[int, Any]) -> list[MaskNote]:
    """Say what each call does with its mask, and put the mask of every placeholder into `known`."""
    notes = []
    for call in calls:
        before = call.picked(known)
        after = call.layer.compute_mask(call.came, before, **call.made[0].told)
        notes.append(MaskNote(call.layer.name, verdict(call.layer, before, after)))
        call.noted(known, after)
    return notes


def flow(calls: list[Call]) -> list[tuple[Layer, Any, list[str] | None]]:
    """Return each layer with the shapes of its first call, and the names of all it is called on."""
    found: dict[int, tuple[Layer, Any, list[str] | None]] = {}
    for layer, came, made in calls:
        shapes = [tensor.shape for tensor in made]
        names = [t.name if t.layer is None else t.layer.name for t in flat(came)]
        first = found.setdefault(id(layer), (layer, shapes if len(made) > 1 else shapes[0], []))
        first[2].extend(names)  # type: ignore[union-attr]
    return list(found.values())
