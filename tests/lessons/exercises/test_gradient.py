"""The checker of lesson 03: right is right, each wrong has its name, and M4 is really refuted."""

import numpy as np
import pytest

from embedlab.core.gradient import coalesce, grad_table
from embedlab.explorers.gradient import GradientExplorer
from embedlab.lessons import check, show
from embedlab.lessons.exercises.gradient import _cases
from embedlab.lessons.misconceptions import show_command


def empty(grad_out, input_dim):
    return np.zeros((input_dim, grad_out.shape[-1]), grad_out.dtype)


def by_add_at(ids, grad_out, input_dim):
    grad = empty(grad_out, input_dim)
    np.add.at(grad, ids, grad_out)
    return grad


def by_loop(ids, grad_out, input_dim):
    grad = empty(grad_out, input_dim)
    rows = grad_out.reshape(-1, grad_out.shape[-1])
    for row, value in zip(ids.reshape(-1), rows, strict=True):
        grad[row] += value
    return grad


def by_bincount(ids, grad_out, input_dim):
    columns = grad_out.reshape(-1, grad_out.shape[-1]).T
    sums = [np.bincount(ids.reshape(-1), column, input_dim) for column in columns]
    return np.array(sums).T.astype(grad_out.dtype)


def by_coalesce(ids, grad_out, input_dim):
    return coalesce(ids, grad_out, input_dim).to_dense()


@pytest.mark.parametrize(
    "right", [by_add_at, by_loop, by_bincount, by_coalesce, grad_table], ids=lambda f: f.__name__
)
def test_right_ways_pass(right):
    verdict = check("03.scatter_add", right)
    assert verdict, verdict
    assert "9 of 9 cases, and the gradient check passes" in verdict.message


def assigns(ids, grad_out, input_dim):
    grad = empty(grad_out, input_dim)
    grad[ids] = grad_out
    return grad


def adds_in_place(ids, grad_out, input_dim):
    grad = empty(grad_out, input_dim)
    grad[ids] += grad_out
    return grad


def first_wins(ids, grad_out, input_dim):
    grad = empty(grad_out, input_dim)
    grad[ids.reshape(-1)[::-1]] = grad_out.reshape(-1, grad_out.shape[-1])[::-1]
    return grad


def mean(ids, grad_out, input_dim):
    counts = np.maximum(np.bincount(ids.reshape(-1), minlength=input_dim), 1)
    return by_add_at(ids, grad_out, input_dim) / counts[:, None].astype(grad_out.dtype)


@pytest.mark.parametrize(
    ("function", "message", "misconception"),
    [
        (assigns, "Your result has only the last one", None),
        (adds_in_place, "reads the row once before it writes", None),
        (first_wins, "Your result has only the first one", None),
        (mean, "Your result has their mean", "M4"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_only_a_mean_of_duplicates_is_m4(function, message, misconception):
    """`+=` with an array of ids was meant as a sum: it is a trap of NumPy and no belief."""
    verdict = check("03.scatter_add", function)
    assert not verdict and verdict.misconception == misconception and message in verdict.message
    assert verdict.related == "M4"
    assert verdict.case["ids"] == "int64 (3,)  [0, 1, 0]"  # the smallest that shows it
    assert show_command("M4") in repr(verdict)


def plain_loop(ids, grad_out, input_dim):
    grad = empty(grad_out, input_dim)
    for n, i in enumerate(ids):
        grad[i] += grad_out[n]
    return grad


def plain_loop_with_shapes(ids, grad_out, input_dim):
    grad = np.zeros((input_dim, grad_out.shape[1]), grad_out.dtype)
    for n in range(len(ids)):
        grad[int(ids[n])] += grad_out[n]
    return grad


@pytest.mark.parametrize("function", [plain_loop, plain_loop_with_shapes], ids=lambda f: f.__name__)
def test_the_loop_of_the_lesson_lacks_the_second_axis(function):
    verdict = check("03.scatter_add", function)
    assert not verdict and verdict.misconception is None and verdict.related is None
    assert "It is right for ids with one axis. Here ids has two" in verdict.message
    assert "`ids.reshape(-1)`" in verdict.message
    assert verdict.case["ids"].startswith("int64 (2, 2)")


def test_m1_a_product_with_one_hot_rows_spreads_a_nan():
    def product(ids, grad_out, input_dim):
        onehot = np.eye(input_dim, dtype=grad_out.dtype)[ids.reshape(-1)]
        return onehot.T @ grad_out.reshape(-1, grad_out.shape[-1])

    verdict = check("03.scatter_add", product)
    assert not verdict and verdict.misconception == "M1" and "0 · NaN" in verdict.message


def spoils(ids, grad_out, input_dim):
    grad = by_add_at(ids, grad_out, input_dim)
    grad_out[...] = 0
    return grad


def endless(ids, grad_out, input_dim):
    while True:
        pass


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        (spoils, "changes its grad_out."),
        (endless, "does not finish"),
        (lambda ids, g, V: g, "must have shape"),
        (lambda ids, g, V: by_add_at(ids, g, V).astype("f2"), "must have the dtype of"),
        (lambda ids, g, V: by_add_at(ids, g, V).tolist(), "returned list."),
        (lambda ids, g, V: by_add_at(ids, g, V) + 1, "It begins with ones"),
        (lambda ids, g, V: by_add_at(ids - 1, g, V), "one row too early"),
        (lambda ids: ids, "Your function raised TypeError"),
        (3, "without parentheses"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_function_gets_a_sentence(hostile, message):
    verdict = check("03.scatter_add", hostile)
    assert not verdict and message in " ".join(repr(verdict).split())
    assert verdict.misconception is None


@pytest.mark.parametrize("submission", [lambda ids, g, V: None, lambda ids, g, V: ...])
def test_an_untouched_stub_is_not_yet(submission):
    verdict = check("03.scatter_add", submission)
    assert not verdict and not verdict.attempted


def test_the_cases_have_duplicates_an_empty_one_and_every_rank():
    assert {case.ids.ndim for case in _cases()} == {1, 2}
    assert any(case.ids.size == 0 for case in _cases())
    many = [np.unique(case.ids, return_counts=True)[1].max(initial=0) for case in _cases()]
    assert max(many) >= 3


# --- the exercise in the view, and the view that refutes M4 --------------------------------------


def test_a_sentence_for_which_assign_is_right():
    explorer = GradientExplorer()
    verdict = check("03.same", explorer)
    assert not verdict and not verdict.attempted and "“<pad>”, “the” occur more" in verdict.message
    explorer.text = "the cat sat on the mat"
    verdict = check("03.same", explorer)
    assert not verdict and verdict.attempted and "“the” occurs more than once" in verdict.message
    explorer.text = "the cat sat on a mat"
    assert check("03.same", explorer) and check("03.same", explorer.state)
    explorer.text = "the cat"
    assert "at least four" in check("03.same", explorer).message
    explorer.text = "the #99 cat sat"
    assert "the view has an error" in check("03.same", explorer).message
    explorer.text, explorer.mode = "the cat sat on", "tied"
    assert 'Go back to "plain"' in check("03.same", explorer).message
    assert "needs the view" in check("03.same", 4).message


def test_m4_assign_fails_the_check_and_add_passes():
    explorer = show("M4")
    assert explorer.rule == "assign" and explorer.trace.counts.max() == 3
    assert explorer.trace.passes("add") and not explorer.trace.passes("assign")
    last = explorer.trace.grad_out[3]
    np.testing.assert_array_equal(explorer.trace.assigned[1], last)
