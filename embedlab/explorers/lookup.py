"""LookupExplorer: which rows does this sentence read? Both ways, live."""

import json
from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.sentence import parse_sentence
from embedlab.explorers.inputs.table import (
    COLUMNS_MOST,
    ROWS_MOST,
    check_single_source,
    random_table,
    table_from_user,
)
from embedlab.explorers.traits import BoundedInt, BoundedText, CellEdits, Choice
from embedlab.explorers.wire import MOST_BYTES
from embedlab.figures.lookup import draw_lookup
from embedlab.figures.theme import Figure
from embedlab.traces.lookup import LookupTrace, trace_lookup
from embedlab.traces.text import short_label

__all__ = ["LookupExplorer"]

TOKENS_SENT = 2000
_LABEL = 40  # letters of a word that travel


class LookupExplorer(Explorer):
    """Type a sentence and see which rows of the table it reads.

    Parameters
    ----------
    text : str
        The sentence. A token written ``#12`` or ``#-1`` is that id itself.
    vocabulary : embedlab.data.Vocabulary, optional
        Gives the ids, and V unless you do. Without it row 0 is ``<pad>``, a few common words
        follow, and new words take the next ids.
    table : array_like, (V, D), optional
        A table of your own, at most 2048 x 32: read, never changed.
    layer : embedlab.layers.Embedding, optional
        Its table, read anew by `refresh`.
    **parameters
        input_dim (V, 1..2048), output_dim (D, 1..32), way ("gather", "one-hot"), oob ("raise",
        "zero", "nan", "clip", "wrap"; with "wrap" negative ids count from the end), seed, edits
        (list of [row, column, value]); and link_id, hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError
        For a table that does not fit the view.

    Examples
    --------
    >>> explorer = LookupExplorer("the cat sat on the mat", input_dim=16, output_dim=4)
    >>> explorer.trace.shapes["output"]
    (6, 4)
    >>> explorer.text = "the #99"
    >>> explorer.trace.refused
    'ids must lie in 0..15 (input_dim=16). Received 99 at [1]. Raise input_dim, or map unknown \
words to one id.'
    >>> LookupExplorer.from_state(explorer.state).trace.tokens
    ('the', '#99')
    """

    VIEW = "lookup"
    QUESTION = "Which rows does this sentence read?"
    PARAMS = ("text", "input_dim", "output_dim", "way", "oob", "seed", "edits")
    IN_MESSAGE = ("way",)

    text = BoundedText("the cat sat on the mat", 65_536).tag(sync=True)
    input_dim = BoundedInt(16, 1, ROWS_MOST).tag(sync=True)
    output_dim = BoundedInt(8, 1, COLUMNS_MOST).tag(sync=True)
    way = Choice("gather", "one-hot").tag(sync=True)
    oob = Choice("raise", "zero", "nan", "clip", "wrap").tag(sync=True)
    seed = BoundedInt(7, 0, 2**31 - 1).tag(sync=True)
    edits = CellEdits(200).tag(sync=True)

    def __init__(
        self,
        text: str | None = None,
        *,
        vocabulary: Any = None,
        table: Any = None,
        layer: Any = None,
        **parameters: Any,
    ):
        check_single_source(table=table, layer=layer)
        self._vocabulary, self._own, self._layer = vocabulary, table, layer
        if table is not None or layer is not None:
            rows, columns = self._numbers().shape
            parameters = {"input_dim": rows, "output_dim": columns, **parameters}
        elif vocabulary is not None:
            parameters.setdefault("input_dim", min(len(vocabulary.words), ROWS_MOST))
        if text is not None:
            parameters["text"] = text
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a table of your own fixes V and D."""
        limits = super().limits()
        if self._has_own():
            for name, size in zip(("input_dim", "output_dim"), self._numbers().shape, strict=True):
                limits[name] = {"min": size, "max": size}
        return limits

    def _run(self) -> LookupTrace:
        sentence = parse_sentence(self.text, self._vocabulary)
        negative = "wrap" if self.oob == "wrap" else "raise"
        return trace_lookup(
            self._edited(),
            sentence.ids,
            tokens=sentence.tokens,
            words=sentence.words,
            oob=self.oob,
            negative=negative,
        )

    def _fill(self, trace: LookupTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        words = [short_label(word, _LABEL) for word in trace.words]
        tokens = [short_label(token, _LABEL) for token in trace.tokens[:TOKENS_SENT]]
        n = _fitting(trace, words, tokens, self.params)
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
            "refused": trace.refused,
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

    def _draw(self, trace: LookupTrace, *, dark: bool) -> Figure:
        return draw_lookup(trace, dark=dark)

    def _needs(self) -> list[str]:
        own = {"vocabulary": self._vocabulary, "table": self._own, "layer": self._layer}
        return [name for name, value in own.items() if value is not None]

    def _has_own(self) -> bool:
        return self._own is not None or self._layer is not None

    def _edited(self) -> np.ndarray:
        table = self._numbers()
        for row, column, value in self.edits:
            if row < len(table) and column < table.shape[1]:  # others wait until V or D grows
                table[row, column] = value
        return table

    def _numbers(self) -> np.ndarray:
        """Return a copy of the table before the edits."""
        if not self._has_own():
            return random_table(self.seed)[: self.input_dim, : self.output_dim].copy()
        return table_from_user(
            self._own if self._layer is None else self._layer, door="trace_lookup"
        )

    @validate("input_dim", "output_dim")
    def _fixed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            raise TraitError(
                f"{name} must be {limit['max']}, as your own table has it. Received {value}. "
                "Leave table and layer away to change it."
            )
        return value


def _fitting(
    trace: LookupTrace, words: list[str], tokens: list[str], params: dict[str, Any]
) -> int:
    """Count the tokens that travel beside the table; of a very long text the rest stays here."""
    said = json.dumps([words, params, params, trace.summary, trace.alt], ensure_ascii=False)
    room = MOST_BYTES - 4 * trace.table.size - len(said.encode()) - 4_000
    each = [len(token.encode()) + 16 + 8 * trace.table.shape[1] for token in tokens]
    return int(np.searchsorted(np.cumsum(each), room, side="right"))
