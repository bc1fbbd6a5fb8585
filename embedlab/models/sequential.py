"""Sequential: a model that layers are added to, one after the other."""

from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab.core.checks import message
from embedlab.layers.layer import Layer
from embedlab.layers.symbolic import Input, KerasTensor
from embedlab.models.config import MODEL_CLASSES
from embedlab.models.model import Model

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

    Notes
    -----
    Things that are no layers and two layers of one name are a ValueError; a call that would lose a
    mask is a MaskError.

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

    _KIND = "Sequential"

    def __init__(
        self,
        layers: Any = None,
        trainable: bool = True,
        name: str | None = None,
        *,
        strict_masks: str = "raise",
    ):
        super().__init__(name=name, trainable=trainable, strict_masks=strict_masks)
        layers = [] if layers is None else layers
        if isinstance(layers, (str, Layer, KerasTensor)) or not np.iterable(layers):
            received = f"{layers!r:.60} alone"
            raise ValueError(message("layers must be a list", received, "Pass Sequential([layer])"))
        for layer in layers:
            self.add(layer)

    # Building ---------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Append a layer; where the input shape is known, it is built at once."""
        if isinstance(layer, KerasTensor):
            if self._layers or self._input is not None:
                must = "an Input must stand in front, and alone"
                received = f"a second one, or one after a layer: {layer!r:.60}"
                raise ValueError(message(must, received, "Start a new Sequential with it"))
            self._start(layer)
            return
        if not isinstance(layer, Layer):
            must = "Only instances of `Layer` can be added to a Sequential model"
            received = f"{layer!r:.60} (of type {type(layer)})"
            raise ValueError(message(must, received, "Call the class: Embedding(...)"))
        if any(layer.name == other.name for other in self._layers):
            must = "All layers added to a Sequential model should have unique names"
            raise ValueError(message(must, f"{layer.name!r} twice", "Pass another name="))
        if not self._trainable:
            layer.trainable = False
        before = self._calls
        self._set_calls([*before, (layer, {})])
        try:
            if self._output is not None:
                self._output, self.built = _symbolic_output(layer, self._output), True
                return
            announced = getattr(layer, "batch_input_shape", None)
            if not before and self._input is None and announced is not None:
                self._start(Input(batch_shape=announced))
        except Exception:
            self._set_calls(before)  # a layer that does not fit leaves the model as it was
            raise

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of `input_shape` (with the batch, such as (None, 10))."""
        self._prepare()
        if self._input is None and input_shape is None:
            must = "build needs an input shape: nothing announced one"
            raise ValueError(message(must, None, "Pass for example model.build((None, 10))"))
        if self._input is None:
            self._start(Input(batch_shape=(None, *tuple(input_shape)[1:])))

    def _start(self, start: KerasTensor) -> None:
        tensor: KerasTensor | None = start
        for layer in self._layers:
            tensor = None if tensor is None else _symbolic_output(layer, tensor)
        self._input, self._output = start, tensor
        self.built = bool(self._layers)

    def _prepare(self, inputs: Any = None) -> None:
        """Learn the shape of the inputs from the first ones."""
        super()._prepare()
        if self._input is None and inputs is not None:  # the batch stays open
            self._start(Input(batch_shape=(None, *np.shape(inputs)[1:])))

    # Config -----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the name and every layer, from which `from_config` makes an equal model."""
        configs = [layers_module.serialize(layer) for layer in self._layers]
        if self._input is not None:
            configs.insert(0, layers_module.serialize(self._input))
        else:  # no shape is known, but built layers know theirs
            for layer, each in zip(self._layers, configs, strict=True):
                if layer.built:
                    each["build_config"] = {"input_shape": layer._build_shape}
        config = {"name": self.name, "trainable": self._trainable, "layers": configs}
        if self.strict_masks != "raise":
            config["strict_masks"] = self.strict_masks
        return config


def _symbolic_output(layer: Layer, placeholder: KerasTensor) -> KerasTensor | None:
    try:
        return layer(placeholder)
    except NotImplementedError:  # a layer of one's own may not know its shape; data will tell
        return None


MODEL_CLASSES["Sequential"] = Sequential
