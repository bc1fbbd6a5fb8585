"""Lesson 10: the checks of the odd one out and of word arithmetic, and two questions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.geometry import odd_one_out
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_or_verdict
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]

NEAR = 0.5
"""The cosine that the word nearest to a sum must have."""


class Case(NamedTuple):
    """A table, and the rows among which one is odd."""

    table: np.ndarray
    ids: np.ndarray


def _cases() -> list[Case]:
    """Return tables and ids, smallest first: the first that fails is the one to show."""
    turned = np.array([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [1.0, -0.1]])
    # Long rows: sums and dot products follow the longest, a cosine does not.
    long = np.array([[1.0, 0.0], [1.0, 0.2], [30.0, 60.0], [1.0, -0.2]])
    # Two kinds: the mean direction is that of the larger one, though each row has a near neighbor.
    angles = np.deg2rad([0, 20, 40, 130, 134])
    kinds = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # Near in the first two numbers, far in the rest: what a flat map would show.
    deep = np.array([[0.0, 1, 3, 0], [0.1, 1, 0, 3], [1.0, 0, 3, 0], [0.1, 1, 3, 0.2]])
    rng = np.random.default_rng(10)
    random = rng.normal(size=(40, 16)).astype(np.float32)
    random[7:11] += 2 * rng.normal(size=16).astype(np.float32)
    return [
        Case(turned, np.array([0, 1, 2, 3])),
        Case(turned, np.array([3, 2, 0])),
        Case(turned, np.array([2, 0, 1, 3])),
        Case(long, np.array([0, 1, 2, 3])),
        Case(deep, np.array([0, 1, 2, 3])),
        Case(kinds, np.array([0, 1, 2, 3, 4])),
        Case(np.vstack([np.full((5, 2), 9.0), turned]), np.array([5, 6, 7, 8])),
        Case(random, np.array([7, 8, 20, 9, 10])),
    ]


def check_odd(exercise: str, function: Any) -> Verdict:
    """Check `odd(table, ids)`: the id with the smallest cosine to the mean direction."""

    flat = callable(function) and all(
        _answer(run_untrusted(function, *case)) == odd_one_out(case.table[:, :2], case.ids)[0]
        for case in _cases()
    )

    def diagnose(case: Case, done: RunResult) -> Diagnosis | None:
        if flat and _answer(done) != odd_one_out(*case)[0]:
            message = "It uses only two numbers of each row, as a flat map does. Use all of them."
            return Diagnosis(message, "M12")
        wrong = _diagnose(*case, odd_one_out(*case)[0], done)
        return Diagnosis(wrong) if wrong else None

    return grade_function(
        exercise,
        function,
        _cases(),
        diagnose=diagnose,
        run=lambda function, case: run_untrusted(function, *case),
        describe=lambda case, done: {
            "table": format_value(case.table),
            "ids": format_value(case.ids),
            "expected": f"{odd_one_out(*case)[0]}",
            "returned": describe_result(done),
        },
        right=lambda message: Verdict(
            exercise, True, f"{message}: by direction, over all numbers of a row."
        ),
    )


def _answer(done: RunResult) -> int | None:
    """Return the id that a function returned, or None."""
    try:
        return int(np.asarray(done.value).item())
    except (TypeError, ValueError):
        return None


def _diagnose(table: np.ndarray, ids: np.ndarray, expected: int, done: RunResult) -> str | None:
    """Return what is wrong in one case, or None."""
    message = describe_failure(done, ("table", "ids"))
    if message:
        return message
    if done.error is not None:
        return raised(done)
    received = _answer(done)
    if received is None:
        return "Your function should return one id, an integer."
    if received == expected:
        return None
    if received not in ids.tolist():
        place = ""
        if 0 <= received < ids.size:
            place = f" {received} is a position in the list, not an id."
        return f"Your function should return one of the ids {ids.tolist()}.{place}"
    units = table[ids] / np.linalg.norm(table[ids], axis=1, keepdims=True)
    if expected == ids[0] and received == ids[(units @ units[0]).argmin()]:
        return "It compares the rows with the first of them. Compare them with the mean direction."
    if received == _by_dots(table, ids):
        return "Long rows count for more here. Divide each row by its length first."
    return (
        "This is not the id with the smallest cosine to the mean direction of all rows. "
        "Compute the "
        "cosines of the smallest case and compare."
    )


def _by_dots(table: np.ndarray, ids: np.ndarray) -> int:
    """Return the odd one out by dot products, without dividing by the lengths."""
    rows = table[ids]
    return int(ids[(rows @ rows.mean(axis=0)).argmin()])


def check_sum(exercise: str, submission: Any) -> Verdict:
    """Check a GeometryExplorer (or its state): a sum whose answer is not the nearest word to c."""
    submission = explorer_or_verdict(exercise, "geometry", submission)
    if isinstance(submission, Verdict):
        return submission
    trace = submission.trace
    if trace.analogy is None or not trace.analogy.ids.size:
        message = "there is no sum in the view yet. Put a word into each of the slots a, b and c."
        return Verdict(exercise, False, message, attempted=False)
    a, b, c = trace.analogy.terms
    best, cosine = int(trace.analogy.ids[0]), float(trace.analogy.similarities[0])
    if len({a, b, c}) < 3:
        message = "two of the slots hold the same word. Take three different words."
        return Verdict(exercise, False, message)
    rows = trace.rows.astype(np.float64)
    others = np.setdiff1d(np.flatnonzero(np.isfinite(rows).all(axis=1)), [a, b, c])
    nearest_to_c = int(others[(rows[others] @ rows[c]).argmax()])
    if best == nearest_to_c:
        message = (
            f"the answer is {trace.name(best)}, but that is already the nearest word to "
            f"{trace.name(c)} alone: the sum added nothing. Try another a and b."
        )
        return Verdict(exercise, False, message)
    if cosine < NEAR:
        message = (
            "the sum is near no word: even the nearest one has a cosine below one half. Try words "
            "that come more often in the text."
        )
        return Verdict(exercise, False, message)
    message = (
        f"right. {trace.name(a)} − {trace.name(b)} + {trace.name(c)} is nearest to "
        f"{trace.name(best)}, which is not the nearest word to {trace.name(c)} alone. Does it make "
        "sense?"
    )
    return Verdict(exercise, True, message)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"odd": check_odd, "sum": check_sum}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "Training will read Python's manual and docstrings, and see only which words stand near "
        "each other. Which word will be nearest to “true” afterwards?",
        correct="b",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "“correct”, because it means the same.",
                "Training does not see meanings. “correct” stands among other words.",
            ),
            "b": Choice(
                "“false”, because it stands in the same places.",
                "Opposites have the same context words: “return true if”, “return false if”.",
            ),
            "c": Choice(
                "“the”, because it stands near every word.",
                "A word near every word has all kinds of context words, not those of “true”.",
            ),
            "d": Choice(
                "The word that was nearest before training.",
                "Before training the rows are random, and training moves all of them.",
                "M3",
            ),
        },
    ),
    "exit": Question(
        "On a flat map of rows of 64 numbers, two words lie side by side. Which sentence is true?",
        correct="b",
        choices={
            "a": Choice(
                "They are similar: a map puts similar words side by side.",
                "A map with two axes drops 62 directions, and they may differ in those.",
                "M12",
            ),
            "b": Choice(
                "They may be far apart: only the cosine of the whole rows can tell.",
                "A projection only shortens distances. Words near each other on it may be "
                "far apart.",
            ),
            "c": Choice(
                "If they mean the same, they were side by side before training too.",
                "Before training all rows are random numbers.",
                "M3",
            ),
        },
    ),
}
