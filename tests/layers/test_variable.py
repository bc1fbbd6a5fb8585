"""A variable: only `assign` changes it, and it never lends its array to a writer."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.layers import Variable


@pytest.fixture
def table():
    return Variable(
        np.arange(6.0).reshape(3, 2),
        name="embeddings",
        dtype="float32",
        path="embedding/embeddings",
    )


def test_it_carries_what_training_must_know():
    penalty, rule = (lambda w: 0.0), (lambda w: w)
    variable = Variable([1.0], name="bias", regularizer=penalty, constraint=rule, trainable=False)
    assert (variable.regularizer, variable.constraint, variable.trainable) == (penalty, rule, False)
    assert (variable.shape, variable.ndim, variable.size, variable.dtype, len(variable)) == (
        (1,),
        1,
        1,
        "float64",
        1,
    )
    assert repr(variable) == "Variable(bias, (1,) float64, frozen)"


def test_it_copies_what_it_is_given_and_what_it_gives():
    array = np.zeros((2, 2))
    variable = Variable(array)
    array[0] = 5
    variable.numpy()[0] = 6
    assert not variable.value.any()


def test_assign_casts_copies_and_keeps_the_same_array(table):
    before = table.value
    table.assign([[1, 2], [3, 4], [5, 6]])
    assert table.value is before
    assert table.value.dtype == np.float32
    assert table[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("value", [np.zeros((2, 2)), 0.0, np.zeros((3, 2, 1))])
def test_assign_refuses_another_shape_and_changes_nothing(table, value):
    with pytest.raises(ShapeError, match=r"must match\. embedding/embeddings has shape"):
        table.assign(value)
    assert table[2, 1] == 5.0


def test_numpy_reads_it_but_cannot_write_it(table):
    view = np.asarray(table)
    assert np.shares_memory(view, table.value)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1
    assert np.asarray(table, "float64").dtype == np.float64
    assert not np.shares_memory(np.array(table), table.value)
    with pytest.raises(ValueError, match="needs a copy"):
        np.asarray(table, "float64", copy=False)


def test_arithmetic_gives_arrays(table):
    assert type(table * 2) is np.ndarray
    assert (table @ np.ones(2)).tolist() == [1.0, 5.0, 9.0]
    assert (1 - table)[0].tolist() == [1.0, 0.0]
    assert np.add.reduce(table, axis=0).tolist() == [6.0, 9.0]
    assert np.mean(table) == 2.5


def test_operators_that_would_change_it_point_to_assign(table):
    with pytest.raises(TypeError, match=r"Write variable\.assign"):
        table += 1


def test_it_can_be_a_key(table):
    assert {table: 1}[table] == 1
