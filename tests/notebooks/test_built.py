"""The builder says what is stale, and strict nbval reads every printed number.

That the notebooks are what their sources give is seen where they run (published.py).
"""

import json
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from published import load_builder

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
pytestmark = pytest.mark.slow


def run(*words, cwd=ROOT):
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=600
    )


def nbval(folder, *notebooks):
    return run(
        "-m",
        "pytest",
        "--nbval",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        folder,
        *notebooks,
        cwd=folder,
    )


def test_the_builder_says_what_is_stale(tmp_path, monkeypatch, capsys):
    """Run as `--check`; then write what that run gave."""
    copy = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, copy)
    source = copy / "source" / "00_start_here.md"
    source.write_text(source.read_text("utf-8").replace("It runs.", "It runs!"), "utf-8")
    build = load_builder()
    monkeypatch.setattr(build, "HERE", copy)
    monkeypatch.setattr(build, "SOURCE", source.parent)
    monkeypatch.setattr(sys, "argv", ["build.py", "--check", "00"])
    execute, executed = build.run, []

    def run_once(notebook):
        execute(notebook)
        executed.append(deepcopy(notebook.cells))

    monkeypatch.setattr(build, "run", run_once)
    assert build.main() == 1
    message = capsys.readouterr().out
    assert "00_start_here.ipynb is not what its source gives: cell 00-" in message
    assert len(executed) == 2  # the solution, and the learner's for its picture

    def run_again(notebook):
        notebook.cells = executed.pop(0)

    monkeypatch.setattr(build, "run", run_again)
    monkeypatch.setattr(sys, "argv", ["build.py", "00"])
    assert build.main() == 0
    assert "It runs!" in (copy / "00_start_here.ipynb").read_text("utf-8")


def changed(lesson, end, key, number, other):
    """Return a solution up to the cell that ends so, with one number of its output changed."""
    notebook = json.loads((NOTEBOOKS / "solutions" / f"{lesson}.ipynb").read_text("utf-8"))
    last = next(n for n, c in enumerate(notebook["cells"]) if end in "".join(c["source"]))
    notebook["cells"] = notebook["cells"][: last + 1]
    output = notebook["cells"][last]["outputs"][0]
    lines = output["text"] if key == "text" else output["data"][key]
    line = next(n for n, text in enumerate(lines) if number in text)
    lines[line] = lines[line].replace(number, other, 1)
    code = sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    return json.dumps(notebook), code - 1


@pytest.mark.thorough
def test_strict_nbval_fails_on_a_changed_number(tmp_path):
    """Green as committed (`make strict`); red with one digit of a printed number, or of a view."""
    number = "matmul multiplications", "text", "60,000,000", "60,000,001"
    view = "\nexplorer", "text/plain", "0.75", "0.74"
    failing = set()
    for name, lesson, change in (("number", "01_lookup", number), ("view", "00_start_here", view)):
        text, cell = changed(lesson, *change)
        (tmp_path / f"{name}.ipynb").write_text(text, "utf-8")
        failing.add(f"{name}.ipynb::Cell {cell}")
    process = nbval(tmp_path, "number.ipynb", "view.ipynb")
    assert process.returncode == 1, process.stdout
    failed = re.findall(r"^FAILED (\S+ \d+) ", process.stdout, re.MULTILINE)
    assert set(failed) == failing, process.stdout
