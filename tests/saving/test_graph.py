"""Models from placeholders in a file: which layer was called on what."""

import json
import zipfile

import numpy as np
import pytest

from embedlab.layers import (
    GRU,
    Add,
    Concatenate,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
)
from embedlab.models import Functional, Model, Sequential, load_model
from embedlab.saving import FileRefused
from embedlab.saving.graph import ordered

IDS = np.random.default_rng(1).integers(0, 9, (6, 4))


def shared(**options):
    one, two = Input((4,), name="one"), Input((4,), name="two")
    table, pool = Embedding(9, 3, seed=1, name="words"), GlobalAveragePooling1D()
    both = Concatenate()([pool(table(one)), pool(table(two))])
    return Model([one, two], Dense(2, name="out")(both), **options)


def test_it_computes_trains_and_is_called_the_same(tmp_path):
    made = shared()
    made.compile("sgd", "mse")
    x, y = [IDS, IDS[::-1]], np.ones((6, 2))
    made.fit(x, y, verbose=0, shuffle=False)
    made.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    assert type(read) is Functional
    assert len(read.layers) == 4
    for each in (made, read):
        each.fit(x, y, verbose=0, shuffle=False)
    assert np.array_equal(read(x), made(x))
    assert read.get_config() == made.get_config()
    assert [t.name for t in read.inputs] == ["one", "two"]


def test_from_config_gives_an_equal_model():
    made = shared(name="m")
    again = Functional.from_config(made.get_config())
    again.set_weights(made.get_weights())
    assert np.array_equal(again([IDS, IDS]), made([IDS, IDS]))


def test_several_ends_and_models_inside(tmp_path):
    ids = Input((4,))
    rows = Sequential([Embedding(9, 3)], name="inner")(ids)
    made = Model(ids, [*GRU(2, return_state=True)(rows), rows])
    made.save(tmp_path / "m.keras")
    for one, other in zip(load_model(tmp_path / "m.keras")(IDS), made(IDS), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("strict", ["raise", "warn", "ignore"])
def test_strict_masks_are_kept(strict, tmp_path):
    ids = Input((4,))
    graph = Model(ids, Dense(2)(Embedding(9, 3)(ids)), strict_masks=strict)
    row = Sequential([Embedding(9, 3, input_length=4), Flatten()], strict_masks=strict)
    for made in (graph, row):
        made.save(tmp_path / "m.keras")
        assert load_model(tmp_path / "m.keras").strict_masks == strict


def test_a_long_chain_needs_no_deep_stack():
    flowing = ids = Input((4,))
    flowing = Embedding(9, 1)(ids)
    for _ in range(1500):
        flowing = Add()([flowing, flowing])
    assert len(ordered(Model(ids, flowing))) == 1501


def nodes(about, name):
    return next(one for one in about["config"]["layers"] if one["name"] == name)["inbound_nodes"]


def pointer(about, name):
    return nodes(about, name)[0]["args"][0]["config"]


def deep(thing, levels):
    for _ in range(levels):
        thing = {"k": thing, "l": "none"}
    return thing


WRONG = {
    "itself": lambda a: pointer(a, "words").update(keras_history=["words", 0, 0]),
    "nobody": lambda a: pointer(a, "words").update(keras_history=["nobody", 0, 0]),
    "no list": lambda a: pointer(a, "words").update(keras_history=5),
    "a list in it": lambda a: pointer(a, "words").update(keras_history=[["one"], 0, 0]),
    "no nodes": lambda a: nodes(a, "words").clear(),
    "no args": lambda a: nodes(a, "words")[0].update(args=[]),
    "two args": lambda a: nodes(a, "words")[0]["args"].append(5),
    "words": lambda a: nodes(a, "words")[0].update(kwargs={"weights": True}),
    "a mask": lambda a: nodes(a, "words")[0].update(kwargs={"mask": {"class_name": "x"}}),
    "twice": lambda a: a["config"]["layers"].append(a["config"]["layers"][-1]),
    "no inputs": lambda a: a["config"].pop("input_layers"),
    "no outputs": lambda a: a["config"].update(output_layers=[]),
    "other outputs": lambda a: a["config"].update(output_layers=["out", 0, 7]),
    "deep outputs": lambda a: a["config"].update(output_layers=deep(["out", 0, 0], 400)),
    "a dict of nothing": lambda a: a["config"].update(output_layers={"k": []}),
    "a dict of numbers": lambda a: a["config"].update(output_layers={"k": 3}),
    "args are a number": lambda a: nodes(a, "words")[0].update(args=[{"k": 3}]),
    "a dict of masks": lambda a: nodes(a, "words")[0].update(
        kwargs={"mask": {"k": {"class_name": "x"}}}
    ),
    "layers are none": lambda a: a["config"].update(layers="none"),
}


@pytest.mark.parametrize("name", WRONG)
def test_calls_that_are_none(name, tmp_path):
    path = tmp_path / "m.keras"
    shared().save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    about = json.loads(parts["config.json"])
    WRONG[name](about)
    with zipfile.ZipFile(path, "w") as archive:
        for entry, part in {**parts, "config.json": json.dumps(about)}.items():
            archive.writestr(entry, part)
    with pytest.raises(FileRefused, match="must tell a model that can be made"):
        load_model(path)


def test_two_layers_of_one_name():
    ids = Input((4,))
    made = Model(ids, Dense(2, name="d")(Dense(2, name="d")(Embedding(9, 3)(ids))))
    with pytest.raises(ValueError, match="names of their own"):
        made.get_config()
