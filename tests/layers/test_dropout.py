"""Dropout: shares, scale, the way back, repeatable draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.layers.dropout import Dropout

X = np.ones((40, 50))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_mean_stays(rate):
    out = Dropout(rate, seed=1)(X, training=True)
    assert abs((out == 0).mean() - rate) < 0.04
    assert np.unique(out).tolist() == pytest.approx([0, 1 / (1 - rate)])


def test_outside_training_nothing_happens():
    layer = Dropout(0.5, dtype="float64")
    out, context = layer.forward(X)
    assert np.array_equal(out, X) and out is not X and context.saved is None
    assert np.array_equal(layer.backward(context, X).inputs, X)


@pytest.mark.parametrize("rate", [0, 1, 0.0, 1.0])
def test_the_two_ends(rate):
    layer = Dropout(rate)
    out, context = layer.forward(X, training=True)
    assert out.max() == 1 - rate
    assert layer.backward(context, X).inputs.max() == 1 - rate


def test_the_gradient_goes_where_the_number_went(rng):
    layer = Dropout(0.5, seed=1, dtype="float64")
    x, grad_out = rng.normal(size=(2, 40, 50))
    out, context = layer.forward(x, training=True)
    grad = layer.backward(context, grad_out).inputs
    assert np.array_equal(grad == 0, out == 0)
    assert np.vdot(out, grad_out) == pytest.approx(np.vdot(x, grad), rel=1e-12)  # it is linear


def test_what_is_dropped_never_matters():
    x = np.where(np.random.default_rng(1).random(X.shape) < 0.5, np.nan, 1.0)
    out = Dropout(1.0)(x, training=True)
    assert out.tolist() == np.zeros_like(X).tolist()


def test_a_seed_repeats_the_draws_and_each_call_draws_anew():
    one, two = Dropout(0.5, seed=4), Dropout(0.5, seed=4)
    first = one(X, training=True)
    assert np.array_equal(first, two(X, training=True))
    assert not np.array_equal(first, one(X, training=True))
    assert not np.array_equal(first, Dropout(0.5, seed=5)(X, training=True))


def test_a_mask_passes_and_the_dtype_follows_the_policy():
    mask = np.ones((40, 50), bool)
    out, after, _ = Dropout(0.5, dtype="float16").forward_with_mask(X, mask)
    assert after is mask and out.dtype == np.float16
    assert Dropout(0.5, dtype="mixed_float16")(X, training=True).dtype == np.float16


@pytest.mark.parametrize("rate", [-0.1, 1.5, "half", None, True, np.nan])
def test_bad_rates_are_refused(rate):
    with pytest.raises(ValueError, match="Invalid value received for argument `rate`"):
        Dropout(rate)


def test_config_round_trip():
    layer = Dropout(0.25, seed=3, name="d")
    again = Dropout.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert layer.compute_output_shape((None, 4)) == (None, 4)


@pytest.mark.parametrize("seed", ["a", 1.5, -1, True])
def test_wrong_seed_is_refused(seed):
    with pytest.raises(ValueError, match=r"seed must be an integer >= 0\. Received"):
        Dropout(0.5, seed=seed)


def test_arguments_by_position_as_in_keras():
    layer = Dropout(0.5, None, 3, name="d")
    assert layer.get_config() == Dropout(0.5, seed=3, name="d").get_config()


@given(noise_shape=st.lists(st.none() | st.integers(-1, 4), max_size=3) | st.integers(-1, 4))
def test_noise_shape_is_left_to_keras(noise_shape):
    line = r"noise_shape is not part of embedlab\. Received .*\. Use embedlab\.keras"
    kind = tuple if isinstance(noise_shape, list) else int
    for make in (
        lambda: Dropout(0.5, noise_shape),
        lambda: Dropout(0.5, kind(noise_shape)),
        lambda: Dropout(0.5, noise_shape=noise_shape),
        lambda: Dropout.from_config({"rate": 0.5, "noise_shape": noise_shape}),
    ):
        with pytest.raises(ValueError, match=line) as caught:
            make()
        assert "\n" not in str(caught.value)
