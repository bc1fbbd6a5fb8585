"""Explorer of training: the rows that move at each step, for up to three optimizers."""

from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.skipgram.recorded import SLOT_NAMES, UPDATE_RULES
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.corpus import STORY, parse_corpus
from embedlab.explorers.inputs.table import check_single_source, read_table
from embedlab.explorers.inputs.window import words_note
from embedlab.explorers.traits import BoundedInt, BoundedText, BranchPoint, OptimizerRuns
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.theme import Figure
from embedlab.figures.training import draw_training
from embedlab.traces.text import short_label
from embedlab.traces.training import (
    RATES,
    RUNS_MAX,
    Branch,
    TrainedRun,
    TrainingTrace,
    trace_training,
)

__all__ = ["TrainingExplorer"]

ROWS_MAX, COLUMNS_MAX, STEPS_MAX, BATCH_MAX = 40, 8, 200, 16
_LABEL_LENGTH = 40  # characters of a word that are sent
_HEADER_BYTES = 45_000  # for the words, the text and the rest of the header


class TrainingExplorer(Explorer):
    """Watch the rows of a small table learn from a text, step by step.

    Parameters
    ----------
    text : str
        The training text; each step uses its next few words.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it the most frequent words get rows; the rest share ``<unk>``.
    table : array_like, (V, D), optional
        The initial table, at most 40 x 8; it is never changed.
    layer : embedlab.layers.Embedding, optional
        The layer whose table is the initial one; `refresh` reads it again.
    **parameters
        runs (up to three optimizers: "sgd", "momentum", "adagrad", "rmsprop", "adam", "lazy adam",
        and "sgd + l2", in which the table has the regularizer "l2"; each by name or as
        [name, rate]), branch ([run, step, optimizer, rate]: after that step the run uses another
        optimizer), steps (10..200; fewer when a message cannot hold more), batch (1..16 words),
        input_dim (maximum vocabulary, 1..40), output_dim (D, 1..8), seed; and link_id, hide.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a table or vocabulary that is too large.

    Examples
    --------
    >>> explorer = TrainingExplorer(runs=["adam", "lazy adam"], steps=30)
    >>> [bool(run.moved_without_grad.any()) for run in explorer.trace.runs]
    [True, False]
    >>> explorer.branch = [0, 12, "lazy adam", 0.05]
    >>> bool(explorer.trace.runs[0].moved_without_grad[12:].any())
    False
    """

    VIEW = "training"
    QUESTION = "Which rows move under which optimizer?"

    text = BoundedText(STORY, 65_536)
    runs = OptimizerRuns(RATES, ["adam", "lazy adam"], RUNS_MAX)
    branch = BranchPoint(UPDATE_RULES, RUNS_MAX, STEPS_MAX)
    steps = BoundedInt(60, 10, STEPS_MAX)
    batch = BoundedInt(4, 1, BATCH_MAX)
    input_dim = BoundedInt(24, 1, ROWS_MAX)
    output_dim = BoundedInt(2, 1, COLUMNS_MAX)
    seed = BoundedInt(7, 0, 2**31 - 1)

    def __init__(
        self,
        text: str | None = None,
        *,
        vocabulary: Any = None,
        table: Any = None,
        layer: Any = None,
        **parameters: Any,
    ):
        self._source_name, self._source = check_single_source(table=table, layer=layer)
        self._inputs = {"vocabulary": vocabulary, "table": table, "layer": layer}
        start = self._initial_table()
        if start is not None:
            rows, columns = start.shape
            parameters = {"input_dim": rows, "output_dim": columns, **parameters}
        elif vocabulary is not None:
            parameters.setdefault("input_dim", min(len(vocabulary.words), ROWS_MAX))
        if text is not None:
            parameters["text"] = text
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a given table fixes V and D."""
        limits = super().limits()
        start = self._initial_table()
        if start is not None:
            for name, size in zip(("input_dim", "output_dim"), start.shape, strict=True):
                limits[name] = {"min": size, "max": size}
        return limits

    def compute_trace(self) -> TrainingTrace:
        """Return the trace of the current parameters."""
        corpus = parse_corpus(self.text, self.input_dim, self._inputs["vocabulary"])
        self._total = corpus.total
        start = self._initial_table()
        rows = len(corpus.words) if start is None else len(start)
        words = [*corpus.words, *[""] * rows][:rows]
        steps = min(self.steps, self._steps_that_fit(rows))
        branch = Branch(*self.branch) if self.branch else None
        if branch and (branch.run >= len(self.runs) or branch.step > steps):
            branch = None  # ignored until there is such a run and step
        return trace_training(
            corpus.ids,
            words=words,
            starts=corpus.starts,
            runs=self.runs,
            steps=steps,
            batch=self.batch,
            input_dim=rows,
            output_dim=self.output_dim,
            table=start,
            branch=branch,
            seed=self.seed,
        )

    def _steps_that_fit(self, rows: int) -> int:
        """Return how many steps fit into one message: weights, gradients and slots."""
        names = [[name] for name, _ in self.runs]
        if self.branch and self.branch[0] < len(names):
            names[self.branch[0]].append(self.branch[2])
        dense = sum(1 + max(len(SLOT_NAMES[name]) for name in run) for run in names)
        dense += bool(self.branch)  # the unbranched run
        touched = min(rows, self.batch) * (len(names) + 1)
        each = 4 * self.output_dim * (rows * dense + touched) + 16 * (len(names) + 1)
        return max(1, min(STEPS_MAX, (MAX_BYTES - _HEADER_BYTES) // each - 1))

    def encode_trace(self, trace: TrainingTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        center, axes, explained = trace.map()
        touched = np.zeros(trace.runs[0].has_grad.shape, bool)
        for run in trace.runs:
            touched |= run.has_grad
        events = np.argwhere(touched)
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.uint8),
            "counts": trace.counts.astype(np.int32),
            "order": trace.order.astype(np.uint8),
            "center": center,
            "axes": axes,
            "events": events.astype(np.uint8),
        }
        for n, run in enumerate(trace.runs):
            arrays |= _run_arrays(run, n, events)
        if trace.unbranched is not None and trace.branch is not None:
            arrays["unbranched"] = trace.unbranched.table[trace.branch.step :]
            arrays["unbranched_losses"] = trace.unbranched.losses
        header = {
            "note": words_note(int(trace.ids.size), self._total),
            "words": [short_label(word, _LABEL_LENGTH) for word in trace.words],
            "total": int(trace.ids.size),
            "steps": trace.steps,
            "batch": int(trace.batches.places.shape[1]),
            "fitting": self._steps_that_fit(len(trace.words)),
            "runs": [_run_header(run) for run in trace.runs],
            "branched": trace.branch.run if trace.branch else None,
            "variance_shown": round(explained, 4) if np.isfinite(explained) else None,
        }
        return header, arrays

    def draw(self, trace: TrainingTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_training(trace, dark=dark)

    def _initial_table(self) -> np.ndarray | None:
        """Return a copy of the given table, or None."""
        if self._source is None:
            return None
        table = read_table(self._source, self._source_name).values
        rows, columns = table.shape
        if not (1 <= rows <= ROWS_MAX and 1 <= columns <= COLUMNS_MAX):
            raise ValueError(
                f"a table in this view must have 1 to {ROWS_MAX} rows and 1 to {COLUMNS_MAX} "
                f"columns. Received {table.shape}. Show a part of it, such as table[:{ROWS_MAX}, "
                f":{COLUMNS_MAX}]; trace_training takes any size."
            )
        return table

    @validate("input_dim", "output_dim")
    def _check_allowed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            raise TraitError(
                f"{name} must be {limit['max']}, the size of the given table. Received {value}. "
                "Omit table and layer to change it."
            )
        return value


def _run_arrays(run: TrainedRun, n: int, events: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of run `n`; gradients only for rows of the batch."""
    slots = max(len(rule) for rule in (run.optimizer_at(0)[2], run.optimizer_at(STEPS_MAX)[2]))
    arrays = {
        f"w{n}": run.table,
        f"g{n}": run.grad[events[:, 0], events[:, 1]],
        f"rates{n}": run.rates,
        f"losses{n}": run.losses,
    }
    return arrays | {f"slot{n}{slot}": run.slots[:, slot] for slot in range(slots)}


def _run_header(run: TrainedRun) -> dict[str, Any]:
    header: dict[str, Any] = {
        "optimizer": run.optimizer,
        "rate": run.learning_rate,
        "slots": list(SLOT_NAMES[run.optimizer]),
        "branch": None,
    }
    if run.branch:
        branch = run.branch
        header["branch"] = {
            "step": branch.step,
            "optimizer": branch.optimizer,
            "rate": branch.learning_rate,
            "slots": list(SLOT_NAMES[branch.optimizer]),
        }
    return header
