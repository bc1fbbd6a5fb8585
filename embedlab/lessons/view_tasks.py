"""Tasks of the lessons for the panel of a view: when each is done.

Their texts stand in the lessons only: `notebooks/build.py` copies them into task_texts.json.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from embedlab.core.checks import message, short_repr
from embedlab.explorers.tasks import Task
from embedlab.lessons.grading.check import find_item

__all__ = ["CONDITIONS", "tasks"]

TEXTS = Path(__file__).with_name("task_texts.json")

Condition = Callable[[Any], Any]


def tasks(lesson: str, *numbers: int) -> list[Task]:
    """Return the tasks of a lesson, for the view that it gives them to.

    Parameters
    ----------
    lesson : str
        Such as "01".
    *numbers : int
        Which; all without it.

    Raises
    ------
    KeyError
        For a lesson or a number without a task.

    Examples
    --------
    >>> [task.number for task in tasks("01")]
    [1, 2, 3]
    """
    conditions = CONDITIONS.get(lesson, {})
    wrong = [number for number in numbers if number not in conditions]
    if not conditions or wrong:
        known = ", ".join(map(str, conditions if wrong and conditions else CONDITIONS))
        received = short_repr(wrong[0] if wrong and conditions else lesson)
        raise KeyError(message(f"tasks must be among {known}", received, "Copy the lesson's line"))
    texts = json.loads(TEXTS.read_text("utf-8"))[lesson]
    return [
        Task(texts[str(number)], reached, number)
        for number, reached in conditions.items()
        if not numbers or number in numbers
    ]


def _passes(exercise: str) -> Condition:
    """Return the condition that the check of an exercise accepts the view; no try is recorded."""
    return lambda view: find_item(exercise, "CHECKS")(exercise, view).ok


def _changed(view: Any, *names: str) -> bool:
    return all(getattr(view, name) != view.initial[name] for name in names)


def _step(view: Any) -> int:
    """Return the step that the browser shows, counted from 0; −1 before it has told."""
    step = view.cursor.get("step", -1)
    return step if isinstance(step, int) else -1


def _repeats_a_word(view: Any) -> bool:
    ids = view.trace.ids
    return _changed(view, "text") and ids.size > np.unique(ids).size


def _smallest_table(view: Any) -> bool:
    return not view.grow and _passes("01.fence")(view)  # with `grow`, V follows the words by itself


def _outlier_dragged(view: Any) -> bool:
    largest = np.abs(view.table()).max(axis=1)
    return any(abs(value) > largest[row] for row, _, value in view.edits)


def _both_pinned_at_the_end(view: Any) -> bool:
    pins = view.cursor.get("pins") or []
    words = {str(view.trace.words[row]) for row in pins}
    return {"cat", "dog"} <= words and _step(view) == view.steps - 1


def _last_cell_of_moon(view: Any) -> bool:
    row, last = view.trace.words.index("moon"), view.steps - 1
    return (view.cursor.get("run"), view.cursor.get("row"), _step(view)) == (0, row, last)


def _selected(view: Any, part: str, row: int) -> bool:
    spot = view.cursor.get("selected") or {}
    return (spot.get("part"), spot.get("row")) == (part, row)


CONDITIONS: Mapping[str, Mapping[int, Condition]] = {
    "01": {1: _repeats_a_word, 2: _smallest_table, 3: lambda view: view.method == "one-hot"},
    "03": {
        1: lambda view: 0 < _step(view) < view.trace.ids.size,
        2: lambda view: view.rule == "assign" and not view.trace.passes("assign"),
        3: lambda view: _changed(view, "digits"),
        4: _passes("03.same"),
    },
    "04": {
        1: lambda view: _step(view) == len(view.trace.stages) - 1,
        2: lambda view: view.padding == "pre" and view.trace.lost_at is not None,
        3: _passes("04.mend"),
    },
    "05": {
        1: lambda view: 1 <= _step(view) <= 3,  # it asks at step 10
        2: _last_cell_of_moon,
        3: _passes("05.half"),
    },
    "06": {
        1: lambda view: _step(view) == 5,
        2: lambda view: view.cursor.get("run") == 1 and _step(view) in (1, 5),
        3: _passes("06.still"),
        4: _both_pinned_at_the_end,
    },
    "07": {
        1: lambda view: view.target == "random" and _changed(view, "rank"),
        2: lambda view: view.seen == [0] and view.start == "zero" and _step(view) == 1,
        3: lambda view: _changed(view, "scaling", "alpha"),
    },
    "08": {
        1: _outlier_dragged,
        2: _passes("08.groups"),
        3: lambda view: view.scheme == "int4" and bool(view.flips),
    },
    "09": {
        1: lambda view: 0 < _step(view) < view.trace.ids.size,
        2: lambda view: _selected(view, "cell", row=4),
        3: lambda view: view.mode == "plain",
        4: _passes("09.shortest"),
    },
    "10": {
        1: lambda view: _changed(view, "word") and _step(view) == 9,
        2: lambda view: _changed(view, "plane"),
        3: _passes("10.sum"),
    },
}
"""Lesson -> number of the task -> its condition."""
