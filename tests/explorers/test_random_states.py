"""Thirty random states of each view: every number that it names is that of its formula.

`formulas` holds the formulas, in NumPy alone. Here are the states, and where the message has the
number of each label. A label of a view without a formula fails the first test.
"""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from embedlab.core.skipgram.recorded import UPDATE_RULES
from embedlab.distributed import SCHEMES
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
from embedlab.layers import (
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    SimpleRNN,
)
from embedlab.traces.geometry import METRICS
from embedlab.traces.geometry.plane import PLANES

spec = importlib.util.spec_from_file_location("formulas", Path(__file__).with_name("formulas.py"))
formulas = importlib.util.module_from_spec(spec)
spec.loader.exec_module(formulas)

STATES = 30
SLOTS = {"momentum": 1, "adagrad": 1, "rmsprop": 1, "adam": 2, "lazy adam": 2}
JS = Path(__file__).resolve().parents[2] / "js"


def random_ids(rng, rows, most=12, outside=False):
    return rng.integers(-2 if outside else 0, rows + 2 if outside else rows, rng.integers(1, most))


def text_of(ids):
    return " ".join(f"#{i}" for i in ids)


# --- the states: a message, and the same numbers from raw arrays ----------------------------------


def lookup_state(rng):
    height, width = rng.integers(1, 40), rng.integers(1, 9)
    if rng.random() < 0.1:
        height, width = 3000, 40
    dtype = rng.choice(["float16", "float32", "float64"])
    table = rng.normal(size=(height, width)).astype(dtype)
    oob = str(rng.choice(["raise", "zero", "nan", "clip", "wrap"]))
    ids = random_ids(rng, height, outside=rng.random() < 0.6)
    method = str(rng.choice(["gather", "one-hot"]))
    row, column = int(rng.integers(height)), int(rng.integers(width))
    explorer = LookupExplorer(
        text_of(ids), table=table, oob=oob, method=method, edits=[[row, column, 0.5]]
    )
    table[row, column] = 0.5
    header, _ = decode(explorer.message)
    error = header["trace_error"]
    received = {
        "ids": tuple(header["shapes"]["ids"]),
        "table": tuple(header["shapes"]["table"]),
        "V": header["shapes"]["table"][0],
        "parameters": header["parameters"],
        "output": tuple(header["shapes"]["output"]),
        "rows read": header["rows_read"],
        "bytes moved": header["bytes_moved"],
        "gather": header["multiplications"]["gather"],
        "one-hot": header["multiplications"]["one-hot"],
        "difference": header["max_difference"],
    }
    if error:
        received |= dict.fromkeys(list(received)[4:])
    return received, formulas.lookup(table, ids, oob)


def gradient_state(rng):
    height, width = int(rng.integers(1, 9)), int(rng.integers(1, 5))
    table = rng.normal(size=(height, width))
    ids = random_ids(rng, height)
    mode = str(rng.choice(["plain", "padding", "frequency", "tied"]))
    rule, digits = str(rng.choice(["add", "assign"])), int(rng.integers(1, 7))
    padding_idx = int(rng.integers(height))
    explorer = GradientExplorer(
        text_of(ids),
        table=table,
        mode=mode,
        rule=rule,
        digits=digits,
        padding_idx=padding_idx,
        seed=int(rng.integers(1000)),
    )
    header, arrays = decode(explorer.message)
    checked, columns = arrays["checked"], arrays["up"].shape[2]
    row, column = int(rng.integers(height)), int(rng.integers(width))
    rows, counts = arrays["rows"], arrays["counts"]
    busiest = int(rows[counts.argmax()]) if counts.any() else None
    # As js/gradient/gradient_check.js reads the check of one weight.
    at = np.flatnonzero(checked == row)
    analytic = numeric = error = None
    if at.size and column < columns:
        up, down = (arrays[name][digits, at[0], column] for name in ("up", "down"))
        totals = arrays["added" if rule == "add" else "assigned"]
        analytic = float(totals[np.flatnonzero(rows == row)[0], column])
        numeric = (up - down) / (2 * 10.0**-digits)
        error = abs(analytic - numeric) / arrays["largest"][int(rule == "assign"), digits]
    received = {
        "N": len(arrays["ids"]),
        "V": header["V"],
        "D": header["D"],
        "loss": header["loss"],
        "rows": header["reached"],
        "busiest": busiest,
        "its count": None if busiest is None else int(counts.max()),
        "analytic": analytic,
        "numerical": numeric,
        "relative error": error,
        "pass": header["passes"][rule],
    }
    return received, formulas.gradient(
        table,
        ids,
        arrays.get("target"),
        mode,
        rule,
        padding_idx,
        digits,
        (row, column),
        (checked.tolist(), columns),
    )


def quantize_state(rng):
    height, width = int(rng.choice([1, 2, 7, 40, 150])), int(rng.integers(6, 20))
    table = rng.normal(size=(height, width)).astype(np.float32)
    row, block = int(rng.integers(height)), int(rng.integers(2, width + 1))
    explorer = QuantizationExplorer(
        table.copy(), row=row, block=block, edits=[[row, 1, -3.5]], scheme="groups"
    )
    table[row, 1] = -3.5
    header, arrays = decode(explorer.message)
    at = row - int(arrays.get("rows", [0])[0])
    near = header["near"]
    received = {"floats": header["bytes"], "near": near}
    for name in ("int8", "int4", "groups"):
        order = set(arrays["order"][at, :near]) & set(arrays[f"{name}.order"][at, :near])
        received |= {
            f"bytes {name}": header["schemes"][name]["bytes"],
            f"error {name}": arrays[f"{name}.error"][at],
            f"grown error {name}": arrays[f"{name}.grown_error"][at],
            f"kept {name}": len(order),
        }
    return received, formulas.quantize(table, row, block)


def lora_state(rng):
    height, width = int(rng.integers(2, 14)), int(rng.integers(1, 6))
    if rng.random() < 0.1:
        height, width = 3000, 24
    table, delta = rng.normal(size=(2, height, width))
    delta[rng.random(height) < 0.3] = 0
    seen = np.unique(rng.integers(height, size=rng.integers(0, 5)))
    rank = int(rng.integers(1, min(height, width, 16) + 1))
    alpha, rslora = int(rng.integers(1, 17)), bool(rng.integers(2))
    explorer = LoRAExplorer(
        table=table,
        delta=delta,
        seen=seen.tolist(),
        rank=rank,
        alpha=alpha,
        scaling="rslora" if rslora else "lora",
        start=str(rng.choice(["random", "zero"])),
        seed=int(rng.integers(1000)),
    )
    header, arrays = decode(explorer.message)
    frame = int(rng.integers(len(arrays["steps"])))
    step = int(arrays["steps"][frame])
    k, moved = rank - 1, int(arrays["moved"][rank - 1, frame])
    drift = arrays[f"drift{rank}"][frame]
    received = {
        "V": header["shape"][0],
        "D": header["shape"][1],
        "A and B": sum(header["shape"]) * rank,
        "scale": header["scales"][k],
        "best": arrays["errors"][rank],
        "reached": arrays["all_errors"][k, frame],
        "reached, trained": arrays["training_errors"][k, step],
        "effective rank": header["effective_rank"],
        "rows trained": header["all_seen"],
        "rows moved": moved,
        "untrained moved": moved - int((drift[arrays["seen"]] > 0).sum()),
        "max, untrained": arrays["largest_unseen"][k, frame],
        "merge": arrays["merge_differences"][k],
    }
    # The random numbers with which A and B begin; the message has them of the rows it draws.
    a, b = (factor.astype(float) for factor in explorer.trace.factors)
    np.testing.assert_allclose(arrays["a_start"], a[arrays["rows"]], atol=1e-6)
    scale = alpha / (np.sqrt(rank) if rslora else rank)
    start = (a[:, :rank], b[:rank])
    return received, formulas.lora(delta, seen, rank, scale, start, step)


def geometry_state(rng):
    height, width = int(rng.integers(6, 70)), int(rng.integers(4, 9))
    if rng.random() < 0.1:
        height = 4500
    table = rng.normal(size=(height, width)) * np.linspace(2, 0.7, width)
    if rng.random() < 0.3:
        table[2, 0] = np.nan
    picked, other = rng.choice([row for row in range(height) if row != 2], 2, replace=False)
    plane, seed = str(rng.choice(PLANES)), int(rng.integers(1000))
    metric = str(rng.choice(METRICS))
    state = {"plane": plane, "seed": seed, "metric": metric, "a": f"#{other}"}
    explorer = GeometryExplorer(f"#{picked}", table=table, **state)
    header, arrays = decode(explorer.message)
    numbers = arrays.get("rows", np.arange(height)).tolist()
    if other not in numbers or rng.random() < 0.5:  # hover is on a row of the map
        other = numbers[int(rng.choice(arrays["near"]))]
    seat, near = numbers.index(other), arrays["near"].tolist()
    distance, on_map = arrays["distances"][seat], arrays["map_distances"][seat]
    received = {
        "cosine": arrays["cosines"][seat],
        "distance": distance,
        "map": on_map,
        "map / distance": on_map / distance,
        "closer": arrays["closer_on_map"][near.index(seat)] if seat in near else None,
        "near": len(near),
        "kept": len(set(near) & set(arrays["near_map"].tolist())),
        "typical": header["typical"],
        "trust": header["quality"]["trustworthiness"],
        "continuity": header["quality"]["continuity"],
        "words": header["total"],
        "dimensions": header["width"],
        "variance": sum(header["shares"]),
        "invalid": header["invalid_rows"],
    }
    return received, formulas.geometry(table, int(picked), other, plane, seed, metric)


POOLING = (Flatten, GlobalAveragePooling1D, GlobalMaxPooling1D, SimpleRNN)


def mask_state(rng):
    height, width = 12, int(rng.integers(2, 6))
    table = rng.normal(size=(height, width))
    mask_zero, steps = bool(rng.integers(2)), int(rng.integers(3, 7))
    lines = [rng.integers(1, height, rng.integers(1, steps + 1)) for _ in range(rng.integers(1, 5))]
    if rng.random() < 0.3:
        lines = [rng.integers(1, height, steps) for _ in lines]  # no padding at all
    wide = {"dtype": "float64"}
    pooling = POOLING[rng.integers(len(POOLING))]
    layers = [pooling(3, **wide) if pooling is SimpleRNN else pooling(**wide)]
    if rng.random() < 0.4:
        layers.insert(0, Dense(3, **wide))
    if rng.random() < 0.7:
        layers.append(Dense(1, **wide))
    first = Embedding(height, width, weights=[table], mask_zero=mask_zero, dtype="float64")
    text = "\n".join(map(text_of, lines))
    values, chain = np.zeros((1, steps, width)), []
    for layer in layers:
        values = layer(values)  # it makes the weights
        weights = [rng.normal(size=w.shape) for w in layer.get_weights()]
        layer.set_weights(weights)
        kernel, *states, bias = weights or (None, None)
        chain.append((type(layer).__name__, kernel, *(states or (None,)), bias))
    explorer = MaskExplorer(text, model=[first, *layers], steps=steps, mask_zero=mask_zero)
    header, arrays = decode(explorer.message)
    sentence, n = int(rng.integers(len(lines))), header["pooled_at"]
    loss, missing = arrays["loss"], bool(header["no_reference"])
    off = [None] * len(lines)
    if not missing:
        off = np.linalg.norm(arrays[f"model{n}"] - arrays[f"reference{n}"], axis=1)
    positions = arrays["ids"].size
    padding = positions - sum(header["lengths"])
    received = {
        "sentences": len(arrays["ids"]),
        "length": arrays["ids"].shape[1],
        "mask_zero": header["params"]["mask_zero"],
        "loss model": loss[0],
        "loss unmasked": loss[1],
        "gradient model": np.linalg.norm(arrays["grad_model"]),
        "gradient unmasked": np.linalg.norm(arrays["grad_unmasked"]),
        "row 0": np.linalg.norm(arrays["row_0"]),
        "padding that counts": padding if padding_counts(header, arrays) else 0,
        "positions": positions,
        "loss reference": None if missing else loss[2],
        "gradient reference": None if missing else np.linalg.norm(arrays["grad_reference"]),
        "pooled off": off[sentence],
        "mean off": None if missing else off.mean(),
        "loss off": None if missing else abs(loss[0] - loss[2]),
    }
    ids = np.zeros((len(lines), steps), np.int64)
    for line, words in zip(ids, lines, strict=True):
        line[: len(words)] = words
    return received, formulas.mask(
        table, ids, chain, mask_zero=mask_zero, target=header["target"], sentence=sentence
    )


def padding_counts(header, arrays):
    """Return whether padding counts at the pooling layer, as js/mask/trace.js finds it."""
    ids, counts = arrays["ids"], []
    out = bool((ids != 0).all())
    for n, stage in enumerate(header["stages"]):
        out |= stage["status"] == "consumed" and not counts[n - 1]
        mask = arrays.get(f"mask{n}")
        separates = mask is not None and mask.shape == ids.shape and not mask[ids == 0].any()
        counts.append(not out and not separates)
    return counts[header["pooled_at"]]


def training_state(rng):
    height, width = int(rng.integers(3, 12)), int(rng.integers(1, 5))
    table = rng.normal(0, 0.5, (height, width)).astype(np.float32)
    words = [f"w{n}" for n in range(height - 1)]
    spoken = rng.choice(words, 25).tolist()
    spoken[7] += "."
    rule = str(rng.choice(UPDATE_RULES))
    rate, seed = float(rng.choice([0.02, 0.1, 0.5])), int(rng.integers(1000))
    explorer = TrainingExplorer(
        " ".join(spoken),
        table=table,
        runs=[[rule, rate]],
        steps=10,
        batch=int(rng.integers(1, 5)),
        seed=seed,
    )
    header, arrays = decode(explorer.message)
    step, row = int(rng.integers(10)), int(rng.integers(height))
    pin = int(rng.integers(height))
    w, events = arrays["w0"].astype(float), arrays["events"]
    grads = np.zeros((10, height, width))
    grads[events[:, 0], events[:, 1]] = arrays["g0"]
    pulled = (grads != 0).any(axis=2)
    # As js/training/trace.js: a row is seen where the batch has a gradient for it.
    seen = events[(events[:, 1] == row) & (events[:, 0] <= step), 0]
    moves = np.linalg.norm(w[step + 1] - w[step], axis=1)
    slots = len(header["runs"][0]["slots"])
    received = {
        "last seen": int(seen.max()) + 1 if seen.size else None,
        "uses": arrays["counts"][row],
        "gradient": np.linalg.norm(grads[step, row]),
        "moved": moves[row],
        "loss": arrays["losses0"][step],
        "in the batch": int(pulled[step].sum()),
        "rows moved": int((moves > 0).sum()),
        "zero gradient": int(((moves > 0) & ~pulled[step]).sum()),
        "V": arrays["w0"].shape[1],
        "window": header["objective"]["window"],
        "negatives": header["objective"]["negative"],
        "rate": header["runs"][0]["rate"],
        "slots": slots,
        "values": slots * w[0].size,
        **{f"slot {k}": np.linalg.norm(arrays[f"slot0{k}"][step + 1, row]) for k in range(slots)},
        "to a row": np.linalg.norm(w[step + 1, row] - w[step + 1, pin]),
    }
    context = np.random.default_rng(seed).uniform(-0.5, 0.5, table.shape)
    pairs, label, starts, _ = explorer.trace.batches  # the words that were drawn
    run = formulas.training(table, context, pairs, label, starts, rule, rate)
    ids = explorer.trace.ids
    numbers = formulas.training_facts(run, ids, row, pin, step, (rate, SLOTS.get(rule, 0)))
    near = np.count_nonzero(label)
    most = 2 if len(label) - near <= 2 * near else np.inf  # a word that is near is no negative
    numbers |= {"window": 2, "negatives": most}
    return received, numbers


def window_state(rng):
    words = [f"w{n}" for n in range(int(rng.integers(1, 9)))]
    spoken = rng.choice(words, int(rng.integers(1, 20))).tolist()
    spoken[len(spoken) // 2] += "."
    seed, rate = int(rng.integers(1000)), float(rng.choice([0.1, 1.0, 4.0]))
    explorer = WindowExplorer(
        " ".join(spoken),
        window=int(rng.integers(1, 5)),
        negative=int(rng.integers(0, 5)),
        output_dim=int(rng.integers(2, 9)),
        learning_rate=rate,
        seed=seed,
    )
    _, arrays = decode(explorer.message)
    step = int(rng.integers(len(arrays["ids"])))
    pairs = slice(*arrays["starts"][step : step + 2])
    label, second = arrays["label"][pairs], arrays["second"][pairs]
    weights = arrays["weights"]
    received = {
        "context words": int((label == 1).sum()),
        "negatives": int((label == 0).sum()),
        "loss": arrays["losses"][step] if label.size else None,
        "rows": int(label.size > 0),
        "context rows": len(set(second.tolist())),
        "V": weights.shape[2],
        "D": weights.shape[3],
        "words": len(arrays["ids"]),
        "rate": explorer.learning_rate,
    }
    (centers, others), marks, starts = explorer.trace.batches.pairs.T, *explorer.trace.batches[1:3]
    generator = np.random.default_rng(seed)
    shape = weights.shape[2:]
    tables = [generator.uniform(-0.5, 0.5, shape).astype(np.float32) for _ in range(2)]
    numbers = formulas.window(*tables, centers, others, marks, starts, step, rate)
    return received, numbers | {"words": len(spoken), "rate": rate}


def shard_state(rng):
    ids = rng.integers(0, 128, rng.integers(1, 17))
    size = int(rng.choice([128, 500, 1024])), int(rng.integers(8, 33))
    scheme = str(rng.choice(SCHEMES))
    hot, workers, seed = int(rng.choice([0, 1, 9, 128])), int(rng.integers(1, 9)), int(size[1])
    explorer = ShardExplorer(
        ids=ids,
        scheme=scheme,
        workers=workers,
        hot_rows=hot,
        input_dim=size[0],
        output_dim=size[1],
        seed=seed,
    )
    header, arrays = decode(explorer.message)
    count = arrays["requested"].sum(axis=1)
    loads = [arrays["answers"].astype(float), *arrays["loads"]]
    imbalances = [float(load.max() / load.mean()) if load.any() else 1.0 for load in loads]
    received = {
        "ids": len(arrays["ids"]),
        "distinct": len(arrays["distinct"]),
        "V": header["params"]["input_dim"],
        "D": arrays["rows"].shape[1],
        "W": len(count),
        "H": header["hot_rows"],
        "most": int(count.max()),
        "sent": int(count.sum()),
        "requests": int(arrays["requests"].sum()),
        "answers": int(arrays["answers"].sum()),
        "updates": int(arrays["updates"].sum()),
        "bytes": int(arrays["memory"].sum()),
        "planned": header["planned_batch"],
        "difference": float(arrays["difference"][0]),
        **dict(zip(("imbalance", "uniform", "zipf"), imbalances, strict=True)),
    }
    planned = header["planned_batch"]
    return received, formulas.shard(*size, scheme, workers, hot, ids, planned, seed)


VIEWS = {
    "geometry": (geometry_state, 2e-5),
    "gradient": (gradient_state, 1e-5),
    "lookup": (lookup_state, 1e-9),
    "lora": (lora_state, 2e-4),
    "mask": (mask_state, 1e-6),
    "quantize": (quantize_state, 1e-6),
    "shard": (shard_state, 1e-9),
    "training": (training_state, 2e-4),
    "window": (window_state, 2e-5),
}
"""A state of each view, and the tolerance of its numbers: float32, six decimals, differences."""


@pytest.mark.parametrize("view", VIEWS)
def test_each_number_is_that_of_its_formula(view):
    state, tolerance = VIEWS[view]
    compared = set()
    for seed in range(STATES):
        numbers, expected = state(np.random.default_rng([seed, len(view)]))
        assert numbers.keys() == expected.keys()
        for name, value in expected.items():
            received = numbers[name]
            where = f"{view}, state {seed}, {name}: {received}, by its formula {value}"
            if value is None or isinstance(value, (bool, int, tuple)):
                assert received == value, where
            else:
                assert received == pytest.approx(value, rel=tolerance, abs=tolerance), where
        compared |= expected.keys()
    named = {name for names in LABELS[view].values() if names is not MEASURED for name in names}
    assert named == compared


# --- every label of a view has its formula --------------------------------------------------------

MEASURED = ["measured"]  # a time has no formula
LABELS = {
    "geometry": {
        "label": [],  # the argument of a function
        "header.params.color": [],  # a column of the user's labels
        "cosine": ["cosine"],
        "Cosine of the pair": ["cosine"],
        "distance": ["distance"],
        "Distance of the pair": ["distance"],
        "distance on the map": ["map"],
        "Distance on the map": ["map"],
        "map / distance": ["map / distance"],
        "closer on the map": ["closer"],
        "kept on the map": ["kept", "near"],
        "Neighbors kept on the map": ["kept", "near"],
        "on average": ["typical"],
        "words": ["words"],
        "dimensions": ["dimensions"],
        "explained variance": ["variance"],
        "Explained variance": ["variance"],
        "trustworthiness": ["trust"],
        "Trustworthiness": ["trust"],
        "continuity": ["continuity"],
        "rows with NaN": ["invalid"],
    },
    "gradient": {
        "upstream gradient": ["N", "D"],
        "gradient dW": ["V", "D"],
        "loss": ["loss"],
        "Loss": ["loss"],
        "rows with gradient": ["rows", "V"],
        "Rows with gradient": ["rows", "V"],
        "busiest row": ["busiest", "its count"],
        "Busiest row": ["busiest", "its count"],
        "analytic, ${params.rule}": ["analytic"],
        "numerical": ["numerical"],
        "relative error": ["relative error"],
        "Relative error, W[${weight.row}, ${weight.col}]": ["relative error"],
        "all weights": ["pass"],
        "Gradient check, all weights": ["pass"],
    },
    "lookup": {
        "ids": ["ids"],
        "Shape of the ids": ["ids"],
        "table": ["table"],
        "Shape of the table": ["table"],
        "output": ["output"],
        "parameters": ["parameters"],
        "rows read": ["rows read", "V"],
        "Rows read": ["rows read", "V"],
        "bytes moved": ["bytes moved"],
        "Bytes moved": ["bytes moved"],
        "multiplications": ["gather", "one-hot"],
        "Multiplications, gather": ["gather"],
        "Multiplications, one-hot matmul": ["one-hot"],
        "max difference": ["difference"],
        "time": MEASURED,
    },
    "lora": {
        "A and B": ["A and B"],
        "whole table": ["V", "D"],
        "share": ["A and B", "V", "D"],
        "Parameters": ["A and B", "V", "D"],
        'params.scaling === "rslora" ? "α / √r" : "α / r': ["scale"],
        "best possible (SVD)": ["best"],
        "Best at rank ${now.r} (SVD)": ["best"],
        "reached, all rows": ["reached"],
        "reached, trained rows": ["reached, trained"],
        "Reached at step ${now.step}": ["reached", "reached, trained"],
        "effective rank": ["effective rank"],
        "rows trained": ["rows trained", "V"],
        "rows moved": ["rows moved", "V"],
        "Untrained rows moved": ["untrained moved", "rows trained", "V"],
        "max, untrained": ["max, untrained"],
        "difference": ["merge"],
    },
    "mask": {
        "pooled vector, sentence ${b + 1}": ["pooled off"],
        "Pooled vector, off by": ["pooled off"],
        "mean of ${derived.B}": ["mean off"],
        "loss": ["loss off"],
        "Loss, off by": ["loss off", "loss model", "loss reference"],
        "VARIANT_NAMES[variant]": [
            f"{what} {variant}"
            for what in ("loss", "gradient")
            for variant in ("model", "unmasked", "reference")
        ],
        "Gradient of row 0": ["gradient model", "gradient reference"],
        "norm": ["row 0"],
        "Norm of row 0": ["row 0"],
        "Sentences": ["sentences"],
        "Sequence length": ["length"],
        "mask_zero": ["mask_zero"],
        "Padding that counts": ["padding that counts", "positions"],
    },
    "quantize": {
        "floats": ["floats"],
        "Bytes, floats": ["floats"],
        "Bytes, ${current}": ["bytes int8", "bytes int4", "bytes groups"],
        "label(name)": [
            f"{what} {scheme}"
            for what in ("bytes", "error", "grown error", "kept")
            for scheme in ("int8", "int4", "groups")
        ],
        'grown ? "Max error after × 10" : `Max error': [
            f"{what} {scheme}"
            for what in ("error", "grown error")
            for scheme in ("int8", "int4", "groups")
        ],
        "Nearest neighbors kept": ["kept int8", "kept int4", "kept groups", "near"],
    },
    "training": {
        "last seen": ["last seen"],
        "“${short}” last seen": ["last seen"],
        "uses": ["uses"],
        "gradient norm": ["gradient"],
        "Its gradient norm": ["gradient"],
        "${word}, norm": ["slot 0", "slot 1"],
        "moved": ["moved", "rows moved", "V"],
        "Its displacement": ["moved"],
        "loss": ["loss"],
        "Loss": ["loss"],
        "in the batch": ["in the batch", "V"],
        "zero gradient, updated": ["zero gradient"],
        "Zero gradient, updated": ["zero gradient"],
        "window": ["window"],
        "negatives": ["negatives"],
        "table W, on the maps": ["V"],
        "context table C": ["V"],
        "run.rule(s).optimizer": ["slots"],
        "values": ["values"],
        "to “${shorten(rowName(derived, pin), 10)}”": ["to a row"],
        "Optimizer": ["slots"],
        "Learning rate": ["rate"],
    },
    "shard": {
        "ids": ["ids"],
        "Ids": ["ids"],
        "distinct ids": ["distinct"],
        "Distinct ids": ["distinct"],
        "sent": ["sent"],
        "asked most": ["most"],
        "Asked most": ["most"],
        "row numbers sent": ["requests"],
        "Sent": ["requests"],
        "rows returned": ["answers"],
        "Returned": ["answers"],
        "a training step": ["updates"],
        "this batch": ["imbalance"],
        "Imbalance": ["imbalance"],
        "expected, ${name}": ["uniform", "zipf"],
        "Expected, Zipf": ["zipf"],
        "table": ["V", "D"],
        "Shape of the table": ["V", "D"],
        "workers": ["W"],
        "hot rows, replicated": ["H"],
        "bytes on all workers": ["bytes"],
        "ids of a planned batch": ["planned"],
        "difference from one table": ["difference"],
    },
    "window": {
        "context words": ["context words"],
        "Context words": ["context words"],
        "negatives": ["negatives"],
        "Negatives": ["negatives"],
        "mean loss": ["loss"],
        "Mean loss": ["loss"],
        "rows, embedding table": ["rows", "V"],
        "Embedding rows updated": ["rows", "V"],
        "rows, context table": ["context rows", "V"],
        "Context rows updated": ["context rows", "V"],
        "each table": ["V", "D"],
        "Shape of each table": ["V", "D"],
        "words of the text": ["words"],
        "learning rate": ["rate"],
    },
}
"""The numbers behind each label, as they are named above."""


def labels_of(view):
    """Return the labels in the view's source, as they stand there."""
    source = (JS / view / "facts.js").read_text(encoding="utf-8")
    names = re.findall(r"\bname: (\"[^\"]*\"|`[^`]*`|[^,}\n]+)", source)
    names += re.findall(r"\b(?:fact|unlessError)\(\s*(\"[^\"]*\"|[^,]+),", source)
    return {name.strip('"`').strip() for name in names}


@pytest.mark.parametrize("view", VIEWS)
def test_every_label_has_a_formula(view):
    assert labels_of(view) == LABELS[view].keys()


def test_formulas_use_numpy_alone():
    source = Path(formulas.__file__).read_text(encoding="utf-8")
    assert re.findall(r"^ *(?:from|import) .*", source, re.MULTILINE) == ["import numpy as np"]
