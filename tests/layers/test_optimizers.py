"""Optimizers: which rows move, what is kept, clipping, refusals. Keras's numbers: tests/peers."""

import numpy as np
import pytest

from embedlab import optimizers
from embedlab.core.coalesce import coalesce
from embedlab.core.table import ShapeError
from embedlab.layers import Variable

EVERY = [
    optimizers.SGD(0.1), optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.RMSprop(0.1), optimizers.RMSprop(0.1, momentum=0.5, centered=True),
    optimizers.Adagrad(0.1), optimizers.Adam(0.1), optimizers.Adam(0.1, amsgrad=True),
    optimizers.AdamW(0.1),
]  # fmt: skip


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
    [(lambda way: optimizers.SGD(0.1, momentum=0.9, sparse_update=way), False),
     (lambda way: optimizers.Adam(0.1, sparse_update=way), False),
     (lambda way: optimizers.SGD(0.1, sparse_update=way), True),
     (lambda way: optimizers.Adagrad(0.1, sparse_update=way), True)],
)  # fmt: skip
def test_rows_without_a_gradient_move_by_momentum_unless_lazy(make, stays):
    for way in ("dense", "lazy"):
        optimizer, table = make(way), Variable(np.ones((3, 2)))
        optimizer.apply([coalesce([0, 1], np.ones((2, 2)), 3)], [table])
        before = table.numpy()
        optimizer.apply([coalesce([1], np.ones((1, 2)), 3)], [table])
        moved = (table.value != before).any(axis=1).tolist()
        assert moved == [way == "dense" and not stays, True, False]


def test_lazy_and_dense_agree_on_rows_that_always_come(rng):
    grads = [rng.normal(size=(3, 2)) for _ in range(4)]
    made = {}
    for way in ("dense", "lazy"):
        optimizer, table = optimizers.Adam(0.1, sparse_update=way), Variable(np.ones((3, 2)))
        for grad in grads:
            optimizer.apply([coalesce([0, 1, 2], grad, 3)], [table])
        made[way] = table.numpy()
    assert np.array_equal(made["dense"], made["lazy"])


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


@pytest.mark.parametrize(
    ("options", "want"),
    [({"clipvalue": 1.0}, [[1.0, 1.0], [1.0, 0.0]]), ({"clipnorm": 1.0}, None),
     ({"global_clipnorm": 1.0}, None), ({"clipnorm": 100.0}, [[3.0, 4.0], [12.0, 0.0]])],
)  # fmt: skip
@pytest.mark.parametrize("sparse", [True, False])
def test_clipping(options, want, sparse):
    grad = np.array([[3.0, 4.0], [12.0, 0.0]])  # of length 13
    want = grad / 13 if want is None else np.array(want)
    table = Variable(np.zeros((3, 2) if sparse else (2, 2)))
    given = coalesce([0, 2], grad, 3) if sparse else grad
    optimizers.SGD(1.0, **options).apply([given], [table])
    rows = table.value[[0, 2]] if sparse else table.value
    assert -rows == pytest.approx(want)


def test_global_clipping_looks_at_all_together():
    tables = [Variable(np.zeros(1)), Variable(np.zeros(1))]
    optimizers.SGD(1.0, global_clipnorm=1.0).apply([np.array([3.0]), np.array([4.0])], tables)
    assert [-t.value[0] for t in tables] == pytest.approx([0.6, 0.8])


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
        (lambda: optimizers.SGD(-1), ValueError, "Argument `learning_rate` should be float"),
        (lambda: optimizers.SGD("x"), ValueError, "learning_rate"),
        (lambda: optimizers.SGD(float("nan")), ValueError, "learning_rate"),
        (lambda: optimizers.SGD(momentum=2), ValueError, r"`momentum` must be a float between"),
        (lambda: optimizers.Adam(beta_1=-1), ValueError, "beta_1"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), ValueError, "Only one of `clipnorm`"),
        (lambda: optimizers.SGD(clipnorm=-1), ValueError, "clipnorm must be a number above 0"),
        (lambda: optimizers.SGD(bogus=1), ValueError, r"Argument\(s\) not recognized"),
        (lambda: optimizers.SGD(sparse_update="x"), ValueError, "sparse_update must be"),
        (lambda: optimizers.get("zz"), ValueError, "Could not interpret optimizer identifier"),
        (lambda: optimizers.get(lambda: 3), ValueError, "Could not interpret optimizer"),
        (lambda: optimizers.Optimizer().apply([np.ones(1)], [Variable(np.ones(1))]),
         NotImplementedError, "update"),
    ],
)  # fmt: skip
def test_the_door_refuses(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_lengths_that_are_no_numbers_show():
    """A long gradient that is not finite must not pass for a short one: NaN, as in Keras."""
    grads = [np.array([1.0, np.inf]), np.ones(2)]
    tables = [Variable(np.zeros(2)), Variable(np.zeros(2))]
    optimizers.SGD(1.0, global_clipnorm=1.0).apply(grads, tables)
    assert all(np.isnan(table.value).all() for table in tables)
