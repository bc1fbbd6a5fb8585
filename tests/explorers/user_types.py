"""A user's code, as a type checker sees it: `make check` runs mypy over this file, nobody runs it.

Each line that must be refused carries an ignore comment, and mypy refuses one that is not needed.
"""

from typing import assert_type

import embedlab
from embedlab import GeometryExplorer, LookupExplorer, LoRAExplorer, Sequential, lookup
from embedlab.explorers import MaskExplorer, TrainingExplorer
from embedlab.layers import Embedding
from embedlab.lessons import doctor
from embedlab.lessons.setup_check import Report

explorer = LookupExplorer("the cat", input_dim=8, oob="wrap", edits=[(0, 0, 0.5)], hide=["seed"])
assert_type(explorer, LookupExplorer)
assert_type(explorer.input_dim, int)
assert_type(explorer.method, str)
assert_type(explorer.tasks_done, list[bool])
explorer.edits = [[1, 0, 2.0]]
explorer.input_dim = "8"  # type: ignore[assignment]
LookupExplorer(inputdim=8)  # type: ignore[call-arg]
LookupExplorer(input_dim="8")  # type: ignore[arg-type]
LookupExplorer(oob="none")  # type: ignore[arg-type]

assert_type(LookupExplorer.from_state(explorer.state), LookupExplorer)
assert_type(LoRAExplorer(rank=3, seen=(0, 1), link_id="words").seen, list[int])
assert_type(GeometryExplorer("cat", plane="random").word, str)
assert_type(MaskExplorer(layers=["Dense"], ask=True).mask_zero, bool)
TrainingExplorer(runs=["sgd", ("adam", 0.5)], branch=[0, 40, "sgd", 1.0]).steps = 20

layer = Embedding(10, 4, mask_zero=True)
assert_type(layer.input_dim, int)
assert_type(embedlab.Embedding(3, 2), Embedding)
Sequential([layer]).fit([[1, 2]], [0.0], epochs="1")  # type: ignore[arg-type]
lookup(layer.weights, [1, 2])
assert_type(doctor(), Report)
assert_type(embedlab.__version__, str)
