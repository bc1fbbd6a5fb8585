"""Optimizers: how a gradient moves the weights. Keras's names, formulas and dicts."""

from typing import Any

from embedlab.optimizers import schedules
from embedlab.optimizers.base import Optimizer
from embedlab.optimizers.loss_scale import LossScaleOptimizer
from embedlab.optimizers.rules import SGD, Adagrad, Adam, AdamW, RMSprop
from embedlab.registry import Registry

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "LossScaleOptimizer", "Optimizer", "RMSprop",
           "deserialize", "get", "schedules", "serialize"]  # fmt: skip

REGISTRY = Registry(
    "optimizer", "keras.optimizers", [SGD, Adagrad, Adam, AdamW, LossScaleOptimizer, RMSprop],
    {"rmsprop": RMSprop, "adamw": AdamW},
)  # fmt: skip


def get(identifier: Any) -> Any:
    """Give the optimizer that a name, dict, class or instance means.

    Raises
    ------
    ValueError
        "Could not interpret optimizer identifier", with the names that are known.

    Examples
    --------
    >>> get("rmsprop").learning_rate
    0.001
    """
    if isinstance(identifier, Optimizer):  # one of your own too
        return identifier
    found = REGISTRY.get(identifier)
    if found is not None and not isinstance(found, Optimizer):
        raise REGISTRY.refusal(identifier)
    return found


def serialize(optimizer: Any) -> Any:
    """Give a dict in Keras's form from which `deserialize` makes an equal optimizer.

    >>> serialize(SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return REGISTRY.serialize(optimizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Give the optimizer that a dict describes, at step 0.

    >>> deserialize(serialize(SGD(0.5, momentum=0.9)))
    SGD(learning_rate=0.5, momentum=0.9, nesterov=False)
    """
    inner = config.get("config") if isinstance(config, dict) else None
    if custom_objects and isinstance(inner, dict):  # a schedule, or an optimizer inside another
        ways = {"learning_rate": schedules.deserialize, "inner_optimizer": deserialize}
        made = {
            name: way(inner[name], custom_objects)
            for name, way in ways.items()
            if isinstance(inner.get(name), dict)
        }
        config = {**config, "config": {**inner, **made}}
    return REGISTRY.deserialize(config, custom_objects)
