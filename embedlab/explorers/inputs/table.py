"""Tables of explorers: random, or from a user's array or layer."""

from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.core.checks import as_table

__all__ = [
    "COLUMNS_MAX",
    "ROWS_MAX",
    "as_array",
    "check_single_source",
    "random_table",
    "table_from_user",
]

ROWS_MAX, COLUMNS_MAX = 2048, 32


@lru_cache(maxsize=4)
def random_table(seed: int) -> np.ndarray:
    """Return the largest random table, so that growing V or D keeps the values already shown.

    Values have two decimals: the number on the screen is the number in the table.

    Parameters
    ----------
    seed : int

    Returns
    -------
    ndarray of float32, (ROWS_MAX, COLUMNS_MAX)
        Read-only: slice it, and copy the slice.

    Examples
    --------
    >>> random_table(7).shape, bool((random_table(7) == random_table(7).round(2)).all())
    ((2048, 32), True)
    """
    values = np.random.default_rng(seed).uniform(-0.9, 0.9, (ROWS_MAX, COLUMNS_MAX))
    table = (values.round(2) + 0.0).astype(np.float32)  # + 0.0: no minus zero
    table.flags.writeable = False
    return table


def check_single_source(
    source: Any = None, *, table: Any = None, layer: Any = None
) -> tuple[str, Any]:
    """Return the name and value of the one table or layer that was passed.

    Parameters
    ----------
    source : array_like or a layer with `embeddings`, optional
        Either of them, by position.
    table : array_like, optional
    layer : a layer with `embeddings`, optional

    Returns
    -------
    (str, object)
        "table" or "layer", and the object; "" and None when nothing was passed.

    Raises
    ------
    ValueError
        When more than one was passed.

    Examples
    --------
    >>> check_single_source([[1.0]])
    ('table', [[1.0]])
    >>> check_single_source()
    ('', None)
    """
    sources = [(n, value) for n, value in (("table", table), ("layer", layer)) if value is not None]
    if source is not None:
        sources.append(("layer" if hasattr(source, "embeddings") else "table", source))
    if len(sources) > 1:
        raise ValueError(
            f"only one table or layer can be shown. Received {len(sources)}. Pass one."
        )
    return sources[0] if sources else ("", None)


def table_from_user(
    source: Any, *, suggestion: str, maximum: tuple[int, int] = (ROWS_MAX, COLUMNS_MAX)
) -> np.ndarray:
    """Return a copy of a user's table, after a check of its size.

    Parameters
    ----------
    source : array_like (V, D), or a layer with `embeddings`
    suggestion : str
        The function that takes a table of any size, for the error text.
    maximum : (int, int)
        Rows and columns that the view can show.

    Raises
    ------
    ValueError
        For a layer without a table, and for a larger table.

    Examples
    --------
    >>> table_from_user([[0.5, 1.0]], suggestion="trace_lookup").shape
    (1, 2)
    """
    table = np.array(as_table(as_array(source)))
    rows, columns = table.shape
    if not (1 <= rows <= maximum[0] and 1 <= columns <= maximum[1]):
        raise ValueError(
            f"a table in this view must have 1 to {maximum[0]} rows and 1 to {maximum[1]} columns. "
            f"Received {table.shape}. Show a part of it, such as table[:{maximum[0]}, "
            f":{maximum[1]}]; {suggestion} takes any size."
        )
    return table


def as_array(source: Any) -> Any:
    """Return the array of a table, or of a layer's table.

    Raises
    ------
    ValueError
        For a layer that has not been built.
    """
    if isinstance(source, (np.ndarray, list, tuple)):
        return source
    if not hasattr(source, "embeddings") and hasattr(source, "__array__"):
        return source
    table = getattr(source, "embeddings", None)
    if table is None:
        raise ValueError(
            f"layer must be built. Received {type(source).__name__}, which has no table yet. "
            "Call it once, or call layer.build()."
        )
    return table.numpy() if hasattr(table, "numpy") else table
