"""Whole training runs against Keras on its PyTorch backend, in another process."""

import json

import numpy as np
import pytest

from embedlab.layers import Embedding
from embedlab.losses import BinaryCrossentropy
from embedlab.models import Sequential

V, D, T, N = 7, 3, 4, 22
CASES = [
    {"layer": {}, "compile": ["sgd", "mse", ["accuracy"]]},
    {"layer": {"mask_zero": True}, "compile": ["adam", "mse", ["accuracy"]]},
    {"layer": {"embeddings_regularizer": "l2"}, "compile": ["rmsprop", "log_cosh", []]},
    {"layer": {"embeddings_constraint": "unit_norm"}, "compile": ["adagrad", "mse", []]},
    {
        "layer": {"mask_zero": True, "embeddings_regularizer": "l1"},
        "compile": ["adam", "log_cosh", ["accuracy"]],
        "validation": 6,
    },
    {"layer": {"embeddings_regularizer": "l2"}, "compile": ["adam", "mse", []], "lora": [2, 3.0]},
    {"layer": {"mask_zero": True}, "compile": ["sgd", "mse", []], "lora": [1, None]},
    {"layer": {"mask_zero": True}, "compile": ["adam", "bce_logits", ["accuracy"]]},
]

KERAS = """
import json, warnings
import numpy as np
import keras
warnings.simplefilter("ignore")
results = []
for case in arguments["cases"]:
    layer = keras.layers.Embedding(*arguments["size"], **case["layer"])
    layer.build()
    layer.set_weights([np.array(arguments["table"], "float32")])
    if "lora" in case:
        layer.enable_lora(*case["lora"])
        rank = case["lora"][0]
        layer.lora_embeddings_a.assign(np.array(arguments["a"], "float32")[:, :rank])
        layer.lora_embeddings_b.assign(np.array(arguments["b"], "float32")[:rank])
    model = keras.Sequential([layer])
    optimizer, loss, metrics = case["compile"]
    if loss == "bce_logits":
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=metrics)
    x, y = np.array(arguments["ids"]), np.array(arguments["aim"], "float32")
    rows = case.get("validation")
    options = {"validation_data": (x[:rows], y[:rows])} if rows else {}
    history = model.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0, **options)
    weights = [w.tolist() for w in layer.get_weights()]
    results.append({"history": history.history, "weights": weights})
with open(target, "w") as file:
    json.dump(results, file)
"""


@pytest.fixture(scope="module")
def runs(run_on_torch, tmp_path_factory):
    rng = np.random.default_rng(7)
    arguments = {
        "cases": CASES,
        "size": [V, D],
        "table": rng.normal(size=(V, D)).tolist(),
        "ids": rng.integers(0, V, (N, T)).tolist(),
        "aim": rng.normal(size=(N, T, D)).tolist(),
        "a": rng.normal(size=(V, 3)).tolist(),
        "b": rng.normal(size=(3, D)).tolist(),
    }
    target = tmp_path_factory.mktemp("fit") / "results.json"
    run_on_torch(KERAS, arguments=arguments, target=str(target))
    return arguments, json.loads(target.read_text("utf-8"))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_three_epochs(runs, number):
    arguments, results = runs
    case, expected = CASES[number], results[number]
    layer = Embedding(V, D, weights=arguments["table"], **case["layer"])
    if "lora" in case:
        layer.enable_lora(*case["lora"])
        rank = case["lora"][0]
        layer.adapters["default"].a.assign(np.array(arguments["a"])[:, :rank])
        layer.adapters["default"].b.assign(np.array(arguments["b"])[:rank])
    model = Sequential([layer])
    optimizer, loss, metrics = case["compile"]
    if loss == "bce_logits":
        loss = BinaryCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=metrics)
    x, y, validation_size = (
        np.array(arguments["ids"]),
        np.array(arguments["aim"]),
        case.get("validation"),
    )
    validation = (x[:validation_size], y[:validation_size]) if validation_size else None
    history = model.fit(
        x, y, batch_size=5, epochs=3, shuffle=False, verbose=0, validation_data=validation
    )
    for weight, keras_weight in zip(layer.get_weights(), expected["weights"], strict=True):
        np.testing.assert_allclose(weight, keras_weight, rtol=1e-5, atol=1e-6)
    assert set(history.history) == set(expected["history"])
    for name, values in expected["history"].items():
        np.testing.assert_allclose(history.history[name], values, rtol=1e-5, err_msg=name)
