"""The explorer behind what a learner hands in: a view, or its state."""

from collections.abc import Mapping
from typing import Any

from embedlab.lessons.grading.verdict import Verdict

__all__ = ["explorer_or_verdict"]


def explorer_or_verdict(exercise: str, view: str, submission: Any) -> Any:
    """Return the explorer that a learner handed in, or a verdict that says what to hand in.

    Parameters
    ----------
    exercise : str
    view : str
        Which view it must be, such as "lookup".
    submission : Explorer, mapping or str
        The explorer, or its state as a dict or as JSON.

    Returns
    -------
    Explorer or Verdict

    Examples
    --------
    >>> explorer_or_verdict("01.fence", "lookup", 3)
    ✗ 01.fence, not right yet.
      the check needs the view or its state. Received int. Pass explorer, or explorer.state.
    """
    from embedlab.explorers.registry import explorer_class
    from embedlab.explorers.state import StateError

    kind = explorer_class(view)
    if isinstance(submission, (Mapping, str)):
        try:
            return kind.from_state(submission)
        except StateError as error:
            return Verdict(exercise, False, f"{error} Or pass the view itself: explorer.")
    if isinstance(submission, kind):
        return submission
    message = (
        f"the check needs the view or its state. Received {type(submission).__name__}. "
        "Pass explorer, or explorer.state."
    )
    return Verdict(exercise, False, message)
