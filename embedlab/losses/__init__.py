"""Losses: one number for how wrong a prediction is, and its slope. Keras's names and formulas."""

from collections.abc import Callable
from typing import Any

from embedlab.losses.base import FunctionLoss, Loss
from embedlab.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from embedlab.losses.margin import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from embedlab.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)
from embedlab.registry import Registry

CLASSES: list[type[Loss]] = [
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
]

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "as_loss",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

_FUNCTIONS: dict[str, Callable] = {made.function.__name__: made.function for made in CLASSES}
_SHORT = {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "bce": binary_crossentropy,
    "mape": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "kld": kl_divergence,
    "logcosh": log_cosh,
    "cosine": cosine_similarity,
}

REGISTRY = Registry(
    "loss",
    "keras.losses",
    CLASSES,
    {**_FUNCTIONS, **_SHORT, **{name.upper(): made for name, made in _SHORT.items()}},
)


def get(identifier: Any) -> Any:
    """Return the loss that a name, dict, class, function or instance means.

    As in Keras, a name in small letters means a function, which gives one value for each sample;
    a class name means an instance, which gives one number.

    Raises
    ------
    ValueError
        "Could not interpret loss identifier", with the names that are known.

    Examples
    --------
    >>> get("mse").__name__, get("MeanSquaredError")
    ('mean_squared_error', MeanSquaredError())
    """
    return REGISTRY.get(identifier)


def as_loss(identifier: Any) -> Any:
    """Return the loss as an instance, with its gradient: what `compile` does with a name.

    >>> as_loss("mse")
    MeanSquaredError()
    """
    found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    for made in CLASSES:
        if made.function is found:
            return made()
    return FunctionLoss(found)


def serialize(loss: Any) -> Any:
    """Return a name or a dict in Keras's form from which `deserialize` makes an equal loss.

    >>> serialize(Huber(0.5))["config"]["delta"]
    0.5
    """
    return REGISTRY.serialize(loss)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the loss that a name or a dict describes; nothing in the dict is executed.

    >>> deserialize(serialize(Huber(0.5)))
    Huber(delta=0.5)
    """
    return REGISTRY.deserialize(config, custom_objects)
