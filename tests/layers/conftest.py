"""Fixtures of the layers' tests: a gradient check by central differences."""

import numpy as np
import pytest

STEP = 1e-6


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def slopes(array, loss):
    """Return the slope of `loss` at every number of `array`, which is changed and changed back."""
    slope = np.empty_like(array)
    for at in np.ndindex(array.shape):
        before = array[at]
        array[at] = before + STEP
        up = loss()
        array[at] = before - STEP
        slope[at] = (up - loss()) / (2 * STEP)
        array[at] = before
    return slope


@pytest.fixture
def gradcheck(rng):
    """Check `backward` of a float64 layer at every number of inputs and weights, to 1e-6."""

    def check(layer, inputs, **options):
        inputs = np.array(inputs, float)
        outputs, context = layer.forward(inputs, **options)
        for weight in layer.weights:  # away from zeros and ones, where wrong slopes look right
            weight.assign(weight.value + 0.3 * rng.normal(size=weight.shape))
        outputs, context = layer.forward(inputs, **options)
        grads_out = [rng.normal(size=out.shape) for out in as_list(outputs)]

        def loss():
            outputs_now = as_list(layer.forward(inputs, **options)[0])
            return sum(np.vdot(s, out) for s, out in zip(grads_out, outputs_now, strict=True))

        gradients = layer.backward(
            context, grads_out if isinstance(outputs, list) else grads_out[0]
        )
        assert set(gradients.weights) == {w.name for w in layer.trainable_weights}
        for weight in layer.weights:
            close(gradients.weights[weight.name], slopes(weight.value, loss))
        close(gradients.inputs, slopes(inputs, loss))
        return gradients

    return check


def close(actual, expected):
    assert actual.shape == expected.shape and actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-8)
