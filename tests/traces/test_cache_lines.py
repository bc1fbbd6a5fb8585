"""The trace of cache lines: worked by hand, a least recently used cache, refusals."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.ids import IdError, IdTypeError
from embedlab.data.zipf import zipf_stream
from embedlab.traces.cache_lines import trace_cache_lines


def test_worked_by_hand():
    trace = trace_cache_lines([3, 9, 15, 2, 3], 16, 8, cache=2)  # two rows a line
    assert trace.lines.tolist() == [1, 4, 7, 1, 1]
    assert trace.position.tolist() == [0, 1, 2, 3, 4]
    assert trace.fetched.tolist() == [True, True, True, True, False]  # line 1 was lost to 7
    assert (trace.touched, trace.fetches, trace.table_lines) == (3, 4, 8)
    assert (trace.bytes_requested, trace.bytes_fetched) == (160, 256)
    assert trace_cache_lines([3, 9, 15, 2, 3], 16, 8, cache=3).fetches == 3


def test_the_cache_evicts_the_least_recently_used():
    trace = trace_cache_lines([0, 1, 0, 2, 0, 1], 4, 16, cache=2)
    assert trace.fetched.tolist() == [True, True, False, True, False, True]


@pytest.mark.parametrize(
    ("width", "itemsize", "ids", "lines"),
    [
        (16, 4, [2, 0], [2, 0]),
        (20, 4, [0, 3, 4], [0, 1, 3, 4, 5, 6]),  # 80 bytes: rows 3 and 4 begin at 240 and 320
        (48, 4, [1], [3, 4, 5]),
        (64, 1, [7], [7]),
        (1, 1, [63, 64], [0, 1]),
    ],
)
def test_rows_of_other_widths(width, itemsize, ids, lines):
    assert trace_cache_lines(ids, 80, width, itemsize=itemsize).lines.tolist() == lines


def by_bytes(ids, row_bytes, line):
    """Reference implementation, byte by byte: the line in which each byte of each row lies."""
    return [
        sorted({byte // line for byte in range(i * row_bytes, (i + 1) * row_bytes)}) for i in ids
    ]


@pytest.mark.parametrize("cache", [None, 1, 3, 10])
@pytest.mark.parametrize("width", [1, 5, 16, 33])
def test_it_agrees_with_bytes_and_a_list_as_cache(width, cache):
    ids = zipf_stream(60, 30, seed=width)
    trace = trace_cache_lines(ids, 30, width, cache=cache, line=32)
    expected = [line for lines in by_bytes(ids.tolist(), 4 * width, 32) for line in lines]
    assert trace.lines.tolist() == expected
    cached: list[int] = []
    for line, fetched in zip(expected, trace.fetched.tolist(), strict=True):
        assert fetched == (line not in cached)
        cached = [line, *[old for old in cached if old != line]][:cache]
    assert trace.touched == len(set(expected))


@pytest.mark.parametrize("seed", range(4))
def test_sorted_ids_fetch_the_fewest_lines(seed):
    ids = zipf_stream(200, 90, seed=seed)
    for cache in (2, 5, None):
        unsorted = trace_cache_lines(ids, 90, 8, cache=cache)
        ordered = trace_cache_lines(np.sort(ids), 90, 8, cache=cache)
        assert ordered.fetches == ordered.touched == unsorted.touched <= unsorted.fetches


def test_read_only_flat_and_by_value():
    ids = np.array([[1, 2], [0, 1]])
    trace = trace_cache_lines(ids, 3, 4)
    ids[:] = 0
    assert trace.ids.tolist() == [1, 2, 0, 1]
    for field in ("ids", "lines", "position", "fetched"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trace, field)[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.cache = 5


def test_no_ids_touch_nothing():
    trace = trace_cache_lines([], 4, 4, cache=1)
    assert (trace.touched, trace.fetches, trace.bytes_fetched) == (0, 0, 0)
    assert "0 touched" in trace.summary


def test_summary_and_alt_hold_the_numbers():
    trace = trace_cache_lines([3, 9, 15, 2, 3], 16, 8, cache=2)
    assert trace.summary.split("\n") == [
        "ids     5, rows of 32 bytes, a table of 8 lines",
        "lines   3 touched, 4 fetched; the cache holds 2 lines",
        "bytes   160 asked for, 256 fetched",
    ]
    assert "all lines" in trace_cache_lines([1], 2, 2).summary
    assert "4 come from memory" in trace.alt and "of 2" in trace.alt


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (([4], 4, 8), IdError, r"ids must lie in 0\.\.3 .*Received 4"),
        (([-1], 4, 8), IdError, "Received -1"),
        (([0.5], 4, 8), IdTypeError, "Received"),
        (([0], 0, 8), ValueError, "input_dim"),
        (([0], 4, 0), ValueError, "output_dim"),
    ],
)
def test_bad_arguments_are_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        trace_cache_lines(*wrong)


@pytest.mark.parametrize("name", ["cache", "line", "itemsize"])
def test_sizes_below_1_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name} .*Received 0"):
        trace_cache_lines([0], 4, 8, **{name: 0})
