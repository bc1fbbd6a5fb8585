"""Describe what a learner's function did, beside what was expected."""

from typing import Any

import numpy as np

from embedlab.lessons.grading.sandbox import STEPS, RunResult

__all__ = ["describe_failure", "describe_result", "format_value", "raised", "shape_mismatch"]


def describe_failure(done: RunResult, arguments: tuple[str, ...]) -> str | None:
    """Describe failures of any function: it does not end, or changes its arguments.

    Parameters
    ----------
    done : Attempt
    arguments : tuple of str
        What the arguments are called, in their order.
    """
    if done.endless:
        if isinstance(done.error, RecursionError):
            return "Your function does not finish: it calls itself again and again."
        return f"Your function does not finish: it was stopped after {STEPS:,} steps."
    if done.changed:
        what = " and ".join(arguments[n] for n in done.changed)
        return f"Your function changes its {what}. Write the result into a new array."
    return None


def shape_mismatch(value: Any, expected: np.ndarray) -> str | None:
    """Describe a wrong type or shape of a result; None when both are right."""
    if not isinstance(value, (np.ndarray, np.generic)):
        cure = " Make an array of it with np.array." if isinstance(value, (list, tuple)) else ""
        return f"The result must be an array. Your function returned {type(value).__name__}.{cure}"
    if value.shape != expected.shape:
        return f"The result must have shape {expected.shape}. It has shape {value.shape}."
    return None


def describe_result(done: RunResult) -> str:
    """Describe the result of a call in one line."""
    if done.endless:
        return "no end"
    if done.error is None:
        return format_value(done.value)
    first = _text(done.error, str).partition("\n")[0]
    first = first if len(first) <= 80 else first[:80].rpartition(" ")[0] + " …"
    return f"{type(done.error).__name__}{': ' if first else ''}{first}"


def raised(done: RunResult) -> str:
    """Describe the error that a call raised, with the first line of its message."""
    return f"Your function raised {describe_result(done).rstrip('.')}."


def format_value(value: Any) -> str:
    """Format a value in one short line; an array by its shape, and its numbers when they are few.

    Examples
    --------
    >>> format_value(np.array([[1.0, 2.0]]))
    'float64 (1, 2)  [[1.0, 2.0]]'
    >>> format_value(np.zeros((50, 8)))
    'float64 (50, 8)'
    """
    if isinstance(value, (np.ndarray, np.generic)):
        numbers = f"  {value.tolist()}" if 0 < value.size <= 12 else ""
        return f"{value.dtype} {value.shape}{numbers:.90}"
    return f"{_text(value, repr):.80}"


def _text(value: Any, how: Any) -> str:
    try:
        return str(how(value))
    except Exception:  # a hostile __repr__ or __str__
        return f"<{type(value).__name__}>"
