"""Run a learner's function without trusting it: it may raise, loop for ever, or change its input.

The limit is a number of steps, not of seconds: a slow machine gives the same verdict as a fast one.
Only steps of the learner's own code count. To stop inside a library would leave it half done, and a
compiler that is stopped while it loads itself is broken for the rest of the session.
"""

import sys
import sysconfig
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["STEPS", "RunResult", "run_untrusted"]

STEPS = 1_000_000
"""Steps of the interpreter that one call may take; the largest case of a lesson needs 20 000."""

_NOT_THEIRS = (
    "<frozen",
    str(Path(__file__).resolve().parents[2]),
    *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
)
"""Where code begins that no learner wrote."""


class _StepLimit(BaseException):
    """No Exception, so that a learner's own `except Exception` does not catch it."""


@dataclass(frozen=True, eq=False)
class RunResult:
    """The result of one call.

    Attributes
    ----------
    value : object
        What it returned, or None.
    error : BaseException or None
        What it raised.
    endless : bool
        Whether it was stopped because it took more than `STEPS` steps, or called itself too deep.
    changed : tuple of int
        Which of its arguments are no longer what they were.
    """

    value: Any
    error: BaseException | None = None
    endless: bool = False
    changed: tuple[int, ...] = ()


def run_untrusted(function: Callable[..., Any], *arrays: np.ndarray) -> RunResult:
    """Call `function` on copies of `arrays`, and report whatever happens.

    Parameters
    ----------
    function : callable
    *arrays : ndarray
        They are never handed over themselves.

    Returns
    -------
    Attempt

    Raises
    ------
    KeyboardInterrupt
        When the learner stops it.

    Examples
    --------
    >>> run_untrusted(lambda ids: ids.sum(), np.arange(4)).value
    np.int64(6)
    >>> run_untrusted(lambda ids: 1 / 0, np.arange(4)).error
    ZeroDivisionError('division by zero')
    """
    submission = [array.copy() for array in arrays]
    value, error, endless = None, None, False
    before = sys.gettrace()
    sys.settrace(_budget(STEPS))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*submission)
    except KeyboardInterrupt:
        raise
    except BaseException as raised:  # SystemExit too: a lesson must outlive `exit()`
        error, endless = raised, isinstance(raised, (_StepLimit, RecursionError))
    finally:
        sys.settrace(before)
    pairs = zip(submission, arrays, strict=True)
    return RunResult(
        value, error, endless, tuple(n for n, (a, b) in enumerate(pairs) if _moved(a, b))
    )


def _moved(after: np.ndarray, before: np.ndarray) -> bool:
    """Return whether an array has changed; NaN counts as equal to itself."""
    same_form = after.shape == before.shape and after.dtype == before.dtype
    return not (same_form and after.tobytes() == before.tobytes())


def _budget(steps: int) -> Callable[..., Any]:
    left = [steps]

    def tick(frame: Any, event: str, argument: Any) -> Any:
        if event == "call" and frame.f_code.co_filename.startswith(_NOT_THEIRS):
            return None
        frame.f_trace_opcodes = True  # `while True: pass` never starts a new line
        left[0] -= 1
        if left[0] < 0:
            raise _StepLimit
        return tick

    return tick
