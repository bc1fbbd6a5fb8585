"""What every checker of a function does: try it case by case, and say what fails first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from embedlab.lessons.grading.sandbox import RunResult
from embedlab.lessons.grading.verdict import Verdict

__all__ = ["Diagnosis", "grade_function"]

Case = TypeVar("Case")


class Diagnosis(NamedTuple):
    """What is wrong, the misconception it looks like, and the one whose view shows it."""

    said: str
    belief: str | None = None
    see: str | None = None


def grade_function(
    exercise: str,
    function: Any,
    cases: Sequence[Case],
    *,
    run: Callable[[Any, Case], RunResult],
    judge: Callable[[Case, RunResult], Diagnosis | None],
    shown: Callable[[Case, RunResult], Mapping[str, str]],
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
        said = (
            f"the check needs the function itself. Received {type(function).__name__}. "
            "Pass its name without parentheses."
        )
        return Verdict(exercise, False, said)
    failures = []
    for number, case in enumerate(cases):
        done = run(function, case)
        if number == 0 and done.error is None and (done.value is None or done.value is ...):
            said = (
                "your function returns nothing yet. Replace the dots by your lines, "
                f"and end with `{ends}`."
            )
            return Verdict(exercise, False, said, started=False)
        finding = judge(case, done)
        if finding:
            failures.append((case, done, finding))
        if done.endless:
            break  # one long wait is enough
    total = len(cases)
    if not failures:
        return right(f"right, {total} of {total} cases")
    case, done, (said, belief, see) = failures[0]
    if not done.endless:
        said = f"{total - len(failures)} of {total} cases are right. {said}"
    return Verdict(exercise, False, said, case=shown(case, done), misconception=belief, see=see)
