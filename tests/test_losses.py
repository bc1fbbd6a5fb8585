"""Losses: by hand, gradients by central differences, masks and weights, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import layers, losses
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.metrics import Accuracy
from embedlab.models import Sequential, load_model

pytestmark = pytest.mark.filterwarnings("ignore:y_pred must have two classes:SyntaxWarning")

NAMES = [result.__name__ for result in losses.CLASSES]
OPTIONS = {
    "BinaryCrossentropy": [{}, {"from_logits": True}],
    "CategoricalCrossentropy": [{}, {"from_logits": True}],
    "SparseCategoricalCrossentropy": [{}, {"from_logits": True}],
}
CASES = [(name, options) for name in NAMES for options in OPTIONS.get(name, [{}])]


def numbers(rng, name, shape):
    y_pred = rng.uniform(0.05, 0.95, shape)
    y_true = rng.uniform(0.05, 0.95, shape)
    if name == "BinaryCrossentropy":
        y_true = np.round(y_true)
    if "Categorical" in name:
        labels = rng.integers(0, shape[-1], shape[:-1])
        y_true = labels if name.startswith("Sparse") else np.eye(shape[-1])[labels]
    return y_true, y_pred


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_gradient_is_the_slope(rng, name, options, reduction):
    loss = getattr(losses, name)(**options, reduction=reduction, dtype="float64")
    y_true, y_pred = numbers(rng, name, (3, 4, 5))
    mask = rng.random((3, 4)) < 0.7
    grad = loss.grad(y_true, y_pred, mask)
    assert grad.shape == y_pred.shape and grad.dtype == np.float64
    for at in [(0, 0, 0), (1, 2, 3), (2, 3, 4), (0, 3, 1), (2, 0, 2)]:
        shifted = y_pred.copy()
        shifted[at] += 1e-6
        up = loss(y_true, shifted, mask)
        shifted[at] -= 2e-6
        slope = (up - loss(y_true, shifted, mask)) / 2e-6
        assert grad[at] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_round_trip(name, options):
    loss = getattr(losses, name)(**options, reduction="sum")
    again = losses.deserialize(losses.serialize(loss))
    assert again.get_config() == loss.get_config() and repr(again) == repr(loss)


def test_a_mask_counts_the_valid_steps_only():
    y_true, y_pred = np.zeros((2, 3, 1)), np.array([[[1.0], [2.0], [9.0]], [[3.0], [9.0], [9.0]]])
    mask = np.array([[True, True, False], [True, False, False]])
    mean = losses.MeanSquaredError(dtype="float64")
    assert mean(y_true, y_pred, mask=mask) == pytest.approx((1 + 4 + 9) / 3)
    total = losses.MeanSquaredError("sum", dtype="float64")
    assert total(y_true, y_pred, mask=mask) == 14.0
    assert not mean.grad(y_true, y_pred, mask=mask)[~mask].any()
    assert mean(y_true, y_pred, mask=np.zeros((2, 3), bool)) == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_what_is_masked_reaches_neither_loss_nor_gradient(rng, name, options, bad):
    loss = getattr(losses, name)(**options, dtype="float64")
    y_true, y_pred = numbers(rng, name, (3, 4, 5))
    mask = np.ones((3, 4), bool)
    mask[1, 2] = False
    expected, slope = loss(y_true, y_pred, mask), loss.grad(y_true, y_pred, mask)
    y_true = y_true.astype(float)
    for array in (y_true, y_pred):
        array[1, 2] = bad
    assert loss(y_true, y_pred, mask) == expected
    assert np.array_equal(loss.grad(y_true, y_pred, mask), slope)
    assert np.isfinite(slope).all()


def test_a_class_that_is_ruled_out_adds_nothing():
    logits = np.array([[0.0, -np.inf, 1.0]])
    expected = np.log(1 + np.e) - 1  # as torch.nn.functional.cross_entropy
    sparse = losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    onehot = losses.CategoricalCrossentropy(from_logits=True, dtype="float64")
    assert sparse([2], logits) == pytest.approx(expected)
    assert onehot([[0, 0, 1]], logits) == pytest.approx(expected)
    assert sparse([0], [[0.0, -np.inf]]) == 0.0
    assert sparse.grad([0], [[0.0, -np.inf]]).tolist() == [[0.0, 0.0]]
    binary = losses.BinaryCrossentropy(from_logits=True, dtype="float64")
    assert binary([[0.0, 1.0]], [[-np.inf, np.inf]]) == 0.0


@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "LogCosh", "BinaryCrossentropy", "CategoricalCrossentropy"]
)
@pytest.mark.parametrize(
    "shapes",
    [((4, 1), (4, 3)), ((4, 3), (4, 1)), ((3,), (4, 3)), ((1, 3), (4, 3)), ((4, 2, 3), (4, 3))],
)
def test_shapes_that_differ_by_broadcasting_are_refused(name, shapes):
    y_true, y_pred = (np.full(shape, 0.5) for shape in shapes)
    loss = getattr(losses, name)()
    for act in (loss, loss.grad):
        with pytest.raises(ShapeError, match="must have the same shape") as excinfo:
            act(y_true, y_pred)
        assert "\n" not in str(excinfo.value)


def test_integer_labels_need_sparse_loss():
    with pytest.raises(ShapeError, match="SparseCategoricalCrossentropy"):
        losses.CategoricalCrossentropy()(np.zeros((4, 1)), np.full((4, 3), 1 / 3))


def test_logits_far_out_do_not_overflow():
    for loss in (
        losses.BinaryCrossentropy(from_logits=True),
        losses.CategoricalCrossentropy(from_logits=True),
    ):
        far = np.array([[1e4, -1e4]])
        assert float(loss([[0.0, 1.0]], far)) >= 1e4
        assert np.isfinite(loss.grad([[0.0, 1.0]], far)).all()
    assert np.isfinite(losses.LogCosh()([[0.0]], [[1e4]]))


def test_it_computes_in_float32_by_default():
    assert losses.MeanSquaredError()([[0.0]], [[1.0]]).dtype == np.float32
    assert losses.MeanSquaredError().grad([[0.0]], [[1.0]]).dtype == np.float32


def test_a_name_stands_for_an_instance():
    assert type(losses.get("mse")) is losses.MeanSquaredError
    assert type(losses.get("sparse_categorical_crossentropy")).__name__.startswith("Sparse")
    assert losses.get(None) is None
    custom = losses.LogCosh("sum")
    assert losses.get(custom) is custom


class Gap(losses.Loss):
    """A loss of one's own."""

    def call(self, y_true, y_pred):
        return np.abs(y_pred - y_true).mean(-1)


class TrainedGap(Gap):
    def gradient(self, y_true, y_pred):
        return np.sign(y_pred - y_true) / y_pred.shape[-1]


REDUCTIONS = {"sum_over_batch_size": np.mean, "mean": np.mean, "sum": np.sum, None: np.asarray}


@given(
    reduction=st.sampled_from(list(REDUCTIONS)),
    name=st.none() | st.just("own"),
    dtype=st.sampled_from([None, "float32", "float64"]),
    kind=st.sampled_from([Gap, TrainedGap]),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_a_class_of_ones_own_is_fitted(reduction, name, dtype, kind, shape):
    loss, y_pred = kind(reduction, name, dtype), np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    want = REDUCTIONS[reduction](y_pred.mean(-1))
    np.testing.assert_allclose(loss(np.zeros(shape), y_pred), want, rtol=1e-6)
    again = losses.deserialize(losses.serialize(loss), {kind.__name__: kind})
    assert type(again) is kind and again.get_config() == loss.get_config()
    if reduction is None:
        return
    model = Sequential([layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", loss)
    x, y = np.ones((3, 2)), np.full((3, 1), 9.0)
    value = model.evaluate(x, y, verbose=0)
    assert value == pytest.approx(21.0 if reduction == "sum" else 7.0)
    if kind is Gap:
        with pytest.raises(NotImplementedError, match="Gap must define gradient"):
            model.fit(x, y, verbose=0)
    else:
        model.fit(x, y, epochs=2, verbose=0)
        assert model.evaluate(x, y, verbose=0) < value


def test_a_class_of_ones_own_is_read_from_a_file(tmp_path):
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", TrainedGap("sum", name="own"))
    model.fit(np.ones((3, 2)), np.ones((3, 1)), verbose=0)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"TrainedGap": TrainedGap})
    assert type(again.loss) is TrainedGap and again.loss.get_config() == model.loss.get_config()


def test_a_class_of_ones_own_needs_no_more_than_call():
    assert Gap()([[0.0], [0.0]], [[1.0], [3.0]]) == 2.0
    assert Gap("sum", name="gap")([[0.0], [0.0]], [[1.0], [3.0]], mask=[True, False]) == 1.0
    assert losses.get(Gap).name == "gap"
    with pytest.raises(NotImplementedError, match="Gap must define gradient"):
        Gap().grad([[0.0]], [[1.0]])
    with pytest.raises(NotImplementedError, match="Loss must define call"):
        losses.Loss()([[0.0]], [[1.0]])


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: losses.MeanSquaredError("x"), ValueError, "reduction must be"),
        (lambda: losses.get(lambda y_true, y_pred: 0), ValueError, "Could not interpret loss"),
        (lambda: losses.get("zz"), ValueError, "Could not interpret loss identifier"),
        (lambda: losses.MeanSquaredError()(1.0, 1.0), ShapeError, "must have an axis"),
        (
            lambda: losses.MeanSquaredError()(np.zeros((2, 3)), np.zeros((2, 4))),
            ShapeError,
            r"\(2, 3\) and \(2, 4\)",
        ),
        (
            lambda: losses.MeanSquaredError()([[0.0]], [[0.0]], mask=[True, True]),
            ShapeError,
            "mask must fit",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([0, 7], np.ones((2, 3))),
            IdError,
            r"labels must lie in 0\.\.2\. Received 7 at \[1\]",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([0.5], np.ones((1, 3))),
            IdTypeError,
            "whole numbers",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([0, 1, 2], np.ones((2, 3))),
            ShapeError,
            "without its classes",
        ),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


@pytest.mark.parametrize(
    ("option", "default"), [("axis", -1), ("label_smoothing", 0.0), ("ignore_class", None)]
)
@pytest.mark.parametrize("name", OPTIONS)
def test_other_crossentropies_are_left_to_keras(name, option, default):
    kind = getattr(losses, name)
    line = rf"^{option} is not part of embedlab\. Received {option}=1 for {name}\. Use embedlab"
    for make in (lambda options: kind(**options), kind.from_config):
        assert option not in make({option: default}).get_config()
        with pytest.raises(ValueError, match=line):
            make({option: 1})


@pytest.mark.parametrize("loss", [losses.MeanSquaredError, losses.SparseCategoricalCrossentropy])
def test_what_holds_no_numbers_is_named_in_one_line(loss):
    for bad, error in (([[1], [1, 2]], ShapeError), ([["a", "b"]], DtypeError)):
        with pytest.raises(error, match=r"y_pred must .* Received") as excinfo:
            loss()([1], bad)
        assert "\n" not in str(excinfo.value)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("Sparse")])
def test_a_flag_for_each_step_needs_no_last_axis_of_the_truth(name):
    """Truths (B, T) beside outputs (B, T, 1), as Dense(1) makes them of a masked sequence."""
    loss, rng = getattr(losses, name)(dtype="float64"), np.random.default_rng(2)
    y_true, y_pred = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(0.1, 0.9, (3, 4, 1))
    mask = rng.random((3, 4)) < 0.5
    want = loss(y_true[mask][:, None], y_pred[mask])
    y_true[~mask] = y_pred[~mask] = np.nan
    assert loss(y_true, y_pred, mask) == pytest.approx(want, rel=1e-6)
    assert loss.grad(y_true, y_pred, mask).shape == (3, 4, 1)
    assert loss(y_true[..., None], y_pred, mask) == loss(y_true, y_pred, mask)


@given(
    y_true=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    y_pred=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    name=st.sampled_from(NAMES),
    with_mask=st.booleans(),
)
def test_no_loss_broadcasts(y_true, y_pred, name, with_mask):
    loss, shape = getattr(losses, name)(), tuple(y_pred)
    fit = {shape, (*shape, 1), shape[:-1] if shape[-1] == 1 else shape}
    if name.startswith("Sparse"):
        fit = {shape[:-1], (*shape[:-1], 1)}
    truth, predicted = np.zeros(y_true), np.full(shape, 0.5)
    mask = np.ones(shape[:-1], bool) if with_mask and len(shape) > 1 else None
    for act in (loss, loss.grad):
        if tuple(y_true) in fit:
            assert np.isfinite(act(truth, predicted)).all()
            continue
        with pytest.raises(ShapeError, match="must have the ") as excinfo:
            act(truth, predicted, mask)
        assert "\n" not in str(excinfo.value)


@given(
    weights=st.lists(st.floats(-3, 3), min_size=1, max_size=4),
    name=st.sampled_from([*NAMES, "Accuracy"]),
)
def test_sample_weights_are_left_to_keras(weights, name):
    """By keyword always, and in the place of a mask where they are no flags: in one line."""
    y_pred = np.full((len(weights), 2), 0.5)
    y_true = np.zeros(len(weights)) if name.startswith("Sparse") else y_pred
    loss = Accuracy() if name == "Accuracy" else getattr(losses, name)()
    acts = [loss.update_state] if name == "Accuracy" else [loss, loss.grad]
    flags = set(weights) <= {0.0, 1.0}
    for act in acts:
        if flags:
            act(y_true, y_pred, weights)
            continue
        with pytest.raises(ValueError, match=r"weights are left to Keras\. Received") as caught:
            act(y_true, y_pred, weights)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"weights are left to Keras\. Received"):
        acts[0](y_true, y_pred, sample_weight=weights)


@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_a_single_class_is_warned_of(name, from_logits):
    """Nothing can be learned: the gradient is 0."""
    loss, y_pred = getattr(losses, name)(from_logits), np.full((4, 1), 0.3)
    y_true = np.zeros(4) if name.startswith("Sparse") else np.ones((4, 1))
    with pytest.warns(SyntaxWarning, match=r"two classes or more\. .* Use Binary") as caught:
        loss(y_true, y_pred)
    assert len(caught) == 1 and "\n" not in str(caught[0].message)
    assert not loss.grad(y_true, y_pred).any()
