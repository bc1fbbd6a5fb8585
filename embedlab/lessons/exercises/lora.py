"""Lesson 07: the checks of two exercises, and two questions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.lora import Adapter, merge
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

ERROR_MOST = 0.05
"""The largest reconstruction error that the exercise accepts."""

Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _cases() -> list[Case]:
    """Return W, A, B and alpha, smallest first. Rank 1 and alpha 1 hide every scale."""
    rng = np.random.default_rng(1)
    wide = rng.normal(size=(6, 4)), rng.normal(size=(6, 3)), rng.normal(size=(3, 4))
    single = [x.astype(np.float32) for x in wide]
    return [
        (np.array([[1.0]]), np.array([[2.0]]), np.array([[3.0]]), np.array(1.0)),
        (np.array([[1.0, 2.0]]), np.array([[1.0]]), np.array([[1.0, -1.0]]), np.array(3.0)),
        (np.zeros((2, 1)), np.array([[1.0, 2.0], [0.0, 1.0]]), np.ones((2, 1)), np.array(2.0)),
        (np.ones((2, 1)), np.array([[1.0, 2.0], [0.0, 1.0]]), np.ones((2, 1)), np.array(4.0)),
        (*wide, np.array(7.0)),
        (*wide, np.array(0.0)),
        (single[0], single[1], single[2], np.array(1.0)),
    ]


def check_merge(exercise: str, function: Any) -> Verdict:
    """Check `merge(W, A, B, alpha)`: the new table W + alpha / r · A @ B."""

    def diagnose(case: Case, done: RunResult) -> Diagnosis | None:
        wrong = _diagnose(case, done)
        return Diagnosis(wrong, related="M15") if wrong else None

    def describe(case: Case, done: RunResult) -> dict[str, str]:
        arguments = dict(zip(("W", "A", "B", "alpha"), map(format_value, case), strict=True))
        return arguments | {
            "expected": format_value(_expected(case)),
            "returned": describe_result(done),
        }

    return grade_function(
        exercise,
        function,
        _cases(),
        diagnose=diagnose,
        describe=describe,
        run=lambda function, case: run_untrusted(lambda *x: function(*x[:3], float(x[3])), *case),
        right=lambda message: Verdict(
            exercise, True, f"{message}. Each row is the same as with the adapter."
        ),
    )


def _expected(case: Case) -> np.ndarray:
    table, a, b, alpha = case
    return merge(table, [Adapter(a, b, float(alpha) / len(b))])


def _diagnose(case: Case, done: RunResult) -> str | None:
    """Return what is wrong in one case, or None."""
    expected = _expected(case)
    message = describe_failure(done, ("W", "A", "B", "alpha"))
    if message:
        return f"{message} The frozen table must not change." if done.changed else message
    if done.error is not None:
        return f"{raised(done)} A is (V, r) and B is (r, D), so A @ B is (V, D), like W."
    message = shape_mismatch(done.value, expected)
    if message:
        return f"{message} The merged table has the shape of W."
    table, a, b, alpha = case
    close = 1e-5 if expected.dtype == np.float32 else 1e-9
    if np.allclose(done.value, expected, rtol=close, atol=close):
        if done.value.dtype == expected.dtype:
            return None
        return f"The result must have the dtype of W, {expected.dtype}. It has {done.value.dtype}."
    rank, step = len(b), a @ b
    guesses = {
        "The scale is missing: A @ B is multiplied by alpha / r.": table + step,
        "Your scale is alpha. It should be alpha / r, where r is the rank.": table + alpha * step,
        "Your scale is alpha / √r, as in rank-stabilized LoRA. Here it is alpha / r.": table
        + alpha / rank**0.5 * step,
        "Your scale is r / alpha. It should be alpha / r.": table + rank / (alpha or 1.0) * step,
        "This is what the adapter adds. W itself is missing.": alpha / rank * step,
        "The sign is wrong: the product is added to W.": table - alpha / rank * step,
        "Your scale is alpha / V. It should be alpha / r: the rank is `A.shape[1]`.": table
        + alpha / len(table) * step,
        "Your scale is alpha / D. It should be alpha / r: the rank is `A.shape[1]`.": table
        + alpha / table.shape[1] * step,
        "`//` rounds the scale down. Use `/`: alpha / r need not be whole.": table
        + alpha // rank * step,
        "Your rank is always 2, as in a cell above. Take it from `A.shape[1]`.": table
        + alpha / 2 * step,
        "Your scale is always 2, as in a cell above. Compute it: alpha / A.shape[1].": table
        + 2.0 * step,
        "The scale multiplies W too. It belongs to A @ B alone.": alpha / rank * (table + step),
    }
    for message, guess in guesses.items():
        if np.allclose(done.value, guess, rtol=close, atol=close):
            return message
    return "These are not the numbers of W + alpha / r · A @ B. Compute the smallest case by hand."


def check_rank(exercise: str, submission: Any) -> Verdict:
    """Check a LoRAExplorer with a `delta`: the smallest rank with an error below 5 %."""
    submission = explorer_or_verdict(exercise, "lora", submission)
    if isinstance(submission, Verdict):
        return submission
    if submission.target != "own":
        message = (
            f"this view is about the change “{submission.target}”. The exercise has another one: "
            "find its rank in the view `own`, and pass that view."
        )
        return Verdict(exercise, False, message, attempted=False)
    trace = submission.trace
    errors, rank = trace.errors, trace.rank
    if not trace.delta.any():
        return Verdict(exercise, False, "the change is zero. Choose another one.", attempted=False)
    left = f"rank {rank} leaves {100 * errors[rank]:.1f} %"
    if errors[rank] >= ERROR_MOST:
        message = f"{left} of the change, which is not below 5 %. Try a higher rank."
        return Verdict(exercise, False, message, attempted=False)
    if errors[rank - 1] < ERROR_MOST:
        message = (
            f"{left} of the change, but a smaller rank is enough: rank {rank - 1} leaves "
            f"{100 * errors[rank - 1]:.1f} %. A higher rank costs parameters."
        )
        return Verdict(exercise, False, message, related="M9")
    message = (
        f"right. {left[0].upper()}{left[1:]} of the change, rank {rank - 1} leaves "
        f"{100 * errors[rank - 1]:.1f} %. That is {trace.parameters} parameters instead of "
        f"{trace.table.size}."
    )
    return Verdict(exercise, True, message)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"merge": check_merge, "rank": check_rank}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A table of 16 words gets an adapter of rank 2. As in Keras, A starts random and B starts "
        "at zero. It is trained on the word “cat” alone. How many of the 16 rows change?",
        correct="d",
        delayed_feedback=True,
        choices={
            "a": Choice("0", "W is frozen, but the layer computes with W + α/r · A · B."),
            "b": Choice(
                "1", "In A only the row of “cat” was trained. But all rows share B.", "M10"
            ),
            "c": Choice("2", "2 is the rank, the number of rows of B. All 16 words share them."),
            "d": Choice("16", "Training changes B, all rows share B, and no row of A is zero."),
        },
    ),
    "exit": Question(
        "An adapter of rank 4 was trained on the word “cat” alone, with A random and B zero at the "
        "start. Which sentence is true?",
        correct="c",
        choices={
            "a": Choice(
                "Only the row of “cat” changes.",
                "All rows share B, and each has a random row of A.",
                "M10",
            ),
            "b": Choice(
                "Rank 16 would have been better; alpha keeps it from overfitting.",
                "The change of one row has one direction. α/r only sets the step size.",
                "M9",
            ),
            "c": Choice(
                "Other rows change too, and merging gives one table with the same rows.",
                "All rows share B, and W + α/r · A · B can be computed once.",
            ),
            "d": Choice(
                "A · B must be added at every lookup, as long as the model is used.",
                "Merged, it is a plain table again.",
                "M15",
            ),
        },
    ),
}
