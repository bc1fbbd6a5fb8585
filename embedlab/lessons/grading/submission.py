"""What every checker of a view does first: take the view, or its state."""

from collections.abc import Mapping
from typing import Any

from embedlab.lessons.grading.verdict import Verdict

__all__ = ["explorer_from_submission"]


def explorer_from_submission(exercise: str, view: str, given: Any) -> Any:
    """Return the explorer that a learner handed in, or a verdict that says what to hand in.

    Parameters
    ----------
    exercise : str
    view : str
        Which view it must be, such as "lookup".
    given : Explorer, mapping or str
        The explorer, or its state as a dict or as JSON.

    Returns
    -------
    Explorer or Verdict

    Raises
    ------
    StateError
        For a state of another view.

    Examples
    --------
    >>> explorer_from_submission("01.fence", "lookup", 3)
    ✗ 01.fence, not right yet.
      the check needs the view or its state. Received int. Pass explorer, or explorer.state.
    """
    from embedlab.explorers.registry import explorer_class

    kind = explorer_class(view)
    if isinstance(given, (Mapping, str)):
        return kind.from_state(given)
    if isinstance(given, kind):
        return given
    said = (
        f"the check needs the view or its state. Received {type(given).__name__}. "
        "Pass explorer, or explorer.state."
    )
    return Verdict(exercise, False, said)
