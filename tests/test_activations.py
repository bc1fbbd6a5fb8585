"""Activations: their slopes by central differences, names, numbers far from 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import activations

NAMES = sorted(set(activations.__all__) - {"get", "gradient", "serialize", "deserialize"})
# Away from the corners of the ones with corners.
POINTS = np.array([[-7.3, -2.9, -1.4, -0.7, -0.2], [0.3, 0.8, 1.6, 2.8, 6.4]])


@pytest.mark.parametrize("name", NAMES)
def test_slopes_by_central_differences(name, rng):
    activation = activations.get(name)
    out = activation(POINTS)
    upstream = rng.normal(size=out.shape)
    grad = activations.gradient(activation, POINTS, out, upstream)
    for at in np.ndindex(POINTS.shape):
        up, down = POINTS.copy(), POINTS.copy()
        up[at] += 1e-6
        down[at] -= 1e-6
        slope = np.vdot(upstream, (activation(up) - activation(down)) / 2e-6)
        assert grad[at] == pytest.approx(slope, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_stay_and_empty_arrays_pass(name, dtype):
    activation = activations.get(name)
    x = POINTS.astype(dtype)
    out = activation(x)
    assert out.dtype == dtype and out.shape == x.shape
    grad = activations.gradient(activation, x, out, np.ones_like(x))
    assert grad.dtype == dtype
    empty = activation(np.zeros((0, 3), dtype))
    assert empty.shape == (0, 3)


@pytest.mark.parametrize("name", NAMES)
@given(st.floats(-1e30, 1e30))
def test_far_from_zero_nothing_overflows_unasked(name, number):
    out = activations.get(name)(np.array([number, 0.0]))
    assert not np.isnan(out).any()


def test_what_was_there_is_left_as_it_was():
    before = POINTS.copy()
    for name in NAMES:
        activations.get(name)(POINTS)
    assert np.array_equal(POINTS, before)


def test_names_dicts_and_callables():
    assert activations.get("relu") is activations.relu
    assert activations.deserialize(activations.serialize(activations.relu)) is activations.relu
    double = lambda x: 2 * x
    name = activations.serialize(double)
    with pytest.raises(ValueError, match="must be known by name"):
        activations.deserialize(name)
    assert activations.deserialize(name, {"<lambda>": double}) is double
    with pytest.raises(ValueError, match="Could not interpret activation function identifier"):
        activations.get("bogus")


def test_a_function_without_a_way_back_says_so_when_trained():
    with pytest.raises(NotImplementedError, match=r"must have a function grad\(x, y, grad\)"):
        activations.gradient(np.tanh, POINTS, POINTS, POINTS)


@pytest.mark.parametrize("act", [lambda: activations.get("gelu"), lambda: activations.silu])
def test_what_is_left_to_keras_is_refused_in_one_line(act):
    with pytest.raises((ValueError, AttributeError), match=r"is not part of embedlab\. Received"):
        act()


def test_softmax_ignores_what_has_no_share():
    x = np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, -np.inf]])
    shares = activations.softmax(x)
    assert shares[0].sum() == pytest.approx(1.0) and shares[0, 1] == 0
    assert shares[1].tolist() == [0.0, 0.0, 0.0]
    upstream = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, np.nan]])
    assert np.isfinite(activations.gradient(activations.softmax, x, shares, upstream)).all()
