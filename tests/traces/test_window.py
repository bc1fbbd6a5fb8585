"""A sliding window's trace: plain NumPy gives the same pairs, losses and updates."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError
from embedlab.core.optimizers import sgd
from embedlab.core.skipgram import grad_pairs
from embedlab.traces.window import trace_window

WORDS = ("the", "cat", "sat", "on", "mat", "dog")
IDS = [0, 1, 2, 3, 0, 4, 0, 5, 2]


def make(ids=tuple(IDS), words=WORDS, starts=(0, 6), **settings):
    return trace_window(list(ids), words=words, starts=list(starts), **settings)


def random_texts():
    rng = np.random.default_rng(3)
    for case in range(8):
        size, rows = int(rng.integers(1, 40)), int(rng.integers(1, 12))
        settings = {
            "window": int(rng.integers(1, 5)),
            "negative": int(rng.integers(0, 5)),
            "output_dim": int(rng.integers(2, 9)),
            "learning_rate": float(rng.uniform(0.01, 3)),
            "seed": case,
        }
        yield trace_window(
            rng.integers(rows, size=size), words=[f"w{n}" for n in range(rows)], **settings
        )


TRACES = {"story": make(), **{f"random {n}": trace for n, trace in enumerate(random_texts())}}


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_every_step_is_that_of_plain_numpy(trace):
    tables = trace.weights[0].astype(np.float64)
    for n in range(trace.steps):
        pairs, label = (part[trace.pairs_of(n)] for part in trace.batches[:2])
        rows, others = tables[0][pairs[:, 0]], tables[1][pairs[:, 1]]
        scores = np.sum(rows * others, axis=1)
        probability = 1 / (1 + np.exp(-scores))
        losses = -np.log(np.where(label == 1, probability, 1 - probability))
        np.testing.assert_allclose(trace.scores[trace.pairs_of(n)], scores, atol=2e-5)
        np.testing.assert_allclose(trace.sigmoids[trace.pairs_of(n)], probability, atol=2e-5)
        np.testing.assert_allclose(trace.pair_losses[trace.pairs_of(n)], losses, atol=2e-5)
        if not len(pairs):
            assert np.isnan(trace.losses[n]) and not trace.updated(n).any()
            continue
        assert trace.losses[n] == pytest.approx(losses.mean(), abs=2e-5)
        error = ((probability - label) / len(pairs))[:, None]
        grads = np.zeros_like(tables)
        np.add.at(grads[0], pairs[:, 0], error * others)
        np.add.at(grads[1], pairs[:, 1], error * rows)
        np.testing.assert_allclose(trace.grads[n], grads, atol=2e-5)
        tables -= trace.learning_rate * grads
        np.testing.assert_allclose(trace.weights[n + 1], tables, atol=1e-4)


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_a_step_is_that_of_the_core(trace):
    for n in range(trace.steps):
        pairs, label = (part[trace.pairs_of(n)] for part in trace.batches[:2])
        if not len(pairs):
            continue
        grad = grad_pairs(pairs, label, *trace.weights[n])
        assert grad.loss == trace.losses[n]
        for side, rows in enumerate((grad.table, grad.context)):
            table = trace.weights[n, side].copy()
            sgd(table, (pairs[:, side], rows), learning_rate=trace.learning_rate)
            np.testing.assert_allclose(table, trace.weights[n + 1, side], atol=1e-6)


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_the_window_holds_the_words_around_its_center(trace):
    for n in range(trace.steps):
        at = trace.pairs_of(n)
        true = trace.batches.label[at] == 1
        near = [
            m
            for m in range(n - trace.window, n + trace.window + 1)
            if m != n and 0 <= m < trace.steps and trace.sentence[m] == trace.sentence[n]
        ]
        assert trace.context_positions[at][true].tolist() == near
        assert trace.batches.pairs[at, 1][true].tolist() == trace.ids[near].tolist()
        assert (trace.batches.pairs[at, 0] == trace.ids[n]).all()
        # each negative stands for the context word before it, and is another word
        behind = trace.ids[trace.context_positions[at][~true]]
        assert (trace.batches.pairs[at, 1][~true] != behind).all()
        assert np.bincount(trace.context_positions[at][~true], minlength=1).max() <= trace.negative


def test_only_the_rows_of_the_pairs_change():
    trace = make(learning_rate=0.5)
    for n in range(trace.steps):
        changed = (trace.weights[n + 1] != trace.weights[n]).any(axis=-1)
        np.testing.assert_array_equal(changed, trace.updated(n))
        assert changed[0].tolist() == [row == trace.ids[n] for row in range(6)]


def test_no_pair_crosses_a_sentence():
    trace = make()
    assert trace.sentence.tolist() == [0] * 6 + [1] * 3
    near = trace.context_positions[trace.pairs_of(5)]
    assert set(near.tolist()) == {3, 4}
    assert make(starts=[0]).sentence.tolist() == [0] * 9


def test_worked_by_hand():
    trace = make(position=1, negative=0, output_dim=2, learning_rate=2.0)
    cat, at = trace.weights[1, 0, 1].astype(float), trace.pairs_of(1)
    assert [WORDS[row] for row in trace.batches.pairs[at, 1]] == ["the", "sat", "on"]
    x = trace.weights[1, 1, [0, 2, 3]].astype(float) @ cat
    step = -2.0 * np.mean((1 / (1 + np.exp(-x)) - 1)[:, None] * trace.weights[1, 1, [0, 2, 3]], 0)
    np.testing.assert_allclose(trace.weights[2, 0, 1], cat + step, atol=1e-6)
    assert trace.losses[1] == pytest.approx(np.mean(np.log1p(np.exp(-x))))


def test_summary_and_alt_name_the_step():
    trace = make(position=7)
    assert "center  dog, word 8 of the text\ncontext the · sat" in trace.summary
    assert f"loss    {trace.losses[7]:.4f}, the mean of " in trace.summary
    assert "update  1 row of the embedding table, " in trace.summary
    assert trace.alt.startswith("The window stands at word 8, dog. Its context words are the, sat;")
    assert repr(trace) == "WindowTrace(9 words, 6 rows, window 2, 2 negatives)"


def test_a_text_without_pairs():
    one = trace_window([0], words=["cat"])
    assert "no pair, no update" in one.summary and "no pair and no update" in one.alt
    assert np.isnan(one.losses).all() and not one.updated(0).any()
    np.testing.assert_array_equal(one.weights[0], one.weights[1])
    none = trace_window([], words=["cat", "dog"])
    assert none.steps == 0 and none.weights.shape == (1, 2, 2, 4)
    assert "no word" in none.summary and none.alt.startswith("A text without words")


def test_read_only_and_by_value():
    ids = np.array(IDS)
    trace = make(ids)
    ids[:] = 0
    assert trace.ids.tolist() == IDS
    arrays = [
        getattr(trace, field.name)
        for field in dataclasses.fields(trace)
        if isinstance(getattr(trace, field.name), np.ndarray)
    ]
    assert len(arrays) == 9
    for array in (*arrays, *trace.batches):
        assert not array.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.position = 2


def test_the_same_seed_is_the_same_record():
    one, again, other = make(seed=1), make(seed=1), make(seed=2)
    np.testing.assert_array_equal(one.weights, again.weights)
    assert (one.weights[0] != other.weights[0]).any()


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"window": 0}, ValueError, "window must be"),
        ({"negative": -1}, ValueError, "negative must be"),
        ({"output_dim": 0}, ValueError, "output_dim must be"),
        ({"position": 9}, ValueError, r"position must be that of a word, 0\.\.8\. Received 9\."),
        ({"learning_rate": -1.0}, ValueError, "learning_rate must"),
        ({"words": []}, ShapeError, "at least one row"),
        ({"ids": [6]}, IdError, r"0\.\.5"),
        ({"starts": [0, 5, 2]}, ValueError, "starts"),
    ],
)
def test_what_is_refused(settings, error, text):
    with pytest.raises(error, match=text):
        make(**settings)


def test_a_huge_rate_is_recorded_without_a_warning():
    trace = make(learning_rate=1e30)
    assert trace.steps == 9 and trace.summary and trace.alt
