"""Tables on disk: the same numbers as in memory, and tables that no memory would hold."""

import errno
import gc
import json
import os
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D, TableMemoryError, allocation
from embedlab.layers.allocation import memmap_zeros
from embedlab.models import Sequential
from embedlab.optimizers import SGD, Adagrad, Adam, RMSprop

ROWS, COLUMNS = 1 << 24, 128  # 8 GiB in float32
MEGABYTE = 1 << 20


@pytest.fixture
def little_memory(monkeypatch):
    """Pretend that 1 GiB is all that is free."""
    monkeypatch.setattr(allocation, "available_memory", lambda: 1 << 30)


@pytest.mark.parametrize(
    "initializer",
    [
        "uniform",
        "he_normal",
        "ones",
        "zeros",
        "orthogonal",
        np.arange(18.0).reshape(6, 3),
        lambda s: np.ones(s),
    ],
)
def test_the_same_numbers_as_in_memory(initializer):
    on, off = (
        Embedding(6, 3, initializer, seed=7, padding_idx=2, placement=place)
        for place in ("disk", "memory")
    )
    assert np.array_equal(on(range(6)), off(range(6)))


@pytest.mark.parametrize(
    "rule",
    [
        lambda: SGD(0.1, 0.9),
        lambda: Adam(0.1),
        lambda: Adagrad(0.1),
        lambda: Adam(0.1, weight_decay=0.01),
        lambda: RMSprop(0.1, centered=True),
        lambda: Adam(0.1, sparse_update="lazy"),
    ],
)
def test_training_is_the_same_to_the_bit(rule, rng):
    def trained(place):
        model = Sequential(
            [
                Embedding(9, 4, seed=1, placement=place, name="words"),
                GlobalAveragePooling1D(),
                Dense(1, kernel_initializer="ones"),
            ]
        )
        model.compile(rule(), "mse")
        ids = np.random.default_rng(3).integers(0, 9, (12, 5))
        model.fit(ids, ids.mean(axis=1, keepdims=True), epochs=3, seed=2, verbose=0)
        return model.get_layer("words").table.value

    assert np.array_equal(trained("disk"), trained("memory"))


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("rule", [lambda: SGD(0.5), lambda: Adam(0.5, sparse_update="lazy")])
def test_a_table_larger_than_memory(rule):
    """Look up and train in 8 GiB (and 16 more of moments): little comes into memory."""
    with pytest.raises(TableMemoryError, match="must fit into memory"):
        Embedding(ROWS, COLUMNS).build()

    def step():
        layer = Embedding(ROWS, COLUMNS, "zeros", placement="disk")
        ids = np.array([[0, ROWS - 1, 12_345_678], [5, 5, 0]])
        assert not layer(ids).any()
        out, context = layer.forward(ids)
        grads = layer.backward(context, np.ones_like(out)).weights["embeddings"]
        rule().apply([grads], [layer.table])
        return layer, layer(ids)[..., 0]

    step()  # compiles, which takes megabytes of its own
    gc.collect()
    tracemalloc.start()
    layer, moved = step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (moved < 0).all() and not layer([1, ROWS - 2]).any()
    assert peak < 4 * MEGABYTE


def test_unwritten_pages_take_no_memory():
    before = resident()
    table = memmap_zeros((ROWS, COLUMNS), "float32")
    table[[7, ROWS - 1]] = 1
    assert table[ROWS - 1, 0] == 1 and table.nbytes == 8 << 30
    assert before is None or resident() - before < 16 * MEGABYTE


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve")
def test_space_on_the_disk_is_reserved(monkeypatch):
    """A disk that fills later would end the process at a write."""
    reserved = []

    def full(handle, start, nbytes):
        reserved.append(os.fstat(handle).st_size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(TableMemoryError, match=r"space for 4\.1 MB\. Received No space left"):
        memmap_zeros((1000, 1024), "float32")
    assert reserved == [4_096_000]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve")
def test_no_space_for_the_moments_costs_no_training(monkeypatch):
    """The space of an optimizer's moments is reserved before its first step changes anything."""
    model = Sequential([Embedding(9, 4, seed=1, placement="disk"), GlobalAveragePooling1D()])
    model.compile(Adam(0.1, sparse_update="lazy"), "mse")
    ids, goal = np.array([[1, 2], [3, 3]]), np.ones((2, 4))
    before = model.layers[0](range(9))

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(TableMemoryError, match="Received No space left"):
        model.fit(ids, goal, verbose=0)
    assert np.array_equal(model.layers[0](range(9)), before)
    monkeypatch.undo()
    history = model.fit(ids, goal, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]


def resident():
    """Return the bytes of this process in memory, where the system says so."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else None


def test_saved_and_loaded(tmp_path):
    model = Sequential([Embedding(5000, 16, seed=1, placement="disk", input_length=3)])
    for name in ("all.keras", "all.weights.h5"):
        path = tmp_path / name
        model.save(path) if name.endswith(".keras") else model.save_weights(path)
        again = Sequential([Embedding(5000, 16, seed=2, placement="disk", input_length=3)])
        again.load_weights(path)
        assert np.array_equal(again.predict([[0, 1, 4999]]), model.predict([[0, 1, 4999]]))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
@pytest.mark.parametrize("lora", [None, 2])
def test_files_pass_by_memory(tmp_path, ending, lora):
    """A table of 32 MiB is saved and loaded within 12 MiB."""
    rows, columns = 1 << 16, 128
    path = tmp_path / f"m{ending}"

    def build(start):
        model = Sequential(
            [
                Embedding(
                    rows,
                    columns,
                    start,
                    placement="disk",
                    input_length=2,
                    lora_rank=lora,
                    name="words",
                )
            ]
        )
        model.compile(Adam(0.1, sparse_update="lazy"), "mse")
        return model

    def peak(act):
        gc.collect()
        tracemalloc.start()
        act()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    model, again = build("ones"), build("zeros")
    ids, aim = np.array([[3, rows - 1]]), np.full((1, 2, columns), 5.0)
    for _ in range(2):
        model.fit(ids, aim, shuffle=False, verbose=0)
    save = model.save if ending == ".keras" else model.save_weights
    save(path)  # compiling and importing are not what is measured
    again.load_weights(path)
    assert peak(lambda: save(path)) < 12 * MEGABYTE
    assert peak(lambda: again.load_weights(path)) < 12 * MEGABYTE
    table = again.get_layer("words").table
    assert isinstance(table.value.base, np.memmap) and table.value[5].tolist() == [1.0] * columns
    assert np.array_equal(again.predict(ids), model.predict(ids))


def test_a_file_that_does_not_fit_leaves_the_table(tmp_path):
    path = tmp_path / "m.weights.h5"
    Sequential([Embedding(6, 3, placement="disk", input_length=2), Dense(2)]).save_weights(path)
    model = Sequential([Embedding(6, 3, "ones", placement="disk", input_length=2), Dense(4)])
    before = model.layers[0].table.value
    with pytest.raises(ValueError, match="The shape of the target variable"):
        model.load_weights(path)
    assert model.layers[0].table.value is before and (before == 1).all()


def test_resized_on_disk_it_stays_on_disk():
    layer = Embedding(4, 2, "ones", placement="disk")
    layer.build()
    layer.resize(6)
    assert isinstance(layer.table.value.base, np.memmap) and (layer([4, 5]) == 1).all()


def test_the_config_says_the_place_and_no_path():
    config = json.loads(json.dumps(Embedding(4, 2, placement="disk").get_config()))
    assert config["placement"] == "disk" and tempfile.gettempdir() not in json.dumps(config)
    assert Embedding.from_config(config).placement == "disk"
    assert "placement" not in Embedding(4, 2).get_config()


def test_nothing_is_left_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    layer = Embedding(400, 20, placement="disk")
    layer.build()
    assert isinstance(layer.table.value.base, np.memmap)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"placement": "tape"}, ValueError, "'tape'"),
        ({"placement": None}, ValueError, "None"),
        ({"placement": "disk", "embeddings_regularizer": "l2"}, ValueError, "regularizer"),
        ({"placement": "disk", "embeddings_constraint": "max_norm"}, ValueError, "constraint"),
    ],
)
def test_refusals(options, error, words):
    with pytest.raises(error, match=words):
        Embedding(4, 2, **options)


def test_a_full_disk_is_an_error_before_writing():
    with pytest.raises(TableMemoryError, match="must fit on the disk"):
        Embedding(1 << 50, 64, placement="disk").build()


def test_add_weight_refuses_an_unknown_placement():
    layer = Dense(2)
    with pytest.raises(ValueError, match='placement must be "memory" or "disk"'):
        layer.add_weight((2,), placement="ram")
    assert layer.weights == []
    assert not layer.add_weight((2,), placement="memory").on_disk
    assert layer.add_weight((2,), placement="disk").on_disk
