"""Lesson 01 in a real JupyterLab: run it, type a sentence, drag, press a key, ask Python."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import matplotlib
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
OPTIONS = [
    "--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0",
    "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]  # fmt: skip
READY = """async () => {
  await window.jupyterapp.restored;
  const { shell } = window.jupyterapp;
  while (!shell.currentWidget?.sessionContext) await new Promise(requestAnimationFrame);
  await shell.currentWidget.context.ready;
  await shell.currentWidget.sessionContext.ready;
}"""
ASK = """async (code) => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const future = kernel.requestExecute({ code, store_history: false });
  let said = "";
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") said += content.text;
    if (header.msg_type === "error") said += `${content.ename}: ${content.evalue}`;
  };
  await future.done;
  return said.trim();
}"""
SHOW_CELL = """(last) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const at = [...content.model.cells].findIndex((c) => c.sharedModel.getSource().endsWith(last));
  content.activeCellIndex = at;
  return content.scrollToItem(at, "start");
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, chromium):
    """Serve a copy of the learner's notebooks, with nothing of this user's settings."""
    home = tmp_path_factory.mktemp("lab")
    lessons = home / "lessons"
    lessons.mkdir()
    for notebook in NOTEBOOKS.glob("[0-9]*.ipynb"):
        shutil.copy(notebook, lessons)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "HOME": home, "JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime", "MPLCONFIGDIR": matplotlib.get_configdir(),
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.port={port}",
         f"--ServerApp.root_dir={lessons}"],
        env={**os.environ, **{name: str(value) for name, value in own.items()}},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said = []
    for line in server.stdout:
        said.append(line)
        if f"http://127.0.0.1:{port}/lab" in line:
            break
    else:
        pytest.fail("JupyterLab ended:\n" + "".join(said))
    reader = threading.Thread(target=server.stdout.read, daemon=True)  # or its pipe fills up
    reader.start()
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(timeout=30)
    reader.join(timeout=30)
    server.stdout.close()


class Lesson:
    """An open notebook, and the view that its first explorer shows."""

    def __init__(self, page):
        self.page = page
        self.view = page.locator(".jp-OutputArea-output .embedlab").first

    def python(self, code):
        """Run code in the notebook's kernel, and give what it printed."""
        return self.page.evaluate(ASK, code)

    def place(self, place):
        return self.view.locator(f'[data-place="{place}"]')

    def wait_for(self, symbol):
        """Wait until the view shows a trace of Python's with this symbol, such as "V = 12"."""
        shown = self.view.locator("output", has_text=re.compile(rf"^{symbol}$"))
        shown.wait_for()
        size = symbol.partition(" = ")[2]
        self.view.locator(".right dd", has_text=re.compile(rf"\({size},\s8\)")).wait_for()


@pytest.fixture(scope="module")
def lesson(lab, browser):
    """Open lesson 01 and run it from top to bottom by Lab's own commands."""
    context = browser.new_context(viewport={"width": 1500, "height": 1100})
    context.set_default_timeout(30_000)
    strangers = []

    def watch(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            return route.continue_()
        strangers.append(route.request.url)
        return route.abort()

    context.route(re.compile("^(https?|wss?):"), watch)
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{lab}/lab/tree/01_lookup.ipynb")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate(READY)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.evaluate(SHOW_CELL, "\nexplorer")
    opened = Lesson(page)
    opened.view.wait_for()
    yield opened
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")  # no question on leaving
    context.close()
    assert not strangers, f"JupyterLab or the lesson asked the network for {strangers}"
    assert not faults, f"the page had errors: {faults}"


def test_every_cell_ran_and_only_the_broken_one_broke(lesson):
    cells = lesson.page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .filter((cell) => cell.type === "code")
            .map((cell) => [cell.executionCount, cell.outputs.toJSON().map((o) => o.ename ?? "")])
        """
    )
    assert [count for count, _ in cells] == list(range(1, len(cells) + 1))
    assert [name for _, names in cells for name in names if name] == ["IdError"]


def test_the_learner_s_own_sentence(lesson):
    lesson.place("text").click()
    lesson.page.keyboard.press("ControlOrMeta+a")
    lesson.page.keyboard.type("my own words are my own")
    chips = lesson.view.locator(".chip bdi")
    chips.filter(has_text="words").wait_for()
    assert chips.all_inner_texts() == ["my", "own", "words", "are", "my", "own"]
    assert lesson.python("print(explorer.text)") == "my own words are my own"
    assert lesson.python("print(explorer.trace.ids[0] == explorer.trace.ids[4])") == "True"


def test_a_drag_changes_the_view_and_python(lesson):
    before = int(lesson.python("print(explorer.input_dim)"))
    slider = lesson.place("input_dim")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    share = slider.evaluate("(s) => s.value / s.max")
    y = box["y"] + box["height"] / 2
    lesson.page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), y)
    lesson.page.mouse.down()
    lesson.page.mouse.move(box["x"] + 0.4 * box["width"], y, steps=8)
    lesson.page.mouse.up()
    now = int(slider.get_attribute("aria-valuetext").removeprefix("V = "))
    assert now > before
    lesson.wait_for(f"V = {now}")
    assert lesson.python("print(explorer.input_dim)") == str(now)


def test_a_key_changes_the_view_and_python(lesson):
    lesson.python("explorer.input_dim = 20")
    lesson.wait_for("V = 20")
    lesson.place("input_dim").focus()
    lesson.page.keyboard.press("ArrowRight")  # JupyterLab would take it for itself
    lesson.wait_for("V = 21")
    assert lesson.python("print(explorer.input_dim)") == "21"
    lesson.page.keyboard.press("ArrowLeft")
    lesson.page.keyboard.press("ArrowLeft")
    lesson.wait_for("V = 19")
    assert lesson.python("print(explorer.input_dim)") == "19"


def test_the_exercise_of_the_fence_by_keys_alone(lesson):
    lesson.python('explorer.text, explorer.input_dim = "the cat sat on the mat", 13')
    lesson.wait_for("V = 13")
    lesson.place("input_dim").focus()
    judge = "from embedlab.lessons import check; print(check('01.fence', explorer))"
    for size in (12, 11):
        assert lesson.python(judge).startswith("○")
        lesson.page.keyboard.press("ArrowLeft")
        lesson.wait_for(f"V = {size}")
    assert lesson.python(judge).startswith("✓")
    lesson.page.keyboard.press("ArrowLeft")
    lesson.wait_for("V = 10")
    lesson.view.locator("[role=alert]", has_text="ids must lie in 0..9").wait_for()
    assert "M2" in lesson.python(judge)


def test_a_prediction_made_by_keys_reaches_the_card(lesson):
    lesson.python("explorer.reset()")
    lesson.wait_for("V = 16")
    lesson.place("chip:0").focus()
    lesson.page.keyboard.press("p")
    lesson.view.locator("section.predict").wait_for()
    lesson.page.keyboard.press("Enter")
    lesson.page.keyboard.press("p")
    lesson.view.locator("section.predict .tally").first.wait_for()
    lesson.page.wait_for_function(
        f"async () => (await ({ASK})('print(len(explorer.answers))')) === '1'"
    )
    assert '"lookup.rows":["[' in lesson.python("print(card(explorer))")
