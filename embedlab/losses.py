"""Losses under Keras's names and with its formulas, each with its gradient.

A masked value never reaches a result: a loss is computed on the valid values alone, so that NaN or
infinity in the padding changes neither the loss nor its gradient.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError, as_ids
from embedlab.registry import Registry, missing_attribute, snake_case

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "FunctionLoss",
    "LogCosh",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "log_cosh",
    "match_rank",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_crossentropy",
]

EPSILON = 1e-7
"""Keras's epsilon: the least probability, and the guard of divisions."""

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None)


class Loss:
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
    trained on them learns nonsense.

    Examples
    --------
    >>> loss = MeanSquaredError()
    >>> float(loss([[0.0, 1.0]], [[0.5, 1.0]]))
    0.125
    >>> loss.grad([[0.0, 1.0]], [[0.5, 1.0]]).tolist()
    [[0.5, 0.0]]
    """

    options: ClassVar[tuple[str, ...]] = ()
    """The attributes that a config holds beside name and reduction."""
    axis = -1

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ):
        if reduction not in _REDUCTIONS:
            raise ValueError(
                f"Invalid value for argument `reduction`: it must be one of {_REDUCTIONS}. "
                f"Received {reduction!r:.40}. Choose one of these."
            )
        self.reduction = reduction
        self.name = name or snake_case(type(self).__name__)
        self.dtype = np.dtype(dtype or "float32").name

    def __call__(self, y_true: Any, y_pred: Any, mask: Any = None) -> Any:
        """Return the loss: one number, or one for each sample without reduction.

        Parameters
        ----------
        y_true, y_pred : array_like
            Of one shape, except for a last axis of length 1.
        mask : array_like of bool, optional
            The shape of the values: True where they count.

        Raises
        ------
        ShapeError
            When shapes do not fit.
        """
        y_true, y_pred, valid = self._prepare(y_true, y_pred, mask)
        values = self._on_valid(self.call, y_true, y_pred, valid, y_pred.shape[:-1])
        if self.reduction in ("none", None):
            return values if valid is None else values * valid
        return values.dtype.type(np.sum(values) * self._scale(values.size, valid))

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return one value for each sample: the last axis is reduced."""
        raise NotImplementedError(
            f"a loss must define call(y_true, y_pred). {type(self).__name__} does not. Add it."
        )

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the derivative of the values of `call` by each number of `y_pred`."""
        raise NotImplementedError(
            f"training needs the derivative of a loss. Received {type(self).__name__} without one."
            " Give it a method gradient(y_true, y_pred)."
        )

    def grad(self, y_true: Any, y_pred: Any, mask: Any = None) -> np.ndarray:
        """Return the gradient of the loss (summed, without reduction), the shape of `y_pred`."""
        shape = np.shape(y_pred)
        y_true, y_pred, valid = self._prepare(y_true, y_pred, mask)
        size = int(np.prod(y_pred.shape[:-1]))
        grad = self._on_valid(self.gradient, y_true, y_pred, valid, y_pred.shape)
        grad = grad * self._scale(size, valid)
        if self.axis != -1:
            grad = np.moveaxis(grad, -1, self.axis)
        return np.asarray(grad, self.dtype).reshape(shape)

    def _prepare(self, y_true: Any, y_pred: Any, mask: Any) -> tuple[Any, np.ndarray, Any]:
        """Return both as arrays of one shape, and the mask of the values, or None."""
        y_true, y_pred = np.asarray(y_true, self.dtype), np.asarray(y_pred, self.dtype)
        if y_pred.ndim == 0:
            raise ShapeError(
                "y_pred must have at least one axis. Received a single number. Put it into a list."
            )
        y_true, y_pred = match_rank(y_true, y_pred)
        if y_true.shape != y_pred.shape:
            raise ShapeError(
                "y_true and y_pred must have the same shape. "
                f"Received {y_true.shape} and {y_pred.shape}. {self._shape_advice(y_true, y_pred)}"
            )
        if self.axis != -1:
            y_true, y_pred = np.moveaxis(y_true, self.axis, -1), np.moveaxis(y_pred, self.axis, -1)
        return y_true, y_pred, _as_valid(mask, y_pred.shape[:-1])

    def _shape_advice(self, y_true: np.ndarray, y_pred: np.ndarray) -> str:
        return "Reshape one of them."

    def _on_valid(
        self,
        function: Callable,
        y_true: np.ndarray,
        y_pred: np.ndarray,
        valid: Any,
        shape: tuple[int, ...],
    ) -> np.ndarray:
        """Return the values of `function` where `valid` says so, and 0 elsewhere."""
        if valid is None:
            return np.asarray(function(y_true, y_pred), self.dtype)
        result = np.zeros(shape, self.dtype)
        result[valid] = function(y_true[valid], y_pred[valid])
        return result

    def _scale(self, size: int, valid: Any) -> float:
        """Return the factor that turns a sum of values into the loss."""
        if self.reduction not in ("mean", "sum_over_batch_size"):
            return 1.0
        if valid is None:
            return 1 / max(size, 1)
        return size / (np.count_nonzero(valid) + EPSILON) / max(size, 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        config = {"name": self.name, "reduction": self.reduction}
        return {**config, **{name: getattr(self, name) for name in self.options}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Loss":
        """Return a loss with the arguments that `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={getattr(self, k)!r}" for k in self.options if k != "axis")
        return f"{type(self).__name__}({options})"


class FunctionLoss(Loss):
    """A plain function of (y_true, y_pred) as a loss; for training it needs an attribute `grad`.

    Examples
    --------
    >>> loss = FunctionLoss(lambda y_true, y_pred: (y_pred - y_true).mean(axis=-1))
    >>> float(loss([[1.0]], [[3.0]]))
    2.0
    """

    def __init__(self, function: Callable, **options: Any):
        super().__init__(name=getattr(function, "__name__", "loss"), **options)
        self.function = function

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return one value for each sample."""
        return np.asarray(self.function(y_true, y_pred), self.dtype)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the derivative, from the function's own `grad(y_true, y_pred)`."""
        function = getattr(self.function, "grad", None)
        if function is None:
            raise NotImplementedError(
                f"training needs the derivative of a loss. Received the function {self.name} "
                f"without one. Give it an attribute: {self.name}.grad = its_gradient."
            )
        return np.asarray(function(y_true, y_pred), self.dtype)


# Regression -----------------------------------------------------------------------------------


def mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean((y_pred - y_true) ** 2)`` over the last axis."""
    return np.mean(np.square(y_pred - y_true), axis=-1)


class MeanSquaredError(Loss):
    """The mean of the squared differences: "mse".

    >>> float(MeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
    5.0
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the mean squared error of each sample."""
        return mean_squared_error(y_true, y_pred)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``2 * (y_pred - y_true) / D``."""
        return 2 * (y_pred - y_true) / y_pred.shape[-1]


def log_cosh(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean(log(cosh(y_pred - y_true)))``, written so that nothing overflows."""
    x = y_pred - y_true
    return np.mean(np.logaddexp(x, -x) - np.log(x.dtype.type(2)), axis=-1)


class LogCosh(Loss):
    """Half the square near the target, the absolute difference far from it, and smooth.

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 5)
    0.43378
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the mean of ``log(cosh(error))`` of each sample."""
        return log_cosh(y_true, y_pred)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``tanh(y_pred - y_true) / D``."""
        return np.tanh(y_pred - y_true) / y_pred.shape[-1]


# Cross-entropies ------------------------------------------------------------------------------


def binary_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``mean(-t log p - (1 - t) log(1 - p))`` over the last axis."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        # max(x, 0) - x t, in two parts that stay finite where an infinite logit is right
        wrong = _times(1 - t, np.maximum(y_pred, 0)) + _times(t, np.maximum(-y_pred, 0))
        return np.mean(wrong + np.log1p(np.exp(-np.abs(y_pred))), axis=-1)
    p = np.clip(y_pred, EPSILON, 1 - EPSILON)
    return np.mean(-(t * np.log(p) + (1 - t) * np.log(1 - p)), axis=-1)


def _grad_binary_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool, label_smoothing: float
) -> np.ndarray:
    """Return ``(p - t) / (p (1 - p)) / D``, or ``(sigmoid(x) - t) / D`` for logits."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        return (0.5 * (1 + np.tanh(0.5 * y_pred)) - t) / y_pred.shape[-1]
    p = np.clip(y_pred, EPSILON, 1 - EPSILON)
    return (p - t) / (p * (1 - p)) * _in_clip_range(y_pred) / y_pred.shape[-1]


def categorical_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``-sum(t log p)`` over the last axis, the probabilities scaled to sum to 1."""
    t = _smooth(y_true, y_pred, label_smoothing)
    if from_logits:  # a class with t = 0 and a logit of -inf is ruled out, and adds nothing
        return -np.sum(_times(t, _log_softmax(y_pred)), axis=-1)
    share = y_pred / np.sum(y_pred, axis=-1, keepdims=True)
    return -np.sum(t * np.log(np.clip(share, EPSILON, 1 - EPSILON)), axis=-1)


def _grad_categorical_crossentropy(
    y_true: np.ndarray, y_pred: np.ndarray, from_logits: bool, label_smoothing: float = 0.0
) -> np.ndarray:
    """Return ``softmax(x) * sum(t) - t`` for logits; else through the scaling to 1."""
    t = _smooth(y_true, y_pred, label_smoothing)
    if from_logits:
        return np.exp(_log_softmax(y_pred)) * np.sum(t, axis=-1, keepdims=True) - t
    total = np.sum(y_pred, axis=-1, keepdims=True)
    share = y_pred / total
    by_share = -t / np.clip(share, EPSILON, 1 - EPSILON) * _in_clip_range(share)
    return (by_share - np.sum(by_share * share, axis=-1, keepdims=True)) / total


def sparse_categorical_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    from_logits: bool = False,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Return ``-log p[label]`` for each label; 0 for the class to ignore."""
    loss = SparseCategoricalCrossentropy(
        from_logits, ignore_class, "none", dtype=np.result_type(y_pred, np.float32)
    )
    return loss(y_true, y_pred)


class _Crossentropy(Loss):
    """A cross-entropy of targets in the shape of the predictions."""

    options = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(reduction, name, dtype)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"label_smoothing must lie in 0..1. Received {label_smoothing!r:.40}. "
                "Pass for example 0.1."
            )
        self.from_logits, self.label_smoothing = bool(from_logits), float(label_smoothing)
        self.axis = axis


class BinaryCrossentropy(_Crossentropy):
    """For two classes, yes or no: "bce".

    >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
    0.6931
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the mean binary cross-entropy of each sample."""
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``(p - t) / (p (1 - p)) / D``, or ``(sigmoid(x) - t) / D`` for logits."""
        return _grad_binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


class CategoricalCrossentropy(_Crossentropy):
    """For one class of many, as a one-hot row.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the cross-entropy of each sample."""
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``softmax(x) * sum(t) - t`` for logits; else through the scaling to 1."""
        return _grad_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing
        )

    def _shape_advice(self, y_true: np.ndarray, y_pred: np.ndarray) -> str:
        if y_true.shape == (*y_pred.shape[:-1], 1):
            return "For labels instead of one-hot rows use SparseCategoricalCrossentropy."
        return "Pass one one-hot row for each row of probabilities."


class SparseCategoricalCrossentropy(Loss):
    """For one class of many, as an integer label; `ignore_class` marks labels to leave out.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    options = ("from_logits", "ignore_class")

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(reduction, name, dtype)
        self.from_logits, self.ignore_class, self.axis = bool(from_logits), ignore_class, axis

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return ``-log p[label]`` of each label."""
        return categorical_crossentropy(_one_hot(y_true, y_pred), y_pred, self.from_logits)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return the gradient of the categorical cross-entropy with labels as one-hot rows."""
        return _grad_categorical_crossentropy(_one_hot(y_true, y_pred), y_pred, self.from_logits)

    def _prepare(self, y_true: Any, y_pred: Any, mask: Any) -> tuple[Any, np.ndarray, Any]:
        y_pred = np.asarray(y_pred, self.dtype)
        if self.axis != -1:
            y_pred = np.moveaxis(y_pred, self.axis, -1)
        labels = np.asarray(y_true)
        if labels.ndim == y_pred.ndim and labels.shape[-1:] == (1,):
            labels = labels[..., 0]
        if labels.shape != y_pred.shape[:-1]:
            raise ShapeError(
                f"labels must have the shape of y_pred without its classes, {y_pred.shape[:-1]}. "
                f"Received {labels.shape}. Pass one label for each row of probabilities."
            )
        valid = _as_valid(mask, labels.shape)
        if valid is not None:
            labels = np.where(valid, labels, 0)  # a masked label may be anything
        labels = as_ids(labels)
        if self.ignore_class is not None:
            counted = labels != self.ignore_class
            valid = counted if valid is None else valid & counted
        _check_labels(labels, y_pred.shape[-1], valid)
        return labels, y_pred, valid


# Internals ------------------------------------------------------------------------------------


def match_rank(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both with equally many axes, where they differ by a last axis of length 1.

    >>> [a.shape for a in match_rank(np.zeros((3, 4, 1)), np.zeros((3, 4)))]
    [(3, 4), (3, 4)]
    """
    if y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
        if y_true.ndim == 1:
            return y_true[:, None], y_pred
        return y_true, y_pred[..., 0]
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        if y_pred.ndim == 1:
            return y_true, y_pred[:, None]
        return y_true[..., 0], y_pred
    return y_true, y_pred


def _as_valid(mask: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return a mask as booleans in the shape of the values."""
    if mask is None:
        return None
    mask = np.asarray(mask).astype(bool)
    if mask.ndim == len(shape) + 1 and mask.shape[-1] == 1:
        mask = mask[..., 0]
    if mask.ndim == 1 and len(shape) > 1:  # one for each sample
        mask = mask.reshape(-1, *[1] * (len(shape) - 1))
    try:
        return np.broadcast_to(mask, shape)
    except ValueError as error:
        raise ShapeError(
            f"mask must fit the values of the loss, {shape}. Received {mask.shape}. "
            "Pass one for each sample or each value."
        ) from error


def _times(factor: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the product, 0 where the factor is 0: also for an infinite value."""
    return np.multiply(factor, value, where=factor != 0, out=np.zeros_like(value))


def _smooth(y_true: np.ndarray, y_pred: np.ndarray, label_smoothing: float) -> np.ndarray:
    return y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[-1]


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
        raise IdError(
            f"labels must lie in 0..{classes - 1} ({classes} classes). Received "
            f"{labels[at]} at {list(at)}. Count classes from 0, or give the last layer more units.",
            [int(labels[at])],
            [at],
            classes,
        )


# By name --------------------------------------------------------------------------------------

CLASSES: list[type[Loss]] = [
    BinaryCrossentropy,
    CategoricalCrossentropy,
    LogCosh,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
]
_CLASS_OF_FUNCTION: dict[Any, Callable[[], Loss]] = {
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    log_cosh: LogCosh,
    mean_squared_error: MeanSquaredError,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
}
KERAS_ONLY = (
    "CTC CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy "
    "BinaryFocalCrossentropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber "
    "KLDivergence MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError "
    "Poisson SquaredHinge Tversky mae MAE mape MAPE msle MSLE kld KLD kl_divergence cosine"
)
REGISTRY = Registry(
    "loss",
    "keras.losses",
    CLASSES,
    {
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
        "bce": BinaryCrossentropy,
        "BCE": BinaryCrossentropy,
        "logcosh": LogCosh,
    },
    KERAS_ONLY,
)


def __getattr__(name: str) -> Any:
    raise missing_attribute(__name__, name, KERAS_ONLY)


def get(identifier: Any) -> Any:
    """Return the loss that a name, dict, class, function or instance stands for.

    Where we differ on purpose: Keras returns a function for a name in small letters; here it is
    always an instance, which knows its gradient.

    Raises
    ------
    ValueError
        "Could not interpret loss identifier", with the names that are known.

    Examples
    --------
    >>> get("mse"), get("MeanSquaredError")
    (MeanSquaredError(), MeanSquaredError())
    """
    loss = REGISTRY.get(identifier)
    if loss is None or isinstance(loss, Loss):
        return loss
    cls = _CLASS_OF_FUNCTION.get(loss)
    return FunctionLoss(loss) if cls is None else cls()


def serialize(loss: Any) -> Any:
    """Return a dict in Keras's form from which `deserialize` makes an equal loss.

    >>> serialize(BinaryCrossentropy(from_logits=True))["config"]["from_logits"]
    True
    """
    return REGISTRY.serialize(loss)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the loss that a name or a dict describes; nothing in the dict is executed.

    >>> deserialize(serialize(LogCosh()))
    LogCosh()
    """
    return REGISTRY.deserialize(config, custom_objects)
