"""Explorer of LoRA: a table, a target change, and adapters of all ranks trained to it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Unpack

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.checks import ShapeError
from embedlab.explorers.inputs.lora_target import NOUNS_FIRST, TARGETS, adapter_params, target_delta
from embedlab.explorers.inputs.peft import adapter_sources
from embedlab.explorers.inputs.table import COLUMNS_MAX as TABLE_COLUMNS
from embedlab.explorers.inputs.table import ROWS_MAX as TABLE_ROWS
from embedlab.explorers.inputs.table import random_table, read_table
from embedlab.explorers.inputs.window import row_labels, window_note
from embedlab.explorers.open_method import open_method
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TOO_MUCH, TableExplorer, table_data
from embedlab.explorers.traits import SIZE_MAX, BoundedInt, CellEdits, Choice, IntList
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.lora import draw_lora
from embedlab.figures.theme import Figure
from embedlab.traces.lora import LoRATrace, trace_lora
from embedlab.traces.lora.sweep import spectrum_of_many_rows
from embedlab.traces.lora.trace import RANKS_MAX
from embedlab.traces.text import short_label

__all__ = ["LoRAExplorer", "LoRAParameters"]

ROWS_MAX, SEEN_MAX = 64, 16
COLUMNS_DEFAULT_MAX, COLUMNS_DRAWN = 16, 12
"""Most columns of the default table, and columns that are drawn of any table."""

STEPS, RATE = 200, 0.02
_LABEL_LENGTH = 40  # characters of a word that are sent
_PAGE_CHARACTERS = 100_000  # of a table, a change and words that travel with a page


class LoRAParameters(CommonParameters, total=False):
    """Keyword parameters of `LoRAExplorer`, each with its help text."""

    rank: Annotated[int, "r, 1..16"]
    alpha: Annotated[int, "α, 1..64"]
    scaling: Annotated[Literal["lora", "rslora"], '"lora": α/r; "rslora": α/√r']
    start: Annotated[Literal["random", "zero"], "initial A"]
    target: Annotated[
        Literal["topic", "one word", "random", "painted", "own"],
        'the change to reach; "own" is `delta`',
    ]
    seen: Annotated[Sequence[int], "the trained rows, at most 16"]
    input_dim: Annotated[int, "V, 1..64"]
    output_dim: Annotated[int, "D, 1..16"]
    seed: Annotated[int, "of the random table, change and A"]
    edits: Annotated[
        Sequence[Sequence[float]], "the painted change, a list of [row, column, value]"
    ]


class LoRAExplorer(TableExplorer):
    """Change the rank of an adapter; see its reconstruction error, and which other rows it moves.

    Parameters
    ----------
    source : array_like (V, D) or a layer, optional
        The frozen table: anything that `embedlab.explorers.inputs.table.read_table` takes, of any
        size. It is never changed. For a layer with adapters the target is the change that they
        add. Also by name: ``table=`` or ``layer=``. `refresh` reads it again.
    delta : array_like (V, D), optional
        The target change.
    words : sequence of str, optional
        The words of the rows.
    **parameters
        By keyword.

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

    SIZES = (ROWS_MAX, COLUMNS_DEFAULT_MAX)
    VIEW = "lora"
    QUESTION = "What rank does this change need?"
    OFFLINE_PARAMS = ("rank",)
    OTHER_CONTROLS = ("merge",)

    rank = BoundedInt(2, 1, RANKS_MAX)
    alpha = BoundedInt(4, 1, 64)
    scaling = Choice("lora", "rslora")
    start = Choice("random", "zero")
    target = Choice(*TARGETS)
    seen = IntList([0, 1, 4], SEEN_MAX, 0, SIZE_MAX)
    input_dim = BoundedInt(16, 1, SIZE_MAX)
    output_dim = BoundedInt(8, 1, SIZE_MAX)
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
        **parameters: Unpack[LoRAParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        self._delta = None if delta is None else read_table(delta, "delta")
        self._warning: str | None = None
        # Of the last table and change: what they depend on, and their numbers, as float64.
        self._last_table: tuple[Any, np.ndarray, str | None] | None = None
        self._last_delta: tuple[Any, np.ndarray, str | None, np.ndarray] | None = None
        self._version = 0  # of the user's table
        self.take_source(source, table=table, layer=layer, words=words)
        self._inputs = {**self._inputs, "delta": delta}
        if (shape := self.fixed_shape) is not None:
            rows, columns = shape
            defaults = {
                "seen": [row for row in (0, 1, 4) if row < rows],
                **adapter_params(None if self._user is None else self._user.adapter),
            }
            defaults["rank"] = min(defaults.get("rank", 2), rows, columns)
            values = {**defaults, **values}
        if self._own_delta() is not None:
            values = {"target": "own", **values}
        super().__init__(**self.with_sizes(values))

    @open_method
    def open(
        cls: type[Any],
        /,
        folder: Any,
        table: Any = None,
        *,
        adapter: str | None = None,
        module: str | None = None,
        words: Sequence[str] | None = None,
        **parameters: Unpack[LoRAParameters],
    ) -> "LoRAExplorer":
        """Return an explorer of an adapter that PEFT saved for an embedding.

        The target is the change that it adds.

        Parameters
        ----------
        folder : path-like
            With ``adapter_config.json`` and ``adapter_model.safetensors``.
        table : array_like (V, D), optional
            The frozen table; that of the folder, if it has one, or random numbers by default.
        adapter : str, optional
            The name of the adapter, where there are several; the first by default.
        module : str, optional
            The name of the embedding in the model, where there are several.
        words : sequence of str, optional
            The words of the rows.
        **parameters
            As of the class.

        Raises
        ------
        embedlab.storage.FileRefused
            For a folder without such an adapter, and for a damaged or hostile file.

        Examples
        --------
        >>> import tempfile
        >>> from embedlab.data.peft import save_adapters
        >>> from embedlab.layers import Embedding
        >>> layer, folder = Embedding(4, 3, weights=np.eye(4, 3)), tempfile.mkdtemp()
        >>> adapter = layer.add_adapter("legal", 1, 2.0, b_initializer="ones")
        >>> save_adapters(layer, folder)
        >>> explorer = LoRAExplorer.open(folder, np.eye(4, 3), adapter="legal")
        >>> explorer.rank, explorer.alpha, explorer.target
        (1, 2, 'own')
        """
        sources, defaults = adapter_sources(folder, table, adapter, module, words)
        return cls(**sources, words=words, **{**defaults, **parameters})

    @property
    def fixed_shape(self) -> tuple[int, int] | None:
        """(V, D) of the user's table or change, or None."""
        if self._user is not None:
            return self._user.shape
        return None if self._delta is None else self._delta.shape

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a user's table or change fixes V and D."""
        limits = super().limits()
        limits["rank"]["max"] = min(self.input_dim, self.output_dim, RANKS_MAX)
        limits["seen"]["max"] = self.input_dim - 1
        if self._own_delta() is None:
            limits["target"]["choices"].remove("own")
        return limits

    def compute_trace(self) -> LoRATrace:
        """Return the trace of the current parameters."""
        rows = self._seen()
        table, table_warning = self._usable_table()
        delta, delta_warning, singular_values = self._usable_delta(table.shape, rows)
        self._warning = table_warning or delta_warning
        return trace_lora(
            table,
            delta,
            seen=rows,
            rank=self.rank,
            alpha=self.alpha,
            rslora=self.scaling == "rslora",
            start=self.start,
            steps=STEPS,
            learning_rate=RATE,
            words=self._names(len(table)),
            seed=self.seed,
            singular_values=singular_values,
        )

    def read_inputs(self) -> None:
        """Read the table or layer again."""
        super().read_inputs()
        self._version += 1

    def _usable_table(self) -> tuple[np.ndarray, str | None]:
        """Return the table without values that cannot be drawn, and an error text for these."""
        key = (self._version, self.seed, self.input_dim, self.output_dim)
        if self._last_table is None or self._last_table[0] != key:
            self._last_table = (key, *_usable(self.table(), "table"))
        return self._last_table[1:]

    def _usable_delta(
        self, shape: tuple[int, int], seen: list[int]
    ) -> tuple[np.ndarray, str | None, np.ndarray]:
        """Return the target change, an error text for values of it, and its singular values.

        They are kept while the target is the same: of a large table they take longest.
        """
        # What a target depends on; a table that is read again may have other values.
        edits = [list(edit) for edit in self.edits] if self.target == "painted" else []
        first = seen[:1] if self.target == "one word" else []
        key = (self._version, self.target, self.seed, shape, edits, first)
        if self._last_delta is None or self._last_delta[0] != key:
            delta = self._own_delta() if self.target == "own" else None
            if delta is None:
                target = self.target if self.target != "own" else "topic"
                delta = target_delta(target, shape, seen=seen, seed=self.seed, edits=self.edits)
            delta, warning = _usable(delta, "delta")
            self._last_delta = (key, delta, warning, spectrum_of_many_rows(delta))
        return self._last_delta[1:]

    def encode_trace(self, trace: LoRATrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        rows = _rows_drawn(len(trace.table), trace.seen)
        columns = min(trace.table.shape[1], COLUMNS_DRAWN)
        words = [short_label(word, _LABEL_LENGTH) for word in row_labels(rows, trace.words)]
        header: dict[str, Any] = {
            "words": words,
            "shape": list(trace.table.shape),
            "all_seen": trace.seen.size,
            "steps": trace.steps,
            "rate": RATE,
            "scales": [trace.scale_of(rank) for rank in trace.ranks.tolist()],
            "effective_rank": round(trace.effective_rank, 6),
            "warning": self._warning,
            "note": window_note(trace.table.shape, rows.size, columns),
        }
        # Bytes for the rest of the header: words, edits, trained rows.
        header_bytes = 14_000 + sum(4 * len(word) for word in words) + 60 * len(self.edits)
        return header, _encode_runs(trace, rows, columns, header_bytes)

    def draw(self, trace: LoRATrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_lora(trace, dark=dark)

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the frozen table, the change, and the words as JSON, or None if they are large."""
        table = None if self._user is None else self.table()
        arrays = {"table": table, "delta": self._own_delta()}
        inputs = {name: None if one is None else _exact_data(one) for name, one in arrays.items()}
        toy = self.fixed_shape is None and self._labels is None
        words = None if toy else list(self._row_words())
        used = sum(map(len, words or ()))
        for one in inputs.values():
            used += _PAGE_CHARACTERS + 1 if one is TOO_MUCH else len(one["base64"]) if one else 0
        return None if used > _PAGE_CHARACTERS else {**inputs, "words": words}

    def table(self) -> np.ndarray:
        """Return the frozen table, read-only."""
        if self._user is not None:
            adapter = self._user.adapter
            has_adapter = adapter is not None and adapter.delta.any()
            return self._user.values if not has_adapter or adapter is None else adapter.base
        rows, columns = self.input_dim, self.output_dim
        table = random_table(self.seed, (max(rows, TABLE_ROWS), max(columns, TABLE_COLUMNS)))
        table = table[:rows, :columns].astype(np.float64)
        table.flags.writeable = False
        return table

    def normalize_params(self) -> None:
        """Keep the rank at most that of the table."""
        self.rank = min(self.rank, self.input_dim, self.output_dim)

    def _seen(self) -> list[int]:
        return sorted({row for row in self.seen if row < self.input_dim})

    def _own_delta(self) -> np.ndarray | None:
        """Return the given target, or that of a layer with adapters, or None."""
        if self._delta is not None:
            shape = self._delta.shape if self._user is None else self._user.shape
            if self._delta.shape != shape:
                raise ShapeError(
                    f"delta must have the shape of the table, {shape}. Received "
                    f"{self._delta.shape}. Pass a change of this table."
                )
            return self._delta.values
        adapter = None if self._user is None else self._user.adapter
        return adapter.delta if adapter is not None and adapter.delta.any() else None

    def _names(self, rows: int) -> Sequence[str]:
        if self.fixed_shape is None and self._labels is None:
            return NOUNS_FIRST[:rows]
        return self._row_words()[:rows]

    @validate("target")
    def _check_target(self, proposal: Any) -> Any:
        if proposal["value"] == "own" and self._own_delta() is None:
            raise TraitError(
                'target must be "topic", "one word", "random" or "painted". Received "own" '
                "without a change. Pass delta=..., or a layer with adapters."
            )
        return proposal["value"]


def _exact_data(values: np.ndarray) -> Any:
    """Return a table as `table_data` does, half precision in single: the numbers are the same."""
    small = values.dtype == np.float16 and values.size <= _PAGE_CHARACTERS
    return table_data(values.astype(np.float32) if small else values)


_VALUE_MAX = 1e6


def _usable(values: np.ndarray, name: str) -> tuple[np.ndarray, str | None]:
    """Return values as read-only float64, 0 where they cannot be drawn, and an error text."""
    values = values.astype(np.float64)
    warning = _unusable_values(values, name)
    values = values if warning is None else _clean(values)
    values.flags.writeable = False
    return values, warning


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
    for k, rank in enumerate(ranks):
        squares = trace.squared_drifts(steps, rank)
        moved[k] = (squares > 0).sum(axis=1)
        displacements = np.sqrt(squares[:, rows])
        squares[:, trace.seen] = 0
        largest_unseen[k] = np.sqrt(squares.max(axis=1, initial=0))
        all_errors[k] = trace.errors_along(steps, rank)
        arrays[f"a{rank}"] = trace.a_paths[k][steps]
        arrays[f"b{rank}"] = trace.b_paths[k][steps][..., :columns]
        arrays[f"drift{rank}"] = displacements
    arrays |= {"moved": moved, "largest_unseen": largest_unseen, "all_errors": all_errors}
    return {name: _rounded(name, array) for name, array in arrays.items()}


def _rounded(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array as it is sent, identical on all processors."""
    if array.dtype == np.int32:
        return array
    # A sum that is 1e-17 on this processor may be 0 on another.
    digits = array if name == "merge_differences" else array.round(6)
    return (digits + 0.0).astype(np.float32)
