"""Lesson 02: a lookup that asks for its rows in a good order, and its two questions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.lookup import lookup
from embedlab.data.zipf import zipf_stream
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question
from embedlab.traces.cache_lines import trace_cache_lines
from embedlab.traces.text import format_count

__all__ = ["CACHE", "CHECKS", "QUESTIONS"]

CACHE = 4
"""Lines that the cache of the exercise holds; a row of its widest table takes three."""


class Case(NamedTuple):
    """A table, the ids that are wanted, and what has been read of it so far."""

    table: np.ndarray
    ids: np.ndarray
    requested: list[np.ndarray]

    @property
    def fetches(self) -> int:
        """Lines that came from memory for all that was asked, in its order."""
        return self.lines(np.concatenate([np.zeros(0, np.int64), *self.requested]), CACHE)

    @property
    def fewest(self) -> int:
        """The lines in which the wanted rows lie."""
        return self.lines(self.ids, None)

    def lines(self, ids: np.ndarray, cache: int | None) -> int:
        """Count the lines that are fetched for ids in this order."""
        return trace_cache_lines(ids, *self.table.shape, cache=cache).fetches


def _cases() -> list[Case]:
    """Return wishes, smallest first: the first that fails is the one to show.

    Where the ids come sorted any order will do, so those are the first; rows of 20 numbers begin
    in the middle of a line. A row begins with its own number.
    """
    cases = []
    for rows, width, ids in [
        (4, 8, [2]),
        (4, 8, [1, 3]),
        (6, 16, [3, 1, 2]),
        (6, 16, [4, 0, 2, 1, 5, 3, 4, 0, 2, 1, 5, 3]),
        (12, 8, [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]),
        (40, 20, zipf_stream(60, 40, seed=2).tolist()),
        (4, 8, []),
        (600, 8, zipf_stream(300, 600, seed=4, exponent=0.0).tolist()),
    ]:
        table = np.arange(rows)[:, None] + np.arange(width) / 100
        cases.append(Case(table.astype(np.float32), np.array(ids, np.int64), []))
    return cases


def check_fetch(exercise: str, function: Any) -> Verdict:
    """Check `fetch(read, ids)`: the rows of `ids`, read so that no line is fetched twice."""
    return grade_function(
        exercise,
        function,
        _cases(),
        run=_run,
        diagnose=_diagnose,
        describe=_describe,
        ends="return rows",
        right=lambda message: Verdict(exercise, True, f"{message}. {_saved(function)}"),
    )


def _run(function: Callable[..., Any], case: Case) -> RunResult:
    def read(ids: Any) -> np.ndarray:
        rows = lookup(case.table, ids)
        case.requested.append(np.asarray(ids).reshape(-1).astype(np.int64))
        return rows

    return run_untrusted(lambda ids: function(read, ids), case.ids)


def _saved(function: Callable[..., Any]) -> str:
    """Describe what the order saved in the last case."""
    case = _cases()[-1]
    _run(function, case)
    before = case.lines(case.ids, CACHE)
    return (
        f"For {case.ids.size} shuffled ids your order fetches {case.fetches} lines; their own "
        f"order fetches {before}."
    )


def _diagnose(case: Case, done: RunResult) -> Diagnosis | None:
    """Find what is wrong in one case, or None."""
    message = describe_failure(done, ("ids",))
    if message:
        return Diagnosis(message)
    if done.error is not None:
        return Diagnosis(f"All ids are valid. {raised(done)}")
    expected = case.table[case.ids]
    message = shape_mismatch(done.value, expected)
    if message:
        return Diagnosis(f"{message} Return one row for each id, in the order of the ids.")
    if not np.array_equal(done.value, expected):
        return _of_rows(case, np.asarray(done.value))
    if not case.requested and case.ids.size:
        return Diagnosis("The rows are right, but you did not get them by calling `read`.")
    if case.fetches > case.fewest:
        return _of_order(case)
    return None


def _of_rows(case: Case, value: np.ndarray) -> Diagnosis:
    """Describe the rows that came instead of the expected ones."""
    order = np.argsort(case.ids, kind="stable")
    in_order = case.table[case.ids[order]]
    if np.array_equal(value, in_order):
        return Diagnosis(
            "These are the rows in sorted order. Put each row back into its place: "
            "`rows[order] = read(ids[order])`."
        )
    if np.array_equal(value, in_order[order]):
        return Diagnosis(
            "The rows are permuted a second time, as by `rows[order]`. To put them back, assign: "
            "`rows[order] = …`."
        )
    if len(case.requested) == 1 and np.array_equal(case.requested[0], order):
        return Diagnosis(
            "`np.argsort(ids)` holds places in `ids`, not ids. Read `ids[order]`, not `order`."
        )
    return Diagnosis("The result holds other rows than those of the ids.")


def _of_order(case: Case) -> Diagnosis:
    requested = sum(ids.size for ids in case.requested)
    message = (
        f"The rows are right. They are in {format_count(case.fewest, 'line')}, but "
        f"{case.fetches} lines "
        f"were fetched: the cache holds {CACHE}, "
    )
    if requested > case.ids.size and case.lines(np.arange(len(case.table)), None) <= case.fetches:
        return Diagnosis(
            f"{message}and you read the whole table for {format_count(case.ids.size, 'id')}.",
            related="M13",
        )
    as_they_came = len(case.requested) == 1 and np.array_equal(case.requested[0], case.ids)
    if as_they_came:
        return Diagnosis(
            f"{message}and lost some lines before they were needed again. Read ids that "
            "share a line directly after each other.",
            related="M13",
        )
    return Diagnosis(
        f"{message}and some were lost before they were needed again. Read ids that share a "
        "line directly after each other.",
        related="M13",
    )


def _describe(case: Case, done: RunResult) -> dict[str, str]:
    rows, width = case.table.shape
    requested = [ids.tolist() for ids in case.requested]
    holds = "holds" if case.fewest == 1 else "hold"
    description = {
        "table": f"{rows} rows of {4 * width} bytes",
        "ids": f"{case.ids.tolist()}"[:90],
        "you read": " then ".join(map(str, requested))[:90] or "nothing",
        "lines": f"{case.fewest} {holds} the rows, {case.fetches} fetched",
    }
    expected = case.table[case.ids]
    if done.endless or done.error is not None or shape_mismatch(done.value, expected):
        return description | {"expected": format_value(expected), "returned": describe_result(done)}
    if not np.array_equal(done.value, expected):
        first = {"expected": expected, "returned": done.value}
        description |= {
            name: f"rows that begin with {rows[:, 0].tolist()}"[:90] for name, rows in first.items()
        }
    return description


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {"fetch": check_fetch}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A lookup copies 1 000 rows. You may sort the ids before you call it. When does sorting "
        "fetch fewer lines from memory?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "Never: the same rows are copied, and copying costs nothing",
                "They are the same rows, but a line that the cache has lost in between is "
                "fetched again.",
                "M13",
            ),
            "b": Choice(
                "Always: memory is fastest from front to back",
                "If each line is needed only once, or all fit into the cache, every order "
                "fetches the same lines.",
            ),
            "c": Choice(
                "When a line is needed again after the cache has lost it",
                "When the ids are sorted, all uses of a line follow each other, so it is "
                "fetched once.",
            ),
            "d": Choice(
                "Never: all rows of the table are read anyway",
                "Only the rows of the ids are read. A one-hot matmul would read all.",
                "M1",
            ),
        },
    ),
    "exit": Question(
        "A table has 1 000 000 rows of 16 float32, so each row is a line of its own. A batch of "
        "text looks up 8 000 ids. Which sentence is true?",
        correct="b",
        choices={
            "a": Choice(
                "It costs nothing: a gather multiplies nothing, so there is nothing to wait for.",
                "It waits for memory, for each row that is not in the cache.",
                "M13",
            ),
            "b": Choice(
                "It touches fewer than 8 000 lines, because frequent words come again.",
                "It touches one line for each different word, however often it comes.",
            ),
            "c": Choice(
                "It reads all 64 000 000 bytes of the table.",
                "It reads only the rows of its ids. A one-hot matmul would read all.",
                "M1",
            ),
            "d": Choice(
                "The last row is that of id 1 000 000, and begins at byte 64 000 000.",
                "The table ends at that byte: the last id is 999 999.",
                "M2",
            ),
        },
    ),
}
