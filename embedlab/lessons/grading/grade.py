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
    misconception: str | None = None
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
    """Call a learner's function on every case and return the verdict.

    Parameters
    ----------
    exercise : str
    function : object
        The learner's submission; for anything but a function the verdict says so.
    cases : sequence
        Smallest first: the first that fails is the one to show.
    run : callable
        ``run(function, case)`` calls it with copies.
    diagnose : callable
        ``diagnose(case, result)`` returns a Diagnosis, or None when the result is right.
    describe : callable
        ``describe(case, result)``: the inputs, the expected and the returned value.
    right : callable
        ``right(message)`` when all cases hold; the message counts them.
    ends : str
        The last line of a function that returns something.

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
        result = run(function, case)
        if number == 0 and result.error is None and (result.value is None or result.value is ...):
            message = (
                "your function returns nothing yet. Replace the dots by your lines, "
                f"and end with `{ends}`."
            )
            return Verdict(exercise, False, message, attempted=False)
        finding = diagnose(case, result)
        if finding:
            failures.append((case, result, finding))
        if result.endless:
            break  # one long wait is enough
    total = len(cases)
    if not failures:
        return right(f"right, {total} of {total} cases")
    case, result, finding = failures[0]
    message = finding.message
    if not result.endless:
        message = f"{total - len(failures)} of {total} cases are right. {message}"
    description, misconception = describe(case, result), finding.misconception
    return Verdict(
        exercise,
        False,
        message,
        case=description,
        misconception=misconception,
        related=finding.related,
    )
