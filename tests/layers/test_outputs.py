"""Models with several outputs: losses, weights, metrics, targets, and penalties on the way."""

import numpy as np
import pytest

from embedlab import models
from embedlab.core.checks import ShapeError
from embedlab.layers import GRU, LSTM, Add, Dense, Embedding, GlobalAveragePooling1D, Input
from embedlab.losses import MeanSquaredError
from embedlab.models import Model, Sequential
from embedlab.models.several import Several
from embedlab.models.step import train_step
from embedlab.optimizers import SGD
from embedlab.regularizers import L2

IDS = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 4], [2, 2, 2]])
A, B = np.arange(4.0)[:, None], np.linspace(-1, 1, 8).reshape(4, 2)


@pytest.fixture(autouse=True)
def same_start(monkeypatch):
    """Return Dense a seed: two models of a test begin alike."""
    drawn = Dense.build

    def build(self, input_shape=None):
        drawn(self, input_shape)
        self.kernel.assign(np.linspace(-1, 1, self.kernel.size).reshape(self.kernel.shape))

    monkeypatch.setattr(Dense, "build", build)


def two(**options):
    ids = Input((3,), name="ids")
    mean = GlobalAveragePooling1D(name="mean")(Embedding(6, 4, seed=1, name="words")(ids))
    return Model(ids, [Dense(1, name="a")(mean), Dense(2, name="b", **options)(mean)], name="two")


@pytest.mark.parametrize(
    ("loss", "weights", "want"),
    [
        ("mse", None, ("mse", "mse", 1, 1)),
        (["mse", "mae"], None, ("mse", "mae", 1, 1)),
        ({"b": "mae", "a": "mse"}, {"a": 0.5, "b": 3.0}, ("mse", "mae", 0.5, 3)),
        (["mse", "mae"], {"b": 2}, ("mse", "mae", 1, 2)),
        ({"b": "mae", "a": "mse"}, [1, 0.25], ("mse", "mae", 1, 0.25)),
        ("mae", 2.0, ("mae", "mae", 2, 2)),
        (["mse", None], None, ("mse", None, 1, 0)),
        ({"a": None, "b": "mse"}, None, (None, "mse", 0, 1)),
    ],
)
def test_the_loss_is_the_weighted_sum(loss, weights, want):
    model = two()
    model.compile(SGD(0.1), loss, loss_weights=weights)
    made = model(IDS)
    errors = {"mse": lambda y, p: np.mean((y - p) ** 2), "mae": lambda y, p: np.mean(abs(y - p))}
    parts = [errors[n](y, p) if n else None for n, y, p in zip(want[:2], (A, B), made, strict=True)]
    total = sum(p * w for p, w in zip(parts, want[2:], strict=True) if p is not None)
    found = model.evaluate(IDS, [A, B], verbose=0, return_dict=True)
    told = {f"{n}_loss": p for n, p in zip("ab", parts, strict=True)} if all(want[:2]) else {}
    assert found == pytest.approx({"loss": total, **told})


def test_the_gradient_is_that_of_the_weighted_sum():
    model = two()
    model.compile(SGD(1.0), ["mse", "mae"], loss_weights=[0.5, 3.0])
    before = [w.copy() for w in model.get_weights()]
    alone = []
    for n, (loss, y) in enumerate((("mse", A), ("mae", B))):
        model.set_weights(before)
        model.compile(SGD(1.0), [loss if n == m else None for m in range(2)])
        model.train_on_batch(IDS, [y])  # only where there is a loss
        alone.append([b - w for b, w in zip(before, model.get_weights(), strict=True)])
    model.set_weights(before)
    model.compile(SGD(1.0), ["mse", "mae"], loss_weights=[0.5, 3.0])
    model.train_on_batch(IDS, [A, B])
    for start, end, one, other in zip(before, model.get_weights(), *alone, strict=True):
        np.testing.assert_allclose(start - end, 0.5 * one + 3 * other, rtol=1e-4, atol=1e-6)


def test_an_output_without_a_loss_learns_nothing():
    model = two()
    model.compile(SGD(0.1), ["mse", None])
    before = model.get_layer("b").get_weights()
    model.fit(IDS, [A, None], verbose=0)
    assert all(map(np.array_equal, before, model.get_layer("b").get_weights()))


def test_targets_come_in_a_list_or_by_name():
    model = two()
    model.compile(SGD(0.0), "mse")
    want = model.evaluate(IDS, [A, B], verbose=0)
    assert len(want) == 3
    assert model.evaluate(IDS, {"b": B, "a": A}, verbose=0) == want
    assert model.evaluate(IDS, (A, B), batch_size=3, verbose=0) == pytest.approx(want)
    assert model.test_on_batch(IDS, [A, B]) == want == model.train_on_batch(IDS, [A, B])


def test_metrics_are_called_after_their_output():
    model = two()
    for told in ([["mae"], ["mse", "mae"]], {"b": ["mse", "mae"], "a": "mae"}):
        model.compile(SGD(0.0), "mse", metrics=told)
        history = model.fit(IDS, [A, B], verbose=0, validation_split=0.5).history
        names = ["loss", "a_loss", "b_loss", "a_mae", "b_mae", "b_mse"]
        assert list(history)[:6] == names and f"val_{names[-1]}" in history
        assert history["b_mse"] == pytest.approx(history["b_loss"])
    model.compile("sgd", "mse", metrics=[["mae"], None], weighted_metrics=[["mae"], ["mae"]])
    found = model.evaluate(IDS, [A, B], verbose=0, return_dict=True)
    assert list(found)[3:] == ["a_mae", "a_weighted_mae", "b_mae"]


def test_weights_of_samples_for_all_outputs_or_each():
    model = two()
    model.compile(SGD(0.0), "mse")
    weight = np.array([0.0, 1.0, 2.0, 1.0])
    want = model.evaluate(IDS, [A, B], verbose=0, sample_weight=weight)
    assert model.evaluate(IDS, [A, B], verbose=0, sample_weight=[weight, weight]) == want
    assert model.evaluate(IDS, [A, B], verbose=0, sample_weight={"a": weight, "b": weight}) == want
    plain, mixed = (
        model.evaluate(IDS, [A, B], verbose=0, sample_weight=told)
        for told in (None, [weight, None])
    )
    assert mixed[1] == want[1] != plain[1] and mixed[2] == plain[2] != want[2]


def test_it_learns_both_and_comes_back_from_a_file(tmp_path):
    model = two()
    model.compile("adam", {"a": "mse", "b": "mae"}, [["mae"], None], loss_weights={"a": 2.0})
    model.fit(IDS, [A, B], epochs=3, verbose=0)
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras")
    assert again.output_names == ["a", "b"] and again.goals.weights == {"a": 2.0}
    assert again.evaluate(IDS, [A, B], verbose=0) == model.evaluate(IDS, [A, B], verbose=0)
    assert again.train_on_batch(IDS, [A, B]) == model.train_on_batch(IDS, [A, B])
    assert all(map(np.array_equal, again.get_weights(), model.get_weights()))


def test_a_penalty_pulls_where_no_loss_does():
    model = two(activity_regularizer=L2(1.0))
    model.compile(SGD(0.1), ["mse", None])
    model.get_layer("words").trainable = False
    length = np.abs(model(IDS)[1]).sum()
    model.fit(IDS, [A], epochs=20, verbose=0)
    assert np.abs(model(IDS)[1]).sum() < 0.9 * length


@pytest.mark.parametrize("nested", [False, True])
def test_a_shared_layer_pays_for_every_call(nested):
    left, right = Input((3,)), Input((3,))
    words = Embedding(6, 2, "ones", activity_regularizer="l1", name="words")
    if nested:
        words = Sequential([words])
    model = Model([left, right], [words(left), words(right)])
    model([IDS, IDS])
    one_call = 0.01 * 3 * 2
    assert sum(model.losses) == pytest.approx(2 * one_call)
    model([IDS, IDS])  # another pass begins anew
    assert sum(model.losses) == pytest.approx(2 * one_call)
    model.compile(SGD(1.0), "mse")
    ones = np.ones((4, 3, 2))
    loss = model.train_on_batch([IDS, IDS], [ones, ones])
    assert loss[0] == pytest.approx(2 * one_call)
    counts = 2 * np.bincount(IDS.ravel(), minlength=6) / 4
    assert model.get_weights()[0][:, 0] == pytest.approx(1 - 0.01 * counts)


@pytest.mark.parametrize("kind", [GRU, LSTM])
def test_states_pay_too(kind, rng):
    layer = kind(
        2, return_state=True, return_sequences=True, activity_regularizer="l2", dtype="float64"
    )
    x = rng.normal(size=(3, 4, 5))
    made = layer(x)
    want = sum(0.01 * np.sum(part**2) / 3 for part in made)
    assert layer.losses == [pytest.approx(want)]
    _, _, context = layer.forward_with_mask(x)
    gradients = layer.backward_through(context, [None] * len(made))
    step = 1e-6
    bumped = x.copy()
    bumped[1, 2, 3] += step
    layer(bumped)
    up = layer.losses[0]
    bumped[1, 2, 3] -= 2 * step
    layer(bumped)
    assert gradients.inputs[1, 2, 3] == pytest.approx((up - layer.losses[0]) / (2 * step), rel=1e-5)


def test_a_layer_of_two_takes_one_step():
    ids = Input((3,))
    words = Embedding(6, 2, "ones", name="words", embeddings_regularizer="l2")
    inner = Sequential([words], name="inner")
    model = Model(ids, [words(ids), inner(ids)])
    model.compile(SGD(1.0), "mse")
    ones = np.ones((4, 3, 2))
    model.train_on_batch(IDS, [ones, ones])
    assert model.get_weights()[0] == pytest.approx(np.full((6, 2), 0.98))  # the penalty, once


def test_two_names_of_a_weight_make_one_step():
    """Adam would take two steps of full length for two gradients that are one."""
    ids = Input((3,))
    ended = []
    for nested in (False, True):
        words = Embedding(6, 2, "ones", name="words")
        again = Sequential([words], name="inner") if nested else words
        model = Model(ids, [words(ids), again(ids)])
        model.compile("adam", "mse")
        zeros = np.zeros((4, 3, 2))
        step = train_step(model, IDS, Several([zeros, zeros]))
        assert len(step.gradients) == 1
        ended.append(model.get_weights()[0])
    assert np.array_equal(*ended)
    assert ended[0][1, 0] == pytest.approx(0.999)


def graph(rng):
    """Return a model of random layers on two inputs, with up to three outputs."""
    wide = {"dtype": "float64"}
    ids, other = Input((4,)), Input((4,))
    words = Embedding(7, 3, mask_zero=bool(rng.integers(2)), seed=1, **wide)
    pool = [words(ids), words(other)]
    for kind in rng.integers(4, size=rng.integers(1, 5)):
        one, two = (pool[n] for n in rng.integers(len(pool), size=2))
        if kind == 0:
            pool.append(Dense(3, "tanh", **wide)(one))
        elif kind == 1:
            pool.append(Add(**wide)([one, two]))
        elif kind == 2:
            pool.append(GRU(3, return_sequences=True, activity_regularizer="l2", **wide)(one))
        else:
            pool.append(LSTM(3, return_sequences=True, return_state=True, **wide)(one)[0])
    return Model([ids, other], [GlobalAveragePooling1D(**wide)(rows) for rows in pool[-3:]])


@pytest.mark.parametrize("seed", range(8))
def test_random_graphs_go_down_the_slope_of_their_loss(seed, tmp_path):
    rng = np.random.default_rng(seed)
    model = graph(rng)
    many = len(model.outputs)
    told = [MeanSquaredError(dtype="float64") for _ in range(many)]
    model.compile(SGD(1.0), told, loss_weights=rng.uniform(0.5, 2, many).tolist())
    x, y = rng.integers(0, 7, (2, 5, 4)), rng.normal(size=(many, 5, 3))
    given = list(x), list(y)

    def loss():
        return model.evaluate(*given, verbose=0, return_dict=True)["loss"]

    start = model.get_weights()
    model.train_on_batch(*given)
    moved = [one - two for one, two in zip(start, model.get_weights(), strict=True)]
    model.set_weights(start)
    for weight, claim in zip(model.weights, moved, strict=True):
        at = tuple(int(rng.integers(length)) for length in weight.shape)
        kept, step = weight.value[at], 1e-6
        weight.value[at] = kept + step
        up = loss()
        weight.value[at] = kept - step
        slope = (up - loss()) / (2 * step)
        weight.value[at] = kept
        assert claim[at] == pytest.approx(slope, abs=1e-6)
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras")
    assert all(map(np.array_equal, again.predict(given[0]), model.predict(given[0])))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda m: m.compile("sgd", {"a": "mse"}), ValueError, "Expected keys"),
        (lambda m: m.compile("sgd", {"a": "mse", "c": "mse"}), ValueError, "Expected keys"),
        (lambda m: m.compile("sgd", ["mse"]), ValueError, "one for each of the outputs"),
        (lambda m: m.compile("sgd", "mse", loss_weights=["x", 1]), ValueError, "loss_weights"),
        (lambda m: m.compile("sgd", "mse", loss_weights=[1]), ValueError, "loss_weights must hold"),
        (lambda m: m.compile("sgd", "mse", ["mae"]), ValueError, "Invalid `metrics`"),
        (lambda m: m.compile("sgd", "mse", {"c": "mae"}), ValueError, "Invalid `metrics`"),
        (lambda m: m.fit(IDS, A, verbose=0), ValueError, "y must hold one array for each"),
        (lambda m: m.fit(IDS, [A, B, A], verbose=0), ValueError, "y must hold one array for each"),
        (lambda m: m.fit(IDS, {"a": A}, verbose=0), ValueError, "y must hold one array for each"),
        (lambda m: m.fit(IDS, [A, B[:2]], verbose=0), ShapeError, "same number of samples"),
        (lambda m: m.fit(IDS, [A, B], class_weight={0: 1.0}), ValueError, "single output"),
        (lambda m: m.fit(IDS, [A, B], sample_weight=[[1.0], [1.0]]), ShapeError, "sample_weight"),
    ],
)
def test_the_door_refuses(act, error, words):
    model = two()
    model.compile("sgd", "mse")
    with pytest.raises(error, match=words):
        act(model)
