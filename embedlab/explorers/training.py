"""Explorer of training: the rows that move at each step, for up to three optimizers."""

from collections.abc import Sequence
from typing import Annotated, Any, Unpack

import numpy as np
from traitlets import TraitError, validate

from embedlab.core.skipgram.recorded import SLOT_NAMES, UPDATE_RULES
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.corpus import (
    STORY,
    RowCorpus,
    SmallCorpus,
    parse_corpus,
    parse_rows,
    trained_note,
)
from embedlab.explorers.inputs.table import UserTable, check_single_source, read_table
from embedlab.explorers.inputs.window import row_labels, words_note
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TOO_MUCH, vocabulary_data
from embedlab.explorers.traits import SIZE_MAX, BoundedInt, BoundedText, BranchPoint, OptimizerRuns
from embedlab.explorers.wire import MAX_BYTES
from embedlab.figures.theme import Figure
from embedlab.figures.training import draw_training
from embedlab.traces.text import short_label
from embedlab.traces.training import (
    NEGATIVE,
    RATES,
    RUNS_MAX,
    WINDOW,
    Branch,
    TrainedRun,
    TrainingTrace,
    trace_training,
)

__all__ = ["TrainingExplorer", "TrainingParameters"]

ROWS_MAX, COLUMNS_MAX, STEPS_MAX, BATCH_MAX = 40, 8, 200, 16
_LABEL_LENGTH = 40  # characters of a word that are sent
_HEADER_BYTES = 45_000  # for the words, the text and the rest of the header


class TrainingParameters(CommonParameters, total=False):
    """Keyword parameters of `TrainingExplorer`, each with its help text."""

    runs: Annotated[
        Sequence[str | Sequence[str | float]],
        (
            'up to three optimizers, each by name or as [name, rate]: "sgd", "momentum", '
            '"adagrad", "rmsprop", "adam", "lazy adam", and "sgd + l2", in which the table '
            'has the regularizer "l2"'
        ),
    ]
    branch: Annotated[
        Sequence[str | float],
        ("[run, step, optimizer, rate]: after that step the run uses another optimizer"),
    ]
    steps: Annotated[int, "10..200; fewer when a message cannot hold more"]
    batch: Annotated[int, "1..16 words"]
    input_dim: Annotated[int, "maximum vocabulary, 1..40"]
    output_dim: Annotated[int, "D, 1..8"]
    seed: Annotated[int, "of the random table and negatives"]


class TrainingExplorer(Explorer):
    """Watch the rows of a small table learn from a text, step by step.

    Parameters
    ----------
    text : str, or a table, or a layer, optional
        The training text; each step uses its next few words. With a table ``#12`` stands for
        row 12. A table or layer by position is the same as `table` or `layer`.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it the most frequent words get rows; the rest share ``<unk>``.
    words : sequence of str, optional
        The words of the rows of `table` or `layer`.
    table, layer : optional
        The initial table: anything that `embedlab.explorers.inputs.table.read_table` takes, of any
        size. It is never changed; `refresh` reads it again. Of a large one the rows in use and some
        around them, at most 40, are trained in their first 8 columns, as the view says.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a vocabulary that is too large, and for more than one table.
    IdError
        For a row outside the table.

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
    input_dim = BoundedInt(24, 1, SIZE_MAX)
    output_dim = BoundedInt(2, 1, SIZE_MAX)
    seed = BoundedInt(7, 0, 2**31 - 1)

    def __init__(
        self,
        text: Any = None,
        *,
        vocabulary: Any = None,
        words: Sequence[str] | None = None,
        table: Any = None,
        layer: Any = None,
        **parameters: Unpack[TrainingParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        source = None if isinstance(text, str) else text
        self._source_name, self._source = check_single_source(source, table=table, layer=layer)
        self._labels = None if words is None else [str(word) for word in words]
        self._inputs = {
            "vocabulary": vocabulary,
            "words": self._labels,
            "table": None,
            "layer": None,
            **({self._source_name: self._source} if self._source_name else {}),
        }
        self._user: UserTable | None = None
        self._corpus: RowCorpus | None = None
        self._read_table()
        if self._user is not None:
            rows, columns = self._user.shape
            values = {"input_dim": rows, "output_dim": columns, **values}
            if vocabulary is None and not isinstance(text, str):
                values.setdefault("text", _text_of_rows(rows))
        elif vocabulary is not None:
            values.setdefault("input_dim", min(len(vocabulary.words), ROWS_MAX))
        if isinstance(text, str):
            values["text"] = text
        super().__init__(**values)

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the vocabulary; a table of the user's is not trained in a page."""
        vocabulary = vocabulary_data(self._inputs["vocabulary"])
        if self._user is not None or vocabulary is TOO_MUCH:
            return None
        return {"table": None, "vocabulary": vocabulary}

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a given table fixes V and D."""
        limits = super().limits()
        sizes = (ROWS_MAX, COLUMNS_MAX) if self._user is None else self._user.shape
        for name, size in zip(("input_dim", "output_dim"), sizes, strict=True):
            limits[name] = {"min": 1 if self._user is None else size, "max": size}
        return limits

    def read_inputs(self) -> None:
        """Read the table or layer again."""
        self._read_table()
        if self._user is not None:
            self.input_dim, self.output_dim = self._user.shape

    def _read_table(self) -> None:
        if self._source is not None:
            self._user = read_table(self._source, self._source_name)

    def compute_trace(self) -> TrainingTrace:
        """Return the trace of the current parameters."""
        start = self._corpus = None
        if self._user is None:
            corpus: RowCorpus | SmallCorpus = parse_corpus(
                self.text, self.input_dim, self._inputs["vocabulary"]
            )
            words, width = list(corpus.words), self.output_dim
        else:
            labels = self._user.labels if self._labels is None else self._labels
            corpus = window = parse_rows(
                self.text, len(self._user.values), labels, self._inputs["vocabulary"], ROWS_MAX
            )
            self._corpus = window
            start = self._user.values[window.rows][:, :COLUMNS_MAX].astype(np.float32)
            whole = len(start) == len(self._user.values)
            words = row_labels(window.rows, window.words, number=not whole)
            width = start.shape[1]
        self._total, rows = corpus.total, len(words)
        steps = min(self.steps, self._steps_that_fit(rows, width))
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
            output_dim=width,
            table=start,
            branch=branch,
            seed=self.seed,
        )

    def _steps_that_fit(self, rows: int, width: int) -> int:
        """Return how many steps fit into one message: weights, gradients and slots."""
        names = [[name] for name, _ in self.runs]
        if self.branch and self.branch[0] < len(names):
            names[self.branch[0]].append(self.branch[2])
        dense = sum(1 + max(len(SLOT_NAMES[name]) for name in run) for run in names)
        dense += bool(self.branch)  # the unbranched run
        touched = min(rows, self.batch) * (len(names) + 1)
        each = 4 * width * (rows * dense + touched) + 16 * (len(names) + 1)
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
            arrays |= _run_arrays(run, n, events, trace.unbranched)
        if trace.unbranched is not None and trace.branch is not None:
            arrays["unbranched"] = trace.unbranched.table[trace.branch.step :]
            arrays["unbranched_losses"] = trace.unbranched.losses
        pairs, label, starts = trace.batches[:3]
        used = sum(array.nbytes for array in arrays.values()) + _HEADER_BYTES
        if used + 3 * len(pairs) + 4 * len(starts) <= MAX_BYTES:  # else the view names their number
            arrays |= {
                "pairs": np.column_stack([pairs, label]).astype(np.uint8),
                "pair_starts": starts.astype(np.int32),
            }
        header = {
            "note": self._note(trace),
            "words": [short_label(word, _LABEL_LENGTH) for word in trace.words],
            "total": int(trace.ids.size),
            "steps": trace.steps,
            "batch": int(trace.batches.places.shape[1]),
            "objective": {"window": WINDOW, "negative": NEGATIVE},
            "fitting": self._steps_that_fit(len(trace.words), trace.width),
            "runs": [_run_header(run) for run in trace.runs],
            "branched": trace.branch.run if trace.branch else None,
            "variance_shown": round(explained, 4) if np.isfinite(explained) else None,
        }
        if self._corpus is not None:
            header["rows"] = self._corpus.rows.tolist()
        return header, arrays

    def draw(self, trace: TrainingTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_training(trace, dark=dark)

    def _note(self, trace: TrainingTrace) -> str | None:
        """Return what is left out of the table and the text, or None."""
        corpus, words = self._corpus, int(trace.ids.size)
        if corpus is None or self._user is None:
            return words_note(words, self._total)
        return trained_note(corpus, self._user.shape, trace.width, words)

    @validate("input_dim", "output_dim")
    def _check_allowed(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if limit["min"] <= value <= limit["max"]:
            return int(value)
        if self._user is None:
            raise TraitError(
                f"{name} must be an integer from {limit['min']} to {limit['max']}. Received "
                f"{value}. Choose a value in this range, or pass a table of this size."
            )
        raise TraitError(
            f"{name} must be {limit['max']}, the size of the given table. Received {value}. "
            "Omit table and layer to change it."
        )


def _text_of_rows(rows: int) -> str:
    """Return a text of row numbers for a table without words."""
    sentences = ((1, 5, 7, 1, 4), (3, 1, 6, 0), (1, 5, 2, 1, 4), (3, 8, 6, 0), (1, 5, 7, 1, 9))
    return " ".join(" ".join(f"#{i % rows}" for i in ids) + " ." for ids in sentences)


def _run_arrays(
    run: TrainedRun, n: int, events: np.ndarray, unbranched: TrainedRun | None
) -> dict[str, np.ndarray]:
    """Return the arrays of run `n`; gradients only for rows of the batch.

    Slots are those after each step. At a branch that is what the original run left there: the
    branch may begin with others, and the browser knows with which.
    """
    slots = max(len(rule) for rule in (run.optimizer_at(0)[2], run.optimizer_at(STEPS_MAX)[2]))
    arrays = {
        f"w{n}": run.table,
        f"g{n}": run.grad[events[:, 0], events[:, 1]],
        f"rates{n}": run.rates,
        f"losses{n}": run.losses,
    }
    after = run.slots
    if run.branch and unbranched is not None:
        step = run.branch.step + 1
        after = np.concatenate([unbranched.slots[:step], run.slots[step:]])
    return arrays | {f"slot{n}{slot}": after[:, slot] for slot in range(slots)}


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
