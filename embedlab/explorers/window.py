"""Explorer of a skip-gram window: its pairs, their losses, and the rows that each step changes."""

import json
from typing import Any

import numpy as np

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.corpus import STORY, parse_corpus
from embedlab.explorers.inputs.window import words_note
from embedlab.explorers.traits import BoundedInt, BoundedText, LearningRate, StrictBool
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.theme import Figure
from embedlab.figures.window import draw_window
from embedlab.traces.text import short_label
from embedlab.traces.window import WindowTrace, trace_window

__all__ = ["WindowExplorer"]

ROWS_MAX, STEPS_MAX = 18, 100
_LABEL_LENGTH = 40  # characters of a word that are sent
_HEADER_BYTES = 12_000  # for the words and the rest of the header, without the text


class WindowExplorer(Explorer):
    """Slide a skip-gram window over a text: one center word, one step of SGD.

    Parameters
    ----------
    text : str
        The text; its first words, at most 100, are the center words, one after the other.
    **parameters
        window (1..4 words on each side), negative (0..4 for each context word), learning_rate,
        output_dim (D, 2..8), input_dim (maximum vocabulary, 1..18; the rarest of more words share
        ``<unk>``), grow (the maximum grows with the words of the text; setting input_dim ends it),
        position (the center word on which the view opens, from 0), seed; and link_id, hide.

    Raises
    ------
    TraitError
        For an invalid parameter.

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

    VIEW = "window"
    QUESTION = "Which rows change when the window stands here?"

    text = BoundedText(STORY, 65_536)
    window = BoundedInt(2, 1, 4)
    negative = BoundedInt(2, 0, 4)
    learning_rate = LearningRate(1.0)
    output_dim = BoundedInt(4, 2, 8)
    input_dim = BoundedInt(12, 1, ROWS_MAX)
    position = BoundedInt(0, 0, STEPS_MAX - 1)
    seed = BoundedInt(7, 0, 2**31 - 1)
    grow = StrictBool(True)

    rows_needed = 0
    """The maximum vocabulary that gives each word of the text a row, as far as there may be one."""

    def __init__(self, text: str | None = None, **parameters: Any):
        if text is not None:
            parameters["text"] = text
        if "input_dim" in parameters:
            parameters.setdefault("grow", False)
        super().__init__(**parameters)

    def header_of_any_edit(self) -> dict[str, Any]:
        """Return V that the words need, for the button "Grow V to fit"."""
        return {"rows_needed": self.rows_needed}

    def settle_params(self) -> None:
        """Grow V with the words of the text, until somebody sets V; keep `position` in the text."""
        self.rows_needed = len(parse_corpus(self.text, ROWS_MAX).words)
        last, rows = self._last_params, self.input_dim
        if self.grow and last.get("grow") and last["input_dim"] != rows:
            # Only Reset sets V to its first value and has rows for all words.
            self.grow = self._initial["input_dim"] == rows and self.rows_needed <= rows
        if self.grow and self.rows_needed > rows:
            self.input_dim = self.rows_needed
        corpus = parse_corpus(self.text, self.input_dim)
        self._steps = min(corpus.ids.size, self._steps_that_fit(len(corpus.words)))
        self.position = min(self.position, max(0, self._steps - 1))

    def compute_trace(self) -> WindowTrace:
        """Return the trace of the current parameters."""
        corpus = parse_corpus(self.text, self.input_dim)
        self._total = corpus.total
        return trace_window(
            corpus.ids[: self._steps],
            words=corpus.words,
            starts=corpus.starts[corpus.starts < self._steps],
            window=self.window,
            negative=self.negative,
            output_dim=self.output_dim,
            learning_rate=self.learning_rate,
            position=self.position,
            seed=self.seed,
        )

    def _steps_that_fit(self, rows: int) -> int:
        """Return how many steps fit into one message: both tables, gradients and pairs."""
        texts = json.dumps([self.text, self._initial["text"]], ensure_ascii=False)
        pairs = 2 * self.window * (1 + self.negative)
        each = 2 * 2 * 4 * rows * self.output_dim + 16 * pairs + 24
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
            "around": trace.around.astype(np.uint8),
            "scores": trace.scores,
            "sigmoids": trace.sigmoids,
            "pair_losses": trace.pair_losses,
            "weights": trace.weights,
            "grads": trace.grads,
            "losses": trace.losses,
        }
        header = {
            "note": words_note(trace.steps, self._total),
            "words": [short_label(word, _LABEL_LENGTH) for word in trace.words],
            "position": trace.position,
        }
        return header, arrays

    def draw(self, trace: WindowTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_window(trace, dark=dark)
