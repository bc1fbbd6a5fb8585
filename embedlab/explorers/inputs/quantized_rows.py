"""Where the rows of a quantization view come from: made-up words, or codes a layer has stored."""

from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.core.quantize import QuantizedTable
from embedlab.data.toy_language import CLASSES, WORDS

__all__ = ["COLUMNS_DRAWN", "ROWS_DRAWN", "stored_codes", "word_rows"]

ROWS_DRAWN, COLUMNS_DRAWN = 64, 32


@lru_cache(maxsize=4)
def word_rows(seed: int) -> np.ndarray:
    """Return a table in which words of one class lie about a common middle, and "king" is odd.

    Drawn whole once, in two decimals: growing V or D keeps the numbers already seen.

    Parameters
    ----------
    seed : int

    Returns
    -------
    ndarray of float32, (ROWS_DRAWN, COLUMNS_DRAWN)
        Read-only. Rows beyond the made-up language's words have no middle. One number of "king"
        is several times as large as all others: an outlier, as trained tables have them.

    Examples
    --------
    >>> table = word_rows(7)
    >>> table.shape, int(np.abs(table).argmax() // COLUMNS_DRAWN) == WORDS.index("king")
    ((64, 32), True)
    """
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-0.55, 0.55, (len(CLASSES), COLUMNS_DRAWN))
    kind = [n for n, words in enumerate(CLASSES.values()) for _ in words]
    made = rng.uniform(-0.55, 0.55, (ROWS_DRAWN, COLUMNS_DRAWN))
    made[: len(kind)] = middles[kind] + 0.55 * made[: len(kind)]
    made[WORDS.index("king"), 2] = 2.4
    table = (made.round(2) + 0.0).astype(np.float32)  # + 0.0: no minus zero
    table.flags.writeable = False
    return table


def stored_codes(layer: Any) -> dict[str, QuantizedTable]:
    """Return the way in which a layer is quantized already, with its codes; or nothing.

    Parameters
    ----------
    layer : object
        An `Embedding`; anything else has stored none. With active adapters the codes are not what
        the layer gives, so they do not count.

    Examples
    --------
    >>> from embedlab.layers.embedding import Embedding
    >>> layer = Embedding(3, 4, weights=np.ones((3, 4)))
    >>> stored_codes(layer)
    {}
    >>> layer.quantize("int8")
    >>> stored_codes(layer)
    {'int8': Quantized(3 rows of 4 numbers, int8, one scale a row, 24 bytes)}
    """
    mode = getattr(layer, "quantization_mode", None)
    if mode is None or layer.active_adapters:
        return {}
    block = None if layer.zero is None else layer.quantization_config.block_size
    made = QuantizedTable(
        layer.codes, layer.scale, layer.zero, layer.output_dim, 8 if mode == "int8" else 4, block
    )
    return {"groups" if block else mode: made}
