"""The folder of the built notebooks: inside an installed package, or beside it in a checkout."""

import json
import re
from pathlib import Path

__all__ = ["LessonError", "find_notebook", "notebook_dir", "notebooks", "title"]

_HERE = Path(__file__).resolve().parent


class LessonError(LookupError):
    """There is no such lesson, or there are no lessons at all."""


def notebook_dir() -> Path:
    """Return the folder of the built notebooks.

    Returns
    -------
    pathlib.Path
        It holds the learner notebooks `NN_name.ipynb` and the folder `solutions`.

    Raises
    ------
    LessonError
        When this installation carries no lessons.

    Examples
    --------
    >>> notebook_dir().is_dir()
    True
    """
    for place in (_HERE / "notebooks", _HERE.parents[1] / "notebooks"):
        if place.is_dir():
            return place
    raise LessonError(
        "the lessons must lie inside the package or beside it. Received an installation without "
        "them. Install embedlab again, or work in a clone of its repository."
    )


def notebooks() -> dict[str, Path]:
    """Return the learner notebooks by their number, in order.

    Returns
    -------
    dict
        `{"00": Path, "01": Path, ...}`; empty before the notebooks are built.

    Examples
    --------
    >>> all(path.name.startswith(number) for number, path in notebooks().items())
    True
    """
    paths = sorted(notebook_dir().glob("[0-9][0-9]*.ipynb"))
    return {path.name.partition("_")[0]: path for path in paths}


def find_notebook(lesson: str, *, solution: bool = False) -> Path:
    """Return the notebook of one lesson, by its number or its name.

    Parameters
    ----------
    lesson : str
        "1", "01" or "01_lookup".
    solution : bool
        Give the notebook with the answers instead.

    Raises
    ------
    LessonError
        When there is no such lesson, with the lessons there are.

    Examples
    --------
    >>> find_notebook("what is this")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.lessons.notebook_files.LessonError: a lesson ...
    """
    known = notebooks()
    expected = re.sub(r"\.ipynb$", "", str(lesson))
    number = expected.zfill(2) if expected.isdigit() else expected
    path = known.get(number) or {p.stem: p for p in known.values()}.get(expected)
    if path is not None and solution:
        path = path.parent / "solutions" / path.name
    if path is None or not path.is_file():
        raise LessonError(
            f"a lesson is named by its number, one of {', '.join(known) or 'none so far'}. "
            f"Received {str(lesson)!r:.60}. Choose one of these, for example 01."
        )
    return path


def title(notebook: Path) -> str:
    """Return the heading of a notebook.

    Parameters
    ----------
    notebook : pathlib.Path

    Returns
    -------
    str
        Its first line without the #; the file's name where it does not begin with a heading.

    Examples
    --------
    >>> title(find_notebook("01"))
    '01 · Lookup and matmul'
    """
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    first = "".join(cells[0]["source"]).partition("\n")[0] if cells else ""
    return first[2:].strip() if first.startswith("# ") else notebook.stem
