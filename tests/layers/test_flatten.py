"""Flatten: order, shapes, the lost mask, and Flatten -> Dense, which needs a length."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers import Embedding, Input
from embedlab.layers.dense import Dense
from embedlab.layers.flatten_reshape import Flatten, Reshape
from embedlab.models import MaskError, Sequential

X = np.arange(24.0).reshape(2, 3, 4)


def test_the_numbers_stay_in_order():
    assert Flatten()(X).tolist() == [list(range(12)), list(range(12, 24))]


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4), (1, 2, 3, 2), (0, 3, 4), (2, 0)])
def test_gradients_and_shapes(gradcheck, rng, shape):
    layer = Flatten(dtype="float64")
    gradcheck(layer, rng.normal(size=shape))
    assert layer(np.zeros(shape)).shape == layer.compute_output_shape(shape)


def test_shapes_without_data():
    layer = Flatten()
    assert layer.compute_output_shape((None, 3, 4)) == (None, 12)
    assert layer.compute_output_shape((None, None, 4)) == (None, None)
    assert layer.compute_output_shape((None,)) == (None, 1)
    out = layer(Input((3, 2), dtype="int32"))
    assert (out.shape, out.dtype) == ((None, 6), "int32")


def test_whole_numbers_stay_and_floats_follow_the_policy():
    assert Flatten()(np.ones((2, 2, 2), int)).dtype == int
    assert Flatten(dtype="float16")(X).dtype == np.float16


@pytest.mark.parametrize("layer", [Flatten, lambda **o: Reshape((6,), **o)])
def test_the_placeholder_has_the_dtype_of_the_outputs(layer):
    for dtype in ("float16", "mixed_float16", "float32", "float64"):
        flatten = layer(dtype=dtype)
        placeholder = flatten(Input((3, 2)))
        assert placeholder.dtype == flatten(np.ones((1, 3, 2), "float32")).dtype.name
    assert layer(dtype="float16")(Input((3, 2), dtype="int32")).dtype == "int32"


def test_a_mask_is_lost():
    out, mask, _ = Flatten().forward_with_mask(X, np.ones((2, 3), bool))
    assert mask is None and out.shape == (2, 12)
    model = Sequential([Embedding(5, 2, mask_zero=True, input_length=3), Flatten(name="flat")])
    with pytest.raises(MaskError) as lost:
        model(np.array([[1, 2, 0]]))
    assert lost.value.layer == "flat"


def test_flatten_then_dense_needs_input_length():
    model = Sequential([Embedding(5, 2, input_length=3), Flatten(), Dense(4)])
    assert model.output_shape == (None, 4)
    with pytest.raises(ValueError, match="input_length"):
        Sequential([Input((None,)), Embedding(5, 2), Flatten(), Dense(4)])
    later = Sequential([Embedding(5, 2), Flatten(), Dense(4)])  # data tell the length too
    assert later(np.ones((7, 3), int)).shape == (7, 4)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="data_format is not part of embedlab"):
        Flatten(data_format="channels_first")
    with pytest.raises(ShapeError, match="expected min_ndim=1, found ndim=0"):
        Flatten()(3.0)
    layer = Flatten()
    with pytest.raises(ShapeError, match=r"\(2, 12\)\. Received \(2, 3, 4\)"):
        layer.backward(layer.forward(X)[1], X)


def test_config_round_trip():
    layer = Flatten(name="f", dtype="float16")
    assert Flatten.from_config(layer.get_config()).get_config() == layer.get_config()
