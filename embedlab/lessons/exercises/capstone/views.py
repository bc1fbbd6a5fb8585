"""The views of lesson 12: the one that shows the fault of a case opens on the data of the case."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.core.lora import Adapter, merge
from embedlab.data.vocabulary import Vocabulary
from embedlab.layers.embedding import Embedding
from embedlab.layers.pooling_masking import GlobalAveragePooling1D
from embedlab.lessons.exercises.capstone.data import (
    MENU,
    PRICES,
    WEEKDAYS,
    Discount,
    adapter,
    tastes,
)
from embedlab.lessons.question import Reply, not_a_choice

__all__ = ["evidence"]

_SHOWS = {
    "lookup": "which row each id reads, and what happens to ids outside the table",
    "gradient": "the gradient of each row, and what happens when an id comes several times",
    "mask": "the mask after each layer, and its effect on the loss",
    "training": "how far each row moves at each step, with and without a gradient",
    "window": "the pairs of one skip-gram step, their losses, and the rows that it changes",
    "lora": "an adapter: its rank, its alpha, and which rows it changes",
    "quantize": "a row, its quantization levels, and the rounding error of each row",
    "shard": "which worker is asked for which row of a table, and the bytes that travel",
    "geometry": "which words are near each other, by cosine and on a flat map",
}


def _id() -> Any:
    from embedlab.explorers.lookup import LookupExplorer

    layer = Embedding(13, 4, mask_zero=True, seed=12, name="menu")
    layer.build()
    return LookupExplorer("tea milk juice", vocabulary=MENU, layer=layer, oob="clip")


def _loss() -> Any:
    from embedlab.explorers.gradient import GradientExplorer

    days = "thu fri " * 4
    return GradientExplorer(
        days.strip(), vocabulary=Vocabulary(WEEKDAYS), output_dim=4, seed=2, rule="assign"
    )


def _factor() -> Any:
    from embedlab.explorers.mask import MaskExplorer

    layers = [
        Embedding(14, 1, weights=PRICES, mask_zero=True, name="prices"),
        Discount(name="discount"),
        GlobalAveragePooling1D(name="mean"),
    ]
    return MaskExplorer("cake pie\nbread soup tea bun", model=layers, vocabulary=MENU, steps=4)


def _drift() -> Any:
    from embedlab.explorers.training import TrainingExplorer

    orders = "cake tea cake tea pie milk " * 4 + "soup bread roll soup bread roll " * 8
    return TrainingExplorer(orders.strip(), runs=["adam", "sgd"], steps=24, batch=3)


def _int8() -> Any:
    from embedlab.explorers.quantize import QuantizationExplorer

    # One scale for the whole table, as `ship` has it: the largest weight of all stands in each row.
    a, b, alpha = adapter()
    table = merge(tastes(), [Adapter(a, b, alpha / len(b))])
    largest = np.full((len(table), 1), np.abs(table).max(), table.dtype)
    return QuantizationExplorer(
        np.hstack([table, largest]), words=MENU.words, scheme="int8", row=10
    )


_CASES: dict[str, tuple[str, Callable[[], Any], str]] = {
    "id": (
        "lookup",
        _id,
        "Two words have the same numbers. Which view shows the row that an id reads?",
    ),
    "loss": (
        "gradient",
        _loss,
        "Each weekday comes many times. Which view shows what happens to its gradients?",
    ),
    "factor": (
        "mask",
        _factor,
        "Padding changes the result. Which view shows which positions count?",
    ),
    "drift": (
        "training",
        _drift,
        "Rows move without a gradient. Which view shows each step of a row?",
    ),
    "int8": (
        "quantize",
        _int8,
        "The floats are right and the codes are not. Which view shows codes?",
    ),
}


def evidence(case: str, view: str = "?") -> Any:
    """Open the named view on one of the five cases, if it is the one that shows the fault.

    Parameters
    ----------
    case : str
        "id", "loss", "factor", "drift" or "int8".
    view : str
        Such as "lookup". "?" lists the views.

    Returns
    -------
    Explorer or Reply
        The view, on the data of the case; or a sentence on what the chosen view shows.

    Raises
    ------
    KeyError
        For an unknown case.

    Examples
    --------
    >>> evidence("id", "geometry")
    ✗ geometry shows which words are near each other, by cosine and on a flat map.
    Two words have the same numbers. Which view shows the row that an id reads?
    >>> evidence("id", "lookup").oob
    'clip'
    """
    if case not in _CASES:
        raise KeyError(
            f"case must be one of {', '.join(_CASES)}. Received {short_repr(case)}. "
            "Copy it from lesson 12."
        )
    right, look, hint = _CASES[case]
    chosen = view.strip().lower() if isinstance(view, str) else ""
    if chosen == right:
        return look()
    if chosen in _SHOWS:
        return Reply((f"✗ {chosen} shows {_SHOWS[chosen]}.", hint))
    listed = [f"{name}: {shows}" for name, shows in _SHOWS.items()]
    wrong = not_a_choice("the view", view, tuple(_SHOWS))
    lines = "Which view shows the cause?", *listed, "Put its name between the quotes."
    return Reply((wrong, *lines) if wrong else lines)
