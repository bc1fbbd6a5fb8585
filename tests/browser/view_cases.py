"""Cases of the tests that every view must pass: one `Case` a view.

The files that run over all of them: test_access (axe, phone, forced colors), test_budgets,
test_export, test_hostile, test_play. A new view adds its case here, and gets them all.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
from embedlab.layers import Dense, Embedding, Flatten

THOROUGH = "EMBEDLAB_THOROUGH" in os.environ
"""Whether each state is looked at in each color scheme and width, or in one of them in turn."""


@dataclass(frozen=True)
class Case:
    """One view.

    Attributes
    ----------
    make : callable
        Makes the explorer: `make(**parameters)`; without any, it opens on its story.
    first : str
        The `data-place` of something in the figure that takes the keyboard.
    states : dict of str to tuple of str
        What a lesson shows: a place to focus, then keys to press. Each is looked at by axe.
    traces : list of dict
        Parameters of other runs worth a look: errors, odd sizes, other modes.
    large : dict
        A view as large as a lesson or a user's own text makes it, for the budgets.
    edit : tuple of (str, str, str)
        A slider: its parameter (also its `data-place`), the key that changes it at the largest
        setting, and the one that goes back.
    hostile : list of dict
        Parameters that should not break it.
    """

    make: Callable[..., Any]
    first: str
    states: dict[str, tuple[str, ...]]
    traces: list[dict[str, Any]]
    large: dict[str, Any]
    edit: tuple[str, str, str]
    hostile: list[dict[str, Any]] = field(default_factory=list)


TEXTS = [
    "<script>document.title='x'</script> <img src=x onerror=alert(1)> &amp; $x$",
    "חתול على قطة 🐈 👩‍🚀 e\u0301 \u202e",
    "the cat sat on " * 2500,
    "",
]

CASES: dict[str, Case] = {
    "lookup": Case(
        make=LookupExplorer,
        first="chip:0",
        states={
            "the sum": ("out:0:0", "Enter"),
            "predicting": ("chip:0", "p"),
            "revealed": ("chip:0", "p", "Enter", "p"),
            "changing a weight": ("cell:1:0", "Enter"),
        },
        traces=[
            {"text": "the #99"},
            {"input_dim": 400, "output_dim": 32},
            {"method": "one-hot"},
            {"oob": "nan", "text": "#99"},
        ],
        large={
            "text": "the cat sat on the mat and a dog ran in",
            "input_dim": 40,
            "output_dim": 32,
        },
        edit=("output_dim", "ArrowLeft", "ArrowRight"),
        hostile=[
            *({"text": text} for text in TEXTS),
            {"text": "#0", "input_dim": 1, "output_dim": 1},
            {"text": "the #2047", "input_dim": 2048, "output_dim": 32},
        ],
    ),
    "gradient": Case(
        make=GradientExplorer,
        first="chip:0",
        states={
            "half way": ("chip:0", "Home", ".", "."),
            "a weight and its check": ("cell:1:0", "Enter"),
            "what comes back": ("back:0:1", "Enter"),
            "predicting": ("chip:0", "p"),
            "revealed": ("chip:0", "p", "Enter", "p"),
            "last, mean or sum": ("duplicates", "Enter"),
        },
        traces=[
            {"rule": "assign"},
            {"mode": "tied"},
            {"mode": "padding"},
            {"mode": "frequency"},
            {"input_dim": 40, "output_dim": 16},
            {"text": "#0", "input_dim": 1, "output_dim": 1},
            {"text": 12 * "the ", "table": np.ones((20, 24))},
        ],
        large={"input_dim": 40, "output_dim": 16, "mode": "tied"},
        edit=("output_dim", "ArrowLeft", "ArrowRight"),
        hostile=[
            *({"text": text} for text in TEXTS),
            {"text": TEXTS[2], "mode": "tied"},
            {"text": "", "mode": "tied"},
            {"text": "#0", "input_dim": 1, "output_dim": 1, "mode": "tied"},
            {"text": "#0 #1 #1", "table": [[np.nan], [1.0]]},
            {"text": "#0 #1 #1", "table": [[np.inf], [1.0]], "mode": "tied"},
            {"text": "#2047 #0 " * 40, "table": np.ones((2048, 32))},
        ],
    ),
    "mask": Case(
        make=MaskExplorer,
        first="layer:0",
        states={
            "the layer that loses it": ("layer:2", "Enter"),
            "a place of padding": ("at:2:1:0", "ArrowRight", "ArrowRight", "ArrowRight"),
            "a sentence's end": ("pad:1", "ArrowRight"),
            "predicting": ("layer:2", "p"),
            "revealed": ("layer:2", "p", "Enter", "p"),
            "the mean": ("fact:pool:model:0", "Enter"),
        },
        traces=[
            {"layers": ["Dropout", "GlobalAveragePooling1D", "Dense"]},
            {"mask_zero": False},
            {"layers": ["Dropout", "Flatten", "Dense"]},
            {"padding": "pre", "steps": 12},
            {"layers": ["Masking", "GRU", "Dense"]},
            {"text": "the cat sat on the big red mat on a log", "steps": 12},
            {"text": ""},
        ],
        large={
            "text": "\n".join(["the cat sat on the big red mat on a log in"] * 6),
            "lengths": [12, 11, 10, 9, 8, 7],
            "steps": 12,
            "output_dim": 6,
            "layers": [*["LSTM(return_sequences=True)"] * 2, *["Conv1D"] * 2, "Flatten"],
        },
        edit=("steps", "ArrowLeft", "ArrowRight"),
        hostile=[
            *({"text": text} for text in TEXTS),
            {"text": "#0", "steps": 1, "output_dim": 1, "layers": []},
            {"lengths": [0, 0, 0, 0]},
            {"model": [Embedding(3, 2, weights=[[[np.nan] * 2] * 3], mask_zero=True)]},
            {"model": [Embedding(9, 300, mask_zero=True), Flatten(name="<b>flat</b>")]},
            {"model": [Embedding(1, 1, mask_zero=True), Dense(64, name="wide")]},
        ],
    ),
    "geometry": Case(
        make=GeometryExplorer,
        first="map",
        states={
            "on the map": ("map", "ArrowRight", "ArrowDown"),
            "predicting": ("map", "p"),
            "revealed": ("map", "p", "Enter", "p"),
            "arithmetic": ("fact:cosine", "Enter"),
            "a rectangle": ("map", "l", "ArrowRight", "ArrowUp"),
            "selected": ("map", "l", "ArrowRight", "Enter", "ArrowDown"),
        },
        traces=[
            {"plane": "pca 3+4"},
            {"table": np.eye(90)[:, :9], "labels": [f"k{n % 11}" for n in range(90)]}
            | {"word": "#1", "color": "label", "selection": [2, 5]},
            {"table": np.eye(40), "word": "#1", "labels": np.arange(40) / 3, "color": "label"},
            {"plane": "random", "rows": 400},
            {"word": "#1", "table": [[1.0, 0.0], [np.nan, 1.0], [0.5, 1.0]]},
        ],
        large={
            "table": np.random.default_rng(0).normal(size=(4000, 128)).astype(np.float32),
            "labels": [f"k{n % 11}" for n in range(4000)],
            "word": "#7",
            "a": "#1",
            "b": "#2",
            "c": "#3",
        },
        edit=("rows", "ArrowLeft", "ArrowRight"),
        hostile=[
            *(
                {
                    "word": "#0",
                    "table": np.eye(3),
                    "words": [text[:4000], text, ""],
                    "a": "#0",
                    "b": "#1",
                    "c": "#2",
                }
                for text in TEXTS
            ),
            {"table": [[1.0]], "word": "#0"},
            {"table": [[1.0], [-1.0]], "word": "#0", "a": "#0", "b": "#0", "c": "#1"},
            {"table": np.full((3, 2), np.nan), "word": "#0", "a": "#0", "b": "#1", "c": "#2"},
            {"table": [[0.0, np.inf], [1.0, 0.0], [0.0, 0.0]], "word": "#1"},
            {
                "table": np.eye(100).repeat(100, axis=0),
                "word": "#0",
                "words": ["👩‍🚀" * 20] * 10_000,
            },
        ],
    ),
    "training": Case(
        make=TrainingExplorer,
        first="here",
        states={
            "a cell and its arithmetic": ("here", "Enter"),
            "two pins": ("here", "x", "ArrowUp", "x", "ArrowUp"),
            "the other run": ("here", "2"),
            "predicting": ("here", "p", "ArrowUp", "ArrowUp"),
            "revealed": ("here", "p", "ArrowUp", "p"),
            "branched": ("here", "b"),
        },
        traces=[
            {"runs": ["adam"]},
            {"runs": ["sgd", "momentum", "rmsprop"], "output_dim": 6},
            {"branch": [0, 20, "lazy adam", 0.05]},
            {"text": ""},
        ],
        large={
            "text": " ".join(f"w{n * n % 97}" for n in range(3000)),
            "runs": ["adam"] * 3,
            "branch": [0, 5, "adam", 0.1],
            "steps": 200,
            "batch": 16,
            "input_dim": 40,
        },
        edit=("batch", "ArrowLeft", "ArrowRight"),
        hostile=[
            *({"text": text} for text in TEXTS),
            {"text": "a", "input_dim": 1, "output_dim": 1, "steps": 10},
            {"table": np.full((3, 2), np.nan)},
            {"table": [[np.inf, 1.0], [0.5, 1.0]], "runs": ["sgd"]},
            {"table": np.ones((40, 8)), "batch": 16, "runs": ["adam", "adam", "rmsprop"]},
        ],
    ),
    "quantize": Case(
        make=QuantizationExplorer,
        first="row:0",
        states={
            "tenfold": ("mark:3", "x"),
            "a bit turned over": ("bit:0:7", "Enter"),
            "the arithmetic of a weight": ("cell:weight:3", "Enter"),
            "predicting": ("mark:3", "p", "Enter"),
            "revealed": ("mark:3", "p", "Enter", "p"),
            "a step before": ("mark:3", ",", ","),
        },
        traces=[
            {"scheme": "int8"},
            {"scheme": "groups", "block": 3, "output_dim": 7},
            {"source": np.array([[1.0, np.nan], [0.0, 2.0]])},
            {"row": 8, "input_dim": 64},
        ],
        large={"input_dim": 64, "output_dim": 32, "scheme": "groups", "block": 1},
        edit=("output_dim", "ArrowLeft", "ArrowRight"),
        hostile=[
            {"source": np.eye(4), "words": TEXTS},
            {"input_dim": 1, "output_dim": 1},
            {"source": np.zeros((3, 5)), "scheme": "groups"},
            {"source": np.full((2, 3), 3e38, np.float32)},
            {"source": np.full((2, 3), 1e-38, np.float32), "scheme": "int8"},
            {"source": np.array([[np.nan, np.inf], [-np.inf, 0.0]])},
            {
                "source": np.random.default_rng(0).normal(size=(64, 64)),
                "scheme": "groups",
                "block": 1,
            },
        ],
    ),
    "lora": Case(
        make=LoRAExplorer,
        first="edge:a",
        states={
            "a word and its arithmetic": ("token:9", "Enter"),
            "the sum of a cell": ("m:5:3", "Enter"),
            "before any step": ("edge:b", "Home"),
            "merged": ("edge:a", "m"),
            "predicting": ("edge:a", "p", "ArrowDown", "ArrowRight", "ArrowDown"),
            "revealed": ("edge:a", "p", "ArrowDown", "p"),
        },
        traces=[
            {"start": "zero", "seen": [0]},
            {"target": "random", "scaling": "rslora", "rank": 8},
            {"target": "painted", "edits": [[0, 0, 0.9], [1, 2, -0.9]]},
            {"seen": []},
            {"input_dim": 64, "output_dim": 16, "rank": 16},
        ],
        large={
            "input_dim": 64,
            "output_dim": 16,
            "seen": list(range(16)),
            "rank": 16,
            "target": "random",
        },
        edit=("alpha", "ArrowRight", "ArrowLeft"),
        hostile=[
            {"input_dim": 1, "output_dim": 1},
            {"source": np.eye(4), "words": TEXTS},
            {"source": np.full((3, 2), np.nan)},
            {"source": [[np.inf, 1e300], [0.5, 1.0]], "seen": []},
            {
                "source": np.ones((64, 32)),
                "seen": list(range(48, 64)),
                "words": ["👩‍🚀" * 20] * 10_000,
            },
        ],
    ),
    "shard": Case(
        make=ShardExplorer,
        first="worker:0",
        states={
            "a worker and its bytes": ("worker:0", "Enter", "ArrowDown"),
            "an id": ("id:0", "Enter", "ArrowDown"),
            "a number of a row": ("cell:0:0", "Enter", "ArrowRight"),
            "the imbalance": ("fact:imbalance", "Enter"),
            "the first step": ("worker:0", "Home"),
            "ids are sent": ("worker:0", "Home", ".", "."),
            "one has answered": ("worker:0", "Home", ".", ".", "."),
            "predicting": ("worker:0", "p"),
            "revealed": ("worker:0", "p", "Enter", "p"),
        },
        traces=[
            {"scheme": "row_wise_hashed", "workers": 8, "hot_rows": 16},
            {"scheme": "column_wise", "workers": 8, "output_dim": 32},
            {"scheme": "table_wise"},
            {"text": "the cat sat on the mat #900 #900", "workers": 6},
            {"text": "", "workers": 1},
            {"input_dim": 16_384, "workers": 8, "hot_rows": 128, "output_dim": 32},
        ],
        large={"scheme": "column_wise", "workers": 8, "output_dim": 32, "input_dim": 4096},
        edit=("workers", "ArrowLeft", "ArrowRight"),
        hostile=[
            *({"text": text} for text in TEXTS),
            {"text": "#0 #1023 #5 #5", "workers": 8},
            {"text": "👩‍🚀 " * 200, "scheme": "column_wise"},
            {"input_dim": 128, "hot_rows": 128, "workers": 8},
        ],
    ),
    "window": Case(
        make=WindowExplorer,
        first="cell:0:0:0",
        states={
            "a pair and its loss": ("pair:1", "Enter"),
            "the update of a row": ("cell:0:0:1", "Enter"),
            "a negative's row": ("cell:1:3:1", "Enter", "ArrowDown"),
            "the next words": ("word:0", "ArrowRight", "ArrowRight"),
            "predicting": ("word:0", "p"),
            "revealed": ("word:0", "p", "Enter", "p"),
        },
        traces=[
            {"window": 4, "negative": 4, "output_dim": 8, "position": 40},
            {"text": "cat"},
            {"text": ""},
            {"input_dim": 3, "output_dim": 2},
            {"table": np.full((20, 16), -0.12)},
        ],
        large={
            "text": " ".join(f"w{n * n % 97}" for n in range(3000)),
            "window": 4,
            "negative": 4,
            "output_dim": 8,
            "input_dim": 18,
        },
        edit=("output_dim", "ArrowLeft", "ArrowRight"),
        hostile=[
            *({"text": text} for text in TEXTS),
            {"text": "a", "input_dim": 1, "output_dim": 2},
            {"text": "word " * 300, "learning_rate": 10.0, "window": 4, "negative": 4},
            {"text": "👩‍🚀 " * 200, "input_dim": 1},
        ],
    ),
}
