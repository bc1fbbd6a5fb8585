"""ReversibleEmbedding: both ways, their gradients, masks, adapters, codes and configs."""

import json

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers import (
    Embedding,
    Input,
    LayerNormalization,
    ReversibleEmbedding,
    deserialize,
    serialize,
)
from embedlab.models import Model
from embedlab.optimizers import SGD

TABLE = np.arange(12.0).reshape(4, 3)
VECTORS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]])


def build(**options):
    return ReversibleEmbedding(4, 3, weights=TABLE, **options)


def test_there_and_back_by_hand():
    layer = build()
    assert np.array_equal(layer([[1, 3]]), Embedding(4, 3, weights=TABLE)([[1, 3]]))
    assert layer(VECTORS, reverse=True).tolist() == [[0.0, 3.0, 6.0, 9.0], [-1.0] * 4]
    assert (
        layer(VECTORS[0], reverse=True).shape == (4,)
        and layer(np.zeros((0, 2, 3)), reverse=True).size == 0
    )


def test_the_reverse_pass_may_have_another_table():
    layer = ReversibleEmbedding(4, 3, False, seed=1)
    assert layer(VECTORS, reverse=True).shape == (2, 4)  # this builds it
    assert [w.shape for w in layer.weights] == [(4, 3), (3, 4)]
    layer.reverse_embeddings.assign(TABLE.T)
    assert layer(VECTORS, reverse=True)[0].tolist() == [0.0, 3.0, 6.0, 9.0]
    with pytest.raises(AttributeError, match="tie_weights=False"):
        _ = build().reverse_embeddings


def test_a_cap_bounds_the_logits():
    layer = build(logit_soft_cap=5.0)
    assert np.allclose(layer(VECTORS, reverse=True), 5 * np.tanh(VECTORS @ TABLE.T / 5))
    assert np.abs(layer(1e6 * VECTORS, reverse=True)).max() == 5.0
    for cap in (0, -1.0, True, "30", np.inf):
        with pytest.raises(ValueError, match="logit_soft_cap must be"):
            build(logit_soft_cap=cap)


def slopes(array, loss, step=1e-6):
    slope = np.empty_like(array)
    for at in np.ndindex(array.shape):
        original = array[at]
        array[at] = original + step
        up = loss()
        array[at] = original - step
        slope[at] = (up - loss()) / (2 * step)
        array[at] = original
    return slope


@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("kind", ["tied", "untied", "lora", "two adapters"])
def test_gradients_of_the_reverse_pass(kind, cap, rng):
    layer = ReversibleEmbedding(5, 3, kind != "untied", logit_soft_cap=cap, dtype="float64", seed=1)
    layer.build()
    if kind in ("lora", "two adapters"):
        layer.enable_lora(2, 3.0)
    if kind == "two adapters":
        layer.add_adapter("slang", 1)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    vectors = rng.normal(size=(2, 4, 3))
    logits, context = layer.forward(vectors, reverse=True)
    probe = rng.normal(size=logits.shape)
    grads = layer.backward(context, probe)

    def loss():
        return float(np.vdot(layer.forward(vectors, reverse=True)[0], probe))

    assert np.allclose(grads.inputs, slopes(vectors, loss), rtol=1e-6, atol=1e-7)
    assert len(grads.weights) == {"tied": 1, "untied": 1, "lora": 2, "two adapters": 4}[kind]
    named = layer.named_weights()
    for name, grad in grads.weights.items():
        assert np.allclose(grad, slopes(named[name].value, loss), rtol=1e-6, atol=1e-7), name


def test_both_gradients_reach_the_one_table(rng):
    """ids -> rows -> logits: the table is read twice, and its slope is the sum of both."""
    layer = ReversibleEmbedding(5, 3, dtype="float64", seed=1, name="words")
    ids = Input((4,), dtype="int32")
    rows = LayerNormalization(dtype="float64", name="norm")(layer(ids))
    model = Model(ids, layer(rows, reverse=True))
    assert model.output_shape == (None, 4, 5) and model.layers[0] is layer
    assert len(model.layers) == 2 and len(model.weights) == 3
    token_ids = rng.integers(0, 5, (2, 4))
    logits, context = model.forward(token_ids)
    probe = rng.normal(size=logits.shape)
    grad = model.backward(context, probe).weights["words/embeddings"]
    table = layer.table.value
    assert np.allclose(grad, slopes(table, lambda: np.vdot(model(token_ids), probe)), atol=1e-6)


def test_a_tied_model_learns_to_repeat_what_it_reads():
    layer = ReversibleEmbedding(6, 4, seed=3)
    ids = Input((3,), dtype="int32")
    model = Model(ids, layer(layer(ids), reverse=True))
    from embedlab.losses import SparseCategoricalCrossentropy

    model.compile(SGD(1.0), SparseCategoricalCrossentropy(from_logits=True))
    token_ids = np.arange(24).reshape(8, 3) % 6
    model.fit(token_ids, token_ids, epochs=60, verbose=0, seed=1)
    assert (model.predict(token_ids).argmax(-1) == token_ids).all()


def test_the_mask_of_the_vectors_stays_with_the_logits():
    layer = build(mask_zero=True)
    rows, mask, _ = layer.forward_with_mask(np.array([[1, 0]]))
    assert mask.tolist() == [[True, False]]
    _, after, _ = layer.forward_with_mask(rows, mask, reverse=True)
    assert after is mask
    ids = Input((2,), dtype="int32")
    model = Model(ids, layer(layer(ids), reverse=True))
    assert model.forward_with_mask(np.array([[1, 0]]))[1].tolist() == [[True, False]]


def test_padding_learns_nothing_either_way(rng):
    layer = ReversibleEmbedding(5, 3, padding_idx=2, seed=1)
    _, context = layer.forward(rng.normal(size=(6, 3)), reverse=True)
    grad = layer.backward(context, np.ones((6, 5))).weights["embeddings"]
    assert not grad[2].any() and grad[[0, 1, 3, 4]].all()
    layer.enable_lora(2)
    layer.adapters["default"].b.assign(np.ones((2, 3)))
    _, context = layer.forward(rng.normal(size=(6, 3)), reverse=True)
    grads = layer.backward(context, np.ones((6, 5))).weights
    assert not grads["lora_embeddings_a"][2].any() and grads["lora_embeddings_b"].any()


@pytest.mark.parametrize(
    ("options", "dtype"),
    [
        ({}, "float32"),
        ({"dtype": "mixed_float16"}, "float16"),
        ({"dtype": "mixed_float16", "reverse_dtype": "float32"}, "float32"),
        ({"dtype": "float64"}, "float64"),
    ],
)
def test_reverse_dtype(options, dtype):
    layer = build(**options)
    logits, context = layer.forward(VECTORS, reverse=True)
    assert logits.dtype.name == dtype == layer(Input((3,)), reverse=True).dtype
    grads = layer.backward(context, logits)
    assert grads.weights["embeddings"].dtype.name == layer.variable_dtype


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("mode", "block"), [("int8", None), ("int4", None), ("int4", 2)])
def test_quantized_both_ways(tied, mode, block, rng):
    from embedlab.quantizers import Int4QuantizationConfig

    layer = ReversibleEmbedding(6, 5, tied, "normal", seed=1)
    layer.build()
    vectors = rng.normal(size=(3, 5))
    before = layer(vectors, reverse=True)
    layer.quantize(
        mode, config=None if mode == "int8" else Int4QuantizationConfig(block_size=block)
    )
    after = layer(vectors, reverse=True)
    assert 0 < np.abs(after - before).max() < (0.01 if mode == "int8" else 0.1)
    assert not layer.trainable_weights
    _, context = layer.forward(vectors, reverse=True)
    grads = layer.backward(context, after)
    assert grads.inputs.shape == vectors.shape and grads.weights == {}
    again = ReversibleEmbedding.from_config(layer.get_config())
    again.build()
    again.set_weights(layer.get_weights())
    assert np.array_equal(again(vectors, reverse=True), after)
    if not tied:
        turned = layer.reverse_embeddings.shape
        assert turned == ((5, 6) if mode == "int8" else (3, 6))


def test_config_round_trip():
    layer = build(
        tie_weights=False, reverse_dtype="float16", logit_soft_cap=30, mask_zero=True, padding_idx=0
    )
    config = json.loads(json.dumps(serialize(layer)))
    again = deserialize(config)
    assert isinstance(again, ReversibleEmbedding)
    assert json.loads(json.dumps(again.get_config())) == config["config"]
    assert repr(again) == "ReversibleEmbedding(4 words -> 3 numbers, mask_zero, padding_idx 0)"


def test_vectors_and_gradients_of_another_shape_are_refused():
    layer = build()
    with pytest.raises(ShapeError, match="axis -1 of input shape to have value 3"):
        layer(np.zeros((2, 4)), reverse=True)
    with pytest.raises(ShapeError, match="axis -1"):
        layer(Input((4,)), reverse=True)
    with pytest.raises(ShapeError, match="min_ndim=1"):
        layer(3.0, reverse=True)
    _, context = layer.forward(VECTORS, reverse=True)
    with pytest.raises(ShapeError, match="shape of the outputs"):
        layer.backward(context, np.zeros((2, 3)))
