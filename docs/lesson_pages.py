"""The lessons on the site: learners' notebooks, run, with live views where a cell shows one.

What a cell prints is folded, because it may answer the question above it. The notebooks come from
notebooks/source through notebooks/build.py, as those in the repository do.
"""

import importlib.util
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat import NotebookNode

__all__ = ["load_builder", "write_lessons"]

DOCS = Path(__file__).resolve().parent
NOTEBOOKS = DOCS.parent / "notebooks"
AT_ONCE = 2  # kernels that run side by side
NOTE = (
    "*You read this lesson as it was run once: the views are live, and what a cell prints "
    "unfolds. To run the cells and have your answers checked, [open it in JupyterLab](index.md).*"
)


def load_builder() -> ModuleType:
    """Return notebooks/build.py as a module."""
    spec = importlib.util.spec_from_file_location("build_notebooks", NOTEBOOKS / "build.py")
    assert spec and spec.loader
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    return builder


def write_lessons(
    folder: Path, executed: Path, site: Path, only: Collection[str] | None = None
) -> None:
    """Run every lesson, two at a time.

    Parameters
    ----------
    folder : pathlib.Path
        For the notebooks as the site shows them, and their index.
    executed : pathlib.Path
        For the notebooks as they were run.
    site : pathlib.Path
        For their views.
    only : collection of str, optional
        Numbers of lessons: the others are not run, and their pages show no view.
    """
    for one in (folder, executed):
        one.mkdir(parents=True, exist_ok=True)
    build = load_builder()
    sources = sorted(build.SOURCE.glob("[0-9][0-9]_*.md"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        notebooks = pool.map(
            lambda source: (
                run_lesson(source, site, build)
                if only is None or source.stem[:2] in only
                else build.parse(source, solution=False)
            ),
            sources,
        )
        for source, notebook in zip(sources, notebooks, strict=True):
            name = f"{source.stem}.ipynb"
            (executed / name).write_text(nbformat.writes(notebook), encoding="utf-8")
            (folder / name).write_text(nbformat.writes(readable(notebook, build)), encoding="utf-8")
    listed = "\n".join(source.stem for source in sources)
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        index.write(f"\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n")


def run_lesson(source: Path, site: Path, build: Any) -> NotebookNode:
    """Run a learner's notebook; an error that the lesson does not announce ends the build."""
    notebook = build.parse(source, solution=False)
    frames = (
        f"import sys\nsys.path.insert(0, {str(DOCS)!r})\n"
        f"from pathlib import Path\nfrom live_views import write_into\n"
        f"write_into(Path({str(site)!r}), {source.stem!r})"
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(frames))
    build.run(notebook)
    del notebook.cells[0]
    return notebook


def readable(notebook: NotebookNode, build: Any) -> NotebookNode:
    """Return a notebook that was run as the site shows it.

    Of a view only its frame is left. Other outputs are folded, but for the text of a question.
    """
    notebook = nbformat.reads(build.publish(notebook, solution=True), 4)
    for cell in notebook.cells:
        outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
        live = any("text/html" in data for data in outputs)
        for data in outputs:
            if "text/html" in data:
                data.pop("image/png", None)
        if outputs and not live and not cell.source.startswith("answer("):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-output"]
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(NOTE))
    return notebook
