"""Live views of the site: an exported page in a frame, and its still picture for print.

A lesson of the site is run with `write_into`: an explorer that a cell shows is then exported into
the site, and the cell's output is the frame.
"""

import base64
import html
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.registry import explorer_class

__all__ = ["HEIGHT", "export", "frame", "setup", "write_into"]

HEIGHT = 674  # px until the page in the frame says its own: that of a view at a desk


def export(explorer: Explorer, folder: Path, name: str) -> None:
    """Write the page of a view and, where it does not answer its question, the still picture."""
    folder.mkdir(parents=True, exist_ok=True)
    explorer.export_html(folder / f"{name}.html")
    if not explorer.ask:
        data, _ = explorer._repr_mimebundle_()  # it draws nothing that the page has drawn
        (folder / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))


def frame(
    explorer: Explorer, name: str, *, root: str, number: int = 0, loading: str = "lazy"
) -> str:
    """Return the HTML of the frame of an exported view.

    Parameters
    ----------
    explorer : Explorer
    name : str
        As it was exported.
    root : str
        The way from the page to the folder of the site, such as "../".
    number : int
        Which view of the page this is; two frames of a page must not have one title. 0 for the
        only one.
    loading : str
        "eager" for a view that the reader sees first.
    """
    question = html.escape(explorer.QUESTION)
    title = f"Live view {number}: {question}" if number else f"Live view: {question}"
    still = "" if explorer.ask else _still(explorer, f"{root}views/{name}.png")
    return (
        f'<figure class="live-view"><iframe src="{root}views/{name}.html" name="{name}" '
        f'title="{title}" loading="{loading}" height="{HEIGHT}"></iframe>{still}'
        f'<figcaption><a href="{root}views/{name}.html">Open this view alone</a></figcaption>'
        "</figure>"
    )


def _still(explorer: Explorer, source: str) -> str:
    alt = html.escape(" ".join(explorer.trace.alt.split()))
    return f'<img class="printed" src="{source}" alt="{alt}" loading="lazy">'


def write_into(site: Path, page: str) -> None:
    """Show the explorers of this kernel as frames from now on.

    Parameters
    ----------
    site : pathlib.Path
        What is copied into the site as it is.
    page : str
        The name of the lesson, which the names of its views begin with.
    """
    from IPython import get_ipython
    from ipywidgets import Box

    shown: list[str] = []

    def in_frame(explorer: Explorer) -> str:
        shown.append(f"{page}-{len(shown) + 1}")
        export(explorer, site / "views", shown[-1])
        return frame(explorer, shown[-1], root="../", number=len(shown))

    def of_box(box: Box) -> str | None:
        views = [child for child in box.children if isinstance(child, Explorer)]
        return "".join(map(in_frame, views)) or None

    shell: Any = get_ipython()
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type(Explorer, in_frame)
    formatter.for_type(Box, of_box)


class LiveView(SphinxDirective):
    """The view of this name, loaded with the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the frame."""
        view = self.arguments[0]
        root = "../" * self.env.docname.count("/")
        text = frame(explorer_class(view)(), view, root=root, loading="eager")
        return [nodes.raw("", text, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known to Sphinx."""
    app.add_directive("live-view", LiveView)
    return {"parallel_read_safe": True}
