"""Explorer of quantization: the rounding error of one row, and of all rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Unpack

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.checks import NotFiniteError, check_finite
from embedlab.data.toy_language import WORDS
from embedlab.explorers.inputs.quantized_rows import COLUMNS_DRAWN, stored_codes, word_rows
from embedlab.explorers.inputs.window import row_labels, rows_around, window_note
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TableExplorer
from embedlab.explorers.traits import SIZE_MAX, BitFlips, BoundedInt, CellEdits, Choice
from embedlab.figures.quantize import draw_quantize
from embedlab.figures.theme import Figure
from embedlab.traces.quantize import QuantizationTrace, SchemeResult, trace_quantize
from embedlab.traces.quantize.trace import SCHEMES, quantize_schemes
from embedlab.traces.text import short_label

__all__ = ["QuantizationExplorer", "QuantizationParameters"]

ROWS_MAX, COLUMNS_MAX = 64, 4096
_ROWS_BYTES = 220_000  # of the rows in one message
_LABEL_LENGTH = 40  # characters of a word that are sent
NEIGHBORS = 5
"""The number of neighbors that are compared."""

NEIGHBORS_SENT = 32
"""The nearest rows that are sent of a table of which not all rows are."""


class QuantizationParameters(CommonParameters, total=False):
    """Keyword parameters of `QuantizationExplorer`, each with its help text."""

    scheme: Annotated[
        Literal["int4", "int8", "groups"],
        ('"int4", "int8": one scale for each row; "groups": int4, one scale for each group'),
    ]
    row: Annotated[int, "the row that is shown"]
    block: Annotated[int, "group size"]
    input_dim: Annotated[int, "V, 1..64"]
    output_dim: Annotated[int, "D, 1..32"]
    seed: Annotated[int, "of the random table"]
    edits: Annotated[Sequence[Sequence[float]], "changed weights, each [row, column, value]"]
    flips: Annotated[
        Sequence[Sequence[str | int]],
        ("flipped bits of the stored codes, each [scheme, row, byte, bit]"),
    ]


class QuantizationExplorer(TableExplorer):
    """Drag one weight of a row, and see how the rounding error of the others grows.

    Parameters
    ----------
    source : array_like (V, D) or a layer, optional
        The table to show: anything that `embedlab.explorers.inputs.table.read_table` takes, of
        any size; of a large one the message holds the rows around `row`. It is never changed.
        Of a quantized layer the stored codes are shown, unless a weight is edited.
        Also by name: ``table=`` or ``layer=``. `refresh` reads it again.
    words : sequence of str, optional
        The words of the rows.
    **parameters
        By keyword.

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

    SIZES = (ROWS_MAX, COLUMNS_DRAWN)
    VIEW = "quantize"
    QUESTION = "What does quantization lose?"
    OFFLINE_PARAMS = ("scheme", "row")
    OTHER_CONTROLS = ("tenfold",)

    scheme = Choice("int4", "int8", "groups")
    row = BoundedInt(9, 0, SIZE_MAX)
    block = BoundedInt(4, 1, 4096)
    input_dim = BoundedInt(16, 1, SIZE_MAX)
    output_dim = BoundedInt(8, 1, SIZE_MAX)
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
        **parameters: Unpack[QuantizationParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        self.take_source(source, table=table, layer=layer, words=words)
        self._warning: str | None = None
        # The inputs of the last trace, the table with its edits, its codes, and the trace.
        self._cached: tuple[Any, Any, Any, Any] = (None, None, None, None)
        self._version = 0  # of the user's table
        if self._user is not None:
            defaults: dict[str, Any] = {"row": 0}
            for scheme, stored in stored_codes(self._user).items():
                defaults |= {"scheme": scheme, "block": stored.block_size or self.block}
            values = defaults | values
        super().__init__(**self.with_sizes(values))

    def read_inputs(self) -> None:
        """Read the table or layer again."""
        super().read_inputs()
        self._version += 1

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the table and the words of its rows; the codes of a layer do not travel."""
        inputs = super().page_inputs()
        if inputs is None or stored_codes(self._user):
            return None
        toy = self._user is None and self._labels is None
        return {**inputs, "words": None if toy else list(self._row_words())}

    def table(self) -> np.ndarray:
        """Return the table without the edits, read-only."""
        if self._user is not None:
            return self._user.values
        return word_rows(self.seed)[: self.input_dim, : self.output_dim]

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a user's table fixes V and D."""
        limits = super().limits()
        limits["row"]["max"] = self.input_dim - 1
        limits["block"]["max"] = self.output_dim
        return limits

    def compute_trace(self) -> QuantizationTrace:
        """Return the trace of the current parameters."""
        original = self.table()
        height, width = original.shape
        row = self.row
        # Edits of other cells apply once V or D grows.
        edits = [edit for edit in self.edits if edit[0] < height and edit[1] < width]
        flips = [tuple(flip) for flip in self.flips]
        key = (self._version, self.seed, original.shape, self.block, edits, flips)
        if key != self._cached[0]:
            table = np.array(original)
            bad = ~np.isfinite(table)
            table[bad] = 0
            for at, column, value in edits:
                table[at, column], bad[at, column] = value, False
            self._warning = _unusable_numbers(original, bad) if bad.any() else None
            stored = stored_codes(self._user)
            other_block = any(
                c.block_size not in (None, min(self.block, width)) for c in stored.values()
            )
            if edits or bad.any() or other_block:
                stored = {}  # the layer's codes are of another table
            self._cached = (key, table, quantize_schemes(table, self.block, flips, stored), None)
        _, table, whole, trace = self._cached
        if trace is None or row not in trace.rows:
            trace = trace_quantize(
                table,
                row,
                block_size=self.block,
                neighbors=NEIGHBORS,
                words=self._names(height),
                record=rows_around([row], height, _rows_that_fit(width)),
                whole=whole,
            )
            self._cached = (key, table, whole, trace)
        return replace(trace, row=row)  # the same trace, another row

    def encode_trace(
        self, trace: QuantizationTrace
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        columns = min(trace.shape[1], COLUMNS_MAX)
        whole = trace.rows.size == trace.shape[0]
        ids = np.uint8 if whole else np.int32
        near = slice(None if whole else NEIGHBORS_SENT)
        arrays: dict[str, np.ndarray] = {
            "table": trace.table[:, :columns].astype(np.float32),
            "largest": trace.largest.astype(np.int32),
            "grown": trace.grown.astype(np.float32),
            "order": trace.order[:, near].astype(ids),
            "similarity": trace.similarity[:, :NEIGHBORS].astype(np.float32),
        }
        if not whole:
            arrays["rows"] = trace.rows.astype(np.int32)
        schemes = {}
        for name, scheme in trace.schemes.items():
            counts, reach = trace.histogram(name)
            block = scheme.quantized.block_size or trace.shape[1]
            schemes[name] = {
                "name": scheme.name,
                "bytes": scheme.nbytes,
                "reach": reach,
                "block": min(block, trace.shape[1]),
                "others": {
                    str(trace.rows[row]): [int(trace.rows[other]) for other in others]
                    for row, others in scheme.growth.others.items()
                },
            }
            parts = _parts(scheme, trace.rows, columns, near)
            arrays |= {f"{name}.{part}": array for part, array in parts.items()}
            arrays[f"{name}.order"] = scheme.order[:, near].astype(ids)
            arrays[f"{name}.histogram"] = counts.astype(np.int32)
        header: dict[str, Any] = {
            "words": [
                short_label(word, _LABEL_LENGTH) for word in row_labels(trace.rows, trace.words)
            ],
            "near": trace.k,
            "shape": list(trace.shape),
            "schemes": schemes,
            "bytes": trace.bytes_before,
            "dtype": trace.table.dtype.name,
            "warning": self._warning,
            "stored": next(iter(stored_codes(self._user)), None),
            "note": window_note(trace.shape, trace.rows.size, columns),
        }
        if not whole:
            header["neighbor_words"] = _neighbor_words(trace, near)
        return header, arrays

    def draw(self, trace: QuantizationTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_quantize(trace, dark=dark)

    def _names(self, rows: int) -> Sequence[str]:
        if self._user is None and self._labels is None:
            return WORDS[:rows]
        return self._row_words()[:rows]

    @validate("row")
    def _check_row(self, proposal: Any) -> int:
        row, last = int(proposal["value"]), (self.fixed_shape or self.SIZES)[0] - 1
        if row > last:
            raise TraitError(
                f"row must be an integer from 0 to {last}. Received {row}. Choose a smaller value."
            )
        return row

    def normalize_params(self) -> None:
        """Keep the row and the group size inside the table."""
        self.row = min(self.row, self.input_dim - 1)
        self.block = min(self.block, self.output_dim)


def _rows_that_fit(width: int) -> int:
    """Return how many rows fit into one message; each has about 36 bytes a number."""
    return max(1, min(ROWS_MAX, _ROWS_BYTES // (36 * min(width, COLUMNS_MAX) + 900)))


def _neighbor_words(trace: QuantizationTrace, near: slice) -> dict[str, str]:
    """Return the words of the neighbors that are not among the recorded rows."""
    lists = [trace.order[:, near], *(scheme.order[:, near] for scheme in trace.schemes.values())]
    others = np.setdiff1d(np.concatenate(lists, axis=None), trace.rows)
    words = row_labels(others, trace.words)
    return {
        str(row): short_label(word, _LABEL_LENGTH)
        for row, word in zip(others.tolist(), words, strict=True)
        if word
    }


def _unusable_numbers(table: np.ndarray, bad: np.ndarray) -> str | None:
    """Return the error text for values that cannot be quantized, or None."""
    try:
        check_finite(np.where(bad, table, 0), "table", "It is shown as 0.")
    except NotFiniteError as error:
        return str(error)
    return None


def _parts(
    scheme: SchemeResult, rows: np.ndarray, columns: int, near: slice
) -> dict[str, np.ndarray]:
    """Return the arrays of one method, as they are sent."""
    quantized, growth = scheme.quantized, scheme.growth
    count = rows.size
    per_byte = 1 if quantized.bits == 8 else 2
    bytes_shown = -(-columns // per_byte)
    groups = slice(-(-columns // (quantized.block_size or columns)))

    def scales(scale: np.ndarray) -> np.ndarray:
        return scale.reshape(count, -1)[:, groups].astype(np.float32)

    parts = {
        "codes": scheme.codes[:, :columns],
        "bytes": quantized.codes[rows, :bytes_shown].view(np.uint8),
        "restored": scheme.restored[:, :columns].astype(np.float32),
        "scaled": scheme.scaled[:, :columns].astype(np.float32),
        "scale": scales(quantized.scale[rows]),
        "error": scheme.largest_error[rows].astype(np.float32),
        "half": scheme.half_step[rows].astype(np.float32),
        "cosine": scheme.cosine[rows].astype(np.float32),
        "similarity": scheme.similarity[:, :NEIGHBORS].astype(np.float32),
        "grown": growth.codes[:, :columns],
        "grown_scale": scales(growth.scale),
        "grown_error": growth.largest_error.astype(np.float32),
    }
    if quantized.zero is not None and growth.zero is not None:
        parts["zero"] = quantized.zero[rows][:, groups]
        parts["grown_zero"] = growth.zero[:, groups]
    return parts
