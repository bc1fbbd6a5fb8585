"""The checker of lesson 09: right is right, each wrong has its name, and M18 is really refuted."""

import numpy as np
import pytest

from embedlab.core.gradient import grad_table
from embedlab.explorers.gradient import GradientExplorer
from embedlab.lessons import check, show
from embedlab.lessons.exercises.tying import _cases


def by_add_at(E, ids, grad_scores):
    grad = grad_scores.T @ E[ids]
    np.add.at(grad, ids, grad_scores @ E)
    return grad


def by_loop(E, ids, grad_scores):
    grad = np.zeros_like(E)
    for i, word in zip(ids, grad_scores, strict=True):
        grad[i] += word @ E
        grad += np.outer(word, E[i])
    return grad


def by_one_hot(E, ids, grad_scores):
    onehot = np.eye(len(E), dtype=E.dtype)[ids]
    return onehot.T @ (grad_scores @ E) + grad_scores.T @ (onehot @ E)


def by_the_core(E, ids, grad_scores):
    return grad_table(ids, grad_scores @ E, len(E)) + grad_scores.T @ E[ids]


@pytest.mark.parametrize(
    "right", [by_add_at, by_loop, by_one_hot, by_the_core], ids=lambda f: f.__name__
)
def test_right_ways_pass(right):
    verdict = check("09.tied_gradient", right)
    assert verdict, verdict
    assert "7 of 7 cases, and the gradient check with a softmax passes" in verdict.message


def lookup_alone(E, ids, grad_scores):
    return grad_table(ids, grad_scores @ E, len(E))


def scores_alone(E, ids, grad_scores):
    return grad_scores.T @ E[ids]


def adds_in_place(E, ids, grad_scores):
    grad = grad_scores.T @ E[ids]
    grad[ids] += grad_scores @ E
    return grad


def assigns(E, ids, grad_scores):
    grad = grad_scores.T @ E[ids]
    grad[ids] = grad_scores @ E
    return grad


def overwrites(E, ids, grad_scores):
    grad, way_in = scores_alone(E, ids, grad_scores), lookup_alone(E, ids, grad_scores)
    grad[ids] = way_in[ids]
    return grad


def mean(E, ids, grad_scores):
    return by_add_at(E, ids, grad_scores) / E.dtype.type(2)


def up_the_hill(E, ids, grad_scores):
    return -by_add_at(E, ids, grad_scores)


def spoils(E, ids, grad_scores):
    grad = by_add_at(E, ids, grad_scores)
    grad_scores[...] = 0
    return grad


def turned(E, ids, grad_scores):
    return by_add_at(E, ids, grad_scores).T


def wrong_product(E, ids, grad_scores):
    return grad_scores @ E[ids]


def endless(E, ids, grad_scores):
    while True:
        pass


WRONG = {
    lookup_alone: ("Only rows that were looked up have a gradient", "M18"),
    scores_alone: ("is missing in row 0", None),
    adds_in_place: ("is looked up 2 times, and only the last", None),
    assigns: ("overwrote the gradient through the scores", None),
    overwrites: ("overwrote the gradient through the scores", None),
    mean: ("the mean of both gradients", "M4"),
    up_the_hill: ("the wrong sign", None),
    spoils: ("changes its grad_scores.", None),
    turned: ("must have shape (2, 1). It has shape (1, 2).", None),
    wrong_product: ("Shapes: E (2, 1), ids (1,), grad_scores (1, 2).", None),
    endless: ("does not finish", None),
}


@pytest.mark.parametrize(
    ("function", "message", "misconception"),
    [(f, *rest) for f, rest in WRONG.items()],
    ids=[f.__name__ for f in WRONG],
)
def test_each_wrong_way_is_named(function, message, misconception):
    verdict = check("09.tied_gradient", function)
    assert not verdict and message in verdict.message and verdict.misconception == misconception
    assert "expected" in verdict.case and repr(verdict).startswith("✗ 09.tied_gradient")


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        (
            lambda E, ids, grad_scores: by_add_at(E, ids, grad_scores).astype("f2"),
            "must have the dtype of",
        ),
        (lambda E, ids, grad_scores: by_add_at(E, ids, grad_scores) + 1, "These are not the sums"),
        (lambda E, ids, grad_scores: by_add_at(E, ids, grad_scores).tolist(), "returned list."),
        (lambda E: E, "Your function raised TypeError"),
        (3, "without parentheses"),
    ],
    ids=["half", "more", "list", "arguments", "number"],
)
def test_a_hostile_function_gets_a_sentence(hostile, message):
    verdict = check("09.tied_gradient", hostile)
    assert not verdict and message in " ".join(repr(verdict).split())
    assert verdict.misconception is None


def test_a_stub_is_not_yet():
    for submission in (lambda E, ids, grad_scores: None, lambda E, ids, grad_scores: ...):
        assert not check("09.tied_gradient", submission).attempted


def test_cases_cover_duplicates_empty_and_float16():
    assert any(case.ids.size == 0 for case in _cases())
    assert {case.table.dtype.name for case in _cases()} == {"float32", "float64"}
    assert sum(len(set(case.ids.tolist())) < case.ids.size for case in _cases()) >= 3


# --- the exercise in the view, and the view that refutes M18 --------------------------------------


def test_the_shortest_sentence_that_fills_the_table():
    explorer = GradientExplorer("the cat sat on the mat", mode="tied")
    verdict = check("09.shortest", explorer)
    assert not verdict and "all 14 rows have a gradient with 6 words" in verdict.message
    explorer.text = "the cat sat"
    verdict = check("09.shortest", explorer)
    assert not verdict and verdict.attempted and "with 3 words" in verdict.message
    for text in ("the cat", "the the"):
        explorer.text = text
        assert check("09.shortest", explorer) and check("09.shortest", explorer.state)
    explorer.text = "the"
    assert "0 of 14 rows have a gradient. A single word" in check("09.shortest", explorer).message
    explorer.text = ""
    assert not check("09.shortest", explorer)
    explorer.text = "the #99"
    assert "the view shows an error" in check("09.shortest", explorer).message
    explorer.text, explorer.mode = "the cat", "plain"
    assert 'the mode is "plain"' in check("09.shortest", explorer).message
    assert "needs the view" in check("09.shortest", 4).message


def test_m18_two_words_and_every_row_has_a_gradient():
    explorer = show("M18")
    trace = explorer.trace
    assert trace.ids.size == 2 and len(trace.table) == 14
    assert (trace.added != 0).any(axis=1).all() and trace.passes("add")
    assert not grad_table(trace.pair_ids, trace.pair_rows, 14)[2:].any()  # the lookup's own part
    explorer.mode = "plain"
    assert np.flatnonzero(explorer.trace.added.any(axis=1)).size == 2


def test_one_word_alone_sends_nothing_and_the_summary_says_so():
    summary = GradientExplorer("the", mode="tied").trace.summary
    assert "0 gradient rows for 0 of 14 rows\n" in summary
