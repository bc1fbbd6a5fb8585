"""Lesson 03: its two exercises and its two questions."""

from collections.abc import Callable
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


class Case(NamedTuple):
    """Ids, what comes back to them, and how many rows the table has."""

    ids: np.ndarray
    grad_out: np.ndarray
    input_dim: int


def _cases() -> list[Case]:
    """Return passes, smallest first: the first that fails is the one to show.

    The fourth sends a NaN to row 0. A sum of rows leaves it there; a product with one-hot rows
    spreads it, because 0 · NaN is NaN.
    """
    rng = np.random.default_rng(3)
    return [
        Case(np.array([0]), np.array([[0.5]]), 1),
        Case(np.array([1]), np.array([[0.5]]), 3),
        Case(np.array([0, 1, 0]), np.array([[0.5], [1.0], [0.25]]), 2),
        Case(np.array([0, 1]), np.array([[np.nan], [0.5]]), 2),
        Case(np.array([1, 0, 1, 1]), np.array([[1.0, 2.0], [4.0, 8.0], [0.5, 0.25], [-2, 1]]), 3),
        Case(np.array([[2, 0], [2, 2]]), np.arange(8.0).reshape(2, 2, 2), 4),
        Case(np.zeros((0, 3), np.int64), np.zeros((0, 3, 2)), 2),
        Case(np.array([1, 1]), np.array([[0.5], [0.25]], np.float32), 2),
        Case(rng.integers(0, 9, (5, 8)), rng.normal(size=(5, 8, 4)), 9),
    ]


def check_scatter_add(exercise: str, function: Any, *, one_axis: bool = False) -> Verdict:
    """Check `scatter_add(ids, grad_out, input_dim)`: each row the sum of its gradients.

    With `one_axis` only ids of shape (N,) are tried, so that a plain loop over them passes.
    """
    cases = [case for case in _cases() if case.ids.ndim == 1 or not one_axis]

    def right(message: str) -> Verdict:
        error = _gradcheck(function)
        word = "passes" if error <= TOLERANCE else "FAILS"
        message = f"{message}, and the gradient check {word} with duplicates."
        return Verdict(exercise, error <= TOLERANCE, message)

    return grade_function(
        exercise,
        function,
        cases,
        run=_run,
        right=right,
        diagnose=lambda case, done: _diagnose(function, case, done),
        describe=lambda case, done: {
            "ids": format_value(case.ids),
            "grad_out": format_value(case.grad_out),
            "input_dim": str(case.input_dim),
            "expected": format_value(_expected(case)),
            "returned": describe_result(done),
        },
    )


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    return run_untrusted(
        lambda ids, grad: function(ids, grad, case.input_dim), case.ids, case.grad_out
    )


def _expected(case: Case) -> np.ndarray:
    return grad_table(case.ids, case.grad_out, case.input_dim)


def _diagnose(function: Callable[..., Any], case: Case, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    message = describe_failure(done, ("ids", "grad_out"))
    if message:
        return Diagnosis(message)
    if done.error is not None:
        return Diagnosis(f"{raised(done)}{_of_axes(case, function)}")
    expected = _expected(case)
    message = shape_mismatch(done.value, expected)
    if message:
        return Diagnosis(f"{message} The gradient of a table has the shape of the table.")
    if done.value.dtype != expected.dtype:
        kind = done.value.dtype
        return Diagnosis(
            f"The result must have the dtype of grad_out, {expected.dtype}. It has {kind}."
        )
    if np.allclose(done.value, expected, rtol=1e-5, atol=1e-7, equal_nan=True):
        return None
    if np.isnan(done.value).sum() > np.isnan(expected).sum():
        message = "A NaN in the gradient of one row reached other rows: 0 · NaN is NaN."
        return Diagnosis(message, "M1")
    axes = _of_axes(case, function) if case.ids.ndim == 2 else ""
    if axes:
        return Diagnosis(f"The result is wrong.{axes}")
    return _of_duplicates(case, done.value)


def _of_axes(case: Case, function: Callable[..., Any]) -> str:
    """Name the number of axes as the problem, if the same ids with another give the right sums."""
    if case.ids.ndim > 2 or not case.ids.size:
        return ""
    shape = (-1,) if case.ids.ndim == 2 else (1, -1)
    width = case.grad_out.shape[-1]
    other = Case(case.ids.reshape(shape), case.grad_out.reshape(*shape, width), case.input_dim)
    done = _run(function, other)
    if done.error is not None or shape_mismatch(done.value, _expected(other)):
        return ""
    if not np.allclose(done.value, _expected(other), rtol=1e-5, atol=1e-7):
        return ""
    if case.ids.ndim == 1:
        return (
            " It is right for ids with two axes. Here ids has one: `ids.reshape(-1)` and "
            "`grad_out.reshape(-1, D)` make one long list of any shape."
        )
    sentences, words = case.ids.shape
    return (
        " It is right for ids with one axis. Here ids has two, as in a batch of "
        f"{sentences} sentences with {words} words: go over `ids.reshape(-1)` and "
        "`grad_out.reshape(-1, D)`."
    )


def _of_duplicates(case: Case, value: np.ndarray) -> Diagnosis:
    """Find what became of the gradients of one row, by what stands there instead of their sum."""
    ids, width = case.ids.reshape(-1), case.grad_out.shape[-1]
    if not ids.size:
        return Diagnosis("There are no ids, so every number of the gradient must be zero.")
    rows, expected = case.grad_out.reshape(-1, width), _expected(case)
    for other, message in [
        (-expected, "Each number has the wrong sign. Add the gradients: `+=`."),
        (expected + 1, "It begins with ones. Begin with `np.zeros`."),
        (np.roll(expected, -1, axis=0), "Each gradient is one row too early: rows begin at 0."),
    ]:
        if np.allclose(value, other, equal_nan=True):
            return Diagnosis(message)
    if ids.size > 1 and np.allclose(value, grad_table(ids[:1], rows[:1], case.input_dim)):
        message = "Only the gradient of the first id is there. Does `return` stand inside the loop?"
        return Diagnosis(message)
    unread = np.setdiff1d(np.arange(case.input_dim), ids)
    if value[unread].any():
        row = int(unread[value[unread].any(axis=1)][0])
        return Diagnosis(f"Row {row} was not read, so its gradient must be zero.")
    last, first = np.zeros_like(value), np.zeros_like(value)
    last[ids], first[ids[::-1]] = rows, rows[::-1]
    mean = grad_table(ids, rows, case.input_dim, scale_grad_by_freq=True)
    row, times = (int(unique[-1]) for unique in _most(ids))
    several = f"Row {row} gets {times} gradients."
    for other, message, misconception in [
        (
            last,
            "Your result has only the last one. `grad[ids] = …` overwrites the others, and "
            "`grad[ids] += …` reads the row once before it writes.",
            None,
        ),
        (first, "Your result has only the first one.", None),
        (
            mean,
            "Your result has their mean. Every use of a row changes the loss, so they must be "
            "added.",
            "M4",
        ),
        (
            grad_table(ids, rows, case.input_dim) / ids.size,
            "Your result has their sum, divided by the number of ids. Add the gradients as they "
            "come.",
            None,
        ),
    ]:
        if np.allclose(value, other, equal_nan=True):
            return Diagnosis(f"{several} {message}", misconception, related="M4")
    related = "M4" if times > 1 else None
    return Diagnosis(
        "Each row must be the sum of the gradients that belong to it.", related=related
    )


def _most(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids and how often each comes, the commonest at the end."""
    unique, counts = np.unique(ids, return_counts=True)
    order = np.argsort(counts, kind="stable")
    return unique[order], counts[order]


def _gradcheck(function: Callable[..., Any]) -> float:
    """Hold the function against central differences of a loss, ids with duplicates."""
    rng = np.random.default_rng(33)
    ids = np.array([2, 0, 2, 3, 2])
    trace = trace_gradient(rng.normal(size=(4, 3)), ids, target=rng.normal(size=(5, 3)))
    done = _run(function, Case(ids, trace.grad_out.copy(), 4))
    if done.error is not None:
        return np.inf
    measured = trace.numeric[int(np.argmin(trace.curve()))]
    return float(np.abs(done.value - measured).max())


def check_same(exercise: str, submission: Any) -> Verdict:
    """Check a GradientExplorer (or its state): a sentence for which "assign" is right too."""
    submission = explorer_or_verdict(exercise, "gradient", submission)
    if isinstance(submission, Verdict):
        return submission
    if submission.error is not None:
        return Verdict(
            exercise, False, f"the view has an error. {submission.error}", attempted=False
        )
    trace = submission.trace
    if submission.mode != "plain":
        message = f'the mode is "{submission.mode}". Go back to "plain", and try again.'
        return Verdict(exercise, False, message, attempted=False)
    if trace.ids.size < 4:
        message = f"the sentence has {trace.ids.size} words. Write at least four."
        return Verdict(exercise, False, message, attempted=False)
    if trace.passes("assign"):
        message = (
            f"right. {trace.ids.size} words read {len(trace.sum_ids)} rows. No row gets two "
            'gradients, so nothing is overwritten, and "assign" passes the check.'
        )
        return Verdict(exercise, True, message)
    twice = [i for i, c in zip(trace.sum_ids, trace.counts, strict=True) if c > 1]
    names = [f"“{trace.words[i]}”" if trace.words[i] else f"id {i}" for i in twice]
    many = "occurs" if len(names) == 1 else "occur"
    message = f'"assign" fails: {", ".join(names[:5])} {many} more than once.'
    return Verdict(
        exercise, False, message, attempted="text" in submission.message["header"]["initial"]
    )


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "scatter_add": check_scatter_add,
    "same": check_same,
}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A sentence uses one word three times. For the first number of its row, the three uses "
        "have the gradients −0.5, −0.7 and −0.9. What is the gradient of that number?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice("−0.9", "That is only the last one.", "M4"),
            "b": Choice("−0.7", "That is the mean of the three.", "M4"),
            "c": Choice(
                "−2.1",
                "The sum. If the number grows a little, it grows at all three "
                "places, and each of them changes the loss.",
            ),
            "d": Choice("−0.5", "That is only the first one.", "M4"),
        },
    ),
    "exit": Question(
        "The ids [3, 5, 3] read a table of 6 rows. Which sentence about the gradient of the "
        "table is true?",
        correct="c",
        choices={
            "a": Choice(
                "It is a one-hot matmul, and costs 3 · 6 · D multiplications.",
                "It can be written as one, but the layer only adds three rows.",
                "M1",
            ),
            "b": Choice(
                "Row 3 holds the gradient of its last use.",
                "That is the result of `grad[ids] = …`, and the gradient check fails.",
                "M4",
            ),
            "c": Choice(
                "Row 3 holds the sum of two rows, row 5 holds one, and the other four "
                "rows are exactly zero.",
                "Each use of a row adds a gradient; a row that is not used gets none.",
            ),
            "d": Choice(
                "A table of 5 rows would get the same gradient.",
                "Id 5 needs six rows, 0 to 5.",
                "M2",
            ),
        },
    ),
}
