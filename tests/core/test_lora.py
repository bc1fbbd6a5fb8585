"""LoRA: references, by hand, the adjoint, central differences, threads, flat cost, refusals."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.gradient import SparseGrad
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, add_adapter, grad_lora, lora_lookup, lora_scale
from embedlab.core.lora import adapter as adapter_file
from embedlab.core.lora import lookup as lora_file
from embedlab.core.lora.adapter import add_adapter_kernel, add_adapter_reference
from embedlab.core.lora.gradient import grad_lora_kernel, grad_lora_reference
from embedlab.core.lora.lookup import (
    _lora_lookup_vector_kernel,
    lora_lookup_kernel,
    lora_lookup_reference,
)

IDS = {"empty": [], "one": [2], "repeated": [4, 0, 4, 4], "two axes": [[0, 3], [1, 1]]}
TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


def make(rng, rows, columns, rank, dtype="float32", scale=0.75):
    a, b = rng.normal(size=(rows, rank)), rng.normal(size=(rank, columns))
    return Adapter(a.astype(dtype), b.astype(dtype), scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", [1, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS.keys())
def test_kernels_match_references(rng, dtype, rank, ids):
    table = rng.normal(size=(5, 7)).astype(dtype)
    one = make(rng, 5, 7, rank, dtype)
    ids = np.array(ids, np.int64)
    out = lora_lookup(table, ids, [one])
    near = {"rtol": 0, "atol": TOLERANCE[dtype] * rank}
    assert (out.shape, out.dtype) == ((*ids.shape, 7), table.dtype)
    np.testing.assert_allclose(out, lora_lookup_reference(table, ids, *one), **near)
    rows = lookup(table, ids)
    add_adapter(rows, ids, one)
    np.testing.assert_allclose(rows, out, **near)
    again = lookup(table, ids)
    add_adapter_reference(again, ids, *one)
    np.testing.assert_allclose(rows, again, **near)
    back = rng.normal(size=out.shape).astype(dtype)
    grad_a, grad_b = grad_lora(ids, back, one)
    rows_a, rows_b = grad_lora_reference(
        one.a[ids].reshape(-1, rank), back.reshape(-1, 7), one.b, one.scale
    )
    np.testing.assert_allclose(grad_b, rows_b, **near)
    np.testing.assert_allclose(grad_a.uncoalesced()[1], rows_a, **near)


def test_uncompiled_kernels_give_the_same(rng):
    """The Python source of a kernel computes what the compiled kernel does."""
    table, one = rng.normal(size=(5, 6)), make(rng, 5, 6, 5, "float64")
    ids = np.array([4, 1, 9, -2])
    out, rows = np.empty((4, 6)), np.zeros((4, 6))
    assert lora_lookup_kernel.py_func(table, ids, *one, 0.0, out) == (1, 1)
    assert add_adapter_kernel.py_func(ids, *one, rows) == 2
    inside = table[ids[:2]]
    np.testing.assert_allclose(out[:2], inside + rows[:2], rtol=1e-14)
    np.testing.assert_array_equal(out[2:], 0)
    a_rows, back = one.a[[4, 1, 1]], rng.normal(size=(3, 6))
    grads = [(np.empty((3, 5)), np.zeros((2, 5, 6))) for _ in range(2)]
    grad_lora_kernel.py_func(a_rows, back, one.b, 1.0, *grads[0])
    grad_lora_kernel(a_rows, back, one.b, 1.0, *grads[1])
    for written, again in zip(*grads, strict=True):
        np.testing.assert_allclose(written, again, rtol=0, atol=1e-14)


@settings(deadline=None)  # the first call compiles
@given(
    data=st.data(),
    shape=st.tuples(st.integers(1, 6), st.integers(0, 9)),
    ranks=st.lists(st.integers(1, 9), max_size=3),
)
def test_any_shapes_and_several_adapters(data, shape, ranks):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ids = np.array(data.draw(st.lists(st.integers(0, shape[0] - 1), max_size=9)), np.int64)
    table = rng.normal(size=shape)
    adapters = [make(rng, *shape, rank, "float64", scale=0.5 + rank) for rank in ranks]
    expected = table[ids] + sum(scale * (a[ids] @ b) for a, b, scale in adapters)
    np.testing.assert_allclose(lora_lookup(table, ids, adapters), expected, rtol=0, atol=1e-12)


def test_worked_by_hand():
    table = np.array([[10.0, 20.0], [30.0, 40.0]])
    one = Adapter(np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[1.0, 0.0], [0.5, 1.0]]), 2.0)
    # row 0: (1, 2) @ b = (2, 2), doubled (4, 4); row 1: (0, -1) @ b = (-0.5, -1), doubled (-1, -2)
    assert lora_lookup(table, [0, 1], [one]).tolist() == [[14.0, 24.0], [29.0, 38.0]]
    grad_a, grad_b = grad_lora([1, 1], [[1.0, 0.0], [0.0, 2.0]], one)
    # back @ b.T = (1, 0.5) and (0, 2), doubled and summed on row 1; a.T @ back = (0, 0), (-1, -2)
    assert grad_a.ids.tolist() == [1]
    assert grad_a.rows.tolist() == [[2.0, 5.0]]
    assert grad_b.tolist() == [[0.0, 0.0], [-2.0, -4.0]]


def test_b_at_zero_changes_no_bit(rng):
    table = rng.normal(size=(6, 5)).astype("f4")
    a = rng.normal(size=(6, 4)).astype("f4")
    fresh = Adapter(a, np.zeros((4, 5), "f4"), 1.0)
    np.testing.assert_array_equal(lora_lookup(table, [5, 0], [fresh]), table[[5, 0]])


def test_zero_a_keeps_untrained_rows(rng):
    """One training step on token 2 alone; which other rows of the merged table have moved?"""
    table = rng.normal(size=(6, 4))
    for a, moved in ((rng.normal(size=(6, 2)), 6), (np.zeros((6, 2)), 1)):
        b = np.zeros((2, 4)) if a.any() else rng.normal(size=(2, 4))
        one = Adapter(a, b, 1.0)
        grad_a, grad_b = grad_lora([2], rng.normal(size=(1, 4)), one)
        after = Adapter(a - 0.1 * grad_a.to_dense(), b - 0.1 * grad_b, 1.0)
        step = lora_lookup(table, range(6), [after]) - lora_lookup(table, range(6), [one])
        assert np.count_nonzero(np.abs(step).sum(axis=1) > 1e-12) == moved


@pytest.mark.parametrize("rslora", [False, True])
def test_scales(rslora):
    assert lora_scale(16, 8, rslora=rslora) == (2.0 if rslora else 0.5)
    assert lora_scale(16, rslora=rslora) == (4.0 if rslora else 1.0)
    for rank, alpha in ((0, 1), (-1, 1), (2.5, 1), (True, 1), (2, "x"), (2, np.nan), (2, np.inf)):
        with pytest.raises(ValueError, match="Received"):
            lora_scale(rank, alpha, rslora=rslora)


def test_the_gradient_is_the_adjoint(rng):
    """<step(da), g> == <da, grad a> and <step(db), g> == <db, grad b>, with and without repeats."""
    ids = rng.integers(9, size=(4, 5))
    one = make(rng, 9, 6, 3, "float64")
    back = rng.normal(size=(4, 5, 6))
    grad_a, grad_b = grad_lora(ids, back, one)
    for moved, inner in (
        (one._replace(a=rng.normal(size=(9, 3))), lambda m: np.sum(m.a * grad_a.to_dense())),
        (one._replace(b=rng.normal(size=(3, 6))), lambda m: np.sum(m.b * grad_b)),
    ):
        step = lora_lookup(np.zeros((9, 6)), ids, [moved])
        np.testing.assert_allclose(np.sum(step * back), inner(moved), rtol=1e-12)


def test_central_differences(rng):
    ids = np.array([3, 1, 3])
    table, one = rng.normal(size=(4, 5)), make(rng, 4, 5, 2, "float64")
    target = rng.normal(size=(3, 5))

    def loss(a, b):
        return 0.5 * np.sum((lora_lookup(table, ids, [Adapter(a, b, one.scale)]) - target) ** 2)

    grad_a, grad_b = grad_lora(ids, lora_lookup(table, ids, [one]) - target, one)
    for k, grad in enumerate((grad_a.to_dense(), grad_b)):
        for at in np.ndindex(grad.shape):
            parts = [one.a.copy(), one.b.copy()]
            parts[k][at] += 1e-6
            up = loss(*parts)
            parts[k][at] -= 2e-6
            assert abs((up - loss(*parts)) / 2e-6 - grad[at]) < 1e-6


def test_half_floats_are_computed_in_single_and_rounded_once(rng, monkeypatch):
    monkeypatch.setattr(lora_file, "HALF_BLOCK", 3)
    table = rng.normal(size=(6, 9)).astype("f2")
    adapters = [make(rng, 6, 9, 5), make(rng, 6, 9, 2)]
    ids = rng.integers(6, size=(2, 5))
    out = lora_lookup(table, ids, adapters)
    assert out.dtype == np.float16
    expected = lora_lookup(table.astype("f4"), ids, adapters)
    np.testing.assert_allclose(out, expected.astype("f2"), rtol=1e-3, atol=0)
    exact = lora_lookup(table.astype("f8"), ids, adapters)
    assert np.mean(out == exact.astype("f2")) > 0.98  # a double rounding would be rare, not many
    grad_a, grad_b = grad_lora(ids, out, adapters[0])
    assert grad_a.rows.dtype == grad_b.dtype == np.float32


@pytest.mark.parametrize("oob", ["zero", "nan", "clip", "wrap", 2])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_ids_outside_follow_the_rule_and_get_no_step(rng, oob, dtype):
    table, one = rng.normal(size=(4, 6)).astype(dtype), make(rng, 4, 6, 5)
    ids = np.array([[1, 9], [-1, 4]])
    out = lora_lookup(table, ids, [one, one], oob=oob, negative="wrap")
    base = lookup(table, ids, oob=oob, negative="wrap")
    if oob in ("zero", "nan"):
        np.testing.assert_array_equal(out[0, 1], base[0, 1])
        np.testing.assert_array_equal(out[1, 1], base[1, 1])
    else:
        read = {"clip": 3, "wrap": 1, 2: 2}[oob]
        np.testing.assert_array_equal(out[0, 1], lora_lookup(table, [read], [one, one])[0])
    np.testing.assert_array_equal(out[1, 0], lora_lookup(table, [3], [one, one])[0])


def test_no_adapter_is_a_plain_lookup(rng):
    table = rng.normal(size=(4, 3)).astype("f2")
    np.testing.assert_array_equal(lora_lookup(table, [[3], [1]], []), table[[[3], [1]]])


def test_any_memory_order_and_read_only(rng):
    table, one = rng.normal(size=(5, 8)), make(rng, 5, 8, 6, "float64")
    expected = lora_lookup(table, [4, 2], [one])
    strange = Adapter(np.asfortranarray(one.a), np.repeat(one.b, 2, axis=1)[:, ::2], one.scale)
    strange.a.setflags(write=False)
    view = np.asfortranarray(table)
    view.setflags(write=False)
    np.testing.assert_array_equal(lora_lookup(view, [4, 2], [strange]), expected)
    back = np.asfortranarray(rng.normal(size=(2, 8)))
    for grad, same in zip(
        grad_lora([4, 2], back, strange), grad_lora([4, 2], back, one), strict=True
    ):
        grad, same = (g.rows if isinstance(g, SparseGrad) else g for g in (grad, same))
        np.testing.assert_allclose(grad, same, rtol=0, atol=1e-14)


@pytest.mark.parametrize("rank", [1, 4, 7, 8])
@pytest.mark.parametrize("columns", [0, 1, 13, 64, 200])
def test_simd_and_scalar_kernels_agree_bit_by_bit(rng, rank, columns):
    """Ids outside and a zero of either sign among them: a column-major table takes the other."""
    table = rng.normal(size=(9, columns)).astype("f4")
    table[3] = -0.0
    a, b, _ = make(rng, 9, columns, rank)
    b[:, ::2] = 0
    ids = np.array([3, -1, 0, 9, 8, 3])
    outputs = []
    for run in (lora_lookup_kernel, _lora_lookup_vector_kernel):
        out = np.empty((6, columns), "f4")
        assert run(table, ids, a, b, np.float32(0.75), np.float32(7), out) == (1, 1)
        outputs.append(out.tobytes())
    assert outputs[0] == outputs[1]
    inside = ids[[0, 2, 4, 5]]
    plain = lora_lookup(table, inside, [(a, b, 0.75)])
    other = lora_lookup(np.asfortranarray(table), inside, [(a, b, 0.75)])
    assert plain.tobytes() == other.tobytes()


@pytest.mark.thorough
@pytest.mark.parametrize("rank", [3, 8])
def test_bit_identical_for_any_number_of_threads(rng, threads, rank):
    """Far above both thresholds, with repeated ids in every block."""
    table, ids = rng.normal(size=(1000, 33)).astype("f4"), rng.integers(1000, size=40_000)
    one = make(rng, 1000, 33, rank)
    back = rng.normal(size=(40_000, 33)).astype("f4")
    results = []
    for count in (1, 2):
        threads(count)
        out = lora_lookup(table, ids, [one, one])
        rows = np.zeros_like(out)
        add_adapter(rows, ids, one)
        grad_a, grad_b = grad_lora(ids, back, one)
        results.append((out, rows, grad_a.rows, grad_b))
    for one_thread, two_threads in zip(*results, strict=True):
        np.testing.assert_array_equal(one_thread, two_threads)
    exact = one.scale * (one.a.astype("f8")[ids].T @ back)
    np.testing.assert_allclose(results[0][3], exact, rtol=0, atol=2e-6 * np.abs(exact).max())
    assert out.size * (rank + 4) > max(adapter_file.PARALLEL_FROM, lora_file.PARALLEL_FROM)


def test_memory_and_work_do_not_grow_with_the_table(rng):
    """Nothing of size V x D is made: a table of 32 MB, 64 ids, less than 200 kB."""
    table = np.zeros((125_000, 64), "f4")
    one = Adapter(np.zeros((125_000, 4), "f4"), np.ones((4, 64), "f4"), 1.0)
    ids = rng.integers(125_000, size=64)
    back = np.ones((64, 64), "f4")
    run = lambda: (lora_lookup(table, ids, [one]), grad_lora(ids, back, one))
    run()
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


A, B = np.zeros((4, 2), "f4"), np.zeros((2, 3), "f4")
BAD_ADAPTERS = [
    ((A, B), ValueError, "tuple"),
    (7, ValueError, "int"),
    ((A[:3], B, 1.0), ShapeError, "(3, 2)"),
    ((A, B[:, :2], 1.0), ShapeError, "(2, 2)"),
    ((A, B[:1], 1.0), ShapeError, "(1, 3)"),
    ((A[:, :0], B[:0], 1.0), ShapeError, "(4, 0)"),
    ((A[0], B, 1.0), ShapeError, "(2,)"),
    ((A.astype("f2"), B.astype("f2"), 1.0), DtypeError, "<f2"),
    ((A, B.astype("f8"), 1.0), DtypeError, "<f8"),
    ((A.astype(int), B.astype(int), 1.0), DtypeError, "<i8"),
    ((A.astype(">f4"), B.astype(">f4"), 1.0), DtypeError, ">f4"),
    ((A, B, np.nan), ValueError, "nan"),
    ((A, B, np.inf), ValueError, "inf"),
    ((A, B, "1"), ValueError, "'1'"),
    ((A, B, 1e39), ValueError, "1e+39"),
]


@pytest.mark.parametrize(("bad", "error", "received"), BAD_ADAPTERS)
def test_bad_adapters_are_refused(bad, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        lora_lookup(np.zeros((4, 3), "f4"), [0], [bad])
    assert received in str(excinfo.value)


@pytest.mark.parametrize(
    ("ids", "error", "received"),
    [
        ([0, 4], IdError, "4 at [1]"),
        ([-1], IdError, "-1 at [0]"),
        ([0.5], IdTypeError, "0.5"),
        (["cat"], IdTypeError, "'cat'"),
        ([np.nan], IdTypeError, "nan"),
    ],
)
def test_bad_ids_are_refused(ids, error, received):
    one = Adapter(A, B, 1.0)
    rows = np.full((len(ids), 3), 7.0, "f4")
    for call in (
        lambda: lora_lookup(np.zeros((4, 3), "f4"), ids, [one]),
        lambda: lora_lookup(np.zeros((4, 3), "f2"), ids, [one]),
        lambda: grad_lora(ids, rows, one),
        lambda: add_adapter(rows, ids, one),
    ):
        with pytest.raises(error, match="Received") as excinfo:
            call()
        assert received in str(excinfo.value)
    assert (rows == 7).all()


@pytest.mark.parametrize(
    ("back", "error", "received"),
    [
        (np.zeros((3, 3)), ShapeError, "(3, 3)"),
        (np.zeros((2, 2)), ShapeError, "(2, 2)"),
        (np.zeros(3), ShapeError, "(3,)"),
        (np.zeros((2, 3), int), DtypeError, "<i8"),
        (np.zeros((2, 3), ">f4"), DtypeError, ">f4"),
    ],
)
def test_bad_rows_and_gradients_are_refused(back, error, received):
    one = Adapter(A, B, 1.0)
    with pytest.raises(error, match="Received") as excinfo:
        grad_lora([0, 1], back, one)
    assert received in str(excinfo.value)
    with pytest.raises(ValueError, match="Received"):
        add_adapter(back, [0, 1], one)


def test_rows_must_be_writable_and_contiguous():
    one = Adapter(A, B, 1.0)
    frozen = np.zeros((2, 3))
    frozen.setflags(write=False)
    for rows in (frozen, np.zeros((3, 2)).T, np.zeros((2, 6))[:, ::2]):
        with pytest.raises(ValueError, match="C-contiguous"):
            add_adapter(rows, [0, 1], one)
    with pytest.raises(ShapeError, match="list"):
        add_adapter([[0.0] * 3] * 2, [0, 1], one)
