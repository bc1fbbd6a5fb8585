"""The walk of an LSTM: its twins, masks bit for bit, gradients, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.lstm_walk import (
    grad_lstm_walk,
    grad_lstm_walk_reference,
    lstm_walk,
    lstm_walk_reference,
)

NEAR = {"f4": 5e-6, "f8": 1e-13}


def drawn(seed, steps, rows, units, dtype, masked, dropped):
    rng = np.random.default_rng(seed)
    shapes = [(steps, rows, 4 * units), (units, 4 * units), (rows, units), (rows, units)]
    arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    mask = rng.random((steps, rows)) < 0.7 if masked else None
    drop = rng.uniform(0, 2, (rows, units)).astype(dtype) if dropped else None
    return [*arrays, mask, drop], [rng.normal(size=(steps, rows, units)).astype(dtype), *arrays[2:]]


@settings(deadline=None)  # the first call compiles
@given(
    st.integers(0, 99),
    st.integers(0, 4),
    st.integers(0, 3),
    st.integers(0, 4),
    st.sampled_from(["f4", "f8"]),
    st.booleans(),
    st.booleans(),
)
def test_the_twins_agree(seed, steps, rows, units, dtype, masked, dropped):
    told, grads = drawn(seed, steps, rows, units, dtype, masked, dropped)
    before = [None if part is None else part.copy() for part in told]
    walk = lstm_walk(*told)
    for one, other in zip((walk.hidden, walk.carried), lstm_walk_reference(*told), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=NEAR[dtype])
    back, want = (way(walk, told[1], *grads) for way in (grad_lstm_walk, grad_lstm_walk_reference))
    for one, other in zip(back, want, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=20 * NEAR[dtype])
    for part, kept in zip(told, before, strict=True):
        assert part is None or np.array_equal(part, kept)  # nothing of the caller's is written


def test_a_masked_step_changes_no_bit(rng):
    told, grads = drawn(3, 5, 3, 4, "f4", False, False)
    mask = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0], [1, 1, 0], [0, 1, 0]], bool)
    told[0][~mask] = np.nan  # what stands there never matters
    walk = lstm_walk(*told[:4], mask)
    states = np.stack([walk.hidden, walk.carried])
    for t in range(5):
        assert np.array_equal(states[:, t + 1][:, ~mask[t]], states[:, t][:, ~mask[t]])
    to_sums, to_kernel, to_hidden, to_carried = grad_lstm_walk(walk, told[1], *grads)
    assert not to_sums[~mask].any() and np.isfinite(to_kernel).all()
    assert np.array_equal(to_carried[2], grads[2][2])  # all padding: straight through
    np.testing.assert_allclose(to_hidden[2], grads[1][2] + grads[0][:, 2].sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_are_slopes(masked):
    told, (to_outputs, to_hidden, to_carried) = drawn(5, 3, 2, 2, "f8", masked, True)

    def total():
        walk = lstm_walk(*told)
        ends = np.vdot(walk.hidden[-1], to_hidden) + np.vdot(walk.carried[-1], to_carried)
        return np.vdot(walk.hidden[1:], to_outputs) + ends

    claims = grad_lstm_walk(lstm_walk(*told), told[1], to_outputs, to_hidden, to_carried)
    told[2:4] = [part.copy() for part in told[2:4]]  # they stand for gradients too
    for array, claim in zip(told[:4], claims, strict=True):
        for at in np.ndindex(array.shape):
            kept, step = array[at], 1e-6
            array[at] = kept + step
            up = total()
            array[at] = kept - step
            slope = (up - total()) / (2 * step)
            array[at] = kept
            assert claim[at] == pytest.approx(slope, abs=1e-7)


def test_sums_become_the_gates_only_where_that_is_said():
    told, _ = drawn(1, 3, 2, 2, "f4", False, False)
    want, sums = lstm_walk(*told), told[0].copy()
    sums.flags.writeable = False
    assert np.array_equal(lstm_walk(sums, *told[1:], overwrite=True).gates, want.gates)
    walk = lstm_walk(*told, overwrite=True)
    assert walk.gates is told[0] and np.array_equal(walk.gates, want.gates)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({0: np.zeros((2, 4))}, ShapeError, "sums must have shape"),
        ({0: np.zeros((2, 3, 5))}, ShapeError, r"must have shape .* for 3 rows and 2 units"),
        ({1: np.zeros((2, 2))}, ShapeError, "kernel must have shape"),
        ({2: np.zeros((1, 2))}, ShapeError, "hidden must have shape"),
        ({3: np.zeros((3, 2), "f4")}, DtypeError, "must hold float32, or all float64"),
        ({4: np.ones((3, 2), bool)}, ShapeError, "mask must have shape"),
        ({5: np.ones((2, 3))}, ShapeError, "drop must have shape"),
    ],
)
def test_refusals(change, error, words):
    told = [np.zeros((2, 3, 8)), np.zeros((2, 8)), *[np.zeros((3, 2))] * 2, None, None]
    for place, other in change.items():
        told[place] = other
    with pytest.raises(error, match=words):
        lstm_walk(*told)
    walk = lstm_walk(np.zeros((2, 3, 8)), np.zeros((2, 8)), *[np.zeros((3, 2))] * 2)
    with pytest.raises(ShapeError, match="to_outputs must have shape"):
        grad_lstm_walk(walk, np.zeros((2, 8)), np.zeros((3, 2, 2)), *[np.zeros((3, 2))] * 2)
