"""Explorer of quantization: the rounding error of one row, and of all rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.checks import NotFiniteError, check_finite
from embedlab.data.toy_language import WORDS
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.quantized_rows import COLUMNS_DRAWN, stored_codes, word_rows
from embedlab.explorers.inputs.table import check_single_source, table_from_user
from embedlab.explorers.traits import BitFlips, BoundedInt, CellEdits, Choice
from embedlab.figures.quantize import draw_quantize
from embedlab.figures.theme import Figure
from embedlab.traces.quantize import QuantizationScheme, QuantizationTrace, trace_quantize
from embedlab.traces.quantize.trace import SCHEMES
from embedlab.traces.text import short_label

__all__ = ["QuantizationExplorer"]

ROWS_MAX, COLUMNS_MAX = 64, 64
_LABEL_LENGTH = 40  # characters of a word that are sent
NEIGHBORS = 5
"""The number of neighbors that are compared."""


class QuantizationExplorer(Explorer):
    """Drag one weight of a row, and see how the rounding error of the others grows.

    Parameters
    ----------
    source : array_like (V, D) or embedlab.layers.Embedding, optional
        The table to show, or a layer, at most 64 x 64; it is never changed.
        Of a quantized layer the stored codes are shown, unless a weight is edited.
        Also by name: ``table=`` or ``layer=``. `refresh` reads a layer again.
    words : sequence of str, optional
        The words of the rows.
    **parameters
        scheme ("int4", "int8": one scale for each row; "groups": int4, one scale for each group),
        row, block (group size), input_dim (V, 1..64), output_dim (D, 1..32), seed, edits (list of
        [row, column, value]), flips (list of [scheme, row, byte, bit]: flipped bits of the stored
        codes); and link_id, hide.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a table that is too large.

    Notes
    -----
    The default table has the words of a toy language, words of one class near each other, and one
    row with an outlier, as in trained tables.

    Examples
    --------
    >>> explorer = QuantizationExplorer(input_dim=4, output_dim=4)
    >>> before = explorer.trace.schemes["int4"].codes[2].tolist()
    >>> explorer.edits = [[2, 0, 9.0]]
    >>> before, explorer.trace.schemes["int4"].codes[2].tolist()
    ([-7, -1, 2, -1], [7, 0, 0, 0])
    """

    VIEW = "quantize"
    QUESTION = "What does quantization lose?"
    PARAMS_IN_MESSAGE = ("scheme", "row")

    scheme = Choice("int4", "int8", "groups")
    row = BoundedInt(9, 0, ROWS_MAX - 1)
    block = BoundedInt(4, 1, 4096)
    input_dim = BoundedInt(16, 1, ROWS_MAX)
    output_dim = BoundedInt(8, 1, COLUMNS_MAX)
    seed = BoundedInt(7, 0, 2**31 - 1)
    edits = CellEdits(200)
    flips = BitFlips(SCHEMES, 64)

    def __init__(
        self,
        source: Any = None,
        *,
        table: Any = None,
        layer: Any = None,
        words: Sequence[str] | None = None,
        **parameters: Any,
    ):
        name, self._source = check_single_source(source, table=table, layer=layer)
        self._words = None if words is None else [str(word) for word in words]
        self._inputs = {name: self._source, "words": self._words}
        self._warning: str | None = None
        self._cached: tuple[Any, Any] = (None, None)  # the last trace, and the inputs it depends on
        if self._source is not None:
            rows, columns = self._original_table().shape
            defaults = {"input_dim": rows, "output_dim": columns, "row": 0}
            for scheme, stored in stored_codes(self._source).items():
                defaults |= {"scheme": scheme, "block": stored.block_size or self.block}
            parameters = defaults | parameters
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a given table fixes V and D."""
        limits = super().limits()
        limits["output_dim"]["max"] = COLUMNS_DRAWN
        if self._source is not None:
            for name, size in zip(
                ("input_dim", "output_dim"), self._original_table().shape, strict=True
            ):
                limits[name] = {"min": size, "max": size}
        limits["row"]["max"] = self.input_dim - 1
        limits["block"]["max"] = self.output_dim
        return limits

    def compute_trace(self) -> QuantizationTrace:
        """Return the trace of the current parameters."""
        table = self._original_table()
        bad = ~np.isfinite(table)
        table[bad] = 0
        edits = [e for e in self.edits if e[0] < len(table) and e[1] < table.shape[1]]
        for row, column, value in edits:  # others apply once V or D grows
            table[row, column], bad[row, column] = value, False
        self._warning = _unusable_numbers(self._original_table(), bad)
        stored = stored_codes(self._source)
        other_block = any(c.block_size not in (None, self.block) for c in stored.values())
        if edits or bad.any() or other_block:
            stored = {}  # the layer's codes are of another table
        flips = [tuple(flip) for flip in self.flips]
        row = min(self.row, len(table) - 1)
        key = (
            table.tobytes(),
            table.shape,
            table.dtype,
            self.block,
            flips,
            [(name, quantized.codes.tobytes()) for name, quantized in stored.items()],
        )
        if key != self._cached[0]:
            trace = trace_quantize(
                table,
                row,
                block_size=self.block,
                neighbors=NEIGHBORS,
                words=self._labels(len(table)),
                flips=flips,
                stored=stored,
            )
            self._cached = (key, trace)
        return replace(self._cached[1], row=row)  # the same trace, another row

    def encode_trace(
        self, trace: QuantizationTrace
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        arrays: dict[str, np.ndarray] = {
            "table": trace.table.astype(np.float32),
            "largest": trace.largest.astype(np.int32),
            "grown": trace.grown.astype(np.float32),
            "order": trace.order.astype(np.uint8),
            "similarity": trace.similarity[:, :NEIGHBORS].astype(np.float32),
        }
        schemes, width = {}, trace.table.shape[1]
        for name, scheme in trace.schemes.items():
            counts, reach = trace.histogram(name)
            schemes[name] = {
                "name": scheme.name,
                "bytes": scheme.nbytes,
                "reach": reach,
                "block": min(scheme.quantized.block_size or width, width),
                "others": {str(row): list(rows) for row, rows in scheme.growth.others.items()},
            }
            arrays |= {f"{name}.{part}": array for part, array in _parts(scheme).items()}
            arrays[f"{name}.histogram"] = counts.astype(np.int32)
        header: dict[str, Any] = {
            "words": [short_label(word, _LABEL_LENGTH) for word in trace.words],
            "near": trace.k,
            "schemes": schemes,
            "bytes": trace.bytes_before,
            "dtype": trace.table.dtype.name,
            "warning": self._warning,
            "stored": next(iter(stored_codes(self._source)), None),
        }
        return header, arrays

    def draw(self, trace: QuantizationTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_quantize(trace, dark=dark)

    def _original_table(self) -> np.ndarray:
        """Return a copy of the table without the edits."""
        if self._source is not None:
            return table_from_user(
                self._source, suggestion="trace_quantize", maximum=(ROWS_MAX, COLUMNS_MAX)
            )
        return word_rows(self.seed)[: self.input_dim, : self.output_dim].copy()

    def _labels(self, rows: int) -> Sequence[str]:
        if self._words is not None:
            return self._words[:rows]
        return () if self._source is not None else WORDS[:rows]

    @validate("input_dim", "output_dim", "row")
    def _check_allowed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if self._source is not None:
            rows, columns = self._original_table().shape
            most = {"input_dim": rows, "output_dim": columns, "row": rows - 1}[name]
            least = 0 if name == "row" else most
            cure = "Omit table and layer to change it."
        else:
            least, most = 0, {"output_dim": COLUMNS_DRAWN}.get(name, ROWS_MAX)
            cure = "Choose a smaller value."
        if not least <= value <= most:
            limit = f"be {most}, the size of the given table" if least else f"be at most {most}"
            raise TraitError(f"{name} must {limit}. Received {value}. {cure}")
        return value


def _unusable_numbers(table: np.ndarray, bad: np.ndarray) -> str | None:
    """Return the error text for values that cannot be quantized, or None."""
    try:
        check_finite(np.where(bad, table, 0), "table", "It is shown as 0.")
    except NotFiniteError as error:
        return str(error)
    return None


def _parts(scheme: QuantizationScheme) -> dict[str, np.ndarray]:
    """Return the arrays of one method, as they are sent."""
    quantized, growth = scheme.quantized, scheme.growth
    rows = len(scheme.codes)
    parts = {
        "codes": scheme.codes,
        "bytes": quantized.codes.view(np.uint8),
        "restored": scheme.restored.astype(np.float32),
        "scaled": scheme.scaled.astype(np.float32),
        "scale": quantized.scale.reshape(rows, -1).astype(np.float32),
        "error": scheme.largest_error.astype(np.float32),
        "half": scheme.half_step.astype(np.float32),
        "cosine": scheme.cosine.astype(np.float32),
        "order": scheme.order.astype(np.uint8),
        "similarity": scheme.similarity[:, :NEIGHBORS].astype(np.float32),
        "grown": growth.codes,
        "grown_scale": growth.scale.reshape(rows, -1).astype(np.float32),
        "grown_error": growth.largest_error.astype(np.float32),
    }
    if quantized.zero is not None and growth.zero is not None:
        parts |= {"zero": quantized.zero, "grown_zero": growth.zero}
    return parts
