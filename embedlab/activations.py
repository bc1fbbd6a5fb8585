"""Activations: linear, relu, tanh, sigmoid and softmax, under Keras's names.

There is no tape, so each function carries its own gradient: ``relu.grad(x, y, grad)`` is the
gradient of `x`, given ``y = relu(x)`` and the gradient of `y`. A function of your own needs such
an attribute to be trained.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.checks import message
from embedlab.registry import Registry, refuse_missing

_KERAS_ONLY_NAMES = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh "
    "leaky_relu log_sigmoid log_softmax mish relu6 selu silu soft_shrink softplus softsign "
    "sparse_plus sparse_sigmoid sparsemax squareplus swish tanh_shrink threshold"
)
__getattr__ = refuse_missing(__name__, _KERAS_ONLY_NAMES)


def _with_grad(grad: Callable[[Any, Any, Any], Any]) -> Callable[[Callable], Callable]:
    def mark(function: Callable) -> Callable:
        setattr(function, "grad", grad)  # noqa: B010  a plain function with an attribute
        return function

    return mark


def _floats(x: Any) -> np.ndarray:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float32)


@_with_grad(lambda x, y, grad: grad)
def linear(x: Any) -> np.ndarray:
    """Return `x` as it is: the same as no activation."""
    return _floats(x)


@_with_grad(lambda x, y, grad: grad * (x > 0))
def relu(x: Any) -> np.ndarray:
    """Return ``max(x, 0)``.

    >>> relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return np.maximum(_floats(x), 0)


@_with_grad(lambda x, y, grad: grad * (1 - np.square(y)))
def tanh(x: Any) -> np.ndarray:
    """Return the hyperbolic tangent, -1..1."""
    return np.tanh(_floats(x))


@_with_grad(lambda x, y, grad: grad * (y * (1 - y)))
def sigmoid(x: Any) -> np.ndarray:
    """Return ``1 / (1 + exp(-x))``, 0..1.

    >>> sigmoid([-1e9, 0.0, 1e9]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = _floats(x)
    wide = np.negative(x, dtype=np.promote_types(x.dtype, np.float32))
    with np.errstate(over="ignore"):  # to infinity, whose inverse is 0: as it should be
        out = np.exp(wide, out=np.empty_like(wide))
    out += 1  # in place: three passes instead of seven, a fifth of the time
    return np.divide(1, out, out=out).astype(x.dtype, copy=False)


def _grad_softmax(x: np.ndarray, y: np.ndarray, grad: np.ndarray) -> np.ndarray:
    grad = np.where(y == 0, 0, grad)  # a class without a share sends nothing back, not even NaN
    wide = np.promote_types(y.dtype, np.float32)
    mean = (y * grad).sum(axis=-1, keepdims=True, dtype=wide)
    return (y * (grad - mean)).astype(grad.dtype, copy=False)


@_with_grad(_grad_softmax)
def softmax(x: Any) -> np.ndarray:
    """Return ``exp(x) / sum of exp(x)`` over the last axis; all 0 where all are minus infinity.

    >>> softmax([[0.0, 0.0], [0.0, -np.inf]]).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    x = _floats(x)
    wide = x.astype(np.promote_types(x.dtype, np.float32), copy=False)
    largest = wide.max(axis=-1, keepdims=True, initial=-np.inf)
    shares = np.exp(wide - np.where(largest == -np.inf, 0, largest))
    total = shares.sum(axis=-1, keepdims=True)
    return np.divide(shares, np.where(total == 0, 1, total)).astype(x.dtype, copy=False)


REGISTRY = Registry(
    "activation function",
    "keras.activations",
    (),
    {f.__name__: f for f in (linear, relu, sigmoid, softmax, tanh)},
    _KERAS_ONLY_NAMES,
)
serialize, deserialize = REGISTRY.serialize, REGISTRY.deserialize


def get(identifier: Any) -> Callable[[Any], np.ndarray]:
    """Return the activation that a name, dict or callable means; None means `linear`."""
    activation: Callable[[Any], np.ndarray] = REGISTRY.get(identifier) or linear
    return activation


def gradient(activation: Any, x: np.ndarray, y: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Return the gradient of `x`, where ``y = activation(x)`` and `grad` is the gradient of `y`.

    >>> x = np.array([-1.0, 2.0])
    >>> gradient(relu, x, relu(x), np.array([5.0, 5.0])).tolist()
    [0.0, 5.0]
    """
    slope = getattr(activation, "grad", None)
    if slope is None:
        must = "an activation must have a function grad(x, y, grad) to be trained"
        do = "Set it: my_activation.grad = lambda x, y, grad: ..."
        raise NotImplementedError(message(must, f"{activation!r:.60}", do))
    return slope(x, y, grad)


__all__ = [*REGISTRY.names, "deserialize", "get", "gradient", "serialize"]
