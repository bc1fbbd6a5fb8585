"""Explorer of a lookup: the rows a sentence reads, by gather and by one-hot matmul."""

import json
from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.sentence import parse_sentence
from embedlab.explorers.inputs.table import (
    COLUMNS_MAX,
    ROWS_MAX,
    check_single_source,
    random_table,
    table_from_user,
)
from embedlab.explorers.traits import BoundedInt, BoundedText, CellEdits, Choice
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.lookup import draw_lookup
from embedlab.figures.theme import Figure
from embedlab.traces.lookup import LookupTrace, trace_lookup
from embedlab.traces.text import short_label

__all__ = ["LookupExplorer"]

TOKENS_MAX = 2000
_LABEL_LENGTH = 40  # characters of a word that are sent


class LookupExplorer(Explorer):
    """Type a sentence and see which rows of the table it reads.

    Parameters
    ----------
    text : str
        The sentence. A token written ``#12`` or ``#-1`` stands for that id.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids, and sets V by default. Without it row 0 is ``<pad>``, a few common words
        follow, and new words take the next ids.
    table : array_like, (V, D), optional
        The table to show, at most 2048 x 32; it is never changed.
    layer : embedlab.layers.Embedding, optional
        The layer whose table is shown; `refresh` reads it again.
    **parameters
        input_dim (V, 1..2048), output_dim (D, 1..32), method ("gather", "one-hot"), oob ("raise",
        "zero", "nan", "clip", "wrap"; with "wrap" negative ids count from the end), seed, edits
        (list of [row, column, value]); and link_id, hide.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a table that does not fit the view.

    Examples
    --------
    >>> explorer = LookupExplorer("the cat sat on the mat", input_dim=16, output_dim=4)
    >>> explorer.trace.shapes["output"]
    (6, 4)
    >>> explorer.text = "the #99"
    >>> explorer.trace.error
    'ids must lie in 0..15 (input_dim=16). Received 99 at [1]. Raise input_dim, or map unknown \
words to one id.'
    >>> LookupExplorer.from_state(explorer.state).trace.tokens
    ('the', '#99')
    """

    VIEW = "lookup"
    QUESTION = "Which rows does this sentence read?"
    PARAMS_IN_MESSAGE = ("method",)

    text = BoundedText("the cat sat on the mat", 65_536)
    input_dim = BoundedInt(16, 1, ROWS_MAX)
    output_dim = BoundedInt(8, 1, COLUMNS_MAX)
    method = Choice("gather", "one-hot")
    oob = Choice("raise", "zero", "nan", "clip", "wrap")
    seed = BoundedInt(7, 0, 2**31 - 1)
    edits = CellEdits(200)

    def __init__(
        self,
        text: str | None = None,
        *,
        vocabulary: Any = None,
        table: Any = None,
        layer: Any = None,
        **parameters: Any,
    ):
        _, self._source = check_single_source(table=table, layer=layer)
        self._inputs = {"vocabulary": vocabulary, "table": table, "layer": layer}
        if table is not None or layer is not None:
            rows, columns = self._original_table().shape
            parameters = {"input_dim": rows, "output_dim": columns, **parameters}
        elif vocabulary is not None:
            parameters.setdefault("input_dim", min(len(vocabulary.words), ROWS_MAX))
        if text is not None:
            parameters["text"] = text
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a given table fixes V and D."""
        limits = super().limits()
        if self._source is not None:
            for name, size in zip(
                ("input_dim", "output_dim"), self._original_table().shape, strict=True
            ):
                limits[name] = {"min": size, "max": size}
        return limits

    def compute_trace(self) -> LookupTrace:
        """Return the trace of the current parameters."""
        sentence = parse_sentence(self.text, self._inputs["vocabulary"])
        negative = "wrap" if self.oob == "wrap" else "raise"
        return trace_lookup(
            self._edited_table(),
            sentence.ids,
            tokens=sentence.tokens,
            words=sentence.words,
            oob=self.oob,
            negative=negative,
        )

    def encode_trace(self, trace: LookupTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        words = [short_label(word, _LABEL_LENGTH) for word in trace.words]
        tokens = [short_label(token, _LABEL_LENGTH) for token in trace.tokens[:TOKENS_MAX]]
        n = _tokens_that_fit(trace, words, tokens, self.params)
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids[:n].astype(np.int32),
            "rows": trace.rows[:n].astype(np.int32),
            "bad": trace.bad[:n].astype(np.uint8),
            "table": trace.table.astype(np.float32),
        }
        if trace.output is not None and trace.onehot is not None:
            arrays["output"] = trace.output[:n].astype(np.float32)
            arrays["onehot"] = trace.onehot[:n].astype(np.float32)
        difference = trace.max_difference
        header: dict[str, Any] = {
            "tokens": tokens[:n],
            "words": words,
            "total": len(trace.tokens),
            "trace_error": trace.error,
            "shapes": {name: list(shape) for name, shape in trace.shapes.items()},
            "dtype": trace.table.dtype.name,
            "parameters": trace.parameters,
            "rows_read": trace.rows_read,
            "bytes_moved": trace.bytes_moved,
            "multiplications": trace.multiplications,
            "gather_ns": trace.gather_ns,
            "onehot_ns": trace.onehot_ns,
            "max_difference": difference if np.isfinite(difference or 0.0) else None,
        }
        return header, arrays

    def draw(self, trace: LookupTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_lookup(trace, dark=dark)

    def _edited_table(self) -> np.ndarray:
        table = self._original_table()
        for row, column, value in self.edits:
            if row < len(table) and column < table.shape[1]:  # others apply once V or D grows
                table[row, column] = value
        return table

    def _original_table(self) -> np.ndarray:
        """Return a copy of the table without the edits."""
        if self._source is None:
            return random_table(self.seed)[: self.input_dim, : self.output_dim].copy()
        return table_from_user(self._source, suggestion="trace_lookup")

    @validate("input_dim", "output_dim")
    def _check_allowed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            raise TraitError(
                f"{name} must be {limit['max']}, the size of the given table. Received {value}. "
                "Omit table and layer to change it."
            )
        return value


def _tokens_that_fit(
    trace: LookupTrace, words: list[str], tokens: list[str], params: dict[str, Any]
) -> int:
    """Return how many tokens fit into one message beside the table."""
    text = json.dumps([words, params, params, trace.summary, trace.alt], ensure_ascii=False)
    available = MAX_BYTES - 4 * trace.table.size - len(text.encode()) - 4_000
    sizes = [len(token.encode()) + 16 + 8 * trace.table.shape[1] for token in tokens]
    return int(np.searchsorted(np.cumsum(sizes), available, side="right"))
