"""Lesson 09: the checks of two exercises, and two questions."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.gradient import grad_table
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_or_verdict
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question
from embedlab.traces.gradient import trace_gradient
from embedlab.traces.gradient.check import TOLERANCE

__all__ = ["CHECKS", "QUESTIONS"]

NAMES = ("E", "ids", "grad_scores")


class Case(NamedTuple):
    """A table (V, D), the ids looked up (N,), and the gradient of their scores (N, V)."""

    table: np.ndarray
    ids: np.ndarray
    grad_scores: np.ndarray


def _cases() -> list[Case]:
    """Return cases, smallest first: the first that fails is shown."""
    rng = np.random.default_rng(9)
    two = np.array([[1.0], [4.0]])
    some = rng.normal(size=(3, 2)).round(2)
    return [
        Case(two, np.array([0]), np.array([[-0.5, 0.5]])),
        Case(two, np.array([0, 0]), np.array([[-0.5, 0.5], [0.25, -0.25]])),
        Case(some, np.array([1]), np.array([[0.5, 0.25, -0.75]])),
        Case(some, np.array([1, 0, 1, 1]), rng.normal(size=(4, 3)).round(2)),
        Case(np.ones((2, 3)), np.zeros(0, np.int64), np.zeros((0, 2))),
        Case(two.astype(np.float32), np.array([1, 1]), np.array([[0.5, -0.5]] * 2, np.float32)),
        Case(rng.normal(size=(9, 4)), rng.integers(0, 9, 20), rng.normal(size=(20, 9))),
    ]


def _gradients(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient through the rows that were looked up, and through the scores."""
    back = case.grad_scores @ case.table
    from_lookup = grad_table(case.ids, back, len(case.table))
    return from_lookup, case.grad_scores.T @ case.table[case.ids]


def check_tied_gradient(exercise: str, function: Any) -> Verdict:
    """Check `tied_gradient(E, ids, grad_scores)`: the gradients of both uses, added."""

    def right(message: str) -> Verdict:
        error = _gradcheck(function)
        word = "passes" if error <= TOLERANCE else "FAILS"
        message = f"{message}, and the gradient check with a softmax {word} on every row."
        return Verdict(exercise, error <= TOLERANCE, message)

    return grade_function(
        exercise,
        function,
        _cases(),
        run=_run,
        diagnose=_diagnose,
        right=right,
        describe=lambda case, done: {
            **{name: format_value(value) for name, value in zip(NAMES, case, strict=True)},
            "expected": format_value(sum(_gradients(case))),
            "returned": describe_result(done),
        },
    )


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    return run_untrusted(function, *case)


def _diagnose(case: Case, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    message = describe_failure(done, NAMES)
    if message:
        return Diagnosis(message)
    if done.error is not None:
        shapes = [f"{name} {value.shape}" for name, value in zip(NAMES, case, strict=True)]
        return Diagnosis(f"{raised(done)} Shapes: {', '.join(shapes)}.")
    from_lookup, from_scores = _gradients(case)
    expected = from_lookup + from_scores
    message = shape_mismatch(done.value, expected)
    if message:
        return Diagnosis(f"{message} The gradient of E has the shape of E.")
    if done.value.dtype != expected.dtype:
        kind = done.value.dtype
        return Diagnosis(f"The result must have the dtype of E, {expected.dtype}. It has {kind}.")
    if _same(done.value, expected):
        return None
    if not case.ids.size:
        return Diagnosis("No word was looked up, so all numbers should be zero.")
    for other, finding in _others(case, from_lookup, from_scores):
        if _same(done.value, other):
            return finding
    return Diagnosis(
        "These are not the sums of both gradients. Compute the smallest case by hand.",
        related="M18",
    )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, rtol=1e-5, atol=1e-7)


def _others(
    case: Case, from_lookup: np.ndarray, from_scores: np.ndarray
) -> Iterator[tuple[np.ndarray, Diagnosis]]:
    """Yield wrong gradients, with their diagnosis."""
    unique, counts = np.unique(case.ids, return_counts=True)
    row = int(unique[np.argmax(counts)])
    yield (
        from_lookup,
        Diagnosis(
            "Only rows that were looked up have a gradient. The scores were computed with the same "
            "table, and they reach every row: `grad_scores.T @ E[ids]`.",
            "M18",
        ),
    )
    yield (
        from_scores,
        Diagnosis(
            "The gradient through the scores is right. The words were looked up in the same "
            "table: the "
            f"gradient of their rows, `grad_scores @ E`, is missing in row {row}.",
            related="M18",
        ),
    )
    back = case.grad_scores @ case.table
    last, first = np.zeros_like(from_lookup), np.zeros_like(from_lookup)
    last[case.ids], first[case.ids[::-1]] = back, back[::-1]
    for part, which, why in (
        (last, "last", "`grad[ids] += …` reads a row once and writes it once."),
        (first, "first", "Every use of a row changes the loss, so all are added."),
    ):
        yield (
            from_scores + part,
            Diagnosis(
                f"Row {row} is looked up {counts.max()} times, and only the {which} of its "
                f"gradients is used. {why}",
                related="M4",
            ),
        )
    read = np.isin(np.arange(len(case.table)), case.ids)[:, None]
    for part in (from_lookup, last):
        yield (
            np.where(read, part, from_scores),
            Diagnosis(
                f"In row {row} the gradient of the lookup overwrote the gradient through the "
                "scores. "
                "The row is used twice, so both are added.",
                related="M4",
            ),
        )
    yield (
        np.where(read, from_lookup + from_scores, 0),
        Diagnosis(
            "The rows that were looked up are right. The scores reach every row, also one that "
            "no word looked up.",
            "M18",
        ),
    )
    yield (
        from_scores + grad_table(case.ids, back, len(case.table), scale_grad_by_freq=True),
        Diagnosis(
            f"Row {row} is looked up {counts.max()} times, and your result has the mean of these "
            "gradients. Each use of a row changes the loss, so they are added.",
            "M4",
        ),
    )
    if case.ids.size > 1:
        yield (
            (from_lookup + from_scores) / case.ids.size,
            Diagnosis(
                f"Your result is divided by the number of words, {case.ids.size}. `grad_scores` is "
                "the gradient of the loss already, so its parts are only added."
            ),
        )
    yield (
        (from_lookup + from_scores) / 2,
        Diagnosis(
            "This is the mean of both gradients. Each use of a row changes the loss, so they "
            "are added.",
            "M4",
        ),
    )
    yield -from_lookup - from_scores, Diagnosis("All numbers have the wrong sign.")


def _gradcheck(function: Callable[..., Any]) -> float:
    """Return the largest difference from central differences of a softmax, ids with duplicates."""
    trace = trace_gradient(
        np.random.default_rng(39).normal(size=(6, 3)), [2, 0, 2, 3, 2, 1], tied=True
    )
    done = _run(function, Case(trace.table, trace.ids[:-1], trace.grad_scores[:-1]))
    if done.error is not None:
        return np.inf
    measured = trace.numeric[int(np.argmin(trace.curve()))]
    return float(np.abs(done.value - measured).max())


def check_shortest(exercise: str, submission: Any) -> Verdict:
    """Check a GradientExplorer (or its state): the shortest text with a gradient in every row."""
    submission = explorer_or_verdict(exercise, "gradient", submission)
    if isinstance(submission, Verdict):
        return submission
    if submission.error is not None:
        return Verdict(
            exercise, False, f"the view shows an error: {submission.error}", attempted=False
        )
    if submission.mode != "tied":
        message = f'the mode is "{submission.mode}". Choose "tied", and try again.'
        return Verdict(exercise, False, message, attempted=False)
    trace = submission.trace
    words, rows = trace.ids.size, len(trace.table)
    reached = int((trace.added != 0).any(axis=1).sum())
    if reached < rows:
        message = f"{reached} of {rows} rows have a gradient."
        if words < 2:
            message += " A single word has no next word to predict, so nothing is scored."
        return Verdict(exercise, False, message)
    if words > 2:
        message = (
            f"all {rows} rows have a gradient with {words} words. Fewer are enough: take words out "
            "until a row has no gradient."
        )
        return Verdict(
            exercise, False, message, attempted="text" in submission.message["header"]["initial"]
        )
    message = (
        "right. With 2 words there is one prediction, and its softmax depends on the scores "
        "of all "
        f"{rows} words. So each of the {rows} rows gets a gradient."
    )
    return Verdict(exercise, True, message)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "tied_gradient": check_tied_gradient,
    "shortest": check_shortest,
}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A table has 50 000 rows. A batch looks up 10 of them. For each, the same table scores all "
        "words as the next word, with a softmax. How many rows of the table get a gradient?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "10 at most: the rows that were looked up.",
                "That is the gradient of the lookup alone.",
                "M18",
            ),
            "b": Choice(
                "20 at most: those, and the rows of the right next words.",
                "The scores of all other words have a gradient too: they should fall.",
                "M18",
            ),
            "c": Choice(
                "All 50 000.", "Each row computes one score, and the softmax depends on all scores."
            ),
            "d": Choice(
                "100 000: 50 000 for the lookup, and 50 000 for the scores.",
                "There is one table. Each of its rows gets one gradient, a sum.",
            ),
        },
    ),
    "exit": Question(
        "A tied model reads the ids [3, 5, 3, 1], and each word predicts the next one, with a "
        "softmax over 6 words. Which sentence about the gradient of the table is true?",
        correct="c",
        choices={
            "a": Choice(
                "Rows 3 and 5 have a gradient, and the other four are exactly zero.",
                "That would be so without the scores. They reach all six rows.",
                "M18",
            ),
            "b": Choice(
                "The gradient of row 3 is the mean over its uses.",
                "Each use changes the loss, so the gradients are added.",
                "M4",
            ),
            "c": Choice(
                "All six rows have one, and in row 3 the gradients of both lookups and of "
                "the scores are added.",
                "One row, several uses, one sum.",
            ),
            "d": Choice(
                "A lookup costs as much as the scores: 6 · D multiplications.",
                "Scores are products with every row. A lookup copies one row.",
                "M1",
            ),
        },
    ),
}
