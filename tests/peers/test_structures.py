"""Models whose inputs and outputs are dicts, or lists and dicts inside each other, as in Keras.

One process runs all cases in Keras (PyTorch backend): compile, fit, judge, predict, save.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from embedlab.layers import Concatenate, Dense, Embedding, GlobalAveragePooling1D, Input
from embedlab.layers.structure import flat, swapped
from embedlab.models import Model, load_model

V, D, T, N = 7, 3, 4, 11
FORMS = {  # inputs by "a" and "b", outputs by "p", "q" and "r"
    "dict": ({"b": "b", "a": "a"}, {"y": "q", "x": "p"}),
    "names": (["a", "b"], {"q": "q", "p": "p"}),
    "one": ({"a": "a", "b": "b"}, {"x": "p"}),
    "deep": ({"two": ["b", {"k": "a"}]}, {"u": ["p", "q"], "t": "r"}),
    "list": ([["a"], "b"], [{"v": "q", "u": "p"}, "r"]),
    "lists": (["b", "a"], [["p", "q"], "r"]),
    "tuples": (["b", "a"], {"u": ("p", "q")}),
}
# form, how it is compiled, how y is given ("flat": in a list), how samples are weighted
CASES = [
    ("dict", {"loss": {"y": "mae", "x": "mse"}}, None, None),
    ("dict", {"loss": "mse", "metrics": {"x": ["mae", "mse"], "y": "mae"}}, "flat", None),
    (
        "dict",
        {"loss": ["mse", "mae"], "loss_weights": [0.5, 2.0], "optimizer": "adam"},
        None,
        "all",
    ),
    (
        "dict",
        {
            "loss": {"x": "mse", "y": "mae"},
            "loss_weights": {"x": 0.5, "y": 2.0},
            "metrics": [["mae"], ["mse"]],
        },
        None,
        "each",
    ),
    ("dict", {"loss": {"x": "mse"}}, None, None),
    ("dict", {"loss": {"x": "mse", "y": None}}, "with a loss", None),
    (
        "names",
        {"loss": "mse", "metrics": ["mae", "mse"], "weighted_metrics": {"q": ["mae"]}},
        None,
        "all",
    ),
    ("one", {"loss": {"x": "huber"}, "metrics": {"x": ["mae"]}}, None, "all"),
    ("one", {"loss": "mse", "metrics": ["mae"]}, "flat", None),
    (
        "deep",
        {
            "loss": {"u": ["mse", "mae"], "t": "mse"},
            "metrics": {"u": [["mae"], ["mse"]], "t": ["mae"]},
        },
        None,
        "each",
    ),
    ("deep", {"loss": "mse", "optimizer": "rmsprop"}, None, None),
    ("deep", {"loss": ["huber", "mse", "mae"], "loss_weights": [1.0, 2.0, 3.0]}, None, "all"),
    (
        "list",
        {"loss": [{"u": "mse", "v": "mae"}, "mse"], "loss_weights": [{"u": 1.0, "v": 2.0}, 3.0]},
        None,
        "each",
    ),
    ("lists", {"loss": [["mse", "mae"], "mse"]}, None, "each"),
    ("tuples", {"loss": "mse"}, None, None),
]

KERAS = """
import json, sys
import numpy as np
import keras
exec(json.loads(sys.stdin.readline()))
given = json.loads(sys.stdin.readline())
told = []
for number, case in enumerate(given["cases"]):
    model = built(keras.layers, keras.Model, case[0], given)
    told.append(run(model, case, given, given["path"] + f"/{number}.keras"))
print(json.dumps(told, default=lambda one: np.asarray(one).tolist()))
"""
# Both sides run this; "place" is keras.layers or embedlab.layers.
BOTH = """
def swapped(form, change):
    if isinstance(form, dict):
        return {key: swapped(part, change) for key, part in form.items()}
    if isinstance(form, (list, tuple)):
        return [swapped(part, change) for part in form]
    return change(form)

def built(place, model, form, given):
    (V, D, T), (inputs, outputs) = given["sizes"], given["forms"][form]
    starts = {name: place.Input((T,), name=name) for name in "ab"}
    words, mean = place.Embedding(V, D, name="words"), place.GlobalAveragePooling1D(name="mean")
    both = place.Concatenate(name="both")([mean(words(start)) for start in starts.values()])
    ends = {name: place.Dense(n + 1, name=name)(both) for n, name in enumerate("pqr")}
    made = model(swapped(inputs, starts.get), swapped(outputs, ends.get))
    rng = np.random.default_rng(5)
    made.set_weights([rng.normal(size=w.shape) for w in made.get_weights()])
    return made

def run(model, case, given, path):
    form, options, way, weigh = case
    inputs, outputs = given["forms"][form]
    x = swapped(inputs, lambda name: np.array(given["x"][name]))
    y = swapped(outputs, lambda name: np.array(given["y"][name], "float32"))
    if way == "flat":
        y = [np.array(given["y"][name], "float32") for name in given["flat"][form]]
    if way == "with a loss":
        y = {key: y[key] for key, loss in options["loss"].items() if loss}
    options = dict(options)
    model.compile(options.pop("optimizer", "sgd"), **options)
    weights = None
    if weigh:
        one = lambda name: np.array(given["weights"][name])
        weights = one("p") if weigh == "all" else swapped(outputs, one)
    history = model.fit(x, y, sample_weight=weights, batch_size=4, epochs=2, shuffle=False,
                        verbose=0).history
    judged = model.evaluate(x, y, batch_size=4, verbose=0)
    named = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    batch = model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
    made = model.predict(x, verbose=0)
    model.save(path)
    return [history, judged, named, batch, made, [w.tolist() for w in model.get_weights()]]
"""


@pytest.fixture(scope="module")
def runs(keras, torch, tmp_path_factory):
    rng = np.random.default_rng(7)
    given = {
        "cases": CASES,
        "forms": FORMS,
        "sizes": [V, D, T],
        "path": str(tmp_path_factory.mktemp("k")),
        "x": {name: rng.integers(0, V, (N, T)).tolist() for name in "ab"},
        "y": {name: rng.normal(size=(N, n + 1)).tolist() for n, name in enumerate("pqr")},
        "weights": {name: rng.uniform(0, 2, N).tolist() for name in "pqr"},
        "flat": {name: flat(outputs) for name, (_, outputs) in FORMS.items()},
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS],
        text=True,
        capture_output=True,
        input=json.dumps(BOTH) + "\n" + json.dumps(given),
        check=True,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
    return given, json.loads(done.stdout.splitlines()[-1])


class Ours:
    Input, Embedding, Dense, Concatenate = Input, Embedding, Dense, Concatenate
    GlobalAveragePooling1D = GlobalAveragePooling1D


def code():
    known = {"np": np}
    exec(BOTH, known)
    return known["built"], known["run"]


def near(mine, theirs, where):
    """Say that two results have one form and nearly the same numbers."""
    if isinstance(theirs, dict):
        assert set(mine) == set(theirs), where
        for key in theirs:
            near(mine[key], theirs[key], f"{where}/{key}")
    elif isinstance(theirs, list) and isinstance(mine, (list, tuple)):
        assert len(mine) == len(theirs), where
        for n, part in enumerate(theirs):
            near(mine[n], part, f"{where}/{n}")
    else:
        np.testing.assert_allclose(mine, theirs, rtol=3e-5, atol=3e-6, err_msg=where)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_compiled_fitted_judged_and_predicted(runs, number, tmp_path):
    given, told = runs
    built, run = code()
    model = built(Ours, Model, CASES[number][0], given)
    found = run(model, CASES[number], given, tmp_path / "m.keras")
    for what, mine, want in zip(
        ("history", "judged", "named", "batch", "made", "weights"), found, told[number], strict=True
    ):
        near(mine, want, what)
    again = load_model(tmp_path / "m.keras")
    x = swapped(FORMS[CASES[number][0]][0], lambda name: np.array(given["x"][name]))
    near(again.predict(x, verbose=0), swapped(found[4], np.asarray), "loaded")
    assert again.get_config()["output_layers"] == model.get_config()["output_layers"]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_files_of_keras_go_on_here(runs, number):
    given, told = runs
    model = load_model(f"{given['path']}/{number}.keras")
    form, options, _, _ = CASES[number]
    x, y = (
        swapped(part, lambda name, kind=kind: np.array(given[kind][name]))
        for part, kind in zip(FORMS[form], "xy", strict=True)
    )
    near(model.predict(x, verbose=0), told[number][4], "made")
    found = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    assert set(found) == set(told[number][2]) and np.isfinite(list(found.values())).all()
    assert model.goals.weights == options.get("loss_weights")


@pytest.mark.parametrize("form", FORMS)
def test_keras_reads_ours(keras, runs, form, tmp_path):
    given, _ = runs
    model = code()[0](Ours, Model, form, given)
    options = next(case[1] for case in CASES if case[0] == form)
    model.compile("sgd", options["loss"])
    model.save(tmp_path / "m.keras")
    read = keras.models.load_model(tmp_path / "m.keras")
    x = swapped(FORMS[form][0], lambda name: np.array(given["x"][name]))
    near(model.predict(x), swapped(read(x), lambda one: np.asarray(one).tolist()), form)
    plan = read.get_compile_config()["loss"]
    assert isinstance(plan, dict) == isinstance(model.loss, dict)


def nested_models(place, model):
    """A model with a dict inside, called twice, is an output too."""
    a, b = place.Input((3,), name="a"), place.Input((3,), name="b")
    d, e = place.Dense(3, name="d"), place.Dense(3, name="e")
    inner = model({"a": a, "b": b}, {"sum": d(a), "other": e(b)}, name="inner")
    x = place.Input((3,), name="x")
    once = inner({"a": x, "b": x})
    twice = inner({"a": once["sum"], "b": once["other"]})
    return model(x, {"first": once["other"], "then": twice["sum"]})


def test_a_model_with_dicts_inside_another(keras, rng, tmp_path):
    class Theirs:
        Input, Dense = keras.Input, keras.layers.Dense

    mine, their = nested_models(Ours, Model), nested_models(Theirs, keras.Model)
    mine.set_weights(their.get_weights())
    x = rng.normal(size=(5, 3)).astype("float32")
    want = {key: np.asarray(part) for key, part in their(x).items()}
    near(mine(x), want, "call")
    mine.save(tmp_path / "mine.keras")
    their.save(tmp_path / "their.keras")
    reads = [load_model(tmp_path / f"{whose}.keras") for whose in ("mine", "their")]
    for read in (*reads, keras.models.load_model(tmp_path / "mine.keras")):
        near({key: np.asarray(part) for key, part in read(x).items()}, want, type(read).__module__)
