"""Return whether a repair has begun: does it still do what the broken function does?"""

from collections.abc import Callable, Sequence
from typing import Any

from embedlab.lessons.grading.describe import describe_result
from embedlab.lessons.grading.sandbox import RunResult
from embedlab.lessons.grading.verdict import Verdict

__all__ = ["is_unchanged"]


def is_unchanged(
    exercise: str,
    function: Any,
    broken: Callable[..., Any],
    run: Callable[[Any, Any], RunResult],
    cases: Sequence[Any],
    symptom: str,
) -> Verdict | None:
    """Return a "not yet" for a function that does in all cases what the broken one does, or None.

    Parameters
    ----------
    exercise : str
    function : object
        What the learner handed in.
    broken : callable
        The function as the lesson gave it.
    run : callable
        ``run(function, case)``.
    cases : sequence
        Few and telling; what comes of each must differ once it is mended.
    symptom : str
        What is still to be seen, as a sentence.

    Examples
    --------
    >>> from embedlab.lessons.grading.sandbox import run_untrusted
    >>> is_unchanged("12.id", abs, lambda x: x, run_untrusted, [], "It is still negative.")
    ○ 12.id, not yet: it still does what the broken one did. It is still negative.
    """
    if not callable(function):
        return None
    if any(
        describe_result(run(function, case)) != describe_result(run(broken, case)) for case in cases
    ):
        return None
    return Verdict(
        exercise, False, f"it still does what the broken one did. {symptom}", attempted=False
    )
