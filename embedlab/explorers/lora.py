"""Explorer of LoRA: a table, a target change, and adapters of all ranks trained to it."""

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
from embedlab.explorers.traits import BoundedInt, CellEdits, Choice, IntList
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.lora import draw_lora
from embedlab.figures.theme import Figure
from embedlab.traces.lora import LoRATrace, trace_lora
from embedlab.traces.lora.trace import RANKS_MAX
from embedlab.traces.text import short_label

__all__ = ["LoRAExplorer"]

ROWS_MAX, COLUMNS_MAX, SEEN_MAX = 64, 32, 16
COLUMNS_DEFAULT_MAX, COLUMNS_DRAWN = 16, 12
"""Most columns of the default table, and columns that are drawn of any table."""

STEPS, RATE = 200, 0.02
_LABEL_LENGTH = 40  # characters of a word that are sent


class LoRAExplorer(Explorer):
    """Change the rank of an adapter; see its reconstruction error, and which other rows it moves.

    Parameters
    ----------
    source : array_like (V, D) or embedlab.layers.Embedding, optional
        The frozen table, or a layer, at most 64 x 32; it is never changed. For a layer with
        adapters the target is the change that they add. Also by name: ``table=`` or ``layer=``.
        `refresh` reads a layer again.
    delta : array_like (V, D), optional
        The target change.
    words : sequence of str, optional
        The words of the rows.
    **parameters
        rank (1..16), alpha (1..64), scaling ("lora": α/r, "rslora": α/√r), start (initial
        A: "random", "zero"), target ("topic", "one word", "random", "painted", and "own" for
        `delta`), seen (list of the trained rows, at most 16), input_dim (V, 1..64), output_dim (D,
        1..16), seed, edits (list of [row, column, value]: the painted change); link_id, hide.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a table or change of the wrong shape.

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
    QUESTION = "What rank does this change need?"
    PARAMS_IN_MESSAGE = ("rank",)

    rank = BoundedInt(2, 1, RANKS_MAX)
    alpha = BoundedInt(4, 1, 64)
    scaling = Choice("lora", "rslora")
    start = Choice("random", "zero")
    target = Choice(*TARGETS)
    seen = IntList([0, 1, 4], SEEN_MAX, 0, ROWS_MAX - 1)
    input_dim = BoundedInt(16, 1, ROWS_MAX)
    output_dim = BoundedInt(8, 1, COLUMNS_MAX)
    seed = BoundedInt(7, 0, 2**31 - 1_000)
    edits = CellEdits(200)

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
        name, self._source = check_single_source(source, table=table, layer=layer)
        self._delta = None
        if delta is not None:
            self._delta = table_from_user(delta, suggestion="trace_lora", maximum=_SHAPE_MAX)
        self._words = None if words is None else [str(word) for word in words]
        self._inputs = {name: self._source, "delta": self._delta, "words": self._words}
        self._warning: str | None = None
        shape = self._given_shape()
        if shape is not None:
            defaults: dict[str, Any] = {"input_dim": shape[0], "output_dim": shape[1]}
            defaults |= {
                "seen": [row for row in (0, 1, 4) if row < shape[0]],
                **adapter_from_user(self._source),
            }
            defaults["rank"] = min(defaults.get("rank", 2), *shape)
            parameters = {**defaults, **parameters}
        if self._given_delta() is not None:
            parameters = {"target": "own", **parameters}
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a given table or change fixes V and D."""
        limits = super().limits()
        limits["output_dim"]["max"] = COLUMNS_DEFAULT_MAX
        shape = self._given_shape()
        if shape is not None:
            for name, size in zip(("input_dim", "output_dim"), shape, strict=True):
                limits[name] = {"min": size, "max": size}
        limits["rank"]["max"] = min(self.input_dim, self.output_dim, RANKS_MAX)
        limits["seen"]["max"] = self.input_dim - 1
        if self._given_delta() is None:
            limits["target"]["choices"].remove("own")
        return limits

    def compute_trace(self) -> LoRATrace:
        """Return the trace of the current parameters."""
        table, rows = self._table(), self._seen()
        delta = self._given_delta() if self.target == "own" else None
        if delta is None:
            delta = target_delta(
                self.target if self.target != "own" else "topic",
                table.shape,
                seen=rows,
                seed=self.seed,
                edits=self.edits,
            )
        self._warning = _unusable_values(table, "table") or _unusable_values(delta, "delta")
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

    def encode_trace(self, trace: LoRATrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        rows = _rows_drawn(len(trace.table), trace.seen)
        columns = min(trace.table.shape[1], COLUMNS_DRAWN)
        words = [short_label(trace.words[row], _LABEL_LENGTH) for row in rows.tolist()]
        header: dict[str, Any] = {
            "words": words,
            "shape": list(trace.table.shape),
            "all_seen": trace.seen.size,
            "steps": trace.steps,
            "rate": RATE,
            "scales": [trace.scale_of(rank) for rank in trace.ranks.tolist()],
            "effective_rank": round(trace.effective_rank, 6),
            "warning": self._warning,
        }
        # Bytes for the rest of the header: words, edits, trained rows.
        header_bytes = 14_000 + sum(4 * len(word) for word in words) + 60 * len(self.edits)
        return header, _encode_runs(trace, rows, columns, header_bytes)

    def draw(self, trace: LoRATrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_lora(trace, dark=dark)

    def _seen(self) -> list[int]:
        return sorted({row for row in self.seen if row < self.input_dim})

    def _given_shape(self) -> tuple[int, int] | None:
        if self._source is not None:
            return self._table().shape
        return None if self._delta is None else self._delta.shape

    def _table(self) -> np.ndarray:
        """Return a copy of the frozen table."""
        if self._source is None:
            return random_table(self.seed)[: self.input_dim, : self.output_dim].astype(np.float64)
        learned = trained_delta(self._source)
        source = self._source if learned is None else learned[0]
        table = table_from_user(source, suggestion="trace_lora", maximum=_SHAPE_MAX)
        return table.astype(np.float64)

    def _given_delta(self) -> np.ndarray | None:
        """Return the given target, or that of a layer with adapters, or None."""
        if self._delta is not None:
            if self._source is not None and self._delta.shape != self._table().shape:
                raise ShapeError(
                    f"delta must have the shape of the table, {self._table().shape}. Received "
                    f"{self._delta.shape}. Pass a change of this table."
                )
            return self._delta.astype(np.float64)
        learned = None if self._source is None else trained_delta(self._source)
        return None if learned is None else learned[1]

    def _labels(self, rows: int) -> Sequence[str]:
        if self._words is not None:
            return self._words[:rows]
        return () if self._given_shape() is not None else NOUNS_FIRST[:rows]

    @validate("input_dim", "output_dim", "target")
    def _check_allowed(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "target":
            if value == "own" and self._given_delta() is None:
                raise TraitError(
                    'target must be "topic", "one word", "random" or "painted". Received "own" '
                    "without a change. Pass delta=..., or a layer with adapters."
                )
            return value
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            raise TraitError(
                f"{name} must be from {limit['min']} to {limit['max']}. Received {value}. "
                "A given table fixes it; without one choose a value in this range."
            )
        return value


_SHAPE_MAX = (ROWS_MAX, COLUMNS_MAX)
_VALUE_MAX = 1e6


def _unusable_values(values: np.ndarray, name: str) -> str | None:
    """Return an error text for the first value that cannot be drawn, or None."""
    invalid = ~(np.abs(values) <= _VALUE_MAX)  # also for NaN
    if not invalid.any():
        return None
    at = tuple(int(i) for i in np.argwhere(invalid)[0])
    return (
        f"{name} must be finite, and within ±1 000 000 to be drawn. Received {values[at]:g} at "
        f"{list(at)}. Such values are shown as 0."
    )


def _clean(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) <= _VALUE_MAX, values, 0.0)


ROWS_DRAWN = 20
_FIRST_STEPS = (0, 1, 2, 3)  # the error changes most at the start
_STRIDES = (4, 5, 8, 10, 20, 25, 40, 50, 100, 200)


def _rows_drawn(rows: int, seen: np.ndarray) -> np.ndarray:
    """Return the rows that are drawn, sorted: all, or the trained rows and the first others.

    >>> _rows_drawn(64, np.array([40, 50])).tolist()[-3:]
    [17, 40, 50]
    """
    if rows <= ROWS_DRAWN:
        return np.arange(rows)
    others = np.setdiff1d(np.arange(rows), seen)[: ROWS_DRAWN - seen.size]
    return np.sort(np.concatenate([seen, others]))


def _steps_that_fit(steps: int, step_bytes: int, available: int) -> np.ndarray:
    """Return the steps that are sent: the first few, then every fourth, or fewer if need be.

    Parameters
    ----------
    steps : int
        The number of steps after the initial state.
    step_bytes : int
        Bytes of one step.
    available : int
        Bytes for all steps.

    Examples
    --------
    >>> _steps_that_fit(200, 5_000, 100_000).tolist()
    [0, 1, 2, 3, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]
    """
    first = [step for step in _FIRST_STEPS if step <= steps]
    for stride in _STRIDES:
        chosen = np.unique([*first, *range(0, steps + 1, stride), steps])
        if chosen.size * step_bytes <= available:
            break
    return chosen


def _encode_runs(
    trace: LoRATrace, rows: np.ndarray, columns: int, header_bytes: int
) -> dict[str, np.ndarray]:
    """Return the arrays of the message; `header_bytes` are left for the header."""
    trained = np.searchsorted(rows, trace.seen)
    all_rows = np.arange(len(trace.table))
    arrays: dict[str, np.ndarray] = {
        "rows": rows.astype(np.int32),
        "seen": trained.astype(np.int32),
        "table": trace.table[rows, :columns],
        "delta": trace.delta[rows, :columns],
        "a_start": trace.factors[0][rows],
        "singular_values": trace.singular_values,
        "errors": trace.errors,
        "training_errors": trace.training_errors,
        "first_norms": np.array(list(trace.first_norms.values())),
        "merge_differences": trace.merge_differences,
    }
    ranks = trace.ranks.tolist()
    step_bytes = 4 * sum(r * (trained.size + columns) + rows.size + 5 for r in ranks)
    available = MAX_BYTES - header_bytes - 4 * sum(array.size + 2 for array in arrays.values())
    steps = _steps_that_fit(trace.steps, step_bytes, available)
    arrays["steps"] = steps.astype(np.int32)
    moved = np.zeros((len(ranks), steps.size), np.int32)
    largest_unseen, all_errors = np.zeros(moved.shape), np.zeros(moved.shape)
    unseen = np.setdiff1d(all_rows, trace.seen)
    for k, rank in enumerate(ranks):
        drift = trace.drift_along(steps, all_rows, rank)
        moved[k] = (drift > 0).sum(axis=1)
        largest_unseen[k] = drift[:, unseen].max(axis=1, initial=0)
        all_errors[k] = trace.errors_along(steps, rank)
        arrays[f"a{rank}"] = trace.a_paths[k][steps]
        arrays[f"b{rank}"] = trace.b_paths[k][steps][..., :columns]
        arrays[f"drift{rank}"] = drift[:, rows]
    arrays |= {"moved": moved, "largest_unseen": largest_unseen, "all_errors": all_errors}
    return {name: _rounded(name, array) for name, array in arrays.items()}


def _rounded(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array as it is sent, identical on all processors."""
    if array.dtype == np.int32:
        return array
    # A sum that is 1e-17 on this processor may be 0 on another.
    digits = array if name == "merge_differences" else array.round(6)
    return (digits + 0.0).astype(np.float32)
