"""One step of a GRU: twins, by hand, gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.gru import (
    grad_gru_step,
    grad_gru_step_kernel,
    grad_gru_step_reference,
    gru_step,
    gru_step_kernel,
    gru_step_reference,
)

NEAR = {"f4": 2e-6, "f8": 1e-14}


def drawn(seed, rows, units, dtype):
    rng = np.random.default_rng(seed)
    shapes = [(rows, 3 * units), (rows, 3 * units), (rows, units), (rows, units)]
    return [2 * rng.normal(size=shape).astype(dtype) for shape in shapes]


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 99), st.integers(0, 4), st.integers(0, 5), st.sampled_from(["f4", "f8"]))
def test_the_twins_agree(seed, rows, units, dtype):
    sums, inner, state, grad = drawn(seed, rows, units, dtype)
    made, want = gru_step(sums, inner, state), gru_step_reference(sums, inner, state)
    for one, other in zip(made, want, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=2 * NEAR[dtype])
    _, gates, candidate = made
    back = grad_gru_step(gates, inner, candidate, state, grad)
    wanted = grad_gru_step_reference(gates, inner, candidate, state, grad)
    for one, other in zip(back, wanted, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=20 * NEAR[dtype])


def test_the_sources_of_the_loops_say_the_same():
    sums, inner, state, grad = drawn(1, 3, 2, "f8")
    _, gates, candidate = gru_step(sums, inner, state)
    own, made = np.tanh((sums + inner)[:, :4] / 2), sums[:, 4:].copy()
    gru_step_kernel.py_func(own, inner, made)
    np.testing.assert_allclose(own, gates, rtol=1e-15)
    np.testing.assert_allclose(np.tanh(made), candidate, rtol=1e-14)
    back = [np.empty_like(sums), np.empty_like(sums), np.empty_like(state)]
    grad_gru_step_kernel.py_func(gates, inner, candidate, state, grad, *back)
    for one, other in zip(back, grad_gru_step(gates, inner, candidate, state, grad), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)


def test_worked_by_hand():
    """With the update gate open the state stays; shut, it becomes the candidate."""
    sums = np.array([[99.0, 0.0, 99.0], [-99.0, -99.0, 99.0], [-99.0, -99.0, 0.0]])
    inner = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 99.0]])
    new, gates, _ = gru_step(sums, inner, np.full((3, 1), 7.0))
    assert new.tolist() == [[7.0], [1.0], [0.0]]  # the last: reset is shut, and nothing comes in
    assert gates.tolist() == [[1.0, 0.5], [0.0, 0.0], [0.0, 0.0]]


def test_gradients_are_slopes():
    sums, inner, state, sent = drawn(5, 3, 2, "f8")
    _, gates, candidate = gru_step(sums, inner, state)
    claims = grad_gru_step(gates, inner, candidate, state, sent)
    for array, claim in zip((sums, inner, state), claims, strict=True):
        for at in np.ndindex(array.shape):
            kept, step = array[at], 1e-6
            array[at] = kept + step
            up = np.vdot(gru_step(sums, inner, state)[0], sent)
            array[at] = kept - step
            slope = (up - np.vdot(gru_step(sums, inner, state)[0], sent)) / (2 * step)
            array[at] = kept
            assert claim[at] == pytest.approx(slope, abs=1e-8)
