"""Lesson 06: its two exercises and its two questions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.optimizers import adam
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
from embedlab.traces.training import trace_training

__all__ = ["CHECKS", "QUESTIONS"]

RATE = 0.05
NAMES = ("W", "m", "v")


class Case(NamedTuple):
    """A table, what Adam remembers of it, a gradient that is zero in some rows, and the time."""

    w: np.ndarray
    m: np.ndarray
    v: np.ndarray
    grad: np.ndarray
    time: int


def _cases() -> list[Case]:
    """Return steps, smallest first: the first that fails is the one to show."""
    rng = np.random.default_rng(6)
    one = np.ones((1, 1))
    some = rng.normal(size=(4, 3)) * [[1], [0], [1], [0]]
    return [
        Case(one, 0 * one, 0 * one, 0.5 * one, 1),
        Case(one, 0.25 * one, 0.5 * one, 0 * one, 4),
        Case(
            np.array([[1.0], [2.0]]),
            np.array([[0.5], [0.5]]),
            np.array([[0.25], [0.25]]),
            np.array([[0.5], [0.0]]),
            3,
        ),
        Case(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.uniform(0, 1, (4, 3)), some, 9),
        Case(one, one, one, np.array([[-2.0]]), 200),
        Case(rng.normal(size=(3, 2)), np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((3, 2)), 1),
        Case(
            np.ones((2, 2)),
            np.ones((2, 2)),
            np.ones((2, 2)),
            np.array([[0.0, -1.0], [0.0, 0.0]]),
            2,
        ),
        Case(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)), np.array([[1.0, -1.0], [0, 0]]), 2),
    ]


def _step(case: Case, **options: Any) -> tuple[np.ndarray, ...]:
    """Do the step with the core's own optimizer."""
    w, m, v = (np.array(array) for array in case[:3])
    rows = np.flatnonzero(case.grad.any(axis=1))
    options = {"sparse_update": "lazy", "learning_rate": RATE, "time": case.time, **options}
    adam(w, (rows, np.asarray(case.grad[rows], w.dtype)), m, v, **options)
    return w, m, v


def check_lazy_adam(exercise: str, function: Any) -> Verdict:
    """Check `lazy_adam(W, m, v, grad, time)`, case by case and then along a whole run."""

    def describe(case: Case, done: RunResult) -> dict[str, str]:
        arrays = zip((*NAMES, "grad"), case[:4], strict=True)
        arguments = {name: format_value(value) for name, value in arrays} | {"time": str(case.time)}
        return arguments | {"expected": _say_all(_step(case)), "returned": _gave(done)}

    return grade_function(
        exercise,
        function,
        _cases(),
        run=_run,
        diagnose=_diagnose,
        describe=describe,
        right=lambda _: _along_a_run(exercise, function),
        ends="return W, m, v",
    )


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    return run_untrusted(lambda *arrays: function(*arrays, case.time), *case[:4])


def _diagnose(case: Case, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    message = describe_failure(done, (*NAMES, "grad"))
    if message:
        return Diagnosis(message)
    if done.error is not None:
        return Diagnosis(raised(done))
    if not isinstance(done.value, (tuple, list)) or len(done.value) != 3:
        return Diagnosis("Return three arrays: `return W, m, v`.")
    expected = _step(case)
    for name, actual, right in zip(NAMES, done.value, expected, strict=True):
        message = shape_mismatch(actual, right)
        if message:
            return Diagnosis(f"{name}: {message}")
    if _same(done.value, expected):
        return None
    return _of_rule(case, done.value, expected)


def _same(actual: Any, right: Any, close: float = 1e-6) -> bool:
    pairs = zip(actual, right, strict=True)
    return all(np.allclose(a, b, rtol=close, atol=close) for a, b in pairs)


def _of_rule(case: Case, value: Any, expected: tuple[np.ndarray, ...]) -> Diagnosis:
    """Find which other rule gives these numbers."""
    w, m, v = value
    still = np.asarray(~case.grad.any(axis=1))
    row = int(np.flatnonzero(still)[0]) if still.any() else -1
    if _same(value, _step(case, sparse_update="dense")):
        return Diagnosis(
            f"Row {row} has no gradient, but it moved, because its m is not zero. That is dense "
            "Adam. Keep W, m and v of the rows whose gradient is all zero.",
            related="M7",
        )
    at_rest = tuple(right[still] for right in expected)
    if not _same((m[still], v[still]), at_rest[1:]) and _same((w[still],), at_rest[:1]):
        return Diagnosis(
            f"Row {row} has no gradient. Its W stays, but its m or v changed. A lazy step keeps "
            "all three."
        )
    if not _same((w[still],), at_rest[:1]):
        return Diagnosis(f"Row {row} has no gradient, but its W changed.", related="M7")
    zero_sum = np.asarray((case.grad.sum(axis=1) == 0) & ~still)
    if zero_sum.any() and _same((w[zero_sum],), (case.w[zero_sum],)):
        return Diagnosis(
            f"The gradient of row {int(np.flatnonzero(zero_sum)[0])} adds up to 0, but it is not "
            "zero, so the row was in the batch. Find these rows with `grad.any(axis=1)`."
        )
    unchanged = ~still & np.all(
        [np.all(a == b, axis=1) for a, b in zip(value, case, strict=False)], 0
    )
    if unchanged.any():
        return Diagnosis(
            f"Row {int(np.flatnonzero(unchanged)[0])} has a gradient, but its W, m and v stay as "
            "they were. Find the rows of the batch with `grad.any(axis=1)`."
        )
    moved_rows = np.asarray((case.grad == 0) & ~still[:, None])
    if moved_rows.any() and _same((w[moved_rows],), (case.w[moved_rows],)):
        return Diagnosis(
            "In a row of the batch, one number has gradient 0, and you kept it. A row of the "
            "batch is updated as a whole: find these rows with `grad.any(axis=1)`."
        )
    if not _same((m,), expected[1:2]):
        return Diagnosis("m should be m + 0.1 · (g − m): a running mean of the gradient.")
    if not _same((v,), expected[2:]):
        return Diagnosis("v should be v + 0.001 · (g² − v): a running mean of its square.")
    seen = ~still
    plain = case.w[seen] - RATE * m[seen] / (np.sqrt(v[seen]) + 1e-7)
    if _same((w[seen],), (plain,)):
        return Diagnosis(
            "m and v are right. The rate lacks its correction: the first values of m and v are "
            "too small, so multiply the rate by √(1 − 0.999ᵗ) / (1 − 0.9ᵗ)."
        )
    if _same((w - case.w,), (case.w - expected[0],)):
        return Diagnosis("The step has the wrong sign. Subtract it: W −= …")
    if np.isnan(w).any():
        message = "W holds a NaN, the result of 0 / 0. The 1e-7 prevents it: divide by √v + 1e-7."
        return Diagnosis(f"m and v are right. {message}")
    rate = RATE * np.sqrt(1 - 0.999**case.time) / (1 - 0.9**case.time)
    for root, message in [
        (np.sqrt(v[seen] + 1e-7), "The 1e-7 is inside the root. Add it to √v, outside."),
        (np.sqrt(v[seen]), "The 1e-7 is missing: divide by √v + 1e-7."),
    ]:
        if _same((w[seen],), (case.w[seen] - rate * m[seen] / root,)):
            return Diagnosis(f"m and v are right. {message}")
    return Diagnosis(
        "m and v are right. W must become W − rate · m / (√v + 1e-7), where the rate is "
        f"{rate:.4g} for time {case.time}."
    )


def _along_a_run(exercise: str, function: Callable[..., Any]) -> Verdict:
    """Hold the function against every step of a real run."""
    trace = trace_training(np.arange(40) % 7, runs=["lazy adam"], steps=20, batch=2)
    (run,) = trace.runs
    worst = 0.0
    for s in range(trace.steps):
        case = Case(run.table[s], run.slots[s, 0], run.slots[s, 1], run.grad[s], s + 1)
        done = _run(function, case)
        finding = _diagnose(case, done)
        if finding:
            message = (
                f"the small cases are right, but step {s + 1} of a training is not. "
                f"{finding.message}"
            )
            misconception, related = finding.misconception, finding.related
            return Verdict(exercise, False, message, misconception=misconception, related=related)
        worst = max(worst, float(np.abs(done.value[0] - run.table[s + 1]).max(initial=0)))
    exact = "to five decimals" if worst < 5e-6 else f"within {worst:.1g}"
    message = (
        f"right, {len(_cases())} of {len(_cases())} cases, and it agrees with a whole training "
        f"{exact}, {trace.steps} of {trace.steps} steps."
    )
    return Verdict(exercise, True, message)


def _gave(done: RunResult) -> str:
    value = done.value
    plain = done.endless or done.error is not None or not isinstance(value, (tuple, list))
    return describe_result(done) if plain else _say_all(value)


def _say_all(arrays: Any) -> str:
    """Format three arrays, rounded so that they can be compared by eye."""
    short = [np.round(a, 6) if isinstance(a, np.ndarray) else a for a in arrays]
    names = NAMES if len(short) == 3 else range(len(short))
    return "\n".join(f"{name}: {format_value(a)}" for name, a in zip(names, short, strict=True))


def check_still(exercise: str, submission: Any) -> Verdict:
    """Check a TrainingExplorer (or its state): a branch after which no row moves by momentum."""
    submission = explorer_or_verdict(exercise, "training", submission)
    if isinstance(submission, Verdict):
        return submission
    trace = submission.trace
    if trace.branch is None:
        message = "there is no branch yet. Go to a step in the middle, and press B."
        return Verdict(exercise, False, message, attempted=False)
    step, run = trace.branch.step, trace.runs[trace.branch.run]
    before, after = (
        int(run.moved_without_grad[:step].sum()),
        int(run.moved_without_grad[step:].sum()),
    )
    if not step:
        message = (
            "the branch begins before the first step. Go to a step in the middle, and press B."
        )
        return Verdict(exercise, False, message, attempted=False)
    if not before:
        message = f"under {run.optimizer} no row moves without a gradient. Branch from dense Adam."
        return Verdict(exercise, False, message, attempted=False)
    rule = trace.branch.optimizer
    if after:
        why = "its penalty acts on every row" if rule == "sgd + l2" else "its state is not zero"
        message = (
            f"from step {step + 1} on, rows still move {after} times without a gradient under "
            f"{rule}: {why}. Choose another optimizer."
        )
        return Verdict(exercise, False, message, related="M7")
    if step == trace.steps:
        return Verdict(exercise, False, "the branch begins after the last step. Go back a little.")
    message = (
        f"right. Up to step {step} rows moved {before} times without a gradient. After that, "
        f"under {rule}, none did."
    )
    return Verdict(exercise, True, message)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "lazy_adam": check_lazy_adam,
    "still": check_still,
}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "“moon” is in the batch of step 1, and in none of the batches of steps 2 to 21. The "
        "optimizer is Adam, as in Keras. What does the row of “moon” do at these steps?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "It stays: its gradient is exactly zero",
                "The gradient is zero, but Adam moves a row by m, and m is not zero.",
                "M7",
            ),
            "b": Choice(
                "It goes back to where it started",
                "Nothing pulls it back: Adam does not know where a row started.",
            ),
            "c": Choice(
                "It moves on, a little less at every step",
                "m shrinks by a tenth at each step, and the row moves by m / √v.",
            ),
            "d": Choice(
                "It follows “sun”, which has a similar meaning",
                "A row moves by its own gradients and optimizer state, not by meaning.",
                "M3",
            ),
        },
    ),
    "exit": Question(
        "A table has 50 000 rows, a batch has 64 words, and the model has been training with "
        "Adam for an hour. Which sentence about the next step is true?",
        correct="c",
        choices={
            "a": Choice(
                "At most 64 rows move: all others have gradient zero.",
                "That is lazy Adam. Adam itself moves each row whose m is not zero.",
                "M7",
            ),
            "b": Choice(
                "A word that comes twice in the batch moves by its last gradient.",
                "Both gradients add up before the step.",
                "M4",
            ),
            "c": Choice(
                "Nearly every row that was ever in a batch moves a little.",
                "m shrinks at each step, but it takes long to become exactly zero.",
            ),
            "d": Choice(
                "A word that was never in a batch is already near similar words.",
                "Its row is still where it was drawn at random: its m and v are zero.",
                "M3",
            ),
        },
    ),
}
