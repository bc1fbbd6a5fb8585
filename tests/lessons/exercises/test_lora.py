"""Lesson 07's checkers diagnose, and its presets show their misconceptions."""

import numpy as np
import pytest

from embedlab import LoRAExplorer
from embedlab.lessons import check, reveal, show
from embedlab.lessons.grading.check import find_item


def right(W, A, B, alpha):
    return W + W.dtype.type(alpha / len(B)) * (A @ B)


WRONG = {
    "The scale is missing": lambda W, A, B, alpha: W + A @ B,
    "Your scale is alpha.": lambda W, A, B, alpha: W + (alpha * A @ B).astype(W.dtype),
    "alpha / √r": lambda W, A, B, alpha: W + (alpha / len(B) ** 0.5 * (A @ B)).astype(W.dtype),
    "Your scale is r / alpha": lambda W, A, B, alpha: (
        W + (len(B) / (alpha or 1) * (A @ B)).astype(W.dtype)
    ),
    "W itself is missing": lambda W, A, B, alpha: (alpha / len(B) * (A @ B)).astype(W.dtype),
    "must have shape": lambda W, A, B, alpha: right(W, A, B, alpha)[None],
    "dtype of": lambda W, A, B, alpha: W + np.float64(alpha / len(B)) * (A @ B),
    "Your function raised ValueError": lambda W, A, B, alpha: W + A @ B.T @ np.ones(7),
    "not the numbers": lambda W, A, B, alpha: np.zeros_like(W),
}


def test_a_right_merge_passes():
    assert check("07.merge", right)
    assert "7 of 7" in repr(check("07.merge", right))


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_merge_is_explained(message):
    verdict = check("07.merge", WRONG[message])
    assert not verdict and message in verdict.message
    assert set(verdict.case) == {"W", "A", "B", "alpha", "expected", "returned"}
    assert verdict.misconception is None and verdict.related == "M15"


def test_a_merge_in_place_is_refused():
    def in_place(W, A, B, alpha):
        W += (alpha / len(B) * (A @ B)).astype(W.dtype)
        return W

    assert "changes its W" in check("07.merge", in_place).message


def test_no_merge_yet():
    assert not check("07.merge", lambda W, A, B, alpha: ...).attempted
    assert "needs the function" in check("07.merge", 3).message


def test_the_smallest_rank():
    rng = np.random.default_rng(7)
    change = rng.normal(size=(16, 2)) @ rng.normal(size=(2, 8))
    explorer = LoRAExplorer(delta=change, rank=1)
    low = check("07.rank", explorer)
    assert not low and "not below 5 %" in low.message
    explorer.rank = 2
    assert check("07.rank", explorer)
    assert "48 parameters instead of 128" in check("07.rank", explorer).message
    explorer.rank = 3
    high = check("07.rank", explorer)
    assert not high and high.misconception is None and "rank 2 leaves 0.0 %" in high.message
    assert high.related == "M9"
    assert not check("07.rank", LoRAExplorer(delta=0 * change)).attempted
    assert "needs the view" in check("07.rank", 4).message


def test_another_view_is_no_answer_to_the_smallest_rank():
    other = check("07.rank", LoRAExplorer())  # as it opens, its rank happens to be the right one
    assert not other and not other.attempted and "about the change “topic”" in other.message


def test_m9_the_error_is_gone_and_the_update_falls():
    explorer = show("M9")
    trace = explorer.trace
    assert trace.rank == 8 and trace.errors[2] < 1e-6
    plain, stable = trace.first_norms["α/r"], trace.first_norms["α/√r"]
    assert plain[7] < 0.2 * plain[0] and stable[7] > 0.7 * stable[0]


def test_m10_every_row_drifts_and_a_zero_start_stops_it():
    explorer = show("M10")
    assert explorer.trace.seen.tolist() == [0] and explorer.trace.moved.all()
    explorer.start = "zero"
    assert explorer.trace.moved.sum() == 1


def test_m15_merging_changes_nothing():
    trace = show("M15").trace
    assert trace.drifts[1].max() > 0.1 and not trace.merge_differences.any()


def test_the_prediction_is_true_in_the_view():
    explorer = LoRAExplorer(seen=[0])
    question = find_item("07.predict", "QUESTIONS")
    assert question.choices[question.correct].text == str(explorer.trace.moved.sum())
    assert "You have not answered yet" in repr(reveal("07.predict"))
