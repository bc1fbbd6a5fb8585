"""The lessons' views in a real JupyterLab on a small laptop, with its sidebar open and closed.

One notebook has of each lesson the code up to its last view: JupyterLab, a kernel and the imports
take longer than all that is measured. `pytest -s` prints the table of heights.
"""

import re
from itertools import product

import nbformat
import pytest
from jupyter import COUNTS, NOTEBOOKS, READY, serving
from view_cases import THOROUGH

pytestmark = pytest.mark.slow
HIGHEST = 660
WINDOWS = ((1280, 800), (1366, 768))
LESSONS = {"07": {"lora"}}  # and the views that each shows
if THOROUGH:  # JupyterLab is slow; test_desk.py measures every view in a plain page
    LESSONS |= {"01": {"lookup"}, "03": {"gradient"}, "04": {"mask"}, "06": {"window", "training"}}
    LESSONS |= {"08": {"quantize"}, "13": {"geometry"}, "14": {"shard"}}
SHOWS = re.compile(r"Explorer\(|^explorer$", re.MULTILINE)
ASIDE = ("answer(", "check(", "reveal(")  # they change no view
SIDEBAR = "(open) => window.jupyterapp.shell[open ? 'expandLeft' : 'collapseLeft']()"
MEASURE = """async () => {
  const LIVE = "application/vnd.jupyter.widget-view+json";
  const { content } = window.jupyterapp.shell.currentWidget;
  const frames = async (n) => { while (n--) await new Promise(requestAnimationFrame); };
  const until = async (done) => { for (let n = 0; n < 6000 && !done(); n++) await frames(1); };
  const rows = [];
  for (const [i, cell] of content.widgets.entries()) {
    if (!cell.model.outputs?.toJSON().some(({ data }) => data?.[LIVE])) continue;
    if (!cell.model.getMetadata("shows")) continue;
    await content.scrollToItem(i, "start");
    await until(() => cell.node.querySelector(".embedlab header"));
    for (const view of cell.node.querySelectorAll(".embedlab")) {
      const pane = content.node.querySelector(".jp-WindowedPanel-outer");
      const top = () => view.getBoundingClientRect().top - pane.getBoundingClientRect().top;
      const asked = () => view.querySelector("section.predict") !== null;
      for (const button of ["predict:done", "top:predict"]) {  // shown, and asked again
        for (let n = 0, still = 0; n < 60 && still < 4; n++) {  // near cells are laid out
          const before = top();
          view.scrollIntoView({ block: "start" });
          await frames(2);
          still = top() === before ? still + 1 : 0;
        }
        const page = pane.getBoundingClientRect();
        const seen = (e) => {
          const { top, bottom, left, right } = e.getBoundingClientRect();
          const rows = top >= page.top - 1 && bottom <= page.bottom + 1;
          return rows && left >= page.left - 1 && right <= page.right + 1;
        };
        const { width, height } = view.getBoundingClientRect();
        const used = [...view.querySelectorAll(".left > *, .predict, .figure, .narration")];
        rows.push({
          lesson: cell.model.getMetadata("lesson"),
          name: /view-(\\w+)/.exec(view.className)[1],
          state: asked() ? "asked" : "shown",
          width: Math.round(width),
          height: Math.ceil(height),
          pane: Math.round(page.height),
          parts: used.length,
          seen: used.filter(seen).length,
        });
        const before = asked();
        view.querySelector(`[data-place="${before ? "predict:done" : "top:predict"}"]`).click();
        await until(() => asked() !== before);
      }
    }
  }
  return rows;
}"""


def views_of_all_lessons():
    """Return a notebook with the code of each lesson as far as it shows views."""
    cells = []
    for lesson in LESSONS:
        (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
        notebook = nbformat.read(path, 4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        last = max(n for n, cell in enumerate(code) if SHOWS.search(cell.source))
        for cell in code[: last + 1]:
            if not cell.source.startswith(ASIDE):
                cell.metadata |= {"lesson": lesson, "shows": bool(SHOWS.search(cell.source))}
                cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


@pytest.fixture
def page(browser, tmp_path):
    nbformat.write(views_of_all_lessons(), tmp_path / "00_views.ipynb")
    with serving("jupyterlab", tmp_path, tmp_path) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/lab/tree/00_views.ipynb")
        page.wait_for_function("window.jupyterapp !== undefined")
        page.evaluate(READY)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        done = f"({COUNTS})().every((count) => count !== null)"
        page.wait_for_function(done, timeout=300_000)
        yield page
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        context.close()


def test_views_fit_into_the_notebook_of_a_small_laptop(page):
    measured = []
    sidebars = (True, False) if THOROUGH else (True,)  # open, it leaves a view less room
    for (width, height), sidebar in product(WINDOWS, sidebars):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SIDEBAR, sidebar)
        where = f"{width} × {height}, sidebar {'open' if sidebar else 'closed'}"
        rows = page.evaluate(MEASURE)
        for row in rows:
            print(where, *row.values(), sep=" | ")
        for lesson, views in LESSONS.items():
            seen = {(row["name"], row["state"]) for row in rows if row["lesson"] == lesson}
            assert seen == set(product(views, ("asked", "shown"))), (where, lesson)
        measured += [(where, row) for row in rows]
    for where, row in measured:
        assert row["height"] <= min(HIGHEST, row["pane"] + 1), (where, row)
        assert row["seen"] == row["parts"] >= 3, (where, row)
