"""What every loss shares: dtypes, ranks, weights, masks, and how many values become one."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import ShapeError

__all__ = ["FunctionLoss", "Loss"]

EPSILON = 1e-7
"""Keras's small number: the least probability, and what keeps a division safe."""

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


class Loss:
    """The base of all losses: call one for a number, `grad` for its slope.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        The first two are the mean over all values; the fourth divides by the sum of the weights.
    name : str, optional
    dtype : {"float32", "float64"}, optional
        In which it computes: float32 unless told, as in Keras.

    Notes
    -----
    A mask weights the valid values by total / valid for a mean, and by 1 for a sum, as in Keras.
    One weight for each sample (B,) holds for all its steps.

    Where we differ on purpose: "mean_with_sample_weight" divides by the sum of the weights of all
    values, also where one weight stands for many (Keras adds each weight once).

    Examples
    --------
    >>> from embedlab.losses import MeanSquaredError
    >>> loss = MeanSquaredError()
    >>> float(loss([[0.0, 1.0]], [[0.5, 1.0]]))
    0.125
    >>> loss.grad([[0.0, 1.0]], [[0.5, 1.0]]).tolist()
    [[0.5, 0.0]]
    """

    function: ClassVar[Callable]
    """From (y_true, y_pred, **options) to one value for each sample: the last axis goes."""
    gradient: ClassVar[Callable]
    """From the same to the derivative of that value by each number of y_pred."""
    options: tuple[str, ...] = ()
    """The attributes that `function` and `gradient` take."""
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
        self.name = name or getattr(type(self).function, "__name__", "loss")
        self.dtype = np.dtype(dtype or "float32").name

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Return the loss: one number, or one for each sample without reduction.

        Parameters
        ----------
        y_true, y_pred : array_like
            Their shapes agree, but for a last axis of length 1.
        sample_weight : array_like, optional
            One number, one for each sample, or one for each value.
        mask : array_like of bool, optional
            In the shape of the values: True where they count.

        Raises
        ------
        ShapeError
            When shapes do not fit.
        """
        y_true, y_pred = self._ready(y_true, y_pred)
        values = self.call(y_true, y_pred)
        weights, divisor = self._weights(values, sample_weight, self._mask(y_true, mask))
        if weights is not None:
            values = values * weights
        if self.reduction in ("none", None):
            return values
        return values.dtype.type(np.sum(values) / divisor)

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return one value for each sample."""
        return np.asarray(type(self).function(y_true, y_pred, **self._options()))

    def grad(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> np.ndarray:
        """Return the derivative of the loss (summed, without reduction) in the shape of
        `y_pred`."""
        shape = np.shape(y_pred)
        y_true, y_pred = self._ready(y_true, y_pred)
        values = self.call(y_true, y_pred)
        weights, divisor = self._weights(values, sample_weight, self._mask(y_true, mask))
        slope = type(self).gradient(y_true, y_pred, **self._options())
        if weights is not None:
            slope = slope * weights[..., None]
        if self.axis != -1:
            slope = np.moveaxis(slope, -1, self.axis)
        return np.asarray(slope / divisor, self.dtype).reshape(shape)

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.options}

    def _ready(self, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
        y_true, y_pred = np.asarray(y_true, self.dtype), np.asarray(y_pred, self.dtype)
        if y_pred.ndim == 0:
            raise ShapeError(
                "y_pred must have at least one axis. Received a single number. Put it into a list."
            )
        y_true, y_pred = same_rank(y_true, y_pred)
        if self.axis != -1:
            y_true, y_pred = np.moveaxis(y_true, self.axis, -1), np.moveaxis(y_pred, self.axis, -1)
        try:
            np.broadcast_shapes(y_true.shape, y_pred.shape)
        except ValueError as error:
            raise ShapeError(
                "y_true and y_pred must have the same shape. "
                f"Received {y_true.shape} and {y_pred.shape}. Reshape one of them."
            ) from error
        return y_true, y_pred

    def _mask(self, y_true: np.ndarray, mask: Any) -> Any:
        """Return the mask, together with what the labels themselves leave out."""
        return mask

    def _weights(self, values: np.ndarray, sample_weight: Any, mask: Any) -> tuple[Any, float]:
        """Return one weight for each value (or None), and the number to divide their sum by."""
        weights = None
        if sample_weight is not None:
            weights = _fitting(np.asarray(sample_weight, self.dtype), values, "sample_weight")
        if mask is not None:
            valid = _fitting(np.asarray(mask), values, "mask").astype(self.dtype)
            if self.reduction in ("mean", "sum_over_batch_size"):
                valid = valid * (valid.size / (np.sum(valid) + EPSILON))
            weights = valid if weights is None else weights * valid
        if self.reduction in ("mean", "sum_over_batch_size"):
            return weights, max(values.size, 1)
        if self.reduction == "mean_with_sample_weight":
            total = values.size if weights is None else float(np.sum(weights))
            return weights, total or 1.0  # nothing counts: 0, not NaN
        return weights, 1

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        config = {"name": self.name, "reduction": self.reduction}
        return {**config, **{name: getattr(self, name) for name in self.options}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Loss":
        """Return a loss with the arguments that `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.options)
        return f"{type(self).__name__}({told})"


class FunctionLoss(Loss):
    """A plain function of (y_true, y_pred) as a loss; for training it needs an attribute `grad`.

    Examples
    --------
    >>> loss = FunctionLoss(lambda y_true, y_pred: (y_pred - y_true).mean(axis=-1))
    >>> float(loss([[1.0]], [[3.0]]))
    2.0
    """

    def __init__(self, function: Callable, **other: Any):
        super().__init__(name=getattr(function, "__name__", "loss"), **other)
        self.own = function

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return one value for each sample."""
        return np.asarray(self.own(y_true, y_pred), self.dtype)

    def grad(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> np.ndarray:
        """Return the derivative, from the function's own `grad(y_true, y_pred)`."""
        slope = getattr(self.own, "grad", None)
        if slope is None:
            raise NotImplementedError(
                "training needs the derivative of a loss: there is no tape. Received the function "
                f"{self.name} without one. Give it an attribute: {self.name}.grad = the_gradient."
            )
        loss = type(type(self).__name__, (Loss,), {"function": self.own, "gradient": slope})
        return loss(self.reduction, self.name, self.dtype).grad(y_true, y_pred, sample_weight, mask)


def same_rank(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both with equally many axes, where they differ by a last axis of length 1.

    >>> [a.shape for a in same_rank(np.zeros((3, 4, 1)), np.zeros((3, 4)))]
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


def _fitting(weights: np.ndarray, values: np.ndarray, name: str) -> np.ndarray:
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    if weights.ndim == 1 and values.ndim > 1:
        weights = weights.reshape(-1, *[1] * (values.ndim - 1))
    try:
        if np.broadcast_shapes(weights.shape, values.shape) != values.shape:
            raise ValueError
    except ValueError as error:
        raise ShapeError(
            f"{name} must fit the values of the loss, {values.shape}. Received {weights.shape}. "
            f"Pass one for each sample ({values.shape[0] if values.ndim else 1}) or each value."
        ) from error
    return np.broadcast_to(weights, values.shape)
