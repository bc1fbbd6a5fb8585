"""Losses equal Keras's: values, masks, reductions; their gradients equal PyTorch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import losses
from embedlab.core.checks import ShapeError

pytestmark = pytest.mark.filterwarnings("ignore:y_pred must have two classes:SyntaxWarning")

NAMES = ["MeanSquaredError", "LogCosh", "BinaryCrossentropy", "CategoricalCrossentropy"]
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", None]


def numbers(rng, name, shape):
    """Return a truth and a prediction that suit the loss."""
    y_pred = rng.uniform(0.01, 0.99, shape).astype("float32")
    y_true = rng.uniform(0.0, 1.0, shape).astype("float32")
    if name == "BinaryCrossentropy":
        y_true = np.round(y_true)
    if name == "CategoricalCrossentropy":
        y_true = np.eye(shape[-1], dtype="float32")[rng.integers(0, shape[-1], shape[:-1])]
    return y_true, y_pred


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_values_and_reductions(keras, rng, name, reduction):
    theirs = getattr(keras.losses, name)(reduction=reduction)
    ours = getattr(losses, name)(reduction=reduction)
    for shape in [(4, 3), (1, 5), (4, 6, 3)]:
        y_true, y_pred = numbers(rng, name, shape)
        expected = theirs(y_true, y_pred)
        np.testing.assert_allclose(ours(y_true, y_pred), expected, rtol=3e-6, atol=1e-7)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_masks(keras, rng, reduction):
    from keras.src import backend

    class Masked(np.ndarray):
        """An array on which Keras can hang a mask."""

    theirs = keras.losses.MeanSquaredError(reduction=reduction)
    ours = losses.MeanSquaredError(reduction=reduction)
    for _ in range(20):
        y_true, y_pred = numbers(rng, "", (4, 6, 3))
        mask = rng.random((4, 6)) < 0.6
        carrier = y_pred.view(Masked)
        backend.set_keras_mask(carrier, mask)
        expected = theirs(y_true, carrier)
        actual = ours(y_true, y_pred, mask=mask)
        np.testing.assert_allclose(actual, np.asarray(expected), rtol=3e-6, atol=1e-7)


@pytest.mark.parametrize(
    "shapes",
    [((3, 4, 1), (3, 4)), ((3, 4), (3, 4, 1)), ((3,), (3, 1)), ((3, 1), (3,)), ((3,), (3,))],
    ids=str,
)
def test_ranks_that_differ_by_a_last_axis_of_one(keras, rng, shapes):
    y_true, y_pred = (rng.random(shape).astype("float32") for shape in shapes)
    for reduction in ("sum", None):
        expected = keras.losses.MeanSquaredError(reduction=reduction)(y_true, y_pred)
        actual = losses.MeanSquaredError(reduction=reduction)(y_true, y_pred)
        assert np.shape(actual) == np.shape(expected)
        np.testing.assert_allclose(actual, expected, rtol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy"])
def test_crossentropies(keras, rng, name, from_logits):
    options = {"from_logits": from_logits}
    for scale in (1, 4):  # beyond, Keras's NumPy backend saturates; the others and ours do not
        y_true, y_pred = numbers(rng, name, (6, 4))
        if from_logits:
            y_pred = (rng.normal(size=(6, 4)) * scale).astype("float32")
        expected = getattr(keras.losses, name)(**options)(y_true, y_pred)
        actual = getattr(losses, name)(**options)(y_true, y_pred)
        np.testing.assert_allclose(actual, expected, rtol=3e-6)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_sparse_crossentropy(keras, rng, from_logits, reduction):
    options = {"from_logits": from_logits, "reduction": reduction}
    for shape in [(6, 4), (2, 5, 4)]:
        labels = rng.integers(0, 4, shape[:-1])
        y_pred = rng.uniform(0.01, 1, shape).astype("float32")
        expected = keras.losses.SparseCategoricalCrossentropy(**options)(labels, y_pred)
        actual = losses.SparseCategoricalCrossentropy(**options)(labels, y_pred)
        np.testing.assert_allclose(actual, np.asarray(expected), rtol=3e-6, atol=1e-7)


def test_a_class_that_is_ruled_out_counts_as_in_pytorch(torch):
    logits = np.array([[0.0, -np.inf, 1.0], [2.0, 0.5, -np.inf]])
    x = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(x, torch.tensor([2, 0]))
    expected.backward()
    ours = losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    np.testing.assert_allclose(ours([2, 0], logits), expected.item(), rtol=1e-12)
    np.testing.assert_allclose(ours.grad([2, 0], logits), x.grad.numpy(), rtol=1e-12)


@given(
    rows=st.integers(1, 5),
    classes=st.integers(1, 6),
    reduction=st.sampled_from(["mean", "sum", "none"]),
    ignore=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_crossentropy_of_ruled_out_classes_and_masked_labels(
    torch, rows, classes, reduction, ignore, seed
):
    rng = np.random.default_rng(seed)
    logits, labels = 3 * rng.normal(size=(rows, classes)), rng.integers(0, classes, rows)
    ruled_out = rng.random(logits.shape) < 0.4
    ruled_out[np.arange(rows), labels] = False
    logits[ruled_out] = -np.inf
    if ignore:
        labels[1:][rng.random(rows - 1) < 0.5] = -100  # the first one counts
    x = torch.tensor(logits, requires_grad=True)
    want = torch.nn.functional.cross_entropy(
        x, torch.tensor(labels), ignore_index=-100, reduction=reduction
    )
    want.sum().backward()
    loss = losses.SparseCategoricalCrossentropy(True, reduction=reduction, dtype="float64")
    mask = labels != -100 if ignore else None
    near = {"rtol": 1e-6, "atol": 1e-12}  # Keras's mean divides by the valid labels and 1e-7
    np.testing.assert_allclose(loss(labels, logits, mask), want.detach().numpy(), **near)
    np.testing.assert_allclose(loss.grad(labels, logits, mask), x.grad.numpy(), **near)


@pytest.mark.filterwarnings("ignore:In loss categorical_crossentropy:SyntaxWarning")
@given(
    y_true=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    y_pred=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    name=st.sampled_from(NAMES),
)
def test_shapes_that_fit_are_keras_s_and_others_are_refused(keras, y_true, y_pred, name):
    rng = np.random.default_rng(1)
    truth, predicted = (rng.uniform(0.1, 0.9, n).astype("float32") for n in (y_true, y_pred))
    ours = getattr(losses, name)(reduction=None)
    if y_true == y_pred or y_true == [*y_pred, 1] or y_pred == [*y_true, 1]:
        want = np.asarray(getattr(keras.losses, name)(reduction=None)(truth, predicted))
        received = ours(truth, predicted)
        assert received.shape == want.shape
        np.testing.assert_allclose(received, want, rtol=1e-5, atol=1e-6)
        assert ours.grad(truth, predicted).shape == predicted.shape
        return
    for act in (ours, ours.grad):
        with pytest.raises(ShapeError, match=r"must have the same shape\. Received") as excinfo:
            act(truth, predicted)
        assert "\n" not in str(excinfo.value)


def test_gradients_are_those_of_pytorch(torch, rng):
    functional = torch.nn.functional
    logits, labels = rng.normal(size=(7, 5)), rng.integers(0, 5, 7)
    x = torch.tensor(logits, requires_grad=True)
    functional.cross_entropy(x, torch.tensor(labels)).backward()
    ours = losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    np.testing.assert_allclose(ours.grad(labels, logits), x.grad.numpy(), rtol=1e-12)
    targets = rng.random((7, 5))
    x = torch.tensor(logits, requires_grad=True)
    functional.binary_cross_entropy_with_logits(x, torch.tensor(targets)).backward()
    ours = losses.BinaryCrossentropy(from_logits=True, dtype="float64")
    np.testing.assert_allclose(ours.grad(targets, logits), x.grad.numpy(), rtol=1e-12)
    x = torch.tensor(logits, requires_grad=True)
    functional.mse_loss(x, torch.tensor(targets)).backward()
    ours = losses.MeanSquaredError(dtype="float64")
    np.testing.assert_allclose(ours.grad(targets, logits), x.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", [*NAMES, "SparseCategoricalCrossentropy"])
def test_dicts_load_in_both_directions(keras, name):
    ours, theirs = getattr(losses, name)(), getattr(keras.losses, name)()
    assert type(keras.losses.deserialize(losses.serialize(ours))) is type(theirs)
    again = losses.deserialize(keras.losses.serialize(theirs))
    assert type(again) is type(ours)
    config = theirs.get_config()
    assert {**ours.KERAS_ONLY, **ours.get_config()}.items() >= config.items()


@pytest.mark.parametrize(
    "name",
    ["mse", "bce", "MSE", "mean_squared_error", "log_cosh", "sparse_categorical_crossentropy"],
)
def test_names_mean_the_same(keras, name):
    assert losses.get(name).name == keras.losses.get(name).__name__


def test_a_single_class_is_warned_of(keras):
    y_true, y_pred = np.ones((4, 1), "float32"), np.full((4, 1), 0.3, "float32")
    for module in (keras.losses, losses):
        with pytest.warns(SyntaxWarning, match="[Bb]inary"):
            value = module.CategoricalCrossentropy()(y_true, y_pred)
        assert float(value) == pytest.approx(0, abs=1e-6)
