"""A model in words: the config.json of a `.keras` file, to and fro. Nothing in it is executed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab import losses, metrics, optimizers
from embedlab.layers.structure import swapped
from embedlab.losses.base import FunctionLoss
from embedlab.models.functional import Functional
from embedlab.models.model import Model
from embedlab.models.sequential import Sequential
from embedlab.saving.graph import called

__all__ = ["described", "made", "remade"]

# What Keras has no word for travels beside a config, under "embedlab", where Keras passes it by.
_OURS = {
    "Embedding": {
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
    },
    "ReversibleEmbedding": {
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
    },
    "Sequential": {"strict_masks"},
    "Functional": {"strict_masks"},
    **{name: {"sparse_update"} for name in optimizers.REGISTRY.classes},
}
_LORA = {"lora_rank", "lora_alpha"}
_CODE = {"Lambda", "__lambda__", "__callable__", "__typespec__"}


def described(model: Any) -> dict[str, Any]:
    """Return a model as a dict in Keras's form, ready for JSON.

    >>> from embedlab.layers import Embedding
    >>> about = described(Sequential([Embedding(3, 2, seed=5, input_length=4)]))
    >>> about["module"], about["class_name"], about["build_config"]
    ('keras', 'Sequential', {'input_shape': [None, 4]})
    >>> about["config"]["layers"][1]["embedlab"]
    {'input_length': 4, 'seed': 5}
    """
    name = type(model).__name__
    about: dict[str, Any] = {
        "module": type(model).__module__,
        "class_name": name,
        "config": model.get_config(),
        "registered_name": name,
    }
    shape = getattr(model, "batch_input_shape", None)
    if shape is not None:
        about["build_config"] = {"input_shape": shape}
        about["config"].setdefault("build_input_shape", shape)
    if getattr(model, "optimizer", None) is not None:
        about["compile_config"] = {
            "optimizer": optimizers.serialize(model.optimizer),
            "loss": _losses(model),
            "loss_weights": model.goals.weights,
            "metrics": _metrics(model.judged[0]),
            "weighted_metrics": _metrics(model.judged[1]),
            "run_eagerly": False,
            "steps_per_execution": 1,
            "jit_compile": False,
        }
    return _outward(about)


def made(about: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """Return the model, with weights of its own making, that a dict describes.

    Parameters
    ----------
    about : dict
        From `described`, or from Keras.
    custom_objects : mapping of str to class or function, optional
        What the dict may name beside what this package knows.
    compile : bool
        Whether to compile it as the dict says.

    Raises
    ------
    ValueError
        For an unknown class, for code (a lambda), and for a config that a class does not take.
    """
    custom = dict(custom_objects or {})
    about = _inward(about, custom)
    if not isinstance(about, dict) or not isinstance(about.get("config"), dict):
        raise ValueError("a config must be a dict with a class_name. Received something else.")
    model = _layer(about, custom)
    if not isinstance(model, Model):
        raise ValueError(
            f"a .keras file must hold a model. Received a {type(model).__name__}. "
            "Save the model that the layer belongs to."
        )
    shape = about["config"].get("build_input_shape")
    shape = shape or (about.get("build_config") or {}).get("input_shape")
    if not model.built and shape is not None:
        model.build(tuple(shape))
    plan = about.get("compile_config") or {}
    if compile and plan.get("optimizer") is not None:
        model.compile(
            plan["optimizer"]
            if isinstance(plan["optimizer"], optimizers.Optimizer)
            else optimizers.deserialize(plan["optimizer"], custom),
            _goals(plan.get("loss"), custom),
            metrics=_judges(plan.get("metrics")),
            weighted_metrics=_judges(plan.get("weighted_metrics")),
            loss_weights=plan.get("loss_weights"),
        )
    return model


def remade(name: str, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model of a class of ours ("Sequential", "Functional") for its config.

    >>> remade("Sequential", {"layers": [], "name": "empty"}).name
    'empty'
    """
    custom = dict(custom_objects or {})
    return _layer(_inward({"class_name": name, "config": config}, custom), custom)


# Out ------------------------------------------------------------------------------------------


def _outward(thing: Any) -> Any:
    """Return plain JSON values; dicts that describe objects become such as Keras can read."""
    if isinstance(thing, Mapping):
        told = {str(key): _outward(value) for key, value in thing.items()}
        name, config = told.get("class_name"), told.get("config")
        if name == "Sequential":
            told.update(module="keras", registered_name=None)
        if name == "Functional":
            told.update(module="keras.src.models.functional", registered_name=name)
        ours = _OURS.get(name, set()) if isinstance(name, str) else set()
        if ours and isinstance(config, dict):
            if str(config.get("dtype")).startswith("int4"):
                ours = ours | _LORA  # Keras 3.15.1 cannot read an int4 table with an adapter
            extra = {key: config.pop(key) for key in sorted(ours & set(config))}
            if extra:
                told["embedlab"] = extra
        return told
    if isinstance(thing, (list, tuple)):
        return [_outward(one) for one in thing]
    if isinstance(thing, np.ndarray):
        return {
            "class_name": "__numpy__",
            "config": {"value": thing.tolist(), "dtype": thing.dtype.name},
        }
    return thing.item() if isinstance(thing, np.generic) else thing


def _losses(model: Any) -> Any:
    """Return the loss in words; with several outputs in their form."""
    return swapped(model.loss, lambda loss: None if loss is None else _loss(loss))


def _loss(loss: Any) -> Any:
    return losses.serialize(loss.own if isinstance(loss, FunctionLoss) else loss)


def _metrics(told: Any, deep: bool = False) -> Any:
    if told is None:
        return None
    if isinstance(told, dict) and "class_name" not in told:  # by output
        return {name: _metrics(own, True) for name, own in told.items()}
    if isinstance(told, (list, tuple)):
        return [_metrics(one, True) for one in told]
    said = told if isinstance(told, (str, dict)) else metrics.serialize(told)
    return said if deep else [said]


# In -------------------------------------------------------------------------------------------


def _inward(thing: Any, custom: dict[str, Any]) -> Any:
    """Return what JSON has said in our words: arrays, the caller's own objects; code is refused."""
    if isinstance(thing, list):
        return [_inward(one, custom) for one in thing]
    if not isinstance(thing, dict):
        return thing
    told = {key: _inward(value, custom) for key, value in thing.items()}
    name, config = told.get("class_name"), told.get("config")
    if name in _CODE:
        raise ValueError(
            f"a model must be made of layers and names. Received a {name}: code in a file is never "
            "executed. Write a layer of your own, and pass it in custom_objects."
        )
    if name in ("__numpy__", "__tensor__") and isinstance(config, dict):
        return np.array(config["value"], np.dtype(str(config["dtype"])))
    extra = told.pop("embedlab", None)
    if isinstance(extra, dict) and isinstance(config, dict) and isinstance(name, str):
        config.update({key: extra[key] for key in (_OURS.get(name, set()) | _LORA) & set(extra)})
    if name == "function" and isinstance(config, str) and config in custom:
        return custom[config]
    return told


def _layer(about: Any, custom: dict[str, Any]) -> Any:
    """Return the layer, or the model and all its layers, that a dict describes."""
    if not isinstance(about, dict) or not isinstance(about.get("config"), dict):
        raise ValueError(
            f"a layer must be told as a dict with a config. Received {type(about).__name__}. "
            "Save the model again."
        )
    name, config = about.get("class_name"), about["config"]
    if name == "Sequential" and name not in custom:
        options = {key: config[key] for key in ("strict_masks",) if key in config}
        return Sequential(
            [_layer(one, custom) for one in config["layers"]],
            config.get("trainable", True),
            config.get("name"),
            **options,
        )
    if name == "Functional" and name not in custom:
        starts, ends = called(config, lambda one: _layer(one, custom))
        told = {key: config[key] for key in ("name", "trainable", "strict_masks") if key in config}
        return Functional(starts, ends, **told)
    return layers_module.deserialize(about, custom)


def _judges(told: Any) -> Any:
    if isinstance(told, list):
        return [_judges(one) for one in told]
    if isinstance(told, dict) and "class_name" not in told:  # by output
        return {name: _judges(own) for name, own in told.items()}
    return told if told is None or isinstance(told, str) else metrics.get(told)


def _goals(told: Any, custom: dict[str, Any]) -> Any:
    if isinstance(told, list):
        return [_goals(one, custom) for one in told]
    if isinstance(told, dict) and "class_name" not in told:  # by output
        return {name: _goals(own, custom) for name, own in told.items()}
    return told if callable(told) else losses.get(told)
