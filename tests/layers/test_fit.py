"""Training: epochs, validation, weights, penalties, callbacks. Keras's numbers: tests/peers."""

import numpy as np
import pytest

from embedlab import callbacks, layers, metrics, optimizers
from embedlab.core.checks import ShapeError
from embedlab.layers import Embedding, Gradients, Layer
from embedlab.models import Sequential, step


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
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


IDS = np.array([[1, 1], [2, 2], [3, 3], [1, 3]])
AIM = np.array([[1.0], [2.0], [3.0], [2.0]])


def test_it_learns_and_keeps_the_history():
    model = small(optimizers.Adam(0.1))
    history = model.fit(IDS, AIM, epochs=80, verbose=0, seed=0)
    assert len(history.history["loss"]) == 80 == len(history.epoch)
    assert set(history.history) == {"loss", "mae"}
    assert history.history["loss"][-1] < 1e-2 < history.history["loss"][0]
    assert model.get_weights()[0][1:4].ravel() == pytest.approx([1, 2, 3], abs=0.2)
    assert not model.get_weights()[0][[0, 4, 5]].any()


def test_one_epoch_by_hand():
    model = small(optimizers.SGD(0.5))
    history = model.fit(IDS[:2], AIM[:2], batch_size=1, shuffle=False, verbose=0)
    # Row 1: error -1, gradient -2; row 2: error -2, gradient -4.
    assert model.get_weights()[0].ravel().tolist() == [0.0, 1.0, 2.0, 0.0, 0.0, 0.0]
    assert history.history == {"loss": [2.5], "mae": [1.5]}


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
    assert model.evaluate(IDS, AIM, batch_size=3, verbose=0) == pytest.approx([4.5, 2.0])


def test_validation_takes_the_last_share_and_learns_nothing_from_it():
    model = small(optimizers.SGD(0.1))
    history = model.fit(IDS, AIM, validation_split=0.5, epochs=2, verbose=0)
    # One step takes row 1 to 0.1 and leaves row 3 at 0: the predictions are 0 and 0.05.
    assert history.history["val_loss"][0] == pytest.approx((3**2 + 1.95**2) / 2, rel=1e-6)
    given = small(optimizers.SGD(0.1))
    same = given.fit(IDS[:2], AIM[:2], validation_data=(IDS[2:], AIM[2:]), epochs=2, verbose=0)
    assert same.history == history.history


def test_weights_of_samples_and_classes():
    weighted, cut = small(), small()
    weighted.fit(IDS, AIM, sample_weight=[1, 1, 0, 0], batch_size=4, verbose=0)
    cut.fit(IDS[:2], AIM[:2], sample_weight=[0.5, 0.5], batch_size=4, verbose=0)
    assert weighted.get_weights()[0] == pytest.approx(cut.get_weights()[0])
    by_class, by_sample = small(), small()
    by_class.fit(IDS, AIM, class_weight={1: 3.0, 2: 0.0}, batch_size=4, verbose=0)
    by_sample.fit(IDS, AIM, sample_weight=[3, 0, 1, 0], batch_size=4, verbose=0)
    assert np.array_equal(by_class.get_weights()[0], by_sample.get_weights()[0])


def test_metrics_heed_weights_only_when_asked():
    model = Sequential([Embedding(6, 1, "zeros"), Mean()])
    model.compile("sgd", "mse", ["mae"], weighted_metrics=[metrics.MeanAbsoluteError("weighted")])
    found = model.evaluate(IDS, AIM, sample_weight=[1, 0, 0, 0], return_dict=True, verbose=0)
    assert found == {"loss": 0.25, "mae": 2.0, "weighted": 1.0}


def test_a_penalty_moves_every_row_and_counts_in_the_loss():
    model = small(optimizers.SGD(0.5), embeddings_regularizer="l2")
    model.build((None, 2))
    model.set_weights([np.ones((6, 1))])
    loss = model.train_on_batch(IDS[:1], AIM[:1])[0]
    assert loss == pytest.approx(0.06)
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


def test_a_mask_reaches_the_loss_and_the_metrics():
    model = Sequential([Embedding(4, 1, "zeros", mask_zero=True)])
    model.compile(optimizers.SGD(0.5), "mse", ["mae"])
    ids, aim = np.array([[1, 0, 0, 0]]), np.array([[[1.0], [9.0], [9.0], [9.0]]])
    assert model.evaluate(ids, aim, verbose=0) == pytest.approx([1.0, 1.0])
    model.fit(ids, aim, verbose=0)
    assert model.get_weights()[0].ravel() == pytest.approx([0, 1, 0, 0])


def test_a_step_can_be_watched():
    model = small(optimizers.SGD(0.5))
    seen = step.train_step(model, IDS[:1], AIM[:1])
    assert (seen.loss, seen.size) == (1.0, 1)
    assert seen.gradients["e/embeddings"].ids.tolist() == [1]
    assert seen.outputs.tolist() == [[0.0]]


def test_callbacks_are_told_in_order():
    told = []

    class Tells(callbacks.Callback):
        pass

    for name in [n for n in vars(callbacks.Callback) if n.startswith("on_")]:
        setattr(Tells, name, lambda self, *about, name=name: told.append(name[3:]))
    small().fit(IDS, AIM, batch_size=2, epochs=1, verbose=0, callbacks=[Tells()])
    batch = ["train_batch_begin", "train_batch_end"]
    assert told == ["train_begin", "epoch_begin", *batch, *batch, "epoch_end", "train_end"]


def test_early_stopping_brings_the_best_back():
    model = small(optimizers.SGD(0.1))
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0])
    fake = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(val_loss=next(losses))
    )
    kept = []
    keeps = callbacks.LambdaCallback(on_epoch_end=lambda e, logs: kept.append(model.get_weights()))
    stop = callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(IDS, AIM, epochs=9, verbose=0, callbacks=[fake, keeps, stop])
    assert len(history.epoch) == 4 and stop.best_epoch == 1
    assert np.array_equal(model.get_weights()[0], kept[1][0])
    with pytest.raises(ValueError, match="monitor must be one of"):
        small().fit(IDS, AIM, verbose=0, callbacks=[callbacks.EarlyStopping()])
    with pytest.raises(ValueError, match="a callback must be one of"):
        callbacks.LambdaCallback(on_fire=print)


@pytest.mark.parametrize(
    ("monitor", "grows"),
    [
        ("val_auc", True),
        ("precision", True),
        ("val_a_f1_score", True),
        ("accuracy", True),
        ("val_loss", False),
        ("false_positives", False),
        ("mae", False),
    ],
)
def test_which_way_is_better(monitor, grows):
    stop = callbacks.EarlyStopping(monitor, patience=1)
    stop.model = small()
    for epoch, value in enumerate((1.0, 2.0, 3.0)):
        stop.on_epoch_end(epoch, {monitor: value})
    assert stop.model.stop_training == (not grows)


def test_nan_ends_the_run():
    model = small()
    history = model.fit(
        IDS, AIM * np.nan, epochs=5, verbose=0, callbacks=[callbacks.TerminateOnNaN()]
    )
    assert len(history.epoch) == 1


def test_what_is_shown(capsys):
    small().fit(IDS, AIM, verbose=2)
    assert capsys.readouterr().out.startswith("epoch 1/1: loss 4.5000, mae 2.0000")
    small().fit(IDS, AIM, verbose=1)
    assert "epoch 1/1: 100%" in capsys.readouterr().err
    small().fit(IDS, AIM)
    assert capsys.readouterr() == ("", "")  # quicker than half a second


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Sequential([Embedding(6, 1)]).fit(IDS, AIM), ValueError, "must call `compile"),
        (lambda: small().fit(IDS, AIM[:2]), ShapeError, "same number of samples"),
        (lambda: small().fit(IDS, AIM, validation_split=1.0), ValueError, "validation_split"),
        (lambda: small().fit(IDS, AIM, validation_data=3), ValueError, "validation_data"),
        (lambda: small().fit(IDS[:0], AIM[:0]), ShapeError, "at least one sample"),
        (lambda: small().fit(IDS, AIM, sample_weight=[1]), ShapeError, "sample_weight"),
        (
            lambda: small().fit(IDS, AIM, sample_weight=AIM, class_weight={}),
            ValueError,
            "at the same time",
        ),
        (lambda: small().fit(IDS, AIM, batch_size=0), ValueError, "batch_size"),
        (lambda: layers.deserialize({"class_name": "zz"}), ValueError, "layer identifier"),
    ],
)
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()
