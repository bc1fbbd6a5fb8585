"""EmbeddingBag: three modes, offsets, weights, padding, gradients."""

import json

import numpy as np
import pytest

from embedlab import layers
from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError
from embedlab.layers import EmbeddingBag, gradcheck
from embedlab.models import Sequential

TABLE = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 5.0]])


@pytest.mark.parametrize(
    ("mode", "rows"),
    [("sum", [[3, 30], [12, 45]]), ("mean", [[1.5, 15], [6, 22.5]]), ("max", [[2, 20], [8, 40]])],
)
def test_modes_by_hand(mode, rows):
    layer = EmbeddingBag(4, 2, mode, weights=TABLE)
    assert layer([[0, 1], [2, 3]]).tolist() == rows
    assert layer([0, 1, 2, 3], offsets=[0, 2, 4]).tolist() == [*rows, [0, 0]]
    assert layer(np.zeros((2, 0), int)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 2])
def test_the_gradient_is_the_slope(rng, mode, padding_idx):
    layer = EmbeddingBag(9, 3, mode, padding_idx=padding_idx, dtype="float64", seed=1)
    ids = rng.integers(0, 9, (5, 4))
    assert gradcheck(layer, ids)["embeddings"] < 1e-6


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_weights_and_their_gradient(rng, mode):
    layer = EmbeddingBag(9, 3, mode, dtype="float64", seed=1)
    ids, factors = rng.integers(0, 9, (5, 4)), rng.normal(size=(5, 4))
    out, context = layer.forward(ids, per_sample_weights=factors)
    assert np.array_equal(out, layer(ids, per_sample_weights=factors))
    grad_out = rng.normal(size=out.shape)
    gradients = layer.backward(context, grad_out)
    assert gradients.inputs.shape == factors.shape
    assert np.vdot(gradients.inputs, factors) == pytest.approx(np.vdot(out, grad_out))
    dense = gradients.weights["embeddings"].to_dense()
    assert np.vdot(dense, layer.embeddings.value) == pytest.approx(np.vdot(out, grad_out))


def test_padding_does_not_count():
    layer = EmbeddingBag(4, 2, weights=TABLE, padding_idx=0)
    assert layer([[0, 1], [0, 0]]).tolist() == [[2, 20], [0, 0]]
    fresh = EmbeddingBag(4, 2, "sum", "ones", padding_idx=0)
    fresh.build()
    assert fresh.embeddings.value[:2].tolist() == [[0, 0], [1, 1]]


def test_it_trains_in_a_model(rng):
    model = Sequential([EmbeddingBag(6, 2, seed=1)])
    model.compile("adam", "mse")
    ids = rng.integers(0, 6, (40, 3))
    losses = model.fit(ids, np.ones((40, 2)), epochs=30, verbose=0, seed=0).history["loss"]
    assert losses[-1] < losses[0] and model.output_shape == (None, 2)


def test_the_context_survives_a_caller_who_reuses_the_array():
    layer = EmbeddingBag(4, 2, "sum", weights=TABLE)
    ids = np.array([[1, 2]])
    out, context = layer.forward(ids)
    ids[:] = 0
    assert layer.backward(context, out).weights["embeddings"].ids.tolist() == [1, 2]


def test_options_and_config():
    layer = EmbeddingBag(
        4,
        2,
        "sum",
        "ones",
        "l2",
        "non_neg",
        include_last_offset=True,
        padding_idx=1,
        max_norm=1.0,
        scale_grad_by_freq=True,
        seed=3,
        name="b",
    )
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    out, context = layer.forward([0, 0, 2], offsets=[0, 2, 3])
    assert np.linalg.norm(out[1]) == pytest.approx(1.0)
    grad = layer.backward(context, np.ones((2, 2))).weights["embeddings"]
    assert grad.to_dense()[0].tolist() == [1.0, 1.0]  # 2 uses, divided by 2
    assert repr(layer) == "EmbeddingBag(4 words -> 2 numbers, sum, padding_idx 1)"


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "float64"])
def test_dtypes(dtype):
    layer = EmbeddingBag(4, 2, weights=TABLE, dtype=dtype)
    out, context = layer.forward([[0, 1]], per_sample_weights=[[1.0, 2.0]])
    gradients = layer.backward(context, out)
    assert out.dtype.name == layer.compute_dtype
    assert gradients.weights["embeddings"].rows.dtype.name == layer.variable_dtype


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: EmbeddingBag(0, 2), ValueError, "input_dim must be a positive integer"),
        (lambda: EmbeddingBag(4, 2, "median"), ValueError, "mode must be"),
        (lambda: EmbeddingBag(4, 2, weights=np.ones((2, 4))), ShapeError, "not compatible with"),
        (lambda: EmbeddingBag(4, 2, padding_idx=9), ValueError, "padding_idx"),
        (lambda: EmbeddingBag(4, 2)([[4]]), IdError, "Received 4"),
        (lambda: EmbeddingBag(4, 2)([1, 2]), ShapeError, "two axes"),
        (lambda: EmbeddingBag(4, 2)([1, 2], offsets=[1]), ValueError, "offsets"),
        (lambda: EmbeddingBag(4, 2)([[1]], offsets=[0]), ValueError, "offsets"),
        (lambda: EmbeddingBag(4, 2, "max")([[1]], per_sample_weights=[[1.0]]), ValueError, "max"),
        (lambda: EmbeddingBag(4, 2, bogus=1), ValueError, "Unrecognized keyword"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()
