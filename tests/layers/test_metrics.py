"""Metrics: several batches make one number. Keras's numbers: tests/peers."""

import numpy as np
import pytest

from embedlab import metrics
from embedlab.core.table import ShapeError

ON_PAIRS = [made for made in metrics.CLASSES if made not in (metrics.Mean, metrics.Sum)]


def pair(rng, made, count):
    y_pred = rng.uniform(0.05, 0.95, (count, 4))
    if made.__name__.startswith("Sparse"):
        return rng.integers(0, 4, count), y_pred
    return np.eye(4)[rng.integers(0, 4, count)], y_pred


@pytest.mark.parametrize("made", ON_PAIRS, ids=lambda made: made.__name__)
def test_batches_give_what_one_batch_gives(rng, made):
    y_true, y_pred = pair(rng, made, 13)
    weights = rng.uniform(0, 2, 13)
    one, many = made(dtype="float64"), made(dtype="float64")
    one.update_state(y_true, y_pred, weights)
    for part in (slice(0, 5), slice(5, 6), slice(6, 13)):
        many.update_state(y_true[part], y_pred[part], weights[part])
    assert many.result() == pytest.approx(float(one.result()), rel=1e-12)
    many.reset_state()
    assert many.result() == 0.0


@pytest.mark.parametrize("made", ON_PAIRS, ids=lambda made: made.__name__)
def test_a_mask_is_a_weight_of_0_or_1(rng, made):
    y_true, y_pred = pair(rng, made, 13)
    mask = rng.random(13) < 0.5
    masked, weighted, cut = made(), made(), made()
    masked.update_state(y_true, y_pred, mask=mask)
    weighted.update_state(y_true, y_pred, mask.astype(float))
    cut.update_state(y_true[mask], y_pred[mask])
    assert masked.result() == weighted.result() == pytest.approx(float(cut.result()))


@pytest.mark.parametrize("made", metrics.CLASSES, ids=lambda made: made.__name__)
def test_round_trip_and_names(made):
    metric = made(name="mine")
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is made and again.get_config() == metric.get_config()
    assert type(metrics.get(made.__name__)) is made


def test_accuracies_by_hand():
    scores = [[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]
    assert metrics.SparseCategoricalAccuracy()([1, 1], scores) == 0.5
    assert metrics.SparseCategoricalAccuracy()([[1], [1]], scores) == 0.5
    assert metrics.CategoricalAccuracy()([[0, 1, 0], [0, 1, 0]], scores) == 0.5
    assert metrics.SparseTopKCategoricalAccuracy(k=2)([1, 1], scores) == 1.0
    assert metrics.BinaryAccuracy(threshold=0.3)([[1.0, 1.0]], [[0.4, 0.2]]) == 0.5


def test_steps_of_a_sentence_count_one_by_one_under_a_mask():
    scores = np.eye(3)[[[0, 1, 2], [2, 2, 2]]]
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state([[0, 1, 0], [2, 0, 0]], scores, mask=[[1, 1, 0], [1, 1, 0]])
    assert metric.result() == 0.75
    metric.reset_state()
    metric.update_state([[0, 1, 0], [2, 0, 0]], scores, [1.0, 3.0], [[1, 1, 0], [1, 1, 0]])
    assert metric.result() == pytest.approx(5 / 8)


@pytest.mark.parametrize(
    ("true_shape", "pred_shape", "want"),
    [((8,), (8, 1), "BinaryAccuracy"), ((8, 1), (8, 1), "BinaryAccuracy"),
     ((8,), (8, 5), "SparseCategoricalAccuracy"), ((8, 1), (8, 5), "SparseCategoricalAccuracy"),
     ((8, 5), (8, 5), "CategoricalAccuracy"), ((8, 3), (8, 3, 5), "SparseCategoricalAccuracy")],
)  # fmt: skip
def test_accuracy_means_what_fits_the_shapes(true_shape, pred_shape, want):
    for name in ("accuracy", "acc"):
        found = metrics.fitting(name, true_shape, pred_shape)
        assert type(found).__name__ == want and found.name == name
    assert type(metrics.fitting("mse", true_shape, pred_shape)) is metrics.MeanSquaredError


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: metrics.get("zz"), ValueError, "Could not interpret metric identifier"),
        (lambda: metrics.Mean()([1, 2], [1, 2, 3]), ShapeError, "sample_weight must fit"),
        (lambda: metrics.Precision(top_k=3), NotImplementedError, "top_k"),
        (lambda: metrics.Recall([0.1, 0.2]), NotImplementedError, "one number"),
        (lambda: metrics.Metric(), NotImplementedError, "reset_state"),
    ],
)
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()
