"""How traces say numbers and lists: the same way in summaries, pictures and alt texts."""

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["counted", "number", "several", "shown"]

_JOINERS = "\u200c\u200d"  # they hold emoji families and Persian words together


def number(value: Any, digits: int = 2) -> str:
    """Say a number with a fixed count of decimals and a true minus.

    Examples
    --------
    >>> number(-0.421), number(0), number(np.float32(np.nan))
    ('−0.42', '0.00', 'NaN')
    """
    value = float(value)
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")  # no "−0.00"
    return text.replace("-", "−")


def counted(value: int, one: str = "", many: str = "") -> str:
    """Say a whole number in groups of three, with its noun if one is given.

    Examples
    --------
    >>> counted(50000), counted(1, "row"), counted(2, "row")
    ('50 000', '1 row', '2 rows')
    """
    text = f"{value:,}".replace(",", " ").replace("-", "−")
    noun = one if value == 1 else (many or one + "s")
    return f"{text} {noun}" if one else text


def several(items: Iterable[str], most: int = 8, *, between: str = ", ") -> str:
    """Join the first few items and say how many are left out.

    Examples
    --------
    >>> several(["a", "b", "c"], 2)
    'a, b … and 1 more'
    """
    items = list(items)
    text = between.join(items[:most])
    return text if len(items) <= most else f"{text} … and {counted(len(items) - most)} more"


def shown(word: str, longest: int = 16) -> str:
    """Give a word as it fits a label: control characters out, the end cut.

    Examples
    --------
    >>> shown("antidisestablishmentarianism", 8)
    'antidis…'
    """
    word = "".join(c if c.isprintable() or c in _JOINERS else "␣" for c in word)
    return word if len(word) <= longest else word[: longest - 1] + "…"
