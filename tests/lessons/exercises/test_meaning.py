"""The checks of lesson 10: right is right, each wrong has its name, and M12 is really refuted."""

import numpy as np
import pytest

from embedlab.core.geometry import odd_one_out
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.lessons import check, show
from embedlab.lessons.exercises.meaning import _cases


def core(table, ids):
    return odd_one_out(table, ids)[0]


def by_hand(table, ids):
    rows = table[ids] / np.linalg.norm(table[ids], axis=1, keepdims=True)
    return ids[(rows @ rows.mean(axis=0)).argmin()]


def by_pairs(table, ids):
    rows = table[ids] / np.linalg.norm(table[ids], axis=1, keepdims=True)
    return int(ids[(rows @ rows.T).sum(axis=1).argmin()])


@pytest.mark.parametrize("right", [core, by_hand, by_pairs], ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("10.odd", right)
    assert verdict, verdict
    assert "right, 8 of 8 cases" in repr(verdict)


WRONG = {
    "flat": (lambda table, ids: core(table[:, :2], ids), "only two numbers of each row", "M12"),
    "dots": (
        lambda table, ids: int(ids[(table[ids] @ table[ids].mean(axis=0)).argmin()]),
        "Long rows count for more",
        None,
    ),
    "place": (
        lambda table, ids: ids.tolist().index(core(table, ids)),
        "1 is a position in the list",
        None,
    ),
    "nearest": (
        lambda table, ids: int(ids[np.linalg.norm(table[ids], axis=1).argmax()]),
        "not the id with the smallest cosine",
        None,
    ),
    "whole table": (lambda table, ids: core(table, np.arange(len(table))), "one of the ids", None),
    "text": (lambda table, ids: "the odd one", "an integer", None),
    "list": (lambda table, ids: ids, "an integer", None),
    "raises": (lambda table, ids: 1 / 0, "ZeroDivisionError", None),
    "changes": (lambda table, ids: table.fill(0) or ids[0], "changes its table", None),
    "none": (lambda table, ids: None, "returns nothing yet", None),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_way_has_its_sentence(wrong):
    function, message, misconception = WRONG[wrong]
    verdict = check("10.odd", function)
    assert not verdict and verdict.misconception == misconception
    assert message in " ".join(repr(verdict).split())


def test_no_function_is_explained():
    assert "function itself" in repr(check("10.odd", 3))


def test_the_cases_are_about_what_they_say():
    long, deep = _cases()[3], _cases()[4]
    assert core(*long) == 2 and core(deep.table[:, :2], deep.ids) != core(*deep)


def explorer(**terms):
    table = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, -1, 1.0], [0, 0.3, 1.0], [0, 1, 0.2]])
    return GeometryExplorer("#0", table=table, words=list("abcdef"), **terms)


def test_a_sum_is_more_than_its_last_word():
    assert "no sum in the view yet" in repr(check("10.sum", explorer(a="a")))
    assert not check("10.sum", explorer(a="a")).attempted
    assert "Take three different words" in repr(check("10.sum", explorer(a="a", b="a", c="c")))
    good = check("10.sum", explorer(a="a", b="b", c="c"))
    assert (
        good
        and "a − b + c is nearest to d, which is not the nearest word to c alone"
        in " ".join(repr(good).split())
    )
    odd_sum = explorer(a="b", b="f", c="c")
    assert "the sum added nothing" in " ".join(repr(check("10.sum", odd_sum)).split())
    weak = GeometryExplorer(
        "#0", table=np.vstack([np.eye(5), [[-1.0, -1, 0, 0, 0]]]), a="#3", b="#4", c="#2"
    )
    assert not check("10.sum", weak)
    assert "needs the view" in repr(check("10.sum", 3))


def test_the_default_view_passes_and_its_state_too():
    opened = GeometryExplorer()
    assert check("10.sum", opened)
    assert check("10.sum", opened.state)


def test_m12_the_nearest_on_the_map_are_others_on_each_plane():
    view = show("M12")
    trace = view.trace
    assert len(trace.in_both) <= 3 and trace.typical < 2.5
    near = set(trace.near)
    view.plane = "random"
    assert set(view.trace.near) == near
    assert len(set(view.trace.near_map) & set(trace.near_map)) <= 3
