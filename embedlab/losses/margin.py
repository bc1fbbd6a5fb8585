"""Losses with a margin: no cost once the truth is far enough ahead."""

import numpy as np

from embedlab.losses.base import Loss

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge"]


def hinge(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean(max(1 - t * p, 0))``, for labels -1 and 1 (0 counts as -1)."""
    return np.mean(np.maximum(1 - _signs(y_true) * y_pred, 0), axis=-1)


def grad_hinge(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``-t / D`` inside the margin."""
    t = _signs(y_true)
    return -t * (1 - t * y_pred > 0) / y_pred.shape[-1]


class Hinge(Loss):
    """The margin of a support vector machine.

    >>> float(Hinge()([[1.0]], [[0.25]]))
    0.75
    """

    function, gradient = hinge, grad_hinge


def squared_hinge(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``mean(max(1 - t * p, 0) ** 2)``."""
    return np.mean(np.square(np.maximum(1 - _signs(y_true) * y_pred, 0)), axis=-1)


def grad_squared_hinge(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``-2 t max(1 - t * p, 0) / D``."""
    t = _signs(y_true)
    return -2 * t * np.maximum(1 - t * y_pred, 0) / y_pred.shape[-1]


class SquaredHinge(Loss):
    """The same, squared.

    >>> float(SquaredHinge()([[1.0]], [[0.5]]))
    0.25
    """

    function, gradient = squared_hinge, grad_squared_hinge


def categorical_hinge(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return ``max(1 + best wrong score - right score, 0)``."""
    right = np.sum(y_true * y_pred, axis=-1)
    wrong = np.max((1 - y_true) * y_pred, axis=-1)
    return np.maximum(wrong - right + 1, 0)


def grad_categorical_hinge(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return -1 at the truth and 1 at the best wrong class, inside the margin."""
    wrong = (1 - y_true) * y_pred
    best = np.argmax(wrong, axis=-1)[..., None] == np.arange(y_pred.shape[-1])
    inside = categorical_hinge(y_true, y_pred)[..., None] > 0
    return (best * (1 - y_true) - y_true) * inside


class CategoricalHinge(Loss):
    """A margin between the right class and the best wrong one.

    >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
    0.75
    """

    function, gradient = categorical_hinge, grad_categorical_hinge


def _signs(y_true: np.ndarray) -> np.ndarray:
    """Write labels 0 and 1 as -1 and 1; others stay."""
    return 2 * y_true - 1 if np.all((y_true == 0) | (y_true == 1)) else y_true
