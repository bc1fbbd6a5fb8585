"""The data and layers of lesson 12: a bakery with five small models."""

import csv
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from embedlab.core.geometry import nearest
from embedlab.core.lora import truncated_svd_adapter
from embedlab.data.vocabulary import Vocabulary
from embedlab.layers.embedding import Embedding
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable
from embedlab.models import Sequential
from embedlab.optimizers import SGD, Adam
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "MENU",
    "PRICES",
    "WEEKDAYS",
    "Discount",
    "adapter",
    "forecast",
    "neighbor",
    "tastes",
    "ten_days",
    "traded_shares",
]

MENU = Vocabulary(
    [
        "cake",
        "pie",
        "bun",
        "tart",
        "soup",
        "bread",
        "roll",
        "quiche",
        "tea",
        "coffee",
        "milk",
        "juice",
    ]
)
"""Twelve words, ids 2 to 13; 0 is padding and 1 every unknown word."""

PRICES = readonly_copy(np.array([0, 0, 6, 4, 1, 5, 4, 3, 1, 5, 2, 3, 0, 2], np.float32)[:, None])
"""(14, 1): what each word of `MENU` costs. Milk is free; padding and unknown words are none."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")

TARGETS = readonly_copy(np.array([[4.0, 1.0], [3.0, -2.0], [-3.0, 2.0], [-1.0, -4.0]]))
"""(4, 2): how sweet and how salty guests find four dishes."""


class Discount(Layer):
    """The bakery's own layer: half of every price.

    >>> Discount(name="discount")(np.array([6.0, 4.0])).tolist()
    [3.0, 2.0]
    """

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return half of the inputs, and no context."""
        return inputs / 2, None

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return half of the gradient."""
        return Gradients(grad / 2, {})

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the inputs."""
        return tuple(input_shape)


class _ByHand(Embedding):
    """An Embedding whose gradient somebody wrote by hand."""

    def __init__(self, backward: Callable[..., Any], **kwargs: Any):
        super().__init__(**kwargs)
        self._by_hand = backward

    def backward(self, context: Any, grad: Any) -> Gradients:
        return Gradients(None, {"embeddings": self._by_hand(context.ids, grad, self.input_dim)})


@cache
def traded_shares() -> tuple[np.ndarray, np.ndarray]:
    """Return the weekdays (N,) and the traded Microsoft shares (N, 1), in millions, of 65 days.

    The numbers are real, of June to September 2003. They come with matplotlib, as sample data.

    >>> days, volume = traded_shares()
    >>> days.shape, volume.shape, set(days.tolist()) == set(range(5))
    ((65,), (65, 1), True)
    """
    with (Path(matplotlib.get_data_path()) / "sample_data" / "msft.csv").open() as file:
        rows = list(csv.DictReader(file))[::-1]  # the newest day comes first in the file
    days = [datetime.strptime(row["Date"], "%d-%b-%y").weekday() for row in rows]
    volume = np.array([int(row["Volume"]) / 1e6 for row in rows], np.float32)[:, None]
    return readonly_copy(np.array(days)), readonly_copy(volume)


def forecast(backward: Callable[..., Any], epochs: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """Train a table with one number for each weekday on all traded shares at once.

    Parameters
    ----------
    backward : callable
        ``backward(ids, grad_out, V)`` returns the gradient of the table, (V, D), from the upstream
        gradient of each position of `ids`, (N, D).
    epochs : int

    Returns
    -------
    losses : ndarray, (epochs,)
        The mean squared error before each step.
    table : ndarray, (5,)
        What the model expects on each weekday, in millions of shares.

    Examples
    --------
    >>> from embedlab import grad_table
    >>> losses, table = forecast(grad_table)
    >>> days, volume = traded_shares()
    >>> bool(np.isclose(table[0], volume[days == 0].mean()))
    True
    """
    layer = _ByHand(backward, input_dim=5, output_dim=1, embeddings_initializer="zeros")
    model = Sequential([layer])
    model.compile(SGD(2.5), "mse")
    days, volume = traded_shares()
    history = model.fit(days, volume, epochs=epochs, batch_size=days.size, shuffle=False, verbose=0)
    return np.array(history.history["loss"]), layer.table.value[:, 0].copy()


def ten_days(expected: Any = TARGETS) -> tuple[Variable, Adam, np.ndarray]:
    """Train all rows of a table for ten days; return it with its Adam optimizer.

    Parameters
    ----------
    expected : array_like, (V, D)
        The target of the rows, which start at zero.

    Returns
    -------
    table : Variable, (V, D) float64
    adam : Adam
        It has state for every row by now.
    expected : ndarray, (V, D)

    Examples
    --------
    >>> table, adam, target = ten_days()
    >>> table.value.shape, adam.iterations
    ((4, 2), 10)
    """
    expected = np.array(expected)
    table, adam = Variable(np.zeros(expected.shape), dtype="float64"), Adam(0.1)
    for _ in range(10):
        adam.apply([table.value - expected], [table])
    return table, adam, expected


def tastes() -> np.ndarray:
    """Return a float32 table (14, 8) with similar rows for cakes, for meals and for drinks.

    >>> tastes().shape
    (14, 8)
    """
    rng = np.random.default_rng(5)
    table = np.zeros((14, 8), np.float32)
    middles = np.repeat(rng.normal(size=(3, 8)), 4, axis=0)
    table[2:] = 0.4 * (middles + 0.7 * rng.normal(size=(12, 8)))
    return table


def adapter() -> tuple[np.ndarray, np.ndarray, float]:
    """Return A (14, 2), B (2, 8) and alpha of an adapter for two words: “cake” became a star.

    >>> A, B, alpha = adapter()
    >>> np.flatnonzero(np.abs(A @ B).max(axis=1) > 1e-6).tolist()  # cake and pie
    [2, 3]
    """
    change = np.zeros((14, 8), np.float32)
    change[2, 3], change[3, 5] = 40.0, 1.0
    factors = truncated_svd_adapter(change, 2, scale=2.0)  # alpha / r = 4 / 2
    return factors.a, factors.b, 4.0


def neighbor(table: np.ndarray, word: str) -> str:
    """Return the word of the menu whose row in a table (14, D) is nearest to that of `word`.

    >>> neighbor(tastes(), "soup")
    'bread'
    """
    neighbors = nearest(table, table[MENU.words.index(word)], 2, first=2)
    return next(MENU.words[i] for i in neighbors.ids if MENU.words[i] != word)
