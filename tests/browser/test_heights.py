"""The lessons' views in a real JupyterLab on a small laptop, with its sidebar open and closed.

`pytest -s` prints the table of heights.
"""

from itertools import product

import pytest
from jupyter import NOTEBOOKS, READY, serving

pytestmark = pytest.mark.slow
HIGHEST = 660
WINDOWS = ((1280, 800), (1366, 768))
LESSONS = {  # and the views that each shows
    "01": {"lookup"},
    "03": {"gradient"},
    "04": {"mask"},
    "06": {"window", "training"},
    "07": {"lora"},
    "08": {"quantize"},
    "10": {"window", "geometry"},
}
OPEN = """async (path) => {
  const { commands, restored, shell } = window.jupyterapp;
  await restored;
  const notebook = await commands.execute("docmanager:open", { path });
  shell.activateById(notebook.id);
  while (shell.currentWidget !== notebook) await new Promise(requestAnimationFrame);
}"""
CLOSE = """async () => {
  const { commands, shell } = window.jupyterapp;
  await commands.execute("docmanager:save");  // no question on closing
  await shell.currentWidget.sessionContext.shutdown();
  shell.currentWidget.dispose();
}"""
SIDEBAR = "(open) => window.jupyterapp.shell[open ? 'expandLeft' : 'collapseLeft']()"
PRESS = """(button) => {
    for (const b of document.querySelectorAll(button)) if (b.checkVisibility()) b.click();
}"""
MEASURE = """async () => {
  const LIVE = "application/vnd.jupyter.widget-view+json";
  const { content } = window.jupyterapp.shell.currentWidget;
  const frames = async (n) => { while (n--) await new Promise(requestAnimationFrame); };
  const rows = [];
  for (const [i, cell] of content.widgets.entries()) {
    if (!/Explorer\\(|^explorer$/m.test(cell.model.sharedModel.getSource())) continue;
    if (!cell.model.outputs?.toJSON().some(({ data }) => data?.[LIVE])) continue;
    await content.scrollToItem(i, "start");
    for (let n = 0; n < 600 && !cell.node.querySelector(".embedlab header"); n++) await frames(1);
    for (const view of cell.node.querySelectorAll(".embedlab")) {
      const pane = content.node.querySelector(".jp-WindowedPanel-outer");
      const top = () => view.getBoundingClientRect().top - pane.getBoundingClientRect().top;
      for (let n = 0, still = 0; n < 60 && still < 4; n++) {  // the notebook lays out what is near
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
        name: /view-(\\w+)/.exec(view.className)[1],
        state: view.querySelector("section.predict") ? "asked" : "shown",
        width: Math.round(width),
        height: Math.ceil(height),
        pane: Math.round(page.height),
        parts: used.length,
        seen: used.filter(seen).length,
      });
    }
  }
  return rows;
}"""


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """Open JupyterLab once: it loads for longer than a lesson."""
    with serving("jupyterlab", tmp_path_factory.mktemp("lab")) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/lab")
        page.wait_for_function("window.jupyterapp !== undefined")
        yield page
        context.close()


@pytest.mark.parametrize("lesson", LESSONS)
def test_views_fit_into_the_notebook_of_a_small_laptop(page, lesson):
    page.evaluate(OPEN, next(NOTEBOOKS.glob(f"{lesson}_*.ipynb")).name)
    page.evaluate(READY)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    measured = []
    for (width, height), sidebar in product(WINDOWS, (True, False)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SIDEBAR, sidebar)
        for button in ("predict:done", "top:predict"):  # it opens on a question, and ends so
            where = f"{width} × {height}, sidebar {'open' if sidebar else 'closed'}"
            measured += [(where, row) for row in page.evaluate(MEASURE)]
            page.evaluate(PRESS, f'[data-place="{button}"]')
    page.evaluate(CLOSE)
    for where, row in measured:
        print(lesson, where, *row.values(), sep=" | ")
    assert {row["name"] for _, row in measured} == LESSONS[lesson]
    assert {row["state"] for _, row in measured} == {"asked", "shown"}
    for where, row in measured:
        assert row["height"] <= min(HIGHEST, row["pane"] + 1), (where, row)
        assert row["seen"] == row["parts"] >= 3, (where, row)
