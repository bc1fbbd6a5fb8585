"""Grouping equal ids: reference, an example by hand, threads, splits, refusals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.gradient import balanced_splits, group
from embedlab.core.gradient import grouping as group_module
from embedlab.core.gradient.grouping import PARALLEL_FROM, group_reference
from embedlab.core.ids import IdError


def same(groups, expected):
    for actual, expected_array in zip(groups, expected, strict=True):
        np.testing.assert_array_equal(actual, expected_array)


@given(
    data=st.data(),
    input_dim=st.sampled_from([1, 2, 7, 2047, 2048, 5000, 1 << 22, (1 << 31) - 1, 1 << 40]),
    skip=st.booleans(),
)
def test_kernel_matches_reference(data, input_dim, skip):
    ids = data.draw(
        st.lists(st.integers(0, input_dim - 1) | st.integers(0, min(3, input_dim - 1)), max_size=30)
    )
    padding = ids[0] if skip and ids else None
    expected = group_reference(np.array(ids, np.int64), -1 if padding is None else padding)
    same(group(ids, input_dim, padding_idx=padding), expected)


@pytest.mark.parametrize("input_dim", [300, 100_000])
@pytest.mark.parametrize("count", [1, 2])
def test_kernel_matches_reference_at_parallel_sizes(rng, threads, input_dim, count):
    threads(count)
    ids = rng.integers(input_dim, size=PARALLEL_FROM + 7)
    same(group(ids, input_dim, padding_idx=5), group_reference(ids, 5))


@pytest.mark.parametrize("skip", [None, 3])
@pytest.mark.parametrize(("rows_per_id", "counted"), [(4, True), (5, False)])
def test_counting_and_sorting_match_reference(rng, monkeypatch, skip, rows_per_id, counted):
    """Up to four rows for each id all rows are counted; beyond, the ids are sorted."""
    inner, calls = group_module._count_kernel, []
    monkeypatch.setattr(
        group_module, "_count_kernel", lambda *args: calls.append(1) or inner(*args)
    )
    for size in (1, 7, 500):
        ids = rng.integers(rows_per_id * size, size=size)
        ids[-1] = 3
        result = group(ids, rows_per_id * size, padding_idx=skip)
        same(result, group_reference(ids, -1 if skip is None else skip))
    assert bool(calls) == counted


def test_worked_by_hand():
    groups = group([[5, 2], [5, 0]], 6)
    assert groups.ids.tolist() == [0, 2, 5]
    assert groups.order.tolist() == [3, 1, 0, 2]
    assert groups.starts.tolist() == [0, 1, 2, 4]
    assert groups.counts.tolist() == [1, 1, 2]


@given(counts=st.lists(st.integers(1, 50), max_size=20), workers=st.integers(1, 5))
def test_balanced_splits_cover_every_group_once(counts, workers):
    starts = np.concatenate(([0], np.cumsum(counts, dtype=int)))
    cuts = balanced_splits(starts, workers)
    assert cuts[0] == 0
    assert cuts[-1] == len(counts)
    assert (np.diff(cuts) >= 0).all()
    share = (sum(counts) + len(counts)) / workers
    for first, last in pairwise(cuts):
        work = sum(counts[first:last]) + last - first
        assert work <= share + max(counts, default=0) + 1


@pytest.mark.parametrize("input_dim", [4, 1 << 40])
def test_bad_arguments_are_refused(input_dim):
    for bad in (input_dim, -1):
        with pytest.raises(IdError, match="Received") as excinfo:
            group([0, bad], input_dim)
        assert f"{bad} at [1]" in str(excinfo.value)
