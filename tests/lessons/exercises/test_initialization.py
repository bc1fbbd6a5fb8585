"""The checker of lesson 05: right is right, each wrong has its name, and M8 is really refuted."""

import math

import numpy as np
import pytest

from embedlab.explorers.training import TrainingExplorer
from embedlab.lessons import check, show
from embedlab.lessons.exercises.initialization import CASES, _others

TEXT = "The cat sleeps. A dog runs. The dog sleeps. A cat runs. " * 5 + "The blue moon."


@pytest.mark.parametrize(
    "right",
    [
        lambda variance, T: math.sqrt(3 * variance / T),
        lambda variance, T: np.sqrt(3 * np.float64(variance) / T),
        lambda variance, T: np.array((3 * variance / T) ** 0.5),
        lambda variance, T: math.sqrt(12 * variance / T) / 2,
    ],
)
def test_right_ways_pass(right):
    verdict = check("05.limit", right)
    assert verdict, verdict
    assert "5 of 5 cases" in verdict.message and "variance 1.01, and 1.00" in verdict.message


WRONG = {
    "standard deviation": (lambda v, T: math.sqrt(v / T), "the standard deviation of a weight"),
    "forgets T": (lambda v, T: math.sqrt(3 * v), "right for one word"),
    "T on the wrong side": (lambda v, T: math.sqrt(3 * v * T), "T is on the wrong side"),
    "T without its root": (lambda v, T: math.sqrt(3 * v) / T, "Divide by √T instead of T"),
    "no root": (lambda v, T: 3 * v / T, "The square root is missing"),
    "the variance": (lambda v, T: v / T, "That is the variance of a row"),
    "the width": (lambda v, T: 2 * math.sqrt(3 * v / T), "the whole width"),
    "below zero": (lambda v, T: -math.sqrt(3 * v / T), "above 0"),
    "Keras's own": (lambda v, T: 0.05, "With weights within ±0.05 a row has variance 0.0008333"),
    "an array": (lambda v, T: np.ones(3), "one number"),
    "a bool": (lambda v, T: True, "one number"),
    "text": (lambda v, T: "0.05", "one number"),
    "NaN": (lambda v, T: math.nan, "a row has variance nan"),
    "one argument": (lambda v: v, "Your function raised TypeError"),
    "no function": (5, "without parentheses"),
}


@pytest.mark.parametrize(("submission", "message"), WRONG.values(), ids=WRONG.keys())
def test_each_wrong_way_is_named(submission, message):
    verdict = check("05.limit", submission)
    assert not verdict and verdict.attempted and message in " ".join(verdict.message.split())


def test_smallest_failing_case_is_shown():
    verdict = check("05.limit", lambda v, T: math.sqrt(3 * v))
    assert dict(verdict.case) == {"variance": "12", "T": "9", "expected": "2", "returned": "6"}
    assert verdict.message.startswith("1 of 5 cases are right.")


def test_it_does_not_end_and_a_stub_is_not_yet():
    def endless(variance, T):
        while True:
            pass

    assert "does not finish" in check("05.limit", endless).message
    assert not check("05.limit", lambda variance, T: ...).attempted


def test_no_right_answer_is_called_wrong_by_chance():
    for case in CASES:
        wrong = [value for value, _ in _others(case)]
        assert case.words == 1 or not np.isclose(wrong, case.limit).any()


# --- the exercise in the view, and the view that refutes M8 ---------------------------------------


def test_half_of_a_row_that_no_batch_used():
    runs = [["sgd + l2", 2.0], ["sgd", 2.0]]
    explorer = TrainingExplorer(TEXT, runs=runs, steps=30, batch=1, seed=34)
    verdict = check("05.half", explorer)
    assert (
        not verdict and not verdict.attempted and "“moon” has 29% of its length" in verdict.message
    )
    explorer.runs = [["sgd + l2", 0.5], ["sgd", 2.0]]
    verdict = check("05.half", explorer)
    assert (
        not verdict
        and verdict.attempted
        and "74%" in verdict.message
        and "more steps" in verdict.message
    )
    explorer.runs = [["sgd", 2.0], ["sgd + l2", 1.0]]
    assert check("05.half", explorer) and check("05.half", explorer.state)
    explorer.runs, explorer.steps = runs, 17
    assert check("05.half", explorer)
    explorer.batch, explorer.steps = 4, 60
    assert "every word was in a batch" in check("05.half", explorer).message
    explorer.runs = ["sgd"]
    assert "Choose it for run 1" in check("05.half", explorer).message
    assert "needs the view" in check("05.half", 3).message


def test_m8_unused_row_shrinks_only_under_l2():
    trace = show("M8").trace
    decays, plain = trace.runs
    moon = trace.words.index("moon")
    assert trace.counts[moon] == 1 and not decays.has_grad[:, moon].any()
    assert (plain.moves[:, moon] == 0).all() and (decays.moves[:, moon] > 0).all()
    path = decays.table[:, moon].astype(float)
    shrinkage = 0.98 ** np.arange(trace.steps + 1)  # 1 - rate * 2 * 0.01
    np.testing.assert_allclose(path, shrinkage[:, None] * path[0], rtol=1e-5)
