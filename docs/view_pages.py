"""The gallery: a card for each view, and a page with the live view and its presets.

Questions and stories are those of the explorers, presets those of the misconceptions.
"""

import html
from pathlib import Path

from live_views import export, frame

from embedlab.cli.offline import pages
from embedlab.explorers.explorer import Explorer, available_views
from embedlab.explorers.registry import explorer_class
from embedlab.figures.png import png
from embedlab.lessons.misconceptions import MISCONCEPTIONS, Misconception
from embedlab.lessons.notebook_files import title

__all__ = ["views_in_order", "write_gallery"]


def views_in_order() -> list[str]:
    """Return the names of all views, in the order in which the lessons use them."""
    used = [view for lesson in pages() for view in lesson.views if lesson.notebook.name > "01"]
    return list(dict.fromkeys([*used, *available_views()]))


def write_gallery(source: Path, site: Path) -> None:
    """Write the pages of the gallery into `source`, and the views they show into `site`."""
    folder = source / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    views = views_in_order()
    cards = []
    for view in views:
        explorer = explorer_class(view)()
        export(explorer, site / "views", view)
        (site / "views" / f"{view}-dark.png").write_bytes(png(explorer.figure(dark=True)))
        (folder / f"{view}.md").write_text(_page(view, explorer, site), encoding="utf-8")
        cards.append(_card(view, explorer))
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        listed = "\n".join(views)
        index.write(
            f'\n<div class="view-cards">\n{"".join(cards)}</div>\n'
            f"\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
        )


def _story(explorer: Explorer) -> str:
    """Return the first paragraph of the docstring of an explorer's class."""
    written = explorer_class(explorer.VIEW).__doc__ or ""
    return " ".join(written.partition("\n\n")[0].split())


def _card(view: str, explorer: Explorer) -> str:
    stills = "".join(
        f'<img class="only-{theme}" src="../views/{view}{suffix}.png" alt="" loading="lazy">'
        for theme, suffix in (("light", ""), ("dark", "-dark"))
    )
    return (
        f'<a class="view-card" href="{view}.html"><span>{stills}</span>'
        f"<strong>{html.escape(explorer.QUESTION)}</strong>"
        f"<em>{html.escape(_story(explorer))}</em></a>\n"
    )


def _page(view: str, explorer: Explorer, site: Path) -> str:
    name = type(explorer).__name__
    presets = [one for one in MISCONCEPTIONS.values() if one.preset["view"] == view]
    lessons = [
        f"[{title(lesson.notebook)}](../lessons/{lesson.notebook.name})"
        for lesson in pages()
        if view in lesson.views
    ]
    parts = [f"# {explorer.QUESTION}", _story(explorer), frame(explorer, view, root="../")]
    if presets:
        parts += [
            "## Presets",
            "Each opens in the view above. It shows what speaks against a belief that many people "
            "hold.",
            *(_preset(view, one, site) for one in presets),
        ]
    parts += [
        "## In Python",
        f"```python\nfrom embedlab import {name}\n\n{name}()\n```",
        f"{{py:class}}`~embedlab.explorers.{name}` lists its parameters.",
    ]
    if lessons:
        parts += ["## In the lessons", "\n".join(f"- {lesson}" for lesson in lessons)]
    return "\n\n".join(parts) + "\n"


def _preset(view: str, belief: Misconception, site: Path) -> str:
    params = dict(belief.preset["params"])
    export(explorer_class(view)(**params), site / "views", belief.id)
    return (
        f'<p class="preset"><a href="../views/{belief.id}.html" target="{view}">'
        f"{html.escape(belief.id)}: “{html.escape(belief.belief)}”</a><br>"
        f"{html.escape(belief.look)}</p>"
    )
