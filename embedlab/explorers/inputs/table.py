"""The table behind a view: drawn from a seed, or a learner's own array or layer."""

from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.core.checks import as_table

__all__ = ["COLUMNS_MOST", "ROWS_MOST", "check_single_source", "random_table", "table_from_user"]

ROWS_MOST, COLUMNS_MOST = 2048, 32


@lru_cache(maxsize=4)
def random_table(seed: int) -> np.ndarray:
    """Draw the largest table once: growing V or D then keeps the numbers already seen.

    Two decimals, so that the number on the screen is the number in the table.

    Parameters
    ----------
    seed : int

    Returns
    -------
    ndarray of float32, (ROWS_MOST, COLUMNS_MOST)
        Read-only: take a part, and copy it.

    Examples
    --------
    >>> random_table(7).shape, bool((random_table(7) == random_table(7).round(2)).all())
    ((2048, 32), True)
    """
    made = np.random.default_rng(seed).uniform(-0.9, 0.9, (ROWS_MOST, COLUMNS_MOST))
    table = (made.round(2) + 0.0).astype(np.float32)  # + 0.0: no minus zero
    table.flags.writeable = False
    return table


def check_single_source(
    source: Any = None, *, table: Any = None, layer: Any = None
) -> tuple[list[str], Any]:
    """Return what a learner brought: at most one of a table and a layer.

    Parameters
    ----------
    source : array_like or a layer with `embeddings`, optional
        Either of both, by position.
    table : array_like, optional
    layer : a layer with `embeddings`, optional

    Returns
    -------
    (list of str, object)
        Its name, "table" or "layer", in a list, and itself; an empty list and None for nothing.

    Raises
    ------
    ValueError
        When there are several.

    Examples
    --------
    >>> check_single_source([[1.0]])
    (['table'], [[1.0]])
    >>> check_single_source()
    ([], None)
    """
    named = [(name, own) for name, own in (("table", table), ("layer", layer)) if own is not None]
    if source is not None:
        named.append(("layer" if hasattr(source, "embeddings") else "table", source))
    if len(named) > 1:
        raise ValueError("table and layer exclude each other. Received both. Pass one.")
    return ([named[0][0]], named[0][1]) if named else ([], None)


def table_from_user(
    own: Any, *, door: str, most: tuple[int, int] = (ROWS_MOST, COLUMNS_MOST)
) -> np.ndarray:
    """Return a copy of a learner's table, as large as a view can show.

    Parameters
    ----------
    own : array_like (V, D), or a layer with `embeddings`
    door : str
        The function that takes a table of any size, for the sentence.
    most : (int, int)
        Rows and columns that the view can show.

    Raises
    ------
    ValueError
        For a layer without a table, and for a larger table.

    Examples
    --------
    >>> table_from_user([[0.5, 1.0]], door="trace_lookup").shape
    (1, 2)
    """
    table = np.array(as_table(_of(own)))
    rows, columns = table.shape
    if not (1 <= rows <= most[0] and 1 <= columns <= most[1]):
        raise ValueError(
            f"a table of your own must have 1 to {most[0]} rows and 1 to {most[1]} "
            f"columns to be seen. Received {table.shape}. Show a part of it, such as "
            f"table[:{most[0]}, :{most[1]}]; {door} takes any size."
        )
    return table


def _of(own: Any) -> Any:
    if isinstance(own, (np.ndarray, list, tuple)):
        return own
    if not hasattr(own, "embeddings") and hasattr(own, "__array__"):
        return own
    table = getattr(own, "embeddings", None)
    if table is None:
        raise ValueError(
            f"layer must have a table already. Received {type(own).__name__}, not built. "
            "Call it once, or call layer.build()."
        )
    return table.numpy() if hasattr(table, "numpy") else table
