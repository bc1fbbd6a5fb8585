"""Write lessons and views as pages for a classroom without a network.

They are the named lessons, or all; the views in them; and for each belief that they meet the view
that refutes it. An index.html leads to each. Every page is one file that needs no server, no
network and no Python.
"""

import argparse
import html
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from embedlab.cli.errors import CliError
from embedlab.cli.export import explorer, export_lesson
from embedlab.cli.preset import preset

__all__ = ["OfflinePage", "add", "build_offline_folder", "pages", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab pack`."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder to write")
    parser.add_argument("lesson", nargs="*", metavar="LESSON", help="such as 01; all if none")
    parser.add_argument("--solution", action="store_true", help="the lessons with their answers")


def run(args: argparse.Namespace) -> int:
    """Fill the folder, and say of each page how large it is."""
    sizes = []
    for page in build_offline_folder(args.folder, args.lesson, solution=args.solution):
        sizes.append(page.stat().st_size / 1000)
        print(f"{page}: {sizes[-1]:.0f} kB", flush=True)
    print(f"{len(sizes)} pages, {sum(sizes) / 1000:.1f} MB. Open {args.folder / 'index.html'}")
    return 0


Thing = TypeVar("Thing")


@dataclass(frozen=True)
class OfflinePage:
    """The parts of one lesson: its notebook, the views in it, and the misconceptions it meets."""

    notebook: Path
    views: tuple[str, ...]
    beliefs: tuple[str, ...]


def build_offline_folder(
    folder: Path, lessons: Sequence[str] = (), *, solution: bool = False
) -> Iterator[Path]:
    """Write every page of these lessons and an index, and give each as soon as it is there.

    Parameters
    ----------
    folder : pathlib.Path
        Made when it is not there. Pages of the same names are written anew.
    lessons : sequence of str
        Their numbers; by default all.
    solution : bool
        The lessons with their answers.

    Yields
    ------
    pathlib.Path
        `01_lookup.html` for a lesson, `lookup.html` for a view, `M2.html` for a belief, and last
        `index.html`.

    Raises
    ------
    Stop
        Before anything is written, when there is no such lesson.
    """
    from embedlab.storage.atomic import atomic_write

    selected = pages(lessons, solution=solution)
    folder.mkdir(parents=True, exist_ok=True)
    here = {part.notebook.stem for part in selected}
    for part in selected:
        page = folder / f"{part.notebook.stem}.html"
        export_lesson(part.notebook, page)
        linked = _linked(page.read_text("utf-8"), here)
        with atomic_write(page) as temporary:
            temporary.write_text(linked, encoding="utf-8", newline="\n")
        yield page
    for view in _once(view for part in selected for view in part.views):
        yield explorer(view).export_html(folder / f"{view}.html")
    for belief in _once(belief for part in selected for belief in part.beliefs):
        state = preset(belief)
        yield explorer(state["view"], **state["params"]).export_html(folder / f"{belief}.html")
    index = folder / "index.html"
    with atomic_write(index) as temporary:
        temporary.write_text(_index(selected), encoding="utf-8", newline="\n")
    yield index


def pages(lessons: Sequence[str] = (), *, solution: bool = False) -> list[OfflinePage]:
    """Return the parts of lessons, in the order they are named; by default of all.

    Examples
    --------
    >>> first = pages(["1"])[0]
    >>> first.notebook.name, first.views, first.beliefs
    ('01_lookup.ipynb', ('lookup',), ('M1', 'M2', 'M3'))
    """
    from embedlab.lessons.notebook_files import LessonError, find_notebook
    from embedlab.lessons.notebook_files import notebooks as known

    try:
        notebooks = [find_notebook(lesson, solution=solution) for lesson in lessons or known()]
    except LessonError as error:
        raise CliError(str(error)) from None
    return [OfflinePage(path, _views(path), _beliefs(path.name[:2])) for path in _once(notebooks)]


def _views(notebook: Path) -> tuple[str, ...]:
    """Return the views that a notebook opens, in its order."""
    from embedlab.explorers.explorer import available_views
    from embedlab.explorers.registry import explorer_class

    classes = {explorer_class(view).__name__: view for view in available_views()}
    named = re.findall(r"\b\w+Explorer\b", notebook.read_text("utf-8"))
    return tuple(classes[name] for name in _once(named) if name in classes)


def _beliefs(lesson: str) -> tuple[str, ...]:
    """Return the beliefs that the questions of a lesson can show."""
    from embedlab.lessons.grading.check import all_items

    used = {
        choice.misconception
        for name, question in all_items("QUESTIONS").items()
        if name.startswith(f"{lesson}.")
        for choice in question.choices.values()
        if choice.misconception
    }
    return tuple(sorted(used, key=lambda belief: int(belief[1:])))


def _linked(page: str, here: Container[str]) -> str:
    """Lead from lesson to lesson inside the folder; a link to one that is not there is words."""
    return re.sub(
        r'<a href="(\d\d_\w+)\.ipynb">(.*?)</a>',
        lambda link: f'<a href="{link[1]}.html">{link[2]}</a>' if link[1] in here else link[2],
        page,
        flags=re.DOTALL,
    )


def _once(things: Iterable[Thing]) -> list[Thing]:
    return list(dict.fromkeys(things))


def _index(selected: Sequence[OfflinePage]) -> str:
    from embedlab.explorers.registry import explorer_class
    from embedlab.lessons.classroom.html_page import inline_markdown, page
    from embedlab.lessons.misconceptions import misconception
    from embedlab.lessons.notebook_files import title

    boxes = []
    for part in selected:
        lesson = html.escape(part.notebook.stem)
        links = [
            *(("view", view, explorer_class(view).QUESTION) for view in part.views),
            *(("belief", id, f"“{misconception(id).belief}”") for id in part.beliefs),
        ]
        listed = "".join(
            f'<li><span class="tag {kind}">{"view" if kind == "view" else name}</span> '
            f'<a href="{name}.html">{inline_markdown(words)}</a></li>'
            for kind, name, words in links
        )
        boxes.append(
            f'<article class="box asked"><h2><a href="{lesson}.html">'
            f"{inline_markdown(title(part.notebook))}</a></h2><ul "
            f'class="pack">{listed}</ul></article>'
        )
    return page(
        "embedlab without a network",
        '<header><p class="eyebrow">embedlab</p><h1>Lessons and views without a network</h1>'
        '<p class="lead">Each page is one file: it needs no server, no network and no Python. '
        "In a view you can point, step, predict and read every number; a text of your own, or "
        "another layer, needs Python. Behind each belief stands the view that refutes it.</p>"
        f'</header><section class="boxes packed" aria-label="Lessons">{"".join(boxes)}</section>',
    )
