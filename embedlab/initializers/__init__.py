"""Initializers: the numbers a table starts with. Keras's names, formulas and dicts."""

from typing import Any

import numpy as np

from embedlab.initializers.drawn import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from embedlab.initializers.fixed import Constant, Identity, Initializer, Ones, Zeros
from embedlab.initializers.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from embedlab.registry import Registry

__all__ = ["Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
           "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal",
           "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "deserialize", "get",
           "seeded", "serialize"]  # fmt: skip

REGISTRY = Registry(
    "initializer",
    "keras.initializers",
    [Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal,
     LecunUniform, Ones, Orthogonal, RandomNormal, RandomUniform, TruncatedNormal,
     VarianceScaling, Zeros],
    {"zero": Zeros, "one": Ones, "uniform": RandomUniform, "normal": RandomNormal,
     "IdentityInitializer": Identity, "OrthogonalInitializer": Orthogonal},
)  # fmt: skip


def get(identifier: Any) -> Any:
    """Give the initializer that a name, dict, class, callable, array or instance means.

    Raises
    ------
    ValueError
        "Could not interpret initializer identifier", with the names that are known.

    Examples
    --------
    >>> get("uniform")
    RandomUniform(minval=-0.05, maxval=0.05)
    >>> get({"class_name": "HeNormal", "config": {"seed": 3}})
    HeNormal(seed=3)
    """
    return Constant(identifier) if isinstance(identifier, np.ndarray) else REGISTRY.get(identifier)


def serialize(initializer: Any) -> Any:
    """Give a dict in Keras's form from which `deserialize` makes an equal initializer.

    >>> serialize(Zeros())["class_name"]
    'Zeros'
    """
    return REGISTRY.serialize(initializer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Give the initializer that a dict describes; nothing in the dict is executed.

    >>> deserialize(serialize(Identity(2.0)))
    Identity(gain=2.0)
    """
    return REGISTRY.deserialize(config, custom_objects)


def seeded(initializer: Any, seed: int | None) -> Any:
    """Give the initializer with `seed`, where it draws and has no seed of its own.

    >>> seeded(get("uniform"), 7)
    RandomUniform(seed=7, minval=-0.05, maxval=0.05)
    """
    if seed is None or getattr(initializer, "seed", 0) is not None:
        return initializer
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})
