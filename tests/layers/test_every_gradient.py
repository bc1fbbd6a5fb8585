"""Every layer there is, with and without a mask: `backward` agrees with central differences."""

import numpy as np
import pytest

from embedlab import layers
from embedlab.layers import Dense, Embedding, Input, gradcheck
from embedlab.models import Model, Sequential

F8 = {"dtype": "float64"}
IDS = np.array([[1, 2, 0, 5], [3, 0, 0, 0], [1, 1, 4, 0]])
MASK = IDS != 0


def words(rng):
    return rng.normal(size=(3, 4, 5))


LAYERS = {
    "Conv1D": (lambda: layers.Conv1D(3, 2, padding="same", activation="tanh", **F8), words),
    "LayerNormalization": (lambda: layers.LayerNormalization(**F8), words),
    "Masking": (lambda: layers.Masking(0.0, **F8), words),
    "SimpleRNN": (lambda: layers.SimpleRNN(3, **F8), words),
    "GRU": (lambda: layers.GRU(3, return_sequences=True, **F8), words),
    "LSTM": (lambda: layers.LSTM(3, **F8), words),
    "Dense": (lambda: layers.Dense(3, "sigmoid", **F8), words),
    "Dropout": (lambda: layers.Dropout(0.5, **F8), words),
    "Embedding": (lambda: Embedding(6, 3, mask_zero=True, lora_rank=2, **F8), IDS),
    "EmbeddingBag": (lambda: layers.EmbeddingBag(6, 3, mode="mean", **F8), IDS),
    "Flatten": (lambda: layers.Flatten(**F8), words),
    "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(**F8), words),
    "GlobalMaxPooling1D": (lambda: layers.GlobalMaxPooling1D(**F8), words),
    "Reshape": (lambda: layers.Reshape((20,), **F8), words),
    "ReversibleEmbedding": (lambda: layers.ReversibleEmbedding(6, 3, mask_zero=True, **F8), IDS),
}
NO_MASK = {"EmbeddingBag"}  # its padding is padding_idx, and its ids make no steps


def test_no_layer_is_left_out():
    assert set(LAYERS) == set(layers.REGISTRY.classes)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name, masked, rng):
    make, make_inputs = LAYERS[name]
    inputs = make_inputs(rng) if callable(make_inputs) else make_inputs
    layer = make()
    if not layer.built:
        layer.build(inputs.shape)
    for weight in layer.weights:  # away from zeros and ones, where wrong slopes look right
        weight.assign(weight.value + 0.3 * rng.normal(size=weight.shape))
    mask = MASK if masked and name not in NO_MASK else None
    errors = gradcheck(layer, inputs, mask=mask)
    assert errors and max(errors.values()) <= 1e-6, errors


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM", "GlobalAveragePooling1D"])
def test_a_mask_made_by_the_model_itself(kind):
    last = getattr(layers, kind)
    stack = [Embedding(6, 4, mask_zero=True, seed=1, **F8), layers.Masking(**F8)]
    stack.append(last(**F8) if kind.startswith("Global") else last(3, **F8))
    errors = gradcheck(Sequential([*stack, Dense(2, **F8)]), IDS)
    assert max(errors.values()) <= 1e-6, errors


def test_both_ways_of_a_tied_table(rng):
    ids = Input((4,))
    table = layers.ReversibleEmbedding(6, 3, logit_soft_cap=2.0, seed=1, **F8)
    model = Model(ids, table(Dense(3, "tanh", **F8)(table(ids)), reverse=True))
    errors = gradcheck(model, IDS)
    assert max(errors.values()) <= 1e-6, errors
