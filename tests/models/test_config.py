"""Models from placeholders in a file: one chain is read, more than that is refused."""

import json
import zipfile

import numpy as np
import pytest

from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D, Input, ReversibleEmbedding
from embedlab.models import Model, Sequential, load_layer_weights, load_model
from embedlab.models.files import weight_groups
from embedlab.storage import FileRefused

IDS = np.random.default_rng(1).integers(0, 9, (6, 4))


def chain(**options):
    ids = Input((4,), name="ids")
    rows = Embedding(9, 3, seed=1, name="words")(ids)
    return Model(ids, Dense(2, name="out")(GlobalAveragePooling1D(name="mean")(rows)), **options)


def tied():
    ids, table = Input((4,), name="ids"), ReversibleEmbedding(9, 3, seed=1, name="words")
    return Model(ids, table(Dense(3, name="d")(table(ids)), reverse=True), strict_masks="warn")


@pytest.mark.parametrize("make", [chain, tied])
def test_it_computes_and_is_called_the_same(make, tmp_path):
    model = make()
    model.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    assert type(read) is Model
    assert np.array_equal(read(IDS), model(IDS))
    assert read.get_config() == model.get_config()
    assert [path for path, _ in weight_groups(read)] == [path for path, _ in weight_groups(model)]


def test_it_trains_on(tmp_path):
    model = chain()
    model.compile("sgd", "mse")
    model.fit(IDS, np.ones((6, 2)), verbose=0, shuffle=False)
    model.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    for each in (model, read):
        each.fit(IDS, np.ones((6, 2)), verbose=0, shuffle=False)
    assert np.array_equal(read(IDS), model(IDS))


def test_models_inside(tmp_path):
    ids = Input((4,))
    inner = chain(name="inner")
    model = Model(ids, Dense(1)(inner(ids)))
    for rebuilt in (model, Sequential([chain(name="inner"), Dense(1)])):
        rebuilt.predict(IDS)
        rebuilt.save(tmp_path / "m.keras")
        assert np.array_equal(load_model(tmp_path / "m.keras")(IDS), rebuilt(IDS))


def changed(model, path, change):
    """Save a model with another config."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change({layer["name"]: layer for layer in config["config"]["layers"]}, config["config"])
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return path


def tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda layers, config: config.update(input_layers=[["ids", 0, 0], ["mean", 0, 0]]),
            r"one chain of layers\. Received 2 layers, 2 inputs \(ids, mean\), 1 output \(out\)",
        ),
        (
            lambda layers, config: config.update(
                output_layers={"a": ["out", 0, 0], "b": ["mean", 0, 0]}
            ),
            r"2 outputs \(out, mean\)",
        ),
        (lambda layers, config: config.update(output_layers=["mean", 0, 0]), "branching"),
        (
            lambda layers, config: layers["out"]["inbound_nodes"][0].update(
                args=[[tensor("mean"), tensor("words")]]
            ),
            r"layers with several inputs: out \(Dense\)",
        ),
        (
            lambda layers, config: layers["out"]["inbound_nodes"][0].update(args=[tensor("zz")]),
            "every call must find its input",
        ),
        (
            lambda layers, config: layers["words"]["inbound_nodes"][0].update(args=[tensor("out")]),
            "every call must find its input",
        ),
        (
            lambda layers, config: layers["out"]["inbound_nodes"][0].update(args=[]),
            "made on one input",
        ),
        (
            lambda layers, config: layers["out"]["inbound_nodes"][0]["kwargs"].update(depth=3),
            r"\['depth'\]",
        ),
        (
            lambda layers, config: layers["out"]["inbound_nodes"][0]["kwargs"].update(reverse=3),
            "made on one input",
        ),
        (lambda layers, config: config["layers"].append(layers["out"]), "name of its own"),
    ],
)
def test_what_is_no_chain_is_refused_in_one_line(change, words, tmp_path):
    path = changed(chain(), tmp_path / "m.keras", change)
    with pytest.raises(FileRefused, match=words) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)
    layer = Embedding(9, 3)
    layer.build()
    load_layer_weights(layer, path, "words")
    assert np.array_equal(layer.get_weights()[0], chain().get_weights()[0])


def test_one_layer_is_read_by_name_or_path(tmp_path):
    model = Sequential(
        [
            Embedding(9, 3, input_length=4, seed=1, name="words"),
            Dense(3, name="a"),
            Dense(3, name="b"),
        ]
    )
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    for path in (tmp_path / "m.keras", tmp_path / "m.weights.h5"):
        for name in ("b", "dense_1", "layers/dense_1"):
            layer = Dense(3)
            layer.build((None, 3))
            load_layer_weights(layer, path, name)
            assert np.array_equal(layer.get_weights()[0], model.layers[2].get_weights()[0])
        before = layer.get_weights()[0]
        with pytest.raises(FileRefused, match=r"no layers called 'zz'; there are layers/"):
            load_layer_weights(layer, path, "zz")
        with pytest.raises(FileRefused, match="dense"):
            load_layer_weights(layer, path, "words")
        assert np.array_equal(layer.get_weights()[0], before)


def test_layers_of_one_name_are_not_written():
    ids = Input((4,))
    twice = Model(ids, Dense(2, name="d")(Dense(3, name="d")(Embedding(9, 3)(ids))))
    with pytest.raises(ValueError, match="names of their own"):
        twice.get_config()
