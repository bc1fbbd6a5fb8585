"""Merging adapters: same bits as the lookup, in place, safe, and back again."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, NotFiniteError, ShapeError
from embedlab.core.lora import Adapter, lora_lookup, merge, unmerge
from embedlab.core.lora import merging as merge_file
from embedlab.core.lora.merging import merge_reference


def make(rng, rows, columns, rank, dtype="float32"):
    a, b = rng.normal(size=(rows, rank)), rng.normal(size=(rank, columns))
    return Adapter(a.astype(dtype), b.astype(dtype), 0.75)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("ranks", [[1], [4], [6, 3], [8, 2, 5], []])
def test_a_merged_table_gives_the_same_bits_as_its_adapters(rng, dtype, ranks, monkeypatch):
    monkeypatch.setattr(merge_file, "BLOCK", 4)
    table = rng.normal(size=(11, 7)).astype(dtype)
    adapters = [make(rng, 11, 7, rank) for rank in ranks]
    ids = rng.integers(11, size=(3, 9))
    merged = merge(table, adapters)
    assert merged.dtype == table.dtype
    np.testing.assert_array_equal(merged[ids], lora_lookup(table, ids, adapters))
    again = table.copy()
    assert merge(again, adapters, out=again) is again
    np.testing.assert_array_equal(again, merged)
    other = np.empty_like(table)
    merge(np.asfortranarray(table), adapters, out=other)
    np.testing.assert_array_equal(other, merged)


def test_kernel_matches_reference(rng):
    table, one = rng.normal(size=(9, 5)), make(rng, 9, 5, 3, "float64")
    np.testing.assert_allclose(
        merge(table, [one]), merge_reference(table, *one), rtol=0, atol=1e-14
    )


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 99), st.sampled_from(["float32", "float64"]))
def test_unmerge_is_exact_to_one_ulp(seed, dtype):
    rng = np.random.default_rng(seed)
    table, one = rng.normal(size=(6, 5)).astype(dtype), make(rng, 6, 5, 4, dtype)
    merged = merge(table, [one])
    back = unmerge(merged, [one])
    allowed = np.spacing(np.maximum(np.abs(table), np.abs(merged)))
    assert (np.abs(back - table) <= allowed).all()


@pytest.mark.parametrize("target", ["new", "in place", "given"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38])
def test_safe_merge_refuses_non_finite_values(target, value, monkeypatch):
    monkeypatch.setattr(merge_file, "BLOCK", 2)
    table = np.ones((5, 2), "f4")
    a = np.zeros((5, 1), "f4")
    a[3] = 10.0
    bad = Adapter(a, np.array([[1.0, value]], "f4"), 1.0)
    out = {"new": None, "in place": table, "given": np.full((5, 2), 7.0, "f4")}[target]
    before = None if out is None else out.copy()
    at = [3, 1] if value == 1e38 else [0, 1]  # 0 times NaN or infinity is NaN in every row
    with pytest.raises(NotFiniteError, match="Received") as excinfo:
        merge(table, [bad], out=out)
    assert excinfo.value.position == tuple(at)
    assert str(at) in str(excinfo.value)
    if out is not None:
        np.testing.assert_array_equal(out, before)
    assert not np.isfinite(merge(table, [bad], safe=False)).all()


def test_merging_in_place_needs_a_block_and_no_second_table():
    table = np.zeros((200_000, 16), "f4")  # 12.8 MB
    one = Adapter(np.ones((200_000, 2), "f4"), np.ones((2, 16), "f4"), 1.0)
    merge(table[:10], [one._replace(a=one.a[:10])])
    tracemalloc.start()
    merge(table, [one], out=table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (table == 2).all()
    assert peak < 1_000_000


TABLE = np.zeros((4, 3), "f4")
ONE = Adapter(np.zeros((4, 2), "f4"), np.zeros((2, 3), "f4"), 1.0)
FROZEN = np.zeros((4, 3), "f4")
FROZEN.setflags(write=False)


@pytest.mark.parametrize(
    ("out", "error", "received"),
    [
        (np.zeros((4, 2), "f4"), ShapeError, "(4, 2)"),
        ([[0.0] * 3] * 4, ShapeError, "list"),
        (np.zeros((4, 3), "f8"), DtypeError, "float64"),
        (FROZEN, ValueError, "writable"),
        (TABLE[:], ValueError, "memory of its own"),
        (np.lib.stride_tricks.as_strided(ONE.a, (4, 3), (8, 2)), ValueError, "memory of its own"),
    ],
    ids=["shape", "list", "dtype", "read-only", "a view", "the adapter"],
)
def test_bad_out_is_refused(out, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        merge(TABLE, [ONE], out=out)
    assert received in str(excinfo.value)


def test_bad_tables_and_adapters_are_refused():
    out = np.full((4, 3), 7.0, "f4")
    for table, adapter, error in (
        (np.zeros((4, 3), int), ONE, DtypeError),
        (np.zeros(3), ONE, ShapeError),
        (TABLE, ONE._replace(a=ONE.a[:2]), ShapeError),
        (TABLE, ONE._replace(scale=np.nan), ValueError),
    ):
        with pytest.raises(error, match="Received"):
            merge(table, [adapter], out=out)
    assert (out == 7).all()
