"""A Jupyter server of our own, with the lessons in it, for the tests that open them.

A fixture of a test file starts one: `with serving(kind, home) as address`. Nothing of this user's
settings is read, and the lessons are copies.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import matplotlib
import pytest

from embedlab.cli.lab import SETTINGS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
OPTIONS = [
    "--allow-root",
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]
KINDS = {
    "jupyterlab": ("/lab", ["--LabApp.expose_app_in_browser=True"]),
    "notebook": ("/tree", ["--JupyterNotebookApp.expose_app_in_browser=True"]),
}
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
  let output = "";
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") output += content.text;
    if (header.msg_type === "error") output += `${content.ename}: ${content.evalue}`;
  };
  await future.done;
  return output.trim();
}"""
COUNTS = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .filter((cell) => cell.type === "code").map((cell) => cell.executionCount)"""
SHOW_CELL = """(last) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const at = [...content.model.cells].findIndex((c) => c.sharedModel.getSource().endsWith(last));
  content.activeCellIndex = at;
  return content.scrollToItem(at, "start");
}"""


@contextmanager
def serving(kind, home, notebooks=NOTEBOOKS):
    """Serve a copy of these lessons by `jupyterlab` or `notebook`; yield the address."""
    lessons = home / "lessons"
    lessons.mkdir()
    for notebook in notebooks.glob("[0-9]*.ipynb"):
        shutil.copy(notebook, lessons)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "JUPYTER_CONFIG_PATH": SETTINGS,
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "MPLCONFIGDIR": matplotlib.get_configdir(),
    }
    opens, options = KINDS[kind]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            kind,
            *OPTIONS,
            *options,
            f"--ServerApp.port={port}",
            f"--ServerApp.root_dir={lessons}",
        ],
        env={**os.environ, **{name: str(value) for name, value in variables.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in server.stdout:
        lines.append(line)
        if f"http://127.0.0.1:{port}{opens}" in line:
            break
    else:
        pytest.fail(f"{kind} ended:\n" + "".join(lines))
    reader = threading.Thread(target=server.stdout.read, daemon=True)  # or its pipe fills up
    reader.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:  # also when a test could not even open a page
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
        """Run code in the notebook's kernel and return its output."""
        return self.page.evaluate(ASK, code)

    def wait_for_python(self, code, output):
        """Wait until this code prints this output."""
        self.page.wait_for_function(
            f"async ([code, output]) => (await ({ASK})(code)) === output", arg=[code, output]
        )

    def place(self, place):
        return self.view.locator(f'[data-place="{place}"]')

    def wait_for(self, symbol):
        """Wait until the view shows a trace of Python's with this symbol, such as "V = 12"."""
        output = self.view.locator("output", has_text=re.compile(rf"^{symbol}$"))
        output.wait_for()
        size = symbol.partition(" = ")[2]
        whole_or_window = re.compile(rf"= {size} × 8|rows .* of {size}$")
        self.view.locator("svg .sub", has_text=whole_or_window).first.wait_for()


def run_and_tab(page, last):
    """Run the cell that ends with `last` by its keys, and press Tab when its new view is there."""
    page.evaluate(SHOW_CELL, last)
    page.evaluate("""() => {
        const { content } = window.jupyterapp.shell.currentWidget;
        content.mode = "edit";
        content.activeCell.editor.focus();
        globalThis.ran = content.activeCell;
        globalThis.old = content.activeCell.node.querySelector(".embedlab");
    }""")
    page.wait_for_function("""() => {
        const { content } = window.jupyterapp.shell.currentWidget;
        return content.mode === "edit" && content.activeCell === ran && ran.editor.hasFocus();
    }""")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("""() => {
        const { content } = window.jupyterapp.shell.currentWidget;
        const view = ran.node.querySelector(".embedlab");
        return content.activeCell !== ran && view && view !== old;
    }""")
    page.keyboard.press("Tab")


@contextmanager
def opened(browser, address, last):
    """Open a lesson, run it by the host's own command, and go to the cell that ends with `last`."""
    context = browser.new_context(viewport={"width": 1500, "height": 1100})
    context.set_default_timeout(30_000)
    strangers = []

    def watch(request):  # Chromium itself refuses other hosts: ARGUMENTS in conftest.py
        address = urlsplit(request.url)
        if address.hostname != "127.0.0.1" and address.scheme not in ("data", "blob"):
            strangers.append(request.url)

    context.on("request", watch)
    page = context.new_page()
    faults = []
    # a bundle is loaded from a blob; what the host's own files stumble over is the host's
    page.on("pageerror", lambda e: None if "/static/" in e.stack else faults.append(e.stack))
    page.goto(address)
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate(READY)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(f"({COUNTS})().every((count) => count !== null)")
    page.evaluate(SHOW_CELL, last)
    lesson = Lesson(page)
    lesson.view.wait_for()
    lesson.place("predict:done").click()  # it opens on a question, which takes the controls away
    try:
        yield lesson
        save = "window.jupyterapp.commands.execute('docmanager:save')"
        page.evaluate(save)  # no question on leaving
    finally:
        context.close()
    assert not strangers, f"the host or the lesson asked the network for {strangers}"
    assert not faults, f"the page had errors: {faults}"
