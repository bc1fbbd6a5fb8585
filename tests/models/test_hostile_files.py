"""Files that lie, leave, swell or execute are refused in one clear line, and nothing changes."""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D
from embedlab.models import Sequential, import_table, load_layer_weights, load_model
from embedlab.storage import FileRefused

V, D = 9, 4
TABLE = "layers/embedding/vars/0"


def model():
    chain = Sequential([Embedding(V, D, input_length=5), GlobalAveragePooling1D(), Dense(2)])
    chain.compile("adam", "mse")
    chain.fit(np.ones((2, 5), int), np.ones((2, 2)), verbose=0)
    return chain


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good")
    chain = model()
    chain.save(path / "m.keras")
    chain.save_weights(path / "w.weights.h5")
    with zipfile.ZipFile(path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return path, parts


def refused(path, match):
    """Load a file in both ways: refused, in one line, with the file's name, and unchanged."""
    chain = model()
    before = [w.copy() for w in chain.get_weights()], chain.optimizer.iterations
    with pytest.raises(FileRefused, match=match) as caught:
        chain.load_weights(path)
    assert caught.value.path == str(path)
    if path.suffix == ".keras":
        with pytest.raises(FileRefused, match=match) as caught:
            load_model(path)
    line = str(caught.value)
    assert "\n" not in line
    assert "Received" in line
    assert str(path) in line
    assert chain.optimizer.iterations == before[1]
    for now, then in zip(chain.get_weights(), before[0], strict=True):
        assert np.array_equal(now, then)


def archived(path, parts, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


PEAK = """
import resource, sys
from embedlab.models import load_model
from embedlab.storage import FileRefused
load_model(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_model(sys.argv[2])
except FileRefused:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.fixture
def peak(good):
    """A function: the bytes that refusing a file takes beyond what reading a good one takes."""

    def measured(path):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(good[0] / "m.keras"), str(path)],
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip(), done.stderr[-300:]
        return int(done.stdout)

    return measured


# Damage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_truncated(good, share, tmp_path):
    for name in ("m.keras", "w.weights.h5"):
        data = (good[0] / name).read_bytes()
        (tmp_path / name).write_bytes(data[: int(share * len(data))])
        refused(tmp_path / name, "must")


def test_any_flipped_byte_is_detected_or_harmless(good, tmp_path):
    data = (good[0] / "m.keras").read_bytes()
    rng = np.random.default_rng(4)
    path, expected, refusals = (
        tmp_path / "m.keras",
        load_model(good[0] / "m.keras").get_weights(),
        0,
    )
    for place in rng.integers(0, len(data), 60):
        harmed = bytearray(data)
        harmed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(harmed)
        try:
            read = load_model(path)
        except FileRefused:
            refusals += 1
            continue
        for one, other in zip(read.get_weights(), expected, strict=True):
            assert np.array_equal(one, other)
    assert refusals > 30


def test_any_flipped_byte_of_weights_is_refused_or_read(good, tmp_path):
    data = (good[0] / "w.weights.h5").read_bytes()
    rng = np.random.default_rng(5)
    chain, path, refusals = model(), tmp_path / "w.weights.h5", 0
    for place in rng.integers(0, 4000, 150):  # where the structure is
        harmed = bytearray(data)
        harmed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(harmed)
        before = [w.copy() for w in chain.get_weights()]
        try:
            chain.load_weights(path)
        except FileRefused:
            refusals += 1
            for now, then in zip(chain.get_weights(), before, strict=True):
                assert np.array_equal(now, then)
    assert refusals > 10


# Things that execute ------------------------------------------------------------------------------


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("name", ["m.keras", "w.weights.h5"])
def test_a_pickle(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    refused(tmp_path / name, "pickle" if name == "m.keras" else "HDF5")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("dtype", ["opaque", h5py.vlen_dtype(np.uint8), h5py.string_dtype()])
def test_an_object_in_the_weights(dtype, good, tmp_path):
    def change(file):
        del file[TABLE]
        if dtype == "opaque":
            file[TABLE] = np.array([np.void(pickle.dumps(Bomb()))] * V)
        else:
            file.create_dataset(TABLE, (V, D), dtype)

    both(changed(good, tmp_path, change), "plain numbers")


def test_a_lambda(good, tmp_path):
    code = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": code}}
    for document in (layer, {**layer, "config": {}}):

        def change(description, document=document):
            description["config"]["layers"].append(document)

        path = reconfigured(good, tmp_path, change)
        with pytest.raises(FileRefused, match=r"code in a file is never executed"):
            load_model(path)


@pytest.mark.parametrize("name", ["os.system", "Nothing", "__class__", None, 5, ["Dense"]])
def test_an_unknown_class(name, good, tmp_path):
    def change(description):
        description["config"]["layers"][1].update(
            class_name=name, module="os", registered_name="system"
        )

    with pytest.raises(FileRefused, match="Received"):
        load_model(reconfigured(good, tmp_path, change))


def test_a_function_by_name_is_not_looked_for_in_modules(good, tmp_path):
    def change(description):
        description["config"]["layers"][1]["config"]["embeddings_initializer"] = {
            "module": "os",
            "class_name": "function",
            "config": "getcwd",
            "registered_name": "function",
        }

    with pytest.raises(FileRefused, match="getcwd"):
        load_model(reconfigured(good, tmp_path, change))


# Archives that leave or swell ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "assets/../../evil", "..\\evil", "C:\\evil", "C:evil"]
)
def test_a_path_that_leaves_the_archive(name, good, tmp_path):
    (tmp_path / "in").mkdir()
    refused(archived(tmp_path / "in" / "m.keras", {**good[1], name: b"x"}), "lead out of itself")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_symbolic_link_in_the_archive(good, tmp_path):
    entry = zipfile.ZipInfo("assets/link")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archived(tmp_path / "m.keras", good[1]), "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    refused(tmp_path / "m.keras", "lead out of itself")


def test_a_name_that_comes_twice(good, tmp_path):
    path = archived(tmp_path / "m.keras", good[1])
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", b"{}")
    refused(path, "each file once")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ["model.weights.h5", "config.json", "assets/zeros"])
def test_a_zip_bomb(name, good, tmp_path, peak):
    parts = {**good[1], name: bytes(200 << 20)}
    path = archived(tmp_path / "m.keras", parts, compression=zipfile.ZIP_DEFLATED)
    del parts
    assert path.stat().st_size < 1 << 20
    refused(path, "must ask for at most 64 MB and 8 times its size")
    assert peak(path) < 120 << 20


def test_an_archive_that_lacks_a_part(good, tmp_path):
    for name in ("config.json", "model.weights.h5"):
        parts = {k: v for k, v in good[1].items() if k != name}
        with pytest.raises(FileRefused, match=name):
            load_model(archived(tmp_path / "m.keras", parts))


NONE = b'{"class_name": "Sequential", "config": {}}'


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"config": 3}', NONE, b"\xff\xfe"]
)
def test_a_config_that_is_none(text, good, tmp_path):
    with pytest.raises(FileRefused):
        load_model(archived(tmp_path / "m.keras", {**good[1], "config.json": text}))


# Sizes --------------------------------------------------------------------------------------------


def reconfigured(good, tmp_path, change):
    description = json.loads(good[1]["config.json"])
    change(description)
    parts = {**good[1], "config.json": json.dumps(description)}
    return archived(tmp_path / "m.keras", parts)


def changed(good, tmp_path, change):
    data = io.BytesIO((good[0] / "w.weights.h5").read_bytes())
    with h5py.File(data, "r+") as file:
        change(file)
    path = tmp_path / "w.weights.h5"
    path.write_bytes(data.getvalue())
    archived(tmp_path / "m.keras", {**good[1], "model.weights.h5": data.getvalue()})
    return path


@pytest.mark.parametrize("key", ["input_dim", "output_dim"])
@pytest.mark.parametrize("size", [V + 1, 50_000_000, 10**15, -3, "9", None, 2.5])
def test_a_config_that_disagrees_with_the_weights(key, size, good, tmp_path, peak):
    path = reconfigured(
        good,
        tmp_path,
        lambda description: description["config"]["layers"][1]["config"].update({key: size}),
    )
    with pytest.raises(FileRefused):
        load_model(path)
    if size == 50_000_000:
        assert peak(path) < 120 << 20


@pytest.mark.parametrize("units", [50_000_000, 10**15])
def test_a_dense_layer_that_is_announced_huge(units, good, tmp_path, peak):
    path = reconfigured(
        good,
        tmp_path,
        lambda description: description["config"]["layers"][3]["config"].update(units=units),
    )
    with pytest.raises(FileRefused, match="must ask for at most"):
        load_model(path)
    assert peak(path) < 120 << 20


@pytest.mark.filterwarnings("ignore:a LoRA rank is meant to be low")
@pytest.mark.parametrize("rank", [10**8, 10**15])
def test_an_adapter_that_is_announced_huge(rank, good, tmp_path):
    path = reconfigured(
        good,
        tmp_path,
        lambda description: description["config"]["layers"][1]["config"].update(lora_rank=rank),
    )
    with pytest.raises(FileRefused, match="must ask for at most"):
        load_model(path)


def test_a_config_with_a_layer_less_or_more(good, tmp_path):
    for change in (
        lambda description: description["config"]["layers"].pop(),
        lambda description: description["config"]["layers"].append(
            {"class_name": "Dense", "config": {"units": 2, "name": "more"}}
        ),
    ):
        with pytest.raises(FileRefused, match="must hold the weights of this model"):
            load_model(reconfigured(good, tmp_path, change))


def both(path, match):
    refused(path, match)
    refused(path.with_name("m.keras"), match)


def replaced(name, **description):
    def change(file):
        del file[name]
        file.create_dataset(name, **description)

    return change


@pytest.mark.parametrize(
    ("description", "match"),
    [
        ({"data": np.zeros((V, D + 1), "f4")}, "shape"),
        ({"data": np.zeros((D, V), "f4")}, "shape"),
        ({"data": np.zeros(V * D, "f4")}, "shape"),
        ({"data": np.zeros((V, D), "i4")}, "float32"),
        ({"data": np.zeros((V, D), "i1")}, "float32"),
        ({"data": np.zeros((V, D), "S4")}, "plain numbers"),
        ({"data": np.zeros((V, D), "c8")}, "plain numbers"),
        ({"data": np.zeros((V, D), [("a", "f4")])}, "plain numbers"),
        ({"data": h5py.Empty("f4")}, "plain numbers"),
        ({"shape": (V, D), "dtype": "f4"}, "announces"),  # never written
        ({"shape": (10**9, 10**6), "dtype": "f4"}, "announces"),
        ({"shape": (V, D), "dtype": "f4", "chunks": (V, D), "compression": "gzip"}, "uncompressed"),
        ({"data": np.zeros((V, D), "f4"), "compression": "gzip"}, "uncompressed"),
        ({"data": np.zeros((1 << 12, 1 << 12), "f4"), "compression": "gzip"}, "uncompressed"),
        ({"data": np.zeros((V, D), "f4"), "fletcher32": True}, "uncompressed"),
    ],
)
def test_a_table_that_is_not_one(description, match, good, tmp_path):
    both(changed(good, tmp_path, replaced(TABLE, **description)), match)


def test_chunks_that_swell(good, tmp_path):
    def change(file):
        del file[TABLE]
        chain = file.create_dataset(
            TABLE,
            (V, D),
            "f4",
            chunks=(1 << 13, 1 << 13),
            maxshape=(None, None),
            compression="gzip",
        )
        chain[...] = 0

    path = changed(good, tmp_path, change)
    assert path.stat().st_size < 1 << 20
    both(path, "uncompressed")


# Links --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [TABLE, "layers/embedding/vars", "layers/embedding", "layers"])
@pytest.mark.parametrize("kind", ["external", "soft"])
def test_links(name, kind, good, tmp_path):
    secret = tmp_path / "secret.h5"
    secret.write_bytes((good[0] / "w.weights.h5").read_bytes())

    def change(file):
        file.move(name, "elsewhere")
        file[name] = (
            h5py.ExternalLink(str(secret), name)
            if kind == "external"
            else h5py.SoftLink("/elsewhere")
        )

    both(changed(good, tmp_path, change), "link")


def test_arrays_that_lie_in_another_file(good, tmp_path):
    (tmp_path / "secret").write_bytes(b"password" * 100)

    def outside(file):
        del file[TABLE]
        file.create_dataset(
            TABLE, (V, D), "f4", external=[(str(tmp_path / "secret"), 0, V * D * 4)]
        )

    both(changed(good, tmp_path, outside), "another file")

    def virtual(file):
        del file[TABLE]
        layout = h5py.VirtualLayout((V, D), "f4")
        layout[...] = h5py.VirtualSource(str(good[0] / "w.weights.h5"), TABLE, (V, D))
        file.create_virtual_dataset(TABLE, layout)

    both(changed(good, tmp_path, virtual), "another file")


def test_a_group_that_holds_itself(good, tmp_path):
    def change(file):
        file["layers/embedding/layers"] = file["layers"]
        file["layers/again"] = file["layers"]

    path = changed(good, tmp_path, change)
    both(path, "link to each of its parts once")
    with pytest.raises(FileRefused, match="link to each of its parts once"):
        load_layer_weights(model().layers[0], path, "embedding")


def schedule(name, **config):
    return {"module": "keras.optimizers.schedules", "class_name": name, "config": config}


@pytest.mark.parametrize(
    ("part", "document"),
    [
        ("loss", 5),
        ("loss", {"a": 3}),
        ("loss", ["mse", "mae"]),
        ("loss", {"class_name": "x"}),
        ("loss", [["mse"]]),
        ("loss_weights", "much"),
        ("loss_weights", {"a": {"b": 1}}),
        ("metrics", 5),
        ("metrics", [[["mae", 5]]]),
        ("metrics", {"a": {"b": {"c": "zz"}}}),
        ("weighted_metrics", ["zz"]),
        ("metrics", [{"class_name": "AUC", "config": {"x": 1}}]),
        ("metrics", [{"class_name": "AUC", "config": {"num_thresholds": 10**9}}]),
        ("optimizer", 5),
        ("optimizer", {"class_name": "Adam", "config": 3}),
        ("learning_rate", schedule("os.system")),
        ("learning_rate", "fast"),
        ("learning_rate", schedule("ExponentialDecay", decay_steps="x")),
        (
            "learning_rate",
            schedule(
                "CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=1, t_mul=0.5
            ),
        ),
        ("learning_rate", schedule("PiecewiseConstantDecay", boundaries=3, values=4)),
    ],
)
def test_a_plan_for_training_that_is_none(part, document, good, tmp_path):
    def change(description):
        plan = description["compile_config"]
        if part == "learning_rate":
            plan["optimizer"]["config"]["learning_rate"] = document
        else:
            plan[part] = document

    path = reconfigured(good, tmp_path, change)
    with pytest.raises(FileRefused) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)
    assert load_model(path, compile=False).optimizer is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("m.keras", load_model),
        ("m.keras", lambda path: load_layer_weights(Embedding(V, D), path)),
        ("w.weights.h5", lambda path: model().load_weights(path)),
        ("m.keras", lambda path: model().load_weights(path)),
        ("t.safetensors", import_table),
    ],
)
def test_a_pipe_is_refused_and_not_waited_for(name, read, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileRefused, match="Received a pipe or a device"):
        read(tmp_path / name)
