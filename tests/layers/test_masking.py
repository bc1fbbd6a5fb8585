"""Masking: which steps are marked, and that the others are zero and stay without gradient."""

import numpy as np
import pytest

from embedlab.layers import Input
from embedlab.layers.pooling_masking import Masking
from embedlab.layers.recurrent import SimpleRNN
from embedlab.models import Sequential


@pytest.mark.parametrize("value", [0.0, 9.0, -1.0, 0.1])
def test_a_step_counts_where_any_feature_differs(value):
    steps = np.full((2, 3, 2), value)
    steps[0, 1, 0] = 5.0
    steps[1, 2] = 7.0
    out, mask, _ = Masking(value).forward_with_mask(steps)
    assert mask.tolist() == [[False, True, False], [False, False, True]]
    expected = np.where(mask[..., None], steps, 0).astype("float32")
    assert out.tolist() == expected.tolist()


def test_gradients(gradcheck, rng):
    steps = rng.normal(size=(2, 3, 2))
    steps[1, 1:] = 9.0
    layer = Masking(20.0, dtype="float64")
    gradcheck(layer, steps)
    masking = Masking(9.0, dtype="float64")
    out, context = masking.forward(steps)
    grad = masking.backward(context, np.ones_like(out)).inputs
    assert grad[:, :, 0].tolist() == [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    with pytest.raises(ValueError, match="shape of the outputs"):
        masking.backward(context, np.ones((2, 2, 2)))


def test_a_mask_that_comes_in_is_replaced_and_a_nan_is_a_step():
    steps = np.array([[[0.0], [np.nan]]])
    out, mask, _ = Masking().forward_with_mask(steps, np.array([[True, False]]))
    assert mask.tolist() == [[False, True]] and np.isnan(out[0, 1, 0])


def test_it_feeds_a_recurrent_layer(rng):
    steps = rng.normal(size=(1, 4, 2))
    steps[0, 2:] = 0
    model = Sequential([Masking(), SimpleRNN(3)])
    assert np.array_equal(model(steps), model(steps[:, :2]))


def test_without_data_and_config():
    layer = Masking(2.0, name="m")
    assert layer.compute_mask(Input((3, 2))).shape == (None, 3)
    assert layer(Input((3, 2))).shape == (None, 3, 2)
    assert Masking.from_config(layer.get_config()).mask_value == 2.0
