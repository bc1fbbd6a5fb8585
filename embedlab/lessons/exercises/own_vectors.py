"""Lesson 13: the check of neighbors that two tables share, and two questions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.geometry import nearest
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]


class Case(NamedTuple):
    """Two tables over the same words, a row, and the number of its neighbors."""

    before: np.ndarray
    after: np.ndarray
    row: int
    k: int


def _cases() -> list[Case]:
    """Return tables, smallest first: the first that fails is the one to show."""
    small = np.array([[1.0, 0.0], [1.0, 0.2], [0.0, 1.0], [-1.0, 0.3]])
    other = np.array([[1.0, 0.0], [-1.0, 0.1], [0.2, 1.0], [1.0, 0.4]])
    turned = small @ np.array([[0.0, 1.0], [-1.0, 0.0]])  # as another seed would turn it
    rng = np.random.default_rng(13)
    table = rng.normal(size=(40, 8))
    lengths = rng.uniform(0.1, 8, size=(40, 1))
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    return [
        Case(small, other, 0, 1),
        Case(small, small[:, ::-1].copy(), 0, 2),
        # Long rows: products follow the longest, and distances avoid it.
        Case(small, small * np.array([[1.0], [1.0], [40.0], [1.0]]), 1, 1),
        Case(small, small * np.array([[9.0], [1.0], [1.0], [1.0]]), 1, 1),
        Case(small, turned, 0, 1),
        Case(table, (table + 0.3 * rng.normal(size=table.shape)) * lengths, 5, 10),
        Case(table, np.hstack([table @ turn, np.zeros((40, 2))]), 39, 10),
        Case(table.astype("f4"), rng.normal(size=(40, 3)).astype("f4"), 17, 5),
    ]


def _near(table: np.ndarray, row: int, k: int) -> np.ndarray:
    return nearest(table, table[row], k, exclude=[row]).ids


def _expected(case: Case) -> int:
    before, after = (_near(table, case.row, case.k) for table in (case.before, case.after))
    return int(np.intersect1d(before, after).size)


def check_overlap(exercise: str, function: Any) -> Verdict:
    """Check `overlap(before, after, row, k)`: the neighbors that a row has in both tables."""
    mistake = _mistake(function) if callable(function) else None
    return grade_function(
        exercise,
        function,
        _cases(),
        diagnose=lambda case, done: _diagnose(case, done, mistake),
        run=_run,
        describe=lambda case, done: {
            "before": format_value(case.before),
            "after": format_value(case.after),
            "row, k": f"{case.row}, {case.k}",
            "expected": f"{_expected(case)}",
            "returned": describe_result(done),
        },
        right=lambda message: Verdict(
            exercise, True, f"{message}: each table is asked for its own neighbors."
        ),
    )


def _run(function: Any, case: Case) -> RunResult:
    return run_untrusted(
        lambda before, after: function(before, after, case.row, case.k), case.before, case.after
    )


def _diagnose(case: Case, done: RunResult, mistake: Diagnosis | None) -> Diagnosis | None:
    """Return what is wrong in one case, or None."""
    message = describe_failure(done, ("before", "after"))
    if message:
        return Diagnosis(message)
    if done.error is not None:
        cure = ""
        if case.before.shape[1] != case.after.shape[1]:
            cure = (
                " The tables may have rows of different lengths: never multiply one by the other."
            )
        return Diagnosis(f"{raised(done)}{cure}")
    number = _number(done)
    if number is None:
        return Diagnosis("Your function should return how many there are, one number.")
    if number == _expected(case):
        return None
    return mistake or Diagnosis(
        "Compute the nearest rows of the smallest case by hand, and compare."
    )


def _number(done: RunResult) -> float | None:
    try:
        return float(np.asarray(done.value).item())
    except (TypeError, ValueError):
        return None


def _mistake(function: Any) -> Diagnosis | None:
    """Return the mistake that gives what the function returns in all cases, or None."""
    results = []
    for case in _cases():
        done = _run(function, case)
        if done.endless:
            return None
        if done.error is None:
            results.append((case, _number(done)))
    if not results:
        return None
    for finding, count in _MISTAKES:
        if all(number == count(case) for case, number in results):
            return finding
    return None


def _cosines(table: np.ndarray, query: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(query)
    return np.asarray(table @ query / lengths)


def _products(table: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.asarray(table @ query)


def _closeness(table: np.ndarray, query: np.ndarray) -> np.ndarray:
    return -np.linalg.norm(table - query, axis=1)


def _largest(values: np.ndarray, row: int, k: int, itself: bool) -> np.ndarray:
    order = np.argsort(-values, kind="stable")
    return (order if itself else order[order != row])[:k]


def _count(case: Case, score: Callable[..., np.ndarray], *, itself: bool = False) -> int:
    """Return the overlap with another score, or with the row itself among its neighbors."""
    k = case.k + itself
    near = [
        _largest(score(table, table[case.row]), case.row, k, itself)
        for table in (case.before, case.after)
    ]
    return int(np.intersect1d(near[0], near[1]).size)


def _across(case: Case) -> int | None:
    """Return the overlap when both tables are searched with a row of the first."""
    if case.before.shape != case.after.shape:
        return None
    query = case.before[case.row]
    near = [
        _largest(_cosines(table, query), case.row, case.k, False)
        for table in (case.before, case.after)
    ]
    return int(np.intersect1d(near[0], near[1]).size)


def _flat(case: Case) -> int:
    return _expected(case._replace(before=case.before[:, :2], after=case.after[:, :2]))


_MISTAKES: tuple[tuple[Diagnosis, Callable[[Case], float | None]], ...] = (
    (
        Diagnosis("This is a share. Return the number itself."),
        lambda case: _expected(case) / case.k,
    ),
    (
        Diagnosis("The row is nearest to itself, so it is counted too. Leave it out."),
        lambda case: _count(case, _cosines, itself=True),
    ),
    (
        Diagnosis("Long rows count for more here. Divide each row by its length first."),
        lambda case: _count(case, _products),
    ),
    (
        Diagnosis("It compares by distance, so lengths count. Divide each row by its length."),
        lambda case: _count(case, _closeness),
    ),
    (
        Diagnosis(
            "It uses only two numbers of each row, as a flat map does. Use all of them.", "M12"
        ),
        _flat,
    ),
    (
        Diagnosis(
            "It searches the second table with a row of the first. Their axes differ: search each "
            "table with its own row."
        ),
        _across,
    ),
)
"""What learners do instead, and the number that it gives."""

CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"overlap": check_overlap}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A table has 64 floats a word. You look at a word's ten nearest words in three places: in "
        "the table, in its int4 copy, and on a flat map. Where do most of the ten get lost?",
        correct="b",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "In the int4 copy, with 4 bits instead of 32",
                "Each number is rounded a little, up or down. Over 64 of them this evens out.",
            ),
            "b": Choice(
                "On the map, with 2 numbers instead of 64",
                "It shows about an eighth of how the rows differ, and drops the rest.",
            ),
            "c": Choice(
                "In both, about equally many",
                "Count them: of ten, int4 loses one or two, the map nine or more.",
            ),
            "d": Choice(
                "Nowhere: what is near stays near",
                "A map only shortens distances, so strangers come near too.",
                "M12",
            ),
        },
    ),
    "exit": Question(
        "Your shop's table of product vectors was stored as int4. How do you find out whether it "
        "still finds the right products?",
        correct="a",
        choices={
            "a": Choice(
                "Take some products, and count their old neighbors among the new ones.",
                "That is what the search is for, measured over all numbers of the rows.",
            ),
            "b": Choice(
                "Draw both maps. If they look alike, all is well.",
                "Two maps can look alike though most neighbors changed.",
                "M12",
            ),
            "c": Choice(
                "Turn the codes back into floats: they are those from before.",
                "The floats between two levels were rounded. They are gone.",
                "M17",
            ),
            "d": Choice(
                "Double the error of int8, which was small.",
                "A step of int4 is about 18 times as wide, and each row has its own.",
                "M11",
            ),
        },
    ),
}
