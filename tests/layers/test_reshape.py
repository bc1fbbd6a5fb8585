"""Reshape: shapes with and without data, gradients, refusals."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers import Input
from embedlab.layers.flatten_reshape import Reshape

X = np.arange(24.0).reshape(2, 3, 4)

FITS = [
    ((12,), (2, 12)),
    ((-1,), (2, 12)),
    ((4, 3), (2, 4, 3)),
    ((2, -1), (2, 2, 6)),
    ((-1, 1, 2), (2, 6, 1, 2)),
    ((np.int64(12), 1), (2, 12, 1)),
]


@pytest.mark.parametrize(("target", "shape"), FITS)
def test_shapes_and_gradients(gradcheck, target, shape):
    layer = Reshape(target, dtype="float64")
    assert layer(X).shape == shape == layer.compute_output_shape(X.shape)
    assert layer(X).ravel().tolist() == list(range(24))
    gradcheck(layer, X)


def test_shapes_without_data():
    layer = Reshape((-1, 2))
    assert layer.compute_output_shape((None, 3, 4)) == (None, 6, 2)
    assert layer.compute_output_shape((None, None, 4)) == (None, None, 2)
    assert layer(Input((4,), dtype="int32")).dtype == "int32"
    assert Reshape((3, 0)).compute_output_shape((5, 0)) == (5, 3, 0)
    assert Reshape(()).compute_output_shape((5, 1)) == (5,)


def test_a_mask_is_lost():
    assert Reshape((4, 3)).forward_with_mask(X, np.ones((2, 3), bool))[1] is None


@pytest.mark.parametrize("target", [(5,), (-1, 5), (0, -1), (24,), ()])
def test_numbers_that_do_not_fit_are_refused(target):
    with pytest.raises(ShapeError, match="total size of the tensor must be unchanged"):
        Reshape(target)(X)


@pytest.mark.parametrize("target", [(-1, -1), (2.5,), (-2,), ("a",), (True,)])
def test_bad_targets_are_refused(target):
    with pytest.raises(ValueError, match="target_shape"):
        Reshape(target)


def test_config_round_trip():
    layer = Reshape([-1, 2], name="r")
    again = Reshape.from_config(layer.get_config())
    assert again.get_config() == layer.get_config() and again.target_shape == (-1, 2)
