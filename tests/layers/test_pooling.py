"""Global pooling: the mask is consumed by the mean, and lost at the maximum."""

import numpy as np
import pytest

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.layers import Embedding
from embedlab.layers.pooling_masking import GlobalAveragePooling1D, GlobalMaxPooling1D
from embedlab.models import MaskError, Sequential

MASK = np.array([[True, False, True], [True, True, True], [False, False, False]])


@pytest.mark.parametrize("kind", [GlobalAveragePooling1D, GlobalMaxPooling1D])
@pytest.mark.parametrize("mask", [None, MASK])
def test_gradients_and_shapes(gradcheck, rng, kind, mask):
    layer = kind(dtype="float64")
    values = rng.normal(size=(3, 3, 3))
    gradcheck(layer, values, mask=mask)
    assert layer(values).shape == layer.compute_output_shape(values.shape)
    assert layer.compute_output_shape((None, None, 5)) == (None, 5)


def test_the_mean_counts_words_only_and_padding_never_matters():
    values = np.array([[[1.0], [np.nan], [3.0]], [[1.0], [2.0], [6.0]], [[np.nan]] * 3])
    layer = GlobalAveragePooling1D()
    out, context = layer.forward(values, mask=MASK)
    assert out.tolist() == [[2.0], [3.0], [0.0]]
    grad = layer.backward(context, np.full((3, 1), 6.0)).inputs
    assert grad[..., 0].tolist() == [[3.0, 0.0, 3.0], [2.0] * 3, [0.0] * 3]
    assert layer(values[1:2]).tolist() == [[3.0]]


def test_mean_consumes_mask_and_maximum_loses_it():
    words = Embedding(9, 4, mask_zero=True, seed=1)
    ids = np.array([[3, 0, 0]])
    mean = Sequential([words, GlobalAveragePooling1D()])
    out, mask, _ = mean.forward_with_mask(ids)
    assert mask is None
    np.testing.assert_allclose(out, words([3]), rtol=1e-6)
    with pytest.raises(MaskError, match="does not support masking"):
        Sequential([words, GlobalMaxPooling1D()])(ids)
    lost = Sequential([words, GlobalMaxPooling1D()], strict_masks="ignore")(ids)
    assert np.array_equal(lost, words(ids).max(axis=1))


def test_the_first_of_equals_gets_the_whole_gradient():
    layer = GlobalMaxPooling1D()
    out, context = layer.forward([[[2.0], [5.0], [5.0]]])
    assert layer.backward(context, out).inputs.ravel().tolist() == [0.0, 5.0, 0.0]


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "float32"])
def test_dtypes(dtype):
    for kind in (GlobalAveragePooling1D, GlobalMaxPooling1D):
        layer = kind(dtype=dtype)
        out, context = layer.forward(np.ones((2, 3, 4)))
        assert out.dtype.name == layer.compute_dtype
        assert layer.backward(context, out).inputs.dtype.name == layer.variable_dtype


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: GlobalMaxPooling1D()(np.ones((2, 3))), ShapeError, "expected ndim=3, found"),
        (lambda: GlobalMaxPooling1D(data_format="channels_first"), ValueError, "is not part"),
        (lambda: GlobalAveragePooling1D().compute_output_shape((2, 3)), ShapeError, "ndim=3"),
        (lambda: GlobalMaxPooling1D(keepdims=True), ValueError, "keepdims is not part"),
        (lambda: GlobalAveragePooling1D()(np.ones((3, 3, 1)), mask=MASK[:2]), ShapeError, "mask"),
        (lambda: GlobalMaxPooling1D(keepdims=True), ValueError, "keepdims is not part"),
        (lambda: GlobalAveragePooling1D()(np.ones((3, 3, 1)), mask=MASK * 1), DtypeError, "mask"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_config_round_trip():
    for kind in (GlobalAveragePooling1D, GlobalMaxPooling1D):
        layer = kind(dtype="float64", name="p")
        assert kind.from_config(layer.get_config()).get_config() == layer.get_config()
