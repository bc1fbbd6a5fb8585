"""LSTM: the formula, the forget bias. What it shares is in test_simple_rnn.py."""

import numpy as np
import pytest

from embedlab.activations import sigmoid
from embedlab.layers.lstm import LSTM

MASK = np.array([[0, 1, 0, 1], [1, 1, 1, 1]], bool)


def test_one_step_by_the_formula(rng):
    layer = LSTM(3, return_state=True, dtype="float64", bias_initializer="normal")
    x = rng.normal(size=(2, 1, 4))
    h, c = rng.normal(size=(2, 2, 3))
    out, state, carried = layer(x, initial_state=[h, c])
    w, u, b = layer.get_weights()
    i, f, g, o = np.split(x[:, 0] @ w + h @ u + b, 4, axis=1)
    want = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    np.testing.assert_allclose(carried, want, rtol=1e-12)
    np.testing.assert_allclose(state, sigmoid(o) * np.tanh(want), rtol=1e-12)
    assert np.array_equal(out, state)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@pytest.mark.parametrize("activations", [("tanh", "sigmoid"), ("linear", "softmax")])
def test_gradients(gradcheck, rng, use_bias, mask, activations):
    layer = LSTM(
        3, *activations, use_bias, return_sequences=True, return_state=True, dtype="float64"
    )
    gradcheck(layer, rng.normal(size=(2, 4, 2)), mask=mask)


def test_the_forget_gate_starts_open():
    layer = LSTM(2)
    layer.build((None, None, 3))
    assert layer.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    closed = LSTM(2, unit_forget_bias=False, bias_initializer="zeros")
    closed.build((None, None, 3))
    assert closed.bias.numpy().tolist() == [0] * 8
    for one in (layer, closed):
        again = LSTM.from_config(one.get_config())
        assert again.get_config() == one.get_config()
