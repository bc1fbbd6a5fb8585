"""A model from placeholders: branches, shared layers, several inputs; back in reverse order."""

from collections.abc import Mapping
from typing import Any

from embedlab.core.gradient import add_gradients
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.structure import alone, first, flat, packed, swapped, up_to
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.calls import flow, follow_masks, in_order, placeholders
from embedlab.models.ends import Ends
from embedlab.models.masks import MaskNote, refuse_to_lose
from embedlab.models.model import Model
from embedlab.models.several import Several
from embedlab.models.starts import Starts

__all__ = ["Functional"]


class Functional(Model):
    """What ``Model(inputs, outputs)`` gives.

    Parameters
    ----------
    inputs, outputs : KerasTensor, or nested list or dict of KerasTensor
        What `Input` gave, and what layers made of it. A layer that was called twice is shared:
        its gradients add up. What goes in and comes out later has the same form.
    name, trainable, strict_masks
        As for every `Model`.

    Raises
    ------
    ValueError
        When an output does not come from the inputs.

    Notes
    -----
    Inside (`forward_with_mask`, `backward`) several inputs and outputs are lists, dicts in the
    order of their sorted keys, as in Keras; so are `inputs`, `outputs` and their shapes.

    Examples
    --------
    >>> from embedlab.layers import Add, Dense, Embedding, Input
    >>> from embedlab.models import Model
    >>> ids = Input((3,), dtype="int32", name="ids")
    >>> rows = Embedding(9, 4)(ids)
    >>> model = Model({"ids": ids}, {"sum": Add()([rows, Dense(4)(rows)]), "rows": rows})
    >>> made = model.predict({"ids": [[1, 2, 3]]})
    >>> made["sum"].shape, model.output_shape
    ((1, 3, 4), [(None, 3, 4), (None, 3, 4)])
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **options: Any):
        super().__init__(name=name, **options)
        self._starts, self._ends = Starts(inputs), alone(outputs)  # in the form that was given
        self._inputs, self._outputs = self._starts.tensors, placeholders(outputs, "outputs")
        self._several_inputs = len(self._inputs) > 1
        self._several_outputs = len(self._outputs) > 1
        self._calls = in_order(self._inputs, self._outputs)
        self._layers: list[Layer] = list(dict.fromkeys(call.layer for call in self._calls))
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which they are first called."""
        return list(self._layers)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The placeholders that go in."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The placeholders that come out."""
        return list(self._outputs)

    @property
    def input(self) -> Any:
        """The placeholder that goes in, or several in the form that was given."""
        return swapped(self._starts.structure, lambda tensor: tensor)

    @property
    def output(self) -> Any:
        """The placeholder that comes out, or several in the form that was given."""
        return swapped(self._ends, lambda tensor: tensor)

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs."""
        return self.ends.names

    @property
    def ends(self) -> Ends:
        """How the outputs stand together, and what losses and metrics are told by."""
        return Ends(swapped(self._ends, lambda t: t.name if t.layer is None else t.layer.name))

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or of each."""
        shapes = [t.shape for t in self._inputs]
        return shapes if self._several_inputs else shapes[0]

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or of each."""
        shapes = [t.shape for t in self._outputs]
        return shapes if self._several_outputs else shapes[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output that the placeholders announced."""
        return self.output_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return a placeholder for each output, in the form of the outputs."""
        return swapped(self._ends, lambda tensor: KerasTensor(tensor.shape, tensor.dtype))

    def symbolic_call(self, inputs: Any, **told: Any) -> Any:
        """Call the model on placeholders: it becomes a layer of another model."""
        return super().symbolic_call(packed(self._starts.structure, self.given(inputs)), **told)

    # Running ----------------------------------------------------------------------------------

    def forward_with_mask(  # type: ignore[override]  # a model is told nothing else
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Return the outputs, their masks, and the context of every call."""
        given = self.given(inputs)
        if isinstance(mask, Mapping):
            mask = up_to(self._starts.structure, mask)
        masks = list(mask) if isinstance(mask, (list, tuple)) else [mask] * len(given)
        values = {id(t): v for t, v in zip(self._inputs, given, strict=True)}
        known = {id(t): m for t, m in zip(self._inputs, masks, strict=True)}
        contexts: list[Any] = []
        self._go(values, known, contexts, training)
        outs = [values[id(t)] for t in self._outputs]
        ends = [known[id(t)] for t in self._outputs]
        if self._several_outputs:
            return outs, ends, contexts
        return outs[0], ends[0], contexts

    def _go(
        self, values: dict[int, Any], known: dict[int, Any], contexts: list[Any], training: bool
    ) -> None:
        """Make the calls in order: `values` and `known` masks fill up, and the contexts."""
        for call in self._calls:
            masks = call.picked(known)
            for one in masks if isinstance(masks, list) else [masks]:
                refuse_to_lose(one, call.layer, self.strict_masks)
            came = swapped(call.came, lambda tensor: values[id(tensor)])
            out, after, context = call.layer.forward_with_mask(
                came, masks, training, **call.made[0].told
            )
            contexts.append(context)
            call.noted(values, out)
            call.noted(known, after)

    def given(self, inputs: Any) -> list[Any]:
        """Return the inputs in a list: one array, one in a list, their own form, or a dict by name.

        Raises
        ------
        ValueError
            Unless there is one for each placeholder. Further keys of a dict are passed by.
        """
        return self._starts.given(inputs)

    def _whole(self, x: Any) -> Any:
        given = self.given(x)
        return Several(given) if self._several_inputs else super()._whole(given[0])

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the outputs (several in a list), and the context of every call for `backward`."""
        outputs, _, contexts = self.forward_with_mask(inputs, mask, training)
        return outputs, contexts

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Return the outputs."""
        return self.call_with_mask(inputs, mask, training)[0]

    def call_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the outputs and the masks that came through, in the form that was given."""
        outs, masks, _ = self.forward_with_mask(inputs, mask, training)
        if self._several_outputs:
            return packed(self._ends, outs), packed(self._ends, masks)
        return packed(self._ends, [outs]), packed(self._ends, [masks])

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return all gradients, going through the calls in reverse order.

        What a tensor sends to several layers comes back as a sum, and so do the gradients of a
        layer that was called several times.
        """
        grads: dict[int, Any] = {}
        for tensor, sent in zip(
            self._outputs, grad if self._several_outputs else [grad], strict=True
        ):
            grads[id(tensor)] = add_gradients(grads.get(id(tensor)), sent)
        weights: dict[str, Any] = {}
        for (layer, came, made), kept in zip(reversed(self._calls), reversed(context), strict=True):
            sent = [grads.pop(id(tensor), None) for tensor in made]
            if all(one is None for one in sent):
                continue  # nothing that counts comes from here
            found = layer.backward(kept, sent if len(made) > 1 else sent[0])
            for name, own in found.weights.items():
                key = f"{layer.name}/{name}"
                weights[key] = add_gradients(weights.get(key), own)
            backs = found.inputs if isinstance(found.inputs, list) else [found.inputs]
            for tensor, back in zip(flat(came), backs or [], strict=False):
                grads[id(tensor)] = add_gradients(grads.get(id(tensor)), back)
        back_to = [grads.get(id(t)) for t in self._inputs]
        return Gradients(back_to if self._several_inputs else back_to[0], weights)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask that would come out (of arrays, this runs the layers)."""
        if not isinstance(first(self.given(inputs)), KerasTensor):
            return self.forward_with_mask(inputs, mask)[1]
        masks = mask if isinstance(mask, list) else [mask] * len(self._inputs)
        known = {id(t): m for t, m in zip(self._inputs, masks, strict=True)}
        follow_masks(self._calls, known)
        ends = [known[id(t)] for t in self._outputs]
        return ends if self._several_outputs else ends[0]

    def lint_masks(self) -> list[MaskNote]:
        """Say what becomes of the mask at each call, before any data: made, kept, consumed, lost.

        >>> from embedlab.layers import Dense, Embedding, Flatten, Input
        >>> ids = Input((3,))
        >>> rows = Embedding(9, 4, mask_zero=True, name="words")(ids)
        >>> flat = Flatten(name="flat")(Dense(2, name="dense")(rows))
        >>> Model(ids, flat).lint_masks()
        [words: made, dense: kept, flat: lost here]
        """
        return follow_masks(self._calls, {id(tensor): None for tensor in self._inputs})

    def flow(self) -> list[tuple[Layer, Any, list[str] | None]]:
        """Return each layer with the shapes of its first call, and the names of all it is called
        on.

        >>> from embedlab.layers import Add, Dense, Input
        >>> x = Input((3,), name="x")
        >>> Model(x, Add(name="sum")([x, Dense(3, name="d")(x)])).flow()[1][1:]
        ((None, 3), ['x', 'd'])
        """
        return flow(self._calls)

    def get_config(self) -> dict[str, Any]:
        """Return the layers, and which was called on what: `from_config` makes an equal model."""
        from embedlab.saving.graph import told

        return told(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return a model (without its weights) from what `get_config` gave."""
        from embedlab.saving.config import remade

        return remade("Functional", config, custom_objects)

    def __repr__(self) -> str:
        return f"Functional({', '.join(repr(layer) for layer in self._layers)})"
