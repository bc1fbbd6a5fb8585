"""Constraints: what they promise holds, along the axis that was meant."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import constraints
from embedlab.core.checks import ShapeError
from embedlab.layers import Layer

EVERY = [
    constraints.NonNeg(),
    constraints.MaxNorm(0.7),
    constraints.MaxNorm(0.7, "rows"),
    constraints.UnitNorm(),
    constraints.UnitNorm([0, 1]),
    constraints.MinMaxNorm(0.5, 0.8, 0.5, "rows"),
]


def lengths(table, axis):
    return np.sqrt((table.astype(float) ** 2).sum(axis))


def test_default_axis_limits_columns(rng):
    table = rng.normal(size=(20, 5))
    columns = constraints.MaxNorm(1.0)(table)
    assert lengths(columns, 0).max() <= 1.0 and (lengths(columns, 1) < lengths(table, 1)).all()
    rows = constraints.MaxNorm(1.0, axis="rows")(table)
    assert lengths(rows, 1).max() <= 1.0 and lengths(rows, 0).max() > 1.0
    assert constraints.MaxNorm(axis="rows").axis == 1
    assert constraints.MaxNorm(axis="columns").axis == 0


def test_lengths_by_hand(rng):
    table = rng.normal(size=(20, 5))
    assert lengths(constraints.UnitNorm("rows")(table), 1) == pytest.approx(np.ones(20))
    half = constraints.MinMaxNorm(0.0, 1.0, rate=0.5, axis="rows")(np.array([[3.0, 4.0]]))
    assert lengths(half, 1) == pytest.approx([3.0])  # half of the way from 5 to 1
    short = constraints.MinMaxNorm(1.0, 2.0, axis="rows")(np.array([[0.3, 0.4]]))
    assert lengths(short, 1) == pytest.approx([1.0])


@pytest.mark.parametrize("rule", EVERY, ids=repr)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_they_give_a_new_array_of_the_same_kind_and_zeros_stay(rng, rule, dtype):
    table = rng.normal(size=(4, 3)).astype(dtype)
    before = table.copy()
    result = rule(table)
    assert result.dtype == dtype and result.shape == table.shape
    assert np.array_equal(table, before) and not np.shares_memory(result, table)
    assert not rule(np.zeros((4, 3), dtype)).any()


@pytest.mark.parametrize("rule", EVERY, ids=repr)
def test_round_trip(rule):
    again = constraints.deserialize(constraints.serialize(rule))
    assert type(again) is type(rule) and again.get_config() == rule.get_config()


def test_nonneg():
    assert constraints.get("non_neg")(np.array([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: constraints.MaxNorm(axis="x"), ValueError, "axis must be"),
        (lambda: constraints.MaxNorm(axis=True), ValueError, "axis must be"),
        (lambda: constraints.get("zz"), ValueError, "Could not interpret constraint identifier"),
        (lambda: constraints.Constraint()(1.0), NotImplementedError, "__call__"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


@given(
    rule=st.sampled_from([constraints.MaxNorm, constraints.UnitNorm, constraints.MinMaxNorm]),
    axis=st.integers(-4, 3) | st.lists(st.integers(-4, 3), min_size=1, max_size=2, unique=True),
    ndim=st.integers(1, 3),
)
def test_axes_that_weights_lack_are_refused_at_once(rule, axis, ndim):
    axes, shape = np.atleast_1d(axis), (2, 3, 4)[:ndim]
    layer = Layer(name="own")
    make = functools.partial(layer.add_weight, shape, "ones", constraint=rule(axis=axis), name="w")
    if len(set(axes % ndim)) < len(axes):
        return  # one axis by two names
    if all(-ndim <= each < ndim for each in axes):
        assert make().constraint(np.ones(shape)).shape == shape
        return
    for act in (make, lambda: rule(axis=axis)(np.ones(shape))):
        with pytest.raises(ShapeError, match=f"axis must be one of the {ndim} axes") as caught:
            act()
        assert "\n" not in str(caught.value)
