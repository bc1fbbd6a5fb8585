"""The check of lesson 13: right is right, and each wrong count of neighbors has its sentence."""

import numpy as np
import pytest

from embedlab.core.geometry import nearest
from embedlab.lessons import check
from embedlab.traces.comparison import trace_comparison


def by_hand(before, after, row, k, score=None, itself=False, query=None):
    near = []
    for table in (before, after):
        one = table[row] if query is None else query
        lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(one)
        values = table @ one / lengths if score is None else score(table, one)
        order = np.argsort(-values, kind="stable")
        near.append((order if itself else order[order != row])[: k + itself])
    return np.intersect1d(*near).size


def by_the_core(before, after, row, k):
    near = [nearest(table, table[row], k, exclude=[row]).ids for table in (before, after)]
    return len(set(near[0]) & set(near[1]))


def by_the_trace(before, after, row, k):
    trace = trace_comparison(before, after, pick=f"#{row}")
    near = trace.near[:, trace.checked.tolist().index(row), :k]
    return float(np.intersect1d(*near).size)


@pytest.mark.parametrize("right", [by_hand, by_the_core, by_the_trace], ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("13.overlap", right)
    assert verdict and "right, 8 of 8 cases" in verdict.message, verdict


WRONG = {
    "itself": (lambda b, a, r, k: by_hand(b, a, r, k, itself=True), "counted too", None),
    "products": (lambda b, a, r, k: by_hand(b, a, r, k, np.dot), "Long rows count", None),
    "distance": (
        lambda b, a, r, k: by_hand(b, a, r, k, lambda t, q: -np.linalg.norm(t - q, axis=1)),
        "by distance",
        None,
    ),
    "flat": (lambda b, a, r, k: by_hand(b[:, :2], a[:, :2], r, k), "only two numbers", "M12"),
    "across": (lambda b, a, r, k: by_hand(b, a, r, k, query=b[r]), "with a row of the first", None),
    "share": (lambda b, a, r, k: by_hand(b, a, r, k) / k, "This is a share", None),
    "ids": (lambda b, a, r, k: [1, 2], "one number", None),
    "text": (lambda b, a, r, k: "one", "one number", None),
    "product": (lambda b, a, r, k: (b @ a.T) is None or by_hand(b, a, r, k), "lengths", None),
    "changes": (lambda b, a, r, k: b.fill(1) or 1, "changes its before", None),
    "raises": (lambda b, a, r, k: 1 / 0, "ZeroDivisionError", None),
    "none": (lambda b, a, r, k: None, "returns nothing yet", None),
    "constant": (lambda b, a, r, k: 77, "by hand", None),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_way_has_its_sentence(wrong):
    function, sentence, misconception = WRONG[wrong]
    verdict = check("13.overlap", function)
    assert not verdict and sentence in verdict.message, verdict
    assert verdict.misconception == misconception
