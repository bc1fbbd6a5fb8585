"""What it means to own weights: make them, list them, freeze them, copy them in and out."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from embedlab import constraints, initializers, regularizers
from embedlab.core.checks import ShapeError
from embedlab.layers.placement import Room, room_of
from embedlab.layers.variable import Variable
from embedlab.layers.weight_budget import charge

__all__ = ["WeightOwner"]

_NO_LAYER = frozenset((str, int, float, bool, type(None), dict, set, Variable, np.ndarray))


class WeightOwner:
    """A named thing with weights of its own and those of the layers in its attributes.

    Examples
    --------
    >>> owner = WeightOwner("dense", "float32")
    >>> owner.add_weight("bias", (3,), "zeros")
    Variable(dense/bias, (3,) float32, trainable)
    >>> owner.trainable = False
    >>> owner.trainable_weights, len(owner.weights)
    ([], 1)
    """

    def __init__(self, name: str, dtype: str, trainable: bool = True):
        self.name = name
        self.built = False
        self._weight_dtype = dtype
        self._trainable = bool(trainable)
        self._own: dict[str, Variable] = {}

    def add_weight(
        self,
        name: str,
        shape: Any,
        initializer: Any = "glorot_uniform",
        *,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        placement: str = "memory",
    ) -> Variable:
        """Make a variable of this layer, in memory or on disk, and give it.

        Raises
        ------
        ShapeError
            When the initializer gives another shape.
        """
        charge(tuple(shape), dtype or self._weight_dtype, f"{self.name}/{name}")
        room = room_of(placement)
        value = _initial(
            initializers.get(initializer), tuple(shape), dtype or self._weight_dtype, room
        )
        made = Variable.adopt(
            value,
            name=name,
            path=f"{self.name}/{name}",
            trainable=trainable,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        made._frozen, made.room = not self._trainable, room
        self._own[name] = made
        return made

    def sublayers(self) -> Iterator["WeightOwner"]:
        """Return the layers that this one holds in its attributes, each once, in order."""
        seen = {id(self)}
        for value in vars(self).values():
            kind = type(value)
            if kind in _NO_LAYER:  # most attributes: asked first, this is half the price of a step
                continue
            for held in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(held, WeightOwner) and id(held) not in seen:
                    seen.add(id(held))
                    yield held

    def named_weights(self) -> dict[str, Variable]:
        """Return every variable by its name, those of inner layers as "layer/name"."""
        found = dict(self._own)
        for layer in self.sublayers():
            found.update({f"{layer.name}/{k}": v for k, v in layer.named_weights().items()})
        return found

    @property
    def weights(self) -> list[Variable]:
        """Every variable, in the order they were made."""
        return list({id(v): v for v in self.named_weights().values()}.values())

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that an optimizer may change."""
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that stay as they are."""
        return [v for v in self.weights if not v.trainable]

    trainable_variables, non_trainable_variables = trainable_weights, non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training may change this layer; to freeze it, set False."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = bool(trainable)
        for variable in self._own.values():
            variable._frozen = not self._trainable
        for layer in self.sublayers():
            layer.trainable = trainable

    def get_weights(self) -> list[np.ndarray]:
        """Return a copy of every weight as it is: a table that adapters were merged into has
        them."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set every weight.

        Raises
        ------
        ValueError
            Unless there are as many arrays as weights, of the same shapes; and for a layer whose
            adapters are merged, which could not be taken out again. Nothing is changed.
        """
        weights = list(weights)
        self._ready_to_set()
        if len(weights) != len(self.weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer {self.name!r} with a weight list of "
                f"length {len(weights)}, but the layer was expecting {len(self.weights)} weights. "
                "Received another number; build the layer first, and pass one array each."
            )
        for variable, value in zip(self.weights, weights, strict=True):
            if np.shape(value) != variable.shape:
                raise ShapeError(
                    f"Layer {self.name} weight shape {variable.shape} is not compatible with "
                    f"provided weight shape {np.shape(value)}. Received it for {variable.path}. "
                    "Reshape it."
                )
        cast = [np.asarray(w, v.dtype) for v, w in zip(self.weights, weights, strict=True)]
        for variable, value in zip(self.weights, cast, strict=True):
            variable.assign(value)

    def _ready_to_set(self) -> None:
        """Raise where new weights would break what is remembered of the old ones."""
        for layer in self.sublayers():
            layer._ready_to_set()

    def count_params(self) -> int:
        """Return how many numbers the weights hold; ValueError before the layer is built."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name!r}, but the layer isn't "
                "built. Received no shape yet. Call layer.build(input_shape) first."
            )
        return sum(v.size for v in self.weights)

    @property
    def losses(self) -> list[Any]:
        """The penalty of every trainable weight that has a regularizer."""
        return [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer]


def _initial(initializer: Any, shape: tuple[int, ...], dtype: Any, room: Room) -> np.ndarray:
    value = initializers.initialize(initializer, shape, dtype, room)
    if value.shape != shape:
        raise ShapeError(
            f"an initializer must give the shape it is asked for, {shape}. "
            f"Received shape {value.shape} from {initializer!r:.60}. Return an array of that shape."
        )
    return value
