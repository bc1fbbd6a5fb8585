"""Optimizers: which rows move, slots, weight decay, refusals. Keras's numbers: tests/peers."""

import numpy as np
import pytest

from embedlab import optimizers
from embedlab.core.checks import ShapeError
from embedlab.core.gradient import coalesce
from embedlab.layers import Embedding, Variable
from embedlab.models import Sequential

EVERY = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.RMSprop(0.1),
    optimizers.RMSprop(0.1, momentum=0.5, centered=True),
    optimizers.Adagrad(0.1),
    optimizers.Adam(0.1),
    optimizers.Adam(0.1, amsgrad=True),
    optimizers.Adam(0.1, weight_decay=0.01),
]


def fresh(optimizer):
    return optimizers.deserialize(optimizers.serialize(optimizer))


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_a_quadratic_goes_down(optimizer):
    optimizer, table = fresh(optimizer), Variable(np.full((3, 2), 2.0))
    for _ in range(60):
        optimizer.apply([2 * table.value], [table])
    assert np.abs(table.value).max() < 2.0
    assert optimizer.iterations == 60
    assert set(optimizer.state(table)) == set(optimizer.slots)


@pytest.mark.parametrize(
    ("make", "stays"),
    [
        (
            lambda sparse_update: optimizers.SGD(0.1, momentum=0.9, sparse_update=sparse_update),
            False,
        ),
        (lambda sparse_update: optimizers.Adam(0.1, sparse_update=sparse_update), False),
        (lambda sparse_update: optimizers.SGD(0.1, sparse_update=sparse_update), True),
        (lambda sparse_update: optimizers.Adagrad(0.1, sparse_update=sparse_update), True),
    ],
)
def test_rows_without_a_gradient_move_by_momentum_unless_lazy(make, stays):
    for sparse_update in ("dense", "lazy"):
        optimizer, table = make(sparse_update), Variable(np.ones((3, 2)))
        optimizer.apply([coalesce([0, 1], np.ones((2, 2)), 3)], [table])
        before = table.numpy()
        optimizer.apply([coalesce([1], np.ones((1, 2)), 3)], [table])
        moved = (table.value != before).any(axis=1).tolist()
        assert moved == [sparse_update == "dense" and not stays, True, False]


def test_lazy_and_dense_agree_on_rows_that_always_come(rng):
    grads = [rng.normal(size=(3, 2)) for _ in range(4)]
    result = {}
    for sparse_update in ("dense", "lazy"):
        optimizer, table = (
            optimizers.Adam(0.1, sparse_update=sparse_update),
            Variable(np.ones((3, 2))),
        )
        for grad in grads:
            optimizer.apply([coalesce([0, 1, 2], grad, 3)], [table])
        result[sparse_update] = table.numpy()
    assert np.array_equal(result["dense"], result["lazy"])


@pytest.mark.parametrize("shape", [(4, 3), (5,), (), (2, 3, 4), (0, 3)], ids=str)
def test_variables_of_any_shape(shape):
    table = Variable(np.ones(shape))
    optimizers.SGD(0.5).apply([np.ones(shape)], [table])
    assert table.shape == shape and (table.value == 0.5).all()


def test_the_array_stays_the_same_object():
    table = Variable(np.ones((2, 2)))
    before = table.value
    optimizers.Adam().apply([np.ones((2, 2))], [table])
    assert table.value is before


def test_frozen_variables_and_missing_gradients_stay():
    moves, frozen, missing = (Variable(np.ones(1)) for _ in range(3))
    frozen.trainable = False
    optimizers.SGD(1.0).apply([np.ones(1), np.ones(1), None], [moves, frozen, missing])
    assert [v.value[0] for v in (moves, frozen, missing)] == [0.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizers.SGD(1.0).apply([np.ones(1)], [frozen])


def test_a_gradient_of_another_shape_changes_nothing():
    tables, optimizer = [Variable(np.ones(2)), Variable(np.ones(2))], optimizers.SGD(1.0)
    with pytest.raises(ShapeError, match="must have the shape of its variable"):
        optimizer.apply([np.ones(2), np.ones(3)], tables)
    assert tables[0].value.tolist() == [1.0, 1.0] and optimizer.iterations == 0


def test_the_rate_may_change_between_steps():
    table, optimizer = Variable(np.zeros(1)), optimizers.SGD(1.0)
    optimizer.apply([np.ones(1)], [table])
    optimizer.learning_rate = 0.5
    optimizer.apply([np.ones(1)], [table])
    assert table.value[0] == -1.5


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_round_trip(optimizer):
    assert fresh(optimizer).get_config() == optimizer.get_config()
    assert repr(fresh(optimizer)) == repr(optimizer)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: optimizers.SGD(-1), ValueError, "learning_rate must be >= 0"),
        (lambda: optimizers.SGD("x"), ValueError, "learning_rate"),
        (lambda: optimizers.SGD(float("nan")), ValueError, "learning_rate"),
        (lambda: optimizers.SGD(momentum=2), ValueError, "momentum must lie in 0..1"),
        (lambda: optimizers.Adam(beta_1=-1), ValueError, "beta_1"),
        (lambda: optimizers.SGD(weight_decay=-1), ValueError, "weight_decay must be >= 0"),
        (lambda: optimizers.SGD(bogus=1), ValueError, "Unrecognized keyword arguments"),
        (lambda: optimizers.SGD(sparse_update="x"), ValueError, "sparse_update must be"),
        (lambda: optimizers.get("zz"), ValueError, "Could not interpret optimizer identifier"),
        (lambda: optimizers.get(lambda: 3), ValueError, "Could not interpret optimizer"),
        (
            lambda: optimizers.Optimizer().apply([np.ones(1)], [Variable(np.ones(1))]),
            NotImplementedError,
            "update",
        ),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


@pytest.mark.parametrize(
    "rule", [optimizers.SGD, optimizers.RMSprop, optimizers.Adagrad, optimizers.Adam]
)
def test_lazy_weight_decay_touches_the_rows_of_the_batch_only(rule):
    optimizer = rule(0.5, weight_decay=0.1, sparse_update="lazy")
    table = Variable(np.ones((4, 2)))
    for _ in range(2):
        optimizer.apply([coalesce([1, 3], np.zeros((2, 2)), 4)], [table])
    assert table.value[:, 0].tolist() == pytest.approx([1.0, 0.95**2, 1.0, 0.95**2])
    dense, whole = rule(0.5, weight_decay=0.1), Variable(np.ones((4, 2)))
    dense.apply([coalesce([1, 3], np.zeros((2, 2)), 4)], [whole])
    assert whole.value == pytest.approx(0.95)


@pytest.mark.parametrize("sparse_update", ["dense", "lazy"])
@pytest.mark.parametrize(
    "options", [{}, {"embeddings_regularizer": "l1_l2"}, {"embeddings_constraint": "unit_norm"}]
)
@pytest.mark.parametrize(
    "rule", [optimizers.SGD, optimizers.RMSprop, optimizers.Adagrad, optimizers.Adam]
)
def test_the_padding_row_stays_zero(rule, options, sparse_update):
    layer = Embedding(5, 2, "ones", padding_idx=2, name="words", **options)
    model = Sequential([layer])
    model.compile(rule(0.1, weight_decay=0.1, sparse_update=sparse_update), "mse")
    model.fit([[2, 1], [3, 2]], np.full((2, 2, 2), 7.0), epochs=3, verbose=0)
    assert layer.table.value[2].tolist() == [0.0, 0.0]
    assert (layer.table.value[1] != 1.0).all()


REMOVED = [
    *[
        (lambda n=name: getattr(optimizers, n), AttributeError, name)
        for name in ("AdamW", "Lion", "LossScaleOptimizer", "schedules")
    ],
    *[
        (lambda n=name: optimizers.get(n), ValueError, f"optimizer '{name}'")
        for name in ("adamw", "Lion", "lion", "loss_scale_optimizer")
    ],
    (lambda: optimizers.deserialize({"class_name": "Nadam", "config": {}}), ValueError, "'Nadam'"),
    *[
        (lambda o=options: optimizers.SGD(0.1, **o), ValueError, "for SGD")
        for options in (
            {"clipnorm": 1.0},
            {"clipvalue": 1.0},
            {"global_clipnorm": 1.0},
            {"use_ema": True},
            {"loss_scale_factor": 2.0},
            {"gradient_accumulation_steps": 2},
        )
    ],
    (lambda: optimizers.SGD(lambda step: 0.1), ValueError, "learning_rate="),
    (
        lambda: optimizers.deserialize(
            {
                "class_name": "SGD",
                "config": {"learning_rate": {"class_name": "CosineDecay", "config": {}}},
            }
        ),
        ValueError,
        "a learning-rate schedule",
    ),
]


@pytest.mark.parametrize(("act", "error", "words"), REMOVED)
def test_what_is_left_to_keras_is_refused_in_one_line(act, error, words):
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    assert words in message and "is not part of embedlab. Received" in message
    assert message.endswith("Use embedlab.keras.Embedding in a Keras model.")
    assert "\n" not in message


def test_keras_writes_its_defaults_and_they_ask_for_nothing():
    config = {
        "learning_rate": 0.5,
        "clipnorm": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "loss_scale_factor": None,
        "gradient_accumulation_steps": None,
    }
    assert optimizers.SGD.from_config(config).learning_rate == 0.5
