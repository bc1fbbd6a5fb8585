"""Labels of the rows of a table, by which a map can be colored."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import message, short_repr
from embedlab.traces.text import short_label

__all__ = ["MISSING", "LabelColumn", "read_labels"]

MISSING, _OTHER = 255, 254
"""Codes of a row without a label, and of one whose label is rarer than those that have a code."""

_COLUMNS_MAX, _NAME_MAX, _NAMES_MAX, _FEW = 8, 24, 40, 12
_RESERVED = "nearness"
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """One column of labels: categories, or numbers.

    Attributes
    ----------
    legend : dict
        ``{"kind": "categories", "names", "counts", "missing"}``, the most frequent first, or
        ``{"kind": "numbers", "low", "high", "log", "missing"}``.
    values : ndarray, (V,)
        The number of each row's category in uint8, or its value in float32, NaN without one.
    """

    legend: dict[str, Any]
    values: np.ndarray


def read_labels(labels: Any, height: int) -> dict[str, LabelColumn]:
    """Return columns of labels by their names.

    Numbers give a scale, all else gives categories. Whole numbers of which there are at most 12
    different ones, such as those of clusters, are categories too.

    Parameters
    ----------
    labels : mapping of str to sequence, DataFrame, sequence or None
        One label for each row; a sequence alone is the column "label".
    height : int

    Raises
    ------
    ValueError
        For more than 8 columns, another name, or another number of labels.

    Examples
    --------
    >>> read_labels(["noun", "verb", "noun", None], 4)["label"].legend
    {'kind': 'categories', 'names': ['noun', 'verb'], 'counts': [2, 1], 'missing': 1}
    >>> read_labels({"frequency": [0.5, 2.0]}, 2)["frequency"].legend
    {'kind': 'numbers', 'low': 0.5, 'high': 2.0, 'log': False, 'missing': 0}
    """
    if labels is None:
        return {}
    table = isinstance(labels, Mapping) or hasattr(labels, "columns")
    columns = dict(labels.items()) if table else {"label": labels}
    if len(columns) > _COLUMNS_MAX:
        must = f"labels must have at most {_COLUMNS_MAX} columns"
        raise ValueError(message(must, f"{len(columns)} of them", "Choose some"))
    return {_name(name): _column(name, values, height) for name, values in columns.items()}


def _name(name: Any) -> str:
    valid = isinstance(name, str) and name.strip() and len(name) <= _NAME_MAX and name.isprintable()
    if not valid or name == _RESERVED:
        must = f"the name of a column of labels must have 1 to {_NAME_MAX} characters"
        raise ValueError(message(must, short_repr(name), f"Choose another, not {_RESERVED}"))
    return str(name)


def _column(name: str, values: Any, height: int) -> LabelColumn:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        must = f"the labels {name} must be a sequence with one for each row"
        raise ValueError(message(must, short_repr(values), f"Pass {height} of them"))
    if len(values) != height:
        must = f"the labels {name} must be one for each of the {height} rows"
        raise ValueError(message(must, len(values), "Pass one for each row, None where unknown"))
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    items = [None if _is_missing(value) else value for value in plain]
    present = [value for value in items if value is not None]
    numeric = all(
        isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        for value in present
    )
    whole = numeric and all(float(value).is_integer() for value in present)
    if present and numeric and not (whole and len(set(present)) <= _FEW):
        return _numbers(items)
    return _categories([None if v is None else _text(v, whole) for v in items])


def _is_missing(value: Any) -> bool:
    """Return whether a label is None, empty, NaN, beyond float32, or pandas' missing value."""
    if isinstance(value, (int, float, np.floating)):
        number = value if isinstance(value, int) else float(value)
        return not -_LARGEST <= number <= _LARGEST
    return value is None or type(value).__name__ in ("NAType", "NaTType") or str(value) == ""


def _text(value: Any, whole: bool) -> str:
    return short_label(str(int(value) if whole else value), 40)


def _categories(items: list[str | None]) -> LabelColumn:
    counts = Counter(item for item in items if item is not None)
    ranked = counts.most_common()
    code: dict[str | None, int] = {name: n for n, (name, _) in enumerate(ranked[:_NAMES_MAX])}
    codes = [MISSING if item is None else code.get(item, _OTHER) for item in items]
    some = ranked[:_NAMES_MAX]
    legend = {
        "kind": "categories",
        "names": [name for name, _ in some],
        "counts": [count for _, count in some],
        "missing": items.count(None),
    }
    return LabelColumn(legend, np.array(codes, np.uint8))


def _numbers(items: list[Any]) -> LabelColumn:
    values = np.array([np.nan if item is None else item for item in items], np.float32)
    valid = values[np.isfinite(values)]
    low, high = (float(valid.min()), float(valid.max())) if valid.size else (0.0, 0.0)
    legend = {
        "kind": "numbers",
        "low": low,
        "high": high,
        # Counts of words: on a linear scale all but a few would have one color.
        "log": low > 0 and high / low >= 100,
        "missing": int(values.size - valid.size),
    }
    return LabelColumn(legend, values)
