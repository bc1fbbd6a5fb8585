"""Models with dicts, and lists and dicts inside each other, at both ends. Keras's: tests/peers."""

import numpy as np
import pytest

from embedlab.layers import (
    Add,
    Concatenate,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    Input,
    Layer,
    gradcheck,
)
from embedlab.layers.structure import Mismatch, flat, packed, up_to
from embedlab.models import Model, load_model

IDS = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 4], [2, 2, 2]])
OTHER = IDS[::-1]
P, Q = np.arange(4.0)[:, None], np.linspace(-1, 1, 8).reshape(4, 2)
BOTH = {"right": OTHER, "left": IDS}


def made(inputs=None, outputs=None, **about):
    """A model on "left" and "right" with the ends p (.., 1) and q (.., 2)."""
    left, right = Input((3,), name="left"), Input((3,), name="right")
    words = Embedding(6, 4, seed=1, name="words", **about)
    mean = GlobalAveragePooling1D(name="mean", **about)
    both = Concatenate(name="both", **about)([mean(words(left)), mean(words(right))])
    p, q = Dense(1, name="p", **about)(both), Dense(2, name="q", **about)(both)
    inputs, outputs = inputs or (lambda a, b: [a, b]), outputs or (lambda p, q: {"y": q, "x": p})
    model = Model(inputs(left, right), outputs(p, q))
    model.set_weights([np.linspace(-1, 1, w.size).reshape(w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("inputs", "given"),
    [
        (lambda a, b: [a, b], [IDS, OTHER]),
        (lambda a, b: (a, b), (IDS, OTHER)),
        (lambda a, b: [a, b], {**BOTH, "more": 3}),
        (lambda a, b: {"left": a, "right": b}, BOTH),
        (lambda a, b: {"right": b, "left": a}, BOTH),
        (lambda a, b: {"right": b, "left": a}, {**BOTH, "a": 3}),
        (lambda a, b: {"left": a, "right": b}, [IDS, OTHER]),
        (lambda a, b: [[a], {"k": b}], [[IDS], {"k": OTHER}]),
        (lambda a, b: {"two": (a, b)}, {"two": [IDS, OTHER]}),
    ],
)
def test_inputs_come_in_their_form(inputs, given):
    model, want = made(inputs), made()([IDS, OTHER])
    for found in (model(given), model.predict(given), model.predict_on_batch(given)):
        assert list(found) == ["y", "x"]
        assert np.array_equal(found["x"], want["x"]) and np.array_equal(found["y"], want["y"])


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        (lambda p, q: {"y": q, "x": p}, dict),
        (lambda p, q: [p, q], list),
        (lambda p, q: (p, q), tuple),
        (lambda p, q: [{"k": p}, q], list),
        (lambda p, q: {"k": (p, [q])}, dict),
        (lambda p, q: {"k": p}, dict),
    ],
)
def test_outputs_go_in_their_form(outputs, kind):
    model = made(outputs=outputs)
    want = outputs(*(made(outputs=lambda p, q: [p, q])([IDS, OTHER])))
    for found in (model([IDS, OTHER]), model.predict([IDS, OTHER], batch_size=3)):
        assert type(found) is kind and str(np.shape(flat(found)[0])) == str(flat(want)[0].shape)
        for mine, one in zip(flat(found), flat(want), strict=True):
            np.testing.assert_allclose(mine, one, rtol=1e-5)
    assert flat(model.output) == model.outputs and type(model.output) is kind
    assert len(model.output_names) == len(model.outputs)


def test_a_dict_is_told_by_its_keys():
    model = made()
    told = {"x": "mse", "y": "mae"}
    model.compile("sgd", told, {"y": ["mse"], "x": "mae"}, loss_weights={"x": 0.5, "y": 2.0})
    found = model.evaluate(BOTH, {"x": P, "y": Q}, verbose=0, return_dict=True)
    guess = model(BOTH)
    x, y = np.mean((guess["x"] - P) ** 2), np.mean(np.abs(guess["y"] - Q))
    assert list(found) == ["loss", "x_loss", "y_loss", "x_mae", "y_mse"]
    assert found["loss"] == pytest.approx(0.5 * x + 2 * y)
    assert (found["x_loss"], found["y_loss"]) == pytest.approx((x, y))


def test_losses_are_listed_as_they_were_told():
    model = made()
    model.compile("sgd", {"y": "mae", "x": "mse"})
    turned = model.evaluate(BOTH, {"x": P, "y": Q}, verbose=0)
    model.compile("sgd", ["mse", "mae"])  # a list goes by sorted keys
    plain = model.evaluate(BOTH, {"x": P, "y": Q}, verbose=0)
    assert turned == [plain[0], plain[2], plain[1]]


def test_deep_outputs_have_their_way_in_the_name():
    model = made(outputs=lambda p, q: {"k": [p, {"z": q}]})
    model.compile("sgd", {"k": ["mse", {"z": "mae"}]}, {"k": [["mae"], {"z": None}]})
    history = model.fit(BOTH, {"k": [P, {"z": Q}]}, verbose=0, validation_split=0.5).history
    assert list(history)[:4] == ["loss", "k/p_loss", "k/1/z_loss", "p_mae"]
    assert "val_k/p_loss" in history


def test_it_learns_and_comes_back_from_a_file(tmp_path):
    model = made(lambda a, b: {"left": a, "right": [b]})
    model.compile("adam", {"y": "mae", "x": "mse"}, metrics={"x": ["mae"]}, loss_weights={"x": 2.0})
    x, y = {"left": IDS, "right": [OTHER]}, {"x": P, "y": Q}
    weights = {"x": np.arange(4.0), "y": np.ones(4)}
    run = model.fit(x, y, epochs=30, verbose=0, sample_weight=weights, validation_data=(x, y))
    assert run.history["loss"][-1] < run.history["loss"][0]
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert again.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert all(map(np.array_equal, again.get_weights(), model.get_weights()))
    assert again.get_config() == model.get_config()


def test_what_has_no_loss_needs_no_target():
    model = made()
    model.compile("sgd", {"y": "mse"})
    before = model.get_layer("p").get_weights()
    for y in ({"y": Q}, {"x": P, "y": Q}, [Q], [P, Q]):
        model.fit(BOTH, y, verbose=0)
    assert all(map(np.array_equal, before, model.get_layer("p").get_weights()))


def test_a_model_with_dicts_is_a_layer():
    wide = {"dtype": "float64"}
    inner = made(lambda a, b: {"left": a, "right": b}, **wide)
    ids = Input((3,), name="ids")
    first = inner({"right": ids, "left": ids})
    again = inner({"left": ids, "right": ids})
    total = Add(**wide)([first["x"], again["x"], Dense(1, name="d", **wide)(first["y"])])
    model = Model(ids, {"total": total})
    there = inner([IDS, IDS])
    weights = model.get_layer("d").get_weights()
    want = 2 * there["x"] + there["y"] @ weights[0] + weights[1]
    np.testing.assert_allclose(model(IDS)["total"], want, rtol=1e-6)
    assert max(gradcheck(Model(ids, total), IDS).values()) < 1e-6


def test_masks_travel_through_dicts():
    left, right = Input((3,), name="left"), Input((3,), name="right")
    words = Embedding(6, 4, mask_zero=True, seed=1)
    model = Model({"left": left, "right": right}, {"b": words(left), "a": words(right)})
    made, masks = model.call_with_mask({"left": IDS, "right": OTHER})
    assert np.array_equal(masks["b"], IDS != 0) and np.array_equal(masks["a"], OTHER != 0)
    assert made["b"].shape == (4, 3, 4) and [note.verdict for note in model.lint_masks()] == [
        "made",
        "made",
    ]
    left, right = Input((3, 4), name="left"), Input((3, 4), name="right")
    mean = GlobalAveragePooling1D()
    model = Model({"left": left, "right": right}, [mean(left), mean(right)])
    given = {"left": made["b"], "right": made["a"]}
    found = model(given, mask={"left": masks["b"], "right": None})
    np.testing.assert_allclose(found[0][1], made["b"][1, 0], rtol=1e-6)  # one word is left
    np.testing.assert_allclose(found[1], made["a"].mean(axis=1), rtol=1e-6)


def test_keys_that_are_no_names_are_warned_of():
    left = Input((3,), name="left")
    with pytest.warns(UserWarning, match="all keys in the dict must match the names"):
        model = Model({"ids": left}, Embedding(6, 4, seed=1)(left))
    assert model({"ids": IDS}).shape == (4, 3, 4)


def test_a_model_of_ones_own_may_give_a_dict():
    class Two(Layer):
        def call(self, inputs):
            return {"twice": 2 * inputs, "same": [inputs]}

    class Own(Model):
        def __init__(self):
            super().__init__()
            self.two = Two()

        def call(self, inputs):
            return self.two(inputs)

    found = Own().predict(np.arange(5.0)[:, None], batch_size=2)
    assert found["twice"].ravel().tolist() == [0, 2, 4, 6, 8]
    assert found["same"][0].ravel().tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda m: m({"left": IDS}), "missing data for an input"),
        (lambda m: m([IDS, OTHER]), "needs 2 inputs"),  # its keys do not stand sorted
        (lambda m: m([IDS]), "needs 2 inputs"),
        (lambda m: m.compile("sgd", {"x": "mse", "p": "mse"}), r"Expected keys \['x', 'y'\]"),
        (lambda m: m.compile("sgd", ["mse"]), "loss must hold one for each"),
        (lambda m: m.compile("sgd", "mse", {"p": "mae"}), "Invalid `metrics`"),
        (lambda m: m.compile("sgd", "mse", ["mae"]), "Invalid `metrics`"),
        (lambda m: m.fit(BOTH, {"x": P}, verbose=0), "y must hold one array for each"),
        (lambda m: m.fit(BOTH, {"x": P, "y": Q, "z": Q}, verbose=0), "y must hold one array"),
        (lambda m: m.fit(BOTH, {"x": P, "y": Q[:3]}, verbose=0), "same number of samples"),
        (lambda m: m.fit(BOTH, {"x": P, "y": Q}, sample_weight={"z": P}), "Expected keys"),
    ],
)
def test_refusals(act, words):
    model = made(lambda a, b: {"right": b, "left": a})
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=words):
        act(model)


def test_forms_that_differ_are_refused():
    for form, told in (([1, 2], [1]), ({"a": 1}, [1]), ({"a": 1}, {"b": 1}), ([[1]], [2])):
        with pytest.raises(Mismatch):
            up_to(form, told)
    with pytest.raises(Mismatch):
        up_to({"a": 1, "b": 2}, {"a": 1}, whole=True)
    assert packed(({"b": 1, "a": [2]}, 3), "xyz") == ({"b": "y", "a": ["x"]}, "z")
