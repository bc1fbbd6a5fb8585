"""The checkers of lesson 04: right is right, each wrong has its name, and nothing hurts them."""

import numpy as np
import pytest

from embedlab.core.mask import masked_mean as core_mean
from embedlab.explorers.mask import MaskExplorer
from embedlab.lessons import check
from embedlab.lessons.exercises.mask import QUESTIONS, _cases

MEAN = ["Dropout", "GlobalAveragePooling1D", "Dense"]


def where(values, mask):
    words = np.where(mask[..., None], values, 0)
    return words.sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1)


def by_hand(values, mask):
    out = np.zeros((len(values), values.shape[2]))
    for b in range(len(values)):
        words = [values[b, t] for t in range(values.shape[1]) if mask[b, t]]
        if words:
            out[b] = np.sum(words, axis=0) / len(words)
    return out


def core(values, mask):
    return core_mean(np.where(mask[..., None], values, 0), mask)


@pytest.mark.parametrize("right", [where, by_hand, core], ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("04.mean", right)
    assert verdict, verdict
    assert "8 of 8" in repr(verdict)


def count(mask):
    return np.maximum(mask.sum(axis=1, keepdims=True), 1)


WRONG = {
    "all places": (lambda v, m: v.mean(axis=1), "the mask is not used", None),
    "zeros": (lambda v, m: v.sum(axis=1) / count(m), "Padding must not be added", None),
    "times": (lambda v, m: (v * m[..., None]).sum(axis=1) / count(m), "0 · NaN is NaN", None),
    "places": (
        lambda v, m: np.where(m[..., None], v, 0).mean(axis=1),
        "counts it in the division",
        None,
    ),
    "sum": (lambda v, m: np.where(m[..., None], v, 0).sum(axis=1), "by the number of words", None),
    "nothing": (
        lambda v, m: np.where(m[..., None], v, 0).sum(axis=1) / m.sum(axis=1, keepdims=True),
        "0 / 0 is NaN",
        None,
    ),
    "shape": (lambda v, m: where(v, m)[:, None], "must have shape (1, 1)", None),
    "list": (lambda v, m: where(v, m).tolist(), "must be an array", None),
    "stops": (lambda v, m: v[m].reshape(len(v), -1)[99], "Your function raised IndexError", None),
    "other": (lambda v, m: where(v, m) + 1, "not the mean of the words", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_mean_has_its_name(name):
    function, message, misconception = WRONG[name]
    verdict = check("04.mean", function)
    assert not verdict and message in verdict.message and verdict.misconception == misconception
    assert set(verdict.case) == {"values", "mask", "expected", "returned"}


def spoils(values, mask):
    values[~mask] = 0
    return where(values, mask)


def endless(values, mask):
    while True:
        pass


@pytest.mark.parametrize(
    ("hostile", "message"), [(spoils, "changes its values"), (endless, "does not finish")]
)
def test_nothing_hurts_the_checker(hostile, message):
    assert message in check("04.mean", hostile).message


def test_the_stub_is_not_yet():
    assert not check("04.mean", lambda values, mask: ...).attempted
    assert "needs the function itself" in check("04.mean", 3).message


def test_the_cases_hold_what_the_lesson_promises():
    masks = [mask for _, mask in _cases()]
    assert any(not mask.any(axis=1).all() and mask.size for mask in masks)
    assert any(np.isnan(values).any() for values, _ in _cases())


# --- the pipeline --------------------------------------------------------------------------------


def test_the_view_as_it_comes_is_not_yet_and_does_not_say_how():
    verdict = check("04.mend", MaskExplorer())
    assert not verdict and not verdict.attempted
    assert (
        "the mask is lost at conv, and the loss is 37.9 % lower than the unpadded"
        in verdict.message
    )


@pytest.mark.parametrize(
    "layers",
    [MEAN, ["LSTM(return_sequences=True)", *MEAN], ["Dropout", "GRU", "Dense"]],
    ids=["taken out", "replaced", "another way to one vector"],
)
def test_ways_to_mend_it(layers):
    explorer = MaskExplorer(layers=layers)
    assert check("04.mend", explorer) and check("04.mend", explorer.state)


@pytest.mark.parametrize(
    ("params", "message", "misconception"),
    [
        ({"lengths": []}, "there is nothing to repair", None),
        ({"text": ""}, "there is nothing to repair", None),
        ({"mask_zero": False, "layers": MEAN}, "no layer makes a mask", None),
        ({"layers": ["Conv1D", *MEAN]}, "the mask is lost at conv", None),
        ({"layers": ["Flatten", "Dense"]}, "no loss to compare with", None),
        ({"layers": ["Dropout", "Dense"]}, "Pool them", None),
        ({"layers": ["Masking", *MEAN]}, "it takes padding for words", None),
    ],
)
def test_wrong_repairs_are_explained(params, message, misconception):
    verdict = check("04.mend", MaskExplorer(**params))
    assert not verdict and message in verdict.message and verdict.misconception == misconception


def test_layers_that_do_not_fit_and_other_things():
    explorer = MaskExplorer()
    explorer.layers = ["GlobalAveragePooling1D", "LSTM"]
    assert "do not fit together" in check("04.mend", explorer).message
    assert "needs the view" in check("04.mend", 4).message


def test_the_right_answers_are_true():
    explorer = MaskExplorer(layers=["Flatten", "Dense"])
    verdicts = [stage.status for stage in explorer.trace.stages]
    assert verdicts == ["made", "lost here", "none"]
    assert QUESTIONS["predict"].correct == "c" and QUESTIONS["exit"].correct == "b"
