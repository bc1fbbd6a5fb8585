"""Build and run the notebooks: `python notebooks/build.py`, or with --check only compare.

One MyST Markdown file in notebooks/source gives two notebooks: the learner's, in which cells tagged
`exercise` are stubs, and the one in solutions/, in which cells tagged `solution` replace them.

The solution is run from top to bottom, and its outputs are kept as text and small pictures. The
learner's notebook is delivered without outputs, because they would show the answers before the
question. Only a cell tagged `still` keeps the picture of its view. The output of a cell tagged
`unsaved` describes the machine it ran on and is kept nowhere.

The tasks of a lesson that gives them to a view (`tasks("01")`) are copied into task_texts.json.
"""

import argparse
import base64
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import numpy as np
from matplotlib.image import imread
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
TASK_TEXTS = HERE.parent / "embedlab" / "lessons" / "task_texts.json"
MOST_PICTURE, MOST_NOTEBOOK = 40_000, 250_000
SECONDS, WIDGET_SECONDS = 300, 30
OWN_TEXT = "nbval-ignore-output"
STILL, UNSAVED = "still", "unsaved"
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},  # no version: it would differ from machine to machine
}


class BuildError(Exception):
    """A lesson that must not be published so."""


def parse(source: Path, *, solution: bool) -> NotebookNode:
    """Return the notebook of a source file, not run yet; cell ids are the lesson and a number."""
    notebook = jupytext.read(source, fmt="md:myst")
    lesson = source.stem.partition("_")[0]
    drop = "exercise" if solution else "solution"
    cells = []
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{lesson}-{number:02d}"
        if drop not in cell.metadata.get("tags", []):
            cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def seconds(cell: NotebookNode) -> int:
    """Return the seconds that a cell may take.

    What `interact` prints makes the client answer the kernel while it waits for it. Now and then it
    then overlooks that the kernel is done, and looks again only when the time is up.
    """
    return WIDGET_SECONDS if "interact" in cell.source else SECONDS


def run(notebook: NotebookNode) -> None:
    """Run it from top to bottom, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout_func=seconds,
            kernel_name="python3",
            store_widget_state=True,  # `interact` needs it; what it leaves is thrown away
            record_timing=False,
            coalesce_streams=True,  # where a busy machine cut the printed lines in two
            resources={"metadata": {"path": folder}},
            extra_arguments=[
                "--log-level=ERROR"
            ],  # it warns that the kernel listens on this machine
        )
        client.execute()


def needs_run(notebook: NotebookNode, *, solution: bool) -> bool:
    """Return whether outputs are kept: all of a solution, the learner's still pictures."""
    return solution or any(STILL in _tags(cell) for cell in notebook.cells)


def publish(notebook: NotebookNode, *, solution: bool) -> str:
    """Return the file of a notebook: with the outputs that are kept, the same everywhere."""
    notebook.metadata = nbformat.from_dict(METADATA)  # no widgets: they hide the still pictures
    for cell in notebook.cells:
        if UNSAVED in _tags(cell):
            cell.outputs = []
        for output in cell.get("outputs", []):
            _tidy(output, cell.id)
        if cell.cell_type == "code" and not solution and STILL not in _tags(cell):
            cell.outputs, cell.execution_count = [], None  # nbval wants both or none
    written: str = nbformat.writes(notebook)
    if len(written.encode()) > MOST_NOTEBOOK:
        raise BuildError(f"{len(written.encode())} bytes, more than 250 kB")
    return written + "\n"


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _tidy(output: NotebookNode, where: str) -> None:
    if output.output_type == "error":  # the rest of a traceback names folders of this machine
        output.traceback = [f"{output.ename}: {output.evalue}"]
    elif output.output_type == "stream":
        if output.name == "stderr":
            raise BuildError(f"cell {where} writes to stderr: {output.text:.300}")
    else:
        output.data.pop(WIDGET, None)  # a live view of another kernel cannot be shown
        picture = len(base64.b64decode(output.data.get("image/png", "")))
        if picture > MOST_PICTURE:
            raise BuildError(f"cell {where}: a picture of {picture} bytes, more than 40 kB")
        if "text/plain" not in output.data:
            raise BuildError(f"cell {where}: an output without text/plain")


def difference(built: str, committed: str) -> str | None:
    """Return where two notebooks differ, or None. Pictures may differ by less than the eye sees.

    Outputs of a cell tagged `nbval-ignore-output` may be others: nbval leaves them alone too.
    """
    ours, theirs = json.loads(built), json.loads(committed)
    if {**ours, "cells": 0} != {**theirs, "cells": 0}:
        return "the notebook's metadata"
    if len(ours["cells"]) != len(theirs["cells"]):
        return f"{len(theirs['cells'])} cells instead of {len(ours['cells'])}"
    for our_cell, their_cell in zip(ours["cells"], theirs["cells"], strict=True):
        if OWN_TEXT in our_cell["metadata"].get("tags", []):
            our_cell["outputs"] = their_cell[
                "outputs"
            ] = []  # of a text that differs from Python to Python
        pictures = [list(_pictures(cell)) for cell in (our_cell, their_cell)]
        if our_cell != their_cell:  # without their pictures
            return f"cell {our_cell['id']}"
        if not all(_alike(a, b) for a, b in zip(*pictures, strict=True)):
            return f"a picture of cell {our_cell['id']}"
    return None


def _pictures(cell: dict[str, Any]) -> Iterator[bytes]:
    """Take the pictures out of a cell and give them."""
    for output in cell.get("outputs", []):
        picture = output.get("data", {}).get("image/png")
        if picture is not None:
            output["data"]["image/png"] = "taken out"
            yield base64.b64decode(picture)


def _alike(one: bytes, other: bytes) -> bool:
    """Compare what is seen: another version of a font library moves a few gray pixels."""
    if one == other:
        return True
    a, b = (imread(io.BytesIO(picture), format="png") for picture in (one, other))
    return a.shape == b.shape and float(np.abs(a - b).mean()) < 0.01


def task_texts(source: str, lesson: str) -> dict[str, str]:
    """Return the tasks of a lesson's "Explore" by their numbers, each in one line.

    A last sentence that ends in a colon leads to a cell of the lesson, and is left out.
    """
    if f'tasks("{lesson}"' not in source:
        return {}
    _, _, explore = source.partition("\n## Explore\n")
    explore, _, _ = explore.partition("\n## ")
    tasks = re.findall(r"^\*\*(\d)\. (.+?)(?=\n\n|\n```)", explore, re.M | re.S)
    lines = {number: f"**{' '.join(text.split())}" for number, text in tasks}
    return {number: re.sub(r" [A-Z][^.?!]*:$", "", line) for number, line in lines.items()}


def write_task_texts(names: list[str], *, check: bool) -> bool:
    """Bring task_texts.json up to date with the lessons named; return whether it was not."""
    if not TASK_TEXTS.parent.is_dir():  # a copy of this folder alone
        return False
    old = json.loads(TASK_TEXTS.read_text("utf-8")) if TASK_TEXTS.is_file() else {}
    new = dict(old)
    for source in {source for source, _, _ in targets(names)}:
        lesson = source.stem.partition("_")[0]
        new[lesson] = task_texts(source.read_text("utf-8"), lesson)
    new = {lesson: texts for lesson, texts in sorted(new.items()) if texts}
    if new == old:
        return False
    if check:
        print(f"{TASK_TEXTS.name} is not what the lessons say. Run: make notebooks")
    else:
        TASK_TEXTS.write_text(json.dumps(new, ensure_ascii=False, indent=1) + "\n", "utf-8")
        print(f"{TASK_TEXTS.name}: written")
    return True


def targets(names: list[str]) -> Iterator[tuple[Path, Path, bool]]:
    """Return (source, target, whether it is the solution), the last lesson first.

    Lesson 00 looks whether the lessons are there, so it comes last.
    """
    for source in sorted(SOURCE.glob("[0-9][0-9]_*.md"), reverse=True):
        if not names or source.stem.partition("_")[0] in names or source.stem in names:
            yield source, HERE / "solutions" / f"{source.stem}.ipynb", True
            yield source, HERE / f"{source.stem}.ipynb", False


def main() -> int:
    """Build, or compare; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lesson", nargs="*", help="01 or 01_lookup; all if none is named")
    parser.add_argument("--check", action="store_true", help="only say what is not up to date")
    args = parser.parse_args()
    stale = int(write_task_texts(args.lesson, check=args.check) and args.check)
    for source, target, solution in targets(args.lesson):
        name = target.relative_to(HERE)
        try:
            notebook = parse(source, solution=solution)
            if needs_run(notebook, solution=solution):
                run(notebook)
            built = publish(notebook, solution=solution)
        except BuildError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        committed = target.read_text("utf-8") if target.is_file() else None
        what = "it is not there" if committed is None else difference(built, committed)
        if args.check and what:
            print(f"{name} is not what its source gives: {what}. Run: make notebooks")
            stale += 1
        elif what:
            target.parent.mkdir(exist_ok=True)
            target.write_text(built, "utf-8")
            print(f"{name}: written, {len(built.encode()) / 1000:.0f} kB")
        else:
            print(f"{name}: up to date")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
