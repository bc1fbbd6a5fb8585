"""The checkers of lesson 12: the repaired models are right, and each wrong repair has its name."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from embedlab import grad_table
from embedlab.core.gradient import coalesce
from embedlab.layers import (
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Input,
    Masking,
)
from embedlab.lessons import check
from embedlab.lessons.exercises.capstone.data import (
    MENU,
    PRICES,
    Discount,
    adapter,
    forecast,
    neighbor,
    tastes,
    ten_days,
    traded_shares,
)
from embedlab.lessons.exercises.capstone.questions import CHECKS, QUESTIONS
from embedlab.lessons.exercises.capstone.views import evidence
from embedlab.models import Model, Sequential
from embedlab.optimizers import SGD, Adam

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
RIGHT_VIEW = {
    "id": "lookup",
    "loss": "gradient",
    "factor": "mask",
    "drift": "training",
    "int8": "quantize",
}


def diagnose(exercise, function):
    """Return the message of a checker, its misconception, and the view it offers."""
    verdict = check(exercise, function)
    assert repr(verdict).startswith(("✗", "○"))
    return verdict.message, verdict.misconception, verdict.misconception or verdict.related


# Case 1


def table(rows, **options):
    options = {"mask_zero": True, **options}
    return lambda ids: Embedding(rows(ids), 4, **options)


def test_one_row_more_than_the_largest_id():
    assert check("12.id", table(lambda ids: int(ids.max()) + 1))
    assert check("12.id", table(lambda ids: ids.max() + 1, seed=3))


@pytest.mark.parametrize(
    ("function", "message", "misconception"),
    [
        (table(lambda ids: int(ids.max()), oob="wrap"), "reads the row of another id", None),
        (table(lambda ids: int(ids.max()), oob="zero"), "reads zeros", None),
        (table(lambda ids: int(ids.max())), "better than a wrong row", None),
        (table(lambda ids: ids.size + 1), "only the largest", None),
        (table(lambda ids: 100), "no id reads the last 96 of 100 rows", None),
        (table(lambda ids: int(ids.max()) + 1, mask_zero=False), "keep mask_zero=True", None),
        (lambda ids: Embedding(int(ids.max()) + 1, 3), "Rows should have 4 numbers", None),
        (lambda ids: np.zeros(3), "should return an Embedding. It returned ndarray", None),
        (lambda ids: 1 / 0, "ZeroDivisionError", None),
    ],
)
def test_wrong_tables(function, message, misconception):
    feedback, named, _ = diagnose("12.id", function)
    assert message in feedback and named == misconception


# Case 2


def assign(ids, grad_out, input_dim):
    grad = np.zeros((input_dim, grad_out.shape[-1]), grad_out.dtype)
    grad[ids] += grad_out
    return grad


def mean(ids, grad_out, input_dim):
    return grad_table(ids, grad_out, input_dim, scale_grad_by_freq=True)


def test_the_forecast_has_the_last_week_or_the_means():
    days, volume = traded_shares()
    means = np.array([volume[days == day].mean() for day in range(5)])
    assert days[-5:].tolist() == [0, 1, 2, 3, 4] and np.bincount(days).min() == 12
    losses, rows = forecast(assign)
    assert np.allclose(rows, volume[-5:, 0], atol=0.01) and round(float(losses[-1]), 1) == 565.5
    assert losses[20] < losses[-1] < losses[0]  # it falls, and rises again
    losses, rows = forecast(grad_table)
    assert np.allclose(rows, means, atol=1e-3)
    smallest = ((volume[:, 0] - means[days]) ** 2).mean()
    assert np.isclose(losses[-1], smallest, rtol=1e-4) and round(float(smallest), 1) == 240.5


def test_a_sum_passes_and_the_model_says_so():
    verdict = check("12.loss", grad_table)
    assert verdict and "falls from 3307 to 240.5" in verdict.message


def test_the_plain_loop_passes():
    def add_in_a_loop(ids, grad_out, input_dim):
        grad = np.zeros((input_dim, grad_out.shape[-1]), grad_out.dtype)
        for n, i in enumerate(ids):
            grad[i] += grad_out[n]
        return grad

    verdict = check("12.loss", add_in_a_loop)
    assert verdict and "240.5, the smallest possible" in " ".join(verdict.message.split())


def test_a_mean_is_named():
    message, misconception, _ = diagnose("12.loss", mean)
    assert "Your result has their mean" in message and misconception == "M4"
    assert not check("12.loss", assign).attempted


def test_right_in_the_small_and_wrong_in_the_model():
    def only_small(ids, grad_out, input_dim):
        return grad_table(ids, grad_out, input_dim) * (1 if input_dim != 5 else 0.01)

    def breaks(ids, grad_out, input_dim):
        return grad_table(ids, grad_out, input_dim) if input_dim != 5 else 1 / 0

    assert "do not reach their means" in diagnose("12.loss", only_small)[0]
    assert "in the model your function raised ZeroDivisionError" in diagnose("12.loss", breaks)[0]


# Case 3


def words(prices, **options):
    return Embedding(14, 1, weights=prices, **{"mask_zero": True, **options})


class Polite(Discount):
    supports_masking = True


def functional(prices):
    ids = Input((None,))
    return Model(ids, Discount()(GlobalAveragePooling1D()(words(prices)(ids))))


def row_of(*layers, **options):
    def build(prices):
        return Sequential([words(prices, **options), *layers], strict_masks="ignore")

    return build


MEAN = GlobalAveragePooling1D()


@pytest.mark.parametrize(
    "right", [row_of(MEAN, Discount()), row_of(Polite(), MEAN), functional], ids=range(3)
)
def test_the_mean_of_the_words_passes(right):
    verdict = check("12.factor", right)
    assert verdict, verdict


@pytest.mark.parametrize(
    ("function", "message", "misconception", "see"),
    [
        (
            lambda prices: Sequential([words(prices), Discount(), MEAN]),
            "raises an error",
            None,
            "M6",
        ),
        (row_of(MEAN), "the discount is missing", None, None),
        (row_of(MEAN, Discount(), mask_zero=False), "No layer makes a mask", None, "M6"),
        (row_of(Discount(), MEAN, padding_idx=0), "Row 0 was zero already", None, "M6"),
        (row_of(Discount(), Masking(), MEAN), "Milk costs nothing", None, None),
        (row_of(GlobalMaxPooling1D(), Discount()), "the highest price", None, None),
        (row_of(Flatten(), Discount()), "one number for each order", None, None),
        (lambda prices: prices.mean(), "should return a model", None, None),
        (lambda prices: [][0], "IndexError", None, None),
    ],
)
def test_wrong_means(function, message, misconception, see):
    feedback, named, describe = diagnose("12.factor", function)
    assert message in feedback and (named, describe) == (misconception, see)


# Case 4


def restored(table, adam, expected, final):
    final_rows = table.value[final]
    for _ in range(20):
        adam.apply([table.value - expected], [table])
        table.value[final] = final_rows


def forgotten(table, adam, expected, final):
    for slot in adam.state(table).values():
        slot[final] = 0
    zeroed(table, adam, expected, final)


def lazy(table, adam, expected, final):
    adam.sparse_update = "lazy"
    rows = np.setdiff1d(np.arange(len(expected)), final)
    for _ in range(20):
        adam.apply([coalesce(rows, (table.value - expected)[rows], len(expected))], [table])


def zeroed(table, adam, expected, final):
    for _ in range(20):
        grad = table.value - expected
        grad[final] = 0
        adam.apply([grad], [table])


@pytest.mark.parametrize("right", [restored, forgotten, lazy], ids=lambda f: f.__name__)
def test_final_rows_stay_and_the_others_learn(right):
    verdict = check("12.drift", right)
    assert verdict, verdict


def by_a_new_adam(table, adam, expected, final):
    zeroed(table, Adam(0.1), expected, final)


def by_sgd(table, adam, expected, final):
    zeroed(table, SGD(0.1), expected, final)


def all_frozen(table, adam, expected, final):
    table.trainable = False
    zeroed(table, adam, expected, final)


def to_zero(table, adam, expected, final):
    zeroed(table, adam, expected, final)
    table.value[final] = 0


def by_a_view(table, adam, expected, final):
    array = table.value  # no copy
    zeroed(table, adam, expected, final)
    table.value[final] = array[final]


def no_pull(table, adam, expected, final):
    expected = expected.copy()
    expected[final] = table.value[final]
    for _ in range(20):
        adam.apply([table.value - expected], [table])


def changes_its_wish(table, adam, expected, final):
    expected[final] = table.value[final]


def nothing(table, adam, expected, final): ...


@pytest.mark.parametrize(
    ("function", "message", "misconception"),
    [
        (by_a_new_adam, "the others end elsewhere", None),
        (by_sgd, "the others end elsewhere", None),
        (all_frozen, "The whole table is frozen", None),
        (to_zero, "is zero now", None),
        (no_pull, "is final, and it moved by", None),
        (changes_its_wish, "changes its wanted", None),
        (nothing, "No row moves any more", None),
        (lambda *submission: 1 / 0, "ZeroDivisionError", None),
    ],
)
def test_wrong_ways_to_freeze(function, message, misconception):
    feedback, named, _ = diagnose("12.drift", function)
    assert message in feedback and named == misconception


@pytest.mark.parametrize("same", [zeroed, by_a_view], ids=lambda f: f.__name__)
def test_what_moves_as_before_is_not_yet(same):
    assert not check("12.drift", same).attempted


def test_the_gradient_of_a_final_row_is_zero_and_it_moves():
    table, adam, expected = ten_days()
    before = table.value.copy()
    zeroed(table, adam, expected, [0, 1])
    assert (np.abs(table.value - before)[:2] > 0.5).all()


# Case 5


def shipped(scale, merged=lambda w, a, b, alpha: w + alpha / a.shape[1] * a @ b, dtype=np.int8):
    def ship(W, A, B, alpha):
        table = merged(W, A, B, alpha)
        scales = scale(table)
        return np.clip(np.rint(table * scales), -200, 200).astype(dtype), scales

    return ship


def each_row(table, top=127):
    return top / np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-9)


def test_a_scale_for_each_row_passes():
    verdict = check("12.int8", shipped(each_row))
    assert verdict and "12 of 12 words keep their nearest neighbor" in verdict.message
    assert check("12.int8", shipped(lambda t: 127 / (abs(t).max(axis=1, keepdims=True) + 1e-7)))


@pytest.mark.parametrize(
    ("function", "message", "misconception", "see"),
    [
        (shipped(lambda t: 127 / abs(t).max(axis=0)), "Each column has a scale", None, "M14"),
        (shipped(lambda t: 100 / abs(t).max()), "All rows share one scale", None, "M14"),
        (shipped(lambda t: 127 / abs(t).max(axis=1, keepdims=True)), "row of zeros", None, None),
        (shipped(each_row, lambda w, a, b, alpha: w + alpha * a @ b), "alpha / r", None, "M15"),
        (shipped(each_row, lambda w, a, b, alpha: w + a @ b), "is missing", None, "M15"),
        (shipped(each_row, lambda w, a, b, alpha: w), "the adapter is missing", None, "M15"),
        (shipped(each_row, dtype=np.int16), "They are int16", None, None),
        (shipped(lambda t: each_row(t, 128)), "the wrong sign", None, None),
        (shipped(lambda t: each_row(t, 7)), "larger than half a step", None, None),
        (lambda *submission: shipped(each_row)(*submission)[0], "return codes, scale", None, None),
        (lambda *submission: [][0], "IndexError", None, None),
    ],
)
def test_wrong_cargo(function, message, misconception, see):
    feedback, named, describe = diagnose("12.int8", function)
    assert message in feedback and (named, describe) == (misconception, see)


def test_a_weight_that_is_cut_off_is_missed():
    def clip_weight(W, A, B, alpha):
        table = W + alpha / A.shape[1] * A @ B
        scale = 127 / np.clip(abs(table).max(axis=1, keepdims=True), 1e-9, 2)
        return np.clip(np.rint(table * scale), -127, 127).astype(np.int8), scale

    assert "A large weight was cut off" in diagnose("12.int8", clip_weight)[0]


def test_codes_that_are_cut_instead_of_rounded():
    def ship(W, A, B, alpha):
        table = W + alpha / A.shape[1] * A @ B
        return (table * each_row(table)).astype(np.int8), each_row(table)

    assert "np.rint" in diagnose("12.int8", ship)[0]


@pytest.mark.parametrize("padded", [False, True])
def test_a_scale_without_keepdims_is_named(padded):
    def ship(W, A, B, alpha):
        table = W + alpha / A.shape[1] * A @ B
        largest = np.abs(table).max(axis=1)
        scale = 127 / (np.where(largest == 0, 1, largest) if padded else largest)
        return np.rint(table * scale).astype(np.int8), scale

    message, misconception, _ = diagnose("12.int8", ship)
    assert "keepdims=True makes it (V, 1)" in message and misconception is None


def test_an_inverse_scale_is_named():
    def upside_down(*submission):
        codes, scale = shipped(each_row)(*submission)
        return codes, 1 / scale

    assert "inverted" in diagnose("12.int8", upside_down)[0]


def test_one_scale_costs_seven_words_their_neighbor():
    a, b, alpha = adapter()
    merged = tastes() + alpha / a.shape[1] * a @ b
    assert np.flatnonzero((merged != tastes()).any(axis=1)).tolist() == [2, 3]
    codes = np.rint(merged * (127 / np.abs(merged).max()))
    lost = [word for word in MENU.words[2:] if neighbor(codes, word) != neighbor(merged, word)]
    assert len(lost) == 7 and {"milk", "juice", "tea"} <= set(lost)


# What holds for all


@pytest.mark.parametrize("case", RIGHT_VIEW)
def test_one_view_shows_a_case_and_the_others_say_what_they_show(case):
    view = evidence(case, RIGHT_VIEW[case])
    assert RIGHT_VIEW[case] == view.VIEW and view.error is None
    for other in {*RIGHT_VIEW.values(), "lora", "geometry"} - {RIGHT_VIEW[case]}:
        assert repr(evidence(case, other)).startswith(f"✗ {other} shows")
    assert repr(evidence(case)).startswith("Which view shows the cause?")
    for wrong in (3, "table"):
        assert repr(evidence(case, wrong)).startswith("The view must be lookup, gradient, mask")


def test_the_views_show_the_faults():
    assert evidence("id", "lookup").trace.bad.tolist() == [False, False, True]
    assert not evidence("loss", "gradient").trace.passes("assign")
    mask = evidence("factor", "mask").trace
    assert mask.lost_at == "discount" and mask.stages[-1].values.ravel().tolist() == [1.25, 1.25]
    adam, sgd = evidence("drift", "training").trace.runs
    cake = evidence("drift", "training").trace.words.index("cake")
    assert not adam.has_grad[8:, cake].any() and adam.moved_without_grad[8:, cake].all()
    assert not sgd.moved_without_grad.any()
    rows = evidence("int8", "quantize").trace
    assert rows.words[10] == "tea"
    a, b, alpha = adapter()
    merged = tastes() + alpha / a.shape[1] * a @ b
    codes = np.rint(merged * (127 / np.abs(merged).max()))  # as `ship` computes them
    assert np.array_equal(rows.schemes["int8"].codes[:, :-1], codes)
    assert np.abs(codes[10]).max() <= 2  # of 127


def test_an_unknown_case_is_refused():
    with pytest.raises(KeyError, match=r"one of id, loss, factor, drift, int8\. Received 'x'"):
        evidence("x", "mask")


@pytest.mark.parametrize("name", CHECKS)
def test_hands_off_and_other_things(name, monkeypatch):
    monkeypatch.setattr("embedlab.lessons.grading.sandbox.STEPS", 10_000)
    stub = check(f"12.{name}", lambda *submission: ...)
    assert not stub and (not stub.attempted or name == "drift")
    assert "needs the function itself" in check(f"12.{name}", 5).message

    def endless(*submission):
        while True:
            pass

    assert "does not finish" in check(f"12.{name}", endless).message


def test_every_wrong_diagnosis_names_another_belief():
    for question in QUESTIONS.values():
        wrong = [c.misconception for key, c in question.choices.items() if key != question.correct]
        assert None not in wrong and len(set(wrong)) == 3


def learner_s(name):
    """Return the learner's function for a case."""
    cells = json.loads((NOTEBOOKS / "12_capstone.ipynb").read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    space = {}
    exec(sources[0], space)
    (source,) = (text for text in sources if f'check("12.{name}"' in text)
    exec(source.partition("\n\n\ncheck(")[0], space)
    return space[source.rpartition(", ")[2].rstrip(")")]


@pytest.mark.parametrize("name", CHECKS)
def test_the_learner_s_five_functions_are_those_that_are_broken(name):
    function = learner_s(name)
    assert repr(check(f"12.{name}", function)).startswith(f"○ 12.{name}, not yet: it still does")


def test_no_comment_in_a_broken_function_points_to_the_fault():
    text = (NOTEBOOKS / "source" / "12_capstone.md").read_text("utf-8")
    for cell in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", text, re.S):
        if ":tags: [exercise]" in cell:
            assert "#" not in cell


def test_the_prices_are_those_of_the_text():
    assert PRICES[MENU.encode("cake pie")].ravel().tolist() == [6, 4]
