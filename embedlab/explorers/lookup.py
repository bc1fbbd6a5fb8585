"""Explorer of a lookup: the rows a sentence reads, by gather and by one-hot matmul."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Unpack

import numpy as np

from embedlab.explorers.inputs.table import COLUMNS_MAX, ROWS_MAX
from embedlab.explorers.inputs.window import (
    join_notes,
    row_labels,
    rows_around,
    window_note,
    words_note,
)
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TableExplorer
from embedlab.explorers.traits import (
    SIZE_MAX,
    BoundedInt,
    BoundedText,
    CellEdits,
    Choice,
    StrictBool,
)
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.lookup import draw_lookup
from embedlab.figures.theme import Figure
from embedlab.traces.lookup import LookupTrace, trace_lookup
from embedlab.traces.text import short_label

__all__ = ["LookupExplorer", "LookupParameters"]

TOKENS_MAX = 2000
WINDOW_TOKENS_MAX, WINDOW_ROWS_MAX = 400, 512  # of a table that is too large to be sent
_LABEL_LENGTH = 40  # characters of a word that are sent


class LookupParameters(CommonParameters, total=False):
    """Keyword parameters of `LookupExplorer`, each with its help text."""

    input_dim: Annotated[int, "V, 1..2048"]
    output_dim: Annotated[int, "D, 1..32"]
    method: Annotated[Literal["gather", "one-hot"], "how the rows are read"]
    oob: Annotated[
        Literal["raise", "zero", "nan", "clip", "wrap"],
        ('out-of-range ids; with "wrap" negative ids count from the end'),
    ]
    seed: Annotated[int, "of the random table"]
    edits: Annotated[Sequence[Sequence[float]], "changed weights, each [row, column, value]"]
    grow: Annotated[bool, "V grows with the words of the text; setting V ends it"]


class LookupExplorer(TableExplorer):
    """Type a sentence and see which rows of the table it reads.

    Parameters
    ----------
    text : str, or a table, or a layer, optional
        The sentence; the first 2000 words are used. A token written ``#12`` or ``#-1`` stands for
        that id. A table or layer by position is the same as `table` or `layer`.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids, and sets V by default. Without it row 0 is ``<pad>``, a few common words
        follow, and new words take the next ids.
    words : sequence of str, optional
        The words of the rows.
    table, layer : optional
        The table to show: anything that `embedlab.explorers.inputs.table.read_table` takes, of
        any size. It is never changed; `refresh` reads it again. Of a large one the message holds
        the rows in use and some around them.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a `table` or `layer` without a table.

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
    OFFLINE_PARAMS = ("method",)
    OTHER_CONTROLS = ("race",)

    text = BoundedText("the cat sat on the mat", 65_536)
    input_dim = BoundedInt(16, 1, SIZE_MAX)
    output_dim = BoundedInt(8, 1, SIZE_MAX)
    method = Choice("gather", "one-hot")
    oob = Choice("raise", "zero", "nan", "clip", "wrap")
    seed = BoundedInt(7, 0, 2**31 - 1)
    edits = CellEdits(200)
    grow = StrictBool(True)

    def __init__(
        self,
        text: Any = None,
        *,
        vocabulary: Any = None,
        words: Sequence[str] | None = None,
        table: Any = None,
        layer: Any = None,
        **parameters: Unpack[LookupParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        source = None if isinstance(text, str) else text
        self.take_source(source, table=table, layer=layer, words=words, vocabulary=vocabulary)
        if isinstance(text, str):
            values["text"] = text
        super().__init__(**self.with_sizes(values))

    def words_used(self) -> int:
        """Return how many words of the text are used."""
        return TOKENS_MAX if self.table_shape()[0] <= ROWS_MAX else WINDOW_TOKENS_MAX

    def compute_trace(self) -> LookupTrace:
        """Return the trace of the current parameters."""
        self._sentence = self.parse()
        negative = "wrap" if self.oob == "wrap" else "raise"
        return trace_lookup(
            self._edited_table(),
            self._sentence.ids,
            tokens=self._sentence.tokens,
            words=self._sentence.words,
            oob=self.oob,
            negative=negative,
        )

    def encode_trace(self, trace: LookupTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        height, width = trace.table.shape
        most = WINDOW_ROWS_MAX if height > ROWS_MAX else ROWS_MAX
        visible = rows_around(trace.rows.tolist(), height, most)
        columns = min(width, COLUMNS_MAX)
        table = trace.table[visible, :columns]
        words = [short_label(word, _LABEL_LENGTH) for word in row_labels(visible, trace.words)]
        tokens = [short_label(token, _LABEL_LENGTH) for token in trace.tokens[:TOKENS_MAX]]
        n = _tokens_that_fit(trace, table, words, tokens, self.params)
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids[:n].astype(np.int32),
            "rows": _positions(trace.rows[:n], visible).astype(np.int32),
            "bad": trace.bad[:n].astype(np.uint8),
            "table": table.astype(np.float32),
        }
        if len(visible) < height:
            arrays["row_ids"] = visible.astype(np.int32)
        for name, values in (("output", trace.output), ("onehot", trace.onehot)):
            if values is not None:
                arrays[name] = values[:n, :columns].astype(np.float32)
        difference = trace.max_difference
        header: dict[str, Any] = {
            "tokens": tokens[:n],
            "words": words,
            "total": len(trace.tokens),
            "words_in_text": self._sentence.total,
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
            "note": join_notes(
                window_note(trace.table.shape, len(visible), columns),
                words_note(n, self._sentence.total, self._sentence.unit),
            ),
        }
        return header, arrays

    def draw(self, trace: LookupTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_lookup(trace, dark=dark)

    def _edited_table(self) -> np.ndarray:
        table = self.table()
        height, width = table.shape
        # Edits of other cells apply once V or D grows.
        edits = [edit for edit in self.edits if edit[0] < height and edit[1] < width]
        if edits:
            table = np.array(table)
            for row, column, value in edits:
                table[row, column] = value
            table.flags.writeable = False
        return table


def _positions(rows: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Return the position of each row among those visible; −1 stays −1."""
    return np.where(rows < 0, -1, np.searchsorted(visible, rows))


def _tokens_that_fit(
    trace: LookupTrace,
    table: np.ndarray,
    words: list[str],
    tokens: list[str],
    params: dict[str, Any],
) -> int:
    """Return how many tokens fit into one message beside the table."""
    text = json.dumps([words, params, params, trace.summary, trace.alt], ensure_ascii=False)
    available = MAX_BYTES - 4 * (table.size + len(words)) - len(text.encode()) - 4_000
    sizes = [len(token.encode()) + 16 + 8 * table.shape[1] for token in tokens]
    return int(np.searchsorted(np.cumsum(sizes), available, side="right"))
