"""Write a slide for each lesson: its question, and its answer with a picture, which unfolds.

The page is for the projector. Its words and pictures are those of the lessons; the choices are
those of the first prediction, so that a class can vote by letters. It needs no server and no
network.
"""

import argparse
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedlab.cli.errors import CliError
from embedlab.cli.export import explorer
from embedlab.cli.offline import OfflinePage, pages

__all__ = ["add", "run", "slides"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab slides`."""
    parser.add_argument("output", type=Path, metavar="FILE.html", help="file to write")
    parser.add_argument("lesson", nargs="*", metavar="LESSON", help="such as 01; all if none")


def run(args: argparse.Namespace) -> int:
    """Write the file, and say how many slides it has."""
    from embedlab.storage.atomic import atomic_write

    text = slides(args.lesson)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(args.output) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    size = args.output.stat().st_size / 1000
    print(f"{args.output}: {text.count('<section')} slides, {size:.0f} kB")
    return 0


def slides(lessons: Sequence[str] = ()) -> str:
    """Return a page with one slide for each of these lessons that asks a prediction.

    Parameters
    ----------
    lessons : sequence of str
        Their numbers; by default all.

    Returns
    -------
    str
        HTML. Page Down and Page Up go from slide to slide; a link on each leads to the next.

    Raises
    ------
    CliError
        When there is no such lesson, or none of them asks a prediction.

    Examples
    --------
    >>> page = slides(["1"])
    >>> page.count("<section"), "What does the layer really compute?" in page
    (1, True)
    """
    from embedlab.lessons.classroom.html_page import page
    from embedlab.lessons.grading.check import all_items

    questions = all_items("QUESTIONS")
    parts = [
        (part, questions[f"{part.notebook.name[:2]}.predict"])
        for part in pages(lessons, solution=True)
        if f"{part.notebook.name[:2]}.predict" in questions
    ]
    if not parts:
        raise CliError(
            "slides need a lesson that asks a prediction. "
            f"Received only {', '.join(lessons)}. Name another, such as 01, or none for all."
        )
    body = "".join(
        _slide(part, question, number, len(parts))
        for number, (part, question) in enumerate(parts, 1)
    )
    return page("embedlab, a slide for each lesson", body, images=True)


def _slide(part: OfflinePage, question: Any, number: int, total: int) -> str:
    from nbconvert.filters import markdown2html

    from embedlab.lessons.classroom.html_page import inline_markdown
    from embedlab.lessons.notebook_files import title

    cells = json.loads(part.notebook.read_text("utf-8"))["cells"]
    situation = _section(cells, "The question")
    paragraphs = re.split(r"\n\s*\n", situation)
    main = re.search(r"\*\*([^*]+\?)\*\*", situation)
    main_question = (
        f'<p class="main">{inline_markdown(" ".join(main[1].split()))}</p>' if main else ""
    )
    summary = "\n".join(
        re.findall(r"^- .+(?:\n .+)*", _section(cells, "What we know now"), flags=re.M)
    )
    choices = "".join(
        f"<li><b>{letter}</b> <span>{inline_markdown(choice.text)}</span></li>"
        for letter, choice in question.choices.items()
    )
    right = question.choices[question.correct]
    onward = f'<a href="#slide-{number + 1}">Next</a>' if number < total else ""
    return (
        f'<section class="slide" id="slide-{number}">'
        f'<header><p class="eyebrow">{number} of {total}</p>'
        f"<h1>{inline_markdown(title(part.notebook))}</h1></header>"
        f'<div class="asks">{markdown2html(paragraphs[0])}'
        f"{main_question}"
        f"<p>{inline_markdown(question.text)}</p><ol>{choices}</ol></div>"
        f"<details><summary>Answer</summary>{_picture(cells, part.views)}"
        f"<p><b>{question.correct}</b> {inline_markdown(right.text)}</p>"
        f"<p>{inline_markdown(right.feedback)}</p>"
        f"{markdown2html(summary)}</details><nav>{onward}</nav></section>"
    )


def _section(cells: list[dict[str, Any]], heading: str) -> str:
    """Return the text under a heading, up to the next one or to the next cell of code."""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and f"## {heading}\n" in source:
            return re.split(r"^## ", source.partition(f"## {heading}\n")[2], flags=re.M)[0].strip()
    return ""


def _picture(cells: list[dict[str, Any]], views: Sequence[str]) -> str:
    """Return the first picture that the lesson shows, else that of its first view as it opens."""
    saved = [output for cell in cells for output in cell.get("outputs", [])]
    outputs = [(output.get("data", {}), output.get("metadata", {})) for output in saved]
    if views:
        outputs.append(explorer(views[0])._repr_mimebundle_())
    for data, metadata in outputs:
        if "image/png" in data:
            png = "".join(data["image/png"].split())
            alt = metadata["image/png"]["alt"]
            source = f"data:image/png;base64,{png}"
            return f'<figure><img src="{source}" alt="{html.escape(alt)}"></figure>'
    return ""
