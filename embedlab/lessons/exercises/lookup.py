"""Lesson 01: its two exercises and its two questions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.ids import IdError
from embedlab.core.lookup import lookup
from embedlab.lessons.counting import count_multiplications
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

__all__ = ["CHECKS", "QUESTIONS"]

Case = tuple[np.ndarray, np.ndarray]


def _cases() -> list[Case]:
    """Return tables and ids, smallest first: the first that fails is the one to show.

    The third table holds a NaN in a row that nobody asks for. A gather never sees it; a product
    with a one-hot row does, because 0 · NaN is NaN.
    """
    small = np.array([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]])
    rng = np.random.default_rng(1)
    return [
        (np.array([[7.0]]), np.array([0])),
        (np.array([[10.0], [20.0]]), np.array([1])),
        (np.array([[np.nan], [20.0]]), np.array([1])),
        (np.array([[7.0]]), np.array([1])),
        (np.array([[7.0]]), np.array([-1])),
        (small, np.array(2)),
        (small, np.array([[0, 1], [2, 2]])),
        (small, np.array([[[0, 2, 0]], [[1, 1, 2]]])),
        (small, np.zeros((0, 3), np.int64)),
        (small, np.array([[0, 1], [2, 3]])),
        (small, np.array([1, -1])),
        (small.astype(np.float32), np.array([2, 0])),
        (rng.normal(size=(50, 8)).astype(np.float32), rng.integers(0, 50, (6, 10))),
    ]


def check_lookup(exercise: str, function: Any) -> Verdict:
    """Check `lookup(W, ids)`: any shape of ids, and an IndexError outside 0..V-1."""
    return grade_function(
        exercise,
        function,
        _cases(),
        run=lambda function, case: run_untrusted(function, *case),
        diagnose=lambda case, done: _diagnose(function, *case, done),
        describe=lambda case, done: {
            "table": format_value(case[0]),
            "ids": format_value(case[1]),
            "expected": _expected(*case)[1],
            "returned": describe_result(done),
        },
        right=lambda message: Verdict(exercise, True, f"{message}. {_cost(function)}"),
    )


def _diagnose(
    function: Any, table: np.ndarray, ids: np.ndarray, done: RunResult
) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    message = describe_failure(done, ("table", "ids"))
    if message:
        return Diagnosis(message)
    expected, _ = _expected(table, ids)
    if expected is None:
        return _judge_refusal(function, table, ids, done)
    if done.error is not None:
        return _judge_error(function, table, ids, expected, done)
    return _judge_rows(function, table, ids, expected, done.value)


def _judge_refusal(
    function: Any, table: np.ndarray, ids: np.ndarray, done: RunResult
) -> Diagnosis | None:
    worst = int(ids[(ids < 0) | (ids >= len(table))][0])
    single = run_untrusted(function, table, np.array([worst]))
    if done.error is None and isinstance(single.error, IndexError):
        message = f"It refuses id {worst} alone, and accepts it among other ids. Check every id."
        return Diagnosis(message)
    if done.error is None and worst < 0:
        message = f"It accepts id {worst}. NumPy silently counts negative ids from the end."
        return Diagnosis(message, related="M2")
    if done.error is None:
        return _of_too_large(function, table, ids, worst, done.value)
    if not isinstance(done.error, IndexError):
        kind = type(done.error).__name__
        return Diagnosis(f"For id {worst} it must raise an IndexError. It raised {kind}.")
    return None


def _of_too_large(
    function: Any, table: np.ndarray, ids: np.ndarray, worst: int, value: Any
) -> Diagnosis:
    """Describe what it does with an id that has no row; only a bound of V is evidence for M2."""
    message = f"It accepts id {worst}, but the last row is row {len(table) - 1}."
    if run_untrusted(function, table, ids + (ids == worst)).error is not None:
        return Diagnosis(f"{message} It refuses larger ids: the bound is one too high.", "M2")
    if np.shape(value) != (*ids.shape, table.shape[1]):
        message = f"Id {worst} has no row: the last is row {len(table) - 1}. Raise an IndexError."
        return Diagnosis(f"{message} You leave the id out, so a wrong id goes unnoticed.")
    for other, what in [
        (np.clip(ids, 0, len(table) - 1), "It returns the last row instead"),
        (ids % len(table), "It starts again from row 0"),
    ]:
        if np.array_equal(value, table[other]):
            return Diagnosis(f"{message} {what}, so a wrong id goes unnoticed.", related="M2")
    return Diagnosis(message, related="M2")


def _judge_error(
    function: Any, table: np.ndarray, ids: np.ndarray, expected: np.ndarray, done: RunResult
) -> Diagnosis:
    """Find why good ids were refused: with one row more, does the same call work?"""
    if not ids.size:
        why = ", which has no largest id" if "reduction" in describe_result(done) else ""
        return Diagnosis(f"It fails for an empty array of ids{why}. {raised(done)}")
    wider = run_untrusted(function, np.concatenate([table, table[-1:] + 1]), ids)
    if wider.error is None and np.array_equal(wider.value, expected):
        message = (
            f"It refuses id {len(table) - 1}, but that is the last row: the bound is one too low."
        )
        return Diagnosis(message, related="M2")
    message = f"All ids are valid. {raised(done)}"
    if not ids.ndim and isinstance(done.error, TypeError):
        message += " Here ids is one number, with no axis: go over `ids.reshape(-1)`."
    return Diagnosis(message)


def _judge_rows(
    function: Any, table: np.ndarray, ids: np.ndarray, expected: np.ndarray, value: Any
) -> Diagnosis | None:
    message = shape_mismatch(value, expected)
    if message:
        return Diagnosis(
            f"{message} The output has the shape of the ids, then one axis of length D."
        )
    if value.dtype.kind == "f" and np.isnan(value).any() and not np.isnan(expected).any():
        cost = _cost(function, "It multiplies every row")
        message = "A row that no id names reached the result: 0 · NaN is NaN."
        return Diagnosis(f"{message} {cost}".strip(), "M1")
    if value.dtype != expected.dtype:
        return Diagnosis(
            f"The result must have the dtype of the table, {expected.dtype}. It has {value.dtype}."
        )
    if np.array_equal(value, expected):
        return None
    if ids.size and ids.min() > 0 and np.array_equal(value, table[ids - 1]):
        return Diagnosis("It reads one row too early. Rows are counted from 0.", "M2")
    return Diagnosis("The result holds other rows than those that the ids name.")


def _expected(table: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Ask the core: the rows, or None where it refuses."""
    try:
        rows = lookup(table, ids)
    except IdError:
        return None, f"an IndexError: ids lie in 0..{len(table) - 1}"
    return rows, format_value(rows)


def _cost(function: Callable[..., Any], lead: str = "Counted") -> str:
    """Describe how often it multiplies, when that can be counted."""
    ids = np.array([3, 0, 3, 1])
    done = run_untrusted(lambda ids: count_multiplications(function, (5, 3), ids), ids)
    if done.error is not None:
        return ""
    return f"{lead}: {done.value} multiplications for 4 ids in a table of (5, 3)."


def check_fence(exercise: str, submission: Any) -> Verdict:
    """Check a LookupExplorer (or its state): the smallest V for which every word has a row."""
    submission = explorer_or_verdict(exercise, "lookup", submission)
    if isinstance(submission, Verdict):
        return submission
    trace = submission.trace
    rows = len(trace.table)
    if not trace.ids.size:
        message = "there is no word in the view. Type a sentence."
        return Verdict(exercise, False, message, attempted=False)
    largest = int(trace.ids.max())
    if trace.bad.any():
        outside = [f"{trace.tokens[n]} (id {trace.ids[n]})" for n in np.flatnonzero(trace.bad)]
        many = "is" if len(outside) == 1 else "are"
        message = f"with V = {rows}, {', '.join(outside[:5])} {many} out of range. Make V larger."
        return Verdict(exercise, False, message, related="M2")
    if rows > largest + 1:
        message = (
            f"all ids are valid with V = {rows}, but a smaller table is enough. "
            "Make V smaller until a word is out of range; then go one step back."
        )
        return Verdict(exercise, False, message, attempted=False)
    message = f"right. The largest id is {largest}, so the table needs {rows} rows: 0 to {largest}."
    return Verdict(exercise, True, message)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"lookup": check_lookup, "fence": check_fence}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A layer looks up 4 tokens in a table of 50 000 rows, 300 numbers each. "
        "How many multiplications does it do?",
        correct="d",
        delayed_feedback=True,
        choices={
            "a": Choice("60 000 000", "That is 4 · 50 000 · 300, the one-hot matmul.", "M1"),
            "b": Choice("15 000 000", "That is 50 000 · 300: each weight once.", "M1"),
            "c": Choice(
                "1 200", "That is 4 · 300: how many numbers are copied. Copying is not multiplying."
            ),
            "d": Choice("0", "The layer copies 4 rows."),
        },
    ),
    "exit": Question(
        "A table has input_dim = 1 000 and output_dim = 64. Ids of shape (32, 10) come in, "
        "before any training. Which sentence is true?",
        correct="c",
        choices={
            "a": Choice(
                "The layer multiplies 320 one-hot rows by the table.",
                "It could, and the numbers would be the same. It copies 320 rows.",
                "M1",
            ),
            "b": Choice(
                "Id 1 000 reads the last row.",
                "The rows are 0 to 999, so id 1 000 is out of range.",
                "M2",
            ),
            "c": Choice(
                "The output has shape (32, 10, 64), and id 999 reads the last row.",
                "The shape of the ids, then D; and V rows are counted from 0.",
            ),
            "d": Choice(
                "The row of “cat” is already nearer to “dog” than to “tuple”.",
                "Before training all rows are random numbers.",
                "M3",
            ),
        },
    ),
}
