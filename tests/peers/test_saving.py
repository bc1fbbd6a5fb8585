"""Files both ways with Keras 3.15.1: what one writes the other reads, and computes the same."""

import numpy as np
import pytest

from embedlab import layers as ours
from embedlab.models import Sequential, load_model

IDS = np.random.default_rng(3).integers(0, 9, (4, 6))


def made(lab, stack):
    """The same model in either library, with the same weights."""
    model = (lab.Sequential if hasattr(lab, "Sequential") else Sequential)(stack(lab.layers))
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


class Ours:
    layers = ours


def text(la):
    return [la.Input((6,)), la.Embedding(9, 4, mask_zero=True), la.GlobalAveragePooling1D(),
            la.Dense(3, activation="relu"), la.Dense(2)]  # fmt: skip


def windows(la):
    return [la.Input((6,)), la.Embedding(9, 4), la.Conv1D(5, 3, padding="same", activation="tanh"),
            la.LayerNormalization(), la.Dropout(0.5), la.Flatten(), la.Dense(2)]  # fmt: skip


def recurrent(la):
    return [la.Input((6,)), la.Embedding(9, 4, mask_zero=True), la.GRU(3, return_sequences=True),
            la.LSTM(3, return_sequences=True), la.SimpleRNN(2)]  # fmt: skip


def shaped(la):
    return [la.Input((6,)), la.Embedding(9, 4), la.Reshape((3, 8)), la.Masking(),
            la.GlobalAveragePooling1D()]  # fmt: skip


def punished(la):
    return [la.Input((6,)),
            la.Embedding(9, 4, "he_normal", "l2", "unit_norm", name="words"),
            la.Dense(2, kernel_regularizer="l1", kernel_constraint="max_norm")]  # fmt: skip


def nested(la):
    kind = Sequential if la is ours else la.Sequential
    return [la.Input((6,)), kind([la.Input((6,)), la.Embedding(9, 4)], name="inner"), la.Dense(2)]


STACKS = [text, windows, recurrent, shaped, punished, nested]


@pytest.fixture
def theirs(keras):
    class Theirs:
        layers = keras.layers
        Sequential = keras.Sequential

    keras.layers.Sequential = keras.Sequential  # for `nested`
    yield Theirs
    del keras.layers.Sequential


def same(a, b):
    np.testing.assert_allclose(np.asarray(a(IDS)), np.asarray(b(IDS)), rtol=2e-5, atol=2e-6)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("stack", STACKS)
def test_keras_reads_our_model(stack, theirs, keras, tmp_path):
    model = made(Ours, stack)
    model.save(tmp_path / "m.keras")
    same(model, keras.saving.load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("stack", STACKS)
def test_we_read_keras_s_model(stack, theirs, tmp_path):
    model = made(theirs, stack)
    model.save(tmp_path / "m.keras")
    same(model, load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("stack", STACKS)
def test_weights_both_ways(stack, theirs, tmp_path):
    mine, their = made(Ours, stack), made(theirs, stack)
    zero = [np.zeros_like(w) for w in mine.get_weights()]
    want = mine.get_weights()
    mine.save_weights(tmp_path / "mine.weights.h5")
    their.set_weights(zero)
    their.load_weights(tmp_path / "mine.weights.h5")
    same(mine, their)
    their.save_weights(tmp_path / "their.weights.h5")
    mine.set_weights(zero)
    mine.load_weights(tmp_path / "their.weights.h5")
    for one, other in zip(mine.get_weights(), want, strict=True):
        np.testing.assert_array_equal(one, other)


COMPILED = [("adam", "mse", ["mae"]), ("sgd", "huber", None), ("rmsprop", "log_cosh", ["mse"]),
            ("adagrad", "sparse_categorical_crossentropy", ["accuracy"])]  # fmt: skip


@pytest.mark.parametrize(("optimizer", "loss", "judged"), COMPILED)
def test_keras_reads_how_we_trained(optimizer, loss, judged, theirs, keras, tmp_path):
    model = made(Ours, text)
    model.compile(optimizer, loss, judged)
    sparse = loss.startswith("sparse")
    model.fit(IDS, np.ones(4, int) if sparse else np.ones((4, 2)), epochs=3, verbose=0)
    model.save(tmp_path / "m.keras")
    read = keras.saving.load_model(tmp_path / "m.keras")
    assert (type(read.optimizer).__name__, int(read.optimizer.iterations)) == (
        type(model.optimizer).__name__, 3)  # fmt: skip
    states = [model.optimizer.state(v)[s] for v in model.weights for s in model.optimizer.slots]
    for one, other in zip(read.optimizer.variables[2:], states, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad", "sgd"])
def test_we_read_how_keras_trained(optimizer, theirs, keras, tmp_path):
    model = made(theirs, text)
    model.compile(optimizer, "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(2)
    model.optimizer.iterations.assign(7)
    for variable in model.optimizer.variables[2:]:
        variable.assign(rng.normal(size=variable.shape))
    model.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    assert read.optimizer.iterations == 7
    assert read.optimizer.learning_rate == pytest.approx(float(model.optimizer.learning_rate))
    states = [read.optimizer.state(v)[s] for v in read.weights for s in read.optimizer.slots]
    for one, other in zip(model.optimizer.variables[2:], states, strict=True):
        np.testing.assert_array_equal(one, other)
    read.fit(IDS, np.ones((4, 2)), verbose=0)
    assert read.optimizer.iterations == 8


def test_keras_passes_by_what_it_has_no_word_for(theirs, keras, tmp_path):
    model = Sequential([ours.Embedding(9, 4, input_length=6, seed=3, padding_idx=0, oob="clip",
                                       max_norm=5.0), ours.GlobalAveragePooling1D()])  # fmt: skip
    model.save(tmp_path / "m.keras")
    same(model, keras.saving.load_model(tmp_path / "m.keras"))
    assert load_model(tmp_path / "m.keras").layers[0].get_config() == model.layers[0].get_config()
