"""Sequential: a model that layers are added to, one after the other."""

from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab.core.checks import ShapeError
from embedlab.layers.layer import Layer
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.models.config import MODEL_CLASSES, layer_from_config
from embedlab.models.model import Call, Model

__all__ = ["Sequential"]


class Sequential(Model):
    """A chain of layers: the output of each is the input of the next.

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
        if isinstance(layers, (str, Layer, KerasTensor)):
            raise ValueError(
                f"layers must be a list. Received {layers!r:.60} alone. Pass Sequential([layer])."
            )
        for layer in layers or []:
            self.add(layer)

    # Building ---------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Append a layer; where the input shape is known, it is built at once."""
        if isinstance(layer, KerasTensor):
            if self._layers or self._input is not None:
                raise ValueError(
                    "an Input must stand in front, and alone. Received a second one, or one after "
                    f"a layer: {layer!r:.60}. Start a new Sequential with it."
                )
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
        before = self._layers
        self._set_layers([*before, layer])
        try:
            if self._output is not None:
                self._output, self.built = _symbolic_output(layer, self._output), True
                return
            announced = getattr(layer, "batch_input_shape", None)
            if not before and self._input is None and announced is not None:
                self._start(Input(batch_shape=announced))
        except Exception:
            self._set_layers(before)  # a layer that does not fit leaves the model as it was
            raise

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self._layers:
            raise IndexError("a model must have a layer to pop. Received none. Call add first.")
        layer = self._layers[-1]
        self._set_layers(self._layers[:-1])
        if self._input is not None:
            self._start(self._input)
        return layer

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of `input_shape` (with the batch, such as (None, 10))."""
        self._prepare_layers()
        if self._input is not None:
            return
        if input_shape is None:
            raise ValueError(
                "build needs an input shape: nothing announced one. Received None. "
                "Pass for example model.build((None, 10))."
            )
        self._start(Input(batch_shape=(None, *tuple(input_shape)[1:])))

    def _check_rebuild(self, input_shape: Any) -> None:
        if self._input is None or input_shape is None:
            return
        known, new = self._input.shape[1:], tuple(input_shape)[1:]
        fits = len(known) == len(new) and all(
            a == b or None in (a, b) for a, b in zip(known, new, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"{self.name!r} is built for inputs of shape {self._input.shape}. "
                f"Received {tuple(input_shape)}. Make a new model for another shape."
            )

    def _start(self, start: KerasTensor) -> None:
        tensor: KerasTensor | None = start
        for layer in self._layers:
            tensor = None if tensor is None else _symbolic_output(layer, tensor)
        self._input, self._output = start, tensor
        self.built = bool(self._layers)

    def _set_layers(self, layers: list[Layer]) -> None:
        self._set_calls(Call(layer, {}) for layer in layers)

    def _prepare_layers(self) -> None:
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no layers. "
                "Received none. Call `model.add(layer)`."
            )

    def _prepare(self, inputs: Any) -> None:
        """Learn the shape of the inputs from the first ones."""
        self._prepare_layers()
        if self._input is None:  # the batch stays open, as with a shape that was announced
            self._start(Input(batch_shape=(None, *np.shape(inputs)[1:])))

    def _build_from_data(self, inputs: Any) -> None:
        """Wait for `call`, which learns the shape itself."""

    # Config -----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the name and every layer, from which `from_config` makes an equal model."""
        configs: list[Any] = [layers_module.serialize(layer) for layer in self._layers]
        if self._input is not None:
            configs.insert(0, layers_module.serialize(self._input))
        else:  # no shape is known, but built layers know theirs
            for layer, config in zip(self._layers, configs, strict=True):
                if layer.built:
                    config["build_config"] = {"input_shape": layer._build_shape}
        config = {"name": self.name, "trainable": self._trainable, "layers": configs}
        if self.strict_masks != "raise":
            config["strict_masks"] = self.strict_masks
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Sequential":
        """Return a model (without its weights) from what `get_config` returned."""
        return layer_from_config({"class_name": "Sequential", "config": config}, custom_objects)

    def __repr__(self) -> str:
        return f"Sequential([{', '.join(repr(layer) for layer in self._layers)}])"


def _symbolic_output(layer: Layer, placeholder: KerasTensor) -> KerasTensor | None:
    try:
        return layer(placeholder)
    except NotImplementedError:  # a layer of one's own may not know its shape; data will tell
        return None


MODEL_CLASSES["Sequential"] = Sequential
