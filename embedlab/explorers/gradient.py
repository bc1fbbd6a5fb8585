"""Explorer of a lookup's gradient: scatter-add, duplicate ids, and a numerical check."""

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
from embedlab.explorers.traits import BoundedInt, BoundedText, Choice
from embedlab.figures.gradient import draw_gradient
from embedlab.figures.theme import Figure
from embedlab.traces.gradient import GradientTrace, trace_gradient
from embedlab.traces.gradient.check import STEPS, TOLERANCE
from embedlab.traces.gradient.report import RULES
from embedlab.traces.text import short_label

__all__ = ["GradientExplorer"]

ROWS_DRAWN, COLUMNS_DRAWN, TOKENS_MAX = 40, 16, 80
_LABEL_LENGTH = 40  # characters of a word that are sent
_SOME_IDS = (1, 5, 7, 1, 4, 3, 1, 6, 0, 0)  # ids of a given table when there is no sentence


class GradientExplorer(Explorer):
    """Type a sentence and see which rows of the table get a gradient, and how large it is.

    Parameters
    ----------
    text : str, or a layer, or a table, optional
        The sentence. A token written ``#12`` stands for that id. A layer or a table by position
        is the same as `layer` or `table`.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it row 0 is ``<pad>``, a few common words follow, and new words
        take the next ids.
    table : array_like, (V, D), optional
        The table to show, at most 2048 x 32; it is never changed.
    layer : embedlab.layers.Embedding, optional
        The layer whose table is shown; `refresh` reads it again.
    grad_out : array_like that fits (N, D), optional
        The gradient of the output, instead of a squared error to a target for each position.
    **parameters
        input_dim (V, 1..40), output_dim (D, 1..16), mode ("plain", "padding": the row
        `padding_idx` gets no gradient; "frequency": each row gets the mean; "tied": the table is
        also the output projection), rule ("add", or "assign", a common bug), padding_idx, digits
        (central differences use a step of ``10 ** -digits``), seed; and link_id, hide.

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

    VIEW = "gradient"
    QUESTION = "Which rows get a gradient?"
    PARAMS_IN_MESSAGE = ("rule", "digits")

    text = BoundedText("the cat and the dog on the mat #0 #0", 65_536)
    input_dim = BoundedInt(14, 1, ROWS_MAX)
    output_dim = BoundedInt(6, 1, COLUMNS_MAX)
    mode = Choice("plain", "padding", "frequency", "tied")
    rule = Choice(*RULES)
    padding_idx = BoundedInt(0, 0, ROWS_MAX - 1)
    digits = BoundedInt(5, 0, STEPS.size - 1)
    seed = BoundedInt(7, 0, 2**31 - 1)

    def __init__(
        self,
        text: Any = None,
        *,
        vocabulary: Any = None,
        table: Any = None,
        layer: Any = None,
        grad_out: Any = None,
        **parameters: Any,
    ):
        by_position = text if text is not None and not isinstance(text, str) else None
        name, self._source = check_single_source(by_position, table=table, layer=layer)
        self._grad_out = None if grad_out is None else np.array(grad_out, np.float64)
        self._inputs = {"vocabulary": vocabulary, name: self._source, "grad_out": self._grad_out}
        if isinstance(text, str):
            parameters["text"] = text
        if self._source is not None:
            rows, columns = self._current_table().shape
            ids = " ".join(f"#{i % rows}" for i in _SOME_IDS)
            parameters = {"input_dim": rows, "output_dim": columns, "text": ids, **parameters}
        elif "input_dim" not in parameters:
            parameters["input_dim"] = self._rows_for(
                str(parameters.get("text", type(self).text.default_value))
            )
        super().__init__(**parameters)

    def _rows_for(self, text: str) -> int:
        """Return V: a row for every word, or as many as fit the screen."""
        if self._inputs["vocabulary"] is not None:
            return min(len(self._inputs["vocabulary"].words), ROWS_MAX)
        try:
            largest = int(parse_sentence(text).ids[:TOKENS_MAX].max(initial=0))
        except ValueError:  # reported when the trace is computed
            largest = 0
        return int(np.clip(largest + 1, type(self).input_dim.default_value, ROWS_DRAWN))

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a given table fixes V and D."""
        limits = super().limits()
        words = (
            0
            if self._inputs["vocabulary"] is None
            else min(len(self._inputs["vocabulary"].words), ROWS_MAX)
        )
        limits["input_dim"] = {"min": 1, "max": max(ROWS_DRAWN, words)}
        limits["output_dim"] = {"min": 1, "max": COLUMNS_DRAWN}
        if self._source is not None:
            for name, size in zip(
                ("input_dim", "output_dim"), self._current_table().shape, strict=True
            ):
                limits[name] = {"min": size, "max": size}
        limits["padding_idx"]["max"] = self.input_dim - 1
        return limits

    def compute_trace(self) -> GradientTrace:
        """Return the trace of the current parameters."""
        sentence = parse_sentence(self.text, self._inputs["vocabulary"])
        ids, table = sentence.ids[:TOKENS_MAX], self._current_table()
        words = sentence.words
        tokens = [
            words[i] if token.startswith("#") and i < len(words) and words[i] else token
            for token, i in zip(sentence.tokens, ids.tolist(), strict=False)
        ]
        self._total = len(sentence.tokens)
        options: dict[str, Any] = {"tied": True}
        if self.mode != "tied":
            options = {
                "padding_idx": self.padding_idx if self.mode == "padding" else None,
                "scale_grad_by_freq": self.mode == "frequency",
                "target": self._target(ids.size, table.shape[1]),
            }
        return trace_gradient(
            table, ids, tokens=tokens, words=words, grad_out=self._grad_out, **options
        )

    def _target(self, count: int, width: int) -> np.ndarray:
        """Return the target of each position; a longer text keeps the first targets."""
        return random_table(self.seed + 1)[:count, :width].astype(np.float64)

    def _current_table(self) -> np.ndarray:
        if self._source is None:
            return random_table(self.seed)[: self.input_dim, : self.output_dim].astype(np.float64)
        return table_from_user(self._source, suggestion="trace_gradient")

    def encode_trace(self, trace: GradientTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        rows = _rows_drawn(trace)
        positions = {int(row): n for n, row in enumerate(trace.sum_ids)}
        counts = [
            int(trace.counts[positions[row]]) if row in positions else 0 for row in rows.tolist()
        ]
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.int32),
            "has_gradient": trace.has_gradient.astype(np.uint8),
            "rows": rows.astype(np.int32),
            "counts": np.array(counts, np.int32),
            "table": trace.table[rows],
            "target": trace.target,
            "grad_out": trace.grad_out,
            "running_sums": trace.running_sums,
            "added": trace.added[rows],
            "assigned": trace.assigned[rows],
            "direct": trace.direct[rows],
            "grad_scores": trace.grad_scores[:, rows] if trace.tied else trace.grad_scores,
            "checked": trace.checked.astype(np.int32),
            "up": trace.up,
            "down": trace.down,
            "largest": np.array([_largest(trace, rule) for rule in RULES]),
            "curve": np.array([trace.curve(rule) for rule in RULES]),
        }
        if np.isnan(trace.target).all():
            del arrays["target"]
        header: dict[str, Any] = {
            "tokens": [short_label(token, _LABEL_LENGTH) for token in trace.tokens],
            "words": [short_label(trace.words[row], _LABEL_LENGTH) for row in rows.tolist()],
            "total": self._total,
            "V": len(trace.table),
            "loss": trace.loss if np.isfinite(trace.loss) else None,
            "reached": len(trace.reached),
            "passes": {rule: trace.passes(rule) for rule in RULES},
            "tolerance": TOLERANCE,
            "weights_checked": trace.checked.size * trace.table.shape[1],
            "own_gradient": self._grad_out is not None,
        }
        return header, arrays

    def draw(self, trace: GradientTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_gradient(trace, rule=self.rule, dark=dark)

    @validate("input_dim", "output_dim")
    def _check_allowed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            condition = f"be {limit['max']}, the size of the given table"
            if self._source is None:
                condition = f"be from {limit['min']} to {limit['max']}, so that all rows are drawn"
            raise TraitError(
                f"{name} must {condition}. Received {value}. Pass a table for another size."
            )
        return value


def _rows_drawn(trace: GradientTrace) -> np.ndarray:
    """Return all rows, or for a large table the most frequent rows and a few others."""
    height = len(trace.table)
    if height <= ROWS_DRAWN:
        return np.arange(height)
    frequent = trace.sum_ids[np.argsort(-trace.counts, kind="stable")]
    others = np.setdiff1d(np.arange(min(height, 3 * ROWS_DRAWN)), frequent)
    first = np.concatenate([frequent, others])
    return np.sort(first[:ROWS_DRAWN])


def _largest(trace: GradientTrace, rule: str) -> np.ndarray:
    """Return for each step size the scale of relative errors: the largest gradient component."""
    numeric = np.abs(trace.numeric).max((1, 2), initial=0)
    largest = np.maximum(np.abs(trace.analytic(rule)[trace.checked]).max(initial=0), numeric)
    return np.where(largest == 0, 1, largest)
