"""Tell whether a repair has begun: does it still do what the broken function does?"""

from collections.abc import Callable, Sequence
from typing import Any

from embedlab.lessons.attempt import Attempt
from embedlab.lessons.compare import came
from embedlab.lessons.verdict import Verdict

__all__ = ["untouched"]


def untouched(
    exercise: str,
    function: Any,
    broken: Callable[..., Any],
    run: Callable[[Any, Any], Attempt],
    cases: Sequence[Any],
    symptom: str,
) -> Verdict | None:
    """Give a "not yet" for a function that does in all cases what the broken one does, or None.

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
    >>> from embedlab.lessons.attempt import attempt
    >>> untouched("12.id", abs, lambda x: x, attempt, [], "It is still negative.")
    ○ 12.id, not yet: it still does what the broken one did. It is still negative.
    """
    if not callable(function):
        return None
    if any(came(run(function, case)) != came(run(broken, case)) for case in cases):
        return None
    return Verdict(
        exercise, False, f"it still does what the broken one did. {symptom}", started=False
    )
