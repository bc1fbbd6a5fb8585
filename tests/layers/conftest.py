"""What the tests of the layers share: a gradient check by central differences."""

import numpy as np
import pytest

STEP = 1e-6


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def slopes(array, loss):
    """Return the slope of `loss` at every number of `array`, which is changed and changed back."""
    found = np.empty_like(array)
    for at in np.ndindex(array.shape):
        before = array[at]
        array[at] = before + STEP
        up = loss()
        array[at] = before - STEP
        found[at] = (up - loss()) / (2 * STEP)
        array[at] = before
    return found


@pytest.fixture
def gradcheck(rng):
    """Check `backward` of a float64 layer at every number of inputs and weights, to 1e-6."""

    def check(layer, inputs, **options):
        inputs = np.array(inputs, float)
        outputs, context = layer.forward(inputs, **options)
        for weight in layer.weights:  # away from zeros and ones, where wrong slopes look right
            weight.assign(weight.value + 0.3 * rng.normal(size=weight.shape))
        outputs, context = layer.forward(inputs, **options)
        sent = [rng.normal(size=out.shape) for out in as_list(outputs)]

        def loss():
            made = as_list(layer.forward(inputs, **options)[0])
            return sum(np.vdot(s, out) for s, out in zip(sent, made, strict=True))

        gradients = layer.backward(context, sent if isinstance(outputs, list) else sent[0])
        assert set(gradients.weights) == {w.name for w in layer.trainable_weights}
        for weight in layer.weights:
            close(gradients.weights[weight.name], slopes(weight.value, loss))
        close(gradients.inputs, slopes(inputs, loss))
        return gradients

    return check


def close(made, want):
    assert made.shape == want.shape and made.dtype == want.dtype
    np.testing.assert_allclose(made, want, rtol=1e-6, atol=1e-8)
