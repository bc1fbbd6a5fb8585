"""Losses under Keras's names and with its formulas, each with its gradient.

A masked value never reaches a result: a loss is computed on the valid values alone, so that NaN or
infinity in the padding changes neither the loss nor its gradient.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import (
    ShapeError,
    as_array,
    as_numeric_array,
    check_choice,
    check_dtype,
    check_flag,
    check_name,
    message,
)
from embedlab.core.ids import IdError, as_ids
from embedlab.registry import Configured, Registry, not_defined, refuse_missing, snake_case

__all__ = [
    *("BinaryCrossentropy", "CategoricalCrossentropy", "LogCosh", "Loss", "MeanSquaredError"),
    *("SparseCategoricalCrossentropy", "as_valid", "deserialize", "get", "match_rank", "serialize"),
]

EPSILON = 1e-7
"""Keras's epsilon: the least probability, and the guard of divisions."""


class Loss(Configured):
    """Base class of all losses: call one for a number, `grad` for its gradient.

    A loss of your own defines ``call(y_true, y_pred)``, one value for each sample; to be trained
    with, also ``gradient(y_true, y_pred)``, the derivative of that value by each number of y_pred.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "sum", "none", None}
        The first two are the mean over all values.
    name : str, optional
        By default that of the class, such as "mean_squared_error".
    dtype : {"float32", "float64"}, optional
        The dtype of the computation: float32 by default, as in Keras.

    Notes
    -----
    A mean over masked values is weighted by total / valid, as in Keras: it is the mean of the
    valid values.

    Where we differ on purpose: shapes that fit only by broadcasting are refused, since a model
    trained on them learns nonsense; and a name in small letters means an instance, not a function.

    Examples
    --------
    >>> loss = MeanSquaredError()
    >>> float(loss([[0.0, 1.0]], [[0.5, 1.0]]))
    0.125
    >>> loss.grad([[0.0, 1.0]], [[0.5, 1.0]]).tolist()
    [[0.5, 0.0]]
    """

    HIDDEN = ("reduction", "name", "dtype")
    _for_labels = "Reshape one of them"

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **keras_only: Any,
    ):
        self._refuse_other(keras_only)
        check_choice(reduction, "reduction", ("sum_over_batch_size", "mean", "sum", "none", None))
        self.reduction = reduction
        self.name = check_name(name) or snake_case(type(self).__name__)
        self.dtype = "float32" if dtype is None else check_dtype(dtype, kinds="f")

    def __call__(
        self, y_true: Any, y_pred: Any, mask: Any = None, sample_weight: Any = None
    ) -> Any:
        """Return the loss: one number, or one for each sample without reduction.

        `y_true` and `y_pred` are of one shape, except for a last axis of length 1; `mask` has the
        shape of the values, True where they count. Other shapes are a ShapeError.
        """
        as_valid(None, (), sample_weight)  # refuses it
        y_true, y_pred, valid = self._prepare(y_true, y_pred, mask)
        values = self._on_valid(self.call, y_true, y_pred, valid)
        if self.reduction in ("none", None):
            return values
        return values.dtype.type(np.sum(values) * self._scale(values.size, valid))

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return one value for each sample: the last axis is reduced."""
        raise not_defined(self, "call(y_true, y_pred)")

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the derivative of the values of `call` by each number of `y_pred`."""
        raise not_defined(self, "gradient(y_true, y_pred) to be trained with")

    def grad(self, y_true: Any, y_pred: Any, mask: Any = None) -> np.ndarray:
        """Return the gradient of the loss (summed, without reduction), the shape of `y_pred`."""
        shape = np.shape(y_pred)
        y_true, y_pred, valid = self._prepare(y_true, y_pred, mask)
        grad = self._on_valid(self.gradient, y_true, y_pred, valid)
        grad = grad * self._scale(math.prod(y_pred.shape[:-1]), valid)
        return np.asarray(grad, self.dtype).reshape(shape)

    def _prepare(self, y_true: Any, y_pred: Any, mask: Any) -> tuple[Any, np.ndarray, Any]:
        """Return both as arrays of one shape, the classes last, and the mask of the values."""
        y_true, y_pred = self._as_floats(y_true, "y_true"), self._as_floats(y_pred, "y_pred")
        if mask is not None and y_pred.shape == (*y_true.shape, 1) == (*np.shape(mask), 1):
            y_true = y_true[..., None]  # a flag for each step: each is a value of its own
        y_true, y_pred = match_rank(y_true, y_pred)
        if y_true.shape != y_pred.shape:
            must = "y_true and y_pred must have the same shape"
            labels = y_true.shape == (*y_pred.shape[:-1], 1)
            do = self._for_labels if labels else "Reshape one of them"
            raise ShapeError(message(must, f"{y_true.shape} and {y_pred.shape}", do))
        return y_true, y_pred, as_valid(mask, y_pred.shape[:-1])

    def _as_floats(self, value: Any, name: str) -> np.ndarray:
        array = as_numeric_array(value, name).astype(self.dtype, copy=False)
        if array.shape[-1:] == (0,) or (array.ndim == 0 and name == "y_pred"):
            must = f"{name} must have an axis, and a number at least for each sample"
            raise ShapeError(message(must, f"shape {array.shape}", "Pass what was predicted"))
        return array

    def _on_valid(
        self, function: Callable, y_true: np.ndarray, y_pred: np.ndarray, valid: Any
    ) -> np.ndarray:
        """Return the values of `function` where `valid` says so, and 0 elsewhere."""
        if valid is None:
            return np.asarray(function(y_true, y_pred), self.dtype)
        values = np.asarray(function(y_true[valid], y_pred[valid]))
        result = np.zeros(valid.shape + values.shape[1:], self.dtype)
        result[valid] = values
        return result

    def _scale(self, size: int, valid: Any) -> float:
        if self.reduction not in ("mean", "sum_over_batch_size"):
            return 1.0
        if valid is None:
            return 1 / max(size, 1)
        return size / (np.count_nonzero(valid) + EPSILON) / max(size, 1)


# Regression -----------------------------------------------------------------------------------


class MeanSquaredError(Loss):
    """The mean of the squared differences: "mse"."""

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``mean((y_pred - y_true) ** 2)``."""
        return np.mean(np.square(y_pred - y_true), axis=-1)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``2 * (y_pred - y_true) / D``."""
        return 2 * (y_pred - y_true) / y_pred.shape[-1]


class LogCosh(Loss):
    """Half the square near the target, the absolute difference far from it, and smooth.

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 5)
    0.43378
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``mean(log(cosh(y_pred - y_true)))``, written so that nothing overflows."""
        x = y_pred - y_true
        return np.mean(np.logaddexp(x, -x) - np.log(x.dtype.type(2)), axis=-1)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``tanh(y_pred - y_true) / D``."""
        return np.tanh(y_pred - y_true) / y_pred.shape[-1]


# Cross-entropies ------------------------------------------------------------------------------


class _Crossentropy(Loss):
    """The base of the cross-entropies: of probabilities, or of logits before the softmax."""

    KERAS_ONLY: ClassVar = {"axis": -1, "label_smoothing": 0.0, "ignore_class": None}

    def __init__(self, from_logits: bool = False, **options: Any):
        super().__init__(**options)
        self.from_logits = check_flag(from_logits, "from_logits")


class BinaryCrossentropy(_Crossentropy):
    """For two classes, yes or no: "bce".

    >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
    0.6931
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``mean(-t log p - (1 - t) log(1 - p))``."""
        t = y_true
        if self.from_logits:
            # max(x, 0) - x t, in two parts that stay finite where an infinite logit is right
            wrong = _times(1 - t, np.maximum(y_pred, 0)) + _times(t, np.maximum(-y_pred, 0))
            return np.mean(wrong + np.log1p(np.exp(-np.abs(y_pred))), axis=-1)
        p = np.clip(y_pred, EPSILON, 1 - EPSILON)
        return np.mean(-(t * np.log(p) + (1 - t) * np.log(1 - p)), axis=-1)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``(p - t) / (p (1 - p)) / D``, or ``(sigmoid(x) - t) / D`` for logits."""
        if self.from_logits:
            return (0.5 * (1 + np.tanh(0.5 * y_pred)) - y_true) / y_pred.shape[-1]
        p = np.clip(y_pred, EPSILON, 1 - EPSILON)
        return (p - y_true) / (p * (1 - p)) * _in_clip_range(y_pred) / y_pred.shape[-1]


class CategoricalCrossentropy(_Crossentropy):
    """For one class of many, as a one-hot row.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    _for_labels = "For labels instead of one-hot rows use SparseCategoricalCrossentropy"

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``-sum(t log p)``, the probabilities scaled to sum to 1."""
        if y_pred.shape[-1] == 1:  # it is 0, with a gradient of 0
            must, received = "y_pred must have two classes or more", f"shape {y_pred.shape}"
            do = "Use BinaryCrossentropy for one probability"
            warnings.warn(message(must, received, do), SyntaxWarning, stacklevel=2)
        if self.from_logits:  # a class with t = 0 and a logit of -inf is ruled out, adds nothing
            return -np.sum(_times(y_true, _log_softmax(y_pred)), axis=-1)
        share = y_pred / np.sum(y_pred, axis=-1, keepdims=True)
        return -np.sum(y_true * np.log(np.clip(share, EPSILON, 1 - EPSILON)), axis=-1)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``softmax(x) * sum(t) - t`` for logits; else through the scaling to 1."""
        if self.from_logits:
            return np.exp(_log_softmax(y_pred)) * np.sum(y_true, axis=-1, keepdims=True) - y_true
        total = np.sum(y_pred, axis=-1, keepdims=True)
        share = y_pred / total
        by_share = -y_true / np.clip(share, EPSILON, 1 - EPSILON) * _in_clip_range(share)
        return (by_share - np.sum(by_share * share, axis=-1, keepdims=True)) / total


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """For one class of many, as an integer label.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``-log p[label]`` of each label."""
        return super().call(_one_hot(y_true, y_pred), y_pred)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the gradient of the categorical cross-entropy with labels as one-hot rows."""
        return super().gradient(_one_hot(y_true, y_pred), y_pred)

    def _prepare(self, y_true: Any, y_pred: Any, mask: Any) -> tuple[Any, np.ndarray, Any]:
        y_pred = self._as_floats(y_pred, "y_pred")
        labels = as_array(y_true, "y_true")
        if labels.ndim == y_pred.ndim and labels.shape[-1:] == (1,):
            labels = labels[..., 0]
        if labels.shape != y_pred.shape[:-1]:
            must = f"labels must have the shape of y_pred without its classes, {y_pred.shape[:-1]}"
            do = "Pass one label for each row of probabilities"
            if labels.shape == y_pred.shape:
                do = "For one-hot rows instead of labels use CategoricalCrossentropy"
            raise ShapeError(message(must, labels.shape, do))
        valid = as_valid(mask, labels.shape)
        if valid is not None:
            labels = np.where(valid, labels, 0)  # a masked label may be anything
        labels = as_ids(labels)
        _check_labels(labels, y_pred.shape[-1], valid)
        return labels, y_pred, valid


# Internals ------------------------------------------------------------------------------------


def match_rank(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both with equally many axes, where they differ by a last axis of length 1.

    >>> [a.shape for a in match_rank(np.zeros((3, 4, 1)), np.zeros((3, 4)))]
    [(3, 4), (3, 4)]
    """
    if y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
        return (y_true[:, None], y_pred) if y_true.ndim == 1 else (y_true, y_pred[..., 0])
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        return (y_true, y_pred[:, None]) if y_pred.ndim == 1 else (y_true[..., 0], y_pred)
    return y_true, y_pred


def as_valid(mask: Any, shape: tuple[int, ...], sample_weight: Any = None) -> np.ndarray | None:
    """Return a mask as booleans in the shape of the values; weights are refused, also as a mask."""
    mask = None if mask is None else as_array(mask, "mask")
    flags = None if mask is None else mask.astype(bool)
    if sample_weight is not None or (flags is not None and (flags != mask).any()):
        must, do = "samples count or do not: weights are left to Keras", "Pass a mask of booleans"
        raise ValueError(message(must, "sample_weight, or a mask not of 0 and 1", do))
    if flags is None:
        return None
    if flags.ndim == len(shape) + 1 and flags.shape[-1] == 1:
        flags = flags[..., 0]
    if flags.shape != shape[: flags.ndim]:
        must, do = f"mask must fit the values, {shape}", "Pass one flag for each of them"
        raise ShapeError(message(must, flags.shape, do))
    return np.broadcast_to(flags.reshape(flags.shape + (1,) * (len(shape) - flags.ndim)), shape)


def _times(factor: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the product, 0 where the factor is 0: also for an infinite value."""
    return np.multiply(factor, value, where=factor != 0, out=np.zeros_like(value))


def _in_clip_range(p: np.ndarray) -> np.ndarray:
    return (p >= EPSILON) & (p <= 1 - EPSILON)


def _log_softmax(x: np.ndarray) -> np.ndarray:
    x = x - np.max(x, axis=-1, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


def _one_hot(labels: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    return (labels[..., None] == np.arange(y_pred.shape[-1])).astype(y_pred.dtype)


def _check_labels(labels: np.ndarray, classes: int, valid: Any) -> None:
    wrong = (labels < 0) | (labels >= classes)
    if valid is not None:
        wrong &= valid
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        label = int(labels[at])
        must, received = f"labels must lie in 0..{classes - 1}", f"{label} at {list(at)}"
        do = "Count classes from 0, or give the last layer more units"
        raise IdError(message(must, received, do), [label], [at], classes)


# By name --------------------------------------------------------------------------------------

CLASSES: list[type[Loss]] = [BinaryCrossentropy, CategoricalCrossentropy, LogCosh]
CLASSES += [MeanSquaredError, SparseCategoricalCrossentropy]
KERAS_ONLY = (
    "CTC CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy "
    "BinaryFocalCrossentropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber "
    "KLDivergence MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError "
    "Poisson SquaredHinge Tversky mae MAE mape MAPE msle MSLE kld KLD kl_divergence cosine"
)
_ALIASES = {"mse": MeanSquaredError, "bce": BinaryCrossentropy, "logcosh": LogCosh}
_ALIASES |= {"MSE": MeanSquaredError, "BCE": BinaryCrossentropy}
REGISTRY = Registry("loss", "keras.losses", CLASSES, _ALIASES, KERAS_ONLY, base=Loss)
get, serialize, deserialize = REGISTRY.get, REGISTRY.serialize, REGISTRY.deserialize
__getattr__ = refuse_missing(__name__, KERAS_ONLY)
