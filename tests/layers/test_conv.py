"""Conv1D: by the definition, gradients for every kind of window, refusals."""

from itertools import product

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers.conv import Conv1D
from embedlab.layers.windows import Windows


def by_definition(layer, x):
    """Say it step by step: pad, then sum over the taps of each window."""
    kernel, step, apart = layer.kernel.value, layer.strides[0], layer.dilation_rate[0]
    left, right = Windows(*layer.kernel_size, step, apart, layer.padding).sides(x.shape[1])
    x = np.pad(x, ((0, 0), (left, right), (0, 0)))
    size, channels, filters = kernel.shape
    places = range(0, x.shape[1] - (size - 1) * apart, step)
    out = np.zeros((len(x), len(places), filters))
    for (t, start), f in product(enumerate(places), range(filters)):
        first = f // (filters // layer.groups) * channels
        for k in range(size):
            out[:, t, f] += x[:, start + k * apart, first : first + channels] @ kernel[k, :, f]
    return out + layer.bias.value


WAYS = [
    {"padding": padding, **way}
    for padding in ("valid", "same", "causal")
    for way in ({}, {"strides": 2}, {"strides": 3}, {"dilation_rate": 2}, {"groups": 2})
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_definition_and_the_gradients(gradcheck, rng, way, size):
    layer = Conv1D(4, size, dtype="float64", bias_initializer="normal", **way)
    for length in (5, 6):
        x = rng.normal(size=(2, length, 2))
        out = layer(x)
        np.testing.assert_allclose(out, by_definition(layer, x), rtol=1e-10, atol=1e-12)
        assert out.shape == layer.compute_output_shape(x.shape)
    gradcheck(layer, x)


@pytest.mark.parametrize("activation", ["relu", "tanh", "softmax"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_activations_and_channels_first(gradcheck, rng, activation, data_format):
    layer = Conv1D(
        3, 2, activation=activation, data_format=data_format, use_bias=False, dtype="float64"
    )
    gradcheck(layer, rng.normal(size=(2, 4, 4)))
    assert [w.name for w in layer.weights] == ["kernel"]


def test_channels_first_is_channels_last_turned(rng):
    last, first = (
        Conv1D(3, 2, dilation_rate=2),
        Conv1D(3, 2, dilation_rate=2, data_format="channels_first"),
    )
    x = rng.normal(size=(2, 6, 4)).astype("float32")
    last(x)
    first(x.swapaxes(1, 2))
    first.set_weights(last.get_weights())
    assert np.array_equal(first(x.swapaxes(1, 2)), last(x).swapaxes(1, 2))
    assert first.compute_output_shape((None, 4, 6)) == (None, 3, 4)


def test_causal_never_looks_ahead(rng):
    layer = Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = rng.normal(size=(1, 8, 2))
    before = layer(x)
    x[:, 5:] += 1
    assert np.array_equal(layer(x)[:, :5], before[:, :5])


def test_an_odd_zero_goes_behind():
    layer = Conv1D(1, 2, padding="same", kernel_initializer="ones")
    assert layer([[[1.0], [2.0], [4.0]]]).ravel().tolist() == [3.0, 6.0, 4.0]


def test_a_mask_is_lost_and_padding_mixes_in():
    layer = Conv1D(1, 3, padding="same", kernel_initializer="ones")
    out, mask = layer.call_with_mask([[[1.0], [5.0]]], np.array([[True, False]]))
    assert mask is None and out.ravel().tolist() == [6.0, 6.0]


def test_shapes_without_data():
    assert Conv1D(4, 3).compute_output_shape((None, None, 2)) == (None, None, 4)
    assert Conv1D(4, [3], (2,), "SAME").compute_output_shape((8, 7, 2)) == (8, 4, 4)
    with pytest.raises(ShapeError, match="zero or negative"):
        Conv1D(4, 3).compute_output_shape((None, 2, 2))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Conv1D(0, 2), ValueError, "filters must be a positive integer"),
        (lambda: Conv1D(2, 0), ValueError, "kernel_size must be a positive integer"),
        (lambda: Conv1D(2, (1, 2)), ValueError, "kernel_size"),
        (lambda: Conv1D(2, 2, padding="x"), ValueError, "`padding` argument"),
        (lambda: Conv1D(4, 2, groups=3), ValueError, "evenly divisible by the number of groups"),
        (lambda: Conv1D(4, 2, 2, dilation_rate=2), ValueError, "not supported in conjunction"),
        (lambda: Conv1D(4, 2, groups=2)(np.ones((1, 3, 3))), ShapeError, "has 3 channels"),
        (lambda: Conv1D(4, 5)(np.ones((1, 3, 3))), ShapeError, "zero or negative"),
        (lambda: Conv1D(4, 2)(np.ones((3, 3))), ShapeError, "expected ndim=3, found ndim=2"),
        (lambda: Conv1D(4, 2).build((None, 3, None)), ShapeError, "must be known"),
        (lambda: built()(np.ones((1, 3, 2))), ShapeError, "axis -1 .* value 3"),
    ],
)
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()


def built():
    layer = Conv1D(2, 2)
    layer.build((None, 5, 3))
    return layer


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "float32"])
def test_dtypes(dtype):
    layer = Conv1D(2, 2, dtype=dtype)
    out, context = layer.forward(np.ones((1, 3, 2)))
    gradients = layer.backward(context, out)
    assert out.dtype.name == layer.compute_dtype
    assert {g.dtype.name for g in gradients.weights.values()} == {layer.variable_dtype}


def test_config_round_trip():
    layer = Conv1D(4, 3, 2, "same", None, 1, 2, "relu", False, kernel_regularizer="l2", name="c")
    assert Conv1D.from_config(layer.get_config()).get_config() == layer.get_config()


def test_a_batch_of_nothing_gives_nothing():
    layer = Conv1D(3, 2, padding="same")
    out, context = layer.forward(np.zeros((0, 4, 2), np.float32))
    back = layer.backward(context, np.zeros((0, 4, 3), np.float32))
    assert out.shape == (0, 4, 3) and back.inputs.shape == (0, 4, 2)
    assert not back.weights["kernel"].any()
