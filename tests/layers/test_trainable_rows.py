"""Some rows of a table learn, and no other row moves, whatever pulls at it: PEFT's tokens."""

import numpy as np
import pytest

from embedlab.core.gradient import coalesce
from embedlab.core.ids import IdError, IdTypeError
from embedlab.layers import Embedding, Variable
from embedlab.optimizers import SGD, Adagrad, Adam, RMSprop

RNG = np.random.default_rng(5)
TABLE = RNG.normal(size=(7, 3)).astype(np.float32)
ROWS = [4, 1]
OPTIMIZERS = {
    "sgd": SGD,
    "momentum": lambda **other: SGD(0.1, momentum=0.9, **other),
    "adam": Adam,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
}


@pytest.mark.parametrize("decay", [None, 0.1])
@pytest.mark.parametrize("update", ["dense", "lazy"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rows_learn_as_a_table_of_their_own(name, update, decay):
    table, small = Variable(TABLE), Variable(TABLE[[1, 4]])
    table.trainable_rows = ROWS
    options = {"sparse_update": update, "weight_decay": decay}
    one, other = OPTIMIZERS[name](**options), OPTIMIZERS[name](**options)
    for _ in range(4):
        ids, grad = RNG.integers(0, 7, 6), RNG.normal(size=(6, 3)).astype(np.float32)
        one.apply([coalesce(ids, grad, 7)], [table])
        chosen = np.isin(ids, ROWS)
        part = np.searchsorted([1, 4], ids[chosen])
        other.apply([coalesce(part, grad[chosen], 2)], [small])
    assert np.array_equal(table.value[[1, 4]], small.value)
    assert np.array_equal(np.delete(table.value, ROWS, 0), np.delete(TABLE, ROWS, 0))
    assert not np.array_equal(table.value[ROWS], TABLE[ROWS])


def test_neither_regularizer_nor_constraint_moves_another_row():
    layer = Embedding(7, 3, weights=TABLE, embeddings_regularizer="l2")
    layer.table.constraint = lambda table: np.clip(table, -0.1, 0.1)
    layer.table.trainable_rows = ROWS
    gradient = 2 * 0.01 * layer.table.value + 0.5
    SGD(0.1).apply([gradient], [layer.table])
    expected = TABLE.copy()
    expected[ROWS] = np.clip(TABLE - 0.1 * gradient, -0.1, 0.1)[ROWS]
    assert np.array_equal(layer.table.value, expected)


def test_padding_stays_and_a_resize_keeps_what_is_left():
    layer = Embedding(7, 3, weights=TABLE, padding_idx=1)
    layer.table.trainable_rows = [1, 2, 6]
    start = layer.table.numpy()
    SGD(1.0).apply([np.ones((7, 3))], [layer.table])
    moved = np.flatnonzero((layer.table.value != start).any(axis=1))
    assert moved.tolist() == [2, 6]
    layer.resize(4)
    assert layer.table.trainable_rows.tolist() == [1, 2]
    layer.resize(1 + 1)
    layer.table.trainable_rows = None
    assert layer.table.trainable_rows is None


def test_rows_that_are_gone_leave_nothing_to_train():
    layer = Embedding(7, 3, weights=TABLE)
    layer.table.trainable_rows = [6]
    layer.resize(3)
    with pytest.raises(ValueError, match="at least one must be trainable"):
        SGD(1.0).apply([np.ones((3, 3))], [layer.table])


@pytest.mark.parametrize(
    ("rows", "error", "line"),
    [
        ([7], IdError, r"0 to 6|0\.\.6|< 7"),
        ([-1], IdError, "-1"),
        ([], ValueError, "trainable rows are some of a table. Received 0 of"),
        ([0.5], IdTypeError, "whole numbers"),
    ],
)
def test_rows_outside_the_table_are_refused(rows, error, line):
    table = Variable(TABLE)
    with pytest.raises(error, match=line):
        table.trainable_rows = rows
    assert table.trainable_rows is None
    with pytest.raises(ValueError, match="trainable rows are some of a table"):
        Variable([1.0, 2.0]).trainable_rows = [0]
