"""Activations: what a layer does to each number at its end. Keras's names, with their slopes.

There is no tape, so each function carries its own way back: ``relu.grad(x, y, grad)`` gives the
gradient of `x`, given ``y = relu(x)`` and the gradient of `y`. A function of your own needs such
an attribute to be trained. Each is used at Keras's default parameters.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.softmax import grad_masked_softmax, masked_softmax
from embedlab.registry import Registry

__all__ = ["celu", "deserialize", "elu", "exponential", "gelu", "get", "gradient", "hard_shrink",
           "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "linear", "log_sigmoid",
           "log_softmax", "mish", "relu", "relu6", "selu", "serialize", "sigmoid", "silu",
           "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
           "squareplus", "tanh", "tanh_shrink"]  # fmt: skip

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""The two numbers that keep mean 0 and variance 1 (Klambauer et al. 2017, section 2)."""

_erf = np.vectorize(math.erf, otypes=[float])  # NumPy has none


def _goes_back(by: Callable[[Any, Any, Any], Any]) -> Callable[[Callable], Callable]:
    def mark(function: Callable) -> Callable:
        setattr(function, "grad", by)  # noqa: B010  a plain function with a way back
        return function

    return mark


def _slope(by: Callable[[Any, Any], Any]) -> Callable[[Callable], Callable]:
    return _goes_back(lambda x, y, grad: grad * by(x, y))


def _floats(x: Any) -> np.ndarray:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float32)


# Straight lines and their corners ---------------------------------------------------------------


@_goes_back(lambda x, y, grad: grad)
def linear(x: Any) -> np.ndarray:
    """Give `x` as it is: what no activation means.

    >>> linear([-1.0, 2.0]).tolist()
    [-1.0, 2.0]
    """
    return _floats(x)


@_slope(lambda x, y: x > 0)
def relu(x: Any) -> np.ndarray:
    """Give ``max(x, 0)``.

    >>> relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return np.maximum(_floats(x), 0)


@_slope(lambda x, y: (x > 0) & (x < 6))
def relu6(x: Any) -> np.ndarray:
    """Give `x` cut to 0..6.

    >>> relu6([-1.0, 2.0, 9.0]).tolist()
    [0.0, 2.0, 6.0]
    """
    return np.clip(_floats(x), 0, 6)


@_slope(lambda x, y: np.where(x > 0, x.dtype.type(1), x.dtype.type(0.2)))
def leaky_relu(x: Any) -> np.ndarray:
    """Give `x`, or a fifth of it below 0.

    >>> leaky_relu([-1.0, 2.0]).tolist()
    [-0.2, 2.0]
    """
    x = _floats(x)
    return np.where(x > 0, x, x * x.dtype.type(0.2))


@_slope(lambda x, y: np.abs(x) > 0.5)
def hard_shrink(x: Any) -> np.ndarray:
    """Give `x`, or 0 within ±0.5.

    >>> hard_shrink([-1.0, 0.4]).tolist()
    [-1.0, 0.0]
    """
    x = _floats(x)
    return np.where(np.abs(x) > 0.5, x, x.dtype.type(0))


@_slope(lambda x, y: np.abs(x) > 0.5)
def soft_shrink(x: Any) -> np.ndarray:
    """Give `x` moved towards 0 by 0.5, or 0 within ±0.5.

    >>> soft_shrink([-1.0, 0.4]).tolist()
    [-0.5, 0.0]
    """
    x = _floats(x)
    return x - np.clip(x, -0.5, 0.5)


@_slope(lambda x, y: np.abs(x) < 1)
def hard_tanh(x: Any) -> np.ndarray:
    """Give `x` cut to -1..1.

    >>> hard_tanh([-3.0, 0.5]).tolist()
    [-1.0, 0.5]
    """
    return np.clip(_floats(x), -1, 1)


@_slope(lambda x, y: (np.abs(x) < 3) / x.dtype.type(6))
def hard_sigmoid(x: Any) -> np.ndarray:
    """Give ``x / 6 + 1 / 2`` cut to 0..1.

    >>> hard_sigmoid([-4.0, 0.0, 4.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return relu6(_floats(x) + 3) / 6


@_slope(lambda x, y: np.where(np.abs(x) < 3, (2 * x + 3) / 6, x > 0))
def hard_silu(x: Any) -> np.ndarray:
    """Give ``x * hard_sigmoid(x)``, also called hard_swish.

    >>> hard_silu([-4.0, 0.0, 4.0]).tolist()
    [-0.0, 0.0, 4.0]
    """
    x = _floats(x)
    return x * hard_sigmoid(x)


@_slope(lambda x, y: (np.abs(x) < 1) / x.dtype.type(2))
def sparse_sigmoid(x: Any) -> np.ndarray:
    """Give ``(x + 1) / 2`` cut to 0..1.

    >>> sparse_sigmoid([-2.0, 0.0]).tolist()
    [0.0, 0.5]
    """
    return np.clip((_floats(x) + 1) / 2, 0, 1)


# Smooth bends -----------------------------------------------------------------------------------


@_slope(lambda x, y: np.clip((x + 1) / 2, 0, 1))
def sparse_plus(x: Any) -> np.ndarray:
    """Give 0 below -1, `x` above 1, and a parabola between.

    >>> sparse_plus([-2.0, 0.0, 3.0]).tolist()
    [0.0, 0.25, 3.0]
    """
    x = _floats(x)
    bend = np.square(np.clip(x, -1, 1) + 1) / 4
    return np.where(x < 1, bend, x)


@_slope(lambda x, y: np.where(x > 0, x.dtype.type(1), y + 1))
def elu(x: Any) -> np.ndarray:
    """Give `x`, or ``exp(x) - 1`` below 0.

    >>> elu([2.0, 0.0]).tolist()
    [2.0, 0.0]
    """
    x = _floats(x)
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@_slope(lambda x, y: np.where(x > 0, x.dtype.type(1), y + 1))
def celu(x: Any) -> np.ndarray:
    """Give `elu`: at Keras's default parameters the two are one.

    >>> celu([2.0, 0.0]).tolist()
    [2.0, 0.0]
    """
    return elu(x)


@_slope(lambda x, y: np.where(x > 0, x.dtype.type(SELU_SCALE), y + SELU_SCALE * SELU_ALPHA))
def selu(x: Any) -> np.ndarray:
    """Give `elu` scaled so that signals keep mean 0 and variance 1 through many layers.

    >>> selu([1.0]).round(4).tolist()
    [1.0507]
    """
    x = _floats(x)
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


@_slope(lambda x, y: (1 + x / np.sqrt(np.square(x) + 4)) / 2)
def squareplus(x: Any) -> np.ndarray:
    """Give ``(x + sqrt(x ** 2 + 4)) / 2``.

    >>> squareplus([0.0]).tolist()
    [1.0]
    """
    x = _floats(x)
    return (x + np.sqrt(np.square(x) + 4)) / 2


@_slope(lambda x, y: 1 / np.square(1 + np.abs(x)))
def softsign(x: Any) -> np.ndarray:
    """Give ``x / (1 + abs(x))``.

    >>> softsign([1.0]).tolist()
    [0.5]
    """
    x = _floats(x)
    return x / (1 + np.abs(x))


@_slope(lambda x, y: 1 - np.square(y))
def tanh(x: Any) -> np.ndarray:
    """Give the hyperbolic tangent, -1..1.

    >>> tanh([0.0]).tolist()
    [0.0]
    """
    return np.tanh(_floats(x))


@_slope(lambda x, y: np.square(np.tanh(x)))
def tanh_shrink(x: Any) -> np.ndarray:
    """Give ``x - tanh(x)``.

    >>> tanh_shrink([0.0]).tolist()
    [0.0]
    """
    x = _floats(x)
    return x - np.tanh(x)


@_slope(lambda x, y: y)
def exponential(x: Any) -> np.ndarray:
    """Give ``exp(x)``; infinity where it leaves the range.

    >>> exponential([0.0]).tolist()
    [1.0]
    """
    with np.errstate(over="ignore"):
        return np.exp(_floats(x))


@_slope(lambda x, y: y * (1 - y))
def sigmoid(x: Any) -> np.ndarray:
    """Give ``1 / (1 + exp(-x))``, 0..1.

    >>> sigmoid([-1e9, 0.0, 1e9]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = _floats(x)
    wide = np.negative(x, dtype=np.promote_types(x.dtype, np.float32))
    with np.errstate(over="ignore"):  # to infinity, whose inverse is 0: as it should be
        out = np.exp(wide, out=np.empty_like(wide))
    out += 1  # in place: three passes instead of seven, a fifth of the time
    return np.divide(1, out, out=out).astype(x.dtype, copy=False)


@_slope(lambda x, y: sigmoid(-x))
def log_sigmoid(x: Any) -> np.ndarray:
    """Give ``log(sigmoid(x))``, without leaving the range.

    >>> log_sigmoid([-1000.0]).tolist()
    [-1000.0]
    """
    return -softplus(-_floats(x))


@_slope(lambda x, y: sigmoid(x))
def softplus(x: Any) -> np.ndarray:
    """Give ``log(1 + exp(x))``, without leaving the range.

    >>> softplus([1000.0]).tolist()
    [1000.0]
    """
    x = _floats(x)
    return np.logaddexp(x, x.dtype.type(0))


def _slope_of_silu(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    share = sigmoid(x)
    return share * (1 + x * (1 - share))


@_slope(_slope_of_silu)
def silu(x: Any) -> np.ndarray:
    """Give ``x * sigmoid(x)``, also called swish.

    >>> silu([0.0]).tolist()
    [0.0]
    """
    x = _floats(x)
    return x * sigmoid(x)


def _slope_of_mish(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    bent = np.tanh(softplus(x))
    return bent + x * (1 - np.square(bent)) * sigmoid(x)


@_slope(_slope_of_mish)
def mish(x: Any) -> np.ndarray:
    """Give ``x * tanh(softplus(x))``.

    >>> mish([0.0]).tolist()
    [0.0]
    """
    x = _floats(x)
    return x * np.tanh(softplus(x))


def _below(x: np.ndarray) -> np.ndarray:
    """Give the share of a standard normal that lies below `x`."""
    return ((1 + _erf(x / math.sqrt(2))) / 2).astype(x.dtype)


def _slope_of_gelu(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _below(x) + x * np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi)


@_slope(_slope_of_gelu)
def gelu(x: Any) -> np.ndarray:
    """Give `x` times the share of a standard normal that lies below it (Hendrycks, Gimpel 2016).

    >>> gelu([0.0]).tolist()
    [0.0]
    """
    x = _floats(x)
    return x * _below(x)


# Over the last axis -----------------------------------------------------------------------------


@_goes_back(lambda x, y, grad: grad_masked_softmax(y, grad))
def softmax(x: Any) -> np.ndarray:
    """Give shares of 1 over the last axis.

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    return masked_softmax(_floats(x))


@_goes_back(lambda x, y, grad: grad - np.exp(y) * grad.sum(axis=-1, keepdims=True))
def log_softmax(x: Any) -> np.ndarray:
    """Give the logarithm of `softmax`, without leaving the range.

    >>> log_softmax([[0.0, 1000.0]]).tolist()
    [[-1000.0, 0.0]]
    """
    x = _floats(x)
    less = x - x.max(axis=-1, keepdims=True)
    return less - np.log(np.exp(less).sum(axis=-1, keepdims=True))


# By name ----------------------------------------------------------------------------------------


REGISTRY = Registry(
    "activation", "keras.activations", (),
    {f.__name__: f for f in (
        celu, elu, exponential, gelu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu,
        linear, log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink,
        softmax, softplus, softsign, sparse_plus, sparse_sigmoid, squareplus, tanh, tanh_shrink,
    )} | {"swish": silu, "hard_swish": hard_silu},
)  # fmt: skip


def get(identifier: Any) -> Callable[[Any], np.ndarray]:
    """Give the activation that a name, dict or callable means; None means `linear`.

    Raises
    ------
    ValueError
        "Could not interpret activation function identifier", with the names that are known.

    Examples
    --------
    >>> get("relu").__name__, get(None).__name__
    ('relu', 'linear')
    """
    if identifier is None:
        return linear
    try:
        return REGISTRY.get(identifier)
    except ValueError as error:
        key = "Could not interpret activation"
        raise ValueError(str(error).replace(key, f"{key} function", 1)) from None


def serialize(activation: Any) -> Any:
    """Give the name from which `deserialize` finds the activation again.

    >>> serialize(silu), serialize(None)
    ('silu', None)
    """
    return REGISTRY.serialize(activation)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Give the activation that a name or dict describes; nothing in it is executed.

    >>> deserialize("tanh").__name__
    'tanh'
    """
    return REGISTRY.deserialize(config, custom_objects)


def gradient(activation: Any, x: np.ndarray, y: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Give the gradient of `x`, where ``y = activation(x)`` and `grad` is the gradient of `y`.

    Raises
    ------
    NotImplementedError
        For a function that has no ``grad(x, y, grad)`` of its own.

    Examples
    --------
    >>> x = np.array([-1.0, 2.0])
    >>> gradient(relu, x, relu(x), np.array([5.0, 5.0])).tolist()
    [0.0, 5.0]
    """
    back = getattr(activation, "grad", None)
    if back is None:
        raise NotImplementedError(
            f"training needs grad(x, y, grad) of an activation. {activation!r:.60} has none. "
            "Set it: my_activation.grad = lambda x, y, grad: ..."
        )
    return back(x, y, grad)
