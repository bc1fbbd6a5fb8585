"""GRU: the formula in both of its forms. What it shares is in test_simple_rnn.py."""

import numpy as np
import pytest

from embedlab.activations import sigmoid
from embedlab.layers.gru import GRU

MASK = np.array([[0, 1, 0, 1], [1, 1, 1, 1]], bool)


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_step_by_the_formula(rng, reset_after):
    layer = GRU(3, reset_after=reset_after, dtype="float64", bias_initializer="normal")
    x, h = rng.normal(size=(2, 1, 4)), rng.normal(size=(2, 3))
    made = layer(x, initial_state=h)
    w, u, b = layer.get_weights()
    b, c = b if reset_after else (b, np.zeros(9))
    wz, wr, wc = np.split(x[:, 0] @ w + b, 3, axis=1)
    uz, ur, uc = np.split(h @ u + c, 3, axis=1)
    z, r = sigmoid(wz + uz), sigmoid(wr + ur)
    candidate = np.tanh(wc + (r * uc if reset_after else (r * h) @ u[:, 6:]))
    np.testing.assert_allclose(made, z * h + (1 - z) * candidate, rtol=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@pytest.mark.parametrize("activations", [("tanh", "sigmoid"), ("linear", "softmax")])
def test_gradients(gradcheck, rng, reset_after, use_bias, mask, activations):
    layer = GRU(
        3, *activations, use_bias, reset_after=reset_after, return_sequences=True, dtype="float64"
    )
    gradcheck(layer, rng.normal(size=(2, 4, 2)), mask=mask)


def test_the_bias_has_one_row_or_two_and_the_config_says_which():
    for reset_after, shape in [(True, (2, 12)), (False, (12,))]:
        layer = GRU(4, reset_after=reset_after, recurrent_activation="relu")
        layer.build((None, None, 2))
        assert layer.bias.shape == shape
        again = GRU.from_config(layer.get_config())
        assert again.get_config() == layer.get_config() and again.reset_after is reset_after
