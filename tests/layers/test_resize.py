"""More words or fewer: rows, adapters, codes and optimizer moments are carried along."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers import Dense, Embedding, Flatten, ReversibleEmbedding
from embedlab.models import Sequential
from embedlab.optimizers import SGD, Adagrad, Adam

TABLE = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]], "float32")


@pytest.mark.parametrize(
    ("init", "source", "expected"),
    [("mean", None, [3, 4]), ("zeros", None, [0, 0]), ("copy", None, [5, 4]), ("copy", 0, [1, 2])],
)
def test_new_rows(init, source, expected):
    layer = Embedding(3, 2, weights=TABLE)
    layer.resize(5, init, source=source)
    assert layer.input_dim == 5 and layer.get_config()["input_dim"] == 5
    assert np.array_equal(layer([0, 1, 2]), TABLE)
    assert layer([3, 4]).tolist() == [expected, expected]


def test_what_copy_and_mean_heed():
    layer = Embedding(3, 2, weights=TABLE, oob=1, padding_idx=0)
    layer.resize(4, "copy")
    assert layer([3]).tolist() == [[3.0, 6.0]]  # the row of unknown words
    layer.resize(6, "copy", source=[2, 0])
    assert layer([4, 5]).tolist() == [[5.0, 4.0], [1.0, 2.0]]
    layer = Embedding(3, 2, weights=TABLE, padding_idx=0)
    layer.resize(4)
    assert layer([3]).tolist() == [[4.0, 5.0]]  # without padding's row


def test_fewer_rows():
    layer = Embedding(3, 2, weights=TABLE, lora_rank=1)
    layer.resize(2)
    assert np.array_equal(layer([0, 1]), TABLE[:2])
    assert [w.shape for w in layer.weights] == [(2, 2), (2, 1), (1, 2)]
    with pytest.raises(IndexError):
        layer([2])


@pytest.mark.parametrize("init", ["mean", "zeros", "copy"])
@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_adapters_count_in_new_rows(init, mode, rng):
    layer = Embedding(6, 4, seed=1, lora_rank=2)
    layer.build()
    layer.add_adapter("slang", 1)
    for adapter in layer.adapters.values():
        adapter.b.assign(rng.normal(size=adapter.b.shape))
    if mode:
        layer.quantize(mode)
    before = np.asarray(layer.embeddings).copy()
    codes = layer.quantized.codes.copy() if mode else None
    layer.resize(8, init)
    assert np.array_equal(layer(range(6)), before)
    if mode:
        assert np.array_equal(layer.quantized.codes[:6], codes) and len(layer.quantized.scale) == 8
    expected = {"mean": before.mean(axis=0), "zeros": np.zeros(4), "copy": before[5]}[init]
    assert np.allclose(layer([6, 7]), [expected] * 2, atol=1e-6 if mode is None else 5e-3)
    again = Embedding.from_config(layer.get_config())
    again.build()
    again.set_weights(layer.get_weights())
    assert np.array_equal(again(range(8)), layer(range(8)))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("mode", [None, "int8"])
def test_the_way_back_grows_too(tied, mode, rng):
    layer = ReversibleEmbedding(5, 3, tied, seed=1)
    layer.build()
    if mode:
        layer.quantize(mode)
    vectors = rng.normal(size=(2, 3))
    before = layer(vectors, reverse=True)
    layer.resize(6, "copy", source=2)
    after = layer(vectors, reverse=True)
    assert np.allclose(after[:, :5], before) and np.allclose(after[:, 5], before[:, 2])
    layer.resize(4)
    assert np.allclose(layer(vectors, reverse=True), before[:, :4])


@pytest.mark.parametrize("rule", [lambda: SGD(0.1, 0.9), lambda: Adam(0.1), lambda: Adagrad(0.1)])
def test_optimizers_go_on(rule):
    """Train, grow, train: rows that stay move just as they would have in a table of that size."""

    def model(rows):
        result = Sequential(
            [
                Embedding(rows, 2, "zeros", name="words"),
                Flatten(),
                Dense(1, "linear", kernel_initializer="ones"),
            ]
        )
        result.compile(rule(), "mse")
        return result

    ids, aims = np.array([[0, 1], [2, 1]]), np.array([[1.0], [2.0]])
    small, large = model(3), model(5)
    for _ in range(3):
        small.fit(ids, aims, shuffle=False, verbose=0)
        large.fit(ids, aims, shuffle=False, verbose=0)
    words = small.get_layer("words")
    words.resize(5, "zeros")
    assert np.array_equal(words.table.value, large.get_layer("words").table.value)
    for _ in range(3):
        small.fit(ids + 1, aims, shuffle=False, verbose=0)
        large.fit(ids + 1, aims, shuffle=False, verbose=0)
    assert np.array_equal(words.table.value, large.get_layer("words").table.value)


def test_a_removed_row_comes_back_new():
    layer = Embedding(3, 2, "ones")
    layer.build()
    rule = SGD(1.0, 0.5)
    rule.apply([np.ones((3, 2), "float32")], [layer.table])
    layer.resize(2)
    layer.resize(3)
    layer.resize(4)
    assert rule.state(layer.table)["momentum"].tolist() == [[-1, -1], [-1, -1], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda layer: layer.resize(0), ValueError, "input_dim must be a positive integer"),
        (lambda layer: layer.resize(5, "random"), ValueError, 'init must be "mean"'),
        (lambda layer: layer.resize(2), ValueError, "padding_idx must stay a row"),
        (lambda layer: layer.resize(5, "copy", source=3), IndexError, "Received 3"),
        (lambda layer: layer.resize(5, "copy", source=[0]), ShapeError, "one for each of 2"),
        (
            lambda layer: (layer.enable_lora(1), layer.merge(), layer.resize(5)),
            ValueError,
            "merged",
        ),
        (lambda layer: layer.resize(1 << 50), MemoryError, "out of memory"),
    ],
)
def test_refusals_leave_the_layer_as_it_was(act, error, words):
    layer = Embedding(3, 2, weights=TABLE, padding_idx=2)
    with pytest.raises(error, match=words):
        act(layer)
    assert layer.input_dim == 3 and np.array_equal(layer.table.value, TABLE)
    with pytest.raises(ValueError, match="isn't yet built"):
        Embedding(3, 2).resize(4)
