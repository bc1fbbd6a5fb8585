"""One step of an LSTM: twins, by hand, gradients, and what lies far out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.lstm import (
    grad_lstm_step,
    grad_lstm_step_kernel,
    grad_lstm_step_reference,
    lstm_step,
    lstm_step_kernel,
    lstm_step_reference,
)

NEAR = {"f4": 2e-6, "f8": 1e-14}


def drawn(seed, rows, units, dtype):
    rng = np.random.default_rng(seed)
    shapes = [(rows, 4 * units), *[(rows, units)] * 3]
    return [2 * rng.normal(size=shape).astype(dtype) for shape in shapes]


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 99), st.integers(0, 4), st.integers(0, 5), st.sampled_from(["f4", "f8"]))
def test_the_twins_agree(seed, rows, units, dtype):
    before, carry, *grads = drawn(seed, rows, units, dtype)
    made, want = lstm_step(before, carry), lstm_step_reference(before, carry)
    for one, other in zip(made, want, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=NEAR[dtype])
    _, _, gates, shown = made
    back = grad_lstm_step(gates, carry, shown, *grads)
    for one, other in zip(back, grad_lstm_step_reference(gates, carry, shown, *grads), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=20 * NEAR[dtype])


def test_the_sources_of_the_loops_say_the_same():
    before, carry, *grads = drawn(1, 3, 2, "f8")
    _, carried, gates, shown = lstm_step(before, carry)
    halves = np.repeat([0.5, 0.5, 1.0, 0.5], 2)
    own, made = np.tanh(before * halves), np.empty_like(carry)
    lstm_step_kernel.py_func(own, carry, made)
    np.testing.assert_allclose(own, gates, rtol=1e-15)
    np.testing.assert_allclose(made, carried, rtol=1e-14)
    to_before, to_carry = np.empty_like(before), np.empty_like(carry)
    grad_lstm_step_kernel.py_func(gates, carry, shown, *grads, to_before, to_carry)
    want = grad_lstm_step(gates, carry, shown, *grads)
    np.testing.assert_allclose(to_before, want[0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(to_carry, want[1], rtol=0, atol=1e-14)


def test_worked_by_hand():
    """Gates wide open or shut: all of the old goes, all of the new comes, all is shown."""
    before = np.array([[99.0, -99.0, 99.0, 99.0], [-99.0, 99.0, 99.0, -99.0]])
    hidden, carried, gates, _ = lstm_step(before, np.array([[5.0], [5.0]]))
    assert gates.tolist() == [[1, 0, 1, 1], [0, 1, 1, 0]]
    assert carried.tolist() == [[1.0], [5.0]]
    assert hidden.tolist() == [[np.tanh(1.0)], [0.0]]


def test_gradients_are_slopes(rng):
    before, carry, to_hidden, to_carried = drawn(5, 3, 2, "f8")

    def total():
        hidden, carried, _, _ = lstm_step(before, carry)
        return np.vdot(hidden, to_hidden) + np.vdot(carried, to_carried)

    _, _, gates, shown = lstm_step(before, carry)
    claims = grad_lstm_step(gates, carry, shown, to_hidden, to_carried)
    for array, claim in zip((before, carry), claims, strict=True):
        for at in np.ndindex(array.shape):
            kept, step = array[at], 1e-6
            array[at] = kept + step
            up = total()
            array[at] = kept - step
            slope = (up - total()) / (2 * step)
            array[at] = kept
            assert claim[at] == pytest.approx(slope, abs=1e-8)


def test_what_lies_far_out_stays_finite_and_nan_stays_nan():
    before = np.array([[1e30, -1e30, 1e30, -1e30], [np.nan, 0, 0, 0]], "f4")
    hidden, carried, gates, shown = lstm_step(before, np.ones((2, 1), "f4"))
    assert np.isfinite(hidden[0]).all() and np.isnan(carried[1]).all()
    ones = np.ones((2, 1), "f4")
    back, _ = grad_lstm_step(gates, ones, shown, ones, ones)
    assert np.isfinite(back[0]).all()
