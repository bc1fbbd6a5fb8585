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
    shape = shape[-2:] if name in ("F1Score", "FBetaScore") else shape  # rows of classes alone
    for _ in range(3):
        y_true, y_pred = batch(rng, name, shape)
        weights = rng.uniform(0, 2, shape[:-1]).astype("float32") if weighted else None
        theirs.update_state(y_true, y_pred, sample_weight=weights)
        ours.update_state(y_true, y_pred, sample_weight=weights)
        np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=1e-5)


COUNTED = [
    ("Precision", {"thresholds": [0.2, 0.7]}),
    ("Recall", {"thresholds": [0.7, 0.2, 0.4]}),
    ("Precision", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}),
    ("Precision", {"top_k": 2}),
    ("Recall", {"top_k": 3}),
    ("Recall", {"class_id": 1}),
    ("Precision", {"class_id": 4}),
    ("Precision", {"top_k": 2, "class_id": 0}),
    ("Recall", {"thresholds": 0.3, "top_k": 2}),
    ("TruePositives", {"thresholds": [0.2, 0.7]}),
    ("TrueNegatives", {"thresholds": 0.4}),
    ("FalsePositives", {"thresholds": [0.9, 0.1]}),
    ("FalseNegatives", {"thresholds": [0.9, 0.1]}),
    *[
        ("AUC", {"curve": curve, "summation_method": how})
        for curve in ("ROC", "PR", "PRGAIN")
        for how in ("interpolation", "minoring", "majoring")
    ],
    ("AUC", {"num_thresholds": 5}),
    ("AUC", {"num_thresholds": 2}),
    ("AUC", {"thresholds": [0.2, 0.9, 0.5]}),
    ("AUC", {"thresholds": [0.25, 0.5, 0.75]}),
    ("AUC", {"from_logits": True}),
    ("AUC", {"multi_label": True}),
    ("AUC", {"multi_label": True, "curve": "PR", "num_thresholds": 12, "num_labels": 5}),
    ("AUC", {"multi_label": True, "label_weights": [0.5, 1.0, 2.0, 0.0, 1.0]}),
    ("AUC", {"label_weights": [0.5, 1.0, 2.0, 0.0, 1.0]}),
    *[
        (name, {"average": how, "threshold": limit})
        for name in ("F1Score", "FBetaScore")
        for how in (None, "micro", "macro", "weighted")
        for limit in (None, 0.4)
    ],
    ("FBetaScore", {"beta": 2.5}),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options"), COUNTED, ids=str)
def test_counts_of_decisions(keras, rng, name, options, weighted):
    theirs, ours = getattr(keras.metrics, name)(**options), getattr(metrics, name)(**options)
    for size in (9, 1, 30):
        y_true = (rng.random((size, 5)) < 0.4).astype("float32")
        # Multiples of 1/16 fall on thresholds: what lies on one is below it.
        y_pred = (rng.integers(0, 17, (size, 5)) / 16).astype("float32")
        if options.get("from_logits"):
            y_pred = y_pred * 6 - 3
        if "top_k" in options:  # which of two equal numbers is first, Keras leaves open
            y_pred = rng.uniform(0, 1, (size, 5)).astype("float32")
        weights = rng.uniform(0, 2, size).astype("float32") if weighted else None
        theirs.update_state(y_true, y_pred, sample_weight=weights)
        ours.update_state(y_true, y_pred, sample_weight=weights)
        with np.errstate(all="ignore"):  # Keras divides first, and asks afterwards
            want = np.asarray(theirs.result())
        np.testing.assert_allclose(ours.result(), want, rtol=2e-5, atol=1e-6)
    assert np.shape(ours.result()) == np.shape(want)


@pytest.mark.parametrize(("name", "options"), COUNTED, ids=str)
def test_their_configs_travel_both_ways(keras, name, options):
    ours = getattr(metrics, name)(**options)
    theirs = keras.metrics.deserialize(metrics.serialize(ours))
    told = keras.metrics.serialize(theirs)
    if "label_weights" in options:  # an array has Keras's own form; see saving for reading it
        told["config"]["label_weights"] = told["config"]["label_weights"]["config"]["value"]
    assert metrics.deserialize(told).get_config() == ours.get_config()


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
