"""`embedlab export`: one file, nothing to fetch, the numbers and pictures inside."""

import json
import re

import nbformat
import pytest
from nbconvert import HTMLExporter

from embedlab.cli import export, main
from embedlab.cli.errors import CliError
from embedlab.lessons import answer
from embedlab.lessons.classroom import card
from embedlab.lessons.notebook_files import find_notebook

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def fetched(page):
    """Return everything that a browser would request by itself."""
    addresses = re.findall(
        r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?([^"'\s>]+)""", page
    )
    addresses += re.findall(r"""(?:@import|url\()\s*["']?([^"')\s]+)""", page)
    addresses += re.findall(r"""\bimport\s*\(?["']([^"']+)""", page)
    return [address for address in addresses if not address.startswith(("data:", "#"))]


@pytest.fixture
def notebook(tmp_path):
    document = nbformat.v4.new_notebook()
    view = {"model_id": "x", "version_major": 2, "version_minor": 0}
    data = {
        "application/vnd.jupyter.widget-view+json": view,
        "image/png": PIXEL,
        "text/plain": "3 rows read",
    }
    output = nbformat.v4.new_output("display_data", data, metadata={"image/png": {"alt": "a grid"}})
    document.cells = [
        nbformat.v4.new_markdown_cell(
            "# A lookup\n\n<details><summary>Why?</summary>So.</details>"
        ),
        nbformat.v4.new_code_cell("explorer", outputs=[output], execution_count=1),
    ]
    state = {
        "version_major": 2,
        "version_minor": 0,
        "state": {},
    }  # as `nbconvert --execute` saves it
    document.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    path = tmp_path / "01_lookup.ipynb"
    nbformat.write(document, path)
    return path


def test_lesson_is_one_page_without_requests(notebook, tmp_path):
    export.export_lesson(notebook, tmp_path / "deep" / "page.html")
    page = (tmp_path / "deep" / "page.html").read_text("utf-8")
    assert "A lookup" in page
    assert "<details>" in page
    assert f"data:image/png;base64,{PIXEL}" in page
    assert 'alt="a grid"' in page
    assert fetched(page) == []
    assert main(["export", str(notebook), "-o", str(tmp_path / "own.html")]) == 0
    assert (tmp_path / "own.html").read_text("utf-8").count('alt="a grid"') == 1


@pytest.mark.parametrize("stored", [False, True])
def test_nbconvert_shows_the_picture_unless_state_is_stored(notebook, stored):
    document = nbformat.read(notebook, 4)
    if stored:  # as with --execute: docs/guides/hosts.md names the option that prevents it
        widgets = document.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]
        widgets["state"]["x"] = {"model_module": "anywidget", "state": {}}
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(document)
    assert ('alt="a grid"' in page) is not stored
    assert ('"model_id": "x"' in page) is stored


@pytest.mark.parametrize(
    "tag",
    ['<img src="https://example.org/a.png">', "<script src='https://example.org/a.js'></script>"],
)
def test_a_lesson_that_would_fetch_something_is_refused(notebook, tmp_path, tag):
    read = nbformat.read(notebook, 4)
    read.cells[0].source += f"\n\n{tag}"
    nbformat.write(read, notebook)
    with pytest.raises(
        CliError, match=r"must not fetch anything\. It names https://example\.org/a\."
    ):
        export.export_lesson(notebook, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_no_script_of_a_notebook_runs_in_its_page(notebook, tmp_path):
    """A page shows what a cell showed; a browser runs nothing of it, and fetches nothing."""
    read = nbformat.read(notebook, 4)
    read.cells[0].source += "\n\n<b>bold</b><script>steal()</script><img src=x onerror=steal()>"
    html = "<svg onload=steal()></svg><form action='//example.org'></form>"
    read.cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/html": html})]
    nbformat.write(read, notebook)
    export.export_lesson(notebook, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    policy = re.search("<meta[^>]*Content-Security-Policy[^>]*>", page)
    rules = re.search('content="([^"]*)"', policy[0])[1]
    assert rules.startswith("default-src 'none'; ") and "script-src" not in rules
    assert "form-action 'none'" in rules and "steal()" in page
    assert not re.search("<(script|title|style|body)", page[: policy.start()])


BROKEN = {
    "deep": '{"cells":' + "[" * 100_000,
    "empty": "",
    "null": "null",
    "a list": "[]",
    "no cells": "{}",
    "an old form": '{"nbformat": 3, "worksheets": []}',
    "a future form": '{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 5}',
    "many digits": '{"cells": [], "metadata": {}, "nbformat": ' + "4" * 5000 + "}",
    "a number of cells": '{"cells": 5, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "metadata": '{"cells": [], "metadata": [], "nbformat": 4, "nbformat_minor": 5}',
    "another encoding": "\udcff\udcfe{",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_notebook_is_one_line_and_no_page(tmp_path, capsys, text):
    notebook, page = tmp_path / "broken.ipynb", tmp_path / "page.html"
    notebook.write_bytes(text.encode(errors="surrogateescape"))
    assert main(["export", str(notebook), "-o", str(page)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("embedlab export: a notebook must be one that Jupyter saved. Received")
    assert error.count("\n") == 1 and "broken.ipynb" in error and len(error) < 700
    assert not page.exists()


@pytest.mark.parametrize("more", [[], ["--solution"]])
def test_the_real_lesson_01(tmp_path, capsys, more):
    page = tmp_path / "lesson.html"
    assert main(["export", "01", "-o", str(page), *more]) == 0
    assert re.fullmatch(rf"{page}: \d+ kB\n", capsys.readouterr().out)
    assert fetched(page.read_text("utf-8")) == []
    title = json.loads(find_notebook("01").read_text("utf-8"))["cells"][0]["source"]
    assert "".join(title).lstrip("# ").splitlines()[0] in page.read_text("utf-8")


def test_lesson_without_kernel_keeps_questions_and_folds_answers(tmp_path):
    page = tmp_path / "lesson.html"
    assert main(["export", "01", "-o", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "How many multiplications does it do?" in text and "a) 60 000 000" in text
    folded = re.findall(
        r"<details><summary>What this cell shows</summary>(.*?)</details>", text, flags=re.S
    )
    assert any("matmul 240  gather 0" in part for part in folded)
    assert any("data:image/png;base64" in part for part in folded)
    visible = re.sub(r"<details>.*?</details>", "", text, flags=re.S)
    assert "matmul 240" not in visible and "copies 4 rows" not in visible
    assert "<img" not in visible
    assert "not yet" not in text and '"embedlab":1' not in text  # of checks and cards


def test_a_page_does_not_show_what_somebody_has_answered(tmp_path):
    pages = []
    for letter in ("?", "b"):
        answer("01.predict", letter)
        export.export_lesson(find_notebook("01"), tmp_path / "page.html")
        pages.append((tmp_path / "page.html").read_text("utf-8"))
    card.clear()
    assert pages[0] == pages[1] and "Your answer is" not in pages[0]


def test_a_view_with_its_parameters(tmp_path):
    page = tmp_path / "deep" / "view.html"
    words = ["export", "lookup", "--set", "text=a quiet zebra", "--set", "input_dim=40"]
    assert main([*words, "-o", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "quiet" in text
    assert '"input_dim": 40' in text
    assert fetched(text) == []


def test_a_view_as_a_preset_shows_it(tmp_path):
    page = tmp_path / "m2.html"
    assert main(["export", "lookup", "--preset", "M2", "-o", str(page)]) == 0
    assert "ids must lie in 0..3 (input_dim=4). Received 4 at [2]" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lookup", "--set", "input_dim=-3"], "input_dim"),
        (["lookup", "--set", "input_dim"], "must look like NAME=VALUE. Received 'input_dim'"),
        (["lookup", "--set", "color=red"], "color"),
        (["lookup", "--set", "comm=5"], "lookup takes text, "),
        (["lookup", "--set", "_seq=5"], "Received _seq."),
        (["lookup", "--set", "input_dim=" + "1" * 5000], "input_dim must be an integer"),
        (["lookup", "--set", "input_dim=" + "[" * 100_000], "input_dim must be an integer"),
        (["lookup", "--preset", "M99"], "Received 'M99'"),
        (["01", "--set", "input_dim=3"], "--set and --preset are for a view, one of "),
        (["nothing"], "Or name a notebook, or a view: "),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_no_file(tmp_path, capsys, words, message):
    page = tmp_path / "page.html"
    assert main(["export", *words, "-o", str(page)]) == 1
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
    assert not page.exists()
