"""Models as config: the config.json of a ``.keras`` file, in both directions.

Nothing in a config is executed: a name is looked up here, or in the caller's `custom_objects`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab import losses, optimizers
from embedlab.budget import CALL, OBJECT, charge
from embedlab.core.checks import check_dtype, message
from embedlab.registry import as_custom_objects

__all__ = [
    *("MODEL_CLASSES", "MoreThanAChain", "layer_from_config"),
    *("model_from_config", "model_to_config"),
]

MODEL_CLASSES: dict[str, Any] = {}
"""The class of a model by its class_name; model.py and sequential.py put theirs in."""

# What Keras has no word for is kept beside a config, under "embedlab", which Keras ignores.
_EMBEDDING_KEYS = {"input_length", "padding_idx", "max_norm", "norm_type", "row_dropout", "seed"}
_EMBEDDING_KEYS |= {"scale_grad_by_freq", "oob", "negative", "placement", "adapters"}
_EXTRA_KEYS = {
    "Embedding": _EMBEDDING_KEYS,
    "ReversibleEmbedding": _EMBEDDING_KEYS,
    "Sequential": {"strict_masks"},
    "Functional": {"strict_masks"},
    **{name: {"sparse_update"} for name in optimizers.REGISTRY.classes},
}
_LORA_KEYS = {"lora_rank", "lora_alpha"}
_CODE = {"Lambda", "__lambda__", "__callable__", "__typespec__"}
_MASK_OPERATIONS = {"NotEqual", "Any"}  # what Embedding and Masking add to a graph of Keras


class MoreThanAChain(ValueError):
    """A config describes more than one chain of layers; the message says what."""


# To Keras -------------------------------------------------------------------------------------


def model_to_config(model: Any) -> dict[str, Any]:
    """Return a model as a dict in Keras's form, ready for JSON.

    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> config = model_to_config(Sequential([Embedding(3, 2, seed=5, input_length=4)]))
    >>> config["module"], config["class_name"], config["build_config"]
    ('keras', 'Sequential', {'input_shape': [None, 4]})
    >>> config["config"]["layers"][1]["embedlab"]
    {'input_length': 4, 'seed': 5}
    """
    kind = type(model)
    name = next((name for name, cls in MODEL_CLASSES.items() if kind is cls), kind.__name__)
    config: dict[str, Any] = {
        "module": kind.__module__,
        "class_name": name,
        "config": model.get_config(),
        "registered_name": name,
    }
    shape = model.batch_input_shape
    if shape is not None:
        config["build_config"] = {"input_shape": shape}
        config["config"].setdefault("build_input_shape", shape)
    if model.optimizer is not None:
        names = [m.name if m.name == "acc" else "accuracy" for m in model.metrics]
        config["compile_config"] = {
            "optimizer": optimizers.serialize(model.optimizer),
            "loss": losses.serialize(model.loss),
            "metrics": names or None,
            "jit_compile": False,
        }
    return _to_keras(config)


def _to_keras(value: Any) -> Any:
    """Return plain JSON values; dicts that describe objects become such as Keras can read."""
    if isinstance(value, Mapping):
        result = {str(key): _to_keras(each) for key, each in value.items()}
        name, config = result.get("class_name"), result.get("config")
        if name == "Sequential":
            result.update(module="keras", registered_name=None)
        if name in ("Functional", "Model") and "registered_name" in result:
            name = "Functional"
            result.update(module="keras.src.models.functional", class_name=name)
            result["registered_name"] = name
        extra_keys = _EXTRA_KEYS.get(name, set()) if isinstance(name, str) else set()
        if extra_keys and isinstance(config, dict):
            if str(config.get("dtype")).startswith("int4"):
                extra_keys = extra_keys | _LORA_KEYS  # Keras 3.15.1 cannot read both together
            extra = {key: config.pop(key) for key in sorted(extra_keys & set(config))}
            if extra:
                result["embedlab"] = extra
        return result
    if isinstance(value, (list, tuple)):
        return [_to_keras(each) for each in value]
    if isinstance(value, np.ndarray):
        array = {"value": value.tolist(), "dtype": value.dtype.name}
        return {"class_name": "__numpy__", "config": array}
    return value.item() if isinstance(value, np.generic) else value


# From Keras -----------------------------------------------------------------------------------


def model_from_config(
    config: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Any:
    """Return the model that a dict (ours or Keras's) describes, with newly initialized weights.

    `custom_objects` are further classes and functions that the dict may name. With `compile`, the
    model is compiled as the dict says.

    Raises
    ------
    MoreThanAChain
        For branches, several inputs or outputs.
    ValueError
        For an unknown class, for code (a lambda), and for a config that a class does not take.
    """
    custom = as_custom_objects(custom_objects)
    config = _from_keras(config, custom)
    model = _layer(config, custom)
    if not isinstance(model, MODEL_CLASSES["Functional"]):
        must, do = "a .keras file must hold a model", "Save the model that the layer belongs to"
        raise ValueError(message(must, f"a {type(model).__name__}", do))
    shape = config["config"].get("build_input_shape")
    shape = shape or (config.get("build_config") or {}).get("input_shape")
    if not model.built and shape is not None:
        model.build(tuple(shape))
    plan = config.get("compile_config") or {}
    if compile and plan.get("optimizer") is not None:
        optimizer, loss = plan["optimizer"], plan.get("loss")
        if not isinstance(optimizer, optimizers.Optimizer):
            optimizer = optimizers.deserialize(optimizer, custom)
        if isinstance(loss, list) and len(loss) == 1:
            loss = loss[0]
        if isinstance(loss, dict) and "class_name" in loss:
            loss = losses.deserialize(loss, custom)
        keras_only = {name: plan.get(name) or None for name in ("loss_weights", "weighted_metrics")}
        model.compile(optimizer, loss, plan.get("metrics"), **keras_only)
    return model


def layer_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer, or the model and all its layers, that a dict describes.

    >>> layer_from_config({"class_name": "Sequential", "config": {"layers": [], "name": "a"}}).name
    'a'
    """
    custom = as_custom_objects(custom_objects)
    return _layer(_from_keras(config, custom), custom)


def _from_keras(value: Any, custom: dict[str, Any]) -> Any:
    """Return a value of JSON with arrays and the caller's own objects in it; refuse code."""
    if isinstance(value, list):
        return [_from_keras(each, custom) for each in value]
    if not isinstance(value, dict):
        return value
    result = {key: _from_keras(each, custom) for key, each in value.items()}
    name, config = result.get("class_name"), result.get("config")
    if name in _CODE:
        must, received = "a model must be made of layers and names", f"a {name}"
        do = "Write a layer of your own, and pass it in custom_objects"
        raise ValueError(message(f"code in a file is never executed: {must}", received, do))
    if name in ("__numpy__", "__tensor__") and isinstance(config, dict):
        return np.array(config["value"], check_dtype(config["dtype"], "the dtype of an array"))
    extra = result.pop("embedlab", None)
    if isinstance(extra, dict) and isinstance(config, dict) and isinstance(name, str):
        known = (_EXTRA_KEYS.get(name, set()) | _LORA_KEYS) & set(extra)
        config.update({key: extra[key] for key in known})
    if name == "function" and isinstance(config, str) and config in custom:
        return custom[config]
    return result


def _layer(config: Any, custom: dict[str, Any]) -> Any:
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        must, received = "a layer must be a dict with a config", type(config).__name__
        raise ValueError(message(must, received, "Save the model again"))
    name, inner = config.get("class_name"), config["config"]
    charge(OBJECT + CALL * len(str(inner.get("name"))), "a layer and its name")
    name = "Functional" if name == "Model" and name not in custom else name
    if name not in ("Sequential", "Functional") or name in custom:
        return layers_module.deserialize(config, custom)
    options = {key: inner[key] for key in ("name", "trainable", "strict_masks") if key in inner}
    if name == "Sequential":
        configs = inner["layers"]
        layers = [_layer(each, custom) for each in configs]
        if configs and configs[0].get("class_name") != "InputLayer":  # no shape for the model
            for layer, each in zip(layers, configs, strict=True):
                if isinstance(each.get("build_config"), dict):
                    shape = each["build_config"].get("input_shape")
                    layer.build(None if shape is None else tuple(shape))
        return MODEL_CLASSES["Sequential"](layers, **options)
    return MODEL_CLASSES["Functional"](*_chain(inner, custom), **options)


# Functional configs ---------------------------------------------------------------------------


def _chain(config: dict[str, Any], custom: dict[str, Any]) -> tuple[Any, Any]:
    """Call the layers of a Functional config again; return the placeholders of both ends."""
    configs = {each["name"]: each for each in config["layers"]}
    if len(configs) < len(config["layers"]):
        received = f"{len(configs)} names for {len(config['layers'])} layers"
        raise ValueError(message("every layer needs a name of its own", received, "Add some"))
    # Keras computes masks by operations in the graph: here the layers do so themselves.
    configs = {k: v for k, v in configs.items() if v["class_name"] not in _MASK_OPERATIONS}
    nodes = {
        (name, number): node
        for name, each in configs.items()
        for number, node in enumerate(each["inbound_nodes"])
    }
    inputs, outputs = _ends(config["input_layers"]), _ends(config["output_layers"])
    merging = [name for (name, _), node in nodes.items() if len(_sources(node)) > 1]
    if len(inputs) != 1 or len(outputs) != 1 or merging:
        raise MoreThanAChain(_contents(inputs, outputs, configs, merging))
    first, (last, call, _) = inputs[0][0], outputs[0]
    # Keras counts that a model inside was made as a call
    place = (last, min(call, len(configs[last]["inbound_nodes"]) - 1))
    steps: list[tuple[str, dict[str, Any]]] = []
    while place[0] != first:
        node = nodes.pop(place, None)  # no call comes twice: a circle ends here too
        if node is None:
            must, received = "every call must find its input", f"one of {place[0]!r:.40}"
            raise ValueError(message(must, f"{received} that does not", "Save the model again"))
        steps.append((place[0], _call_kwargs(place[0], node)))
        place = tuple(_sources(node)[0]["config"]["keras_history"][:2])
    if nodes or set(configs) - {name for name, _ in steps} - {first}:
        raise MoreThanAChain(_contents(inputs, outputs, configs, merging) + ", branching")
    layers = {name: _layer(configs[name], custom) for name in (first, *dict(steps[::-1]))}
    tensor = layers[first]
    for name, kwargs in reversed(steps):
        tensor = layers[name](tensor, **kwargs)
    return layers[first], tensor


def _ends(value: Any) -> list[list[Any]]:
    """Return the [name, call, number] of every end, from a nested list or dict of them."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if len(parts) == 3 and isinstance(parts[0], str):
        return [parts]
    return [end for part in parts for end in _ends(part)]


def _sources(node: Any) -> list[Any]:
    """Return the tensors that a call is made on; its mask comes from the layer before anyway."""
    tensors: list[Any] = []
    stack = [node["args"], *(v for key, v in node["kwargs"].items() if key != "mask")]
    while stack:
        value = stack.pop()
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            tensors.append(value)
        elif isinstance(value, (dict, list)):
            stack += value.values() if isinstance(value, dict) else value
    return tensors


def _call_kwargs(name: str, node: Any) -> dict[str, Any]:
    kwargs = {
        k: v for k, v in node["kwargs"].items() if k not in ("training", "mask") and v is not None
    }
    tensors = _sources(node)
    plain = all(key == "reverse" and isinstance(value, bool) for key, value in kwargs.items())
    if not plain or len(tensors) != 1 or node["args"] not in (tensors, [tensors]):
        must = "a call must be made on one input, with nothing else but reverse=True"
        received = f"{len(node['args'])} arguments and {sorted(kwargs)!r:.80} for {name!r:.40}"
        raise ValueError(message(must, received, "Build the model in code"))
    return kwargs


def _contents(inputs: list[Any], outputs: list[Any], configs: Any, merging: list[str]) -> str:
    parts = [f"{len(configs) - len(inputs)} layers"]
    for word, ends in (("input", inputs), ("output", outputs)):
        names = ", ".join(str(end[0]) for end in ends)
        parts.append(f"{len(ends)} {word}{'s' if len(ends) != 1 else ''} ({names:.80})")
    if merging:
        labels = ", ".join(f"{name} ({configs[name]['class_name']})" for name in merging[:5])
        parts.append(f"layers with several inputs: {labels:.120}")
    return ", ".join(parts)
