"""Metrics give Keras's numbers over several weighted batches."""

import numpy as np
import pytest

from embedlab import metrics

ON_PAIRS = [m.__name__ for m in metrics.CLASSES if m not in (metrics.Mean, metrics.Sum)]


def batch(rng, name, shape):
    y_pred = rng.uniform(0.05, 0.95, shape).astype("float32")
    if name.startswith("Sparse"):
        return rng.integers(0, shape[-1], shape[:-1]), y_pred
    if name in ("Accuracy", "BinaryAccuracy", "Precision", "Recall"):
        return rng.integers(0, 2, shape).astype("float32"), y_pred
    return np.eye(shape[-1], dtype="float32")[rng.integers(0, shape[-1], shape[:-1])], y_pred


@pytest.mark.parametrize("shape", [(7, 8), (4, 5, 8)], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ON_PAIRS)
def test_three_batches(keras, rng, name, weighted, shape):
    theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
    for _ in range(3):
        y_true, y_pred = batch(rng, name, shape)
        weights = rng.uniform(0, 2, shape[:-1]).astype("float32") if weighted else None
        theirs.update_state(y_true, y_pred, sample_weight=weights)
        ours.update_state(y_true, y_pred, sample_weight=weights)
        np.testing.assert_allclose(ours.result(), float(theirs.result()), rtol=1e-5)


def test_classes_along_another_axis(keras, rng):
    name = "CategoricalCrossentropy"  # Keras's sparse one fails here on its NumPy backend
    y_true, y_pred = (np.swapaxes(y, 1, 2) for y in batch(rng, name, (4, 6, 3)))
    want = keras.metrics.CategoricalCrossentropy(axis=1)(y_true, np.ascontiguousarray(y_pred))
    made = metrics.CategoricalCrossentropy(axis=1)(y_true, y_pred)
    assert made == pytest.approx(float(want), rel=1e-5)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 2.0]])
def test_means_and_sums(keras, name, weights):
    for values in ([1.0, 2.0, 4.0], np.arange(6.0).reshape(3, 2)):
        theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
        assert ours(values, weights) == pytest.approx(float(theirs(values, weights)))


@pytest.mark.parametrize("name", ON_PAIRS)
def test_dicts_travel_both_ways(keras, name):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    assert type(keras.metrics.deserialize(metrics.serialize(ours))) is type(theirs)
    if name != "SparseTopKCategoricalAccuracy":
        again = metrics.deserialize(keras.metrics.serialize(theirs))
        assert type(again) is type(ours)
