"""A model from placeholders: branches, shared layers, several inputs; back in reverse order."""

from typing import Any

import numpy as np

from embedlab.core.gradient import SparseGrad, coalesce
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.masks import refuse_to_lose
from embedlab.models.model import Model

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
        self._several_inputs = isinstance(inputs, (list, tuple))
        self._several_outputs = isinstance(outputs, (list, tuple))
        self._inputs = list(inputs) if self._several_inputs else [inputs]
        self._outputs = list(outputs) if self._several_outputs else [outputs]
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

    # Running ----------------------------------------------------------------------------------

    def forward_with_mask(  # type: ignore[override]  # a model is told nothing else
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Give the outputs, their masks, and the context of every call."""
        given = list(inputs) if self._several_inputs else [inputs]
        masks = list(mask) if self._several_inputs and mask is not None else [mask] * len(given)
        if len(given) != len(self._inputs):
            raise ValueError(
                f"model {self.name} needs {len(self._inputs)} inputs. Received {len(given)}. "
                "Pass a list with one array each."
            )
        values = {id(t): v for t, v in zip(self._inputs, given, strict=True)}
        known = {id(t): m for t, m in zip(self._inputs, masks, strict=True)}
        contexts = []
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
        outs = [values[id(t)] for t in self._outputs]
        ends = [known[id(t)] for t in self._outputs]
        if self._several_outputs:
            return outs, ends, contexts
        return outs[0], ends[0], contexts

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
            _add_to(grads, id(tensor), sent)
        weights: dict[str, Any] = {}
        for (layer, came, made), kept in zip(reversed(self._calls), reversed(context), strict=True):
            sent = [grads.pop(id(t), None) for t in made]
            if all(one is None for one in sent):
                continue  # nothing that counts comes from here
            found = layer.backward_through(kept, sent if len(made) > 1 else sent[0])
            for name, own in found.weights.items():
                _add_to(weights, f"{layer.name}/{name}", own)
            several = isinstance(came, (list, tuple))
            backs = found.inputs if several else [found.inputs]
            for tensor, back in zip(came if several else [came], backs or [], strict=False):
                _add_to(grads, id(tensor), back)
        back_to = [grads.get(id(t)) for t in self._inputs]
        return Gradients(back_to if self._several_inputs else back_to[0], weights)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Give the mask that would come out (this runs the layers)."""
        return self.forward_with_mask(inputs, mask)[1]

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


def _add_to(sums: dict, key: Any, grad: Any) -> None:
    if grad is None:
        return
    before = sums.get(key)
    if before is None:
        sums[key] = grad
    elif isinstance(before, SparseGrad) and isinstance(grad, SparseGrad):
        ids = np.concatenate([before.ids, grad.ids])
        sums[key] = coalesce(ids, np.concatenate([before.rows, grad.rows]), before.shape[0])
    else:
        sums[key] = _dense(before) + _dense(grad)


def _dense(grad: Any) -> np.ndarray:
    return grad.to_dense() if isinstance(grad, SparseGrad) else np.asarray(grad)
