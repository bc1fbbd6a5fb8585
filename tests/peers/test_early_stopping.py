"""EarlyStopping against Keras's own callback, epoch by epoch, over random curves."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from embedlab.callbacks import EarlyStopping

LEVELS = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0]
"""Few and exact in binary, so that equal values and steps of exactly `min_delta` are frequent."""

curves = st.lists(st.sampled_from([*LEVELS, np.nan, np.inf]), min_size=1, max_size=12)
options = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max", "auto"]),
        "min_delta": st.sampled_from([0.0, 0.25, 0.5, -0.5]),
        "patience": st.integers(0, 4),
        "baseline": st.sampled_from([None, 0.25, 1.0, 2.5]),
        "restore_best_weights": st.booleans(),
    }
)


class Recorder:
    """A model whose only weight is the number of the epoch that it has reached."""

    def __init__(self):
        self.stop_training, self.epoch, self.restored = False, None, None
        self.metrics = []

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.restored = weights


def run(callback, curve):
    """Return the model after a training run with the losses of `curve`, and the callback."""
    model = Recorder()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(curve):
        model.epoch = epoch
        callback.on_epoch_end(epoch, {"val_loss": value})
        if model.stop_training:
            break
    callback.on_train_end()
    return model, callback


@given(curve=curves, options=options)
@settings(max_examples=600)
def test_it_stops_and_restores_as_keras(keras, curve, options):
    assume(not np.isnan(curve[0]))  # see the test below
    runs = [run(kind(**options), curve) for kind in (EarlyStopping, keras.callbacks.EarlyStopping)]
    (ours, our_stopping), (theirs, keras_stopping) = runs
    assert (ours.epoch, ours.stop_training) == (theirs.epoch, theirs.stop_training)
    assert ours.restored == theirs.restored
    assert (our_stopping.stopped_epoch, our_stopping.wait) == (
        keras_stopping.stopped_epoch,
        keras_stopping.wait,
    )
    if options["restore_best_weights"]:
        assert our_stopping.best_epoch == keras_stopping.best_epoch


@pytest.mark.parametrize("kind", ["ours", "keras"])
def test_the_best_epoch_under_a_baseline_that_is_never_reached(keras, kind):
    """In numbers: the third of five epochs is the best, although the baseline is better still."""
    callback = {"ours": EarlyStopping, "keras": keras.callbacks.EarlyStopping}[kind]
    stop = callback(patience=3, baseline=0.5, restore_best_weights=True)
    model, _ = run(stop, [3.0, 2.0, 1.0, 1.5, 1.7])
    assert (model.restored, stop.best_epoch, stop.stopped_epoch) == (2, 2, 3)


def test_nothing_is_better_than_a_first_nan_in_keras_alone(keras):
    options, curve = {"patience": 2, "restore_best_weights": True}, [np.nan, 2.0, 1.0, 5.0, 5.0]
    model, _ = run(keras.callbacks.EarlyStopping(**options), curve)
    assert (model.epoch, model.restored) == (2, 0)
    model, _ = run(EarlyStopping(**options), curve)
    assert (model.epoch, model.restored) == (4, 2)
