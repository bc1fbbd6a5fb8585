"""The builder says what is stale, and strict nbval reads every printed number.

That the notebooks are what their sources give is seen where they run (published.py).
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_the_builder_says_what_is_stale(tmp_path):
    copy = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, copy)
    source = copy / "source" / "00_start_here.md"
    source.write_text(source.read_text("utf-8").replace("It runs.", "It runs!"), "utf-8")
    process = run(copy / "build.py", "--check", "00")
    assert process.returncode == 1
    assert "00_start_here.ipynb is not what its source gives: cell 00-" in process.stdout
    assert run(copy / "build.py", "00").returncode == 0
    assert "It runs!" in (copy / "00_start_here.ipynb").read_text("utf-8")


def test_strict_nbval_fails_on_one_changed_number(tmp_path):
    """Green as committed; red with one digit of one printed number changed."""
    original = NOTEBOOKS / "solutions" / "01_lookup.ipynb"
    good, bad = tmp_path / "good.ipynb", tmp_path / "bad.ipynb"
    shutil.copy(original, good)
    notebook = json.loads(original.read_text("utf-8"))
    cell = next(c for c in notebook["cells"] if "matmul multiplications" in "".join(c["source"]))
    lines = cell["outputs"][0]["text"]
    line = next(n for n, text in enumerate(lines) if "60,000,000" in text)
    lines[line] = lines[line].replace("60,000,000", "60,000,001")
    bad.write_text(json.dumps(notebook), "utf-8")
    process = nbval(tmp_path, good, bad)
    assert process.returncode == 1, process.stdout
    assert re.search(r"\b1 failed\b", process.stdout), process.stdout
    assert "FAILED bad.ipynb" in process.stdout and "FAILED good.ipynb" not in process.stdout


def test_strict_nbval_reads_the_numbers_of_a_view(tmp_path):
    notebook = json.loads((NOTEBOOKS / "solutions" / "00_start_here.ipynb").read_text("utf-8"))
    view = next(c for c in notebook["cells"] if "".join(c["source"]).endswith("\nexplorer"))
    lines = view["outputs"][0]["data"]["text/plain"]
    line = next(n for n, text in enumerate(lines) if "0.75" in text)
    lines[line] = lines[line].replace("0.75", "0.74", 1)
    keep = notebook["cells"].index(view) + 1
    notebook["cells"] = notebook["cells"][:keep]
    (tmp_path / "view.ipynb").write_text(json.dumps(notebook), "utf-8")
    process = nbval(tmp_path, "view.ipynb")
    assert re.search(r"\b1 failed\b", process.stdout), process.stdout
