"""A model from placeholders: branches, shared layers, several inputs; back in reverse order."""

from typing import Any

import numpy as np

from embedlab.layers.activity import one_pass, pulls
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.masks import MaskNote, refuse_to_lose, verdict
from embedlab.models.model import Model
from embedlab.models.several import Several
from embedlab.optimizers.sums import add_to

__all__ = ["Functional"]


class Functional(Model):
    """What ``Model(inputs, outputs)`` gives.

    Parameters
    ----------
    inputs, outputs : KerasTensor or list of KerasTensor
        What `Input` gave, and what layers made of it. A layer that was called twice is shared:
        its gradients add up.
    name, trainable, strict_masks
        As for every `Model`.

    Raises
    ------
    ValueError
        When an output does not come from the inputs.

    Examples
    --------
    >>> from embedlab.layers import Add, Dense, Embedding, Input
    >>> from embedlab.models import Model
    >>> ids = Input((3,), dtype="int32")
    >>> rows = Embedding(9, 4)(ids)
    >>> model = Model(ids, Add()([rows, Dense(4)(rows)]))
    >>> model.predict([[1, 2, 3]]).shape, model.output_shape
    ((1, 3, 4), (None, 3, 4))
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **options: Any):
        super().__init__(name=name, **options)
        self._inputs, self._outputs = _listed(inputs, "inputs"), _listed(outputs, "outputs")
        self._several_inputs = len(self._inputs) > 1  # a list of one is that one, as in Keras
        self._several_outputs = len(self._outputs) > 1
        self._calls = _in_order(self._inputs, self._outputs)
        self._layers: list[Layer] = list(dict.fromkeys(layer for layer, _, _ in self._calls))
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
        """The placeholder that goes in, or a list of them."""
        return self.inputs if self._several_inputs else self._inputs[0]

    @property
    def output(self) -> Any:
        """The placeholder that comes out, or a list of them."""
        return self.outputs if self._several_outputs else self._outputs[0]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs: what losses are told by."""
        return [t.name if t.layer is None else t.layer.name for t in self._outputs]

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
        """Give the shape of the output that the placeholders announced."""
        return self.output_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """Give a placeholder for the output, or a list of them."""
        made = [KerasTensor(t.shape, t.dtype) for t in self._outputs]
        return made if self._several_outputs else made[0]

    # Running ----------------------------------------------------------------------------------

    def forward_with_mask(  # type: ignore[override]  # a model is told nothing else
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Give the outputs, their masks, and the context of every call."""
        given = self.given(inputs)
        masks = list(mask) if isinstance(mask, (list, tuple)) else [mask] * len(given)
        values = {id(t): v for t, v in zip(self._inputs, given, strict=True)}
        known = {id(t): m for t, m in zip(self._inputs, masks, strict=True)}
        contexts: list[Any] = []
        with one_pass():
            self._go(values, known, contexts, training)
        outs = [values[id(t)] for t in self._outputs]
        ends = [known[id(t)] for t in self._outputs]
        if self._several_outputs:
            return outs, ends, contexts
        return outs[0], ends[0], contexts

    def _go(self, values: dict[int, Any], known: dict[int, Any], contexts: list[Any],
            training: bool) -> None:  # fmt: skip
        """Make the calls in order: `values` and `known` masks fill up, and the contexts."""
        for layer, came, made in self._calls:
            several = isinstance(came, (list, tuple))
            x = [values[id(t)] for t in came] if several else values[id(came)]
            m = [known[id(t)] for t in came] if several else known[id(came)]
            for one in m if several else [m]:
                refuse_to_lose(one, layer, self.strict_masks)
            out, after, context = layer.forward_with_mask(x, m, training, **made[0].told)
            contexts.append(context)
            many = len(made) > 1
            for n, tensor in enumerate(made):
                values[id(tensor)] = out[n] if many else out
                known[id(tensor)] = after[n] if isinstance(after, list) else after

    def given(self, inputs: Any) -> list[Any]:
        """Give the inputs in a list: one array, one in a list, a list of them, or a dict by name.

        Raises
        ------
        ValueError
            Unless there is one for each placeholder.

        Examples
        --------
        >>> from embedlab.layers import Add, Input
        >>> left, right = Input((2,), name="left"), Input((2,), name="right")
        >>> model = Model([left, right], Add()([left, right]))
        >>> model.given({"right": [[3, 4]], "left": [[1, 2]]})
        [[[1, 2]], [[3, 4]]]
        """
        names = [t.name for t in self._inputs]
        if isinstance(inputs, dict):
            if set(inputs) != set(names):
                raise ValueError(
                    f"model {self.name} needs its inputs by their names {names}. "
                    f"Received {list(inputs)!r:.120}. Call Input(..., name=...)."
                )
            return [inputs[name] for name in names]
        if not self._several_inputs:
            lone = isinstance(inputs, (list, tuple)) and len(inputs) == 1
            if lone and np.ndim(inputs[0]) == len(self._inputs[0].shape):
                return [inputs[0]]
            return [inputs]
        given = list(inputs) if isinstance(inputs, (list, tuple, Several)) else [inputs]
        if len(given) != len(self._inputs):
            raise ValueError(
                f"model {self.name} needs {len(self._inputs)} inputs. Received {len(given)}. "
                "Pass a list with one array each."
            )
        return given

    def _whole(self, x: Any) -> Any:
        given = self.given(x)
        return Several(given) if self._several_inputs else super()._whole(given[0])

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Give the outputs, and the context of every call for `backward`."""
        outputs, _, contexts = self.forward_with_mask(inputs, mask, training)
        return outputs, contexts

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Give the outputs."""
        return self.forward_with_mask(inputs, mask, training)[0]

    def call_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Give the outputs and the masks that came through."""
        return self.forward_with_mask(inputs, mask, training)[:2]

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Give all gradients, going through the calls in reverse order.

        What a tensor sends to several layers comes back as a sum, and so do the gradients of a
        layer that was called several times.
        """
        grads: dict[int, Any] = {}
        for tensor, sent in zip(
            self._outputs, grad if self._several_outputs else [grad], strict=True
        ):
            add_to(grads, id(tensor), sent)
        weights: dict[str, Any] = {}
        for (layer, came, made), kept in zip(reversed(self._calls), reversed(context), strict=True):
            sent = [grads.pop(id(t), None) for t in made]
            if all(one is None for one in sent) and not pulls(kept):
                continue  # nothing that counts comes from here
            found = layer.backward_through(kept, sent if len(made) > 1 else sent[0])
            for name, own in found.weights.items():
                add_to(weights, f"{layer.name}/{name}", own)
            several = isinstance(came, (list, tuple))
            backs = found.inputs if isinstance(found.inputs, list) else [found.inputs]
            for tensor, back in zip(came if several else [came], backs or [], strict=False):
                add_to(grads, id(tensor), back)
        back_to = [grads.get(id(t)) for t in self._inputs]
        return Gradients(back_to if self._several_inputs else back_to[0], weights)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Give the mask that would come out (of arrays, this runs the layers)."""
        if not isinstance(self.given(inputs)[0], KerasTensor):
            return self.forward_with_mask(inputs, mask)[1]
        known, _ = self._masks(mask if isinstance(mask, list) else [mask] * len(self._inputs))
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
        return self._masks([None] * len(self._inputs))[1]

    def _masks(self, masks: list[Any]) -> tuple[dict[int, Any], list[MaskNote]]:
        """Give the mask of every placeholder, and what each call does with its own."""
        known = {id(t): m for t, m in zip(self._inputs, masks, strict=True)}
        notes = []
        for layer, came, made in self._calls:
            several = isinstance(came, (list, tuple))
            before = [known[id(t)] for t in came] if several else known[id(came)]
            after = layer.compute_mask(came, before, **made[0].told)
            notes.append(MaskNote(layer.name, verdict(layer, before, after)))
            for n, tensor in enumerate(made):
                known[id(tensor)] = after[n] if isinstance(after, list) else after
        return known, notes

    def flow(self) -> list[tuple[Layer, Any, list[str] | None]]:
        """Give each layer with the shapes of its first call, and the names of all it is called on.

        >>> from embedlab.layers import Add, Dense, Input
        >>> x = Input((3,), name="x")
        >>> Model(x, Add(name="sum")([x, Dense(3, name="d")(x)])).flow()[1][1:]
        ((None, 3), ['x', 'd'])
        """
        found: dict[int, tuple[Layer, Any, list[str] | None]] = {}
        for layer, came, made in self._calls:
            shapes = [tensor.shape for tensor in made]
            names = [
                tensor.name if tensor.layer is None else tensor.layer.name
                for tensor in (came if isinstance(came, (list, tuple)) else [came])
            ]
            first = found.setdefault(id(layer), (layer, shapes if len(made) > 1 else shapes[0], []))
            first[2].extend(names)  # type: ignore[union-attr]
        return list(found.values())

    def get_config(self) -> dict[str, Any]:
        """Give the layers, and which was called on what: `from_config` makes an equal model."""
        from embedlab.saving.graph import told

        return told(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Give a model (without its weights) from what `get_config` gave."""
        from embedlab.saving.config import remade

        return remade("Functional", config, custom_objects)

    def __repr__(self) -> str:
        return f"Functional({', '.join(repr(layer) for layer in self._layers)})"


def _listed(told: Any, what: str) -> list[KerasTensor]:
    listed = list(told) if isinstance(told, (list, tuple)) else [told]
    if not listed or not all(isinstance(one, KerasTensor) for one in listed):
        raise ValueError(
            f"All `{what}` values must be KerasTensors: what Input and layers give, one or a list. "
            f"Received {told!r:.80}. Call the layers on Input(shape)."
        )
    return listed


def _in_order(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[tuple]:
    """Give the calls (layer, what came, what was made) so that each comes after what it needs."""
    starts = {id(t) for t in inputs}
    done: set[int] = set()
    order: list[tuple] = []
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
                order.append((tensor.layer, tensor.inputs, tensor.siblings))
            continue
        stack.append((tensor, True))
        came = tensor.inputs if isinstance(tensor.inputs, (list, tuple)) else [tensor.inputs]
        stack += [(one, False) for one in came]
    return order
