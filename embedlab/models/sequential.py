"""Layers in a row: what comes out of one goes into the next."""

from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.models.masks import MaskNote, lint_masks, refuse_to_lose
from embedlab.models.model import Model

__all__ = ["Sequential"]


class Sequential(Model):
    """Layers in a row: what comes out of one goes into the next.

    Parameters
    ----------
    layers : list of Layer, optional
        An `Input` may stand in front.
    trainable : bool
    name : str, optional
    strict_masks : {"raise", "warn", "ignore"}
        As for every `Model`.

    Raises
    ------
    ValueError
        For things that are no layers, and two layers of one name.
    MaskError
        From a call, when a mask would be lost.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> model = Sequential([Embedding(1000, 64, input_length=10)])
    >>> model.output_shape
    (None, 10, 64)
    >>> model.compile("rmsprop", "mse")
    >>> model.predict(np.zeros((32, 10), int)).shape
    (32, 10, 64)
    """

    def __init__(
        self,
        layers: Any = None,
        trainable: bool = True,
        name: str | None = None,
        *,
        strict_masks: str = "raise",
    ):
        super().__init__(name=name, trainable=trainable, strict_masks=strict_masks)
        self._layers: list[Layer] = []
        self._input: KerasTensor | None = None
        self._output: KerasTensor | None = None
        for layer in layers or []:
            self.add(layer)

    # Putting it together ----------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Put a layer at the end; where the input shape is known, it is built at once."""
        if isinstance(layer, KerasTensor) and not self._layers:
            self._start(layer)
            return
        if not isinstance(layer, Layer):
            raise ValueError(
                "Only instances of `Layer` can be added to a Sequential model. "
                f"Received {layer!r:.60} (of type {type(layer)}). Call the class: Embedding(...)."
            )
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                "All layers added to a Sequential model should have unique names. "
                f"Received {layer.name!r} twice. Pass another name=."
            )
        if not self._trainable:
            layer.trainable = False
        self._layers.append(layer)
        try:
            if self._output is not None:
                self._output, self.built = _flow(layer, self._output), True
                return
            announced = getattr(layer, "batch_input_shape", None)
            if len(self._layers) == 1 and announced is not None:
                self._start(Input(batch_shape=announced))
        except Exception:
            self._layers.pop()  # a layer that does not fit leaves the model as it was
            raise

    def pop(self) -> Layer:
        """Take the last layer away and give it."""
        if not self._layers:
            raise IndexError("a model must have a layer to pop. Received none. Call add first.")
        layer = self._layers.pop()
        if self._input is not None:
            self._start(self._input)
        return layer

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of `input_shape` (with the batch, such as (None, 10))."""
        self._needs_layers()
        if self._input is None:
            if input_shape is None:
                raise ValueError(
                    "build needs an input shape: nothing announced one. Received None. "
                    "Pass for example model.build((None, 10))."
                )
            self._start(Input(batch_shape=(None, *tuple(input_shape)[1:])))

    def _start(self, start: KerasTensor) -> None:
        flowing: KerasTensor | None = start
        for layer in self._layers:
            flowing = None if flowing is None else _flow(layer, flowing)
        self._input, self._output = start, flowing
        self.built = bool(self._layers)

    def _needs_layers(self) -> None:
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no layers. "
                "Received none. Call `model.add(layer)`."
            )

    # Running it -------------------------------------------------------------------------------

    def call_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the outputs and the mask that came through."""
        self._needs_layers()
        self._learn_shape(inputs)
        for layer in self._layers:
            refuse_to_lose(mask, layer, self.strict_masks)
            inputs, mask = layer.call_with_mask(inputs, mask, training)
        return inputs, mask

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Return the outputs."""
        return self.call_with_mask(inputs, mask, training)[0]

    def forward_with_mask(  # type: ignore[override]  # a model is told nothing else
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Return the outputs, the mask that came through, and each layer's context."""
        self._needs_layers()
        self._learn_shape(inputs)
        contexts = []
        for layer in self._layers:
            refuse_to_lose(mask, layer, self.strict_masks)
            inputs, mask, context = layer.forward_with_mask(inputs, mask, training)
            contexts.append(context)
        return inputs, mask, contexts

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the outputs, and each layer's context for `backward`."""
        outputs, _, contexts = self.forward_with_mask(inputs, mask, training)
        return outputs, contexts

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return all gradients, going through the layers in reverse; weights as "layer/name"."""
        weights: dict[str, Any] = {}
        for layer, kept in zip(reversed(self._layers), reversed(context), strict=True):
            if grad is None:
                continue  # nothing that counts comes from here
            grad, own = layer.backward(kept, grad)
            weights.update({f"{layer.name}/{name}": g for name, g in own.items()})
        return Gradients(grad, weights)

    def _learn_shape(self, inputs: Any) -> None:
        if self._input is None:  # the batch stays open, as with a shape that was announced
            self._start(Input(batch_shape=(None, *np.shape(inputs)[1:])))

    def _build_on(self, inputs: Any) -> None:
        """Wait for `call`: it learns the shape itself."""

    def lint_masks(self) -> list[MaskNote]:
        """Say what becomes of the mask at each layer, before any data: made, kept, consumed, lost.

        >>> from embedlab.layers import Embedding, GlobalAveragePooling1D
        >>> words = Embedding(9, 4, mask_zero=True, name="words")
        >>> Sequential([words, GlobalAveragePooling1D(name="mean")]).lint_masks()
        [words: made, mean: consumed]
        """
        return lint_masks(self._layers, self._input or Input((None,)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask that would come out (this runs the layers)."""
        if isinstance(inputs, KerasTensor):
            for layer in self._layers:
                after = layer.compute_mask(inputs, mask)
                inputs, mask = layer.compute_output_spec(inputs), after
            return mask
        return self.call_with_mask(inputs, mask)[1]

    # Telling about it -------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order (a new list)."""
        return list(self._layers)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The placeholder that goes in, in a list as in Keras; empty while it is unknown."""
        return [] if self._input is None else [self._input]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The placeholder that comes out, in a list as in Keras; empty while it is unknown."""
        return [] if self._output is None else [self._output]

    @property
    def input(self) -> KerasTensor:
        """The placeholder that goes in; AttributeError while it is unknown."""
        self._known(self._input, "input")
        return self._input  # type: ignore[return-value]

    @property
    def output(self) -> KerasTensor:
        """The placeholder that comes out; AttributeError while it is unknown."""
        self._known(self._output, "output")
        return self._output  # type: ignore[return-value]

    @property
    def batch_input_shape(self) -> tuple | None:
        """The input shape, for a model that stands first in another; None while unknown."""
        return None if self._input is None else self._input.shape

    @property
    def input_shape(self) -> tuple:
        """The shape of the inputs, None for the batch."""
        return self._known(self._input, "input")

    @property
    def output_shape(self) -> tuple:
        """The shape of the outputs, None for the batch; known from `input_length` or a call."""
        return self._known(self._output, "output")

    def _known(self, placeholder: KerasTensor | None, word: str) -> tuple:
        if placeholder is None or not self._layers:
            raise AttributeError(
                f"Sequential model {self.name!r} has no defined {word} shape yet: it must know how "
                "long its inputs are. Received no shape. Say Embedding(..., input_length=10), put "
                "an Input in front, or call the model once."
            )
        return placeholder.shape

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs for inputs of `input_shape`."""
        shape = tuple(input_shape)
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def get_config(self) -> dict[str, Any]:
        """Return the name and every layer, from which `from_config` makes an equal model."""
        told: list[Any] = [layers_module.serialize(layer) for layer in self._layers]
        if self._input is not None:
            told.insert(0, layers_module.serialize(self._input))
        config = {"name": self.name, "trainable": self._trainable, "layers": told}
        if self.strict_masks != "raise":
            config["strict_masks"] = self.strict_masks
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Sequential":
        """Return a model (without its weights) from what `get_config` gave."""
        made = [layers_module.deserialize(told, custom_objects) for told in config["layers"]]
        return cls(
            made,
            config.get("trainable", True),
            config.get("name"),
            strict_masks=config.get("strict_masks", "raise"),
        )

    def __repr__(self) -> str:
        return f"Sequential([{', '.join(repr(layer) for layer in self._layers)}])"


def _flow(layer: Layer, placeholder: KerasTensor) -> KerasTensor | None:
    try:
        return layer(placeholder)
    except NotImplementedError:  # a layer of one's own may not say its shape; data will tell
        return None
