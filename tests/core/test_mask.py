"""Masks and the masked recurrent step: references, by hand, gradients, threads, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdTypeError
from embedlab.core.mask import grad_keep_masked_state, keep_masked_state, padding_mask
from embedlab.core.mask.mask import (
    PARALLEL_FROM,
    grad_keep_masked_state_kernel,
    grad_keep_masked_state_reference,
    keep_masked_state_kernel,
    keep_masked_state_reference,
)


def test_a_mask_is_true_at_words():
    assert padding_mask([[3, 0, 7], [0, 0, 0]]).tolist() == [[True, False, True], [False] * 3]
    assert padding_mask([[3, 0, 7]], 7).tolist() == [[True, True, False]]
    assert padding_mask(np.zeros((0, 4), np.uint8)).shape == (0, 4)
    assert padding_mask([-1.0, 0.0]).tolist() == [True, False]
    for ids in (["<pad>"], [0.5], [np.nan]):
        with pytest.raises(IdTypeError, match="Received"):
            padding_mask(ids)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.booleans(), max_size=9), st.integers(0, 5), st.sampled_from(["f2", "f4", "f8"]))
def test_kernels_sources_and_references_agree(words, columns, dtype):
    rng = np.random.default_rng(len(words))
    mask, shape = np.array(words, bool), (len(words), columns)
    new, state, back = (rng.normal(size=shape).astype(dtype) for _ in range(3))
    out = keep_masked_state(mask, new, state)
    assert out.dtype == new.dtype
    np.testing.assert_array_equal(out, keep_masked_state_reference(mask, new, state))
    grads = grad_keep_masked_state(mask, back)
    for grad, expected in zip(grads, grad_keep_masked_state_reference(mask, back), strict=True):
        assert grad.dtype == back.dtype
        np.testing.assert_array_equal(grad, expected)
    again, grad_new, grad_state = np.empty_like(out), np.empty_like(back), np.empty_like(back)
    keep_masked_state_kernel.py_func(mask, new, state, again)
    grad_keep_masked_state_kernel.py_func(mask, back, grad_new, grad_state)
    for one, other in ((again, out), (grad_new, grads[0]), (grad_state, grads[1])):
        np.testing.assert_array_equal(one, other)


def test_nan_at_padding_leaves_the_state():
    state = np.array([[0.1, -0.0], [np.inf, 3.0]])
    new = np.array([[np.nan, np.nan], [1.0, 2.0]])
    out = keep_masked_state([False, True], new, state)
    assert out.tobytes() == np.array([state[0], new[1]]).tobytes()
    assert grad_keep_masked_state([False, True], new)[0].tolist() == [[0.0, 0.0], [1.0, 2.0]]


def test_post_padding_keeps_the_last_state(rng):
    """A tanh cell over five steps: the padded run equals the unpadded one, forward and backward."""
    kernel, recurrent = rng.normal(size=(3, 4)), rng.normal(size=(4, 4)) / 2
    words = rng.normal(size=(1, 2, 3))
    padded = np.concatenate([words, np.full((1, 3, 3), 9.0)], axis=1)
    mask = np.array([[True, True, False, False, False]])

    def run(values, mask):
        state, states = np.zeros((1, 4)), []
        for t in range(values.shape[1]):
            states.append(state)
            state = keep_masked_state(
                mask[:, t], np.tanh(values[:, t] @ kernel + state @ recurrent), state
            )
        back, grad = np.ones((1, 4)), np.zeros_like(values)
        for t in reversed(range(values.shape[1])):
            new = np.tanh(values[:, t] @ kernel + states[t] @ recurrent)
            grad_new, grad_state = grad_keep_masked_state(mask[:, t], back)
            inside = grad_new * (1 - new**2)
            grad[:, t], back = inside @ kernel.T, grad_state + inside @ recurrent.T
        return state, grad

    state, grad = run(padded, mask)
    single, grad_alone = run(words, mask[:, :2])
    np.testing.assert_array_equal(state, single)
    np.testing.assert_array_equal(grad[:, :2], grad_alone)
    assert not grad[:, 2:].any()


def test_the_gradient_is_the_adjoint(rng):
    mask = rng.random(6) < 0.5
    new, state, back = rng.normal(size=(3, 6, 2, 5))
    grad_new, grad_state = grad_keep_masked_state(mask, back)
    inner = np.sum(new * grad_new) + np.sum(state * grad_state)
    np.testing.assert_allclose(
        np.sum(keep_masked_state(mask, new, state) * back), inner, rtol=1e-12
    )


@pytest.mark.thorough
def test_bit_identical_for_any_number_of_threads(rng, threads):
    shape = (PARALLEL_FROM // 32, 64)
    mask, new, state = rng.random(len(range(shape[0]))) < 0.5, *rng.normal(size=(2, *shape))
    new.setflags(write=False)
    threads(1)
    single = keep_masked_state(mask, new, state), *grad_keep_masked_state(mask, new)
    threads(2)
    for one, other in zip(
        single,
        (keep_masked_state(mask, new, state), *grad_keep_masked_state(mask, new)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


NEW = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("mask", "new", "state", "error", "received"),
    [
        ([True], NEW, NEW, ShapeError, "(1,)"),
        ([[True, False]], NEW, NEW, ShapeError, "(1, 2)"),
        ([1, 0], NEW, NEW, DtypeError, "int64"),
        (None, NEW, NEW, DtypeError, "object"),
        ([[True], [True, False]], NEW, NEW, ShapeError, "different lengths"),
        ([True, True], NEW, NEW[:1], ShapeError, "(1, 3)"),
        ([True, True], NEW, NEW.astype("f4"), DtypeError, "float32"),
        ([True, True], NEW.astype(int), NEW, DtypeError, "<i8"),
        ([True, True], NEW, NEW.astype(">f8"), DtypeError, ">f8"),
        ([True], np.float64(1), np.float64(1), ShapeError, "()"),
    ],
)
def test_bad_arguments_are_refused(mask, new, state, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        keep_masked_state(mask, new, state)
    assert received in str(excinfo.value)
    if new is NEW and state is NEW:
        with pytest.raises(error, match="Received"):
            grad_keep_masked_state(mask, new)
