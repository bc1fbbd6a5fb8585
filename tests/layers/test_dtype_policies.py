"""A dtype policy holds for every layer, however it is set; placeholders announce what comes out."""

import numpy as np
import pytest

from embedlab import layers
from embedlab.layers import Input

POLICIES = ("float16", "float32", "float64", "mixed_float16")
IDS, STEPS = np.array([[1, 2, 0]]), np.ones((1, 3, 2), "float32")
KINDS = {
    "Embedding": (lambda **o: layers.Embedding(4, 2, **o), IDS),
    "EmbeddingBag": (lambda **o: layers.EmbeddingBag(4, 2, **o), IDS),
    "ReversibleEmbedding": (lambda **o: layers.ReversibleEmbedding(4, 2, **o), IDS),
    "Dense": (lambda **o: layers.Dense(3, **o), STEPS),
    "Conv1D": (lambda **o: layers.Conv1D(3, 2, **o), STEPS),
    "SimpleRNN": (lambda **o: layers.SimpleRNN(3, **o), STEPS),
    "GRU": (lambda **o: layers.GRU(3, **o), STEPS),
    "LSTM": (lambda **o: layers.LSTM(3, **o), STEPS),
    "LayerNormalization": (layers.LayerNormalization, STEPS),
    "Dropout": (lambda **o: layers.Dropout(0.5, **o), STEPS),
    "Flatten": (layers.Flatten, STEPS),
    "Reshape": (lambda **o: layers.Reshape((6,), **o), STEPS),
    "Masking": (layers.Masking, STEPS),
    "GlobalAveragePooling1D": (layers.GlobalAveragePooling1D, STEPS),
    "GlobalMaxPooling1D": (layers.GlobalMaxPooling1D, STEPS),
}
kinds = pytest.mark.parametrize("kind", KINDS)
policies = pytest.mark.parametrize("policy", POLICIES)


def test_no_layer_is_left_out():
    every = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    bases = {"DTypePolicy", "Gradients", "Layer", "Recurrent", "Variable"}
    records = {name for name in every if hasattr(getattr(layers, name), "_fields")}
    layer_classes = {n for n in every if issubclass(getattr(layers, n), layers.Layer)}
    assert layer_classes - bases - records == set(KINDS)


@kinds
@policies
def test_set_before_building_as_in_the_constructor(kind, policy):
    make, inputs = KINDS[kind]
    one, other = make(dtype=policy), make()
    other.dtype_policy = policy
    outputs = [layer(inputs) for layer in (one, other)]
    assert outputs[0].dtype == outputs[1].dtype == one.compute_dtype
    assert [w.dtype for w in one.weights] == [w.dtype for w in other.weights]
    assert all(w.dtype == one.variable_dtype for w in one.weights)
    assert other.get_config()["dtype"] == one.get_config()["dtype"]


@kinds
@policies
def test_a_placeholder_announces_the_dtype_that_comes_out(kind, policy):
    make, inputs = KINDS[kind]
    layer = make(dtype=policy)
    placeholder = layer(Input(inputs.shape[1:], dtype=inputs.dtype.name))
    assert placeholder.dtype == layer(inputs).dtype.name


@kinds
def test_after_building_another_policy_is_refused(kind):
    make, inputs = KINDS[kind]
    layer = make()
    layer(inputs)
    if not layer.built:
        layer.build(inputs.shape)
    for policy in (*POLICIES, "int8_from_float32", "int8", "bogus", 5, None, {}):
        if policy in ("float32", None):
            layer.dtype_policy = policy  # what it has
            continue
        with pytest.raises(ValueError, match=r"Received|Cannot convert") as caught:
            layer.dtype_policy = policy
        assert "\n" not in str(caught.value)
        assert layer.dtype_policy.name == "float32"


@kinds
@pytest.mark.parametrize("policy", ["int8", "int64", "int8_from_float32", "bogus", 5, {}])
def test_bad_policies_are_refused_before_building(kind, policy):
    make, inputs = KINDS[kind]
    layer = make()
    with pytest.raises(ValueError, match=r"Received|Cannot convert"):
        layer.dtype_policy = policy
    assert layer(inputs).dtype == "float32"


def test_a_frozen_table_may_be_set_to_integers():
    layer = layers.Embedding(4, 2, "ones", trainable=False)
    layer.dtype_policy = "int16"
    assert layer(IDS).dtype == "int16" and layer.embeddings.dtype == "int16"
