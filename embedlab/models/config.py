"""Models as config: the config.json of a ``.keras`` file, in both directions.

Nothing in a config is executed: a name is looked up here, or in the caller's `custom_objects`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab import losses, optimizers

__all__ = [
    "MODEL_CLASSES",
    "MoreThanAChain",
    "layer_from_config",
    "model_from_config",
    "model_to_config",
]

MODEL_CLASSES: dict[str, Any] = {}
"""The class of a model by its class_name; model.py and sequential.py put theirs in."""

# What Keras has no word for is kept beside a config, under "embedlab", which Keras ignores.
_EMBEDDING_KEYS = {
    "input_length",
    "padding_idx",
    "max_norm",
    "norm_type",
    "row_dropout",
    "seed",
    "scale_grad_by_freq",
    "oob",
    "negative",
    "placement",
    "adapters",
}
_EXTRA_KEYS = {
    "Embedding": _EMBEDDING_KEYS,
    "ReversibleEmbedding": _EMBEDDING_KEYS,
    "Sequential": {"strict_masks"},
    "Functional": {"strict_masks"},
    **{name: {"sparse_update"} for name in optimizers.REGISTRY.classes},
}
_LORA_KEYS = {"lora_rank", "lora_alpha"}
_CODE = {"Lambda", "__lambda__", "__callable__", "__typespec__"}
_CALL_KWARGS = {"reverse"}
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
    name = _class_name(model)
    config: dict[str, Any] = {
        "module": type(model).__module__,
        "class_name": name,
        "config": model.get_config(),
        "registered_name": name,
    }
    shape = model.batch_input_shape
    if shape is not None:
        config["build_config"] = {"input_shape": shape}
        config["config"].setdefault("build_input_shape", shape)
    if model.optimizer is not None:
        loss = model.loss.function if isinstance(model.loss, losses.FunctionLoss) else model.loss
        names = [m.name if m.name == "acc" else "accuracy" for m in model.metrics]
        config["compile_config"] = {
            "optimizer": optimizers.serialize(model.optimizer),
            "loss": losses.serialize(loss),
            "loss_weights": None,
            "metrics": names or None,
            "weighted_metrics": None,
            "run_eagerly": False,
            "steps_per_execution": 1,
            "jit_compile": False,
        }
    return _to_keras(config)


def _class_name(model: Any) -> str:
    for name, cls in MODEL_CLASSES.items():
        if type(model) is cls:
            return name
    return type(model).__name__


def _to_keras(value: Any) -> Any:
    """Return plain JSON values; dicts that describe objects become such as Keras can read."""
    if isinstance(value, Mapping):
        result = {str(key): _to_keras(each) for key, each in value.items()}
        name, config = result.get("class_name"), result.get("config")
        if name == "Sequential":
            result.update(module="keras", registered_name=None)
        if name in ("Functional", "Model") and "registered_name" in result:
            result.update(
                module="keras.src.models.functional",
                class_name="Functional",
                registered_name="Functional",
            )
            name = "Functional"
        extra_keys = _EXTRA_KEYS.get(name, set()) if isinstance(name, str) else set()
        if extra_keys and isinstance(config, dict):
            if str(config.get("dtype")).startswith("int4"):
                extra_keys = (
                    extra_keys | _LORA_KEYS
                )  # Keras 3.15.1 cannot read an int4 table with an adapter
            extra = {key: config.pop(key) for key in sorted(extra_keys & set(config))}
            if extra:
                result["embedlab"] = extra
        return result
    if isinstance(value, (list, tuple)):
        return [_to_keras(each) for each in value]
    if isinstance(value, np.ndarray):
        return {
            "class_name": "__numpy__",
            "config": {"value": value.tolist(), "dtype": value.dtype.name},
        }
    return value.item() if isinstance(value, np.generic) else value


# From Keras -----------------------------------------------------------------------------------


def model_from_config(
    config: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Any:
    """Return the model that a dict describes, with newly initialized weights.

    Parameters
    ----------
    config : dict
        From `model_to_config`, or from Keras.
    custom_objects : mapping of str to class or function, optional
        Further classes and functions that the dict may name.
    compile : bool
        Whether to compile it as the dict says.

    Raises
    ------
    MoreThanAChain
        For branches, several inputs or outputs.
    ValueError
        For an unknown class, for code (a lambda), and for a config that a class does not take.
    """
    custom = dict(custom_objects or {})
    config = _from_keras(config, custom)
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise ValueError("a config must be a dict with a class_name. Received something else.")
    model = _layer(config, custom)
    if not isinstance(model, MODEL_CLASSES["Functional"]):
        raise ValueError(
            f"a .keras file must hold a model. Received a {type(model).__name__}. "
            "Save the model that the layer belongs to."
        )
    shape = config["config"].get("build_input_shape")
    shape = shape or (config.get("build_config") or {}).get("input_shape")
    if not model.built and shape is not None:
        model.build(tuple(shape))
    plan = config.get("compile_config") or {}
    if compile and plan.get("optimizer") is not None:
        optimizer = plan["optimizer"]
        if not isinstance(optimizer, optimizers.Optimizer):
            optimizer = optimizers.deserialize(optimizer, custom)
        loss = plan.get("loss")
        if isinstance(loss, list) and len(loss) == 1:
            loss = loss[0]
        model.compile(
            optimizer,
            loss,
            metrics=plan.get("metrics"),
            weighted_metrics=plan.get("weighted_metrics") or None,
            loss_weights=plan.get("loss_weights"),
        )
    return model


def layer_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer, or the model and all its layers, that a dict describes.

    >>> layer_from_config({"class_name": "Sequential", "config": {"layers": [], "name": "a"}}).name
    'a'
    """
    custom = dict(custom_objects or {})
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
        raise ValueError(
            f"a model must be made of layers and names. Received a {name}: code in a file is never "
            "executed. Write a layer of your own, and pass it in custom_objects."
        )
    if name in ("__numpy__", "__tensor__") and isinstance(config, dict):
        return np.array(config["value"], np.dtype(str(config["dtype"])))
    extra = result.pop("embedlab", None)
    if isinstance(extra, dict) and isinstance(config, dict) and isinstance(name, str):
        known = (_EXTRA_KEYS.get(name, set()) | _LORA_KEYS) & set(extra)
        config.update({key: extra[key] for key in known})
    if name == "function" and isinstance(config, str) and config in custom:
        return custom[config]
    return result


def _layer(config: Any, custom: dict[str, Any]) -> Any:
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise ValueError(
            f"a layer must be a dict with a config. Received {type(config).__name__}. "
            "Save the model again."
        )
    name, inner = config.get("class_name"), config["config"]
    if name == "Sequential" and name not in custom:
        options = {key: inner[key] for key in ("strict_masks",) if key in inner}
        layers = _layers_in_a_row(inner["layers"], custom)
        return MODEL_CLASSES["Sequential"](
            layers, inner.get("trainable", True), inner.get("name"), **options
        )
    if name == "Functional" and name not in custom:
        start, end = _chain(inner, custom)
        options = {k: inner[k] for k in ("name", "trainable", "strict_masks") if k in inner}
        return MODEL_CLASSES["Functional"](start, end, **options)
    return layers_module.deserialize(config, custom)


def _layers_in_a_row(configs: list[Any], custom: dict[str, Any]) -> list[Any]:
    """Return layers; where no input shape is known, each with the weights that it had."""
    layers = [_layer(config, custom) for config in configs]
    if not configs or configs[0].get("class_name") == "InputLayer":
        return layers
    for layer, config in zip(layers, configs, strict=True):
        build = config.get("build_config")
        if isinstance(build, dict):
            shape = build.get("input_shape")
            layer.build(None if shape is None else tuple(shape))
    return layers


# Functional configs ---------------------------------------------------------------------------


def _chain(config: dict[str, Any], custom: dict[str, Any]) -> tuple[Any, Any]:
    """Call the layers of a Functional config again; return the placeholders of both ends."""
    configs: dict[str, Any] = {}
    for each in config["layers"]:
        if each["name"] in configs:
            raise ValueError(
                f"every layer needs a name of its own. Received {each['name']!r:.40} twice."
            )
        configs[each["name"]] = each
    inputs, outputs = _ends(config["input_layers"]), _ends(config["output_layers"])
    merging = [
        name
        for name, each in configs.items()
        if any(len(_sources(node)) > 1 for node in each["inbound_nodes"])
    ]
    if len(inputs) != 1 or len(outputs) != 1 or merging:
        raise MoreThanAChain(_contents(inputs, outputs, configs, merging))
    name, call, _ = outputs[0]
    if configs[name]["class_name"] == "Functional":
        call -= 1  # Keras counts that a model inside was made as a call
    steps: list[tuple[str, dict[str, Any]]] = []
    total = sum(len(each["inbound_nodes"]) for each in configs.values())
    while name != inputs[0][0]:
        nodes = configs[name]["inbound_nodes"] if name in configs else []
        if not 0 <= call < len(nodes) or len(steps) > total:
            raise ValueError(
                f"every call must find its input. Received one of {name!r:.40} that does not. "
                "Save the model again."
            )
        steps.append((name, _call_kwargs(name, nodes[call])))
        (source,) = _sources(nodes[call])
        name, call, _ = source["config"]["keras_history"]
    on_chain = {name for name, _ in steps} | {inputs[0][0]}
    calls = sum(len(configs[name]["inbound_nodes"]) for name in on_chain)
    if calls != len(steps) or not set(configs) - on_chain <= _mask_operations(configs):
        raise MoreThanAChain(_contents(inputs, outputs, configs, merging) + ", branching")
    start = tensor = _layer(configs[inputs[0][0]], custom)
    layers: dict[str, Any] = {}
    for name, kwargs in reversed(steps):
        if name not in layers:
            layers[name] = _layer(configs[name], custom)
        tensor = layers[name](tensor, **kwargs)
    return start, tensor


def _ends(value: Any) -> list[list[Any]]:
    """Return the [name, call, number] of every end, from a nested list or dict of them."""
    if isinstance(value, dict):
        return [end for each in value.values() for end in _ends(each)]
    if len(value) == 3 and isinstance(value[0], str):
        return [value]
    return [end for each in value for end in _ends(each)]


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


def _mask_operations(configs: dict[str, Any]) -> set[str]:
    """Return the operations by which Keras computes a mask: here the layers do so themselves."""
    return {name for name, each in configs.items() if each.get("class_name") in _MASK_OPERATIONS}


def _call_kwargs(name: str, node: Any) -> dict[str, Any]:
    kwargs = {
        k: v for k, v in node["kwargs"].items() if k not in ("training", "mask") and v is not None
    }
    unknown = set(kwargs) - _CALL_KWARGS
    tensors = _sources(node)
    wrong = not all(isinstance(value, bool) for value in kwargs.values())
    if unknown or wrong or len(tensors) != 1 or node["args"] not in (tensors, [tensors]):
        raise ValueError(
            f"a call must be made on one input, with nothing else but reverse=True. Received "
            f"{len(node['args'])} arguments and {sorted(unknown)!r:.80} for {name!r:.40}. "
            "Build the model in code."
        )
    return kwargs


def _contents(inputs: list[Any], outputs: list[Any], configs: Any, merging: list[str]) -> str:
    """Return what a model is made of, for a message."""
    parts = [f"{len(configs) - len(inputs)} layers"]
    for word, ends in (("input", inputs), ("output", outputs)):
        names = ", ".join(str(end[0]) for end in ends)
        parts.append(f"{len(ends)} {word}{'s' if len(ends) != 1 else ''} ({names:.80})")
    if merging:
        labels = ", ".join(f"{name} ({configs[name]['class_name']})" for name in merging[:5])
        parts.append(f"layers with several inputs: {labels:.120}")
    return ", ".join(parts)
