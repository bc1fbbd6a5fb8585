"""Grading of a function, case by case; the first failure is reported."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from embedlab.lessons.grading.sandbox import RunResult
from embedlab.lessons.grading.verdict import Verdict

__all__ = ["Diagnosis", "grade_function"]

Case = TypeVar("Case")


class Diagnosis(NamedTuple):
    """A message, the misconception it is evidence for, and the one whose view shows it."""

    message: str
    belief: str | None = None
    related: str | None = None


def grade_function(
    exercise: str,
    function: Any,
    cases: Sequence[Case],
    *,
    run: Callable[[Any, Case], RunResult],
    diagnose: Callable[[Case, RunResult], Diagnosis | None],
    describe: Callable[[Case, RunResult], Mapping[str, str]],
    right: Callable[[str], Verdict],
    ends: str = "return",
) -> Verdict:
    """Try a learner's function on every case.

    Parameters
    ----------
    exercise : str
    function : object
        What the learner handed in; anything but a function is told so.
    cases : sequence
        Smallest first: the first that fails is the one to show.
    run : callable
        ``run(function, case)`` calls it with copies.
    judge : callable
        ``judge(case, done)`` finds what is wrong, or None.
    shown : callable
        ``shown(case, done)``: what went in, what should come, what came.
    right : callable
        ``right(said)`` when all cases hold; `said` counts them.
    ends : str
        The last line of a function that gives something.

    Returns
    -------
    Verdict
    """
    if not callable(function):
        message = (
            f"the check needs the function itself. Received {type(function).__name__}. "
            "Pass its name without parentheses."
        )
        return Verdict(exercise, False, message)
    failures = []
    for number, case in enumerate(cases):
        done = run(function, case)
        if number == 0 and done.error is None and (done.value is None or done.value is ...):
            message = (
                "your function returns nothing yet. Replace the dots by your lines, "
                f"and end with `{ends}`."
            )
            return Verdict(exercise, False, message, attempted=False)
        finding = diagnose(case, done)
        if finding:
            failures.append((case, done, finding))
        if done.endless:
            break  # one long wait is enough
    total = len(cases)
    if not failures:
        return right(f"right, {total} of {total} cases")
    case, done, (message, belief, see) = failures[0]
    if not done.endless:
        message = f"{total - len(failures)} of {total} cases are right. {message}"
    return Verdict(
        exercise, False, message, case=describe(case, done), misconception=belief, related=see
    )
