"""Metrics: several batches make one number. Keras's numbers: tests/peers."""

import numpy as np
import pytest

from embedlab import metrics
from embedlab.core.checks import ShapeError
from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D
from embedlab.models import Sequential

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
    assert many.result() == pytest.approx(one.result(), rel=1e-12)
    many.reset_state()
    assert np.all(many.result() == 0.0)


@pytest.mark.parametrize("made", ON_PAIRS, ids=lambda made: made.__name__)
def test_a_mask_is_a_weight_of_0_or_1(rng, made):
    y_true, y_pred = pair(rng, made, 13)
    mask = rng.random(13) < 0.5
    masked, weighted, cut = made(), made(), made()
    masked.update_state(y_true, y_pred, mask=mask)
    weighted.update_state(y_true, y_pred, mask.astype(float))
    cut.update_state(y_true[mask], y_pred[mask])
    assert np.array_equal(masked.result(), weighted.result())
    assert masked.result() == pytest.approx(cut.result())


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
    [
        ((8,), (8, 1), "BinaryAccuracy"),
        ((8, 1), (8, 1), "BinaryAccuracy"),
        ((8,), (8, 5), "SparseCategoricalAccuracy"),
        ((8, 1), (8, 5), "SparseCategoricalAccuracy"),
        ((8, 5), (8, 5), "CategoricalAccuracy"),
        ((8, 3), (8, 3, 5), "SparseCategoricalAccuracy"),
    ],
)
def test_accuracy_means_what_fits_the_shapes(true_shape, pred_shape, want):
    for name in ("accuracy", "acc"):
        found = metrics.fitting(name, true_shape, pred_shape)
        assert type(found).__name__ == want and found.name == name
    assert type(metrics.fitting("mse", true_shape, pred_shape)) is metrics.MeanSquaredError


def test_counts_by_hand():
    truth, made = [1, 0, 1, 1], [0.9, 0.7, 0.4, 0.8]
    assert metrics.Recall([0.5, 0.3, 0.85])(truth, made).tolist() == pytest.approx(
        [2 / 3, 1, 1 / 3]
    )
    found = [
        float(kind()(truth, made, [1.0, 2.0, 3.0, 4.0]))
        for kind in (
            metrics.TruePositives,
            metrics.FalsePositives,
            metrics.TrueNegatives,
            metrics.FalseNegatives,
        )
    ]
    assert found == [5.0, 2.0, 0.0, 3.0]
    rows = [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]]
    assert metrics.Precision(top_k=2)([[0, 1, 0], [1, 0, 0]], rows) == 0.25
    assert metrics.Recall(top_k=2)([[0, 1, 0], [1, 0, 0]], rows) == 0.5
    assert metrics.Precision(class_id=1, thresholds=0.35)([[0, 1, 0], [0, 0, 1]], rows) == 1.0


def test_the_area_is_the_share_of_pairs_in_order(rng):
    """With enough thresholds the ROC area is how often a yes is put above a no."""
    truth, made = rng.integers(0, 2, 60), rng.uniform(0, 1, 60)
    yes, no = made[truth == 1], made[truth == 0]
    pairs = np.mean(yes[:, None] > no[None])
    assert metrics.AUC(20_001)(truth, made) == pytest.approx(pairs, abs=1e-6)
    assert metrics.AUC(from_logits=True)(truth, np.log(made / (1 - made))) == pytest.approx(
        float(metrics.AUC()(truth, made)), abs=1e-6
    )


def test_a_model_is_judged_by_them(rng):
    ids = rng.integers(0, 6, (40, 3))
    model = Sequential([Embedding(6, 4, seed=1), GlobalAveragePooling1D(), Dense(1, "sigmoid")])
    asked = ["accuracy", metrics.AUC(), "precision", metrics.Recall([0.4, 0.6]), metrics.F1Score()]
    model.compile("adam", "binary_crossentropy", asked)
    history = model.fit(ids, (ids == 1).any(1)[:, None], epochs=2, verbose=2).history
    assert set(history) == {"loss", "accuracy", "auc", "precision", "recall", "f1_score"}
    assert history["recall"][0].shape == (2,) and 0 <= history["auc"][1] <= 1


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: metrics.get("zz"), ValueError, "Could not interpret metric identifier"),
        (lambda: metrics.Mean()([1, 2], [1, 2, 3]), ShapeError, "sample_weight must fit"),
        (lambda: metrics.Precision([0.1, 1.2]), ValueError, "thresholds must lie in 0..1"),
        (lambda: metrics.Recall(class_id=1)([1, 0], [0.1, 0.2]), ValueError, "2D array"),
        (lambda: metrics.AUC(num_thresholds=1), ValueError, "an integer > 1"),
        (lambda: metrics.AUC(curve="ABC"), ValueError, "Invalid AUC curve"),
        (lambda: metrics.AUC(summation_method="x"), ValueError, "Invalid AUC summation"),
        (lambda: metrics.AUC(num_labels=3), ValueError, "num_labels"),
        (lambda: metrics.AUC(multi_label=True)([1, 0], [0.1, 0.2]), ShapeError, "rank 2"),
        (lambda: metrics.F1Score("best"), ValueError, "Invalid `average`"),
        (lambda: metrics.FBetaScore(beta=-1.0), ValueError, "Invalid `beta`"),
        (lambda: metrics.F1Score(threshold=1), ValueError, "Invalid `threshold`"),
        (lambda: metrics.F1Score()([1, 0], [0.1, 0.2]), ShapeError, "2D inputs"),
        (lambda: metrics.Metric(), NotImplementedError, "reset_state"),
    ],
)
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()
