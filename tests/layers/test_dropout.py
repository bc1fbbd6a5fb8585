"""Dropout: shares, scale, the way back, repeatable draws."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.checks import ShapeError
from embedlab.layers import Input
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
    assert np.array_equal(out, X) and out is not X and context is None
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


def test_noise_shape_draws_once_for_a_whole_axis():
    out = Dropout(0.5, noise_shape=(None, 1, 5), seed=1)(np.ones((4, 6, 5)), training=True)
    assert (out == out[:, :1]).all() and 0 < (out == 0).mean() < 1
    with pytest.raises(ShapeError, match="noise_shape must have"):
        Dropout(0.5, (1, 7))(X, training=True)
    with pytest.raises(ShapeError, match="noise_shape must have"):
        Dropout(0.5, (1,))(X, training=True)


def test_a_seed_repeats_the_draws_and_each_call_draws_anew():
    one, two = Dropout(0.5, seed=4), Dropout(0.5, seed=4)
    first = one(X, training=True)
    assert np.array_equal(first, two(X, training=True))
    assert not np.array_equal(first, one(X, training=True))
    assert not np.array_equal(first, Dropout(0.5, seed=5)(X, training=True))


def test_a_mask_passes_and_the_dtype_follows_the_policy():
    mask = np.ones((40, 50), bool)
    out, after = Dropout(0.5, dtype="float16").call_with_mask(X, mask)
    assert after is mask and out.dtype == np.float16
    assert Dropout(0.5, dtype="mixed_float16")(X, training=True).dtype == np.float16


@pytest.mark.parametrize("rate", [-0.1, 1.5, "half", None, True, np.nan])
def test_bad_rates_are_refused(rate):
    with pytest.raises(ValueError, match="Invalid value received for argument `rate`"):
        Dropout(rate)


def test_config_round_trip():
    layer = Dropout(0.25, (None, 1), 3, name="d")
    again = Dropout.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert layer.compute_output_shape((None, 4)) == (None, 4)


@pytest.mark.parametrize("seed", ["a", 1.5, -1, True])
def test_wrong_seed_is_refused(seed):
    with pytest.raises(ValueError, match=r"seed must be an integer >= 0\. Received"):
        Dropout(0.5, seed=seed)


def test_noise_shape_is_compared_with_a_placeholder():
    for noise_shape in ((None, 1), (None, 7, None), (4, 1, None)):
        layer = Dropout(0.5, noise_shape)
        with pytest.raises(ShapeError, match="noise_shape must have"):
            layer(Input((6, 5), batch_size=3))
    assert Dropout(0.5, (4, 1, 5))(Input((None, 5))).shape == (None, None, 5)


@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    noise=st.lists(st.sampled_from([None, 1, 2, 3, 4, 5]), min_size=1, max_size=4),
)
def test_noise_shape_fits_or_is_refused(shape, noise):
    layer, x = Dropout(0.5, [np.int64(n) if n == 2 else n for n in noise], seed=1), np.ones(shape)
    assert layer.get_config()["noise_shape"] == tuple(noise)
    assert json.dumps(layer.get_config())
    pairs = zip(noise, shape, strict=False)
    if len(noise) == len(shape) and all(n in (None, 1, s) for n, s in pairs):
        out = layer(x, training=True)
        for axis, n in enumerate(noise):
            assert n != 1 or (out == out.take([0], axis)).all()
        assert layer.compute_output_shape(shape) == tuple(shape)
    else:
        for act in (lambda: layer(x, training=True), lambda: layer.compute_output_shape(shape)):
            with pytest.raises(ShapeError, match="noise_shape must have") as caught:
                act()
            assert "\n" not in str(caught.value)


@given(noise=st.lists(st.sampled_from([None, 1, 3, 0, -2, 1.5, "a", True, ()]), max_size=3))
def test_bad_noise_shapes_are_refused(noise):
    bad = [n for n in noise if n is not None and (type(n) is not int or n < 1)]
    if noise and not bad:
        assert Dropout(0.5, noise).noise_shape == tuple(noise)
        return
    with pytest.raises(ValueError, match="noise_shape must be a tuple of positive integers"):
        Dropout(0.5, noise)


@pytest.mark.parametrize("noise_shape", [5, "ab", (), (None, -1), (1.5,), (True, 1), (0, 1)])
def test_wrong_noise_shape_is_refused(noise_shape):
    with pytest.raises(ValueError, match=r"noise_shape must be a tuple of positive integers"):
        Dropout(0.5, noise_shape=noise_shape)
