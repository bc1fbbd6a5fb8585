"""The messages that the browser's unit tests read, written by the real explorer.

`python tests/explorers/golden.py` writes them to js/test/golden; test_golden.py compares. Times
are measured, so they alone may differ.
"""

import base64
import json
import re
from pathlib import Path

import numpy as np

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

FOLDER = Path(__file__).resolve().parents[2] / "js" / "test" / "golden"
COMPUTED = {
    "geometry",
    "gradient",
    "mask",
    "quantize",
    "shard",
    "training",
    "window",
}  # last bits differ by machine
NOISY = {"curve"}  # what rounding leaves of a difference
WORDS = [
    "cat",
    "dog",
    "mouse",
    "lion",
    "tuple",
    "list",
    "dict",
    "string",
    "run",
    "walk",
    "sleep",
    "eat",
]
ROWS = np.random.default_rng(4).normal(size=(12, 3)).round(2)
MEASURED = {"lookup": ("gather_ns", "onehot_ns")}
EXPLORERS = {
    "geometry": GeometryExplorer,
    "gradient": GradientExplorer,
    "lookup": LookupExplorer,
    "mask": MaskExplorer,
    "quantize": QuantizationExplorer,
    "training": TrainingExplorer,
    "lora": LoRAExplorer,
    "shard": ShardExplorer,
    "window": WindowExplorer,
}
STATES = {
    "geometry": {
        "default": {
            "word": "tuple",
            "table": ROWS,
            "words": WORDS,
            "a": "cat",
            "b": "dog",
            "c": "run",
        },
        "random": {"word": "tuple", "table": ROWS, "words": WORDS, "plane": "random"},
        "one": {"table": [[1.0, 2.0]], "words": ["<b>only</b>"]},
        "lost": {
            "word": "#1",
            "table": [[1.0, 0.0], [0.0, 1.0], [np.nan, 1.0], [1.0, 1.0]],
            "words": ["a", "a", "חתול", ""],
        },
    },
    "gradient": {
        "default": {"output_dim": 3},
        "assign": {"text": "the cat the", "output_dim": 2, "input_dim": 6, "rule": "assign"},
        "padding": {"text": "#0 the #0 the", "output_dim": 2, "input_dim": 4, "mode": "padding"},
        "frequency": {"text": "the the a", "output_dim": 2, "input_dim": 4, "mode": "frequency"},
        "tied": {"text": "the a the on", "output_dim": 2, "input_dim": 5, "mode": "tied"},
        "own": {"text": "#1 #0 #1", "table": [[1.0], [2.0]], "grad_out": [[0.5], [-1.0], [0.25]]},
        "many": {"text": "#50 #2 #50", "table": np.sin(np.arange(120.0)).reshape(60, 2)},
        "nan": {"text": "#0 #1 #1", "table": [[np.nan], [1.0]]},
        "smallest": {"text": "#0", "input_dim": 1, "output_dim": 1},
        "empty": {"text": "", "input_dim": 3, "output_dim": 2},
    },
    "lookup": {
        "default": {},
        "refused": {"text": "the cat #16 sat #-1"},
        "smallest": {"text": "#0", "input_dim": 1, "output_dim": 1},
        "lens": {"text": "the cat sat #150 #199 on the mat", "input_dim": 200, "output_dim": 12},
        "hostile": {
            "text": "<script>alert('a')</script> חתול قطة 🐈 👩‍🚀 &amp; $x$",
            "input_dim": 40,
        },
        "nan": {"text": "the #99 mat", "oob": "nan", "method": "one-hot"},
        "clip": {"text": "the #99 mat", "oob": "clip", "edits": [[1, 0, 0.25], [500, 0, 1.0]]},
        "empty": {"text": ""},
    },
    "training": {
        "default": {"steps": 30},
        "branch": {
            "runs": ["adam", "momentum", "adagrad"],
            "branch": [0, 12, "sgd", 1.0],
            "steps": 20,
        },
        "plane": {"runs": ["rmsprop"], "output_dim": 3, "steps": 12},
        "penalty": {"runs": ["sgd + l2"], "steps": 10, "batch": 1},
        "hostile": {"text": "<script>alert('a')</script> חתול قطة 🐈 👩‍🚀 &amp; $x$", "steps": 10},
        "nan": {"table": [[float("nan"), 1.0], [0.5, float("inf")], [1.0, 2.0]], "steps": 10},
        "smallest": {"text": "a", "input_dim": 1, "output_dim": 1, "steps": 10},
        "empty": {"text": "", "steps": 10},
    },
    "quantize": {
        "default": {},
        "outlier": {"edits": [[9, 3, -6.9]]},
        "odd": {"output_dim": 5, "input_dim": 3, "row": 1, "block": 2, "scheme": "groups"},
        "flipped": {"input_dim": 10, "flips": [["int4", 9, 2, 3], ["int8", 9, 0, 7]]},
        "smallest": {"input_dim": 1, "output_dim": 1, "row": 0},
        "zeros": {"source": np.zeros((2, 3)), "words": ["<b>", "חתול"]},
    },
    "mask": {
        "default": {},
        "kept": {"layers": ["Dropout", "GlobalAveragePooling1D", "Dense"]},
        "flat": {"layers": ["Dropout", "Flatten", "Dense"], "padding": "pre"},
        "replaced": {"layers": ["Masking", "GRU", "Dense"]},
        "hostile": {"text": "<script>alert('a')</script>\nחתול قطة 🐈\n\n&amp; $x$", "steps": 5},
        "empty": {"text": ""},
    },
    "lora": {
        "small": {"input_dim": 6, "output_dim": 3, "seen": [0, 2], "rank": 2},
        "zero": {
            "input_dim": 6,
            "output_dim": 3,
            "seen": [2],
            "start": "zero",
            "rank": 9,
            "scaling": "rslora",
            "target": "painted",
            "edits": [[2, 1, 0.9], [9, 0, 1.0]],
        },
        "smallest": {"input_dim": 1, "output_dim": 1, "rank": 1, "seen": []},
    },
    "shard": {
        "default": {},
        "hashed": {"scheme": "row_wise_hashed", "workers": 8, "hot_rows": 16},
        "columns": {"scheme": "column_wise", "workers": 3, "output_dim": 8},
        "text": {"text": "<b>the</b> חתול the #1023 🐈", "workers": 2, "output_dim": 8},
        "none": {"text": "", "output_dim": 8},
        "single": {"workers": 1, "batch_size": 1, "input_dim": 128, "output_dim": 8},
    },
    "window": {
        "default": {"text": "The cat sat on the mat. A dog ran.", "position": 1},
        "none": {"text": ""},
        "single": {"text": "cat. dog.", "negative": 0, "output_dim": 2},
        "hostile": {"text": "<b>the</b> חתול قطة 🐈. &amp; $x$", "window": 4, "input_dim": 3},
    },
}
NAMES = [(view, state) for view, states in STATES.items() for state in states]


def path(view, state):
    """Return where a message is kept."""
    return FOLDER / f"{view}-{state}.json"


def message(view, state):
    """Return one message as JSON: its buffer in base64."""
    content = EXPLORERS[view](**STATES[view][state]).message
    return {"header": content["header"], "buffer": base64.b64encode(content["buffer"]).decode()}


PROSE = {"alt", "no_reference", "question", "reason", "sentence", "summary", "trace_error"}
"""Sentences: their wording may change, the numbers in them may not."""


def _numbers_of_prose(value):
    """Return a header in which each sentence is the list of its numbers."""
    if isinstance(value, list):
        return [_numbers_of_prose(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: re.findall(r"\d+(?:\.\d+)?", item)
        if key in PROSE and isinstance(item, str)
        else _numbers_of_prose(item)
        for key, item in value.items()
    }


def matches(view, state, *, wording=False):
    """Return whether the committed message is the one sent today, times apart.

    The wording of its sentences counts only when asked for.
    """
    if not path(view, state).exists():
        return False
    expected = json.loads(path(view, state).read_text(encoding="utf-8"))
    actual = message(view, state)
    for measured in MEASURED.get(view, ()):
        if (expected["header"].pop(measured) is None) != (actual["header"].pop(measured) is None):
            return False
    actual = json.loads(json.dumps(actual))
    if not wording:
        expected, actual = (
            {**m, "header": _numbers_of_prose(m["header"])} for m in (expected, actual)
        )
    return _alike(expected, actual) if view in COMPUTED else expected == actual


def _alike(expected, actual):
    """Return whether two messages are equal, but for the last bits of their numbers."""
    (one, expected_arrays), (two, actual_arrays) = (
        _unpacked(message) for message in (expected, actual)
    )
    for name in ("shares", "typical", "loss"):
        numbers = [np.array(header.pop(name, None), float) for header in (one, two)]
        if not np.allclose(*numbers, atol=1e-5, equal_nan=True):
            return False
    same = [
        np.allclose(
            expected_arrays[name],
            actual_arrays[name],
            atol=0.1 if name in NOISY else 1e-5,
            equal_nan=True,
        )
        for name in expected_arrays
        if name in actual_arrays and expected_arrays[name].shape == actual_arrays[name].shape
    ]
    return (
        one == two
        and expected_arrays.keys() == actual_arrays.keys()
        and len(same) == len(expected_arrays)
        and all(same)
    )


def _unpacked(message):
    return decode({**message, "buffer": base64.b64decode(message["buffer"])})


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for view, state in NAMES:
        if matches(view, state, wording=True):
            continue  # else every run would change the times
        text = json.dumps(message(view, state), ensure_ascii=False, indent=1, allow_nan=False)
        path(view, state).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
