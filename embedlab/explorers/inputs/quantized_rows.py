"""Tables of the quantization explorer: the toy language, or the stored codes of a layer."""

from functools import lru_cache

import numpy as np

from embedlab.core.quantize import QuantizedTable
from embedlab.data.toy_language import CLASSES, WORDS
from embedlab.explorers.inputs.table import UserTable

__all__ = ["COLUMNS_DRAWN", "ROWS_DRAWN", "stored_codes", "word_rows"]

ROWS_DRAWN, COLUMNS_DRAWN = 64, 32


@lru_cache(maxsize=4)
def word_rows(seed: int) -> np.ndarray:
    """Return a table in which words of one class are near each other, and "king" has an outlier.

    The largest table, in two decimals, so that growing V or D keeps the values already shown.

    Parameters
    ----------
    seed : int

    Returns
    -------
    ndarray of float32, (ROWS_DRAWN, COLUMNS_DRAWN)
        Read-only. Rows beyond the words of the toy language belong to no class. One number of
        "king" is several times as large as all others, like outliers in trained tables.

    Examples
    --------
    >>> table = word_rows(7)
    >>> table.shape, int(np.abs(table).argmax() // COLUMNS_DRAWN) == WORDS.index("king")
    ((64, 32), True)
    """
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-0.55, 0.55, (len(CLASSES), COLUMNS_DRAWN))
    kind = [n for n, words in enumerate(CLASSES.values()) for _ in words]
    values = rng.uniform(-0.55, 0.55, (ROWS_DRAWN, COLUMNS_DRAWN))
    values[: len(kind)] = centers[kind] + 0.55 * values[: len(kind)]
    values[WORDS.index("king"), 2] = 2.4
    table = (values.round(2) + 0.0).astype(np.float32)  # + 0.0: no minus zero
    table.flags.writeable = False
    return table


def stored_codes(table: UserTable | None) -> dict[str, QuantizedTable]:
    """Return the stored codes of a quantized layer by method, or an empty dict.

    With active adapters the output is not that of the codes, and the result is empty.

    Examples
    --------
    >>> from embedlab.core.quantize import quantize
    >>> from embedlab.explorers.inputs.table import read_table
    >>> stored_codes(read_table(np.ones((3, 4))))
    {}
    >>> stored_codes(read_table(quantize(np.ones((3, 4)))))
    {'int8': QuantizedTable(3 rows of 4 numbers, int8, one scale a row, 36 bytes)}
    """
    codes = None if table is None else table.codes
    if codes is None or (codes.bits == 8 and codes.block_size):
        return {}
    return {"groups" if codes.block_size else f"int{codes.bits}": codes}
