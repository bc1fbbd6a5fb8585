"""One run of a notebook serves two comparisons: nbval's, and that with what the builder writes.

nbval runs the cells and compares the text they print. From the same outputs this plugin makes the
file that `notebooks/build.py` would write, and compares it with the committed one: the cells with
their source, all outputs, and the pictures, which nbval leaves alone.

EMBEDLAB_WARMED names a cache that `embedlab warm` has filled. No notebook may add anything to it.
"""

import importlib.util
import os
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import IPyNbCell

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
OUTPUTS = pytest.StashKey[list]()


def load_builder():
    """Return notebooks/build.py as a module."""
    spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return build


def cache_state(cache):
    """Return every file of a cache with its time of change."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*")}


class Published:
    """Compare a notebook after the last of its cells."""

    def __init__(self):
        self.build = load_builder()
        warmed = os.environ.get("EMBEDLAB_WARMED")
        self.cache = Path(warmed) if warmed else None
        self.before = cache_state(self.cache) if self.cache else {}
        assert self.before or not self.cache, f"{warmed} must hold what `embedlab warm` compiled"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        result = yield
        if isinstance(item, IPyNbCell) and NOTEBOOKS in item.path.parents:
            notebook, outputs = item.parent.nb, item.parent.stash.setdefault(OUTPUTS, [])
            outputs.append(item.test_outputs)
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
            if len(outputs) == len(code):  # all have run, and are as nbval wants them
                self.compare(item.path, outputs)
        return result

    def compare(self, path, outputs):
        """Compare the committed notebook with one made of its source and these outputs."""
        build, solution = self.build, path.parent.name == "solutions"
        notebook = build.parse(NOTEBOOKS / "source" / f"{path.stem}.md", solution=solution)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, (cell, output) in enumerate(zip(code, outputs, strict=False), 1):
            cell.outputs, cell.execution_count = nbformat.from_dict(output), number
            for result in cell.outputs:
                if "execution_count" in result:
                    result.execution_count = number  # nbval has its kernel count nothing
        what = build.difference(build.publish(notebook, solution=solution), path.read_text("utf-8"))
        assert not what, f"{path.name} is not what its source gives: {what}. Run: make notebooks"
        if self.cache:
            new = cache_state(self.cache).items() - self.before.items()
            names = sorted({file.name.partition("-")[0] for file, _ in new if file.is_file()})
            assert not names, f"{path.name} compiles what `embedlab warm` leaves out: {names[:5]}"
