"""One truth: whatever is edited, in whatever order, the message says what Python holds."""

import ipywidgets
import numpy as np
import pytest

from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.lora import LoRAExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.quantize import QuantizationExplorer
from embedlab.explorers.shard import ShardExplorer
from embedlab.explorers.training import TrainingExplorer
from embedlab.explorers.window import WindowExplorer
from embedlab.explorers.wire import decode

ROWS = np.random.default_rng(5).normal(size=(30, 6))
WORDS = [f"w{n}" for n in range(30)]
VIEWS = {
    "geometry": lambda: GeometryExplorer("w7", table=ROWS, words=WORDS, a="w1", b="w2", c="w29"),
    "gradient": GradientExplorer,
    "lookup": LookupExplorer,
    "lora": LoRAExplorer,
    "mask": MaskExplorer,
    "quantize": QuantizationExplorer,
    "shard": ShardExplorer,
    "training": lambda: TrainingExplorer(steps=10),
    "window": lambda: WindowExplorer("The cat sat on the mat. A dog ran."),
}
OTHER = {  # of parameters without two ends
    "text": ["", "zebra " * 40, "#1 #0", "#9999"],
    "edits": [[], [[0, 0, 0.5]], [[99, 99, 1.0]]],
    "flips": [[], [["int4", 0, 0, 1]]],
    "seen": [[], [0], [63]],
    "lengths": [[], [0, 12], [3]],
    "layers": [[], ["Dense"], ["GlobalAveragePooling1D", "LSTM"], ["Flatten", "Dense"]],
    "runs": [["sgd"], [["adam", 10.0], ["sgd + l2", 0.0001], "momentum"]],
    "branch": [[], [0, 3, "sgd", 1.0], [2, 200, "adam", 0.1]],
    "word": ["w0", "w29", "unicorn", ""],
    "a": ["w29", "unicorn", ""],
    "b": ["w0", "unicorn", ""],
    "c": ["", "w1"],
}
INVALID = [None, -1, 2.5, 10**12, "no such choice", [[1]], {"a": 1}]


class Browser:
    """The browser's end: sends edits as the views do, and keeps the last message."""

    kernel = comm_id = "browser"

    def __init__(self, explorer):
        self.explorer, self.seq, self.traits = explorer, 0, {}
        explorer.comm = self

    def send(self, data=None, metadata=None, buffers=None):
        if data and data["method"] == "update":
            self.traits |= data["state"]

    def edit(self, **state):
        self.seq += 1
        self.traits |= state
        data = {"method": "update", "state": {**state, "_seq": self.seq}, "buffer_paths": []}
        self.explorer._handle_msg({"content": {"data": data}, "buffers": []})

    def on_msg(self, _):
        pass

    def close(self, *_, **__):
        pass


def values_of(explorer, name):
    """Return both ends of a parameter as the view shows them, or some values."""
    limit = explorer.message["header"]["limits"][name]
    if name in OTHER:
        return OTHER[name]
    return limit["choices"] if "choices" in limit else [limit["min"], limit["max"]]


def check(explorer, browser, edit):
    """Return the error after comparing what the message and the browser say with the traits."""
    header, _ = decode(explorer.message)
    assert header["params"] == explorer.params, edit
    assert header["seq"] == browser.seq and header["error"] == explorer.error, edit
    for name, limit in header["limits"].items():
        value = explorer.params[name]
        if isinstance(value, int) and not isinstance(value, bool) and "min" in limit:
            assert limit["min"] <= value <= limit["max"], (name, edit)
    for name in explorer.PARAMS:
        assert browser.traits.get(name, getattr(explorer, name)) == getattr(explorer, name), edit
    return header["error"]


@pytest.mark.parametrize("view", VIEWS)
def test_every_parameter_after_every_other_in_random_order(view):
    explorer = VIEWS[view]()
    browser = Browser(explorer)
    rng = np.random.default_rng(11)
    pairs = [(one, other) for one in explorer.PARAMS for other in explorer.PARAMS if one != other]
    rng.shuffle(pairs)
    for pair in pairs[:: 1 if view not in SLOW else 3]:
        for name in map(str, pair):
            values = values_of(explorer, name)
            value = values[rng.integers(len(values))]
            before = explorer.params
            browser.edit(**{name: value})
            error = check(explorer, browser, (name, value))
            if error is not None:  # a refused edit changes nothing, and the next good one works
                assert explorer.params == before, (name, value, error)
                browser.edit(seed=int(rng.integers(1000)))
                assert check(explorer, browser, "seed") is None, (name, value, error)


SLOW = ("lora", "mask", "training", "quantize", "window")


@pytest.mark.parametrize("view", VIEWS)
def test_no_invalid_value_changes_anything(view):
    explorer = VIEWS[view]()
    browser = Browser(explorer)
    before = explorer.params
    for name in explorer.PARAMS:
        for value in INVALID:
            browser.edit(**{name: value})
            if check(explorer, browser, (name, value)) is not None:
                assert explorer.params == before, (name, value)
            before = explorer.params
    browser.edit(seed=5)
    assert check(explorer, browser, "seed") is None and explorer.seed == 5


def test_in_python_too_a_refused_edit_leaves_things_as_they_were():
    explorer = GeometryExplorer("w7", table=ROWS, words=WORDS)
    explorer.rows = 1
    assert (explorer.rows, explorer.word) == (30, "w7")
    assert explorer.error == (
        "a word must be among the first 1. Received w7, which has rank 8. Increase rows."
    )
    explorer.plane = "random"
    assert explorer.error is None and explorer.message["header"]["params"]["plane"] == "random"
    explorer.word = "unicorn"
    assert "unicorn" in explorer.error and explorer.word == "w7"
    explorer.rows = 8
    assert explorer.error is None and len(explorer.trace.words) == 8


def test_going_back_by_hand_ends_the_error():
    explorer = GeometryExplorer("w7", table=ROWS, words=WORDS)
    browser = Browser(explorer)
    browser.edit(word="unicorn")
    assert "unicorn" in explorer.error
    browser.edit(word="w7")
    assert explorer.error is None and check(explorer, browser, "word") is None


def test_linked_sliders_follow_an_edit_that_is_undone():
    explorer = GeometryExplorer("w7", table=ROWS, words=WORDS)
    slider = ipywidgets.IntSlider(30)
    ipywidgets.link((explorer, "rows"), (slider, "value"))
    explorer.rows = 1
    assert explorer.rows == slider.value == 30
    slider.value = 12
    assert explorer.rows == slider.value == 12 and explorer.error is None
