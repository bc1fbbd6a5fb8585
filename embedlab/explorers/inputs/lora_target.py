"""Target changes for adapters, and the words of the rows."""

from typing import Any

import numpy as np

from embedlab.data.toy_language import CLASSES, KINDS, WORDS
from embedlab.explorers.inputs.table import COLUMNS_MAX, ROWS_MAX, UserAdapter, random_table

__all__ = ["NOUNS_FIRST", "TARGETS", "adapter_params", "painted_delta", "target_delta"]

TARGETS = ("topic", "one word", "random", "painted", "own")

_NOUNS = tuple(word for name in KINDS["noun"] for word in CLASSES[name])
NOUNS_FIRST = (*_NOUNS, *(word for word in WORDS if word not in _NOUNS))
"""Words for the rows of a small table: four animals, four persons, and so on."""


def target_delta(
    target: str, shape: tuple[int, int], *, seen: list[int], seed: int, edits: list[list[Any]]
) -> np.ndarray:
    """Return the target change of a table, (V, D) float64.

    Parameters
    ----------
    target : {"topic", "one word", "random", "painted"}
        Two topics, each a quarter of the rows moved in one direction: rank 2. Only the first
        trained row: rank 1. Independent random values: full rank. Or the cells of `edits`.
    shape : (V, D)
    seen : list of int
        The trained rows.
    seed : int
        The target uses other random numbers than the table.
    edits : list of [row, column, value]

    Examples
    --------
    >>> options = {"seen": [1], "seed": 7, "edits": [[0, 1, 0.5]]}
    >>> [int(np.linalg.matrix_rank(target_delta(name, (8, 4), **options))) for name in TARGETS[:4]]
    [2, 1, 4, 1]
    """
    rows, columns = shape
    if target == "painted":
        return painted_delta(shape, edits)
    # A larger table has other numbers; a smaller one keeps those already shown when it grows.
    large = rows > ROWS_MAX or columns > COLUMNS_MAX
    if target == "random":
        if large:
            return np.random.default_rng(seed + 1).uniform(-0.9, 0.9, shape).round(2)
        return random_table(seed + 1)[:rows, :columns].astype(np.float64)
    change = np.zeros(shape)
    directions = random_table(seed + 1, (2, columns) if large else (ROWS_MAX, COLUMNS_MAX))
    if target == "one word":
        row = next((row for row in seen if row < rows), 0)
        change[row] = directions[0, :columns]
        return change
    quarter = max(1, round(rows / 4))
    draws = random_table(seed + 2, (rows, 1) if large else (ROWS_MAX, COLUMNS_MAX))
    strength = 0.7 + 0.3 * draws[:rows, :1].astype(np.float64)
    for topic in range(2):
        part = slice(topic * quarter, (topic + 1) * quarter)
        change[part] = strength[part] * directions[topic, :columns]
    return change


def painted_delta(shape: tuple[int, int], edits: list[list[Any]]) -> np.ndarray:
    """Return zeros with the painted cells; cells outside `shape` are ignored."""
    change = np.zeros(shape)
    for row, column, value in edits:
        if row < shape[0] and column < shape[1]:
            change[row, column] = value
    return change


def adapter_params(adapter: UserAdapter | None) -> dict[str, Any]:
    """Return rank, alpha and scaling of the adapter of a user's layer, as parameters."""
    if adapter is None:
        return {}
    integral = 1 <= adapter.alpha <= 64 and float(adapter.alpha).is_integer()
    params = {"rank": min(adapter.rank, 16), "scaling": "rslora" if adapter.rslora else "lora"}
    return {**params, "alpha": int(adapter.alpha)} if integral else params
