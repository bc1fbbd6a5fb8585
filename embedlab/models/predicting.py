"""Predicting in batches: the outputs of each go where they belong in one array."""

from typing import Any

import numpy as np
from tqdm.auto import tqdm

from embedlab.core.ids import IdError
from embedlab.layers.structure import flat, packed
from embedlab.models.loop import LOUD_AFTER

__all__ = ["predict"]


def predict(model: Any, x: Any, size: int, verbose: Any = 0) -> Any:
    """Return the outputs for all of `x`, made ready, in batches; for `Model.predict`.

    >>> predict(lambda x: {"twice": 2 * x}, np.arange(5), 2)
    {'twice': array([0, 2, 4, 6, 8])}
    """
    form = model(x[:size])  # an empty x is one empty batch
    firsts = [np.asarray(made) for made in flat(form)]
    outs = [np.empty((len(x), *made.shape[1:]), made.dtype) for made in firsts]
    for out, made in zip(outs, firsts, strict=True):
        out[:size] = made
    for start in tqdm(
        range(size, len(x), size),
        desc="predict",
        disable=verbose in (0, False),
        leave=verbose != "auto",
        delay=LOUD_AFTER if verbose == "auto" else 0,
    ):
        try:
            found = flat(model(x[start : start + size]))
        except IdError as error:
            error.add_note(f"Positions count from sample {start}, where this batch starts.")
            raise
        for out, made in zip(outs, found, strict=True):
            out[start : start + size] = made
    return packed(form, outs)
