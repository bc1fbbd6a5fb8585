"""Lesson 10: the odd one out, an arithmetic with words, and its two questions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.geometry import odd_one_out
from embedlab.lessons.grading.describe import describe_failure, describe_result, format_value
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_from_submission
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]

NEAR = 0.5
"""The cosine from which a sum is said to point at a word."""


class Case(NamedTuple):
    """A table, and the rows among which one is odd."""

    table: np.ndarray
    ids: np.ndarray


def _cases() -> list[Case]:
    """Return tables and ids, smallest first: the first that fails is the one to show."""
    turned = np.array([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [1.0, -0.1]])
    # Long rows: sums and dot products follow the longest, a cosine does not.
    long = np.array([[1.0, 0.0], [1.0, 0.2], [30.0, 60.0], [1.0, -0.2]])
    # Near in the first two numbers, far in the rest: what a flat map would show.
    deep = np.array([[0.0, 1, 3, 0], [0.1, 1, 0, 3], [1.0, 0, 3, 0], [0.1, 1, 3, 0.2]])
    rng = np.random.default_rng(10)
    random = rng.normal(size=(40, 16)).astype(np.float32)
    random[7:11] += 2 * rng.normal(size=16).astype(np.float32)
    return [
        Case(turned, np.array([0, 1, 2, 3])),
        Case(turned, np.array([3, 2, 0])),
        Case(long, np.array([0, 1, 2, 3])),
        Case(deep, np.array([0, 1, 2, 3])),
        Case(np.vstack([np.full((5, 2), 9.0), turned]), np.array([5, 6, 7, 8])),
        Case(random, np.array([7, 8, 20, 9, 10])),
    ]


def check_odd(exercise: str, function: Any) -> Verdict:
    """Judge `odd(table, ids)`: the id whose row points least the way of the others."""

    def judge(case: Case, done: RunResult) -> Diagnosis | None:
        said, belief = _judge(*case, odd_one_out(*case)[0], done)
        return Diagnosis(said, belief) if said else None

    return grade_function(
        exercise,
        function,
        _cases(),
        judge=judge,
        run=lambda function, case: run_untrusted(function, *case),
        shown=lambda case, done: {
            "table": format_value(case.table),
            "ids": format_value(case.ids),
            "should give": f"{odd_one_out(*case)[0]}",
            "gave": describe_result(done),
        },
        right=lambda said: Verdict(exercise, True, f"{said}: by direction, in all dimensions."),
    )


def _judge(
    table: np.ndarray, ids: np.ndarray, wanted: int, done: RunResult
) -> tuple[str, str | None]:
    """Say what is wrong in one case and which belief it looks like, or ""."""
    said = describe_failure(done, ("table", "ids"))
    if said:
        return said, None
    if done.error is not None:
        return f"It stops with {type(done.error).__name__}.", None
    try:
        given = int(np.asarray(done.value).item())
    except (TypeError, ValueError):
        return "It should give one id, a whole number.", None
    if given == wanted:
        return "", None
    if given not in ids.tolist():
        place = f" It gives the place {given} in the list." if 0 <= given < ids.size else ""
        return f"It should give one of the ids {ids.tolist()}.{place}", None
    if table.shape[1] > 2 and given == odd_one_out(table[:, :2], ids)[0]:
        return "It looks at two of the numbers of a row only, as a flat map does.", "M12"
    if given == _by_dots(table, ids):
        return "It lets long rows count for more. Divide each row by its length first.", None
    return "This id is not the one that points least the way of the others.", None


def _by_dots(table: np.ndarray, ids: np.ndarray) -> int:
    """Return what dot products without lengths say."""
    rows = table[ids]
    return int(ids[(rows @ rows.mean(axis=0)).argmin()])


def check_sum(exercise: str, given: Any) -> Verdict:
    """Judge a GeometryExplorer (or its state): a sum of words that says more than its last word."""
    given = explorer_from_submission(exercise, "geometry", given)
    if isinstance(given, Verdict):
        return given
    trace = given.trace
    if trace.sum is None or not trace.sum.ids.size:
        said = "there is no sum in the view yet. Put a word into each of the slots a, b and c."
        return Verdict(exercise, False, said, started=False)
    a, b, c = trace.sum.terms
    best, cosine = int(trace.sum.ids[0]), float(trace.sum.similarities[0])
    if len({a, b, c}) < 3:
        said = "two of the slots hold one word, so it is a plain neighbor. Take three words."
        return Verdict(exercise, False, said)
    rows = trace.rows.astype(np.float64)
    others = np.setdiff1d(np.flatnonzero(np.isfinite(rows).all(axis=1)), [a, b, c])
    alone = int(others[(rows[others] @ rows[c]).argmax()])
    if best == alone:
        said = (
            f"the answer is {trace.name(best)}, but that is what {trace.name(c)} alone is nearest "
            "to: the sum added nothing. Try another a and b."
        )
        return Verdict(exercise, False, said)
    if cosine < NEAR:
        said = (
            "the sum points at no word: even the nearest has a cosine below one half. "
            "Try words that come more often in the text."
        )
        return Verdict(exercise, False, said)
    said = (
        f"{trace.name(a)} − {trace.name(b)} + {trace.name(c)} points at {trace.name(best)}, "
        f"where {trace.name(c)} alone does not. Whether it makes sense is for you to say."
    )
    return Verdict(exercise, True, said)


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"odd": check_odd, "sum": check_sum}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "Training will read the Python reference, and see only which words stand near each "
        "other. Which word will “true” be nearest to afterwards?",
        right="b",
        later=True,
        choices={
            "a": Choice(
                "“correct”, for it means the same",
                "Nobody tells it what a word means. “correct” stands in other sentences.",
            ),
            "b": Choice(
                "“false”, for it stands in the same places",
                "Where one can stand, the other can: opposites keep the same company.",
            ),
            "c": Choice(
                "“the”, for it stands near every word",
                "What stands near every word tells nothing about one of them.",
            ),
            "d": Choice(
                "the word that was nearest before training",
                "Before training the rows are random, and every row moves far.",
                "M3",
            ),
        },
    ),
    "exit": Question(
        "On a flat map of rows of 64 numbers, two words lie side by side. Which sentence is true?",
        right="b",
        choices={
            "a": Choice(
                "They are similar: a map puts what is similar side by side.",
                "A map of two axes leaves 62 out, and they may be far apart in those.",
                "M12",
            ),
            "b": Choice(
                "They may be far apart: only the cosine of the whole rows can say.",
                "A projection only shortens. Far apart on it is far apart; near is not near.",
            ),
            "c": Choice(
                "If they mean the same, they were side by side before training too.",
                "Before training every row is random numbers.",
                "M3",
            ),
        },
    ),
}
