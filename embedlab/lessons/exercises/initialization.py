"""Lesson 05: its two exercises and its two questions."""

from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from embedlab.initializers import RandomUniform
from embedlab.layers import Embedding
from embedlab.lessons.grading.describe import describe_failure, describe_result, raised
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_or_verdict
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question
from embedlab.traces.text import format_count

__all__ = ["CHECKS", "QUESTIONS"]


class Case(NamedTuple):
    """Return the variance that each number of a sum of `words` rows should have."""

    variance: float
    words: int

    @property
    def limit(self) -> float:
        """The right answer: T rows add up to T · limit² / 3."""
        return float(np.sqrt(3 * self.variance / self.words))


CASES = (Case(0.75, 1), Case(12.0, 9), Case(1.0, 16), Case(0.01, 10), Case(0.5, 100))


def check_limit(exercise: str, function: Any) -> Verdict:
    """Check `limit(variance, T)`: where a uniform table must end for a sum of T rows."""

    def right(message: str) -> Verdict:
        expected, words = 1.0, 16
        variance = _measured(float(function(expected, words)), words)
        message = (
            f"{message}. Tried on a real layer: the sums of {words} rows have variance "
            f"{variance:.2f}, and {expected:.2f} was asked for."
        )
        return Verdict(exercise, True, message)

    return grade_function(
        exercise,
        function,
        CASES,
        run=_run,
        diagnose=_diagnose,
        right=right,
        describe=lambda case, done: {
            "variance": f"{case.variance:g}",
            "T": str(case.words),
            "expected": f"{case.limit:.6g}",
            "returned": f"{done.value:.6g}" if _is_number(done.value) else describe_result(done),
        },
    )


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    return run_untrusted(lambda: function(case.variance, case.words))


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "fiu"
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _diagnose(case: Case, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    message = describe_failure(done, ())
    if message:
        return Diagnosis(message)
    if done.error is not None:
        return Diagnosis(raised(done))
    if not _is_number(done.value):
        return Diagnosis("Return one number: the largest weight that may be drawn.")
    value = float(done.value)
    if np.isclose(value, case.limit, rtol=1e-3):  # float16 has three digits
        return None
    for other, message in _others(case):
        if np.isclose(value, other, rtol=1e-6):
            return Diagnosis(message)
    makes = case.words * value**2 / 3
    return Diagnosis(
        f"With weights within ±{value:.4g} a row has variance {value**2 / 3:.4g}, and a sum of "
        f"{format_count(case.words, 'row')} {makes:.4g}. It should be {case.variance:g}."
    )


def _others(case: Case) -> list[tuple[float, str]]:
    """Return what else may come, and what it is."""
    v, t, root = case.variance, case.words, case.limit
    of_a_row = "one row needs a T-th of the variance."
    return [
        (-root, "The size is right, but the limit must be above 0."),
        (2 * root, "That is the whole width of the interval, from −limit to limit."),
        (
            root / np.sqrt(3),
            "That is the standard deviation of a weight. A uniform draw reaches "
            "further: its variance is limit² / 3.",
        ),
        (
            root * np.sqrt(t),
            f"That is right for one word. T rows are added, and their variances add up: {of_a_row}",
        ),
        (
            root * t,
            f"T is on the wrong side. A sum of T rows has T times the variance, so {of_a_row}",
        ),
        (
            root / np.sqrt(t),
            "Divide by √T instead of T. The variance grows with T, and the "
            "limit is a length, not a variance.",
        ),
        (root / 3, "Multiply by 3 instead of dividing: limit² is 3 times the variance of a row."),
        (np.sqrt(v), "That is the standard deviation of the sum, not the limit of one row."),
        (v / t, "That is the variance of a row. The limit is a length: √(3 · variance)."),
        (root**2, "The square root is missing: limit² / 3 is the variance of a row."),
    ]


def _measured(limit: float, words: int) -> float:
    """Draw a real table, and measure the variance of sums of its rows."""
    layer = Embedding(2000, 16, RandomUniform(-limit, limit, seed=5))
    ids = np.random.default_rng(5).integers(2000, size=(4000, words))
    return float(layer(ids).sum(axis=1).var())


def check_half(exercise: str, submission: Any) -> Verdict:
    """Check a TrainingExplorer (or its state): L2 halves a row that no batch used."""
    submission = explorer_or_verdict(exercise, "training", submission)
    if isinstance(submission, Verdict):
        return submission
    trace = submission.trace
    run = next((run for run in trace.runs if run.optimizer == "sgd + l2"), None)
    if run is None:
        return Verdict(
            exercise, False, 'no run is "sgd + l2". Choose it for run 1.', attempted=False
        )
    lengths = np.sqrt(np.square(run.table[[0, -1]].astype(np.float64)).sum(axis=-1))
    unseen = np.flatnonzero(~run.has_grad.any(axis=0) & (lengths[0] > 0))
    if not unseen.size:
        message = "every word was in a batch. Use fewer steps, or end the text with a new word."
        return Verdict(exercise, False, message)
    row = int(unseen[-1])
    ratio = float(lengths[1, row] / lengths[0, row])
    _, rate, _ = run.optimizer_at(0)
    steps = f"{trace.steps} steps with learning rate {rate:g}"
    left = f"after {steps} “{trace.words[row]}” has {ratio:.0%} of its length"
    if abs(ratio - 0.5) <= 0.05:
        message = (
            f"right. It was in no batch, and {left}. Each step takes learning rate · 0.02 of what "
            "is left."
        )
        return Verdict(exercise, True, message)
    cure = (
        "use a smaller learning rate or fewer steps."
        if ratio < 0.5
        else "use a larger learning rate or more steps."
    )
    started = bool(submission.message["header"]["initial"])
    return Verdict(exercise, False, f"{left}. The target is 45 to 55 %: {cure}", attempted=started)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"limit": check_limit, "half": check_half}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        'A layer has embeddings_regularizer="l2". It is trained for 30 steps by plain SGD with '
        "learning rate 2. The word “moon” is in none of the batches. Where is its row afterwards?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "where it started: no batch ever read it",
                "The penalty is computed from the table, not from the batch.",
                "M8",
            ),
            "b": Choice(
                "at zero", "Each step takes a share of what is left, so something always remains."
            ),
            "c": Choice(
                "nearer to zero, in the same direction",
                "Each step takes 4 % of what is left. After 30 steps 29 % remains.",
            ),
            "d": Choice(
                "nearer to “cat” and “dog”, which are nouns too",
                "A row moves toward others only by its own gradients, and “moon” got none "
                "from the words.",
                "M3",
            ),
        },
    ),
    "exit": Question(
        'A layer has mask_zero=True and embeddings_regularizer="l2". It is trained by plain SGD. '
        "Which rows of its table have changed after one step?",
        correct="c",
        choices={
            "a": Choice(
                "The rows that the batch read.",
                "The penalty contains all rows: 0.01 · the sum of all squares.",
                "M8",
            ),
            "b": Choice(
                "All but row 0, which is padding and does not learn.",
                "The penalty does not use the mask.",
                "M5",
            ),
            "c": Choice(
                "All of them.",
                "Each row loses learning rate · 0.02 of itself. The rows that were read "
                "also move by the gradient from the words.",
            ),
            "d": Choice(
                "The rows that the batch read, and those of words with the same meaning.",
                "Meaning moves no row. A row moves by its own gradients.",
                "M3",
            ),
        },
    ),
}
