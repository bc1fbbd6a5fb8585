"""Maps of the rows of a table that were computed elsewhere, such as by t-SNE or UMAP."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from embedlab.core.checks import message, short_repr
from embedlab.traces.geometry.plane import PLANES

__all__ = ["MAPS_MAX", "read_maps"]

MAPS_MAX, _NAME_MAX = 8, 24


def read_maps(maps: Any, height: int) -> dict[str, np.ndarray]:
    """Return maps by their names, as float64 of shape (V, 2).

    Raises
    ------
    ValueError
        For anything but a few mappings of a name to finite numbers, two for each row.

    Examples
    --------
    >>> read_maps({"t-SNE 30": [[0, 1], [2, 3]]}, 2)["t-SNE 30"].shape
    (2, 2)
    """
    if maps is None:
        return {}
    if not isinstance(maps, Mapping) or len(maps) > MAPS_MAX:
        received = f"{len(maps)} of them" if isinstance(maps, Mapping) else short_repr(maps)
        must = f"maps must be a dict of at most {MAPS_MAX} maps by their names"
        raise ValueError(message(must, received, 'Write maps={"t-SNE 30": coordinates}'))
    return {_name(name): _points(name, points, height) for name, points in maps.items()}


def _name(name: Any) -> str:
    valid = isinstance(name, str) and name.strip() and len(name) <= _NAME_MAX and name.isprintable()
    if not valid or name in PLANES:
        must = f"the name of a map must have 1 to {_NAME_MAX} characters and be no plane"
        raise ValueError(message(must, short_repr(name), "Choose another name"))
    return str(name)


def _points(name: str, points: Any, height: int) -> np.ndarray:
    try:
        array = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != (height, 2):
        must = f"the map {name} must have two numbers for each row, ({height}, 2)"
        raise ValueError(message(must, f"shape {array.shape}", "Compute it from this table"))
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        received = f"{array[bad[0]].tolist()} for row {bad[0]}"
        cure = "Leave such rows out of the table, or place them"
        raise ValueError(message(f"the map {name} must be finite", received, cure))
    return array
