"""Losses of the lessons with their gradients: how wrong, and which way is better.

NumPy alone: a loss reads each number once or twice, and no loop would be faster.
"""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_array
from embedlab.core.ids import IdError, as_ids

__all__ = ["binary_crossentropy", "categorical_crossentropy", "mse"]


def mse(
    predicted: Any, target: Any, *, mask: Any = None, weights: Any = None
) -> tuple[float, np.ndarray]:
    """Return the mean squared error, and its gradient with respect to what was predicted.

    Parameters
    ----------
    predicted : array_like, (..., D), float16, float32 or float64
    target : array_like of the same shape
    mask : array_like of bool, (...), optional
        Steps that count. The mean is taken over these.
    weights : array_like, (...), optional
        A factor for the error of each step; the mean still divides by the number of steps.

    Returns
    -------
    loss : float
        The mean over D, then over the steps. No step at all gives 0.
    grad : ndarray, the shape and dtype of `predicted`

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit.

    Notes
    -----
    Source: ``keras.losses.MeanSquaredError``, with its default mean; masked as Keras does, by
    weighting the valid steps with total / valid.

    Examples
    --------
    >>> loss, grad = mse([[1.0, 3.0]], [[0.0, 1.0]])
    >>> loss, grad.tolist()
    (2.5, [[1.0, 2.0]])
    """
    predicted, kind = _floats(predicted)
    difference = predicted - _same(target, predicted, "target")
    share = _share(predicted.shape[:-1], mask, weights) / max(predicted.shape[-1], 1)
    errors = np.where(share[..., None] == 0, 0, difference)  # a masked NaN does not count
    loss = float((errors * errors * share[..., None]).sum())
    return loss, (2 * errors * share[..., None]).astype(kind)


def binary_crossentropy(
    logits: Any, target: Any, *, mask: Any = None, weights: Any = None
) -> tuple[float, np.ndarray]:
    """Return the binary cross-entropy from logits, and its gradient with respect to them.

    Parameters
    ----------
    logits : array_like, (..., D), float16, float32 or float64
        Before the sigmoid: any size, nothing overflows.
    target : array_like of the same shape, 0 to 1
    mask, weights
        As `mse`.

    Returns
    -------
    loss : float
        The mean of ``log(1 + exp(x)) - x * target``.
    grad : ndarray, the shape and dtype of `logits`
        ``sigmoid(x) - target``, divided by what the mean divides by.

    Notes
    -----
    Source: ``keras.losses.BinaryCrossentropy(from_logits=True)``.

    Examples
    --------
    >>> loss, grad = binary_crossentropy([[0.0]], [[1.0]])
    >>> round(loss, 6), grad.tolist()
    (0.693147, [[-0.5]])
    """
    logits, kind = _floats(logits, "logits")
    target = _same(target, logits, "target")
    share = _share(logits.shape[:-1], mask, weights)[..., None] / max(logits.shape[-1], 1)
    kept = np.where(share == 0, 0, logits)
    small = np.exp(-np.abs(kept))  # never above 1
    losses = np.maximum(kept, 0) - kept * target + np.log1p(small)
    sigmoid = np.where(kept >= 0, 1, small) / (1 + small)
    return float((losses * share).sum()), ((sigmoid - target) * share).astype(kind)


def categorical_crossentropy(
    logits: Any, target: Any, *, mask: Any = None, weights: Any = None
) -> tuple[float, np.ndarray]:
    """Return the cross-entropy of a choice among C, from logits, and its gradient.

    Parameters
    ----------
    logits : array_like, (..., C), float16, float32 or float64
        Before the softmax: any size, nothing overflows.
    target : array_like of int, (...), or of float, (..., C)
        The number of the right choice, or how probable each is.
    mask, weights
        As `mse`. Where the mask is False the target is not looked at.

    Returns
    -------
    loss : float
        The mean over the steps of ``log(sum(exp(x))) - x[target]``.
    grad : ndarray, the shape and dtype of `logits`
        ``softmax(x) - target``, divided by the number of steps.

    Raises
    ------
    IdError
        For a choice outside 0..C-1.
    ShapeError, DtypeError
        For arrays that do not fit.

    Notes
    -----
    Source: ``keras.losses.CategoricalCrossentropy`` and ``SparseCategoricalCrossentropy``, both
    with ``from_logits=True``. As there, probabilities need not sum to 1.

    Examples
    --------
    >>> loss, grad = categorical_crossentropy([[0.0, 0.0]], [1])
    >>> round(loss, 6), grad.tolist()
    (0.693147, [[0.5, -0.5]])
    """
    logits, kind = _floats(logits, "logits")
    share = _share(logits.shape[:-1], mask, weights)[..., None]
    chosen = _probabilities(target, logits, share)
    kept = np.where(share == 0, 0, logits)
    shifted = kept - kept.max(axis=-1, keepdims=True, initial=-np.inf)
    powers = np.exp(shifted)
    sums = powers.sum(axis=-1, keepdims=True)
    losses = (chosen * (np.log(sums) - shifted)).sum(axis=-1, keepdims=True)
    total = chosen.sum(axis=-1, keepdims=True)
    grad = (powers / sums * total - chosen) * share
    return float((losses * share).sum()), grad.astype(kind)


def _floats(array: Any, name: str = "predicted") -> tuple[np.ndarray, np.dtype]:
    """Return an array in at least single precision, with the dtype it came in."""
    array = as_array(array, name)
    if array.dtype.char not in "efd":
        raise DtypeError(
            f"{name} must hold float16, float32 or float64. Received {array.dtype.str}. "
            "Cast it with astype('float32')."
        )
    if array.ndim == 0:
        raise ShapeError(
            f"{name} must have a last axis to take the mean over. Received shape (). "
            "Use reshape(1)."
        )
    return array.astype(np.float32) if array.dtype.char == "e" else array, array.dtype


def _same(target: Any, like: np.ndarray, name: str) -> np.ndarray:
    target = as_array(target, name)
    if target.shape != like.shape or target.dtype.kind not in "fiub":
        raise ShapeError(
            f"{name} must hold numbers in shape {like.shape}. Received {target.dtype} in shape "
            f"{target.shape}. Give each prediction its target."
        )
    return target.astype(like.dtype, copy=False)


def _share(shape: tuple[int, ...], mask: Any, weights: Any) -> np.ndarray:
    """Return what each step counts in the mean: weight / number of valid steps, 0 where masked."""
    keep = np.ones(shape, bool) if mask is None else as_array(mask, "mask")
    factors = np.ones(shape) if weights is None else as_array(weights, "weights")
    for name, array, kinds in (("mask", keep, "b"), ("weights", factors, "fiub")):
        if array.shape != shape or array.dtype.kind not in kinds:
            raise ShapeError(
                f"{name} must have one {'bool' if kinds == 'b' else 'number'} for each step, shape "
                f"{shape}. Received {array.dtype} in shape {array.shape}. Leave out the last axis."
            )
    return np.where(keep, factors / max(int(keep.sum()), 1), 0.0)


def _probabilities(target: Any, logits: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the target as probabilities: one-hot where it is the number of a choice."""
    array = as_array(target, "target")
    if array.dtype.kind == "f" and array.shape == logits.shape:
        return np.where(share == 0, 0, array).astype(logits.dtype)
    choice = as_ids(target)
    if choice.shape != logits.shape[:-1]:
        raise ShapeError(
            f"target must hold choices in shape {logits.shape[:-1]} or probabilities in shape "
            f"{logits.shape}. Received {array.dtype} in shape {array.shape}. Give each step one."
        )
    choice = np.where(share[..., 0] == 0, 0, choice)
    count = logits.shape[-1]
    wrong = (choice < 0) | (choice >= count)
    if wrong.any():
        at = [tuple(int(i) for i in place) for place in np.argwhere(wrong)[:16]]
        bad = [int(choice[place]) for place in at]
        raise IdError(
            f"target must lie in 0..{count - 1} ({count} choices). Received {bad[0]} at "
            f"{list(at[0])}. Widen the logits, or mask that step.",
            bad,
            at,
            count,
        )
    return (choice[..., None] == np.arange(count)).astype(logits.dtype)
