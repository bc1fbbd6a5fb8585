"""QuantizationExplorer: what do small integers lose? One row on its ruler, and all others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.checks import NotFiniteError, check_finite
from embedlab.data.toy_language import WORDS
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.flips import BitFlips
from embedlab.explorers.inputs.quantized_rows import COLUMNS_DRAWN, stored_codes, word_rows
from embedlab.explorers.inputs.table import check_single_source, table_from_user
from embedlab.explorers.traits import BoundedInt, CellEdits, Choice
from embedlab.figures.quantize import draw_quantize
from embedlab.figures.theme import Figure
from embedlab.traces.quantize import QuantizationScheme, QuantizationTrace, trace_quantize
from embedlab.traces.quantize.trace import WAYS
from embedlab.traces.text import short_label

__all__ = ["QuantizationExplorer"]

ROWS_MOST, COLUMNS_MOST = 64, 64
_LABEL = 40  # letters of a word that travel
NEAR = 5
"""How many neighbors count as near."""


class QuantizationExplorer(Explorer):
    """Drag one weight of a row, and see what the others lose when they become small integers.

    Parameters
    ----------
    source : array_like (V, D) or embedlab.layers.Embedding, optional
        A table of your own, or a layer: read, never changed; at most 64 x 64.
        Of a quantized layer the stored codes are shown as they are, as long as nothing is edited.
        Also by name: ``table=`` or ``layer=``. A layer is read anew by `refresh`.
    words : sequence of str, optional
        What the rows stand for.
    **parameters
        way ("int4", "int8": one scale a row; "groups": int4 with a scale for each group), row,
        block (numbers in a group), input_dim (V, 1..64), output_dim (D, 1..32), seed, edits (list
        of [row, column, value]), flips (list of [way, row, byte, bit]: bits turned over in the
        codes as they are stored); and link_id, hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError
        For a table that does not fit the view.

    Notes
    -----
    Without a table of your own the rows are those of a made-up language, words of one class near
    each other, and one row has an outlier, as trained tables do.

    Examples
    --------
    >>> explorer = QuantizationExplorer(input_dim=4, output_dim=4)
    >>> before = explorer.trace.ways["int4"].codes[2].tolist()
    >>> explorer.edits = [[2, 0, 9.0]]
    >>> before, explorer.trace.ways["int4"].codes[2].tolist()
    ([-7, -1, 2, -1], [7, 0, 0, 0])
    """

    VIEW = "quantize"
    QUESTION = "What do small integers lose?"
    PARAMS = ("way", "row", "block", "input_dim", "output_dim", "seed", "edits", "flips")
    IN_MESSAGE = ("way", "row")

    way = Choice("int4", "int8", "groups").tag(sync=True)
    row = BoundedInt(9, 0, ROWS_MOST - 1).tag(sync=True)
    block = BoundedInt(4, 1, 4096).tag(sync=True)
    input_dim = BoundedInt(16, 1, ROWS_MOST).tag(sync=True)
    output_dim = BoundedInt(8, 1, COLUMNS_MOST).tag(sync=True)
    seed = BoundedInt(7, 0, 2**31 - 1).tag(sync=True)
    edits = CellEdits(200).tag(sync=True)
    flips = BitFlips(WAYS, 64).tag(sync=True)

    def __init__(
        self,
        source: Any = None,
        *,
        table: Any = None,
        layer: Any = None,
        words: Sequence[str] | None = None,
        **parameters: Any,
    ):
        self._owns, self._own = check_single_source(source, table=table, layer=layer)
        self._words = None if words is None else [str(word) for word in words]
        self._refusal: str | None = None
        self._known: tuple[Any, Any] = (None, None)  # the last trace, and what it was made from
        if self._owns:
            rows, columns = self._floats().shape
            own = {"input_dim": rows, "output_dim": columns, "row": 0}
            for way, stored in stored_codes(self._own).items():
                own |= {"way": way, "block": stored.block_size or self.block}
            parameters = own | parameters
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a table of your own fixes V and D."""
        limits = super().limits()
        limits["output_dim"]["max"] = COLUMNS_DRAWN
        if self._owns:
            for name, size in zip(("input_dim", "output_dim"), self._floats().shape, strict=True):
                limits[name] = {"min": size, "max": size}
        limits["row"]["max"] = self.input_dim - 1
        limits["block"]["max"] = self.output_dim
        return limits

    def _run(self) -> QuantizationTrace:
        table = self._floats()
        bad = ~np.isfinite(table)
        table[bad] = 0
        edits = [e for e in self.edits if e[0] < len(table) and e[1] < table.shape[1]]
        for row, column, value in edits:  # the others wait until V or D grows
            table[row, column], bad[row, column] = value, False
        self._refusal = _refused(self._floats(), bad)
        stored = stored_codes(self._own)
        other = any(made.block_size not in (None, self.block) for made in stored.values())
        if edits or bad.any() or other:
            stored = {}  # no longer what the layer keeps
        flips = [tuple(flip) for flip in self.flips]
        row = min(self.row, len(table) - 1)
        key = (
            table.tobytes(),
            table.shape,
            table.dtype,
            self.block,
            flips,
            [(name, made.codes.tobytes()) for name, made in stored.items()],
        )
        if key != self._known[0]:
            made = trace_quantize(
                table,
                row,
                block_size=self.block,
                neighbors=NEAR,
                words=self._labels(len(table)),
                flips=flips,
                given=stored,
            )
            self._known = (key, made)
        return replace(self._known[1], row=row)  # another row of the same table is no new run

    def _fill(self, trace: QuantizationTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        arrays: dict[str, np.ndarray] = {
            "table": trace.table.astype(np.float32),
            "largest": trace.largest.astype(np.int32),
            "grown": trace.grown.astype(np.float32),
            "order": trace.order.astype(np.uint8),
            "similarity": trace.similarity[:, :NEAR].astype(np.float32),
        }
        ways, width = {}, trace.table.shape[1]
        for name, way in trace.ways.items():
            counts, reach = trace.histogram(name)
            ways[name] = {
                "name": way.name,
                "bytes": way.nbytes,
                "reach": reach,
                "block": min(way.quantized.block_size or width, width),
                "others": {str(row): list(rows) for row, rows in way.growth.others.items()},
            }
            arrays |= {f"{name}.{part}": array for part, array in _parts(way).items()}
            arrays[f"{name}.histogram"] = counts.astype(np.int32)
        header: dict[str, Any] = {
            "words": [short_label(word, _LABEL) for word in trace.words],
            "near": trace.k,
            "ways": ways,
            "bytes": trace.bytes_before,
            "dtype": trace.table.dtype.name,
            "refused": self._refusal,
            "stored": next(iter(stored_codes(self._own)), None),
        }
        return header, arrays

    def _draw(self, trace: QuantizationTrace, *, dark: bool) -> Figure:
        return draw_quantize(trace, dark=dark)

    def _needs(self) -> list[str]:
        return [*self._owns, *(["words"] if self._words is not None else [])]

    def _floats(self) -> np.ndarray:
        """Return a copy of the table before the edits."""
        if self._owns:
            return table_from_user(self._own, door="trace_quantize", most=(ROWS_MOST, COLUMNS_MOST))
        return word_rows(self.seed)[: self.input_dim, : self.output_dim].copy()

    def _labels(self, rows: int) -> Sequence[str]:
        if self._words is not None:
            return self._words[:rows]
        return () if self._owns else WORDS[:rows]

    @validate("input_dim", "output_dim", "row")
    def _fixed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if self._owns:
            rows, columns = self._floats().shape
            most = {"input_dim": rows, "output_dim": columns, "row": rows - 1}[name]
            least = 0 if name == "row" else most
            cure = "Leave table and layer away to change it."
        else:
            least, most = 0, {"output_dim": COLUMNS_DRAWN}.get(name, ROWS_MOST)
            cure = "Choose one in between."
        if not least <= value <= most:
            must = f"be {most}, as your own table has it" if least else f"be at most {most}"
            raise TraitError(f"{name} must {must}. Received {value}. {cure}")
        return value


def _refused(table: np.ndarray, bad: np.ndarray) -> str | None:
    """Say in the core's words that numbers of this table cannot be quantized."""
    try:
        check_finite(np.where(bad, table, 0), "table", "Here it counts as 0.")
    except NotFiniteError as error:
        return str(error)
    return None


def _parts(way: QuantizationScheme) -> dict[str, np.ndarray]:
    """Return the arrays of one way as they travel."""
    made, growth = way.quantized, way.growth
    rows = len(way.codes)
    parts = {
        "codes": way.codes,
        "bytes": made.codes.view(np.uint8),
        "restored": way.restored.astype(np.float32),
        "scaled": way.scaled.astype(np.float32),
        "scale": made.scale.reshape(rows, -1).astype(np.float32),
        "error": way.largest_error.astype(np.float32),
        "half": way.half_step.astype(np.float32),
        "cosine": way.cosine.astype(np.float32),
        "order": way.order.astype(np.uint8),
        "similarity": way.similarity[:, :NEAR].astype(np.float32),
        "grown": growth.codes,
        "grown_scale": growth.scale.reshape(rows, -1).astype(np.float32),
        "grown_error": growth.largest_error.astype(np.float32),
    }
    if made.zero is not None and growth.zero is not None:
        parts |= {"zero": made.zero, "grown_zero": growth.zero}
    return parts
