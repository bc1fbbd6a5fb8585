"""Adapters are stored beside the table in a file and restored exactly; codes too."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from embedlab.layers import Embedding, GlobalAveragePooling1D
from embedlab.models import Sequential, load_model
from embedlab.quantizers import Int4QuantizationConfig
from embedlab.storage import FileRefused

V, D = 9, 6
IDS = np.random.default_rng(1).integers(0, V, (4, 5))
AIM = np.random.default_rng(2).normal(size=(4, D)).astype("float32")
KINDS = [
    None,
    "int8",
    "int4",
    Int4QuantizationConfig(block_size=4),
    Int4QuantizationConfig(block_size=None),
]


def model(kind=None, **options):
    layer = Embedding(V, D, input_length=5, seed=4, **options)
    layer.build()
    if kind is not None:
        layer.quantize(
            kind if isinstance(kind, str) else None, config=None if isinstance(kind, str) else kind
        )
    return Sequential([layer, GlobalAveragePooling1D()])


def adapted(kind=None, **options):
    embedding = model(kind, **options)
    layer = embedding.layers[0]
    layer.enable_lora(2, 3.0)
    layer.add_adapter("legal / words".replace("/", "·"), 3, 0.1, rslora=True)
    layer.add_adapter("resting", 1)
    rng = np.random.default_rng(6)
    for lora in layer.adapters.values():
        lora.b.assign(rng.normal(size=lora.b.shape))
    layer.set_active(["default", "legal · words"])
    return embedding


def arrays(layer):
    result = {name: v.numpy() for name, v in layer._own_weights().items()}
    return result, {name: (a.rank, a.alpha, a.rslora) for name, a in layer.adapters.items()}


def same(one, other):
    a, b = arrays(one.layers[0]), arrays(other.layers[0])
    assert a[1] == b[1]
    assert list(a[0]) == list(b[0])
    for name, array in a[0].items():
        assert array.dtype == b[0][name].dtype, name
        assert np.array_equal(array, b[0][name]), name
    assert one.layers[0].active_adapters == other.layers[0].active_adapters
    assert np.array_equal(one.predict(IDS), other.predict(IDS))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_adapters_and_codes_come_back_exactly(kind, tmp_path):
    embedding = adapted(kind)
    embedding.save(tmp_path / "m.keras")
    same(embedding, load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_codes_come_back_exactly(kind, tmp_path):
    embedding = model(kind)
    embedding.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    same(embedding, read)
    assert read.layers[0].get_config() == embedding.layers[0].get_config()
    assert read.layers[0].dtype_policy == embedding.layers[0].dtype_policy


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_into_a_layer_with_other_adapters(kind, tmp_path):
    embedding = adapted(kind)
    embedding.save_weights(tmp_path / "w.weights.h5")
    for other in (model(kind), adapted(kind)):
        other.layers[0].add_adapter("spare", 2)
        other.load_weights(tmp_path / "w.weights.h5")
        same(embedding, other)


def test_the_variables_of_equal_adapters_stay(tmp_path):
    embedding, other = adapted(), adapted()
    unchanged = other.layers[0].adapters["default"].a
    embedding.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    assert other.layers[0].adapters["default"].a is unchanged


@pytest.mark.parametrize("kind", [None, "int8"])
def test_train_save_load_train_moves_the_weights(kind, tmp_path):
    embedding = adapted(kind)
    embedding.compile("sgd", "mse")
    embedding.fit(IDS, AIM, epochs=2, verbose=0, shuffle=False)
    embedding.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    before = [v.numpy() for v in read.trainable_weights]
    assert len(before) == 4
    assert read.layers[0].adapters["default"].alpha == 3.0
    for each in (embedding, read):
        each.fit(IDS, AIM, epochs=2, verbose=0, shuffle=False)
    assert all(
        (v.value != old).any() for v, old in zip(read.trainable_weights, before, strict=True)
    )
    same(embedding, read)


@pytest.mark.parametrize("kind", [None, "int8", "int4"])
def test_merged_adapters_can_be_taken_out_after_loading(kind, tmp_path):
    embedding = adapted(kind)
    embedding.layers[0].merge()
    embedding.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    assert read.layers[0].merged
    same(embedding, read)
    embedding.layers[0].unmerge()
    read.layers[0].unmerge()
    same(embedding, read)


def test_what_a_store_holds_is_what_the_layer_computes_with():
    layer = adapted().layers[0]
    store = {}
    layer.save_own_variables(store)
    assert list(store) == ["0"]
    assert np.array_equal(store["0"], layer.embeddings)


def test_a_merged_store_starts_the_adapters_again():
    embedding = adapted(padding_idx=2)
    layer, store = embedding.layers[0], {}
    layer.save_own_variables(store)
    expected = embedding.predict(IDS)
    layer.load_own_variables(store)
    np.testing.assert_array_equal(embedding.predict(IDS), expected)
    for lora in layer.adapters.values():
        assert lora.a.value.any()
        assert not lora.a.value[2].any()
        assert not lora.b.value.any()
    embedding.compile("sgd", "mse")
    embedding.fit(IDS, AIM, verbose=0)
    assert layer.adapters["default"].b.value.any()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_store_is_keras_s(kind):
    layer, store = model(kind).layers[0], {}
    layer.save_own_variables(store)
    grouped = not isinstance(kind, str) and kind is not None and kind.block_size
    many = 1 if kind is None else 4 if kind == "int4" or grouped else 2
    assert list(store) == [str(n) for n in range(many)]
    other = model(kind).layers[0]
    other.load_own_variables(store)
    assert np.array_equal(other(IDS), layer(IDS))


@pytest.mark.parametrize("kind", [None, "int8", "int4"])
def test_a_store_that_does_not_fit_changes_nothing(kind):
    layer, store = adapted(kind).layers[0], {}
    layer.save_own_variables(store)
    before = arrays(layer)[0]
    wrong = [{}, {"0": store["0"][1:]}, {**store, "9": store["0"]}]
    wrong += [{**store, "0": store["0"].astype("int32")}]
    if kind is not None:
        wrong += [{**store, "1": -store["1"]}, {**store, "1": store["1"] * np.nan}]
        wrong += [{**store, "0": store["0"].astype("float32")}]
    if kind == "int4":
        wrong += [{**store, "2": store["2"] + np.int8(100)}, {**store, "3": store["3"] + 1}]
    for one in wrong:
        with pytest.raises(ValueError, match="Received"):
            layer.load_own_variables(one)
        for name, array in arrays(layer)[0].items():
            assert np.array_equal(array, before[name])


def test_half_floats_are_read_into_floats_and_back():
    layer, half = Embedding(3, 2, seed=1), Embedding(3, 2, dtype="float16")
    layer.build()
    half.build()
    store = {}
    layer.save_own_variables(store)
    half.load_own_variables(store)
    assert np.array_equal(half.embeddings.value, store["0"].astype("float16"))


# Hostile ------------------------------------------------------------------------------------------


def description(file, change):
    group = file["layers/embedding/embedlab"]
    document = json.loads(bytes(group["about"][()]))
    document = change(document) or document
    del group["about"]
    group["about"] = np.frombuffer(json.dumps(document).encode(), np.uint8)


WRONG = {
    "rank": lambda f: description(f, lambda t: t["adapters"][0].update(rank=10**12)),
    "rank 0": lambda f: description(f, lambda t: t["adapters"][0].update(rank=0)),
    "no list": lambda f: description(f, lambda t: {"adapters": 5}),
    "no dict": lambda f: description(f, lambda t: [1]),
    "alpha": lambda f: description(f, lambda t: t["adapters"][0].update(alpha="1")),
    "alpha is not finite": lambda f: description(
        f, lambda t: t["adapters"][0].update(alpha=np.nan)
    ),
    "rslora": lambda f: description(f, lambda t: t["adapters"][0].update(rslora="no")),
    "a slash": lambda f: description(f, lambda t: t["adapters"][0].update(name="a/b")),
    "twice": lambda f: description(f, lambda t: t["adapters"][1].update(name="default")),
    "Keras's name": lambda f: description(f, lambda t: t["adapters"][1].update(name="embeddings")),
    "unknown": lambda f: description(f, lambda t: t["active"].append("nobody")),
    "active twice": lambda f: description(f, lambda t: t["active"].append("default")),
    "a number as name": lambda f: description(f, lambda t: t.update(active=[5])),
    "no about": lambda f: f.__delitem__("layers/embedding/embedlab/about"),
    "no json": lambda f: f["layers/embedding/embedlab/about"].__setitem__(slice(9), 255),
    "one missing": lambda f: f.__delitem__("layers/embedding/embedlab/b.1"),
    "one more": lambda f: f.__setitem__("layers/embedding/embedlab/c", np.zeros(3)),
    "another shape": lambda f: (
        f.__delitem__("layers/embedding/embedlab/a.0"),
        f.__setitem__("layers/embedding/embedlab/a.0", np.zeros((V, 3))),
    ),
    "no floats": lambda f: (
        f.__delitem__("layers/embedding/embedlab/a.0"),
        f.__setitem__("layers/embedding/embedlab/a.0", np.zeros((V, 2), int)),
    ),
    "another table": lambda f: (
        f.__delitem__("layers/embedding/embedlab/base.0"),
        f.__setitem__("layers/embedding/embedlab/base.0", np.zeros(D)),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_adapters_that_are_none(name, tmp_path):
    embedding = adapted()
    embedding.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    data = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(data, "r+") as file:
        WRONG[name](file)
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        for entry, part in {**parts, "model.weights.h5": data.getvalue()}.items():
            archive.writestr(entry, part)
    before = arrays(embedding.layers[0])
    with pytest.raises(FileRefused, match="Received"):
        load_model(tmp_path / "m.keras")
    with pytest.raises(FileRefused, match="Received"):
        embedding.load_weights(tmp_path / "m.keras")
    after = arrays(embedding.layers[0])
    assert after[1] == before[1]
    for key, array in before[0].items():
        assert np.array_equal(after[0][key], array)


def test_adapters_for_a_layer_that_may_have_none(tmp_path):
    adapted().save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(FileRefused, match="constraint"):
        model(embeddings_constraint="unit_norm").load_weights(tmp_path / "w.weights.h5")
