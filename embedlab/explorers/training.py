"""TrainingExplorer: who moves at each step, and why? Up to three optimizers on the same batches."""

from typing import Any

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.checks import as_table
from embedlab.core.skipgram.recorded import SLOT_NAMES, UPDATE_RULES
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.corpus import STORY, parse_corpus
from embedlab.explorers.inputs.table import check_single_source
from embedlab.explorers.rules import BranchPoint, OptimizerRuns
from embedlab.explorers.traits import BoundedInt, BoundedText
from embedlab.explorers.wire import MOST_BYTES
from embedlab.figures.theme import Figure
from embedlab.figures.training import draw_training
from embedlab.traces.text import short_label
from embedlab.traces.training import (
    RATES,
    RUNS_MOST,
    Branch,
    TrainedRun,
    TrainingTrace,
    trace_training,
)

__all__ = ["TrainingExplorer"]

ROWS_MOST, COLUMNS_MOST, STEPS_MOST, BATCH_MOST = 40, 8, 200, 16
_LABEL = 40  # letters of a word that travel
_BESIDE = 45_000  # bytes kept for the words, the text and the header


class TrainingExplorer(Explorer):
    """Watch the rows of a small table learn from a text, step by step.

    Parameters
    ----------
    text : str
        What to learn from; every step looks at the next few words of it.
    vocabulary : embedlab.data.Vocabulary, optional
        Gives the ids. Without it the most frequent words get rows, and the rest share ``<unk>``.
    table : array_like, (V, D), optional
        Where the table starts, at most 40 x 8: read, never changed.
    layer : embedlab.layers.Embedding, optional
        Its table is the start; `refresh` reads it anew.
    **parameters
        runs (up to three optimizers: "sgd", "momentum", "adagrad", "rmsprop", "adam", "lazy adam",
        and "sgd + l2", in which the table has the regularizer "l2"; each alone or as
        [name, rate]), branch ([run, step, optimizer, rate]: that run goes on
        otherwise after so many steps), steps (10..200; fewer where more would not travel), batch
        (1..16 words), input_dim (rows at most, 1..40), output_dim (D, 1..8), seed; and link_id,
        hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError
        For a table or a vocabulary that does not fit the view.

    Examples
    --------
    >>> explorer = TrainingExplorer(runs=["adam", "lazy adam"], steps=30)
    >>> [bool(run.glides.any()) for run in explorer.trace.runs]
    [True, False]
    >>> explorer.branch = [0, 12, "lazy adam", 0.05]
    >>> bool(explorer.trace.runs[0].glides[12:].any())
    False
    """

    VIEW = "training"
    QUESTION = "Who moves, and why?"
    PARAMS = ("text", "runs", "branch", "steps", "batch", "input_dim", "output_dim", "seed")

    text = BoundedText(STORY, 65_536).tag(sync=True)
    runs = OptimizerRuns(RATES, ["adam", "lazy adam"], RUNS_MOST).tag(sync=True)
    branch = BranchPoint(UPDATE_RULES, RUNS_MOST, STEPS_MOST).tag(sync=True)
    steps = BoundedInt(60, 10, STEPS_MOST).tag(sync=True)
    batch = BoundedInt(4, 1, BATCH_MOST).tag(sync=True)
    input_dim = BoundedInt(24, 1, ROWS_MOST).tag(sync=True)
    output_dim = BoundedInt(2, 1, COLUMNS_MOST).tag(sync=True)
    seed = BoundedInt(7, 0, 2**31 - 1).tag(sync=True)

    def __init__(
        self,
        text: str | None = None,
        *,
        vocabulary: Any = None,
        table: Any = None,
        layer: Any = None,
        **parameters: Any,
    ):
        check_single_source(table=table, layer=layer)
        self._vocabulary, self._own, self._layer = vocabulary, table, layer
        start = self._start()
        if start is not None:
            rows, columns = start.shape
            parameters = {"input_dim": rows, "output_dim": columns, **parameters}
        elif vocabulary is not None:
            parameters.setdefault("input_dim", min(len(vocabulary.words), ROWS_MOST))
        if text is not None:
            parameters["text"] = text
        super().__init__(**parameters)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a table of your own fixes V and D."""
        limits = super().limits()
        start = self._start()
        if start is not None:
            for name, size in zip(("input_dim", "output_dim"), start.shape, strict=True):
                limits[name] = {"min": size, "max": size}
        return limits

    def _run(self) -> TrainingTrace:
        story = parse_corpus(self.text, self.input_dim, self._vocabulary)
        start = self._start()
        rows = len(story.words) if start is None else len(start)
        words = [*story.words, *[""] * rows][:rows]
        steps = min(self.steps, self._fitting(rows))
        branch = Branch(*self.branch) if self.branch else None
        if branch and (branch.run >= len(self.runs) or branch.step > steps):
            branch = None  # it waits until there is such a run and such a step
        return trace_training(
            story.ids,
            words=words,
            starts=story.starts,
            runs=self.runs,
            steps=steps,
            batch=self.batch,
            input_dim=rows,
            output_dim=self.output_dim,
            table=start,
            branch=branch,
            seed=self.seed,
        )

    def _fitting(self, rows: int) -> int:
        """Count the steps whose weights, gradients and memories travel in one message."""
        names = [[name] for name, _ in self.runs]
        if self.branch and self.branch[0] < len(names):
            names[self.branch[0]].append(self.branch[2])
        dense = sum(1 + max(len(SLOT_NAMES[name]) for name in run) for run in names)
        dense += bool(self.branch)  # the ghost's path
        touched = min(rows, self.batch) * (len(names) + 1)
        each = 4 * self.output_dim * (rows * dense + touched) + 16 * (len(names) + 1)
        return max(1, min(STEPS_MOST, (MOST_BYTES - _BESIDE) // each - 1))

    def _fill(self, trace: TrainingTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        center, axes, kept = trace.map()
        looked = np.zeros(trace.runs[0].has_grad.shape, bool)
        for run in trace.runs:
            looked |= run.has_grad
        events = np.argwhere(looked)
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.uint8),
            "counts": trace.counts.astype(np.int32),
            "order": trace.order.astype(np.uint8),
            "center": center,
            "axes": axes,
            "events": events.astype(np.uint8),
        }
        for n, run in enumerate(trace.runs):
            arrays |= _travelling(run, n, events)
        if trace.ghost is not None and trace.branch is not None:
            arrays["ghost"] = trace.ghost.table[trace.branch.step :]
            arrays["ghost_losses"] = trace.ghost.losses
        header = {
            "words": [short_label(word, _LABEL) for word in trace.words],
            "total": int(trace.ids.size),
            "steps": trace.steps,
            "batch": int(trace.batches.places.shape[1]),
            "fitting": self._fitting(len(trace.words)),
            "runs": [_said(run) for run in trace.runs],
            "branched": trace.branch.run if trace.branch else None,
            "kept": round(kept, 4) if np.isfinite(kept) else None,
        }
        return header, arrays

    def _draw(self, trace: TrainingTrace, *, dark: bool) -> Figure:
        return draw_training(trace, dark=dark)

    def _needs(self) -> list[str]:
        own = {"vocabulary": self._vocabulary, "table": self._own, "layer": self._layer}
        return [name for name, value in own.items() if value is not None]

    def _start(self) -> np.ndarray | None:
        """Return a table of your own as it is now, or None."""
        if self._own is None and self._layer is None:
            return None
        table = np.array(as_table(self._own if self._layer is None else _of(self._layer)))
        rows, columns = table.shape
        if not (1 <= rows <= ROWS_MOST and 1 <= columns <= COLUMNS_MOST):
            raise ValueError(
                f"a table of your own must have 1 to {ROWS_MOST} rows and 1 to {COLUMNS_MOST} "
                f"columns to be watched. Received {table.shape}. Show a part of it, such as "
                f"table[:{ROWS_MOST}, :{COLUMNS_MOST}]; trace_training takes any size."
            )
        return table

    @validate("input_dim", "output_dim")
    def _fixed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if not limit["min"] <= value <= limit["max"]:
            raise TraitError(
                f"{name} must be {limit['max']}, as your own table has it. Received {value}. "
                "Leave table and layer away to change it."
            )
        return value


def _travelling(run: TrainedRun, n: int, events: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of one run, named by its number; gradients only where there may be one."""
    slots = max(len(rule) for rule in (run.rule_at(0)[2], run.rule_at(STEPS_MOST)[2]))
    arrays = {
        f"w{n}": run.table,
        f"g{n}": run.grad[events[:, 0], events[:, 1]],
        f"rates{n}": run.rates,
        f"losses{n}": run.losses,
    }
    return arrays | {f"memory{n}{slot}": run.memory[:, slot] for slot in range(slots)}


def _said(run: TrainedRun) -> dict[str, Any]:
    said: dict[str, Any] = {
        "optimizer": run.optimizer,
        "rate": run.learning_rate,
        "memory": list(SLOT_NAMES[run.optimizer]),
        "branch": None,
    }
    if run.branch:
        turn = run.branch
        said["branch"] = {
            "step": turn.step,
            "optimizer": turn.optimizer,
            "rate": turn.learning_rate,
            "memory": list(SLOT_NAMES[turn.optimizer]),
        }
    return said


def _of(layer: Any) -> Any:
    table = getattr(layer, "embeddings", None)
    if table is None:
        raise ValueError(
            f"layer must have a table already. Received {type(layer).__name__}, not built. "
            "Call it once, or call layer.build()."
        )
    return table.numpy() if hasattr(table, "numpy") else table
