"""Lookup: reference, an example by hand, the adjoint, differences, refusals."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.gradient import grad_table
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.jit import kernel_calls
from embedlab.core.lookup import (
    PARALLEL_FROM,
    lookup,
    lookup_kernel,
    lookup_kernel_parallel,
    lookup_reference,
    onehot_lookup,
)

FLOATS = ["float16", "float32", "float64"]
CASES = {
    "empty": [],
    "one": [2],
    "repeated": [3, 3, 3, 0],
    "matrix": [[0, 4], [1, 1]],
    "no rows": np.zeros((0, 3), int),
    "scalar": 4,
    "three axes": np.arange(8).reshape(2, 2, 2) % 5,
    "three axes, one empty": np.zeros((2, 0, 2), int),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("ids", CASES.values(), ids=CASES.keys())
def test_kernel_matches_reference(rng, dtype, ids):
    table = rng.normal(size=(5, 3)).astype(dtype)
    ids = np.asarray(ids, dtype=np.int64)
    out = lookup(table, ids)
    assert out.dtype == table.dtype
    assert out.shape == (*ids.shape, 3)
    np.testing.assert_array_equal(out, lookup_reference(table, ids))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [1, 2])
def test_kernel_matches_reference_at_parallel_sizes(rng, threads, dtype, count):
    threads(count)
    table = rng.normal(size=(1000, 16)).astype(dtype)
    ids = rng.integers(1000, size=PARALLEL_FROM // 16 + 3)
    np.testing.assert_array_equal(lookup(table, ids), lookup_reference(table, ids))


@given(data=st.data(), rows=st.integers(1, 6), columns=st.integers(0, 5))
def test_any_table_any_ids(data, rows, columns):
    ids = data.draw(st.lists(st.integers(0, rows - 1), max_size=12))
    table = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    ids = np.array(ids, np.int64)
    np.testing.assert_array_equal(lookup(table, ids), lookup_reference(table, ids))


def test_worked_by_hand():
    table = np.array([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]])
    assert lookup(table, [[2, 0], [1, 1]]).tolist() == [
        [[2.0, 2.5], [0.0, 0.5]],
        [[1.0, 1.5], [1.0, 1.5]],
    ]


def test_onehot_gives_the_same_numbers(rng):
    table = rng.normal(size=(6, 4)).astype("f4")
    ids = np.array([[5, 0, 0], [1, 2, 5]])
    np.testing.assert_array_equal(onehot_lookup(table, ids), lookup(table, ids))
    with pytest.raises(IdError):
        onehot_lookup(table, np.array([6]))


def test_the_gradient_is_the_adjoint(rng):
    table = rng.normal(size=(7, 3))
    ids = rng.integers(7, size=(4, 5))
    back = rng.normal(size=(4, 5, 3))
    forward = (lookup(table, ids) * back).sum()
    assert forward == pytest.approx((table * grad_table(ids, back, 7)).sum(), rel=1e-12)


def test_central_differences(rng):
    table = rng.normal(size=(4, 3))
    ids = np.array([1, 3, 1])
    back = rng.normal(size=(3, 3))
    grad = grad_table(ids, back, 4)
    h = 1e-6
    for at in np.ndindex(table.shape):
        up, down = table.copy(), table.copy()
        up[at] += h
        down[at] -= h
        slope = ((lookup(up, ids) - lookup(down, ids)) * back).sum() / (2 * h)
        assert grad[at] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: np.asfortranarray(t),
        lambda t: np.repeat(t, 2, axis=1)[:, ::2],
        lambda t: t[::-1][::-1],
        lambda t: t.tolist(),
    ],
    ids=["fortran", "strided", "reversed twice", "list"],
)
def test_any_memory_order(rng, make):
    table = rng.normal(size=(5, 4))
    np.testing.assert_array_equal(lookup(make(table), [4, 0, 4]), table[[4, 0, 4]])


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_read_only_table(rng, dtype):
    table = rng.normal(size=(5, 4)).astype(dtype)
    table.setflags(write=False)
    out = lookup(table, [4, 0])
    np.testing.assert_array_equal(out, table[[4, 0]])
    assert out.flags.writeable


@pytest.mark.parametrize(
    ("ids", "error", "received"),
    [
        (5, IdError, "Received 5. Raise"),
        ([0, -1], IdError, "-1 at [1]"),
        ([[0, 1], [7, 0]], IdError, "7 at [1, 0]"),
        (2.9, IdTypeError, "2.9"),
        ("cat", IdTypeError, "'cat'"),
        ([2**62, 0], IdError, str(2**62)),
        ([-(2**63)], IdError, str(-(2**63))),
    ],
)
def test_bad_ids_are_refused(ids, error, received):
    with pytest.raises(error) as excinfo:
        lookup(np.zeros((5, 2)), ids)
    assert received in str(excinfo.value)


@pytest.mark.parametrize(
    ("table", "error", "received"),
    [
        (np.zeros(3), ShapeError, "(3,)"),
        (np.zeros((1, 2, 3)), ShapeError, "(1, 2, 3)"),
        (np.zeros((2, 2), ">i4"), DtypeError, ">i4"),
        (np.zeros((2, 2), bool), DtypeError, "|b1"),
        (np.zeros((2, 2), ">f4"), DtypeError, ">f4"),
        (np.zeros((2, 2), complex), DtypeError, "<c16"),
        ([["a"]], DtypeError, "<U1"),
    ],
)
def test_bad_tables_are_refused(table, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        lookup(table, [0])
    assert received in str(excinfo.value)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint64"])
def test_integers_are_looked_up_bit_by_bit(dtype):
    info = np.iinfo(dtype)
    table = np.array([[info.min, info.max], [1, 2]], dtype)
    out = lookup(table, [1, 0, 7], oob="zero")
    assert out.dtype == dtype and out.tolist() == [[1, 2], [info.min, info.max], [0, 0]]
    with pytest.raises(DtypeError, match='oob="nan" needs a table of floats'):
        lookup(table, [7], oob="nan")


@pytest.mark.parametrize(
    ("oob", "negative", "expected"),
    [
        ("zero", "wrap", [0.0, 30.0, 0.0]),
        ("nan", "wrap", [np.nan, 30.0, 0.0]),
        ("clip", "wrap", [30.0, 30.0, 0.0]),
        ("wrap", "wrap", [10.0, 30.0, 0.0]),
        (2, "wrap", [20.0, 30.0, 0.0]),
    ],
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_rules_for_ids_outside(oob, negative, expected, dtype):
    table = np.array([[0], [10], [20], [30]], dtype)
    out = lookup(table, [5, -1, 0], oob=oob, negative=negative)
    np.testing.assert_array_equal(out.ravel(), np.array(expected, dtype))
    with pytest.raises(IdError, match="-1"):
        lookup(table, [5, -1, 0], oob=oob)


def test_out_is_written_and_returned(rng):
    table = rng.normal(size=(5, 4))
    out = np.full((2, 3, 4), 9.0)
    ids = [[0, 1, 2], [4, 4, 4]]
    assert lookup(table, ids, out=out) is out
    np.testing.assert_array_equal(out, table[ids])


@pytest.mark.parametrize("ids", [[0, 9], [0, -1], [0, 2.5], ["a", "b"]])
def test_out_is_untouched_when_ids_are_refused(ids):
    out = np.full((2, 4), 9.0)
    with pytest.raises((IdError, IdTypeError)):
        lookup(np.zeros((5, 4)), ids, out=out)
    assert (out == 9.0).all()


def test_out_must_fit():
    table = np.zeros((5, 4))
    frozen = np.zeros((2, 4))
    frozen.setflags(write=False)
    for out, error in [
        (np.zeros((2, 3)), ShapeError),
        ([0, 0], ShapeError),
        (np.zeros((2, 4), "f4"), DtypeError),
        (frozen, ValueError),
        (np.zeros((4, 2)).T, ValueError),
        (table[:2], ValueError),
    ]:
        with pytest.raises(error, match="out must"):
            lookup(table, [0, 1], out=out)


@pytest.mark.parametrize("run", [lookup_kernel, lookup_kernel_parallel, lookup_kernel.py_func])
def test_the_kernel_never_reads_out_of_range(run):
    """Ids may change after they were checked: the kernel checks each again."""
    guarded = np.full((12, 2), 77.0)  # rows 4..7 are the table, the rest must never appear
    table = guarded[4:8]
    table[:] = 1.0
    ids = np.array([-4, -1, 0, 3, 4, 7, 2**62, -(2**63)])
    out = np.full((8, 2), 9.0)
    assert run(table, ids, 0.0, out) == (3, 3)
    assert out[:, 0].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_kernel_calls_counts_the_compiled_kernel():
    before = kernel_calls("lookup")
    lookup(np.zeros((2, 2)), [0])
    lookup(np.zeros((2, 2)), [[1]])
    assert kernel_calls("lookup") - before == 2


def test_both_compilations_have_different_names():
    """With one name they would share one cache file, and one would run the other's code."""
    assert lookup_kernel.py_func.__qualname__ != lookup_kernel_parallel.py_func.__qualname__
    assert not lookup_kernel.targetoptions["parallel"]
    assert lookup_kernel_parallel.targetoptions["parallel"]
    assert numba.config.NUMBA_NUM_THREADS >= 1
