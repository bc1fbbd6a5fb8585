"""A row of layers: shapes, masks, both directions, prediction in batches."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import losses, optimizers
from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError
from embedlab.layers import Dropout, Embedding, Gradients, Input, Layer
from embedlab.models import MaskError, Sequential


class Halve(Layer):
    """A layer without weights that has a shape, forward and backward."""

    supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape

    def forward(self, inputs, mask=None, training=False):
        return inputs * 0.5, None

    def backward(self, context, grad):
        return Gradients(grad * 0.5, {})


class Forgets(Halve):
    supports_masking = False


class Pools(Layer):
    """A layer that consumes the mask and has no output shape."""

    def call(self, inputs, mask=None):
        weights = np.ones(inputs.shape[:2]) if mask is None else mask
        return (inputs * weights[..., None]).sum(1)


def test_layers_run_in_order_and_the_shape_is_learned_once():
    model = Sequential([Embedding(4, 3, "ones"), Halve(), Halve()], name="m")
    assert model(np.zeros((2, 5), int)).tolist() == np.full((2, 5, 3), 0.25).tolist()
    assert (model.input_shape, model.output_shape) == ((None, 5), (None, 5, 3))
    assert model(np.zeros((2, 7), int)).shape == (2, 7, 3)
    assert [kind.shape for kind in (*model.inputs, *model.outputs)] == [(None, 5), (None, 5, 3)]


@pytest.mark.parametrize(
    "start",
    [
        [Input((6,)), Embedding(4, 3)],
        [Embedding(4, 3, input_length=6)],
        [Sequential([Embedding(4, 3, input_length=6)]), Halve()],
    ],
)
def test_an_announced_shape_builds_the_model_before_any_data(start):
    model = Sequential(start)
    assert model.built and model.count_params() == 12
    assert model.output_shape == (None, 6, 3)


def test_build_takes_a_shape():
    model = Sequential([Embedding(4, 3)])
    with pytest.raises(ValueError, match="build needs an input shape"):
        model.build()
    model.build((None, 8))
    assert model.output_shape == (None, 8, 3)


def test_forward_and_backward_meet(rng):
    model = Sequential([Embedding(5, 3, dtype="float64", seed=1, name="e"), Halve()])
    ids = rng.integers(0, 5, (4, 6))
    out, contexts = model.forward(ids, training=True)
    upstream = rng.normal(size=out.shape)
    gradients = model.backward(contexts, upstream)
    assert gradients.inputs is None and list(gradients.weights) == ["e/embeddings"]
    table, grad = model.weights[0].value, gradients.weights["e/embeddings"].to_dense()
    assert np.vdot(out, upstream) == pytest.approx(np.vdot(table, grad), rel=1e-12)


def test_one_step_by_hand_moves_only_the_rows_that_were_used():
    model = Sequential([Embedding(3, 1, "zeros", name="e")])
    model.compile(optimizers.SGD(0.5), "mse")
    out, contexts = model.forward([[1, 1]])
    grad = model.loss.grad(np.ones((1, 2, 1)), out)
    weights = model.backward(contexts, grad).weights
    named = model.named_weights()
    model.optimizer.apply(weights.values(), [named[name] for name in weights])
    assert model.weights[0].value.ravel().tolist() == [0.0, 1.0, 0.0]


# Masks ----------------------------------------------------------------------------------------


def test_a_mask_reaches_the_layer_that_uses_it():
    model = Sequential([Embedding(4, 2, "ones", mask_zero=True), Halve(), Pools()])
    out, mask, _ = model.forward_with_mask(np.array([[1, 2, 0], [0, 0, 3]]))
    assert out.tolist() == [[1.0, 1.0], [0.5, 0.5]] and mask is None
    with pytest.raises(AttributeError, match="has no defined output shape yet"):
        _ = model.output_shape  # Pools does not say its shape


def test_a_mask_comes_out_where_all_layers_pass_it_on():
    model = Sequential([Embedding(4, 2, mask_zero=True), Halve()])
    ids = np.array([[1, 0]])
    assert model.compute_mask(ids).tolist() == [[True, False]]
    assert model.forward_with_mask(ids)[1].tolist() == [[True, False]]
    assert Sequential([Embedding(4, 2), Halve()]).compute_mask(ids) is None


@pytest.mark.parametrize("run", ["__call__", "predict", "forward"])
def test_a_lost_mask_is_an_error_by_default(run):
    ids = np.array([[1, 0]])
    model = Sequential([Embedding(4, 2, mask_zero=True), Forgets(name="f"), Halve()])
    with pytest.raises(MaskError, match="does not support masking, but was passed an") as caught:
        getattr(model, run)(ids)
    assert caught.value.layer == "f" and isinstance(caught.value, TypeError)


def test_keras_3_only_warns():
    ids = np.array([[1, 0]])
    parts = [Embedding(4, 2, mask_zero=True), Forgets(), Halve()]
    with pytest.warns(UserWarning, match="The mask is lost here"):
        assert Sequential(parts, strict_masks="warn").forward_with_mask(ids)[1] is None
    assert Sequential(parts, strict_masks="ignore").forward_with_mask(ids)[1] is None
    with pytest.raises(ValueError, match="strict_masks must be"):
        Sequential(strict_masks="loud")


@pytest.mark.parametrize(
    ("parts", "verdicts"),
    [
        (
            [Embedding(4, 2, mask_zero=True), Halve(), Pools(), Halve()],
            ["made", "kept", "consumed", "none"],
        ),
        ([Embedding(4, 2, mask_zero=True), Forgets(), Halve()], ["made", "lost here", "none"]),
        ([Embedding(4, 2), Forgets()], ["none", "none"]),
        (
            [Sequential([Embedding(4, 2, mask_zero=True), Halve()]), Forgets()],
            ["made", "lost here"],
        ),
    ],
)
def test_the_mask_check_is_right_before_any_data(parts, verdicts):
    model = Sequential(parts, strict_masks="ignore")
    assert [note.status for note in model.lint_masks()] == verdicts
    flowing, mask, statuses = np.array([[1, 0, 2]]), None, []
    for layer in model.layers:
        had = mask is not None
        flowing, mask, _ = layer.forward_with_mask(flowing, mask)
        statuses.append((had, mask is not None))
    expected = {"made": (False, True), "kept": (True, True), "none": (False, False)}
    assert statuses == [expected.get(status, (True, False)) for status in verdicts]


def test_training_reaches_the_layers():
    model = Sequential([Embedding(4, 2, "ones"), Dropout(1.0), Halve()])
    ids = np.array([[1, 0]])
    assert model(ids).any() and not model(ids, training=True).any()
    assert not Sequential([model]).forward_with_mask(ids, training=True)[0].any()


# Prediction -----------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 1, 7, 64, 1000])
def test_predict_is_the_same_in_any_batches(rng, batch_size):
    model = Sequential([Embedding(50, 4, seed=1)])
    ids = rng.integers(0, 50, (70, 5))
    assert np.array_equal(model.predict(ids, batch_size, verbose=0), model(ids))


def test_predict_takes_lists_and_nothing_at_all():
    model = Sequential([Embedding(50, 4)])
    assert model.predict([[1, 2], [3, 4]]).shape == (2, 2, 4)
    assert model.predict(np.zeros((0, 9), int)).shape == (0, 9, 4)


def test_predict_says_where_a_bad_id_stands():
    ids = np.zeros((70, 2), int)
    ids[40, 1] = 50
    with pytest.raises(IdError, match=r"Received 50 at \[40, 1\]") as caught:
        Sequential([Embedding(50, 4)]).predict(ids)
    assert caught.value.positions == ((40, 1),)


def test_predict_shows_progress_when_asked(capsys):
    Sequential([Embedding(50, 4)]).predict(np.zeros((70, 2), int), verbose=1)
    assert "predict: 100%" in capsys.readouterr().err
    Sequential([Embedding(50, 4)]).predict(np.zeros((70, 2), int), verbose=0)
    assert capsys.readouterr().err == ""


# Telling about it -----------------------------------------------------------------------------


def test_compile_resolves_names_at_once():
    model = Sequential([Embedding(4, 2)])
    model.compile("adam", "mse")
    assert type(model.optimizer) is optimizers.Adam
    assert type(model.loss) is losses.MeanSquaredError
    with pytest.raises(ValueError, match="Could not interpret optimizer identifier"):
        model.compile("zz", "mse")
    with pytest.raises(ValueError, match="Could not interpret loss identifier"):
        model.compile("sgd", "zz")


def test_summary_counts(capsys):
    model = Sequential([Embedding(1000, 64, input_length=10, name="words")], name="m")
    model.summary()
    text = capsys.readouterr().out
    assert 'Model: "m"' in text
    assert "words (Embedding)  (None, 10, 64)  64,000" in text
    assert "Trainable params: 64,000 (256,000 B)" in text
    lines = []
    model.layers[0].trainable = False
    model.summary(lines.append)
    assert "Non-trainable params: 64,000" in lines[0]


def test_config_round_trip_with_the_input():
    model = Sequential([Input((7,), dtype="int32"), Embedding(4, 2, mask_zero=True)], name="m")
    config = json.loads(json.dumps(model.get_config()))
    again = Sequential.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert again.output_shape == (None, 7, 2)
    custom = Sequential([Embedding(4, 2), Halve(name="h")])
    with pytest.raises(ValueError, match="Could not interpret layer identifier"):
        Sequential.from_config(custom.get_config())
    assert repr(Sequential.from_config(custom.get_config(), {"Halve": Halve})) == repr(custom)


def test_freezing_a_model_freezes_what_is_in_it_and_what_comes():
    model = Sequential([Embedding(4, 2, input_length=3)], trainable=False)
    assert model.trainable_weights == [] and len(model.weights) == 1
    model.trainable = True
    assert len(model.trainable_weights) == 1


def test_layers_are_found_by_name_and_place():
    model = Sequential([Embedding(4, 2, name="words"), Halve(name="half")])
    assert model.get_layer("half") is model.get_layer(index=1)
    with pytest.raises(ValueError, match=r"No such layer.*words"):
        model.get_layer("zz")


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Sequential().predict(np.zeros((2, 3))), ValueError, "because it has no layers"),
        (lambda: Sequential().add(3), ValueError, "Only instances of `Layer` can be added"),
        (lambda: Sequential().add(Embedding), ValueError, "Call the class"),
        (lambda: Sequential([Halve(name="a"), Halve(name="a")]), ValueError, "unique names"),
        (lambda: Sequential([Embedding(4, 2)]).predict(3), ShapeError, "batch axis"),
        (lambda: Sequential([Embedding(4, 2)]).predict([[1]], 0), ValueError, "batch_size"),
        (lambda: Sequential().compile("sgd", metrics=["zz"]), ValueError, "metric but accuracy"),
        (lambda: Sequential([Input((3,)), Input((4,))]), ValueError, "must stand in front"),
        (lambda: Sequential([Embedding(4, 2), Input((4,))]), ValueError, "Received a second one"),
        (
            lambda: Sequential([Embedding(4, 2, input_length=10)]).predict(np.zeros((2, 9), int)),
            ValueError,
            "received input has shape",
        ),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_a_layer_that_does_not_fit_leaves_the_model_as_it_was():
    model = Sequential([Embedding(4, 2, input_length=3)])
    with pytest.raises(ShapeError):
        model.add(Embedding(4, 2, input_length=9))
    assert len(model.layers) == 1 and model.output_shape == (None, 3, 2)


shapes = st.lists(st.none() | st.integers(1, 4), max_size=3).map(tuple)


@given(first=shapes, second=shapes, layer=st.booleans())
def test_a_second_input_is_refused_and_changes_nothing(first, second, layer):
    model = Sequential([Input(first), *([Halve()] if layer else [])])
    before = model.get_config()
    with pytest.raises(ValueError, match=r"must stand in front, and alone\. Received") as caught:
        model.add(Input(second))
    assert "\n" not in str(caught.value) and model.get_config() == before
    with pytest.raises(ValueError, match="must stand in front"):
        Sequential([Input(first), Input(second)])
