"""GradientExplorer: what comes back to the table, how duplicates add up, and whether it is true."""

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
from embedlab.explorers.traits import BoundedInt, BoundedText, Choice
from embedlab.figures.gradient import draw_gradient
from embedlab.figures.theme import Figure
from embedlab.traces.gradient import GradientTrace, trace_gradient
from embedlab.traces.gradient.check import STEPS, TOLERANCE
from embedlab.traces.gradient.report import WAYS
from embedlab.traces.text import short_label

__all__ = ["GradientExplorer"]

ROWS_DRAWN, WIDTH_DRAWN, TOKENS_MOST = 40, 16, 80
_LABEL = 40  # letters of a word that travel
_SOME_IDS = (1, 5, 7, 1, 4, 3, 1, 6, 0, 0)  # what a table without a sentence is asked for


class GradientExplorer(Explorer):
    """Type a sentence and see which rows of the table get a gradient, and how much.

    Parameters
    ----------
    text : str, or a layer, or a table, optional
        The sentence. A token written ``#12`` is that id itself. Instead of a sentence you may
        give what `layer` or `table` takes.
    vocabulary : embedlab.data.Vocabulary, optional
        Gives the ids. Without it row 0 is ``<pad>``, a few common words follow, and new words
        take the next ids.
    table : array_like, (V, D), optional
        A table of your own, at most 2048 x 32: read, never changed.
    layer : embedlab.layers.Embedding, optional
        Its table, read anew by `refresh`.
    grad_out : array_like that fits (N, D), optional
        What comes back from above, instead of a loss that pulls each row towards a target.
    **parameters
        input_dim (V, 1..40), output_dim (D, 1..16), mode ("plain", "padding": the row
        `padding_idx` learns nothing; "frequency": each row gets the mean; "tied": the table also
        scores the next word), rule ("add", or "assign", the bug), padding_idx, digits (a check
        moves a weight by ``10 ** -digits``), seed; and link_id, hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError, IdError, ShapeError
        For a table or gradient that does not fit, and words beyond the last row.

    Notes
    -----
    Of a long text the first 80 words are followed, and of a large table 40 rows are drawn.

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
    QUESTION = "What comes back to the table?"
    PARAMS = ("text", "input_dim", "output_dim", "mode", "rule", "padding_idx", "digits", "seed")
    IN_MESSAGE = ("rule", "digits")

    text = BoundedText("the cat and the dog on the mat #0 #0", 65_536).tag(sync=True)
    input_dim = BoundedInt(14, 1, ROWS_MOST).tag(sync=True)
    output_dim = BoundedInt(6, 1, COLUMNS_MOST).tag(sync=True)
    mode = Choice("plain", "padding", "frequency", "tied").tag(sync=True)
    rule = Choice(*WAYS).tag(sync=True)
    padding_idx = BoundedInt(0, 0, ROWS_MOST - 1).tag(sync=True)
    digits = BoundedInt(5, 0, STEPS.size - 1).tag(sync=True)
    seed = BoundedInt(7, 0, 2**31 - 1).tag(sync=True)

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
        if text is not None and not isinstance(text, str):
            if table is not None or layer is not None:
                raise ValueError("a table must be given once. Received two. Leave one away.")
            table, layer = (None, text) if hasattr(text, "embeddings") else (text, None)
            text = None
        check_single_source(table=table, layer=layer)
        self._vocabulary, self._own, self._layer = vocabulary, table, layer
        self._grad_out = None if grad_out is None else np.array(grad_out, np.float64)
        if text is not None:
            parameters["text"] = text
        if self._has_own():
            rows, columns = self._numbers().shape
            some = " ".join(f"#{i % rows}" for i in _SOME_IDS)
            parameters = {"input_dim": rows, "output_dim": columns, "text": some, **parameters}
        elif "input_dim" not in parameters:
            parameters["input_dim"] = self._room(
                str(parameters.get("text", type(self).text.default_value))
            )
        super().__init__(**parameters)

    def _room(self, text: str) -> int:
        """Return a table for every word, or as large as fits the screen."""
        if self._vocabulary is not None:
            return min(len(self._vocabulary.words), ROWS_MOST)
        try:
            largest = int(parse_sentence(text).ids[:TOKENS_MOST].max(initial=0))
        except ValueError:  # said later, with everything else
            largest = 0
        return int(np.clip(largest + 1, type(self).input_dim.default_value, ROWS_DRAWN))

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a table of your own fixes V and D."""
        limits = super().limits()
        words = 0 if self._vocabulary is None else min(len(self._vocabulary.words), ROWS_MOST)
        limits["input_dim"] = {"min": 1, "max": max(ROWS_DRAWN, words)}
        limits["output_dim"] = {"min": 1, "max": WIDTH_DRAWN}
        if self._has_own():
            for name, size in zip(("input_dim", "output_dim"), self._numbers().shape, strict=True):
                limits[name] = {"min": size, "max": size}
        limits["padding_idx"]["max"] = self.input_dim - 1
        return limits

    def _run(self) -> GradientTrace:
        sentence = parse_sentence(self.text, self._vocabulary)
        ids, table = sentence.ids[:TOKENS_MOST], self._numbers()
        words = sentence.words
        tokens = [
            words[i] if token.startswith("#") and i < len(words) and words[i] else token
            for token, i in zip(sentence.tokens, ids.tolist(), strict=False)
        ]
        self._total = len(sentence.tokens)
        more: dict[str, Any] = {"tied": True}
        if self.mode != "tied":
            more = {
                "padding_idx": self.padding_idx if self.mode == "padding" else None,
                "scale_grad_by_freq": self.mode == "frequency",
                "target": self._target(ids.size, table.shape[1]),
            }
        return trace_gradient(
            table, ids, tokens=tokens, words=words, grad_out=self._grad_out, **more
        )

    def _target(self, count: int, width: int) -> np.ndarray:
        """Draw where the loss wants each word's row, and let a longer text keep the first ones."""
        return random_table(self.seed + 1)[:count, :width].astype(np.float64)

    def _numbers(self) -> np.ndarray:
        if not self._has_own():
            return random_table(self.seed)[: self.input_dim, : self.output_dim].astype(np.float64)
        own = self._own if self._layer is None else self._layer
        return table_from_user(own, door="trace_gradient")

    def _fill(self, trace: GradientTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        rows = _rows_drawn(trace)
        places = {int(row): n for n, row in enumerate(trace.sum_ids)}
        counts = [int(trace.counts[places[row]]) if row in places else 0 for row in rows.tolist()]
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.int32),
            "arrives": trace.arrives.astype(np.uint8),
            "rows": rows.astype(np.int32),
            "counts": np.array(counts, np.int32),
            "table": trace.table[rows],
            "target": trace.target,
            "grad_out": trace.grad_out,
            "running": trace.running,
            "added": trace.added[rows],
            "assigned": trace.assigned[rows],
            "direct": trace.direct[rows],
            "sent": trace.sent[:, rows] if trace.tied else trace.sent,
            "checked": trace.checked.astype(np.int32),
            "up": trace.up,
            "down": trace.down,
            "largest": np.array([_largest(trace, way) for way in WAYS]),
            "curve": np.array([trace.curve(way) for way in WAYS]),
        }
        if np.isnan(trace.target).all():
            del arrays["target"]
        header: dict[str, Any] = {
            "tokens": [short_label(token, _LABEL) for token in trace.tokens],
            "words": [short_label(trace.words[row], _LABEL) for row in rows.tolist()],
            "total": self._total,
            "V": len(trace.table),
            "loss": trace.loss if np.isfinite(trace.loss) else None,
            "reached": len(trace.reached),
            "passes": {way: trace.passes(way) for way in WAYS},
            "tolerance": TOLERANCE,
            "weights_checked": trace.checked.size * trace.table.shape[1],
            "own_gradient": self._grad_out is not None,
        }
        return header, arrays

    def _draw(self, trace: GradientTrace, *, dark: bool) -> Figure:
        return draw_gradient(trace, way=self.rule, dark=dark)

    def _needs(self) -> list[str]:
        own = {
            "vocabulary": self._vocabulary,
            "table": self._own,
            "layer": self._layer,
            "grad_out": self._grad_out,
        }
        return [name for name, value in own.items() if value is not None]

    def _has_own(self) -> bool:
        return self._own is not None or self._layer is not None

    @validate("input_dim", "output_dim")
    def _fixed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            many = f"be {limit['max']}, as your own table has it"
            if not self._has_own():
                many = f"lie within {limit['min']} and {limit['max']}, so that every row is drawn"
            raise TraitError(
                f"{name} must {many}. Received {value}. Give a table of your own for another size."
            )
        return value


def _rows_drawn(trace: GradientTrace) -> np.ndarray:
    """Return all rows, or of a large table those where most arrives, and a few others."""
    height = len(trace.table)
    if height <= ROWS_DRAWN:
        return np.arange(height)
    often = trace.sum_ids[np.argsort(-trace.counts, kind="stable")]
    others = np.setdiff1d(np.arange(min(height, 3 * ROWS_DRAWN)), often)
    first = np.concatenate([often, others])
    return np.sort(first[:ROWS_DRAWN])


def _largest(trace: GradientTrace, way: str) -> np.ndarray:
    """Return for each step what an error is measured by: the largest gradient of either kind."""
    seen = np.abs(trace.numeric).max((1, 2), initial=0)
    largest = np.maximum(np.abs(trace.analytic(way)[trace.checked]).max(initial=0), seen)
    return np.where(largest == 0, 1, largest)
