"""`embedlab warm`: after it, nothing is compiled any more, in any process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedlab.lessons.warm import CALLS

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks" / "solutions"


def run(*command, cache):
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    cache = tmp_path_factory.mktemp("numba")
    return cache, *run("-m", "embedlab", "warm", cache=cache)


@pytest.mark.slow
def test_it_compiles_once_with_a_progress_bar(warmed):
    cache, said, bar = warmed
    compiled, ready = map(int, re.findall(r"\d+", said))
    assert compiled >= 20
    assert ready == 0
    assert all(f"compiling {idea}" in bar for idea in CALLS)
    again, bar = run("-m", "embedlab", "warm", "--quiet", cache=cache)
    # A loop inside another is compiled by itself, but comes back from the cache within the other.
    compiled_again, ready = map(int, re.findall(r"\d+", again))
    assert compiled_again == 0
    assert 20 <= ready <= compiled
    assert not bar


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("writable", [True, False])
def test_afterwards_a_new_process_compiles_nothing(warmed, dtype, writable):
    code = f"""
import numpy as np
import embedlab
from embedlab.core.jit import stats
table, ids = np.ones((50, 8), {dtype!r}), np.array([[1, 2], [3, 1]])
table.flags.writeable = ids.flags.writeable = {writable}
embedlab.lookup(table, ids)
embedlab.lookup(table, [5, 6], oob="wrap")
embedlab.grad_table(ids, table[ids], 50)
embedlab.coalesce(ids, table[ids], 50)
print(stats())
"""
    said, _ = run("-c", code, cache=warmed[0])
    assert "'misses': 0" in said
    assert "'hits': 0" not in said


@pytest.mark.slow
def test_afterwards_the_geometry_view_compiles_nothing(warmed):
    code = """
import numpy as np
from embedlab import GeometryExplorer
from embedlab.core.jit import stats
from embedlab.lessons import check
view = GeometryExplorer()
view.word, view.plane, view.rows = "true", "random", 2000
check("10.sum", view)
GeometryExplorer("#1", table=np.random.default_rng(0).normal(size=(3000, 9)))
print(stats())
"""
    said, _ = run("-c", code, cache=warmed[0])
    assert "'misses': 0" in said
    assert "'hits': 0" not in said


@pytest.mark.slow
def test_afterwards_the_mask_view_compiles_nothing(warmed):
    code = """
from embedlab import MaskExplorer
from embedlab.core.jit import stats
from embedlab.explorers.pipeline import LAYERS
from embedlab.lessons import check
view = MaskExplorer()
for name in LAYERS:
    view.layers = ["Dropout", name]
view.mask_zero, view.padding = False, "pre"
check("04.mend", view)
print(stats())
"""
    said, _ = run("-c", code, cache=warmed[0])
    assert "'misses': 0" in said
    assert "'hits': 0" not in said


@pytest.mark.slow
def test_afterwards_the_quantisation_view_compiles_nothing(warmed):
    code = """
import numpy as np
from embedlab import Embedding, QuantizationExplorer
from embedlab.core.jit import stats
from embedlab.lessons import check
view = QuantizationExplorer()
view.way, view.row, view.block, view.output_dim = "groups", 3, 1, 31
view.edits, view.flips = [[3, 0, 9.0]], [["int4", 3, 0, 7]]
check("08.groups", view)
check("08.pack", lambda codes: codes)
layer = Embedding(6, 5, weights=np.ones((6, 5)))
layer.quantize("int4")
QuantizationExplorer(layer)
QuantizationExplorer(np.eye(5))
print(stats())
"""
    said, _ = run("-c", code, cache=warmed[0])
    assert "'misses': 0" in said
    assert "'hits': 0" not in said


@pytest.mark.slow
def test_afterwards_the_lora_view_compiles_nothing(warmed):
    code = """
import numpy as np
from embedlab import Embedding, LoRAExplorer, lookup
from embedlab.core.jit import stats
from embedlab.lessons import check
view = LoRAExplorer()
view.start, view.target, view.scaling, view.seen = "zero", "random", "rslora", []
view.input_dim, view.output_dim, view.rank = 64, 16, 16
check("07.rank", view)
check("07.merge", lambda W, A, B, alpha: W)
layer = Embedding(6, 5, lora_rank=2)
rows = layer(np.array([1, 1, 3]))
LoRAExplorer(layer)
layer.merge()
print(stats())
"""
    said, _ = run("-c", code, cache=warmed[0])
    assert "'misses': 0" in said
    assert "'hits': 0" not in said


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["02_memory", "11_files", "12_capstone"])
def test_afterwards_a_whole_lesson_compiles_nothing(warmed, tmp_path, monkeypatch, lesson):
    monkeypatch.chdir(tmp_path)  # the lesson writes files
    code = """
import json, sys
from embedlab.core.jit import stats
with open(sys.argv[1], encoding="utf-8") as file:
    cells = json.load(file)["cells"]
room = {}
for cell in cells:
    if cell["cell_type"] == "code" and "raises-exception" not in cell["metadata"].get("tags", []):
        exec("".join(cell["source"]), room)
print(stats())
"""
    said, _ = run("-c", code, str(NOTEBOOKS / f"{lesson}.ipynb"), cache=warmed[0])
    assert "'misses': 0" in said
    assert "'hits': 0" not in said
