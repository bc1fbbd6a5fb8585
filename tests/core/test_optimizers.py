"""Optimizer steps: references, by hand, lazy and dense, threads, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.ids import IdError
from embedlab.core.optimizers import adagrad, adam, rmsprop, sgd
from embedlab.core.optimizers.adagrad import (
    adagrad_kernel,
    adagrad_kernel_parallel,
    adagrad_reference,
)
from embedlab.core.optimizers.adam import adam_kernel, adam_kernel_parallel, adam_reference
from embedlab.core.optimizers.rmsprop import (
    rmsprop_kernel,
    rmsprop_kernel_parallel,
    rmsprop_reference,
)
from embedlab.core.optimizers.sgd import sgd_kernel, sgd_kernel_parallel, sgd_reference
from embedlab.core.optimizers.update import PARALLEL_FROM, optimizer_step

SGD = (sgd_reference, (sgd_kernel, sgd_kernel_parallel), ["velocity"])
RMSPROP = (
    rmsprop_reference,
    (rmsprop_kernel, rmsprop_kernel_parallel),
    ["velocity", "momenta", "average"],
)
ADAGRAD = (adagrad_reference, (adagrad_kernel, adagrad_kernel_parallel), ["accumulator"])
ADAM = (adam_reference, (adam_kernel, adam_kernel_parallel), ["m", "v", "v_max"])
RULES = {
    "sgd": (SGD, (0.1, 0.0, 0)),
    "momentum": (SGD, (0.1, 0.9, 0)),
    "nesterov": (SGD, (0.1, 0.9, 1)),
    "rmsprop": (RMSPROP, (0.01, 0.9, 0.1, 1e-7, 0.0, 0)),
    "rmsprop, all": (RMSPROP, (0.01, 0.9, 0.1, 1e-3, 0.5, 1)),
    "adagrad": (ADAGRAD, (0.01, 1e-7)),
    "adam": (ADAM, (0.01, 0.1, 0.001, 1e-7, 0)),
    "amsgrad": (ADAM, (0.01, 0.1, 0.001, 1e-7, 1)),
}


def state_of(rng, names, shape, dtype):
    """Return state as after some steps: the mean of the squares is above the square of the mean."""
    spans = [(1, 2), (0, 2), (0, 0.9)][: len(names)]
    return [rng.uniform(*span, size=shape).astype(dtype) for span in spans]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["dense", "lazy"])
@pytest.mark.parametrize("size", [0, 1, 30])
def test_kernel_matches_reference_bit_by_bit(rng, rule, dtype, kind, size):
    (reference, kernels, names), hyper = rule
    table = rng.normal(size=(9, 5)).astype(dtype)
    ids = rng.integers(7, size=size)  # rows 7 and 8 are never looked up
    back = rng.normal(size=(size, 5)).astype(dtype)
    state = state_of(rng, names, table.shape, dtype)
    expected, expected_state = table.copy(), [a.copy() for a in state]
    every = np.arange(9) if kind == "dense" else np.unique(ids)
    dense = grad_table(ids, back, 9)
    reference(every, dense[every], np.array(hyper, dtype), expected, *expected_state)
    forms = {"pair": (ids, back), "sparse": coalesce(ids, back, 9)}
    if kind == "dense":
        forms["array"] = dense
    for grad in forms.values():
        updated, updated_state = table.copy(), [a.copy() for a in state]
        named = dict(zip(names, updated_state, strict=True))
        assert optimizer_step(kernels, updated, grad, hyper, named, sparse_update=kind) is updated
        np.testing.assert_array_equal(updated, expected)
        for actual, theirs in zip(updated_state, expected_state, strict=True):
            np.testing.assert_array_equal(actual, theirs)


@settings(deadline=None)
@given(
    data=st.data(),
    rule=st.sampled_from(list(RULES.values())),
    rows=st.integers(1, 6),
    columns=st.integers(0, 4),
    lazy=st.booleans(),
)
def test_any_shape(data, rule, rows, columns, lazy):
    (reference, kernels, names), hyper = rule
    ids = np.array(data.draw(st.lists(st.integers(0, rows - 1), max_size=9)), np.int64)
    back = np.sin(np.arange(ids.size * columns, dtype="f8")).reshape(ids.size, columns)
    table, *state = (np.full((rows, columns), x) for x in (0.5, 1.5, 0.25, 0.75)[: len(names) + 1])
    expected = [a.copy() for a in (table, *state)]
    every = np.unique(ids) if lazy else np.arange(rows)
    reference(every, grad_table(ids, back, rows)[every], np.array(hyper), *expected)
    optimizer_step(
        kernels,
        table,
        (ids, back),
        hyper,
        dict(zip(names, state, strict=True)),
        sparse_update="lazy" if lazy else "dense",
    )
    for actual, theirs in zip((table, *state), expected, strict=True):
        np.testing.assert_array_equal(actual, theirs)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", ["dense", "lazy"])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_bit_identical_for_any_number_of_threads(rng, threads, rule, kind):
    (reference, kernels, names), hyper = rule
    size = PARALLEL_FROM // 8 + 3
    ids = np.minimum(rng.zipf(1.3, size=size) - 1, 999)
    back = rng.normal(size=(size, 8)).astype("f4")
    table = rng.normal(size=(1000, 8)).astype("f4")
    state = state_of(rng, names, table.shape, "f4")
    results = []
    for count in (1, 2):
        threads(count)
        arrays = [a.copy() for a in (table, *state)]
        named = dict(zip(names, arrays[1:], strict=True))
        optimizer_step(kernels, arrays[0], (ids, back), hyper, named, sparse_update=kind)
        results.append(arrays)
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)
    every = np.arange(1000) if kind == "dense" else np.unique(ids)
    reference(every, grad_table(ids, back, 1000)[every], np.array(hyper, "f4"), table, *state)
    np.testing.assert_array_equal(results[0][0], table)


def test_momentum_by_hand():
    table, velocity = np.array([[1.0], [1.0]]), np.zeros((2, 1))
    for _ in range(2):
        sgd(table, ([0], np.array([[4.0]])), velocity, learning_rate=0.25, momentum=0.5)
    # -1, then -0.5 - 1: the row stands at 1 - 1 - 1.5, the other never moved
    assert table.ravel().tolist() == [-1.5, 1.0]
    assert velocity.ravel().tolist() == [-1.5, 0.0]


def test_dense_and_lazy_steps_without_a_gradient():
    for kind in ("dense", "lazy"):
        table, m, v = (np.zeros((2, 3)) for _ in range(3))
        adam(table, ([0], np.ones((1, 3))), m, v, time=1)
        before = table.copy()
        adam(table, ([1], np.ones((1, 3))), m, v, time=2, sparse_update=kind)
        assert (table[1] != before[1]).all()
        assert (table[0] != before[0]).all() == (kind == "dense")


def test_first_step_of_adam_is_the_learning_rate(rng):
    table, m, v = (np.zeros((3, 4)) for _ in range(3))
    grad = rng.normal(size=(3, 4))
    adam(table, grad, m, v, time=1, learning_rate=0.25, epsilon=0)
    np.testing.assert_allclose(table, -0.25 * np.sign(grad), rtol=1e-12)


def test_padding_gets_no_gradient(rng):
    for grad in (([1, 2, 1], np.full((3, 2), np.nan)), np.full((4, 2), np.nan)):
        table = rng.normal(size=(4, 2))
        before = table.copy()
        sgd(table, grad, padding_idx=1)
        np.testing.assert_array_equal(table[1], before[1])
        assert np.isnan(table[2]).all()


def test_a_gradient_that_is_the_table_itself():
    table = np.array([[1.0, 2.0], [3.0, 4.0]])
    sgd(table, ([1, 0], table), learning_rate=1)
    assert table.tolist() == [[-2, -2], [2, 2]]


def zeros(*shape):
    return np.zeros(shape or (4, 3))


GRAD = ([0, 1], zeros(2, 3))
BAD = {
    "an id above": (lambda t: sgd(t, ([0, 4], zeros(2, 3))), IdError, "4 at [1]"),
    "an id below": (lambda t: sgd(t, ([0, -1], zeros(2, 3))), IdError, "-1 at [1]"),
    "rows too few": (lambda t: sgd(t, ([0, 1], zeros(1, 3))), ShapeError, "(1, 3)"),
    "rows too wide": (lambda t: sgd(t, ([0, 1], zeros(2, 4))), ShapeError, "(2, 4)"),
    "gradient of another table": (lambda t: sgd(t, zeros(5, 3)), ShapeError, "(5, 3)"),
    "sparse, of another table": (
        lambda t: sgd(t, coalesce([0], zeros(1, 3), 5)),
        ShapeError,
        "(5, 3)",
    ),
    "another dtype": (lambda t: sgd(t, zeros(4, 3).astype("f4")), DtypeError, "float32"),
    "no gradient": (lambda t: sgd(t, None), TypeError, "NoneType"),
    "a half table": (lambda t: sgd(t.astype("f2"), GRAD), DtypeError, "<f2"),
    "a list": (lambda t: sgd(t.tolist(), GRAD), ShapeError, "list"),
    "three axes": (lambda t: sgd(t[None], GRAD), ShapeError, "(1, 4, 3)"),
    "not writable": (lambda t: sgd(np.broadcast_to(t[:1], (4, 3)), GRAD), ValueError, "is not"),
    "no velocity": (lambda t: sgd(t, GRAD, momentum=0.5), ValueError, "None"),
    "short velocity": (lambda t: sgd(t, GRAD, zeros(3, 3), momentum=0.5), ShapeError, "(3, 3)"),
    "single velocity": (
        lambda t: sgd(t, GRAD, zeros().astype("f4"), momentum=0.5),
        DtypeError,
        "float32",
    ),
    "velocity is the table": (lambda t: sgd(t, GRAD, t, momentum=0.5), ValueError, "share"),
    "rate is NaN": (lambda t: sgd(t, GRAD, learning_rate=np.nan), ValueError, "nan"),
    "rate below 0": (lambda t: sgd(t, GRAD, learning_rate=-1), ValueError, "-1"),
    "momentum above 1": (lambda t: sgd(t, GRAD, zeros(), momentum=1.5), ValueError, "1.5"),
    "another kind": (lambda t: sgd(t, GRAD, sparse_update="eager"), ValueError, "eager"),
    "rmsprop without": (lambda t: rmsprop(t, GRAD, None), ValueError, "None"),
    "centered without": (lambda t: rmsprop(t, GRAD, zeros(), centered=True), ValueError, "None"),
    "rho": (lambda t: rmsprop(t, GRAD, zeros(), rho=2), ValueError, "2"),
    "adagrad": (lambda t: adagrad(t, GRAD, zeros(), epsilon=-1e-7), ValueError, "-1e-07"),
    "adam at time 0": (lambda t: adam(t, GRAD, zeros(), zeros(), time=0), ValueError, "0"),
    "beta of 1": (lambda t: adam(t, GRAD, zeros(), zeros(), time=1, beta_1=1), ValueError, "1"),
    "amsgrad without": (
        lambda t: adam(t, GRAD, zeros(), zeros(), time=1, amsgrad=True),
        ValueError,
        "None",
    ),
    "padding outside": (lambda t: sgd(t, GRAD, padding_idx=4), IdError, "4"),
}


@pytest.mark.parametrize(("call", "error", "received"), BAD.values(), ids=BAD.keys())
def test_refused_arguments_write_nothing(call, error, received):
    table = np.arange(12.0).reshape(4, 3)
    with pytest.raises(error, match="Received") as excinfo:
        call(table)
    assert received in str(excinfo.value)
    assert table.ravel().tolist() == list(range(12))
