"""Initializers draw what Keras's draw on its NumPy backend, number for number."""

import numpy as np
import pytest

from embedlab import initializers

SHAPES = [(4, 3), (1, 1), (300, 7), (6,), (2, 3, 4), (5, 2, 3, 4)]
RANDOM = {
    "RandomUniform": {"minval": -0.3, "maxval": 0.7},
    "RandomNormal": {"mean": 1.0, "stddev": 2.0},
    "TruncatedNormal": {"mean": -1.0, "stddev": 0.5},
    "GlorotNormal": {},
    "GlorotUniform": {},
    "HeNormal": {},
    "HeUniform": {},
    "LecunNormal": {},
    "LecunUniform": {},
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("name", RANDOM)
def test_the_same_seed_gives_the_same_numbers(keras, name, shape, dtype):
    for seed in (0, 7, 2**31):
        options = {**RANDOM[name], "seed": seed}
        expected = getattr(keras.initializers, name)(**options)(shape, dtype=dtype)
        actual = getattr(initializers, name)(**options)(shape, dtype)
        assert actual.dtype == dtype
        # The draws are equal; a scale computed in another order may change the last bit.
        np.testing.assert_allclose(
            actual, expected, rtol=1e-12 if dtype == "float64" else 1e-3, atol=0
        )
        if dtype == "float32":
            np.testing.assert_allclose(actual, expected, rtol=2e-7, atol=0)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
def test_variance_scaling(keras, mode, distribution):
    options = {"scale": 3.0, "mode": mode, "distribution": distribution, "seed": 5}
    expected = keras.initializers.VarianceScaling(**options)((2, 3, 5))
    actual = initializers.VarianceScaling(**options)((2, 3, 5))
    np.testing.assert_allclose(actual, expected, rtol=2e-7)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 4)], ids=str)
def test_orthogonal(keras, shape):
    expected = keras.initializers.Orthogonal(gain=2.0, seed=3)(shape)
    np.testing.assert_allclose(initializers.Orthogonal(2.0, 3)(shape), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["Zeros", "Ones", "Constant"])
def test_fixed(keras, name):
    assert np.array_equal(
        getattr(initializers, name)()((4, 3)), getattr(keras.initializers, name)()((4, 3))
    )
    assert np.array_equal(
        initializers.Constant([1.0, 2.0, 3.0])((2, 3)),
        keras.initializers.Constant([1.0, 2.0, 3.0])((2, 3)),
    )


@pytest.mark.parametrize("name", [n for n in initializers.__all__ if n[0].isupper()])
def test_dicts_load_in_both_directions(keras, name):
    if name == "Initializer":
        return
    ours, theirs = getattr(initializers, name)(), getattr(keras.initializers, name)()
    assert type(keras.initializers.deserialize(initializers.serialize(ours))) is type(theirs)
    assert type(initializers.deserialize(keras.initializers.serialize(theirs))) is type(ours)
    config = theirs.get_config()
    assert {**dict.fromkeys(ours.KERAS_ONLY), **ours.get_config()}.items() >= config.items()


def test_an_array_constant_loads_in_both_directions(keras):
    theirs = keras.initializers.Constant(np.array([[1.0, 2.0]]))
    initializer = initializers.deserialize(keras.initializers.serialize(theirs))
    assert initializer((3, 2)).tolist() == [[1.0, 2.0]] * 3
    back = keras.initializers.deserialize(initializers.serialize(initializer))
    assert np.asarray(back((3, 2))).tolist() == [[1.0, 2.0]] * 3


@pytest.mark.parametrize(
    "name",
    [
        "uniform",
        "normal",
        "zero",
        "one",
        "zeros",
        "ones",
        "he_normal",
        "glorot_uniform",
        "lecun_normal",
        "orthogonal",
        "truncated_normal",
        "variance_scaling",
    ],
)
def test_names_mean_the_same(keras, name):
    assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__
