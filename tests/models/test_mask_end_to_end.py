"""The mask story as a whole: models in which padding must never matter."""

import numpy as np
import pytest

from embedlab.layers import (
    GRU,
    LSTM,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    LayerNormalization,
    SimpleRNN,
    deserialize,
    gradcheck,
    serialize,
)
from embedlab.models import Sequential

IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 5, 3, 0], [0, 0, 1, 2, 5]])


def reader(recurrent, end, dtype="float64"):
    """Return a model that reads words, some of which are padding."""
    return Sequential(
        [
            Embedding(6, 4, mask_zero=True, dtype=dtype, seed=1),
            Dropout(0.5, seed=2, dtype=dtype),
            recurrent(3, return_sequences=True, dtype=dtype),
            LayerNormalization(dtype=dtype),
            end,
            Dense(2, dtype=dtype),
        ]
    )


recurrent_layers = pytest.mark.parametrize("recurrent", [SimpleRNN, GRU, LSTM])
ends = pytest.mark.parametrize("end", [GlobalAveragePooling1D, lambda **o: LSTM(3, **o)])


@recurrent_layers
@ends
def test_gradients_of_the_whole_model(recurrent, end):
    model = reader(recurrent, end(dtype="float64"))
    errors = gradcheck(model, IDS)
    assert len(errors) == len(model.weights)
    assert max(errors.values()) < 1e-6


@recurrent_layers
@ends
def test_more_padding_changes_nothing(rng, recurrent, end):
    model = reader(recurrent, end(dtype="float64"))
    longer = np.hstack([np.zeros((3, 2), int), IDS, np.zeros((3, 3), int)])
    np.testing.assert_allclose(model(longer), model(IDS), rtol=1e-12)
    upstream = rng.normal(size=(3, 2))
    grads = []
    for ids in (IDS, longer):
        _, _, context = model.forward_with_mask(ids)
        grads.append(model.backward(context, upstream).weights)
    for name, grad in grads[0].items():
        if name.endswith("embeddings"):
            assert (grads[1][name].to_dense()[0] == 0).all()  # the row of the padding
            assert np.allclose(grads[1][name].to_dense(), grad.to_dense(), rtol=1e-9, atol=1e-15)
        else:
            np.testing.assert_allclose(grads[1][name], grad, rtol=1e-9, atol=1e-15)


@recurrent_layers
def test_it_learns_which_word_came_last_before_the_padding(recurrent):
    rng = np.random.default_rng(3)
    lengths = rng.integers(2, 6, size=200)
    ids = rng.integers(1, 6, size=(200, 5)) * (np.arange(5) < lengths[:, None])
    last = ids[np.arange(200), lengths - 1]
    model = Sequential(
        [
            Embedding(6, 8, mask_zero=True, seed=1),
            recurrent(16, kernel_initializer="glorot_uniform"),
            Dense(6, "softmax"),
        ]
    )
    model.build((None, 5))
    fixed = np.random.default_rng(4)
    model.set_weights([0.3 * fixed.normal(size=w.shape) for w in model.weights])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.02
    history = model.fit(ids, last, epochs=8, verbose=0, seed=1).history["loss"]
    assert history[-1] < 0.3 * history[0]
    assert (model.predict(ids, verbose=0).argmax(axis=1) == last).mean() > 0.9


@recurrent_layers
def test_layers_load_from_dicts(recurrent):
    model = reader(recurrent, GlobalAveragePooling1D())
    for layer in model.layers:
        again = deserialize(serialize(layer))
        assert type(again) is type(layer) and again.get_config() == layer.get_config()
