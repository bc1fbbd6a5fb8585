"""Models from placeholders: branches, shared layers, several inputs, masks, training."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers import (
    GRU,
    Add,
    Average,
    Concatenate,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    Multiply,
    gradcheck,
)
from embedlab.models import Functional, MaskError, Model, Sequential
from embedlab.optimizers import Adam

WIDE = {"dtype": "float64"}
IDS = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 4]])


def branches(merge):
    ids = Input((3,))
    rows = Embedding(6, 4, seed=1, name="words", **WIDE)(ids)
    return Model(
        ids,
        merge([Dense(4, "tanh", name="a", **WIDE)(rows), Dense(4, name="b", **WIDE)(rows), rows]),
        name="m",
    )


@pytest.mark.parametrize(
    "make", [Add, Average, Multiply, Concatenate, lambda **o: Concatenate(axis=1, **o)]
)
def test_branches_pass_the_gradient_check(make):
    model = branches(make(**WIDE))
    assert type(model) is Functional and isinstance(model, Model)
    errors = gradcheck(model, IDS)
    assert set(errors) == {"words/embeddings", "a/kernel", "a/bias", "b/kernel", "b/bias"}
    assert max(errors.values()) < 1e-6


def test_a_shared_layer_gets_the_sum_of_its_gradients():
    left, right = Input((3,)), Input((3,))
    words = Embedding(6, 4, seed=1, name="words", **WIDE)
    model = Model([left, right], Concatenate(**WIDE)([words(left), words(right)]))
    assert len(model.layers) == 2 and len(model.weights) == 1
    other = IDS[::-1].copy()
    out, contexts = model.forward([IDS, other])
    assert np.array_equal(out, np.concatenate([words(IDS), words(other)], -1))
    sent = np.random.default_rng(0).normal(size=out.shape)
    gradients = model.backward(contexts, sent)
    one = words.backward(words.forward(IDS)[1], sent[..., :4]).weights["embeddings"]
    two = words.backward(words.forward(other)[1], sent[..., 4:]).weights["embeddings"]
    both = gradients.weights["words/embeddings"]
    assert both.to_dense() == pytest.approx(one.to_dense() + two.to_dense())
    assert gradients.inputs == [None, None]
    dense = Dense(4, name="d", **WIDE)
    x = Input((4,))
    assert max(gradcheck(Model(x, dense(dense(x))), np.ones((2, 4))).values()) < 1e-6


def test_it_trains_with_several_inputs_and_validation(rng):
    left, right = Input((3,)), Input((3,))
    words = Embedding(6, 4, seed=1)
    pooled = [GlobalAveragePooling1D()(words(side)) for side in (left, right)]
    model = Model(inputs=[left, right], outputs=Dense(1)(Add()(pooled)))
    model.compile(Adam(0.05), "mse", ["mae"])
    x = [rng.integers(0, 6, (40, 3)), rng.integers(0, 6, (40, 3))]
    y = x[0].sum(1, keepdims=True) / 6
    history = model.fit(x, y, epochs=60, verbose=0, seed=0, validation_split=0.25).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert model.predict(x, batch_size=7).shape == (40, 1)
    assert model.predict(x, batch_size=7) == pytest.approx(model(x), rel=1e-5)
    assert len(model.evaluate(x, y, verbose=0)) == 2 == len(model.train_on_batch(x, y))
    given = model.fit(x, y, verbose=0, validation_data=(x, y))
    assert "val_mae" in given.history


def test_it_is_the_same_as_a_row_of_layers(rng):
    layers = [Embedding(6, 4, seed=1, mask_zero=True), Dense(3, "tanh"), GlobalAveragePooling1D()]
    row = Sequential(layers)
    ids = Input((3,))
    flowing = ids
    for layer in layers:
        flowing = layer(flowing)
    model = Model(ids, flowing)
    assert np.array_equal(model.predict(IDS), row.predict(IDS))
    assert model.output_shape == row.output_shape and model.count_params() == row.count_params()
    assert np.array_equal(Sequential([model]).predict(IDS), row.predict(IDS))


def test_masks_travel_and_meet():
    ids = Input((3,))
    one, two = Embedding(6, 4, mask_zero=True)(ids), Embedding(6, 4)(ids)
    assert Model(ids, Add()([one, two])).compute_mask(IDS).tolist() == (IDS != 0).tolist()
    along = Model(ids, Concatenate(axis=1)([one, two])).compute_mask(IDS)
    assert along.tolist() == np.concatenate([IDS != 0, np.ones((3, 3), bool)], 1).tolist()
    with pytest.raises(MaskError, match="does not support masking"):
        Model(ids, Flatten()(one))(IDS)


def test_masks_are_linted_before_any_data():
    left, right = Input((3,)), Input((3,))
    words = Embedding(6, 4, mask_zero=True, name="words")
    inner = Model(left, Dense(4, name="d")(words(left)), name="inner")
    turned = GRU(2, return_sequences=True, return_state=True, go_backwards=True, name="gru")
    outs = turned(Add(name="add")([inner(left), words(right)]))
    model = Model([left, right], [GRU(2, name="end")(outs[0]), Flatten(name="flat")(outs[0])])
    want = {
        "inner": "made",
        "words": "made",
        "add": "kept",
        "gru": "kept",
        "end": "consumed",
        "flat": "lost here",
    }
    assert dict(model.lint_masks()) == want
    with pytest.raises(MaskError, match="flat"):
        model([IDS, IDS])
    assert inner.compute_mask(left).shape == (None, 3)
    assert np.array_equal(inner.compute_mask(IDS), IDS != 0)


def test_several_outputs_can_be_called_and_sent_back():
    ids = Input((3,))
    rows = Embedding(6, 4, seed=1, name="e", **WIDE)(ids)
    model = Model(ids, [rows, GlobalAveragePooling1D(**WIDE)(rows)])
    (out, mean), contexts = model.forward(IDS)
    assert model.output_shape == [(None, 3, 4), (None, 4)] and mean.shape == (3, 4)
    full = model.backward(contexts, [out, np.zeros_like(mean)]).weights["e/embeddings"]
    none = model.backward(contexts, [out, None]).weights["e/embeddings"]
    assert np.array_equal(full.to_dense(), none.to_dense())
    made = model.predict(IDS, batch_size=2)
    assert [np.array_equal(one, two) for one, two in zip(made, [out, mean], strict=True)] == [
        True,
        True,
    ]


def test_a_subclass_is_no_functional_model():
    class Mine(Model):
        def __init__(self, units):
            super().__init__()
            self.words = Embedding(6, units)

        def call(self, ids):
            return self.words(ids)

    assert type(Mine(3)) is Mine and Mine(3).predict(IDS).shape == (3, 3, 3)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Model(Input((3,)), Embedding(6, 4)(Input((3,)))), ValueError, "disconnected"),
        (lambda: Add()(np.ones(3)), ValueError, "list of at least 2 inputs"),
        (lambda: Add()([np.ones(3), np.ones(4)]), ShapeError, "one shape"),
        (lambda: Concatenate()([np.ones((2, 3)), np.ones((3, 3))]), ShapeError, "matching shapes"),
        (lambda: Model([Input((3,)), Input((3,))], Input((2,))), ValueError, "disconnected"),
        (lambda: Model(Input((3,)), {"a": Input((3,))}), ValueError, "disconnected"),
        (lambda: Model(Input((3,)), {"a": [3]}), ValueError, "must be KerasTensors"),
        (lambda: Model([], Input((3,))), ValueError, "must be KerasTensors"),
    ],
)
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_a_list_of_one_is_that_one():
    ids = Input((3,), name="ids")
    rows = Embedding(6, 4, seed=1)(ids)
    model = Model([ids], [GlobalAveragePooling1D()(rows)])
    model.compile("sgd", "mse")
    want = model.layers[0](IDS).mean(1)
    for given in (IDS, IDS.tolist(), [IDS], {"ids": IDS}):
        assert model(given) == pytest.approx(want) and model.predict(given) == pytest.approx(want)
        model.evaluate(given, want, verbose=0)
    assert model.evaluate([IDS], [want], verbose=0) == pytest.approx(0, abs=1e-12)
    assert model.output_shape == (None, 4) and model.output_names == [model.layers[-1].name]


def test_inputs_go_by_their_names(rng):
    left, right = Input((3,), name="left"), Input((3,), name="right")
    words = Embedding(6, 4, seed=1)
    model = Model([left, right], Concatenate()([words(left), words(right)]))
    other = IDS[::-1]
    assert np.array_equal(model({"right": other, "left": IDS}), model([IDS, other]))
    assert np.array_equal(model.predict({"right": other, "left": IDS}), model([IDS, other]))
    with pytest.raises(ValueError, match=r"by their names \['left', 'right'\]"):
        model({"left": IDS})


def test_a_model_in_a_model():
    ids = Input((3,))
    inner = Model([ids], [Embedding(6, 4, seed=1, name="e", **WIDE)(ids)], name="inner")
    many = Model(ids, [inner(ids), Dense(2, **WIDE)(inner(ids))], name="many")
    start = Input((3,))
    rows, few = many(start)
    model = Model(start, Concatenate(**WIDE)([rows, few]))
    assert model(IDS).shape == (3, 3, 6)
    assert max(gradcheck(model, IDS).values()) < 1e-6


def test_a_part_of_a_model_is_a_model(rng):
    ids = Input((3,))
    rows = Embedding(6, 4, seed=1, name="words")(ids)
    model = Model(ids, [GlobalAveragePooling1D(name="mean")(rows), Flatten(name="flat")(rows)])
    part = Model(model.input, model.get_layer("mean").output)
    assert np.array_equal(part(IDS), model(IDS)[0])
    assert [t is u for t, u in zip(model.output, model.outputs, strict=True)] == [True, True]
    row = Sequential([Embedding(6, 4, input_length=3), Flatten(), Dense(2)])
    part = Model(row.input, row.layers[1].output)
    assert np.array_equal(part(IDS), row.layers[1](row.layers[0](IDS)))
    with pytest.raises(AttributeError, match="no defined output shape yet"):
        _ = Sequential([Embedding(6, 4)]).output


def test_the_summary_of_branches(capsys):
    left, right = Input((3,), name="left"), Input((3,), name="right")
    words = Embedding(6, 4, name="words")
    states = GRU(2, return_state=True, name="gru")(words(right))
    mean = GlobalAveragePooling1D(name="mean")(words(left))
    ends = [Dense(1, name="a")(mean), Concatenate(name="b")([mean, states[1]])]
    Model([left, right], ends, name="m").summary()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[2] == "Layer (type) Output shape Params Connected to"
    assert lines[4:9] == [
        "words (Embedding) (None, 3, 4) 24 left, right",
        "mean (GlobalAveragePooling1D) (None, 4) 0 words",
        "a (Dense) (None, 1) 5 mean",
        "gru (GRU) [(None, 2), (None, 2)] 48 words",
        "b (Concatenate) (None, 6) 0 mean, gru",
    ]


def test_inputs_are_counted():
    left, right = Input((3,)), Input((3,))
    model = Model([left, right], Add()([Embedding(6, 4)(left), Embedding(6, 4)(right)]))
    with pytest.raises(ValueError, match=r"needs 2 inputs\. Received 1"):
        model([IDS])
    with pytest.raises(ShapeError, match="equally many samples"):
        model.predict([IDS, IDS[:1]])
