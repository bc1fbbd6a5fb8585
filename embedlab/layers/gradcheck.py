"""The gradient check: does `backward` say what really happens when a number moves?"""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, message
from embedlab.core.gradient import SparseGrad
from embedlab.layers.layer import Layer

__all__ = ["gradcheck"]


def gradcheck(
    layer: Layer,
    inputs: Any,
    *,
    mask: Any = None,
    epsilon: float = 1e-6,
    at_most: int = 200,
    seed: int = 0,
) -> dict[str, float]:
    """Return the largest error of `backward` for the inputs and for each weight.

    Numbers of the inputs (not of ids) and of the weights are moved by `epsilon` up and down, and
    the change of a random sum of the outputs is compared with what `backward` claims: errors are
    ``abs(claimed - measured) / max(1, abs(claimed), abs(measured))``, near 1e-9 for right gradients
    and near 1 for wrong ones. Of an array with more than `at_most` numbers, as many are chosen at
    random. The layer (or model) needs dtype "float64", or DtypeError: float32 is too coarse.

    >>> from embedlab.layers import Embedding
    >>> gradcheck(Embedding(5, 3, dtype="float64"), [[1, 1, 4]])["embeddings"] < 1e-6
    True
    """
    inputs = np.array(inputs)
    outputs, _, context = layer.forward_with_mask(inputs, mask)
    if np.asarray(outputs).dtype != np.float64:
        received = f"outputs of {np.asarray(outputs).dtype}"
        do = 'Make the layers with dtype="float64"'
        raise DtypeError(message("a gradient check needs float64", received, do))
    rng = np.random.default_rng(seed)
    probe = rng.normal(size=np.shape(outputs))
    gradients = layer.backward(context, probe)

    def total() -> float:
        return float(np.vdot(layer.forward_with_mask(inputs, mask)[0], probe))

    def largest_error(array: np.ndarray, gradient: np.ndarray) -> float:
        largest = 0.0
        for place in rng.permutation(array.size)[:at_most]:
            at = np.unravel_index(place, array.shape)
            before = array[at]
            array[at] = before + epsilon
            up = total()
            array[at] = before - epsilon
            measured = (up - total()) / (2 * epsilon)
            array[at] = before
            claimed = float(gradient[at])
            error = abs(measured - claimed) / max(1.0, abs(measured), abs(claimed))
            largest = max(largest, error)
        return largest

    errors = {}
    if gradients.inputs is not None:
        errors["inputs"] = largest_error(inputs, gradients.inputs)
    named = layer.named_weights()
    for name, gradient in gradients.weights.items():
        dense = gradient.to_dense() if isinstance(gradient, SparseGrad) else gradient
        errors[name] = largest_error(named[name].value, dense)
    return errors
