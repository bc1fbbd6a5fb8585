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

    Every number is moved a little up and down, and the change of a random sum of the outputs is
    held against what `backward` says. Right gradients give errors near 1e-9, wrong ones near 1.

    Parameters
    ----------
    layer : Layer or Model
        With dtype "float64", or DtypeError: float32 is too coarse to tell.
    inputs : array_like
        Ids (their own gradient is not checked) or floats.
    mask : array_like, optional
    epsilon : float
        How far a number moves.
    at_most : int
        Numbers to try in each array, chosen at random (by `seed`) where there are more.

    Returns
    -------
    dict of name to float
        The largest ``abs(claimed - measured) / max(1, abs(claimed), abs(measured))``; also of
        "inputs" where `backward` gives a gradient for them.

    Examples
    --------
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
