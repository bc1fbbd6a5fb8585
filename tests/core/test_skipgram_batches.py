"""Pairs of a text and their gradient: reference, by hand, central differences, refusals."""

import numpy as np
import pytest

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError
from embedlab.core.skipgram import grad_pairs, sample_batches
from embedlab.core.skipgram.batches import grad_pairs_kernel, grad_pairs_reference


def task(rng, dtype, count=40, rows=6, width=3):
    pairs = rng.integers(rows, size=(count, 2))
    label = rng.integers(2, size=count).astype(dtype)
    return pairs, label, *(rng.normal(size=(rows, width)).astype(dtype) for _ in "ec")


@pytest.mark.parametrize(("dtype", "close"), [("f4", 1e-6), ("f8", 1e-14)])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_kernel_matches_reference(rng, dtype, close, count):
    pairs, label, table, context = task(rng, dtype, count)
    share = table.dtype.type(1 / max(count, 1))
    grads = [np.full((count, 3), np.nan, dtype) for _ in range(4)]
    one = grad_pairs_reference(pairs, label, share, table, context, *grads[:2])
    two = grad_pairs_kernel(pairs, label, share, table, context, *grads[2:])
    np.testing.assert_allclose(one, two, rtol=close)
    np.testing.assert_allclose(grads[:2], grads[2:], rtol=close, atol=close)
    assert grads[2].dtype == dtype


def test_central_differences(rng):
    pairs, label, table, context = task(rng, "f8")
    grad = grad_pairs(pairs, label, table, context)
    for side, back in ((0, grad.table), (1, grad.context)):
        for row, column in ((0, 0), (3, 2)):
            sides = []
            for h in (1e-6, -1e-6):
                moved = [table.copy(), context.copy()]
                moved[side][row, column] += h
                sides.append(grad_pairs(pairs, label, *moved).loss)
            whole = back[pairs[:, side] == row, column].sum()
            assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(whole, abs=1e-8)


def test_large_scores_neither_overflow_nor_lose_the_loss():
    grad = grad_pairs([[0, 0], [1, 0]], [0, 0], np.array([[1e3], [-1e3]]), np.ones((1, 1)))
    assert grad.loss == 500 and grad.table.ravel().tolist() == [0.5, 0]
    assert np.isnan(grad_pairs(np.empty((0, 2), int), [], np.ones((1, 1)), np.ones((1, 1))).loss)


def test_batches_take_the_text_in_order_and_again():
    ids = [3, 0, 1, 2]
    batches = sample_batches(ids, 4, steps=3, batch=3, starts=[0, 2], window=2, negative=0)
    assert batches.places.tolist() == [[0, 1, 2], [3, 0, 1], [2, 3, 0]]
    assert batches.pairs.tolist() == [
        [3, 0],
        [0, 3],
        [1, 2],
        [2, 1],
        [3, 0],
        [0, 3],
        [1, 2],
        [2, 1],
        [3, 0],
    ]  # no pair reaches across the sentences
    assert batches.starts.tolist() == [0, 3, 6, 9] and batches.label.all()


def test_distribution_of_negatives():
    ids = np.tile([0, 0, 0, 1, 2], 200)
    batches = sample_batches(ids, 4, steps=50, batch=20, negative=3, seed=1)
    true, drawn_words = batches.label == 1, batches.pairs[batches.label == 0, 1]
    assert true.sum() == 50 * 20 * 4 - 6  # the ends of the text have fewer neighbors
    assert not (drawn_words == 3).any()  # a word that never occurs is never drawn
    share = np.bincount(drawn_words, minlength=4)
    assert share[0] > share[1] and abs(share[1] / share[2] - 1) < 0.15
    again = sample_batches(ids, 4, steps=50, batch=20, negative=3, seed=1)
    other = sample_batches(ids, 4, steps=50, batch=20, negative=3, seed=2)
    np.testing.assert_array_equal(batches.pairs, again.pairs)
    assert batches.pairs.shape != other.pairs.shape or (batches.pairs != other.pairs).any()


def test_a_word_alone_has_no_pair():
    batches = sample_batches([0], 1, steps=2, batch=5)
    assert batches.pairs.shape == (0, 2) and batches.places.tolist() == [[0], [0]]


BAD = {
    "a row below": (lambda: grad_pairs([[0, -1]], [1], np.eye(2), np.eye(2)), IdError, "-1"),
    "a row above": (lambda: grad_pairs([[2, 0]], [1], np.eye(2), np.eye(2)), IdError, "2"),
    "three in a pair": (
        lambda: grad_pairs([[0, 0, 0]], [1], np.eye(2), np.eye(2)),
        ShapeError,
        "(1, 3)",
    ),
    "labels too few": (lambda: grad_pairs([[0, 0]], [], np.eye(2), np.eye(2)), ShapeError, "(0,)"),
    "another width": (
        lambda: grad_pairs([[0, 0]], [1], np.eye(2), np.eye(3)),
        ShapeError,
        "(3, 3)",
    ),
    "another precision": (
        lambda: grad_pairs([[0, 0]], [1], np.eye(2), np.eye(2, dtype="f4")),
        DtypeError,
        "float32",
    ),
    "an id outside": (lambda: sample_batches([0, 4], 4, steps=1, batch=1), IdError, "4"),
    "no text": (lambda: sample_batches([], 4, steps=1, batch=1), ShapeError, "(0,)"),
    "no step": (lambda: sample_batches([0], 4, steps=0, batch=1), ValueError, "0"),
}


@pytest.mark.parametrize(("call", "error", "received"), BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_refused(call, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        call()
    assert received in str(excinfo.value)
