"""Models with several outputs are told, trained and judged as Keras does it (PyTorch backend)."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from embedlab.layers import Concatenate, Dense, Embedding, GlobalAveragePooling1D, Input
from embedlab.models import Model, load_model

V, D, T, N = 7, 3, 4, 14
CASES = [
    {"loss": "mse"},
    {"loss": ["mse", "mae"]},
    {"loss": {"b": "mae", "a": "mse"}, "loss_weights": {"a": 0.5, "b": 3.0}},
    {"loss": ["mse", "mae"], "loss_weights": [1, 2]},
    {"loss": "huber", "loss_weights": 2.0},
    {"loss": ["mse", None]},
    {"loss": "mse", "metrics": ["mae", "mse"]},
    {"loss": "mse", "metrics": [["mae"], ["mse", "mae"]], "weighted_metrics": [["mae"], None]},
    {"loss": "mae", "metrics": {"b": ["mae"]}, "weighted_metrics": [["mae"], ["mae"]]},
    {"loss": ["mse", "log_cosh"], "weights": 1},
    {"loss": ["mse", "mae"], "weights": 2, "weighted_metrics": {"a": ["mae"]}},
    {"loss": "mse", "mask": True, "optimizer": "adam"},
    {"loss": "mse", "activity": "l2", "optimizer": "rmsprop"},
    {"loss": "mse", "fit": {"validation_split": 0.3}, "metrics": [["mse"], ["mae"]]},
]

KERAS = """
import json, sys
import numpy as np
import keras
given = json.load(sys.stdin)
V, D, T, N = given["size"]
x = [np.array(part) for part in given["x"]]
y = [np.array(part, "float32") for part in given["y"]]
told = []
for number, case in enumerate(given["cases"]):
    left, right = keras.Input((T,), name="left"), keras.Input((T,), name="right")
    words = keras.layers.Embedding(V, D, name="words", mask_zero=case.get("mask", False),
                                   activity_regularizer=case.get("activity"))
    mean = keras.layers.GlobalAveragePooling1D(name="mean")
    both = keras.layers.Concatenate(name="both")([mean(words(left)), mean(words(right))])
    outs = [keras.layers.Dense(1, name="a")(both), keras.layers.Dense(2, name="b")(both)]
    model = keras.Model([left, right], outs)
    model.set_weights([np.array(w, "float32") for w in given["start"]])
    options = {k: case[k] for k in ("loss", "loss_weights", "metrics", "weighted_metrics")
               if k in case}
    model.compile(case.get("optimizer", "sgd"), **options)
    fit = dict(case.get("fit", {}))
    weights = {0: None, 1: given["weights"][0], 2: given["weights"]}[case.get("weights", 0)]
    if weights is not None:
        fit["sample_weight"] = (np.array(weights) if case["weights"] == 1
                                else [np.array(w) for w in weights])
    history = model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0, **fit)
    judged = model.evaluate(x, y, batch_size=5, verbose=0)
    made = model.predict(x, verbose=0)
    told.append({"history": history.history, "weights": [w.tolist() for w in model.get_weights()],
                 "judged": judged, "made": [m.tolist() for m in made]})
    if number == 2:
        model.save(given["path"])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def runs(keras, torch, tmp_path_factory):
    rng = np.random.default_rng(7)
    shapes = [(V, D), (2 * D, 1), (1,), (2 * D, 2), (2,)]
    given = {
        "cases": CASES,
        "size": [V, D, T, N],
        "path": str(tmp_path_factory.mktemp("k") / "m.keras"),
        "x": rng.integers(1, V, (2, N, T)).tolist(),
        "y": [rng.normal(size=(N, n)).tolist() for n in (1, 2)],
        "weights": rng.uniform(0, 2, (2, N)).tolist(),
        "start": [rng.normal(size=shape).tolist() for shape in shapes],
    }
    for part in given["x"]:
        for row in part:
            row[-1] = 0  # padding, and no row without a word: Keras's mean is NaN there
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS],
        input=json.dumps(given),
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
    return given, json.loads(done.stdout.splitlines()[-1])


def made(case, start):
    left, right = Input((T,), name="left"), Input((T,), name="right")
    words = Embedding(
        V,
        D,
        name="words",
        mask_zero=case.get("mask", False),
        activity_regularizer=case.get("activity"),
    )
    mean = GlobalAveragePooling1D(name="mean")
    both = Concatenate(name="both")([mean(words(left)), mean(words(right))])
    model = Model([left, right], [Dense(1, name="a")(both), Dense(2, name="b")(both)])
    model.set_weights(start)
    options = {
        k: case[k] for k in ("loss", "loss_weights", "metrics", "weighted_metrics") if k in case
    }
    model.compile(case.get("optimizer", "sgd"), **options)
    return model


@pytest.mark.parametrize("number", range(len(CASES)))
def test_two_epochs(runs, number):
    given, told = runs
    case, want = CASES[number], told[number]
    model = made(case, given["start"])
    x, y = [np.array(part) for part in given["x"]], [np.array(part) for part in given["y"]]
    fit = dict(case.get("fit", {}))
    if "weights" in case:
        fit["sample_weight"] = given["weights"][0] if case["weights"] == 1 else given["weights"]
    history = model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0, **fit).history
    assert set(history) == set(want["history"])
    for name, values in want["history"].items():
        np.testing.assert_allclose(history[name], values, rtol=2e-5, err_msg=name)
    for mine, theirs in zip(model.get_weights(), want["weights"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)
    for mine, theirs in zip(model.predict(x), want["made"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    judged = model.evaluate(x, y, batch_size=5, verbose=0)
    np.testing.assert_allclose(judged, want["judged"], rtol=2e-5)


def test_a_file_of_keras_brings_losses_and_weights(runs):
    given, told = runs
    model = load_model(given["path"])
    x, y = [np.array(part) for part in given["x"]], [np.array(part) for part in given["y"]]
    judged = model.evaluate(x, y, batch_size=5, verbose=0)
    np.testing.assert_allclose(judged, told[2]["judged"], rtol=2e-5)
    assert model.goals.weights == {"a": 0.5, "b": 3.0}


def test_keras_reads_ours(keras, runs, tmp_path):
    given, _ = runs
    case = {**CASES[2], "metrics": [["mae"], None]}
    model = made(case, given["start"])
    model.save(tmp_path / "m.keras")
    read = keras.models.load_model(tmp_path / "m.keras")
    plan = read.get_compile_config()
    assert plan["loss_weights"] == {"a": 0.5, "b": 3.0}
    assert [one["class_name"] for one in plan["loss"]] == ["MeanSquaredError", "MeanAbsoluteError"]
    x = [np.array(part) for part in given["x"]]
    for mine, theirs in zip(model.predict(x), read(x), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
