"""Moving averages and gathered gradients: by hand. Keras's numbers: tests/peers."""

import numpy as np
import pytest

from embedlab import optimizers
from embedlab.core.coalesce import coalesce
from embedlab.layers import Dense, Embedding, Flatten, Variable
from embedlab.models import Sequential, load_model
from embedlab.optimizers import SGD, Adam, LossScaleOptimizer

ONE = np.ones(1)


def test_an_average_follows_and_is_taken_over_at_the_end():
    weight, rule = Variable([0.0]), SGD(1.0, use_ema=True, ema_momentum=0.75)
    for want in (-1.0, -1.25, -1.6875):  # the first step is the average; then a quarter of the way
        rule.apply([ONE], [weight])
        assert rule.state(weight)["average"] == pytest.approx(want)
    assert weight.value == [-3.0]
    rule.finalize_variable_values([weight, Variable(ONE)])
    assert weight.value == [-1.6875]


def test_it_may_be_taken_over_on_the_way():
    weight, rule = Variable([0.0]), SGD(1.0, use_ema=True, ema_momentum=0.5,
                                        ema_overwrite_frequency=2)  # fmt: skip
    seen = []
    for _ in range(4):
        rule.apply([ONE], [weight])
        seen.append(float(weight.value[0]))
    assert seen == [-1.0, -1.5, -2.5, -2.75]


def test_a_variable_that_comes_later_has_been_its_own_average():
    first, later = Variable([0.0]), Variable([8.0])
    rule = SGD(1.0, use_ema=True, ema_momentum=0.5)
    rule.apply([ONE], [first])
    rule.apply([ONE, 4 * ONE], [first, later])
    assert rule.state(later)["average"] == [6.0]  # between 8 and 4
    rule.apply([ONE], [first])
    assert rule.state(later)["average"] == [5.0]  # without a gradient it follows too


def test_without_averages_nothing_is_taken_over():
    weight, rule = Variable([0.0]), SGD(1.0)
    rule.apply([ONE], [weight])
    rule.finalize_variable_values([weight])
    assert weight.value == [-1.0] and rule.groups == []


def test_a_step_is_made_of_the_mean():
    weight, rule = Variable([0.0]), SGD(1.0, gradient_accumulation_steps=3)
    for grad, want in zip((3.0, 6.0, 9.0, 1.0), (0.0, 0.0, -6.0, -6.0), strict=True):
        rule.apply([grad * ONE], [weight])
        assert weight.value == [want]
    assert (rule.batches, rule.iterations) == (4, 1)
    rule.iterations = 5
    assert rule.batches == 15


def test_clipping_looks_at_the_mean():
    weight, rule = Variable([0.0]), SGD(1.0, gradient_accumulation_steps=2, clipvalue=1.0)
    for grad in (9.0, -8.5):
        rule.apply([grad * ONE], [weight])
    assert weight.value == [-0.25]


@pytest.mark.parametrize("way", ["dense", "lazy"])
def test_gathered_sparse_gradients_move_the_rows_of_all_batches(way, rng):
    table, plain = Variable(np.ones((6, 2))), Variable(np.ones((6, 2)))
    rule = Adam(0.1, gradient_accumulation_steps=2, sparse_update=way)
    other = Adam(0.1, sparse_update=way)
    for ids in ([[0, 1, 1], [1, 5]], [[2], [2, 4]]):
        sparse = [coalesce(one, rng.normal(size=(len(one), 2)), 6) for one in ids]
        for grad in sparse:
            rule.apply([grad], [table])
        both = sum(grad.to_dense() for grad in sparse) / 2
        used = np.unique(np.concatenate(ids))
        other.apply([coalesce(used, both[used], 6)], [plain])
        assert np.array_equal(table.value, plain.value)
    moved = (table.value != 1).any(axis=1).tolist()
    assert moved == [True, True, True, False, True, True]


def test_sparse_and_dense_gradients_of_one_variable_meet():
    table, rule = Variable(np.zeros((3, 1))), SGD(1.0, gradient_accumulation_steps=2)
    rule.apply([coalesce([1], [[4.0]], 3)], [table])
    rule.apply([np.full((3, 1), 2.0)], [table])
    assert table.value.ravel().tolist() == [-1.0, -3.0, -1.0]


@pytest.mark.parametrize("sparse", [True, False])
def test_a_table_is_resized_in_the_middle_of_a_step(sparse):
    table = Variable(np.zeros((3, 1)))
    rule = SGD(1.0, gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.5)
    grad = coalesce([0, 2], [[4.0], [6.0]], 3)
    rule.apply([grad if sparse else grad.to_dense()], [table])
    table.replace(np.zeros((2, 1)))
    table.replace(np.full((4, 1), 9.0))
    rule.apply([coalesce([3], [[2.0]], 4)], [table])
    assert table.value.ravel().tolist() == [7.0, 9.0, 9.0, 8.0]  # row 2 was lost for good
    assert rule.state(table)["average"].shape == (4, 1)


def model_of(rule, **about):
    model = Sequential(
        [Embedding(8, 2, seed=1, input_length=3, **about), Flatten(), Dense(2, name="out")]
    )
    model.set_weights([np.linspace(-1, 1, w.size).reshape(w.shape) for w in model.get_weights()])
    model.compile(rule, "mse")
    return model


IDS, AIM = np.arange(24).reshape(8, 3) % 8, np.linspace(-1, 1, 16).reshape(8, 2)


@pytest.mark.parametrize(
    "rule",
    [Adam(0.1, use_ema=True, gradient_accumulation_steps=2), SGD(0.1, use_ema=True),
     Adam(0.1, amsgrad=True, gradient_accumulation_steps=3, sparse_update="lazy"),
     LossScaleOptimizer(Adam(0.1, use_ema=True, gradient_accumulation_steps=2))],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("place", ["memory", "disk"])
def test_a_file_goes_on_in_the_middle_of_a_step(rule, place, tmp_path):
    rule = optimizers.deserialize(optimizers.serialize(rule))
    model = model_of(rule, placement=place)
    for at in range(3):
        model.train_on_batch(IDS[at : at + 2], AIM[at : at + 2])
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    for at in range(3):
        for one in (model, again):
            one.train_on_batch(IDS[at : at + 2], AIM[at : at + 2])
        assert all(map(np.array_equal, again.get_weights(), model.get_weights()))


def test_fit_ends_with_the_averages():
    model = model_of(SGD(0.1, use_ema=True, ema_momentum=0.9))
    seen = []

    def spied(pairs, apply=model.optimizer.apply_gradients):
        apply(pairs)
        seen.append(model.get_weights())

    model.optimizer.apply_gradients = spied
    model.fit(IDS, AIM, batch_size=4, epochs=3, verbose=0, shuffle=False)
    want = seen[0]
    for weights in seen[1:]:
        want = [0.9 * w + 0.1 * n for w, n in zip(want, weights, strict=True)]
    for mine, mean in zip(model.get_weights(), want, strict=True):
        np.testing.assert_allclose(mine, mean, rtol=1e-6)


def test_two_small_batches_are_one_large():
    large, small = model_of(SGD(0.1)), model_of(SGD(0.1, gradient_accumulation_steps=2))
    large.fit(IDS, AIM, batch_size=8, epochs=3, verbose=0, shuffle=False)
    small.fit(IDS, AIM, batch_size=4, epochs=3, verbose=0, shuffle=False)
    for mine, want in zip(small.get_weights(), large.get_weights(), strict=True):
        np.testing.assert_allclose(mine, want, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gradient_accumulation_steps": 1}, "must be an integer >= 2"),
        ({"gradient_accumulation_steps": 2.5}, "must be an integer >= 2"),
        ({"use_ema": True, "ema_momentum": 1.5}, r"must be in the range \[0, 1\]"),
        ({"use_ema": True, "ema_momentum": "a"}, r"must be in the range \[0, 1\]"),
        ({"use_ema": True, "ema_overwrite_frequency": 0}, "must be an integer >= 1 or None"),
        ({"use_ema": True, "ema_overwrite_frequency": True}, "must be an integer >= 1 or None"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(ValueError, match=words):
        SGD(**options)
