"""Conv1D: by the definition, gradients for every kind of window, refusals."""

from itertools import product

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers.conv import Conv1D


def by_definition(layer, x):
    """Pad, then sum over the taps of each window."""
    kernel = layer.kernel.value
    size, _, filters = kernel.shape
    left = (size - 1) // 2 if layer.padding == "same" else 0
    right = size - 1 - left if layer.padding == "same" else 0
    x = np.pad(x, ((0, 0), (left, right), (0, 0)))
    out = np.zeros((len(x), x.shape[1] - size + 1, filters))
    for t, k in product(range(out.shape[1]), range(size)):
        out[:, t] += x[:, t + k] @ kernel[k]
    return out + layer.bias.value


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_definition_and_the_gradients(gradcheck, rng, padding, size):
    layer = Conv1D(4, size, dtype="float64", bias_initializer="normal", padding=padding)
    for length in (5, 6):
        x = rng.normal(size=(2, length, 2))
        out = layer(x)
        np.testing.assert_allclose(out, by_definition(layer, x), rtol=1e-10, atol=1e-12)
        assert out.shape == layer.compute_output_shape(x.shape)
    gradcheck(layer, x)


@pytest.mark.parametrize("activation", ["relu", "tanh", "softmax"])
def test_activations(gradcheck, rng, activation):
    layer = Conv1D(3, 2, activation=activation, use_bias=False, dtype="float64")
    gradcheck(layer, rng.normal(size=(2, 4, 4)))
    assert [w.name for w in layer.weights] == ["kernel"] and layer.bias is None


def test_an_odd_zero_goes_behind():
    layer = Conv1D(1, 2, padding="same", kernel_initializer="ones")
    assert layer([[[1.0], [2.0], [4.0]]]).ravel().tolist() == [3.0, 6.0, 4.0]


def test_a_mask_is_lost_and_padding_mixes_in():
    layer = Conv1D(1, 3, padding="same", kernel_initializer="ones")
    out, mask, _ = layer.forward_with_mask([[[1.0], [5.0]]], np.array([[True, False]]))
    assert mask is None and out.ravel().tolist() == [6.0, 6.0]


def test_shapes_without_data():
    assert Conv1D(4, 3).compute_output_shape((None, None, 2)) == (None, None, 4)
    assert Conv1D(4, [3], padding="SAME").compute_output_shape((8, 7, 2)) == (8, 7, 4)
    with pytest.raises(ShapeError, match="zero or negative"):
        Conv1D(4, 3).compute_output_shape((None, 2, 2))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Conv1D(0, 2), ValueError, "filters must be a positive integer"),
        (lambda: Conv1D(2, 0), ValueError, "kernel_size must be a positive integer"),
        (lambda: Conv1D(2, (1, 2)), ValueError, "kernel_size"),
        (lambda: Conv1D(2, 2, padding="x"), ValueError, "`padding` argument"),
        *[
            (lambda o=options: Conv1D(4, 2, **o), ValueError, "is not part of embedlab. Received")
            for options in (
                {"groups": 2},
                {"strides": 2},
                {"dilation_rate": 2},
                {"padding": "causal"},
                {"data_format": "channels_first"},
                {"activity_regularizer": "l2"},
            )
        ],
        (lambda: Conv1D(4, 5)(np.ones((1, 3, 3))), ShapeError, "zero or negative"),
        (lambda: Conv1D(4, 2)(np.ones((3, 3))), ShapeError, "expected ndim=3, found ndim=2"),
        (lambda: Conv1D(4, 2).build((None, 3, None)), ShapeError, "must be known"),
        (lambda: built()(np.ones((1, 3, 2))), ShapeError, "axis -1 .* value 3"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
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
    options = {"padding": "same", "activation": "relu", "use_bias": False, "name": "c"}
    layer = Conv1D(4, 3, kernel_regularizer="l2", **options)
    assert Conv1D.from_config(layer.get_config()).get_config() == layer.get_config()


def test_a_batch_of_nothing_gives_nothing():
    layer = Conv1D(3, 2, padding="same")
    out, context = layer.forward(np.zeros((0, 4, 2), np.float32))
    back = layer.backward(context, np.zeros((0, 4, 3), np.float32))
    assert out.shape == (0, 4, 3) and back.inputs.shape == (0, 4, 2)
    assert not back.weights["kernel"].any()


def test_keras_writes_its_defaults_and_they_ask_for_nothing():
    config = {
        "filters": 2,
        "kernel_size": (3,),
        "data_format": "channels_last",
        "strides": (1,),
        "dilation_rate": (1,),
        "groups": 1,
        "activity_regularizer": None,
    }
    assert Conv1D.from_config(config).filters == 2
