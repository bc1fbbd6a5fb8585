"""Explorer of a skip-gram window: its pairs, their losses, and the rows that each step changes."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Unpack

import numpy as np

from embedlab.core.checks import ShapeError, message
from embedlab.explorers.inputs.corpus import (
    STORY,
    RowCorpus,
    SmallCorpus,
    parse_corpus,
    parse_rows,
    trained_note,
)
from embedlab.explorers.inputs.table import UserTable, read_table
from embedlab.explorers.inputs.window import row_labels, words_note
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TableExplorer
from embedlab.explorers.traits import SIZE_MAX, BoundedInt, BoundedText, LearningRate, StrictBool
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.theme import Figure
from embedlab.figures.window import draw_window
from embedlab.traces.text import short_label
from embedlab.traces.window import WindowTrace, trace_window

__all__ = ["WindowExplorer", "WindowParameters"]

ROWS_MAX, COLUMNS_MAX, COLUMNS_MIN, STEPS_MAX = 18, 8, 2, 100
_LABEL_LENGTH = 40  # characters of a word that are sent
_HEADER_BYTES = 12_000  # for the words and the rest of the header, without the text


class WindowParameters(CommonParameters, total=False):
    """Keyword parameters of `WindowExplorer`, each with its help text."""

    window: Annotated[int, "1..4 words on each side"]
    negative: Annotated[int, "0..4 negatives for each context word"]
    learning_rate: Annotated[float, "of the update"]
    output_dim: Annotated[int, "D, 2..8"]
    input_dim: Annotated[
        int, ("maximum vocabulary, 1..18; the rarest of more words share ``<unk>``")
    ]
    position: Annotated[int, "the center word on which the view opens, from 0"]
    seed: Annotated[int, "of the random tables and negatives"]
    grow: Annotated[
        bool, ("the maximum grows with the words of the text; setting input_dim ends it")
    ]


class WindowExplorer(TableExplorer):
    """Slide a skip-gram window over a text: one center word, one step of SGD.

    Parameters
    ----------
    text : str, or a table, or a layer, optional
        The text; its first words, at most 100, are the center words, one after the other. With a
        table ``#12`` stands for row 12. A table or layer by position is the same as `table` or
        `layer`.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it the most frequent words get rows; the rest share ``<unk>``.
    words : sequence of str, optional
        The words of the rows of `table` or `layer`.
    table, layer : optional
        The initial embedding table: anything that `embedlab.explorers.inputs.table.read_table`
        takes, of any size. It is never changed; `refresh` reads it again. Of a large one the rows
        in use and some around them, at most 18, are trained in their first 8 columns, as the view
        says.
    context_table : optional
        The initial context table of the same shape, such as ``syn1neg`` of gensim's Word2Vec;
        random without it.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a vocabulary that is too large, more than one table, and `context_table` or `words`
        without a table.
    IdError, ShapeError
        For a row outside the table, and a context table of another shape.

    Examples
    --------
    >>> explorer = WindowExplorer("The cat sat on the mat.", window=1, position=1)
    >>> pairs = explorer.trace.batches.pairs[explorer.trace.pairs_of(1)]
    >>> [explorer.trace.words[row] for row in pairs[:, 1]]
    ['the', 'on', 'sat', 'mat', 'the']
    >>> explorer.negative = 0
    >>> explorer.trace.updated(1).sum(axis=1).tolist()
    [1, 2]
    """

    SIZES = (ROWS_MAX, COLUMNS_MAX)
    VIEW = "window"
    QUESTION = "Which rows change when the window stands here?"

    text = BoundedText(STORY, 65_536)
    window = BoundedInt(2, 1, 4)
    negative = BoundedInt(2, 0, 4)
    learning_rate = LearningRate(1.0)
    output_dim = BoundedInt(4, 1, SIZE_MAX)
    input_dim = BoundedInt(12, 1, SIZE_MAX)
    position = BoundedInt(0, 0, STEPS_MAX - 1)
    seed = BoundedInt(7, 0, 2**31 - 1)
    grow = StrictBool(True)

    _context: UserTable | None = None

    def __init__(
        self,
        text: Any = None,
        *,
        vocabulary: Any = None,
        words: Sequence[str] | None = None,
        table: Any = None,
        layer: Any = None,
        context_table: Any = None,
        **parameters: Unpack[WindowParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        source = None if isinstance(text, str) else text
        self._context_source = context_table
        self.take_source(source, table=table, layer=layer, words=words, vocabulary=vocabulary)
        self._inputs = {**self._inputs, "context_table": context_table}
        if isinstance(text, str):
            values["text"] = text
        if vocabulary is not None and self._user is None:
            values.setdefault("input_dim", min(len(vocabulary.words), ROWS_MAX))
        super().__init__(**self.with_sizes(values))

    def _read_source(self) -> None:
        super()._read_source()
        if self._user is None:
            for name, value in (("context_table", self._context_source), ("words", self._labels)):
                if value is not None:
                    must = f"{name} must come with the table or layer that it belongs to"
                    raise ValueError(message(must, f"{name} alone", "Pass table or layer as well"))
        if self._user is None or self._context_source is None:
            return
        self._context = read_table(self._context_source, "context_table")
        if self._context.shape != self._user.shape:
            must = f"context_table must have the shape of the table, (V, D) = {self._user.shape}"
            received = f"a table of shape {self._context.shape}"
            raise ShapeError(message(must, received, "Pass the two tables of one model"))

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the vocabulary; a table of the user's is not trained in a page."""
        return super().page_inputs() if self._user is None else None

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a user's table fixes V and D."""
        limits = super().limits()
        if self.fixed_shape is None:
            limits["input_dim"]["max"] = ROWS_MAX
            limits["output_dim"]["min"] = COLUMNS_MIN
        return limits

    def rows_of_words(self) -> int:
        """Return the maximum vocabulary that gives each word a row, as far as there may be one."""
        return len(parse_corpus(self.text, ROWS_MAX, self._given_vocabulary).words)

    def normalize_params(self) -> None:
        """Grow V with the words of the text, until somebody sets V; keep `position` in the text."""
        super().normalize_params()
        self._corpus = self._parse_text()
        rows, columns = self._rows_shown()
        self._steps = min(self._corpus.ids.size, self._steps_that_fit(rows, columns))
        self.position = min(self.position, max(0, self._steps - 1))

    def _parse_text(self) -> SmallCorpus | RowCorpus:
        if self._user is None:
            return parse_corpus(self.text, self.input_dim, self._given_vocabulary)
        labels, vocabulary = self._row_words(), self._given_vocabulary
        return parse_rows(self.text, len(self._user.values), labels, vocabulary, ROWS_MAX)

    def _rows_shown(self) -> tuple[int, int]:
        """Return how many rows and columns are trained."""
        if isinstance(self._corpus, RowCorpus):
            return self._corpus.rows.size, min(COLUMNS_MAX, self.output_dim)
        return len(self._corpus.words), self.output_dim

    def compute_trace(self) -> WindowTrace:
        """Return the trace of the current parameters."""
        corpus = self._corpus
        words: Sequence[str] = corpus.words
        initial: list[np.ndarray | None] = [None, None]
        if isinstance(corpus, RowCorpus):
            words = row_labels(corpus.rows, corpus.words, number=True)
            for n, user in enumerate((self._user, self._context)):
                if user is not None:
                    initial[n] = user.values[corpus.rows][:, :COLUMNS_MAX]
        return trace_window(
            corpus.ids[: self._steps],
            words=words,
            starts=corpus.starts[corpus.starts < self._steps],
            window=self.window,
            negative=self.negative,
            output_dim=self._rows_shown()[1],
            learning_rate=self.learning_rate,
            position=self.position,
            seed=self.seed,
            table=initial[0],
            context_table=initial[1],
        )

    def _steps_that_fit(self, rows: int, columns: int) -> int:
        """Return how many steps fit into one message: both tables, gradients and pairs."""
        texts = json.dumps([self.text, self._initial["text"]], ensure_ascii=False)
        pairs = 2 * self.window * (1 + self.negative)
        each = 2 * 2 * 4 * rows * columns + 16 * pairs + 24
        free = MAX_BYTES - _HEADER_BYTES - len(texts.encode(errors="replace"))
        return max(1, min(STEPS_MAX, free // each - 1))

    def encode_trace(self, trace: WindowTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.uint8),
            "begins": np.diff(trace.sentence, prepend=-1).astype(np.uint8),
            "starts": trace.batches.starts.astype(np.int32),
            "second": trace.batches.pairs[:, 1].astype(np.uint8),
            "label": trace.batches.label,
            "around": trace.context_positions.astype(np.uint8),
            "scores": trace.scores,
            "sigmoids": trace.sigmoids,
            "pair_losses": trace.pair_losses,
            "weights": trace.weights,
            "grads": trace.grads,
            "losses": trace.losses,
        }
        header: dict[str, Any] = {
            "note": self._note(trace),
            "words": [short_label(word, _LABEL_LENGTH) for word in trace.words],
            "position": trace.position,
        }
        if isinstance(self._corpus, RowCorpus):
            header |= {"rows": self._corpus.rows.tolist(), "shape": self.table_shape()}
        return header, arrays

    def _note(self, trace: WindowTrace) -> str | None:
        """Return what is left out of the tables and the text, or None."""
        corpus = self._corpus
        if self._user is None or not isinstance(corpus, RowCorpus):
            return words_note(trace.steps, corpus.total)
        return trained_note(corpus, self._user.shape, trace.width, trace.steps)

    def draw(self, trace: WindowTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_window(trace, dark=dark)
