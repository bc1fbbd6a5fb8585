"""Lesson 09: its two exercises and its two questions."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.gradient import grad_table
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_from_submission
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question
from embedlab.traces.gradient import trace_gradient
from embedlab.traces.gradient.check import TOLERANCE

__all__ = ["CHECKS", "QUESTIONS"]

NAMES = ("E", "ids", "sent")


class Case(NamedTuple):
    """A table (V, D), the words that read it (N,), and what comes back to their scores (N, V)."""

    table: np.ndarray
    ids: np.ndarray
    sent: np.ndarray


def _cases() -> list[Case]:
    """Return passes, smallest first: the first that fails is the one to show."""
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


def _ways(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return what reaches the table by the rows that were read, and by the scores."""
    back = case.sent @ case.table
    way_in = grad_table(case.ids, back, len(case.table))
    return way_in, case.sent.T @ case.table[case.ids]


def check_tied_gradient(exercise: str, function: Any) -> Verdict:
    """Judge `tied_gradient(E, ids, sent)`: both uses of one table, added."""

    def right(said: str) -> Verdict:
        error = _gradcheck(function)
        word = "passes" if error <= TOLERANCE else "FAILS"
        said = f"{said}, and the gradient check of a softmax {word}, on every row."
        return Verdict(exercise, error <= TOLERANCE, said)

    return grade_function(
        exercise,
        function,
        _cases(),
        run=_run,
        judge=_judge,
        right=right,
        shown=lambda case, done: {
            **{name: format_value(value) for name, value in zip(NAMES, case, strict=True)},
            "should give": format_value(sum(_ways(case))),
            "gave": describe_result(done),
        },
    )


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    return run_untrusted(function, *case)


def _judge(case: Case, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    said = describe_failure(done, NAMES)
    if said:
        return Diagnosis(said)
    if done.error is not None:
        shapes = f"E is {case.table.shape}, ids {case.ids.shape}, sent {case.sent.shape}."
        return Diagnosis(f"It stops with {type(done.error).__name__}. {shapes}")
    way_in, way_out = _ways(case)
    wanted = way_in + way_out
    said = shape_mismatch(done.value, wanted)
    if said:
        return Diagnosis(f"{said} A gradient has the shape of what it is the gradient of.")
    if done.value.dtype != wanted.dtype:
        kind = done.value.dtype
        return Diagnosis(f"The dtype should be that of E, {wanted.dtype}. It is {kind}.")
    if _same(done.value, wanted):
        return None
    if not case.ids.size:
        return Diagnosis("No word was read, so every number should be zero.")
    for other, finding in _others(case, way_in, way_out):
        if _same(done.value, other):
            return finding
    return Diagnosis("These are not the sums of what reaches each row on both ways.", see="M18")


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, rtol=1e-5, atol=1e-7)


def _others(
    case: Case, way_in: np.ndarray, way_out: np.ndarray
) -> Iterator[tuple[np.ndarray, Diagnosis]]:
    """Return what else may stand there, with the belief behind it."""
    found, counts = np.unique(case.ids, return_counts=True)
    row = int(found[np.argmax(counts)])
    yield (
        way_in,
        Diagnosis(
            "Only the rows that were read have a gradient. The scores were made with the same "
            "table, "
            "and they reach every row: `sent.T @ E[ids]`.",
            "M18",
        ),
    )
    yield (
        way_out,
        Diagnosis(
            "The scores' part is right. The words were read from the same table: what comes "
            "back to "
            f"their rows, `sent @ E`, is missing in row {row}.",
            see="M18",
        ),
    )
    last = np.zeros_like(way_in)
    last[case.ids] = case.sent @ case.table
    yield (
        way_out + last,
        Diagnosis(
            f"Row {row} is read {counts.max()} times, and only the last of its gradients is left. "
            "`grad[ids] += …` reads a row once and writes it once.",
            "M4",
        ),
    )
    read = np.isin(np.arange(len(case.table)), case.ids)[:, None]
    for part in (way_in, last):
        yield (
            np.where(read, part, way_out),
            Diagnosis(
                f"In row {row} the gradient of the lookup overwrote that of the scores. One weight "
                "has two uses here, so both add up.",
                "M4",
            ),
        )
    yield (
        (way_in + way_out) / 2,
        Diagnosis(
            "It holds the mean of both ways. Each use of a weight moves the loss, so they add up.",
            "M4",
        ),
    )
    yield -way_in - way_out, Diagnosis("Every number has the wrong sign.")


def _gradcheck(function: Callable[..., Any]) -> float:
    """Hold the function against central differences of a softmax, ids with duplicates."""
    trace = trace_gradient(
        np.random.default_rng(39).normal(size=(6, 3)), [2, 0, 2, 3, 2, 1], tied=True
    )
    done = _run(function, Case(trace.table, trace.ids[:-1], trace.sent[:-1]))
    if done.error is not None:
        return np.inf
    measured = trace.numeric[int(np.argmin(trace.curve()))]
    return float(np.abs(done.value - measured).max())


def check_shortest(exercise: str, given: Any) -> Verdict:
    """Judge a GradientExplorer (or its state): the shortest text whose gradient fills the table."""
    given = explorer_from_submission(exercise, "gradient", given)
    if isinstance(given, Verdict):
        return given
    if given.error is not None:
        return Verdict(exercise, False, f"the view refuses: {given.error}", started=False)
    if given.mode != "tied":
        said = f'the mode is "{given.mode}". Choose "tied", and try again.'
        return Verdict(exercise, False, said, started=False)
    trace = given.trace
    words, rows = trace.ids.size, len(trace.table)
    reached = int((trace.added != 0).any(axis=1).sum())
    if reached < rows:
        said = f"{reached} of {rows} rows have a gradient."
        if words < 2:
            said += " A word alone has no next one to predict, so no score is asked for."
        return Verdict(exercise, False, said)
    if words > 2:
        said = (
            f"all {rows} rows have a gradient, by {words} words. Fewer will do: leave words away "
            "until a row goes empty."
        )
        return Verdict(exercise, False, said, started="text" in given.message["header"]["initial"])
    said = (
        f"right. 2 words make one prediction, and one softmax gives each of the {rows} words a "
        f"share. So each of the {rows} rows gets a gradient."
    )
    return Verdict(exercise, True, said)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "tied_gradient": check_tied_gradient,
    "shortest": check_shortest,
}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A table has 50 000 rows. A batch reads 10 of them, and scores all words for the next one "
        "with the same table, through a softmax. How many rows of the table get a gradient?",
        right="c",
        later=True,
        choices={
            "a": Choice(
                "10 at most: the rows that were read",
                "That is the gradient of the lookup alone.",
                "M18",
            ),
            "b": Choice(
                "20 at most: those, and the rows of the right next words",
                "A softmax also pushes down every word that was not right.",
                "M18",
            ),
            "c": Choice(
                "all 50 000",
                "Each score is a product with one row, and each has a share in the softmax.",
            ),
            "d": Choice(
                "100 000: the 50 000 of the lookup, and the 50 000 of the scores",
                "There is one table. Each of its rows is one row, and gets a sum.",
            ),
        },
    ),
    "exit": Question(
        "A tied model reads the ids [3, 5, 3, 1], and each word predicts the next, by a softmax "
        "over 6 words. Which sentence about the gradient of the table is true?",
        right="c",
        choices={
            "a": Choice(
                "Rows 3 and 5 have a gradient, and the other four are exactly zero.",
                "So it would be without the scores. They reach all six rows.",
                "M18",
            ),
            "b": Choice(
                "Row 3 holds the mean of what its uses send back.",
                "Each use moves the loss, whichever way it goes.",
                "M4",
            ),
            "c": Choice(
                "All six rows have one, and in row 3 the gradients of both lookups and of "
                "the scores add up.",
                "One weight, several uses, one sum.",
            ),
            "d": Choice(
                "Reading a word costs what scoring costs: 6 · D multiplications.",
                "Scores are products with every row. Reading still copies one.",
                "M1",
            ),
        },
    ),
}
