"""LayerNormalization: mean and spread, gradients, half floats."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers.normalization import LayerNormalization


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 3, 2, 2), (5, 1)], ids=str)
def test_gradients(gradcheck, rng, shape):
    layer = LayerNormalization(
        dtype="float64", gamma_initializer="normal", beta_initializer="normal"
    )
    gradcheck(layer, rng.normal(size=shape))
    assert layer.compute_output_shape(shape) == shape


def test_mean_zero_and_variance_one_then_gamma_and_beta(rng):
    x = rng.normal(3.0, 5.0, size=(6, 50))
    layer = LayerNormalization(epsilon=1e-9, dtype="float64")
    np.testing.assert_allclose(layer(x).mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(layer(x).std(axis=1), 1, atol=1e-9)
    plain = layer(x)
    layer.set_weights([np.full(50, 2.0), np.arange(50.0)])
    np.testing.assert_allclose(layer(x), 2 * plain + np.arange(50), rtol=1e-12)
    assert [w.name for w in layer.weights] == ["gamma", "beta"]


def test_a_constant_sample_gives_zero_and_a_finite_gradient():
    layer = LayerNormalization(dtype="float64")
    out, context = layer.forward(np.full((1, 4), 7.0))
    assert out.tolist() == [[0.0] * 4]
    assert np.isfinite(layer.backward(context, np.eye(4)[:1]).inputs).all()


def test_half_floats_are_computed_in_single():
    x = np.array([[300.0, -301.0, 302.0, -303.0]])  # their squares leave the range of float16
    layer = LayerNormalization(dtype="float16")
    out, context = layer.forward(x)
    assert out.dtype == np.float16 and np.isfinite(out).all()
    np.testing.assert_allclose(out, LayerNormalization()(x), atol=1e-3)
    assert layer.backward(context, out).weights["gamma"].dtype == np.float16


def test_a_mask_passes(gradcheck, rng):
    mask = np.array([[True, False, True]])
    layer = LayerNormalization(dtype="float64")
    x = rng.normal(size=(1, 3, 4))
    assert layer.forward_with_mask(x, mask)[1] is mask
    gradcheck(layer, x, mask=mask)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: LayerNormalization(axis=1), ValueError, "axis is not part of embedlab"),
        (lambda: LayerNormalization(center=False), ValueError, "center is not part"),
        (lambda: LayerNormalization().build((None, None)), ShapeError, "must be known"),
        (lambda: LayerNormalization(rms_scaling=True), ValueError, "rms_scaling is not part"),
        (lambda: built()(np.ones((2, 5))), ShapeError, r"axis -1 .* value 3"),
        (lambda: LayerNormalization().gamma, AttributeError, "must build the layer"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def built():
    layer = LayerNormalization()
    layer.build((None, 3))
    return layer


def test_config_round_trip():
    layer = LayerNormalization(epsilon=0.1, gamma_regularizer="l1", name="n")
    again = LayerNormalization.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    theirs = {**layer.get_config(), "center": True, "rms_scaling": False, "axis": [-1]}
    assert LayerNormalization.from_config(theirs).epsilon == 0.1
