"""Dense: by hand, gradients, dtypes, and the error that names input_length."""

import numpy as np
import pytest

from embedlab import activations
from embedlab.core.checks import ShapeError
from embedlab.layers.dense import Dense
from embedlab.layers.layer import Gradients
from embedlab.layers.symbolic import Input

X = np.array([[[1.0, 2.0], [3.0, 4.0]]])


def test_by_hand():
    layer = Dense(
        3, kernel_initializer=lambda shape: np.arange(6.0).reshape(shape), bias_initializer="ones"
    )
    out, context = layer.forward(X)
    assert out.tolist() == [[[7.0, 10.0, 13.0], [13.0, 20.0, 27.0]]]
    inputs, weights = layer.backward(context, np.ones((1, 2, 3)))
    assert inputs.tolist() == [[[3.0, 12.0], [3.0, 12.0]]]
    assert weights["kernel"].tolist() == [[4.0] * 3, [6.0] * 3]
    assert weights["bias"].tolist() == [2.0] * 3
    assert [w.path for w in layer.weights] == [f"{layer.name}/kernel", f"{layer.name}/bias"]


@pytest.mark.parametrize("activation", [None, "relu", "tanh", "sigmoid", "softmax"])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (2, 5, 3), (2, 1, 2, 3)])
def test_gradients(gradcheck, rng, activation, use_bias, shape):
    layer = Dense(3, activation, use_bias, dtype="float64")
    gradcheck(layer, rng.normal(size=shape))
    assert len(layer.weights) == 1 + use_bias


def test_a_mask_passes_and_changes_nothing(rng, gradcheck):
    layer = Dense(3, dtype="float64")
    mask = np.array([[True, False]])
    out, after, _ = layer.forward_with_mask(X, mask)
    assert after is mask and np.array_equal(out, layer(X))
    gradcheck(layer, X, mask=mask)


@pytest.mark.parametrize(
    ("dtype", "stored", "computed"),
    [
        ("float16", "float16", "float16"),
        ("mixed_float16", "float32", "float16"),
        ("float64", "float64", "float64"),
        (None, "float32", "float32"),
    ],
)
def test_dtype_policies(dtype, stored, computed):
    layer = Dense(3, "tanh", dtype=dtype)
    out, context = layer.forward(X)
    gradients = layer.backward(context, out)
    assert isinstance(gradients, Gradients)
    assert (out.dtype.name, layer.kernel.dtype) == (computed, stored)
    assert {g.dtype.name for g in gradients.weights.values()} == {stored}


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_the_context_survives_a_caller_who_reuses_the_arrays(activation):
    layer = Dense(3, activation)
    inputs = X.astype("float32")
    out, context = layer.forward(inputs)
    expected = layer.backward(context, np.ones((1, 2, 3)))
    inputs[:] = 9
    out[:] = 9
    actual = layer.backward(context, np.ones((1, 2, 3)))
    assert np.array_equal(actual.inputs, expected.inputs)
    assert np.array_equal(actual.weights["kernel"], expected.weights["kernel"])


def test_an_unknown_length_is_refused_by_the_name_of_the_remedy():
    layer = Dense(3)
    with pytest.raises(ValueError, match=r"Received shape \(None, None\).*input_length"):
        layer.symbolic_call(Input((None,)))
    assert not layer.built
    with pytest.raises(ShapeError, match="input_length"):
        layer.build((None, None))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Dense(0), ValueError, "units must be a positive integer"),
        (lambda: Dense(2.5), ValueError, "units"),
        (lambda: Dense(2, "bogus"), ValueError, "Could not interpret activation function"),
        (lambda: Dense(2, kernel_regularizer="bogus"), ValueError, "interpret regularizer"),
        (lambda: Dense(2, bogus=1), ValueError, "Unrecognized keyword arguments passed to Dense"),
        (lambda: Dense(2, lora_rank=1), ValueError, "lora_rank is not part"),
        (lambda: Dense(2).kernel, AttributeError, "You must build the layer before accessing"),
        (lambda: Dense(2).bogus, AttributeError, "no attribute 'bogus'"),
        (lambda: Dense(2)([1.0, 2.0]), ShapeError, "expected min_ndim=2, found ndim=1"),
        (lambda: built()(np.ones((2, 4))), ShapeError, "axis -1 of input shape to have value 3"),
        (
            lambda: (layer := built()).backward(layer.forward(np.ones((2, 3)))[1], np.ones((2, 3))),
            ShapeError,
            r"shape of the outputs of .*, \(2, 2\)",
        ),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def built():
    layer = Dense(2)
    layer.build((None, 3))
    return layer


def test_a_refused_call_builds_nothing():
    layer = Dense(2)
    with pytest.raises(ShapeError):
        layer([1.0, 2.0])
    assert not layer.built and layer.weights == []


def test_config_round_trip():
    layer = Dense(
        4,
        "tanh",
        False,
        kernel_initializer="he_normal",
        kernel_regularizer="l2",
        name="d",
        kernel_constraint="non_neg",
        dtype="float64",
        trainable=False,
    )
    again = Dense.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.activation is activations.tanh
    again.build((None, 3))
    assert again.kernel.regularizer.l2 == pytest.approx(0.01)
    assert again.kernel.constraint is again.kernel_constraint


def test_an_empty_batch():
    layer = Dense(2)
    out, context = layer.forward(np.zeros((0, 3)))
    gradients = layer.backward(context, out)
    assert out.shape == (0, 2) and gradients.weights["kernel"].tolist() == [[0.0] * 2] * 3
