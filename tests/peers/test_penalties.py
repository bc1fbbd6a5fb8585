"""Regularizers and constraints equal Keras's; their dicts load in both directions."""

import numpy as np
import pytest

from embedlab import constraints, regularizers

CONSTRAINTS = [
    ("MaxNorm", {"max_value": 1.0, "axis": 0}),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("MaxNorm", {}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("UnitNorm", {"axis": [0, 1]}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8}),
    ("MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.3, "axis": 1}),
]
PENALTIES = [
    ("L1", {"l1": 0.3}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("L1", {}),
    ("L2", {}),
    ("L1L2", {}),
]


@pytest.mark.parametrize(("name", "options"), CONSTRAINTS)
def test_constraints(keras, rng, name, options):
    for shape in [(5, 3), (1, 4), (40, 17)]:
        table = rng.normal(size=shape).astype("float32")
        table[0, 0] = 0
        expected = getattr(keras.constraints, name)(**options)(keras.ops.convert_to_tensor(table))
        actual = getattr(constraints, name)(**options)(table)
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("name", "options"), PENALTIES)
def test_regularizers(keras, rng, name, options):
    for shape in [(5, 3), (2, 4), (40, 17)]:
        table = rng.normal(size=shape).astype("float32")
        expected = getattr(keras.regularizers, name)(**options)(table)
        actual = getattr(regularizers, name)(**options)(table)
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, expected, rtol=2e-6)


@pytest.mark.parametrize(("name", "options"), CONSTRAINTS + PENALTIES)
def test_dicts_load_in_both_directions(keras, name, options):
    ours, theirs = (
        (constraints, keras.constraints)
        if hasattr(constraints, name)
        else (regularizers, keras.regularizers)
    )
    our_object, peer = getattr(ours, name)(**options), getattr(theirs, name)(**options)
    assert type(theirs.deserialize(ours.serialize(our_object))) is type(peer)
    again = ours.deserialize(theirs.serialize(peer))
    assert type(again) is type(our_object)
    for key, value in our_object.get_config().items():
        np.testing.assert_allclose(again.get_config()[key], value, rtol=1e-6) if not isinstance(
            value, str
        ) else None
