"""A model from placeholders in words: which layer was called on what, in Keras's form."""

from collections.abc import Callable, Iterator
from typing import Any

from embedlab import layers as layers_module
from embedlab.layers.base import Layer
from embedlab.layers.structure import flat, nested, swapped
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.functional import Functional

__all__ = ["MOST_PASSES", "called", "ordered", "told"]

MOST_PASSES = 100
"""How often a config is gone through for calls whose inputs are there; written in order: once."""
_CALL_WORDS = {"reverse"}  # what a call may be told beside its inputs


def ordered(model: Any) -> list[Layer]:
    """Return the layers of a `Functional` in Keras's order, by which a file counts them.

    The further a layer's last call is from the outputs, the earlier it comes; at one distance the
    layer comes first that is met first on the way back from the outputs.

    Examples
    --------
    >>> from embedlab.layers import Add, Dense, Embedding, Input
    >>> from embedlab.models import Model
    >>> ids = Input((3,))
    >>> rows = Embedding(9, 4)(ids)
    >>> late, early = Dense(4, name="late"), Dense(4, name="early")
    >>> [layer.name for layer in ordered(Model(ids, late(early(rows)))) if "d" not in layer.name]
    ['early', 'late']
    """
    starts = {id(t) for t in model.inputs}
    met: dict[int, int] = {}
    back: list[KerasTensor] = []  # one tensor for each call; what it needs stands before it
    stack = [(tensor, False) for tensor in reversed(model.outputs)]
    done: set[int] = set()
    while stack:
        tensor, ready = stack.pop()
        if ready:
            done.add(tensor.call)
            back.append(tensor)
        elif tensor.call not in done:
            met.setdefault(id(_owner(tensor, starts)), len(met))
            stack.append((tensor, True))
            stack += [(one, False) for one in reversed(_came(tensor, starts))]
    far: dict[int, int] = {}  # of a call from the outputs
    far_layer: dict[int, int] = {}
    for tensor in reversed(back):
        owner = id(_owner(tensor, starts))
        distance = max(far.get(tensor.call, 0), far_layer.get(owner, 0))
        far_layer[owner] = distance
        for one in _came(tensor, starts):
            far[one.call] = max(far.get(one.call, 0), distance + 1)
    return sorted(model.layers, key=lambda layer: (-far_layer[id(layer)], met[id(layer)]))


def _owner(tensor: KerasTensor, starts: set[int]) -> Any:
    return tensor if id(tensor) in starts else tensor.layer


def _came(tensor: KerasTensor, starts: set[int]) -> list[KerasTensor]:
    if id(tensor) in starts:
        return []
    return flat(tensor.inputs)


def told(model: Any) -> dict[str, Any]:
    """Return the config of a `Functional`: its layers, and every call with where its inputs are
    from.

    Raises
    ------
    ValueError
        For two layers of one name.
    """
    calls: dict[str, list[KerasTensor]] = {}
    starts = {id(t) for t in model.inputs}
    place: dict[int, list[Any]] = {id(t): [t.name, 0, 0] for t in model.inputs}
    for layer, _, made in sorted(model._calls, key=lambda call: call[2][0].call):
        nodes = calls.setdefault(layer.name, [])
        for number, tensor in enumerate(made):
            place.setdefault(id(tensor), [layer.name, len(nodes), number])
        nodes.append(made[0])
    if len(calls) < len(model.layers):
        raise ValueError(
            f"all layers of {model.name!r} need names of their own. Received "
            f"{[layer.name for layer in model.layers]}. Pass another name=."
        )

    def pointer(tensor: KerasTensor) -> dict[str, Any]:
        about = {"shape": tensor.shape, "dtype": tensor.dtype, "keras_history": place[id(tensor)]}
        return {"class_name": "__keras_tensor__", "config": about}

    def node(tensor: KerasTensor) -> dict[str, Any]:
        return {"args": [swapped(tensor.inputs, pointer)], "kwargs": dict(tensor.told)}

    def end(tensor: KerasTensor) -> list[Any]:
        name, call, number = place[id(tensor)]
        inside = isinstance(tensor.layer, Functional) and id(tensor) not in starts
        return [name, call + inside, number]  # Keras counts that such a model was made as a call

    inputs = [
        {**layers_module.serialize(t), "name": t.name, "inbound_nodes": []} for t in model.inputs
    ]
    layers = [
        {
            **layers_module.serialize(layer),
            "name": layer.name,
            "inbound_nodes": [node(t) for t in calls[layer.name]],
        }
        for layer in ordered(model)
    ]
    config = {
        "name": model.name,
        "trainable": model.trainable,
        "layers": inputs + layers,
        "input_layers": swapped(model.input, end),
        "output_layers": swapped(model.output, end),
    }
    if model.strict_masks != "raise":
        config["strict_masks"] = model.strict_masks
    return config


def called(config: dict[str, Any], make: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Make the layers that `told` has told, call them again, and give inputs and outputs.

    Parameters
    ----------
    config : dict
        From `told`, or from Keras.
    make : callable
        Gives the layer (or placeholder) that a dict describes.

    Raises
    ------
    ValueError
        For calls whose inputs are nowhere, or that are told more than a call can hear.
    """
    made: dict[tuple[Any, int, int], KerasTensor] = {}
    waiting: list[tuple[str, Any, Iterator[tuple[int, Any]]]] = []
    names: set[str] = set()
    for about in config["layers"]:
        name, layer = about["name"], make(about)
        if name in names:
            raise ValueError(f"every layer needs a name of its own. Received {name!r:.40} twice.")
        names.add(name)
        if isinstance(layer, KerasTensor):
            made[name, 0, 0] = layer
        else:
            waiting.append((name, layer, iter(enumerate(about["inbound_nodes"]))))
    ahead: list[Any] = [(name, layer, nodes, next(nodes, None)) for name, layer, nodes in waiting]
    for _ in range(MOST_PASSES):
        later: list[Any] = []
        for name, layer, nodes, node in ahead:
            while node is not None and _ready(node[1], made):
                _call(name, layer, node[0], node[1], made)
                node = next(nodes, None)
            if node is not None:
                later.append((name, layer, nodes, node))
        if not later:
            return _found(config["input_layers"], made), _found(config["output_layers"], made)
        ahead = later
    raise ValueError(
        "every call must find its inputs. Received calls that do not: "
        f"{[name for name, *_ in ahead][:5]}. Save the model again."
    )


def _call(name: str, layer: Any, number: int, node: Any, made: dict) -> None:
    words = {
        k: v
        for k, v in node["kwargs"].items()
        if k != "training" and any(one is not None for one in flat(v))
    }
    spare = set(words) - _CALL_WORDS
    if spare or len(node["args"]) != 1 or not all(isinstance(v, bool) for v in words.values()):
        raise ValueError(
            f"a call must be told its inputs, or reverse=True. Received {len(node['args'])} "
            f"arguments and {sorted(spare)!r:.80} for {name!r:.40}. Build the model in code."
        )
    out = layer(swapped(node["args"][0], lambda one: made[_key(one)]), **words)
    for index, tensor in enumerate(flat(out)):
        made[name, number, index] = tensor


def _ready(node: Any, made: dict) -> bool:
    return all(_key(one) in made for one in flat(node["args"][0] if node["args"] else []))


def _key(pointer: Any) -> tuple[Any, ...]:
    return tuple(pointer["config"]["keras_history"])


def _found(ends: Any, made: dict) -> Any:
    """Return the placeholders that a nested list or dict of places means."""
    if isinstance(ends, dict):
        return {key: _found(end, made) for key, end in ends.items()}
    if len(ends) != 3 or nested(ends[0]):
        return [_found(end, made) for end in ends]
    name, call, number = ends
    inside = any(
        key[0] == name and isinstance(tensor.layer, Functional) for key, tensor in made.items()
    )
    return made[name, call - inside, number]
