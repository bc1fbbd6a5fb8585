"""`embedlab warm`: after it, nothing is compiled any more, in any process.

That no lesson compiles anything is seen where the lessons run (tests/notebooks/published.py), on
the cache that this file leaves in EMBEDLAB_WARMED.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedlab.cli import main
from embedlab.lessons import precompile
from embedlab.lessons.precompile import CALLS


def run(*command, cache):
    process = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout, process.stderr


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    cache = Path(os.environ.get("EMBEDLAB_WARMED") or tmp_path_factory.mktemp("numba"))
    return cache, *run("-m", "embedlab", "warm", cache=cache)


@pytest.mark.slow
def test_it_compiles_once_with_a_progress_bar(warmed):
    cache, output, bar = warmed
    compiled, ready = map(int, re.findall(r"\d+", output))
    assert compiled >= 20
    assert all(f"compiled {idea}" in bar for idea in CALLS)
    again, bar = run("-m", "embedlab", "warm", "--quiet", cache=cache)
    compiled_again, ready_again = map(int, re.findall(r"\d+", again))
    assert compiled_again == 0
    # A kernel inside another is compiled by itself, but comes back from the cache within the other.
    # What two processes use is read in each.
    assert 20 <= ready_again <= compiled + ready
    assert not bar


@pytest.mark.slow
def test_afterwards_a_new_process_compiles_nothing(warmed):
    code = """
from itertools import product
import numpy as np
import embedlab
from embedlab.core.jit import cache_stats
for dtype, writable in product(("float32", "float64"), (True, False)):
    table, ids = np.ones((50, 8), dtype), np.array([[1, 2], [3, 1]])
    table.flags.writeable = ids.flags.writeable = writable
    embedlab.lookup(table, ids)
    embedlab.lookup(table, [5, 6], oob="wrap")
    embedlab.grad_table(ids, table[ids], 50)
    embedlab.coalesce(ids, table[ids], 50)
    print(cache_stats()["misses"], cache_stats()["hits"])
"""
    output, _ = run("-c", code, cache=warmed[0])
    misses, hits = zip(*(map(int, line.split()) for line in output.splitlines()), strict=True)
    assert misses == (0, 0, 0, 0)
    assert 0 < hits[0] < hits[1] < hits[2] < hits[3]  # each reads kernels of its own


@pytest.mark.parametrize("count", [0, -3])
def test_processes_that_cannot_be_are_refused(capsys, count):
    assert main(["warm", "--processes", str(count)]) == 1
    assert f"--processes must be 1 or more. Received {count}." in capsys.readouterr().err


def test_a_process_that_was_killed_is_named(capsys, monkeypatch):
    monkeypatch.setattr(precompile, "_warm_idea", os._exit)  # as the system ends it
    monkeypatch.setattr(precompile, "CALLS", {1: None})
    assert main(["warm", "--quiet", "--processes", "2"]) == 1
    assert "Run: embedlab warm --processes 1" in capsys.readouterr().err


def test_its_processes_end_with_it():
    code = """
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from embedlab.lessons.precompile import _end_with_parent
ProcessPoolExecutor(1, get_context("spawn"), _end_with_parent).submit(abs, 1).result()
os._exit(9)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.communicate(timeout=60)  # until no process holds its output any more
    assert process.returncode == 9


VIEWS = {
    "geometry": """
view = GeometryExplorer()
view.word, view.plane, view.rows = "true", "random", 2000
check("10.sum", view)
GeometryExplorer("#1", table=np.random.default_rng(0).normal(size=(3000, 9)))
""",
    "gradient": """
view = GradientExplorer()
for view.mode in ("padding", "frequency", "tied"):
    view.rule = "assign" if view.mode == "padding" else "add"
view.input_dim, view.output_dim = 40, 16
GradientExplorer(np.ones((1000, 32), np.float32), mode="tied")
GradientExplorer("#1 #1", grad_out=[[1.0], [2.0]], output_dim=1)
show("M4")
check("03.scatter_add", grad_table)
check("03.same", view)
""",
    "lora": """
view = LoRAExplorer()
view.start, view.target, view.scaling, view.seen = "zero", "random", "rslora", []
view.input_dim, view.output_dim, view.rank = 64, 16, 16
check("07.rank", view)
check("07.merge", lambda W, A, B, alpha: W)
layer = Embedding(6, 5, lora_rank=2)
rows = layer(np.array([1, 1, 3]))
LoRAExplorer(layer)
layer.merge()
""",
    "mask": """
from embedlab.explorers.inputs.model import LAYER_FACTORIES
view = MaskExplorer()
for name in LAYER_FACTORIES:
    view.layers = ["Dropout", name]
view.mask_zero, view.padding = False, "pre"
check("04.mend", view)
""",
    "quantization": """
view = QuantizationExplorer()
view.scheme, view.row, view.block, view.output_dim = "groups", 3, 1, 31
view.edits, view.flips = [[3, 0, 9.0]], [["int4", 3, 0, 7]]
check("08.groups", view)
check("08.pack", lambda codes: codes)
layer = Embedding(6, 5, weights=np.ones((6, 5)))
layer.quantize("int4")
QuantizationExplorer(layer)
QuantizationExplorer(np.eye(5))
""",
    "training": """
view = TrainingExplorer()
for rule in ("sgd", "momentum", "adagrad", "rmsprop", "adam", "lazy adam", "sgd + l2"):
    view.branch = [1, 7, rule, 0.1]
view.output_dim, view.steps, view.text = 8, 200, "a b c"
TrainingExplorer(table=np.ones((3, 2)))
check("06.still", view)
""",
}
"""Every control of a view that may ask for another loop, and what its lesson checks."""


@pytest.mark.slow
def test_afterwards_no_view_compiles_anything(warmed):
    code = """
import numpy as np
from embedlab import *
from embedlab.core.jit import cache_stats
from embedlab.lessons import check, show
"""
    for name, lines in VIEWS.items():
        code += f"{lines}print({name!r}, cache_stats()['misses'])\n"
    output, _ = run("-c", f"{code}print(cache_stats()['hits'])", cache=warmed[0])
    *views, hits = output.splitlines()
    assert views == [f"{name} 0" for name in VIEWS]
    assert int(hits) > 0
