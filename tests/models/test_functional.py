"""Model(inputs, outputs): one chain of layers from placeholders; everything else is refused."""

import numpy as np
import pytest

from embedlab.layers import (
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    ReversibleEmbedding,
    gradcheck,
)
from embedlab.models import MaskError, Model, Sequential
from embedlab.optimizers import Adam

WIDE = {"dtype": "float64"}
IDS = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 4]])
KERAS = r"one chain of layers\. Received .*\. Use embedlab\.keras\.Embedding in keras\.Model\."


def chain(**options):
    ids = Input((3,), name="ids")
    rows = Embedding(6, 4, seed=1, mask_zero=True, name="words", **WIDE)(ids)
    pooled = GlobalAveragePooling1D(name="mean", **WIDE)(Dense(4, "tanh", name="d", **WIDE)(rows))
    return Model(ids, pooled, **options)


def test_it_is_the_same_as_a_row_of_layers():
    layers = [Embedding(6, 4, seed=1, mask_zero=True), Dense(3, "tanh"), GlobalAveragePooling1D()]
    row = Sequential(layers)
    ids = tensor = Input((3,))
    for layer in layers:
        tensor = layer(tensor)
    model = Model(inputs=ids, outputs=tensor)
    assert model.layers == layers and model.built
    assert np.array_equal(model.predict(IDS), row.predict(IDS))
    assert model.output_shape == row.output_shape and model.count_params() == row.count_params()
    assert np.array_equal(Sequential([model]).predict(IDS), row.predict(IDS))


def test_a_chain_passes_the_gradient_check():
    assert max(gradcheck(chain(), IDS).values()) < 1e-6


def test_layer_called_twice_sums_gradients():
    x, dense = Input((4,)), Dense(4, name="d", **WIDE)
    model = Model(x, dense(dense(x)))
    assert len(model.layers) == 1 and len(model.weights) == 2
    assert max(gradcheck(model, np.ones((2, 4))).values()) < 1e-6


def test_it_trains(rng):
    ids = Input((3,))
    model = Model(ids, Dense(1)(GlobalAveragePooling1D()(Embedding(6, 4, seed=1)(ids))))
    model.compile(Adam(0.05), "mse")
    x = rng.integers(0, 6, (40, 3))
    y = x.sum(1, keepdims=True) / 6
    history = model.fit(x, y, epochs=60, verbose=0, seed=0, validation_data=(x, y)).history
    assert history["loss"][-1] < 0.5 * history["loss"][0] and "val_loss" in history
    assert model.predict(x, batch_size=7) == pytest.approx(model(x), rel=1e-5)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(history["val_loss"][-1])


def test_a_list_of_one_is_that_one():
    ids = Input((3,), name="ids")
    model = Model([ids], [GlobalAveragePooling1D()(Embedding(6, 4, seed=1)(ids))])
    model.compile("sgd", "mse")
    expected = model(IDS)
    for ids_in in (IDS, IDS.tolist(), [IDS], {"ids": IDS}):
        assert model.predict(ids_in) == pytest.approx(expected)
    assert model.evaluate([IDS], [expected], verbose=0) == pytest.approx(0, abs=1e-12)


def test_masks_are_checked_before_any_data():
    model = chain()
    assert repr(model.lint_masks()) == "[words: made, d: kept, mean: consumed]"
    ids = Input((3,))
    rows = Embedding(6, 4, mask_zero=True, name="words")(ids)
    inner = Model(ids, Dense(4, name="d")(rows), name="inner")
    assert inner.compute_mask(ids).shape == (None, 3)
    assert np.array_equal(inner.compute_mask(IDS), IDS != 0)
    outer = Model(ids, Flatten(name="flat")(inner(ids)))
    assert dict(outer.lint_masks()) == {"inner": "made", "flat": "lost here"}
    with pytest.raises(MaskError, match="does not support masking"):
        outer(IDS)


def test_a_part_of_a_model_is_a_model():
    model = chain()
    part = Model(model.input, model.get_layer("d").output)
    assert np.array_equal(part(IDS), model.layers[1](model.layers[0](IDS)))
    row = Sequential([Embedding(6, 4, input_length=3), Flatten(), Dense(2)])
    part = Model(row.input, row.layers[1].output)
    assert np.array_equal(part(IDS), row.layers[1](row.layers[0](IDS)))
    with pytest.raises(AttributeError, match="no defined output shape yet"):
        _ = Sequential([Embedding(6, 4)]).output


def test_a_config_makes_an_equal_model():
    model = chain(name="m", strict_masks="warn")
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    assert np.array_equal(again(IDS), model(IDS)) and again.strict_masks == "warn"
    assert again.get_config() == model.get_config()
    ids, table = Input((3,)), ReversibleEmbedding(6, 4, seed=1)
    tied = Model(ids, table(Dense(4)(table(ids)), reverse=True))
    again = Model.from_config(tied.get_config())
    assert len(again.layers) == 2 and again.output_shape == (None, 3, 6)


def test_a_subclass_with_a_call_predicts():
    class Subclass(Model):
        def __init__(self, units):
            super().__init__()
            self.words = Embedding(6, units)

        def call(self, ids):
            return self.words(ids)

    assert type(Subclass(3)) is Subclass and Subclass(3).predict(IDS).shape == (3, 3, 3)
    assert [type(layer) for layer in Subclass(3).layers] == [Embedding]
    my_input = Subclass(3)
    my_input.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no layers"):
        my_input.fit(IDS, np.zeros((3, 3, 3)), verbose=0)


def test_the_summary(capsys):
    chain(name="m").summary()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[2] == "Layer (type) Output shape Params"
    assert lines[4:7] == [
        "words (Embedding) (None, 3, 4) 24",
        "d (Dense) (None, 3, 4) 20",
        "mean (GlobalAveragePooling1D) (None, 4) 0",
    ]


X, Y = Input((3,)), Input((3,))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: Model([X, Y], Dense(2)(X)), KERAS),
        (lambda: Model({"x": X, "y": Y}, Dense(2)(X)), "Received 2 inputs"),
        (lambda: Model(X, [Dense(2)(X), Dense(2)(X)]), "Received 2 outputs"),
        (lambda: Dense(2, name="d")([X, Y]), "Received 2 placeholders in a list for 'd'"),
        (lambda: Dense(2)({"x": X}), KERAS),
        (lambda: Model(X, Dense(2)(Y)), "disconnected"),
        (lambda: Model(X, Y), "disconnected"),
        (lambda: Model(X, X), "must have a layer"),
        (lambda: Model(X, 3), "must be KerasTensors"),
        (lambda: Model([], Dense(2)(X)), "must be KerasTensors"),
        (lambda: Model(X), "must be KerasTensors"),
        (lambda: chain().predict([IDS, IDS]), "Received 2 arrays in x"),
        (lambda: chain().predict({"a": IDS, "b": IDS}), "Received 2 arrays in x: a, b"),
        (lambda: chain(strict_masks="no"), "strict_masks must be"),
    ],
)
def test_bad_arguments_are_refused(act, words):
    with pytest.raises(ValueError, match=words) as caught:
        act()
    assert "\n" not in str(caught.value)
