"""Checks, misconceptions, answer cards and the set-up check: what the notebooks import.

Importing this package loads the standard library only, so that `embedlab doctor` can speak on a
machine where something is missing. The names below are fetched when they are first asked for.
"""

from importlib import import_module
from typing import Any

from embedlab.lessons.notebook_files import notebook_dir

_HOMES = {
    "doctor": "embedlab.lessons.setup_check",
    "check": "embedlab.lessons.grading.check",
    "answer": "embedlab.lessons.question",
    "reveal": "embedlab.lessons.question",
    "card": "embedlab.lessons.classroom.card",
    "count_multiplications": "embedlab.lessons.counting",
    "MISCONCEPTIONS": "embedlab.lessons.misconceptions",
    "misconception": "embedlab.lessons.misconceptions",
    "show": "embedlab.lessons.misconceptions",
    "tasks": "embedlab.lessons.view_tasks",
}

__all__ = ["notebook_dir", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'embedlab.lessons' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
