"""Each misconception: a preset that really shows it, and a wrong answer that names it."""

from importlib import import_module

import numpy as np
import pytest

from embedlab.explorers.registry import explorer_class
from embedlab.lessons import MISCONCEPTIONS, misconception, show
from embedlab.lessons.grading.check import LESSONS, find_item

QUESTIONS = {
    f"{lesson}.{name}": question
    for lesson, file in LESSONS.items()
    for name, question in import_module(f"embedlab.lessons.exercises.{file}").QUESTIONS.items()
}


def rows(explorer):
    trace = explorer.trace
    return dict(zip(trace.tokens, trace.output.astype(float), strict=True))


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_m1_both_ways_end_in_the_same_row_and_the_counts_differ():
    trace = show("M1").trace
    assert np.array_equal(trace.output, trace.onehot)
    assert trace.max_difference == 0
    assert trace.multiplications == {"gather": 0, "one-hot": 16 * 8}
    assert trace.rows_read == 1
    assert show("M1").method == "one-hot"


def test_m2_the_last_row_is_v_minus_1():
    explorer = show("M2")
    trace = explorer.trace
    v = explorer.input_dim
    assert trace.ids.tolist() == [0, v - 1, v, -1]
    assert trace.bad.tolist() == [False, False, True, True]
    assert f"0..{v - 1}" in trace.error
    explorer.text = f"#{v - 1}"
    assert explorer.trace.error is None


def test_m3_the_seed_alone_decides_who_is_near():
    explorer = show("M3")
    first = cosine(rows(explorer)["cat"], rows(explorer)["dog"])
    assert first < 0  # further than chance: nothing about words is in these numbers
    cosines = []
    for seed in range(12):
        explorer.seed = seed
        cosines.append(cosine(rows(explorer)["cat"], rows(explorer)["dog"]))
    assert min(cosines) < -0.2 and max(cosines) > 0.2


def test_m5_row_0_is_not_zero_and_learns_where_the_mask_is_lost():
    explorer = show("M5")
    trace = explorer.trace
    b, t = np.argwhere(trace.padding)[0]
    assert np.abs(trace.stages[0].values[b, t]).min() > 0.2
    assert trace.lost_at == "reshape" and np.abs(trace.row_0).max() > 0.05
    explorer.layers = ["GlobalAveragePooling1D", "Dense"]
    assert not trace.row_0_reference.any() and not explorer.trace.row_0.any()


def test_m6_lost_mask_gives_loss_without_mask():
    trace = show("M6").trace
    assert trace.lost_at == "conv" and trace.loss == trace.loss_unmasked
    assert abs(trace.factor - 1) > 0.3
    assert [stage.mask is None for stage in trace.stages] == [False, False, True, True, True]


@pytest.mark.parametrize("which", MISCONCEPTIONS)
def test_each_record_is_complete_and_its_preset_is_a_state(which):
    record = misconception(which)
    assert record.id == which
    assert record.belief and record.truth and record.seen and record.look
    state = explorer_class(record.preset["view"]).from_state(record.preset).state
    assert state["params"].items() >= record.preset["params"].items()


@pytest.mark.parametrize("which", MISCONCEPTIONS)
def test_each_record_is_a_wrong_answer_somewhere(which):
    named = [
        (name, letter)
        for name, question in QUESTIONS.items()
        for letter, choice in question.choices.items()
        if choice.misconception == which
    ]
    assert named, f"{which} is no distractor of any question."
    for name, letter in named:
        assert letter != QUESTIONS[name].correct


def test_wrong_exit_answers_name_one_misconception():
    for lesson in LESSONS:
        ticket = find_item(f"{lesson}.exit", "QUESTIONS")
        wrong = {c.misconception for key, c in ticket.choices.items() if key != ticket.correct}
        assert None not in wrong
        assert len(wrong) == len(ticket.choices) - 1
        assert ticket.choices[ticket.correct].misconception is None


def test_an_unknown_one_is_refused():
    with pytest.raises(KeyError, match=r"one of M1, M2, M3.*\. Received 'M99'"):
        misconception("M99")
