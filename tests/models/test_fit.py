"""Training: epochs, validation, weights, penalties, callbacks. Keras's numbers: tests/peers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import callbacks, layers, losses, metrics, optimizers
from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError
from embedlab.layers import Embedding, Gradients, Layer
from embedlab.models import Model, Sequential
from embedlab.models.fit import train_step


class Mean(Layer):
    """The mean of each sentence, without heeding a mask."""

    def forward(self, inputs, mask=None, training=False):
        return inputs.mean(1), inputs.shape

    def backward(self, context, grad):
        return Gradients(np.broadcast_to(grad[:, None] / context[1], context), {})

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2])


def small(optimizer="sgd", **options):
    model = Sequential([Embedding(6, 1, "zeros", name="e", **options), Mean(name="m")])
    model.compile(optimizer, "mse", metrics=["accuracy"])
    return model


IDS = np.array([[1, 1], [2, 2], [3, 3], [1, 3]])
AIM = np.array([[1.0], [2.0], [3.0], [2.0]])


def test_it_learns_and_keeps_the_history():
    model = small(optimizers.Adam(0.1))
    history = model.fit(IDS, AIM, epochs=80, verbose=0, seed=0)
    assert len(history.history["loss"]) == 80 == len(history.epoch)
    assert set(history.history) == {"loss", "accuracy"}
    assert history.history["loss"][-1] < 1e-2 < history.history["loss"][0]
    assert model.get_weights()[0][1:4].ravel() == pytest.approx([1, 2, 3], abs=0.2)
    assert not model.get_weights()[0][[0, 4, 5]].any()


def test_one_epoch_by_hand():
    model = small(optimizers.SGD(0.5))
    history = model.fit(IDS[:2], AIM[:2], batch_size=1, shuffle=False, verbose=0)
    # Row 1: error -1, gradient -2; row 2: error -2, gradient -4.
    assert model.get_weights()[0].ravel().tolist() == [0.0, 1.0, 2.0, 0.0, 0.0, 0.0]
    assert history.history == {"loss": [2.5], "accuracy": [0.0]}


def test_a_seed_repeats_the_order_and_shuffling_changes_it():
    runs = []
    for seed in (1, 1, 2):
        model = small(optimizers.SGD(0.1))
        model.fit(IDS, AIM, batch_size=1, epochs=3, verbose=0, seed=seed)
        runs.append(model.get_weights()[0])
    assert np.array_equal(runs[0], runs[1]) and not np.array_equal(runs[0], runs[2])


def test_the_loss_of_an_epoch_weighs_batches_by_their_size():
    model = small(optimizers.SGD(0.0))
    history = model.fit(IDS, AIM, batch_size=3, verbose=0)
    assert history.history["loss"][0] == pytest.approx((1 + 4 + 9 + 4) / 4)
    assert model.evaluate(IDS, AIM, batch_size=3, verbose=0) == pytest.approx([4.5, 0.0])


def test_nothing_is_learned_from_validation_data():
    model = small(optimizers.SGD(0.1))
    validation = (IDS[2:], AIM[2:])
    history = model.fit(IDS[:2], AIM[:2], validation_data=validation, epochs=2, verbose=0)
    # One step takes row 1 to 0.1 and leaves row 3 at 0: the predictions are 0 and 0.05.
    assert history.history["val_loss"][0] == pytest.approx((3**2 + 1.95**2) / 2, rel=1e-6)
    unshuffled = small(optimizers.SGD(0.1))
    unshuffled.fit(IDS[:2], AIM[:2], epochs=2, verbose=0)
    assert np.array_equal(unshuffled.get_weights()[0], model.get_weights()[0])


def test_a_penalty_moves_every_row_and_counts_in_the_loss():
    model = small(optimizers.SGD(0.5), embeddings_regularizer="l2")
    model.build((None, 2))
    model.set_weights([np.ones((6, 1))])
    loss = model.fit(IDS[:1], AIM[:1], verbose=0).history["loss"]
    assert loss == [pytest.approx(0.06)]
    assert model.get_weights()[0].ravel() == pytest.approx([0.99] * 6)


def test_a_constraint_holds_after_every_step():
    model = small(optimizers.SGD(1.0), embeddings_constraint="non_neg")
    model.fit(IDS, -AIM, epochs=3, verbose=0)
    assert not model.get_weights()[0].any()


def test_a_frozen_layer_stays_and_the_padding_row_never_learns():
    model = small(padding_idx=1)
    model.fit(IDS, AIM, verbose=0)
    assert model.get_weights()[0][1] == 0 and model.get_weights()[0][2] != 0
    model.layers[0].trainable = False
    with pytest.raises(ValueError, match="No gradients provided"):
        model.fit(IDS, AIM, verbose=0)


def test_a_mask_reaches_the_loss_and_the_accuracy():
    model = Sequential([Embedding(4, 1, "zeros", mask_zero=True)])
    model.compile(optimizers.SGD(0.5), "mse", ["accuracy"])
    ids, aim = np.array([[1, 0, 0, 0]]), np.array([[[1.0], [0.0], [0.0], [np.nan]]])
    assert model.evaluate(ids, aim, verbose=0) == pytest.approx([1.0, 0.0])
    model.fit(ids, aim, verbose=0)
    assert model.get_weights()[0].ravel() == pytest.approx([0, 1, 0, 0])
    assert model.evaluate(ids, aim, verbose=0) == pytest.approx([0.0, 1.0], abs=1e-6)


def test_a_step_can_be_watched():
    model = small(optimizers.SGD(0.5))
    step = train_step(model, IDS[:1], AIM[:1])
    assert (step.loss, step.mask) == (1.0, None)
    assert step.gradients["e/embeddings"].ids.tolist() == [1]
    assert step.outputs.tolist() == [[0.0]]


def test_a_layer_that_is_called_twice_learns_from_both_calls():
    ids = layers.Input((2,))
    table = layers.ReversibleEmbedding(4, 3, seed=1, name="words")
    model = Model(ids, table(table(ids), reverse=True))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    step = train_step(model, IDS % 4, IDS % 4)
    assert list(step.gradients) == ["words/embeddings"]
    assert step.gradients["words/embeddings"].shape == (4, 3)


def test_callbacks_are_called_in_order():
    called = []

    class Records(callbacks.Callback):
        pass

    for name in [n for n in vars(callbacks.Callback) if n.startswith("on_")]:
        setattr(Records, name, lambda self, *args, name=name: called.append(name[3:]))
    small().fit(IDS, AIM, epochs=2, verbose=0, callbacks=[Records()])
    epoch = ["epoch_begin", "epoch_end"]
    assert called == ["train_begin", *epoch, *epoch, "train_end"]


def test_an_interrupt_leaves_whole_steps_and_training_goes_on(monkeypatch):
    """A step that was interrupted has changed nothing: the next fit begins where it began."""
    model, whole = (small(optimizers.Adam(0.1)) for _ in range(2))
    apply = model.optimizer.apply
    steps = []

    def third(*arguments):
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        apply(*arguments)

    monkeypatch.setattr(model.optimizer, "apply", third)
    with pytest.raises(KeyboardInterrupt):
        model.fit(IDS, AIM, batch_size=4, epochs=9, verbose=0)
    whole.fit(IDS, AIM, batch_size=4, epochs=2, verbose=0)
    assert np.array_equal(model.get_weights()[0], whole.get_weights()[0])
    for each in (model, whole):
        each.fit(IDS, AIM, batch_size=4, verbose=0)
    assert np.array_equal(model.get_weights()[0], whole.get_weights()[0])


def test_one_callback_needs_no_list():
    stop = callbacks.EarlyStopping("loss", patience=1)
    history = small(optimizers.SGD(0.0)).fit(IDS, AIM, epochs=9, verbose=0, callbacks=stop)
    assert len(history.epoch) == 2 and stop.stopped_epoch == 1


class RecordValues(callbacks.Callback):
    """Replaces the loss on held out data by numbers of the test's choice."""

    def __init__(self, values):
        self.values, self.weights = values, []

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]
        self.weights.append(self.model.get_weights()[0])


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best"),
    [
        ([3.0, 1.0, 2.0, 2.0, 2.0], {"patience": 2}, 4, 1),
        ([3.0, 2.0, 1.0, 1.5, 1.7], {"patience": 3, "baseline": 0.5}, 4, 2),  # as Keras 3.15.1
        ([3.0, 0.4, 1.0, 1.5, 1.7], {"patience": 2, "baseline": 0.5}, 4, 1),
        ([np.nan, 2.0, 1.0, 5.0, 5.0], {"patience": 2}, 5, 2),
        ([1.0, 0.95, 0.9, 0.1, 0.1], {"patience": 2, "min_delta": 0.2}, 3, 0),
    ],
)
def test_early_stopping_restores_the_best_weights(values, options, epochs, best):
    model, recorder = small(optimizers.SGD(0.1)), RecordValues(values)
    stop = callbacks.EarlyStopping(restore_best_weights=True, **options)
    history = model.fit(IDS, AIM, epochs=5, verbose=0, callbacks=[recorder, stop])
    assert (len(history.epoch), stop.best_epoch) == (epochs, best)
    assert np.array_equal(model.get_weights()[0], recorder.weights[best])


def test_early_stopping_needs_its_number():
    with pytest.raises(ValueError, match="monitor must be one of"):
        small().fit(IDS, AIM, verbose=0, callbacks=[callbacks.EarlyStopping()])
    for options in (
        {"mode": "up"},
        *({"patience": bad} for bad in ("a", None, 2.5, -1)),
        *({"min_delta": bad} for bad in ("a", None, np.nan)),
        *({"baseline": bad} for bad in ("a", np.nan, [1.0])),
    ):
        (name,) = options
        with pytest.raises(ValueError, match=f"{name} must be .* Received"):
            callbacks.EarlyStopping(**options)
    callbacks.EarlyStopping(start_from_epoch=0)  # Keras's default
    must = r"^start_from_epoch is not part of embedlab\. .* Use embedlab"
    with pytest.raises(ValueError, match=must):
        callbacks.EarlyStopping(start_from_epoch=2)


@pytest.mark.parametrize(
    ("monitor", "grows"),
    [("val_accuracy", True), ("acc", True), ("val_loss", False), ("loss", False)],
)
def test_which_way_is_better(monitor, grows):
    stop = callbacks.EarlyStopping(monitor, patience=1)
    stop.model = small()
    for epoch, value in enumerate((1.0, 2.0, 3.0)):
        stop.on_epoch_end(epoch, {monitor: value})
    assert stop.model.stop_training == (not grows)


def test_a_bad_id_has_its_place_in_the_array_of_the_caller():
    ids, aim = np.zeros((70, 2), int), np.zeros((70, 1))
    ids[40, 1] = 9
    for run in (small().fit, small().evaluate):
        with pytest.raises(IdError, match=r"Received 9 at \[40, 1\]") as caught:
            run(ids, aim, verbose=0)
        assert caught.value.positions == ((40, 1),)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "right"),
    [
        ([1, 0, 1], [[0.7], [0.7], [0.2]], 1 / 3),  # one probability: beside 0.5
        ([[1.0], [0.0]], [[0.7], [0.2]], 1.0),
        ([1, 0], [[0.2, 0.8], [0.3, 0.7]], 0.5),  # labels
        ([[1], [0]], [[0.2, 0.8], [0.3, 0.7]], 0.5),
        ([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]], 0.5),  # one-hot rows
        ([[1, 0]], [[[0.2, 0.8], [0.9, 0.1]]], 1.0),
    ],
)
def test_accuracy_by_the_shape_of_y_true(y_true, y_pred, right):
    accuracy = metrics.Accuracy()
    accuracy.update_state(y_true, y_pred)
    assert accuracy.result() == pytest.approx(right)
    accuracy.update_state(y_true, y_pred, mask=np.zeros(np.shape(y_pred)[:-1]))
    assert accuracy.result() == pytest.approx(right)
    accuracy.reset_state()
    assert accuracy.result() == 0.0


@given(
    y_true=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    y_pred=st.lists(st.integers(1, 3), min_size=1, max_size=3),
)
def test_accuracy_never_broadcasts(y_true, y_pred):
    """Equal shapes, labels without the last axis, axes of 1 at the end: all else is refused."""
    shape, accuracy = (*y_pred, 1) if len(y_pred) == 1 else tuple(y_pred), metrics.Accuracy()
    fit = {shape, shape[:-1], (*shape[:-1], 1), (*shape, 1) if shape[-1] == 1 else shape}
    if tuple(y_true) in fit:
        accuracy.update_state(np.ones(y_true), np.ones(y_pred))
        assert accuracy._count == np.prod(shape[:-1])
    else:
        with pytest.raises(ShapeError, match=r"y_true must hold one label .* Received shapes") as e:
            accuracy.update_state(np.ones(y_true), np.ones(y_pred))
        assert "\n" not in str(e.value)


@pytest.mark.parametrize("shape", [(3,), (1, 4), (1,), (4, 2)])
def test_a_mask_that_does_not_fit_the_predictions_is_refused(shape):
    accuracy = metrics.Accuracy()
    with pytest.raises(ShapeError, match=r"mask must fit the values, \(4,\)"):
        accuracy.update_state(np.zeros(4), np.ones((4, 3)), mask=np.ones(shape, bool))


def test_what_is_shown(capsys):
    small().fit(IDS, AIM, verbose=2)
    assert capsys.readouterr().out.startswith("epoch 1/1: loss 4.5000, accuracy 0.0000")
    small().fit(IDS, AIM, verbose=1)
    assert "epoch 1/1: 100%" in capsys.readouterr().err
    small().fit(IDS, AIM)
    assert capsys.readouterr() == ("", "")  # quicker than half a second


KERAS = "Use embedlab.keras.Embedding in "


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Sequential([Embedding(6, 1)]).fit(IDS, AIM), ValueError, "must call `compile"),
        (lambda: small().fit(IDS, AIM[:2]), ShapeError, "same number of samples"),
        (lambda: small().fit(IDS), TypeError, "y must be an array .* Received None"),
        (lambda: small().fit(iter(IDS), AIM), TypeError, "x must be an array of samples"),
        (lambda: small().fit([[1], [1, 2]], AIM[:2]), ShapeError, "samples of x .* one length"),
        (lambda: small().fit(IDS, AIM, validation_data=3), ValueError, "validation_data"),
        (lambda: small().fit(IDS, AIM, validation_data=(IDS,)), ValueError, "Received 1 parts"),
        (lambda: small().fit(IDS[:0], AIM[:0]), ShapeError, "at least one sample"),
        (lambda: small().fit(IDS, AIM, callbacks="stop"), TypeError, "must be a Callback"),
        (lambda: small().fit(IDS, AIM, batch_size=0), ValueError, "batch_size"),
        (lambda: small().fit(IDS, AIM, speed=3), TypeError, "unexpected keyword argument 'speed'"),
        (lambda: small().fit({"a": IDS, "b": IDS}, AIM), ValueError, "Received 2 arrays in x"),
        (lambda: small().predict({"a": IDS, "b": IDS}), ValueError, "one chain of layers"),
        (lambda: small().fit(IDS, {"a": AIM, "b": AIM}), ValueError, KERAS),
        (lambda: small().fit(IDS, AIM, sample_weight=[1] * 4), ValueError, KERAS),
        (lambda: small().fit(IDS, AIM, class_weight={0: 1.0}), ValueError, KERAS),
        (lambda: small().fit(IDS, AIM, validation_split=0.5), ValueError, KERAS),
        (lambda: small().compile("sgd", ["mse", "mse"]), ValueError, KERAS),
        (lambda: small().compile("sgd", {"a": "mse", "b": "mse"}), ValueError, "Received 2 losses"),
        (lambda: small().compile("sgd", "mse", loss_weights=[1, 2]), ValueError, KERAS),
        (lambda: small().compile("sgd", "mse", weighted_metrics=["acc"]), ValueError, KERAS),
        (lambda: small().compile("sgd", "mse", metrics=["auc"]), ValueError, KERAS),
        (lambda: small().compile("sgd", "hinge"), ValueError, KERAS),
        (lambda: losses.Hinge, AttributeError, KERAS),
        (lambda: metrics.AUC, AttributeError, KERAS),
        (lambda: callbacks.ModelCheckpoint, AttributeError, KERAS),
        (lambda: layers.Concatenate, AttributeError, KERAS),
        (lambda: layers.deserialize({"class_name": "zz"}), ValueError, "layer identifier"),
        (lambda: layers.deserialize({"class_name": "Add"}), ValueError, KERAS),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words) as caught:
        act()
    assert "\n" not in str(caught.value)
