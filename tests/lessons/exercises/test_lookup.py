"""The checker of lesson 01: right is right, each wrong has its name, and nothing hurts it."""

import numpy as np
import pytest

from embedlab.core.ids import IdError
from embedlab.core.lookup import lookup as core_lookup
from embedlab.explorers.lookup import LookupExplorer
from embedlab.lessons import check
from embedlab.lessons.grading.sandbox import STEPS
from embedlab.lessons.misconceptions import show_command


def refuse(table, ids):
    if ((ids < 0) | (ids >= len(table))).any():
        raise IndexError("outside")


def gather(table, ids):
    refuse(table, ids)
    return table[ids]


def slow_gather(table, ids):
    refuse(table, ids)
    out = np.empty((ids.size, table.shape[1]), table.dtype)
    for n, row in enumerate(ids.reshape(-1)):
        for column in range(table.shape[1]):
            out[n, column] = table[row, column]
    return out.reshape(*ids.shape, table.shape[1])


@pytest.mark.parametrize("right", [gather, slow_gather, core_lookup], ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("01.lookup", right)
    assert verdict, verdict
    assert "13 of 13" in repr(verdict)


def test_every_id_is_checked_not_only_the_first():
    def first_only(table, ids):
        refuse(table, ids.reshape(-1)[:1])
        return table[ids]

    verdict = check("01.lookup", first_only)
    assert not verdict
    assert "Check every id" in verdict.message
    assert verdict.misconception is verdict.related is None


def test_a_gather_is_counted_with_no_multiplication():
    assert "Counted: 0 multiplications for 4 ids" in " ".join(
        repr(check("01.lookup", gather)).split()
    )


def eye(table, ids):
    refuse(table, ids)
    return (np.eye(len(table))[ids] @ table).astype(table.dtype)


def dot(table, ids):
    refuse(table, ids)
    return np.eye(len(table), dtype=table.dtype)[ids].dot(table)


def einsum(table, ids):
    refuse(table, ids)
    onehot = (ids[..., None] == np.arange(len(table))).astype(table.dtype)
    return np.einsum("...v,vd->...d", onehot, table)


def sum_by_hand(table, ids):
    refuse(table, ids)
    out = np.zeros((*ids.shape, table.shape[1]), table.dtype)
    for row in range(len(table)):
        out += (ids == row)[..., None] * table[row]
    return out


@pytest.mark.parametrize("function", [eye, dot, einsum, sum_by_hand], ids=lambda f: f.__name__)
def test_m1_multiplying_by_one_hot(function):
    verdict = check("01.lookup", function)
    assert not verdict
    assert verdict.misconception == "M1"
    assert verdict.case["returned"] == "float64 (1, 1)  [[nan]]"
    assert "60 multiplications for 4 ids in a table of (5, 3)" in verdict.message


def refuses_the_last(table, ids):
    if ids.size and (ids.max() >= len(table) - 1 or ids.min() < 0):
        raise ValueError("outside")
    return table[ids]


def counts_from_one(table, ids):
    refuse(table, ids)
    return table[ids - 1]


def takes_v(table, ids):
    return table[np.minimum(ids, len(table) - 1)]


def wraps(table, ids):
    return table[ids % len(table)]


def bound_of_v(table, ids):
    if ((ids < 0) | (ids > len(table))).any():
        raise IndexError("outside")
    return np.concatenate([table, table[-1:]])[ids]


def clips(table, ids):
    return table.take(ids, axis=0, mode="clip")


@pytest.mark.parametrize(
    ("function", "message", "misconception"),
    [
        (counts_from_one, "It reads one row too early", "M2"),
        (bound_of_v, "It refuses larger ids: the bound is one too high.", "M2"),
        (refuses_the_last, "It refuses id 0, but that is the last row", None),
        (takes_v, "It returns the last row instead", None),
        (clips, "It returns the last row instead", None),
        (wraps, "It accepts id 1, but the last row is row 0.", None),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_only_off_by_one_bounds_are_m2(function, message, misconception):
    verdict = check("01.lookup", function)
    assert not verdict
    assert verdict.misconception == misconception
    assert message in verdict.message
    assert show_command("M2") in repr(verdict)


def test_wrapped_negative_id_has_no_diagnosis():
    verdict = check("01.lookup", lambda W, ids: W[ids])
    assert not verdict
    assert "It accepts id -1" in verdict.message
    assert verdict.misconception is None and verdict.related == "M2"
    assert verdict.show().trace.bad.any()


@pytest.mark.parametrize("submission", [lambda W, ids: None, lambda W, ids: ...])
def test_an_untouched_stub_is_not_yet(submission):
    verdict = check("01.lookup", submission)
    assert not verdict and not verdict.attempted
    assert repr(verdict).startswith("○ 01.lookup, not yet")


def raises(table, ids):
    raise RuntimeError("no " * 1000)


def deep(table, ids):
    return deep(table, ids)


def endless(table, ids):
    while True:
        pass


def stubborn(table, ids):
    while True:
        try:
            while True:
                pass
        except Exception:
            pass


def leaves(table, ids):
    raise SystemExit


def spoils_table(table, ids):
    table[:] = 0
    return gather(table, ids)


def spoils_ids(table, ids):
    rows = gather(table, ids)
    ids[...] = 0
    return rows


def resizes(table, ids):
    table.shape = (-1,)
    return table


class Rude:
    def __repr__(self):
        raise RuntimeError("no repr")


class RudeError(IndexError):
    def __str__(self):
        raise RuntimeError("no text")


def rude(table, ids):
    return Rude()


def rude_error(table, ids):
    raise RudeError


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        (raises, "Your function raised RuntimeError: no no"),
        (deep, "does not finish"),
        (endless, f"stopped after {STEPS:,} steps"),
        (stubborn, "does not finish"),
        (leaves, "Your function raised SystemExit"),
        (spoils_table, "changes its table."),
        (spoils_ids, "changes its ids."),
        (resizes, "changes its table."),
        (rude, "returned Rude."),
        (rude_error, "Your function raised RudeError"),
        (lambda W, ids: gather(W, ids).tolist(), "returned list."),
        (lambda W, ids: gather(W, ids).astype("f2"), "must have the dtype of"),
        (lambda W, ids: gather(W, ids).astype(object), "must have the dtype of"),
        (lambda W, ids: gather(W, ids).reshape(-1, W.shape[1]), "must have shape"),
        (lambda W, ids: gather(W, ids) + 1, "The result holds other rows"),
        (lambda W: W, "Your function raised TypeError"),
        (3, "without parentheses"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_function_gets_a_sentence(hostile, message):
    verdict = check("01.lookup", hostile)
    assert not verdict
    assert message in " ".join(repr(verdict).split())
    assert verdict.misconception is None
    assert max(map(len, repr(verdict).split("\n"))) < 140


def test_an_empty_array_has_no_largest_id():
    def by_max(table, ids):
        if ids.max() >= len(table) or ids.min() < 0:
            raise IndexError
        return table[ids]

    assert "It fails for an empty array of ids, which has no largest id" in " ".join(
        repr(check("01.lookup", by_max)).split()
    )


def test_another_error_than_index_error_is_named():
    def refuses_oddly(table, ids):
        try:
            refuse(table, ids)
        except IndexError:
            raise KeyError("outside") from None
        return table[ids]

    assert (
        "must raise an IndexError. It raised KeyError" in check("01.lookup", refuses_oddly).message
    )


def test_the_verdict_is_the_same_each_time():
    assert repr(check("01.lookup", eye)) == repr(check("01.lookup", eye))


def test_unknown_exercise():
    with pytest.raises(KeyError, match=r"one of 01\.lookup, 01\.fence.*\. Received '01\.lokup'"):
        check("01.lokup", gather)


# --- the exercise in the view -------------------------------------------------------------------


def test_smallest_table_and_one_row_less():
    """The task itself says to go one step too far, and then back."""
    explorer = LookupExplorer("the cat sat on the mat")
    largest = int(explorer.trace.ids.max())
    explorer.input_dim = largest + 1
    assert check("01.fence", explorer)
    explorer.input_dim = largest
    verdict = check("01.fence", explorer)
    assert not verdict and verdict.misconception is None and verdict.related == "M2"
    assert "mat (id 10) is out of range. Make V larger." in verdict.message
    explorer.input_dim = largest - 1
    verdict = check("01.fence", explorer)
    assert not verdict and verdict.misconception is None
    explorer.input_dim = largest + 2
    verdict = check("01.fence", explorer)
    assert not verdict and not verdict.attempted
    assert str(largest) not in verdict.message  # it must not give the answer away


def test_a_state_serves_as_well_as_the_view():
    explorer = LookupExplorer("#3 #1", input_dim=4)
    assert check("01.fence", explorer.state)
    explorer.text = "#-1 #3"
    assert not check("01.fence", explorer.state)
    explorer.text = ""
    assert "no word" in check("01.fence", explorer).message
    assert "needs the view" in check("01.fence", 4).message


def test_the_cases_include_what_the_lesson_promises():
    from embedlab.lessons.exercises.lookup import _cases

    ranks = {ids.ndim for _, ids in _cases()}
    assert ranks >= {0, 1, 2, 3}
    refused = 0
    for table, ids in _cases():
        try:
            core_lookup(table, ids)
        except IdError:
            refused += 1
    assert refused == 4
