"""Formatting of numbers, counts and lists in summaries, figures and alt texts."""

import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["format_count", "format_number", "join_some", "short_label"]

_JOINERS = "\u200c\u200d"  # zero-width joiners of emoji and Persian words
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))  # two of them are a flag
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))  # they spell the flag of a region


def format_number(value: Any, digits: int = 2) -> str:
    """Return a number with a fixed number of decimals and a minus sign.

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
    """Return an integer in groups of three digits, with a noun if one is given.

    Examples
    --------
    >>> format_count(50000), format_count(1, "row"), format_count(2, "row")
    ('50 000', '1 row', '2 rows')
    """
    text = f"{value:,}".replace(",", " ").replace("-", "−")
    noun = one if value == 1 else (many or one + "s")
    return f"{text} {noun}" if one else text


def join_some(items: Iterable[str], most: int = 8, *, between: str = ", ") -> str:
    """Join the first few items, followed by the number of the others.

    Examples
    --------
    >>> join_some(["a", "b", "c"], 2)
    'a, b … and 1 more'
    """
    items = list(items)
    text = between.join(items[:most])
    return text if len(items) <= most else f"{text} … and {format_count(len(items) - most)} more"


def short_label(word: str, longest: int = 16) -> str:
    """Return a word as a label: without control characters, and cut to a length.

    Examples
    --------
    >>> short_label("antidisestablishmentarianism", 8)
    'antidis…'
    >>> short_label("ab👩🏽‍🚀cdefgh", 5), short_label("🇩🇪🇫🇷🇮🇹", 4)
    ('ab…', '🇩🇪…')
    """
    if not word.isprintable():
        word = "".join(c if c.isprintable() or c in _JOINERS + _TAGS else "␣" for c in word)
    return word if len(word) <= longest else word[: _whole(word, longest - 1)] + "…"


def _whole(word: str, length: int) -> int:
    """Return the largest number of characters up to `length` that cuts no sign in two."""
    end = length
    while end and (_continues(word[end]) or word[end - 1] == "\u200d"):
        end -= 1
    letters = len(word[:end]) - len(word[:end].rstrip(_FLAG_LETTERS))
    end -= letters % 2 if word[end] in _FLAG_LETTERS else 0
    return end or length  # one sign may be longer than the label


def _continues(sign: str) -> bool:
    """Return whether a sign belongs to the one before it."""
    combining = unicodedata.category(sign) in ("Mn", "Mc", "Me")
    return combining or sign in _JOINERS + _TAGS or "\U0001f3fb" <= sign <= "\U0001f3ff"
