"""Reading a file takes at most 64 MB and 8 times its size, whatever its config asks for."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from embedlab import initializers
from embedlab.layers import Dense, Dropout, Embedding, Input, Layer
from embedlab.models import Model, Sequential, load_model
from embedlab.storage import FileRefused

BUDGET = "must ask for at most 64 MB and 8 times its size"


def layer(kind, **config):
    return {"class_name": kind, "config": config}


def start(*shape):
    return layer("InputLayer", batch_shape=[None, *shape], dtype="float32", name="i")


def sequential(*layers, **config):
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers), **config}}


def embedding(embedlab=None, **config):
    config = {"input_dim": 3, "output_dim": 2, "name": "e", **config}
    return {"class_name": "Embedding", "config": config, "embedlab": embedlab or {}}


def array(value, dtype):
    value = {"class_name": "__numpy__", "config": {"value": value, "dtype": dtype}}
    return sequential(start(5), embedding(embeddings_initializer=layer("Constant", value=value)))


def doubled(depth):
    """A model whose only layer is called twice, in a model that is called twice, ..."""

    def node(name):
        history = {"shape": [None, 5], "dtype": "float32", "keras_history": [name, 0, 0]}
        tensor = {"class_name": "__keras_tensor__", "config": history}
        return {"args": [tensor], "kwargs": {}}

    inside = layer("Dropout", rate=0.1, name="d")
    for number in range(depth):
        name = inside["config"]["name"]
        config = {
            "name": f"m{number}",
            "layers": [
                {**start(5), "name": "i", "inbound_nodes": []},
                {**inside, "name": name, "inbound_nodes": [node("i"), node(name)]},
            ],
            "input_layers": ["i", 0, 0],
            "output_layers": [name, 1, 0],
        }
        inside = {"class_name": "Functional", "config": config}
    return inside


def hostile_configs():
    numbers = [layer("Dense", units=1, name=str(n)) for n in range(5000)]
    adapters = [{"name": str(n), "rank": 1} for n in range(5000)]
    blocks = layer("Int4QuantizationConfig", block_size=1)
    codes = embedding(dtype="int4_from_float32", input_dim=50_000, output_dim=900)
    codes["config"]["quantization_config"] = blocks
    wide = layer("Embedding", input_dim=1, output_dim=1, input_length=[1] * 100_000)
    return {
        "lists": (BUDGET, {**sequential(start(5)), "more": [[]] * 400_000}),
        "layers": (BUDGET, sequential(start(5), *numbers)),
        "names": (BUDGET, sequential(start(5), layer("Dense", units=1, name="x" * 70_000))),
        "adapters": (BUDGET, sequential(embedding({"input_length": 1, "adapters": adapters}))),
        "blocks": (BUDGET, sequential(start(5), codes)),
        "calls": (BUDGET, doubled(40)),
        "axes": (BUDGET, sequential(wide, *numbers[:100])),
        "kernel": (BUDGET, sequential(start(4000), layer("Dense", units=4001))),
        "table": (BUDGET, sequential(start(5), embedding(input_dim=10**7, placement="disk"))),
        "text": ("dtype", array("a", "S375000000")),
        "unicode": ("dtype", array(["a"] * 8, "U500000000")),
        "part": ("dtype", array([0], "(30000,10000)f4")),
        "fields": ("dtype", array([0], ",".join(["(1000,1000)f8"] * 50))),
    }


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "m.keras"
    chain = Sequential([Embedding(3, 2, input_length=5), Dense(2)])
    chain.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, parts, config):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**parts, "config.json": json.dumps(config)}.items():
            archive.writestr(name, data)
    return path


READ = """
import json, resource, sys, time, warnings
from embedlab.models import load_model
from embedlab.storage import FileRefused
warnings.simplefilter("ignore")

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

load_model(sys.argv[1])
for path in sys.argv[2:]:
    before, clock, received = peak(), time.process_time(), "read"
    try:
        load_model(path)
    except FileRefused as error:
        received = str(error)
    print(json.dumps([received, peak() - before, time.process_time() - clock]))
"""


def read_apart(*paths):
    """Read files one after the other in a process of its own: what came, bytes, CPU seconds."""
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, paths)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-500:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_a_config_asks_for_is_limited(parts, tmp_path):
    configs = hostile_configs()
    paths = [written(tmp_path / f"{name}.keras", parts, c) for name, (_, c) in configs.items()]
    good = written(tmp_path / "good.keras", parts, json.loads(parts["config.json"]))
    for (name, (match, _)), result in zip(configs.items(), read_apart(good, *paths), strict=True):
        received, nbytes, seconds = result
        size = (tmp_path / f"{name}.keras").stat().st_size
        assert match in received, (name, received)
        assert "\n" not in received and len(received) < 1000
        assert nbytes < 64_000_000 + 8 * size and seconds < 6, (name, nbytes, seconds)


def test_mutated_configs_are_read_or_refused(tmp_path):
    """More of them by hand, with another seed: python tests/models/config_mutations.py 5 20000."""
    script = Path(__file__).with_name("config_mutations.py")
    done = subprocess.run(
        [sys.executable, script, "1", "300"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-500:]
    results = json.loads(done.stdout)
    assert not results["failures"]
    assert results["read"] > 30 and results["refused"] > 100


def test_a_start_that_the_file_replaces_is_not_drawn(tmp_path, monkeypatch):
    """Orthogonal rows of a kernel (3900, 3900) take half a minute."""
    chain = Sequential([Input((5,)), Dense(5, kernel_initializer="orthogonal")])
    chain.save(tmp_path / "m.keras")
    monkeypatch.setattr(initializers.Orthogonal, "_fill", lambda self, out: pytest.fail("drawn"))
    read = load_model(tmp_path / "m.keras").get_weights()
    assert all(map(np.array_equal, read, chain.get_weights()))


class Hidden(Layer):
    """Its inner layer is in a dict, which no file has a place for."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = {"fixed": Embedding(3, 2, seed=7)}
        self.inner["fixed"].build()

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape


def test_a_start_that_no_file_replaces_is_drawn(tmp_path):
    chain = Sequential([Input((3,)), Hidden(), Dense(2)])
    chain.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras", {"Hidden": Hidden})
    one, other = (model.layers[0].inner["fixed"].get_weights() for model in (chain, read))
    assert np.array_equal(one, other) and np.any(other)


def test_a_file_that_is_trusted_has_no_budget(tmp_path):
    chain = Sequential([Embedding(3, 2, input_length=5, name="x" * 70_000)])
    chain.save(tmp_path / "m.keras")
    with pytest.raises(FileRefused, match="safe_mode=False"):
        load_model(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras", safe_mode=False)
    assert np.array_equal(read.get_weights()[0], chain.get_weights()[0])


@pytest.mark.parametrize("calls", [1, 2])
def test_a_model_that_stands_last_in_another(calls, tmp_path):
    ids = Input((5,))
    inner = Model(ids, Dropout(0.5)(Dense(5)(ids)))
    outer = inner(ids) if calls == 1 else inner(inner(ids))
    model = Model(ids, outer)
    model.save(tmp_path / "m.keras")
    x = np.ones((2, 5))
    assert np.array_equal(load_model(tmp_path / "m.keras").predict(x), model.predict(x))
    assert np.array_equal(Model.from_config(model.get_config()).predict(x).shape, (2, 5))
