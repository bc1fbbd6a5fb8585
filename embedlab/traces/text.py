"""How traces say numbers and lists: the same way in summaries, pictures and alt texts."""

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["format_count", "format_number", "join_some", "short_label"]

_JOINERS = "\u200c\u200d"  # they hold emoji families and Persian words together


def format_number(value: Any, digits: int = 2) -> str:
    """Say a number with a fixed count of decimals and a true minus.

    Examples
    --------
    >>> format_number(-0.421), format_number(0), format_number(np.float32(np.nan))
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


def format_count(value: int, one: str = "", many: str = "") -> str:
    """Say a whole number in groups of three, with its noun if one is given.

    Examples
    --------
    >>> format_count(50000), format_count(1, "row"), format_count(2, "row")
    ('50 000', '1 row', '2 rows')
    """
    text = f"{value:,}".replace(",", " ").replace("-", "−")
    noun = one if value == 1 else (many or one + "s")
    return f"{text} {noun}" if one else text


def join_some(items: Iterable[str], most: int = 8, *, between: str = ", ") -> str:
    """Join the first few items and say how many are left out.

    Examples
    --------
    >>> join_some(["a", "b", "c"], 2)
    'a, b … and 1 more'
    """
    items = list(items)
    text = between.join(items[:most])
    return text if len(items) <= most else f"{text} … and {format_count(len(items) - most)} more"


def short_label(word: str, longest: int = 16) -> str:
    """Return a word as it fits a label: control characters out, the end cut.

    Examples
    --------
    >>> short_label("antidisestablishmentarianism", 8)
    'antidis…'
    """
    word = "".join(c if c.isprintable() or c in _JOINERS else "␣" for c in word)
    return word if len(word) <= longest else word[: longest - 1] + "…"
