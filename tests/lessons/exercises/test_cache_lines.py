"""The checker of lesson 02: right is right, each wrong has its name, and M13 is really refuted."""

import numpy as np
import pytest

from embedlab.lessons import check, show
from embedlab.lessons.exercises.cache_lines import CACHE, _cases
from embedlab.traces.cache_lines import trace_cache_lines


def by_order(read, ids):
    order = np.argsort(ids, kind="stable")
    sorted_rows = read(ids[order])
    rows = np.empty_like(sorted_rows)
    rows[order] = sorted_rows
    return rows


def by_unique(read, ids):
    different, back = np.unique(ids, return_inverse=True)
    return read(different)[back]


def by_inverse(read, ids):
    order = np.argsort(ids)
    return read(ids[order])[np.argsort(order)]


def in_pieces(read, ids):
    order = np.argsort(ids, kind="stable")
    rows = np.empty((ids.size, read([]).shape[1]), np.float32)
    for place in order:
        rows[place] = read(ids[place])
    return rows


def backwards(read, ids):
    order = np.argsort(-ids, kind="stable")
    return read(ids[order])[np.argsort(order)]


RIGHT = [by_order, by_unique, by_inverse, in_pieces, backwards]


@pytest.mark.parametrize("right", RIGHT, ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("02.fetch", right)
    assert verdict and "8 of 8 cases" in verdict.message, verdict
    assert "fetches 190 lines; their own order fetches 297" in verdict.message


def test_reading_sorted_ids_shows_m13_without_diagnosis():
    verdict = check("02.fetch", lambda read, ids: read(ids))
    assert not verdict and verdict.misconception is None and verdict.related == "M13"
    assert "They are in 6 lines, but 12 lines were fetched" in verdict.message
    assert verdict.case["ids"] == "[4, 0, 2, 1, 5, 3, 4, 0, 2, 1, 5, 3]"


def test_reading_the_whole_table_is_no_proof_of_m1():
    def whole(read, ids):
        return read(np.arange(ids.max() + 1))[ids] if ids.size else read(ids)

    verdict = check("02.fetch", whole)
    assert verdict.misconception is None and "you read the whole table for 1 id" in verdict.message


def stays(read, ids):
    return read(np.sort(ids))


def twice(read, ids):
    order = np.argsort(ids)
    return read(ids[order])[order]


def one_by_one(read, ids):
    return np.array([read([i])[0] for i in ids])


def endless(read, ids):
    while True:
        pass


def spoils(read, ids):
    ids.sort()
    return read(ids)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (stays, "in sorted order. Put each row back"),
        (twice, "permuted a second time, as by `rows[order]`"),
        (one_by_one, "Read ids that share a line directly after each other"),
        (endless, "does not finish"),
        (spoils, "changes its ids."),
        (lambda read, ids: by_order(read, ids) * 2, "The result holds other rows"),
        (lambda read, ids: by_order(read, ids)[..., :1], "Return one row for each id"),
        (lambda read, ids: by_order(read, ids).tolist(), "returned list."),
        (lambda read, ids: read(ids + 99), "Your function raised IdError"),
        (lambda read, ids: read("the"), "Your function raised IdTypeError"),
        (lambda ids: ids, "Your function raised TypeError"),
        (3, "without parentheses"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_wrong_way_gets_a_sentence(wrong, message):
    verdict = check("02.fetch", wrong)
    assert not verdict and message in " ".join(repr(verdict).split()), verdict
    assert verdict.misconception is None
    assert max(map(len, repr(verdict).split("\n"))) < 140


def test_rows_from_elsewhere_are_noticed():
    tables = {case.ids.tobytes(): case.table for case in _cases()}
    verdict = check("02.fetch", lambda read, ids: tables[ids.tobytes()][ids])
    assert not verdict and "did not get them by calling `read`" in verdict.message


@pytest.mark.parametrize("submission", [lambda read, ids: None, lambda read, ids: ...])
def test_an_untouched_stub_is_not_yet(submission):
    verdict = check("02.fetch", submission)
    assert not verdict and not verdict.attempted


def test_the_cases_ask_for_an_order():
    cases = _cases()
    assert any(case.ids.size == 0 for case in cases)
    for case in cases[3:6]:
        unsorted_lines = case.lines(case.ids, CACHE)
        assert case.fewest < unsorted_lines  # an order saves something
        assert case.lines(np.sort(case.ids), CACHE) == case.fewest < case.ids.size
    assert max(case.table.shape[1] * 4 for case in cases) / 64 + 2 <= CACHE


def test_m13_nothing_is_multiplied_and_bytes_are_moved():
    trace = show("M13").trace
    assert trace.multiplications["gather"] == 0 and trace.bytes_moved == 1024
    assert trace.gather_ns > 0
    lines = trace_cache_lines(trace.ids, *trace.table.shape)
    assert lines.touched == lines.fetches == 16  # eight rows of two lines, none twice
