"""Skip-gram: the reference, one thread, what is learned, refusals."""

import numpy as np
import pytest

from embedlab.core.checks import DivergenceError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.skipgram import (
    SkipgramStep,
    alias_table,
    sampling,
    skipgram,
    subsampling_probability,
    train_skipgram,
)
from embedlab.core.skipgram import train as module
from embedlab.core.skipgram.train import skipgram_kernel, skipgram_reference
from embedlab.data import toy_corpus
from embedlab.data.toy_language import true_neighbors

PAIRS = np.array([0, 1] * 6 + [2, 3] * 6 + [4, 5] * 6)


def pairs_corpus(rng, sentences=600):
    """Words come in pairs that are always seen together: 0 with 1, 2 with 3, 4 with 5."""
    first = rng.integers(3, size=sentences) * 2
    ids = np.stack([first, first + 1] * 3, axis=1)
    return ids.reshape(-1), np.arange(sentences) * 6


@pytest.mark.parametrize("negative", [0, 1, 4, 5, 6, 13])
@pytest.mark.parametrize("dim", [1, 7, 33])
def test_kernel_matches_reference(rng, monkeypatch, negative, dim):
    ids = rng.integers(20, size=300)
    options = {
        "window": 3,
        "negative": negative,
        "subsample": 0.05,
        "epochs": 2,
        "seed": 3,
        "starts": [0, 10, 50, 51, 200],
        "chunk": 130,
    }
    fast = train_skipgram(ids, 20, dim, **options)
    monkeypatch.setattr(module, "skipgram_kernel", skipgram_reference)
    slow = train_skipgram(ids, 20, dim, **options)
    np.testing.assert_allclose(fast.table, slow.table, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(fast.context, slow.context, rtol=2e-6, atol=1e-6)
    assert fast.loss == pytest.approx(slow.loss, rel=1e-5)


def test_worked_by_hand(monkeypatch):
    """Two words, no negatives, zero context: only the context moves, by rate / 2 times the word."""
    steps = skipgram(
        [0, 1], 2, 3, window=1, negative=0, subsample=0, epochs=1, rate=0.5, rate_end=0.5, seed=1
    )
    monkeypatch.setattr(module, "skipgram_kernel", lambda *a: None)
    start = next(steps).table.copy()
    monkeypatch.undo()
    (step,) = skipgram(
        [0, 1], 2, 3, window=1, negative=0, subsample=0, epochs=1, rate=0.5, rate_end=0.5, seed=1
    )
    np.testing.assert_allclose(step.context[0], 0.25 * start[1], rtol=1e-4)
    # the second position is worked after the first: word 0 has not moved yet, context 0 has
    np.testing.assert_allclose(step.context[1], 0.25 * start[0], rtol=1e-4)
    np.testing.assert_array_equal(step.table[0], start[0])


def test_ids_that_change_after_they_were_checked_are_not_read(monkeypatch):
    """Another thread may write into the caller's array: counting it would read stray memory."""
    ids, check = np.array([0, 1, 2, 1]), sampling.check_table_bytes

    def check_and_disturb(*arguments):
        check(*arguments)
        ids[:] = 1 << 40

    monkeypatch.setattr(sampling, "check_table_bytes", check_and_disturb)
    stream, counts = sampling.token_stream(ids, 3, [0, 2])
    assert ids[0] == 1 << 40
    assert (stream.tolist(), counts.tolist()) == ([0, 1, -1, 2, 1], [1, 2, 1])


def test_one_thread_is_the_same_to_the_bit(rng):
    ids, starts = pairs_corpus(rng)
    one, two = (train_skipgram(ids, 6, 8, starts=starts, seed=5, subsample=0) for _ in range(2))
    np.testing.assert_array_equal(one.table, two.table)
    other = train_skipgram(ids, 6, 8, starts=starts, seed=6, subsample=0)
    assert not np.array_equal(one.table, other.table)


@pytest.mark.parametrize("threads", [1, 2])
def test_words_seen_together_become_neighbors(rng, threads):
    ids, starts = pairs_corpus(rng)
    step = train_skipgram(
        ids,
        6,
        8,
        starts=starts,
        seed=1,
        subsample=0,
        window=2,
        rate=0.05,
        epochs=10,
        threads=threads,
        chunk=500,
    )
    unit = step.table / np.linalg.norm(step.table, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -1)
    assert cosine.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]
    assert np.isfinite(step.table).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("seed", [1, 2])
def test_interchangeable_words_become_neighbors(seed, threads):
    """The made-up language says which words mean the same: precision among the k nearest.

    It is 1.0 for each of 16 seeds with one thread and with two, 0.25 to 0.5 for a quarter of the
    text, and 0.05 after a single epoch, when hardly anything is learned.
    """
    corpus = toy_corpus(2_000)
    words = sorted(set(corpus.tokens))
    ids = np.searchsorted(words, corpus.tokens)
    step = train_skipgram(
        ids,
        len(words),
        48,
        starts=corpus.starts,
        rate=0.05,
        epochs=10,
        seed=seed,
        threads=threads,
        chunk=1_000,
    )
    unit = step.table / np.linalg.norm(step.table, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -1)
    right = []
    for word, row in zip(words, cosine, strict=True):
        true = true_neighbors(word)
        if true:
            nearest_words = [words[n] for n in np.argsort(-row)[: len(true)]]
            right.append(np.mean([one in true for one in nearest_words]))
    assert np.mean(right) > 0.9


def test_the_loss_falls_and_progress_is_reported(rng):
    ids, starts = pairs_corpus(rng)
    steps = list(skipgram(ids, 6, 8, starts=starts, subsample=0, epochs=9, rate=0.05, chunk=100))
    assert isinstance(steps[0], SkipgramStep)
    assert [s.words for s in steps] == sorted(s.words for s in steps)
    assert steps[-1].words == steps[-1].of == 9 * ids.size
    assert steps[0].loss == pytest.approx(np.log(2), rel=0.1)
    assert steps[-1].loss < 0.8 * steps[0].loss
    assert steps[-1].rate == pytest.approx(1e-4)


def test_no_window_reaches_across_a_sentence():
    """0 1 | 2 3, always: without negatives, word 0 can only move the context of word 1."""
    ids = np.array([0, 1, 2, 3])
    step = train_skipgram(ids, 4, 4, starts=[0, 2], negative=0, subsample=0, epochs=1, window=3)
    joined = train_skipgram(ids, 4, 4, negative=0, subsample=0, epochs=1, window=3)
    assert np.linalg.matrix_rank(step.context[:2], tol=1e-9) == 2
    assert not np.allclose(step.context, joined.context)


def test_frequent_words_are_thinned_out():
    counts = np.array([1000.0, 10.0, 0.0])
    keep = subsampling_probability(counts, 1e-2)
    share = counts[0] / counts.sum() / 1e-2
    assert keep[0] == pytest.approx((np.sqrt(share) + 1) / share)
    assert keep[1] > 1
    assert (subsampling_probability(counts, 0) > 1).all()


def test_negatives_follow_the_counts(rng):
    """Walker's alias table has the distribution it was built from, exactly."""
    weights = rng.random(50) ** 3
    weights[7] = 0
    alias, odds = alias_table(weights)
    share = odds / 50
    np.add.at(share, alias, (1 - odds) / 50)
    np.testing.assert_allclose(share, weights / weights.sum(), atol=1e-7)


def test_long_vectors_and_one_word():
    assert train_skipgram([0] * 50, 1, 1024, epochs=1, subsample=0).table.shape == (1, 1024)


@pytest.mark.parametrize(
    ("change", "error", "received"),
    [
        ({"ids": [0, 6]}, IdError, "6 at [1]"),
        ({"ids": [0, -1]}, IdError, "-1 at [1]"),
        ({"ids": ["a"]}, IdTypeError, "'a'"),
        ({"ids": []}, ShapeError, "(0,)"),
        ({"ids": [[0, 1]]}, ShapeError, "(1, 2)"),
        ({"input_dim": 0}, ValueError, "0"),
        ({"output_dim": 1025}, ValueError, "1025"),
        ({"output_dim": -1}, ValueError, "-1"),
        ({"window": 0}, ValueError, "0"),
        ({"negative": -1}, ValueError, "-1"),
        ({"rate": float("nan")}, ValueError, "nan"),
        ({"subsample": -1.0}, ValueError, "-1.0"),
        ({"epochs": 0}, ValueError, "0"),
        ({"threads": 0}, ValueError, "0"),
        ({"starts": [3, 1]}, ValueError, "[3, 1]"),
        ({"starts": [0, 99]}, ValueError, "[0, 99]"),
    ],
)
def test_bad_arguments_are_refused(change, error, received):
    arguments = {"ids": [0, 1, 2], "input_dim": 6, "output_dim": 4, **change}
    with pytest.raises(error, match="Received") as excinfo:
        skipgram(**arguments)  # at the call, not at the first step
    assert received in str(excinfo.value)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rate", [1.0, 1e6, 1e38, 1e300])
def test_diverging_training_names_the_word_and_the_rate(rate, threads):
    """A score of NaN was an index into the table of the sigmoid, and ended the process."""
    ids = np.arange(2000) % 20
    with pytest.raises(
        FloatingPointError, match=r"at word \d+ of 10000, with the learning"
    ) as excinfo:
        train_skipgram(ids, 20, 8, rate=rate, subsample=0, threads=threads)
    assert isinstance(excinfo.value, DivergenceError)
    assert 0 <= excinfo.value.step < 10_000 and 0 < excinfo.value.rate <= rate
    assert f"the learning rate {excinfo.value.rate:.6g}. Train again" in str(excinfo.value)


def test_divergence_is_placed_in_the_callers_stream(monkeypatch):
    """Words thinned out and breaks between sentences do not shift the place."""
    ids = np.arange(400) % 20
    options = {"rate": 1e30, "rate_end": 1e30, "starts": [0, 3, 9], "subsample": 0.03, "seed": 4}
    steps = []
    for run in (skipgram_kernel, skipgram_reference):
        monkeypatch.setattr(module, "skipgram_kernel", run)
        with np.errstate(all="ignore"), pytest.raises(DivergenceError) as excinfo:
            train_skipgram(ids, 20, 8, **options)
        steps.append(excinfo.value.step)
    assert steps[0] == steps[1]


def test_rows_that_overflow_at_the_last_word_are_not_given():
    """Nobody uses them again, so no score shows it: with this seed word 1 moves by 1e40."""
    options = {"window": 2, "negative": 0, "subsample": 0, "epochs": 1, "seed": 4}
    with pytest.raises(DivergenceError, match="at word 3 of 3"):
        train_skipgram([1, 0, 2], 3, 1, rate=1e20, rate_end=1e20, **options)


def test_an_interrupt_leaves_the_rows_of_whole_chunks(rng, monkeypatch):
    ids = rng.integers(6, size=2000)
    options = {"epochs": 1, "chunk": 500, "seed": 2}
    whole = [step.table.copy() for step in skipgram(ids, 6, 4, **options)]
    calls = []

    def third(*arguments):
        skipgram_kernel(*arguments)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt  # a signal waits for the kernel's end

    monkeypatch.setattr(module, "skipgram_kernel", third)
    with pytest.raises(KeyboardInterrupt):
        for step in skipgram(ids, 6, 4, **options):
            trained = step.table
    assert len(calls) == 3 and np.array_equal(trained, whole[2])
    monkeypatch.undo()
    assert np.array_equal(train_skipgram(ids, 6, 4, **options).table, whole[3])


def test_the_callers_ids_are_not_trusted_later(rng):
    """Ids changed while training runs cannot lead outside the table: the kernel has a copy."""
    ids = rng.integers(6, size=2000)
    steps = skipgram(ids, 6, 4, epochs=2, chunk=500, seed=2)
    next(steps)
    ids[:] = 10**9
    changed = [s.table.copy() for s in steps][-1]
    assert np.isfinite(changed).all()
    assert skipgram_kernel.py_func is not skipgram_reference
