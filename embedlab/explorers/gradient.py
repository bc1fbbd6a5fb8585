"""Explorer of a lookup's gradient: scatter-add, duplicate ids, and a numerical check."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Unpack

import numpy as np

from embedlab.explorers.inputs.table import COLUMNS_MAX, random_table
from embedlab.explorers.inputs.window import (
    join_notes,
    row_labels,
    rows_around,
    window_note,
    words_note,
)
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TableExplorer
from embedlab.explorers.traits import SIZE_MAX, BoundedInt, BoundedText, Choice, StrictBool
from embedlab.figures.gradient import draw_gradient
from embedlab.figures.theme import Figure
from embedlab.traces.gradient import GradientTrace, trace_gradient
from embedlab.traces.gradient.check import STEPS, TOLERANCE
from embedlab.traces.gradient.report import RULES
from embedlab.traces.text import short_label

__all__ = ["GradientExplorer", "GradientParameters"]

ROWS_DRAWN, ROWS_LABELED, COLUMNS_DRAWN, TOKENS_MAX = 40, 22, 16, 80
_LABEL_LENGTH = 40  # characters of a word that are sent


class GradientParameters(CommonParameters, total=False):
    """Keyword parameters of `GradientExplorer`, each with its help text."""

    input_dim: Annotated[int, "V, 1..40"]
    output_dim: Annotated[int, "D, 1..16"]
    mode: Annotated[
        Literal["plain", "padding", "frequency", "tied"],
        (
            '"padding": the row `padding_idx` gets no gradient; "frequency": each row gets '
            'the mean; "tied": the table is also the output projection'
        ),
    ]
    rule: Annotated[Literal["add", "assign"], '"assign" is a common bug']
    padding_idx: Annotated[int, "the row of padding"]
    digits: Annotated[int, "central differences use a step of ``10 ** -digits``"]
    seed: Annotated[int, "of the random table and gradient"]
    grow: Annotated[bool, "V grows with the words of the text; setting V ends it"]


class GradientExplorer(TableExplorer):
    """Type a sentence and see which rows of the table get a gradient, and how large it is.

    Parameters
    ----------
    text : str, or a layer, or a table, optional
        The sentence. A token written ``#12`` stands for that id. A layer or a table by position
        is the same as `layer` or `table`.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it row 0 is ``<pad>``, a few common words follow, and new words
        take the next ids.
    words : sequence of str, optional
        The words of the rows.
    table, layer : optional
        The table to show: anything that `embedlab.explorers.inputs.table.read_table` takes, of
        any size. It is never changed; `refresh` reads it again.
    grad_out : array_like that fits (N, D), optional
        The gradient of the output, instead of a squared error to a target for each position.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError, IdError, ShapeError
        For a table or gradient of the wrong shape, and for ids beyond the last row.

    Notes
    -----
    The first 80 words of a text are used; at most 40 rows of a table are drawn.

    Examples
    --------
    >>> explorer = GradientExplorer("the cat the", output_dim=2)
    >>> explorer.trace.passes("add"), explorer.trace.passes("assign")
    (True, False)
    >>> explorer.mode = "tied"
    >>> len(explorer.trace.reached) == explorer.input_dim
    True
    >>> GradientExplorer.from_state(explorer.state).mode
    'tied'
    """

    SIZES = (ROWS_DRAWN, COLUMNS_DRAWN)
    VIEW = "gradient"
    QUESTION = "Which rows get a gradient?"
    OFFLINE_PARAMS = ("rule", "digits")
    OTHER_CONTROLS = ("duplicates",)

    text = BoundedText("the cat and the dog on the mat #0 #0", 65_536)
    input_dim = BoundedInt(14, 1, SIZE_MAX)
    output_dim = BoundedInt(6, 1, SIZE_MAX)
    mode = Choice("plain", "padding", "frequency", "tied")
    rule = Choice(*RULES)
    padding_idx = BoundedInt(0, 0, SIZE_MAX)
    digits = BoundedInt(5, 0, STEPS.size - 1)
    seed = BoundedInt(7, 0, 2**31 - 1)
    grow = StrictBool(True)

    def __init__(
        self,
        text: Any = None,
        *,
        vocabulary: Any = None,
        words: Sequence[str] | None = None,
        table: Any = None,
        layer: Any = None,
        grad_out: Any = None,
        **parameters: Unpack[GradientParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        source = None if isinstance(text, str) else text
        self.take_source(source, table=table, layer=layer, words=words, vocabulary=vocabulary)
        self._grad_out = None if grad_out is None else np.array(grad_out, np.float64)
        self._inputs = {**self._inputs, "grad_out": self._grad_out}
        if isinstance(text, str):
            values["text"] = text
        super().__init__(**self.with_sizes(values))

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the table and vocabulary, or None with a gradient that was passed."""
        return super().page_inputs() if self._grad_out is None else None

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a user's table fixes V and D."""
        limits = super().limits()
        limits["padding_idx"]["max"] = self.input_dim - 1
        return limits

    def normalize_params(self) -> None:
        """Grow V with the words, and keep the padding row inside the table."""
        super().normalize_params()
        self.padding_idx = min(self.padding_idx, self.input_dim - 1)

    def words_used(self) -> int:
        """Return how many words of the text are used."""
        return TOKENS_MAX

    def compute_trace(self) -> GradientTrace:
        """Return the trace of the current parameters."""
        sentence, table = self.parse(), self.table()
        ids, words = sentence.ids, sentence.words
        tokens = [
            words[i] if token.startswith("#") and 0 <= i < len(words) and words[i] else token
            for token, i in zip(sentence.tokens, ids.tolist(), strict=True)
        ]
        self._total, self._unit = sentence.total, sentence.unit
        options: dict[str, Any] = {"tied": True}
        if self.mode != "tied":
            options = {
                "padding_idx": self.padding_idx if self.mode == "padding" else None,
                "scale_grad_by_freq": self.mode == "frequency",
                "target": self._target(ids.size, table.shape[1]),
            }
        return trace_gradient(
            table,
            ids,
            tokens=tokens,
            words=words,
            grad_out=self._grad_out,
            check_columns=COLUMNS_MAX,
            **options,
        )

    def _target(self, count: int, width: int) -> np.ndarray:
        """Return the target of each position; a longer text keeps the first targets."""
        draws = random_table(self.seed + 1)
        if width > draws.shape[1]:
            draws = random_table(self.seed + 1, (TOKENS_MAX, width))
        return draws[:count, :width].astype(np.float64)

    def encode_trace(self, trace: GradientTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        height, width = trace.table.shape
        # The most frequent rows first, then others near the start or near them.
        frequent = trace.sum_ids[np.argsort(-trace.counts, kind="stable")]
        most = ROWS_DRAWN
        if self.fixed_shape is not None and height > ROWS_DRAWN:
            most = min(ROWS_DRAWN, max(ROWS_LABELED, frequent.size))
        rows = rows_around(frequent.tolist(), height, most)
        columns = slice(min(width, COLUMNS_MAX))
        positions = {int(row): n for n, row in enumerate(trace.sum_ids)}
        counts = [
            int(trace.counts[positions[row]]) if row in positions else 0 for row in rows.tolist()
        ]
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.int32),
            "has_gradient": trace.has_gradient.astype(np.uint8),
            "rows": rows.astype(np.int32),
            "counts": np.array(counts, np.int32),
            "table": trace.table[rows, columns],
            "target": trace.target[:, columns],
            "grad_out": trace.grad_out[:, columns],
            "running_sums": trace.running_sums[:, columns],
            "added": trace.added[rows, columns],
            "assigned": trace.assigned[rows, columns],
            "direct": trace.direct[rows, columns],
            "grad_scores": trace.grad_scores[:, rows] if trace.tied else trace.grad_scores,
            "checked": trace.checked.astype(np.int32),
            "up": trace.up[..., columns],
            "down": trace.down[..., columns],
            "largest": np.array([_largest(trace, rule) for rule in RULES]),
            "curve": np.array([trace.curve(rule) for rule in RULES]),
        }
        if np.isnan(trace.target).all():
            del arrays["target"]
        header: dict[str, Any] = {
            "tokens": [short_label(token, _LABEL_LENGTH) for token in trace.tokens],
            "words": [short_label(word, _LABEL_LENGTH) for word in row_labels(rows, trace.words)],
            "total": self._total,
            "V": height,
            "D": width,
            "loss": trace.loss if np.isfinite(trace.loss) else None,
            "reached": len(trace.reached),
            "passes": {rule: trace.passes(rule) for rule in RULES},
            "tolerance": TOLERANCE,
            "weights_checked": trace.weights_checked,
            "own_gradient": self._grad_out is not None,
            "note": join_notes(
                window_note(trace.table.shape, rows.size, min(width, COLUMNS_MAX)),
                words_note(trace.ids.size, self._total, self._unit),
            ),
        }
        return header, arrays

    def draw(self, trace: GradientTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_gradient(trace, rule=self.rule, dark=dark)


def _largest(trace: GradientTrace, rule: str) -> np.ndarray:
    """Return for each step size the scale of relative errors: the largest gradient component."""
    numeric = np.abs(trace.numeric).max((1, 2), initial=0)
    analytic = trace.analytic(rule)[trace.checked, : trace.up.shape[2]]
    largest = np.maximum(np.abs(analytic).max(initial=0), numeric)
    return np.where(largest == 0, 1, largest)
