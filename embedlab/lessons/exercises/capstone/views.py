"""Which view shows it? Lesson 12 asks, and opens the right one on the numbers of the case."""

from collections.abc import Callable
from typing import Any

from embedlab.core.lora import Adapter, merge
from embedlab.data.vocabulary import Vocabulary
from embedlab.layers.embedding import Embedding
from embedlab.layers.pooling import GlobalAveragePooling1D
from embedlab.lessons.exercises.capstone.data import (
    DAYS,
    MENU,
    PRICES,
    VISITORS,
    Discount,
    adapter,
    tastes,
)
from embedlab.lessons.question import Reply

__all__ = ["evidence"]

_SHOWS = {
    "lookup": "which row each id reads, and which id meets the fence",
    "gradient": "what comes back to each row, and what becomes of duplicates",
    "mask": "where the mask goes, layer by layer, and what the loss makes of it",
    "training": "how far every row moves at every step, with and without a gradient",
    "lora": "an adapter beside its table: rank, alpha, and which rows drift",
    "quantize": "a row, its levels, and what rounding costs each row",
    "geometry": "which words are near each other, truly and on a flat map",
}


def _id() -> Any:
    from embedlab.explorers.lookup import LookupExplorer

    layer = Embedding(13, 4, mask_zero=True, seed=12, name="menu")
    layer.build()
    return LookupExplorer("tea milk juice", vocabulary=MENU, layer=layer)


def _loss() -> Any:
    from embedlab.explorers.gradient import GradientExplorer

    weekend = "sat sun " * len(VISITORS)
    return GradientExplorer(
        weekend.strip(), vocabulary=Vocabulary(DAYS), output_dim=4, seed=2, rule="assign"
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

    a, b, alpha = adapter()
    table = merge(tastes(), [Adapter(a, b, alpha / len(b))])
    return QuantizationExplorer(table, words=MENU.words, way="int8", row=10)


_CASES: dict[str, tuple[str, Callable[[], Any], str]] = {
    "id": ("lookup", _id, "Here no row is found at all: who shows where an id lands?"),
    "loss": ("gradient", _loss, "Each day comes four times: who shows what becomes of the four?"),
    "factor": ("mask", _factor, "Padding changes the answer: who shows which places count?"),
    "drift": ("training", _drift, "Rows move without a gradient: who shows each step of a row?"),
    "int8": ("quantize", _int8, "The floats are fine and the codes are not: who shows codes?"),
}


def evidence(case: str, view: str = "?") -> Any:
    """Open a view on one of the five cases, if it is the one that shows the fault.

    Parameters
    ----------
    case : str
        "id", "loss", "factor", "drift" or "int8".
    view : str
        Such as "lookup". "?" tells which views there are.

    Returns
    -------
    Explorer or Reply
        The view, on the numbers of the case; or what the chosen view would show instead.

    Raises
    ------
    KeyError
        For an unknown case.

    Examples
    --------
    >>> evidence("id", "geometry")
    ✗ geometry shows which words are near each other, truly and on a flat map.
    Here no row is found at all: who shows where an id lands?
    >>> evidence("id", "lookup").trace.refused[:37]
    'ids must lie in 0..12 (input_dim=13).'
    """
    if case not in _CASES:
        raise KeyError(
            f"case must be one of {', '.join(_CASES)}. Received {case!r:.40}. Copy it from lesson "
            "12."
        )
    right, look, hint = _CASES[case]
    chosen = view.strip().lower() if isinstance(view, str) else ""
    if chosen == right:
        return look()
    if chosen in _SHOWS:
        return Reply((f"✗ {chosen} shows {_SHOWS[chosen]}.", hint))
    listed = [f"{name}: {shows}" for name, shows in _SHOWS.items()]
    return Reply(("Which view shows it?", *listed, "Put its name between the quotes."))
