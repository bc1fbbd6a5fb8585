"""Metrics: what a training run is judged by. Keras's names and formulas."""

from typing import Any

from embedlab.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from embedlab.metrics.auc import AUC
from embedlab.metrics.base import Mean, MeanMetric, Metric, Sum
from embedlab.metrics.counts import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from embedlab.metrics.errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from embedlab.metrics.fscore import F1Score, FBetaScore
from embedlab.registry import Registry

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetric",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "Poisson",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "deserialize",
    "fitting",
    "get",
    "serialize",
]

CLASSES: list[type[Metric]] = [
    AUC,
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    F1Score,
    FBetaScore,
    FalseNegatives,
    FalsePositives,
    Hinge,
    KLDivergence,
    LogCoshError,
    Mean,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    Precision,
    Recall,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SquaredHinge,
    Sum,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
]
_SHORT = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "bce": BinaryCrossentropy,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
}

REGISTRY = Registry(
    "metric",
    "keras.metrics",
    CLASSES,
    {**_SHORT, **{name.upper(): made for name, made in _SHORT.items()}},
)

_BY_SHAPE = {
    "accuracy": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "acc": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
    "ce": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}


def get(identifier: Any) -> Any:
    """Return the metric that a name, dict, class or instance means.

    Raises
    ------
    ValueError
        "Could not interpret metric identifier", with the names that are known.

    Examples
    --------
    >>> get("mse")
    MeanSquaredError(name='mean_squared_error')
    """
    return REGISTRY.get(identifier)


def fitting(identifier: Any, true_shape: tuple, pred_shape: tuple) -> Any:
    """Return the metric that a name means for data of these shapes, as Keras's `compile` does.

    "accuracy" is binary where the last axis of the prediction has length 1, sparse where the
    truth has labels instead of rows, and categorical otherwise; likewise "crossentropy".

    Examples
    --------
    >>> fitting("accuracy", (32,), (32, 10))
    SparseCategoricalAccuracy(name='accuracy')
    """
    if not isinstance(identifier, str):
        return get(identifier)
    if identifier not in _BY_SHAPE:
        found = get(identifier)
        found.name = identifier  # a history speaks the caller's words
        return found
    binary, sparse, categorical = _BY_SHAPE[identifier]
    if pred_shape[-1:] == (1,):
        return binary(name=identifier)
    labels = len(true_shape) < len(pred_shape) or true_shape[-1:] == (1,)
    return (sparse if labels else categorical)(name=identifier)


def serialize(metric: Any) -> Any:
    """Return a dict in Keras's form from which `deserialize` makes an equal metric.

    >>> serialize(Recall())["config"]["name"]
    'recall'
    """
    return REGISTRY.serialize(metric)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the metric that a dict describes, without any batch.

    >>> deserialize(serialize(Recall()))
    Recall(name='recall')
    """
    return REGISTRY.deserialize(config, custom_objects)
