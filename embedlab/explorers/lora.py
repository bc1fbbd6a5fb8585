"""LoRAExplorer: how few numbers can say this change? A table, its adapter, every rank and step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.checks import ShapeError
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.lora_target import (
    NOUNS_FIRST,
    TARGETS,
    adapter_from_user,
    target_delta,
    trained_delta,
)
from embedlab.explorers.inputs.table import check_single_source, random_table, table_from_user
from embedlab.explorers.lora_message import encode_runs, rows_drawn
from embedlab.explorers.traits import BoundedInt, CellEdits, Choice, IntList
from embedlab.figures.lora import draw_lora
from embedlab.figures.theme import Figure
from embedlab.traces.lora import LoRATrace, trace_lora
from embedlab.traces.lora.trace import RANKS_MOST
from embedlab.traces.text import short_label

__all__ = ["LoRAExplorer"]

ROWS_MOST, COLUMNS_MOST, SEEN_MOST = 64, 32, 16
COLUMNS_MADE, COLUMNS_DRAWN = 16, 12
"""Columns of a table that the view makes, and those of any table that are drawn."""

STEPS, RATE = 200, 0.02
_LABEL = 40  # letters of a word that travel


class LoRAExplorer(Explorer):
    """Change the rank of an adapter, and see what it can say, and whom else it moves.

    Parameters
    ----------
    source : array_like (V, D) or embedlab.layers.Embedding, optional
        A table of your own, or a layer, at most 64 x 32: read, never changed. Of a layer with
        adapters the change to learn is what they add. Also by name: ``table=`` or ``layer=``.
        A layer is read anew by `refresh`.
    delta : array_like (V, D), optional
        A change of your own to learn.
    words : sequence of str, optional
        What the rows stand for.
    **parameters
        rank (1..16), alpha (1..64), scaling ("lora": α/r, "rslora": α/√r), start ("random", "zero":
        of A), target ("topic", "one word", "random", "painted", and "own" with a change of your
        own), seen (list of the rows trained, 16 at most), input_dim (V, 1..64), output_dim (D,
        1..16), seed, edits (list of [row, column, value]: the painted change); link_id, hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError
        For a table or a change that does not fit.

    Examples
    --------
    >>> explorer = LoRAExplorer(seen=[0])
    >>> explorer.trace.words[0], int(explorer.trace.moved.sum())
    ('cat', 16)
    >>> explorer.start = "zero"
    >>> int(explorer.trace.moved.sum())
    1
    >>> LoRAExplorer.from_state(explorer.state).start
    'zero'
    """

    VIEW = "lora"
    QUESTION = "How few numbers can say this change?"
    PARAMS = (
        "rank",
        "alpha",
        "scaling",
        "start",
        "target",
        "seen",
        "input_dim",
        "output_dim",
        "seed",
        "edits",
    )
    IN_MESSAGE = ("rank",)

    rank = BoundedInt(2, 1, RANKS_MOST).tag(sync=True)
    alpha = BoundedInt(4, 1, 64).tag(sync=True)
    scaling = Choice("lora", "rslora").tag(sync=True)
    start = Choice("random", "zero").tag(sync=True)
    target = Choice(*TARGETS).tag(sync=True)
    seen = IntList([0, 1, 4], SEEN_MOST, 0, ROWS_MOST - 1).tag(sync=True)
    input_dim = BoundedInt(16, 1, ROWS_MOST).tag(sync=True)
    output_dim = BoundedInt(8, 1, COLUMNS_MOST).tag(sync=True)
    seed = BoundedInt(7, 0, 2**31 - 1_000).tag(sync=True)
    edits = CellEdits(200).tag(sync=True)

    def __init__(
        self,
        source: Any = None,
        *,
        table: Any = None,
        layer: Any = None,
        delta: Any = None,
        words: Sequence[str] | None = None,
        **parameters: Any,
    ):
        self._owns, self._own = check_single_source(source, table=table, layer=layer)
        self._delta = (
            None if delta is None else table_from_user(delta, door="trace_lora", most=_MOST)
        )
        self._words = None if words is None else [str(word) for word in words]
        self._refusal: str | None = None
        shape = self._own_shape()
        if shape is not None:
            own: dict[str, Any] = {"input_dim": shape[0], "output_dim": shape[1]}
            own |= {
                "seen": [row for row in (0, 1, 4) if row < shape[0]],
                **adapter_from_user(self._own),
            }
            own["rank"] = min(own.get("rank", 2), *shape)
            parameters = {**own, **parameters}
        if self._change() is not None:
            parameters = {"target": "own", **parameters}
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; what is your own fixes V and D."""
        limits = super().limits()
        limits["output_dim"]["max"] = COLUMNS_MADE
        shape = self._own_shape()
        if shape is not None:
            for name, size in zip(("input_dim", "output_dim"), shape, strict=True):
                limits[name] = {"min": size, "max": size}
        limits["rank"]["max"] = min(self.input_dim, self.output_dim, RANKS_MOST)
        limits["seen"]["max"] = self.input_dim - 1
        if self._change() is None:
            limits["target"]["choices"].remove("own")
        return limits

    def _run(self) -> LoRATrace:
        table, rows = self._table(), self._seen()
        delta = self._change() if self.target == "own" else None
        if delta is None:
            delta = target_delta(
                self.target if self.target != "own" else "topic",
                table.shape,
                seen=rows,
                seed=self.seed,
                edits=self.edits,
            )
        self._refusal = _refused(table, "table") or _refused(delta, "delta")
        return trace_lora(
            _clean(table),
            _clean(delta),
            seen=rows,
            rank=min(self.rank, *table.shape),
            alpha=self.alpha,
            rslora=self.scaling == "rslora",
            start=self.start,
            steps=STEPS,
            learning_rate=RATE,
            words=self._labels(len(table)),
            seed=self.seed,
        )

    def _fill(self, trace: LoRATrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        rows = rows_drawn(len(trace.table), trace.seen)
        columns = min(trace.table.shape[1], COLUMNS_DRAWN)
        words = [short_label(trace.words[row], _LABEL) for row in rows.tolist()]
        header: dict[str, Any] = {
            "words": words,
            "shape": list(trace.table.shape),
            "all_seen": trace.seen.size,
            "steps": trace.steps,
            "rate": RATE,
            "scales": [trace.scale_of(rank) for rank in trace.ranks.tolist()],
            "effective_rank": round(trace.effective_rank, 6),
            "refused": self._refusal,
        }
        # Bytes for the rest of the header, with the lists that grow: words, edits, rows trained.
        spare = 14_000 + sum(4 * len(word) for word in words) + 60 * len(self.edits)
        return header, encode_runs(trace, rows, columns, spare=spare)

    def _draw(self, trace: LoRATrace, *, dark: bool) -> Figure:
        return draw_lora(trace, dark=dark)

    def _needs(self) -> list[str]:
        more = {"delta": self._delta, "words": self._words}
        return [*self._owns, *(name for name, value in more.items() if value is not None)]

    def _seen(self) -> list[int]:
        return sorted({row for row in self.seen if row < self.input_dim})

    def _own_shape(self) -> tuple[int, int] | None:
        if self._owns:
            return self._table().shape
        return None if self._delta is None else self._delta.shape

    def _table(self) -> np.ndarray:
        """Return a copy of the frozen table."""
        if not self._owns:
            return random_table(self.seed)[: self.input_dim, : self.output_dim].astype(np.float64)
        learned = trained_delta(self._own)
        own = self._own if learned is None else learned[0]
        return table_from_user(own, door="trace_lora", most=_MOST).astype(np.float64)

    def _change(self) -> np.ndarray | None:
        """Return the change that is the learner's own, if there is one."""
        if self._delta is not None:
            if self._owns and self._delta.shape != self._table().shape:
                raise ShapeError(
                    f"delta must have the shape of the table, {self._table().shape}. Received "
                    f"{self._delta.shape}. Pass the change of this very table."
                )
            return self._delta.astype(np.float64)
        learned = trained_delta(self._own) if self._owns else None
        return None if learned is None else learned[1]

    def _labels(self, rows: int) -> Sequence[str]:
        if self._words is not None:
            return self._words[:rows]
        return () if self._own_shape() is not None else NOUNS_FIRST[:rows]

    @validate("input_dim", "output_dim", "target")
    def _fixed(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "target":
            if value == "own" and self._change() is None:
                raise TraitError(
                    'target must be "topic", "one word", "random" or "painted". Received "own" '
                    "without a change of your own. Pass delta=..., or a layer with adapters."
                )
            return value
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            raise TraitError(
                f"{name} must be {limit['min']} to {limit['max']} here. Received {value}. "
                "A table of your own fixes it; without one choose a number in between."
            )
        return value


_MOST = (ROWS_MOST, COLUMNS_MOST)
_LARGEST = 1e6


def _refused(numbers: np.ndarray, name: str) -> str | None:
    """Say which number cannot be drawn, if there is one."""
    wrong = ~(np.abs(numbers) <= _LARGEST)  # NaN too
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"{name} must be finite, and within ±1 000 000 to be drawn. Received {numbers[at]:g} at "
        f"{list(at)}. Such numbers are 0 here."
    )


def _clean(numbers: np.ndarray) -> np.ndarray:
    return np.where(np.abs(numbers) <= _LARGEST, numbers, 0.0)
