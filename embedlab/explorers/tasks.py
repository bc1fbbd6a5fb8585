"""Tasks of a view: steps to do in it, ticked as soon as their state is reached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from embedlab.core.checks import message, short_repr

__all__ = ["Task", "TaskError", "describe_tasks", "tick_tasks"]


class TaskError(TypeError):
    """A task without a text or without a condition."""


@dataclass(frozen=True)
class Task:
    """One step to do in a view.

    Attributes
    ----------
    text : str
        A line of Markdown: ``**bold**``, ``*emphasis*`` and ```code``` are shown as such.
    reached : callable
        Takes the explorer and returns whether the step is done. It reads parameters, `trace`, and
        `cursor` (what the browser reports, such as the step), and is called after every change.
    number : int, optional
        As the lesson numbers it; without one the position in the list.

    Examples
    --------
    >>> from embedlab.explorers.lookup import LookupExplorer
    >>> small = Task("Drag V down until an id is out of range.", lambda view: view.trace.bad.any())
    >>> explorer = LookupExplorer("the cat sat", tasks=[small])
    >>> explorer.tasks_done
    [False]
    >>> explorer.input_dim = 2
    >>> explorer.tasks_done
    [True]
    """

    text: str
    reached: Callable[[Any], Any]
    number: int | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.text, str) and self.text.strip()):
            must = "a task must have a text"
            raise TaskError(message(must, short_repr(self.text), "Write what there is to do"))
        if not callable(self.reached):
            cure = "Pass a function of the explorer, such as lambda view: view.rank == 2"
            raise TaskError(message("a task must have a condition", short_repr(self.reached), cure))


def describe_tasks(tasks: Sequence[Task], *, kernel: bool = True) -> list[dict[str, Any]]:
    """Return what the browser shows of tasks that are not done; without a kernel none can be."""
    return [
        {"number": task.number or n, "text": task.text, "done": False if kernel else None}
        for n, task in enumerate(tasks, start=1)
    ]


def tick_tasks(
    tasks: Sequence[Task], entries: Sequence[dict[str, Any]], explorer: Any
) -> list[dict[str, Any]]:
    """Return `entries` with a tick at each task that is reached; a tick once there stays.

    A condition that raises is not reached, and the view shows why.
    """
    return [
        entry if entry["done"] else _ticked(task, entry, explorer)
        for task, entry in zip(tasks, entries, strict=True)
    ]


def _ticked(task: Task, entry: dict[str, Any], explorer: Any) -> dict[str, Any]:
    fields = {name: entry[name] for name in ("number", "text")}
    try:
        return {**fields, "done": bool(task.reached(explorer))}
    except Exception as error:
        why = f"The condition of this task failed with {type(error).__name__}: {error}"
        return {**fields, "done": False, "error": why}
