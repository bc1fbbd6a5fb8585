"""Training on the same batches with several optimizers, every step recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_size, short_repr
from embedlab.core.ids import as_ids
from embedlab.core.skipgram import RecordedRun, SkipgramBatches, sample_batches, train_recorded
from embedlab.core.skipgram.recorded import SLOT_NAMES, UPDATE_RULES
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = [
    "NEGATIVE",
    "RATES",
    "RUNS_MAX",
    "WINDOW",
    "Branch",
    "TrainedRun",
    "TrainingTrace",
    "trace_training",
]

RUNS_MAX = 3
WINDOW, NEGATIVE = 2, 2  # words on each side of a word, and random negatives for each pair
RATES = {
    "sgd": 1.0,
    "momentum": 0.2,
    "adagrad": 0.2,
    "rmsprop": 0.03,
    "adam": 0.05,
    "lazy adam": 0.05,
    "sgd + l2": 1.0,
}
"""A default rate for each optimizer, for a small table and mean gradients."""


@dataclass(frozen=True)
class Branch:
    """A change of optimizer: run `run` continues after `step` steps with another one."""

    run: int
    step: int
    optimizer: str
    learning_rate: float


@dataclass(frozen=True, eq=False, repr=False)
class TrainedRun:
    """The record of one run. Its arrays are read-only, float32 except the losses.

    Attributes
    ----------
    optimizer, learning_rate
        The initial optimizer and its rate.
    table : ndarray, (S + 1, V, D)
        Before the first step, and after each.
    slots : ndarray, (S + 1, 2, V, D)
        The optimizer state, such as m and v; `optimizer_at` has the names of the slots.
    grad : ndarray, (S, V, D)
        Zero for rows that are not in the batch.
    rates : ndarray, (S,)
        The rate of each step, as used in the formula.
    losses : ndarray of float64, (S,)
        The loss of each batch, before its step.
    branch : Branch or None
        The change of optimizer, if any.
    """

    optimizer: str
    learning_rate: float
    table: np.ndarray
    slots: np.ndarray
    grad: np.ndarray
    rates: np.ndarray
    losses: np.ndarray
    branch: Branch | None = None

    def optimizer_at(self, step: int) -> tuple[str, float, tuple[str, ...]]:
        """Return the optimizer of a step, its rate, and the names of its slots."""
        settings = self if self.branch is None or step < self.branch.step else self.branch
        return settings.optimizer, settings.learning_rate, SLOT_NAMES[settings.optimizer]

    @property
    def moves(self) -> np.ndarray:
        """The displacement of each row at each step, (S, V) float64."""
        path = self.table.astype(np.float64)
        with np.errstate(invalid="ignore"):  # ∞ − ∞ is NaN
            return np.sqrt(np.square(path[1:] - path[:-1]).sum(axis=-1))

    @property
    def has_grad(self) -> np.ndarray:
        """Rows with a gradient at each step, (S, V) bool."""
        return np.asarray((self.grad != 0).any(axis=-1))

    @property
    def moved_without_grad(self) -> np.ndarray:
        """Rows that moved without a gradient at each step, (S, V) bool."""
        return np.asarray((self.moves > 0) & ~self.has_grad)

    def __repr__(self) -> str:
        return f"TrainedRun({self.optimizer}, rate {self.learning_rate:g})"


@dataclass(frozen=True, eq=False, repr=False)
class TrainingTrace:
    """The record of up to three runs on the same batches. Its arrays are read-only.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
        The text. words : tuple of str, V labels; counts : ndarray, (V,), occurrences in the text.
    order : ndarray of int64, (V,)
        The rows, the most frequent word first.
    batches : SkipgramBatches
        The batch of each step, the same for every run.
    runs : tuple of TrainedRun
        The runs; a branched run includes its branch.
    branch : Branch or None
    unbranched : TrainedRun or None
        The original of the branched run, without the branch.
    seed : int

    Examples
    --------
    >>> trace = trace_training([0, 1, 0, 2, 0, 3], runs=["adam", "lazy adam"], steps=6, batch=1)
    >>> [int(run.moved_without_grad.sum()) for run in trace.runs]
    [9, 0]
    """

    ids: np.ndarray
    words: tuple[str, ...]
    counts: np.ndarray
    order: np.ndarray
    batches: SkipgramBatches
    runs: tuple[TrainedRun, ...]
    branch: Branch | None
    unbranched: TrainedRun | None
    seed: int

    @property
    def steps(self) -> int:
        """S."""
        return len(self.batches.starts) - 1

    @property
    def width(self) -> int:
        """D."""
        return self.runs[0].table.shape[2]

    def batch(self, step: int) -> tuple[str, ...]:
        """Return the words of the batch of a step, in the order of the text."""
        return tuple(self.words[i] for i in self.ids[self.batches.places[step]])

    def map(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the plane on which rows are drawn, the same for all steps and runs.

        Returns
        -------
        center : ndarray, (D,)
        axes : ndarray, (D, 2)
            A row w is drawn at ``(w - center) @ axes``; for D = 2 that is w itself.
        explained : float
            The explained variance ratio of the plane, over all first and last rows.
        """
        width = self.width
        axes = np.eye(width, 2)
        ends = np.concatenate([run.table[[0, -1]].reshape(-1, width) for run in self.runs])
        ends = ends.astype(np.float64)
        if width <= 2 or not np.isfinite(ends).all():
            return np.zeros(width), axes, 1.0 if width <= 2 else float("nan")
        center = ends.mean(axis=0)
        _, values, directions = np.linalg.svd(ends - center, full_matrices=False)
        axes[:, : min(2, len(directions))] = directions[:2].T
        largest = axes[np.abs(axes).argmax(axis=0), [0, 1]]
        power = np.square(values)
        explained = float(power[:2].sum() / power.sum()) if power.any() else float("nan")
        return center, axes * np.where(largest < 0, -1, 1), explained

    @property
    def summary(self) -> str:
        """Describe the runs in a few lines, with their numbers."""
        rows, size = len(self.words), len(self.batches.places[0])
        lines = [
            f"text    {format_count(self.ids.size, 'word')}, {format_count(rows, 'row')} of "
            f"{format_count(self.width, 'number')}; {format_count(self.steps, 'step')} of "
            f"{format_count(size, 'word')}"
        ]
        for n, run in enumerate(self.runs):
            name = f"run {n + 1}   {run.optimizer}, rate {run.learning_rate:g}"
            if self.branch and self.branch.run == n:
                change = self.branch
                name += (
                    f", from step {change.step} on {change.optimizer}, rate "
                    f"{change.learning_rate:g}"
                )
            lines += [name, f"        {self._describe(run)}"]
        return "\n".join(lines)

    def _describe(self, run: TrainedRun) -> str:
        moved, unforced = int((run.moves > 0).sum()), int(run.moved_without_grad.sum())
        tenth = max(1, self.steps // 10)
        first, last = run.losses[:tenth].mean(), run.losses[-tenth:].mean()
        return (
            f"loss {format_number(first)} to {format_number(last)}; "
            f"{format_count(moved, 'move')} of a row, "
            f"{format_count(unforced)} without a gradient"
        )

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        names = join_some([run.optimizer for run in self.runs])
        words = join_some([short_label(self.words[i]) for i in self.order], 12)
        counts = [int(run.moved_without_grad.sum()) for run in self.runs]
        unforced = [
            f"under {run.optimizer} rows moved {format_count(count, 'time')} without a gradient"
            for run, count in zip(self.runs, counts, strict=True)
        ]
        return (
            f"Rows of a table as points that move for {format_count(self.steps, 'step')} under "
            f"{names}: {words}. {'; '.join(unforced).capitalize()}."
        )

    def __repr__(self) -> str:
        names = ", ".join(run.optimizer for run in self.runs)
        return f"TrainingTrace({len(self.words)} rows, {self.steps} steps: {names})"


def trace_training(
    ids: Any,
    *,
    words: Sequence[str] | None = None,
    starts: Any = None,
    runs: Sequence[Any] = ("adam",),
    steps: int = 100,
    batch: int = 4,
    output_dim: int = 2,
    input_dim: int | None = None,
    table: Any = None,
    branch: Branch | None = None,
    seed: int = 7,
) -> TrainingTrace:
    """Train a table on a text with one or more optimizers, and record every step.

    Parameters
    ----------
    ids : array_like of int, (N,), 0 <= id < V
        The text. An empty text trains nothing.
    words : sequence of V str, optional
        Labels of the rows; by default their numbers.
    starts : array_like of int, optional
        The positions where sentences begin; no pair crosses them.
    runs : sequence of str or (str, float)
        An optimizer of `embedlab.core.skipgram.recorded.UPDATE_RULES`, by name or with its rate.
    steps, batch : int
        S and B: each step uses the next B words of the text, in cycles.
    output_dim : int
        D.
    input_dim : int, optional
        V, if it is larger than the number of words in the text.
    table : array_like, (V, D), optional
        The initial table; by default random, ±0.5. It is copied, as float32.
    branch : Branch, optional
        A change of optimizer in one run.
    seed : int
        Seed of the initial tables and of the negative samples.

    Returns
    -------
    TrainingTrace

    Raises
    ------
    IdError, ShapeError, ValueError

    Notes
    -----
    The objective is skip-gram with two negative samples and a window of two, the mean over the
    batch. Both tables are trained; the trace shows the first, the one of an `Embedding`.

    Examples
    --------
    >>> trace = trace_training([0, 1, 0, 1, 0, 2], words=["the", "cat", "moon"], steps=4, batch=2)
    >>> (run,) = trace.runs
    >>> trace.batch(2), run.has_grad[2].tolist(), run.moved_without_grad[3].tolist()
    (('the', 'moon'), [True, False, True], [False, False, True])
    """
    flat = as_ids(ids).reshape(-1)
    settings = [_settings(run) for run in runs]
    if not 1 <= len(settings) <= RUNS_MAX:
        raise ValueError(
            f"runs must be 1 to {RUNS_MAX}. Received {len(settings)}. Compare a few at a time."
        )
    rng = np.random.default_rng(seed)
    if table is None:
        top = int(flat.max(initial=0)) + 1
        rows = check_size(
            max(top, len(words or ())) if input_dim is None else input_dim, "input_dim"
        )
        shape = (rows, check_size(output_dim, "output_dim"))
        start = rng.uniform(-0.5, 0.5, shape).astype(np.float32)
    else:
        start = np.array(as_table(table), np.float32)
    labels = tuple(words) if words is not None else tuple(map(str, range(len(start))))
    if len(labels) != len(start):
        raise ShapeError(
            f"words must label each row. Received {len(labels)} for {len(start)} rows. "
            "Pass one label for each row, or omit words."
        )
    context = rng.uniform(-0.5, 0.5, start.shape).astype(np.float32)
    batches = _batches(flat, len(start), steps, batch, starts, seed)
    recorded = [
        train_recorded(batches, start, context, optimizer=name, learning_rate=rate)
        for name, rate in settings
    ]
    trained_runs = [_record(run, *pair) for run, pair in zip(recorded, settings, strict=True)]
    unbranched = None
    if branch is not None:
        if not (0 <= branch.run < len(recorded) and 0 <= branch.step <= len(batches.starts) - 1):
            raise ValueError(
                f"a branch must leave one of {len(recorded)} runs at a step of 0..{steps}. "
                f"Received run {branch.run}, step {branch.step}. Count both from 0."
            )
        unbranched = trained_runs[branch.run]
        branched = train_recorded(
            batches,
            start,
            context,
            optimizer=branch.optimizer,
            learning_rate=branch.learning_rate,
            after=recorded[branch.run],
            step=branch.step,
        )
        trained_runs[branch.run] = _record(branched, *settings[branch.run], branch)
    counts = np.bincount(flat, minlength=len(start))
    order = np.argsort(-counts, kind="stable")
    return TrainingTrace(
        readonly_copy(flat),
        labels,
        readonly_copy(counts),
        readonly_copy(order),
        batches,
        tuple(trained_runs),
        branch,
        unbranched,
        seed,
    )


def _batches(
    ids: np.ndarray, rows: int, steps: int, batch: int, starts: Any, seed: int
) -> SkipgramBatches:
    """Return the batches; without text they are all empty."""
    if not ids.size:
        steps = check_size(steps, "steps")
        no_pairs = np.zeros((0, 2), np.int64)
        return SkipgramBatches(
            no_pairs,
            np.zeros(0, np.uint8),
            np.zeros(steps + 1, np.int64),
            np.zeros((steps, 0), np.int64),
        )
    return sample_batches(
        ids,
        rows,
        steps=steps,
        batch=batch,
        starts=starts,
        window=WINDOW,
        negative=NEGATIVE,
        seed=seed,
    )


def _settings(run: Any) -> tuple[str, float]:
    name, rate = (run, None) if isinstance(run, str) else run
    if name not in UPDATE_RULES:
        raise ValueError(
            f"runs must name {', '.join(map(repr, UPDATE_RULES))}. Received {short_repr(name)}. "
            "Choose one of these."
        )
    return name, RATES[name] if rate is None else float(rate)


def _record(
    run: RecordedRun, optimizer: str, rate: float, branch: Branch | None = None
) -> TrainedRun:
    for array in run[:5]:
        array.flags.writeable = False
    return TrainedRun(
        optimizer,
        rate,
        run.weights[:, 0],
        run.slots[:, 0],
        run.grads[:, 0],
        run.rates,
        run.losses,
        branch,
    )
