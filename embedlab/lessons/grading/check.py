"""`check`: run an exercise's checks by name. Each lesson's module defines its own."""

from importlib import import_module
from typing import Any

from embedlab.core.checks import short_repr
from embedlab.lessons.classroom import card
from embedlab.lessons.grading.verdict import Verdict

__all__ = ["LESSONS", "all_items", "check", "find_item"]

LESSONS = {
    "01": "lookup",
    "02": "cache_lines",
    "03": "gradient",
    "04": "mask",
    "05": "initialization",
    "06": "training",
    "07": "lora",
    "08": "quantize",
    "09": "tying",
    "10": "meaning",
    "11": "files",
    "12": "capstone.questions",
    "13": "own_vectors",
    "14": "sharding",
}
"""Lesson number -> the module of `embedlab.lessons.exercises` with its checks and questions."""


def all_items(kind: str) -> dict[str, Any]:
    """Return all "CHECKS" or all "QUESTIONS" by their names, lesson by lesson.

    Examples
    --------
    >>> list(all_items("CHECKS"))[:2]
    ['01.lookup', '01.fence']
    """
    return {name: item for lesson in LESSONS for name, item in _items(lesson, kind).items()}


def _items(lesson: str, kind: str) -> dict[str, Any]:
    """Return the items of one lesson by their names; no other lesson's module is loaded."""
    module = import_module(f"embedlab.lessons.exercises.{LESSONS[lesson]}")
    known = {f"{lesson}.{part}": value for part, value in getattr(module, kind).items()}
    if kind == "QUESTIONS":
        pairs = import_module("embedlab.lessons.exercises.before_after").QUESTIONS
        known |= {name: value for name, value in pairs.items() if name.startswith(lesson)}
    return known


def find_item(name: str, kind: str) -> Any:
    """Return a check or a question by its name.

    Parameters
    ----------
    name : str
        Such as "01.lookup": the lesson, a dot, the exercise.
    kind : str
        "CHECKS" or "QUESTIONS".

    Raises
    ------
    KeyError
        When there is none, with those there are.
    """
    lesson = name[:2] if isinstance(name, str) else ""
    known = _items(lesson, kind) if lesson in LESSONS else {}
    if name not in known:
        raise KeyError(
            f"the name must be one of {', '.join(all_items(kind))}. Received {short_repr(name)}. "
            "Copy it from the lesson."
        )
    return known[name]


def check(exercise: str, submission: Any) -> Verdict:
    """Check a learner's work and return the verdict; that of the first try goes on the `card`.

    Parameters
    ----------
    exercise : str
        Such as "01.lookup".
    submission : callable, explorer, or an explorer's state
        What the exercise asks for. A function is only called with copies, and may do anything.

    Returns
    -------
    Verdict
        True when it is right. Printed, it names the smallest failing case, the belief behind it,
        and the view that refutes it.

    Raises
    ------
    KeyError
        For an unknown exercise.

    Examples
    --------
    >>> check("01.lookup", lambda W, ids: ...)
    ○ 01.lookup, not yet: your function returns nothing yet. Replace the dots by your lines,
      and end with `return`.
    >>> bool(check("01.lookup", lambda W, ids: W[ids]))  # -1 wraps
    False
    """
    diagnose = find_item(exercise, "CHECKS")
    result: Verdict = diagnose(exercise, submission)
    if result.attempted:
        card.record_attempt(exercise, result.misconception, result.ok, result.message)
    return result
