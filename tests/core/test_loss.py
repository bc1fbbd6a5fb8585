"""Losses on floor 0: by hand, differences, masks, large numbers, the door."""

import numpy as np
import pytest

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError
from embedlab.core.loss import binary_crossentropy, categorical_crossentropy, mse

LOSSES = [mse, binary_crossentropy, categorical_crossentropy]


def case(rng, loss, shape=(3, 4, 5)):
    target = rng.uniform(size=shape)
    if loss is categorical_crossentropy and rng.integers(2):
        target = rng.integers(shape[-1], size=shape[:-1])
    return rng.normal(size=shape), target


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_is_the_difference(loss, seed):
    rng = np.random.default_rng(seed)
    predicted, target = case(rng, loss)
    options = {"mask": rng.uniform(size=(3, 4)) > 0.3, "weights": rng.uniform(size=(3, 4))}
    _, grad = loss(predicted, target, **options)
    for place in np.ndindex(predicted.shape):
        up, down = predicted.copy(), predicted.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        slope = (loss(up, target, **options)[0] - loss(down, target, **options)[0]) / 2e-6
        np.testing.assert_allclose(grad[place], slope, rtol=1e-5, atol=1e-9)


def test_worked_by_hand():
    assert mse([[1.0, 3.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]])[0] == 1.25
    assert mse([1.0, 3.0], [0, 1])[0] == 2.5
    loss, grad = binary_crossentropy([[0.0, 0.0]], [[1, 0]])
    assert loss == pytest.approx(np.log(2))
    assert grad.tolist() == [[-0.25, 0.25]]
    loss, grad = categorical_crossentropy([[0.0, np.log(3)]], [1])
    assert loss == pytest.approx(np.log(4 / 3))
    np.testing.assert_allclose(grad, [[0.25, -0.25]])


@pytest.mark.parametrize("loss", LOSSES)
def test_a_masked_step_does_not_count_not_even_its_nan(loss, rng):
    predicted, target = rng.normal(size=(4, 5)), rng.uniform(size=(4, 5))
    mask = np.array([True, False, True, False])
    short, _ = loss(predicted[mask], target[mask])
    predicted[~mask] = np.nan
    value, grad = loss(predicted, target, mask=mask)
    assert value == pytest.approx(short)
    assert (grad[~mask] == 0).all()
    value, grad = loss(predicted, target, mask=np.zeros(4, bool))
    assert value == 0
    assert (grad == 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_no_step_at_all(loss):
    value, grad = loss(np.zeros((0, 3)), np.zeros((0, 3)))
    assert value == 0
    assert grad.shape == (0, 3)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_gradient_has_the_dtype_of_the_prediction(loss, dtype, rng):
    predicted, target = rng.normal(size=(4, 5)), rng.uniform(size=(4, 5))
    value, grad = loss(predicted.astype(dtype), target)
    assert grad.dtype == dtype
    assert value == pytest.approx(loss(predicted, target)[0], rel=2e-3)


def test_large_logits_do_not_overflow():
    logits = np.array([[1e4, -1e4]])
    assert binary_crossentropy(logits, [[0, 1]])[0] == 1e4
    assert binary_crossentropy(logits, [[1, 0]])[0] == 0
    assert categorical_crossentropy(logits, [1])[0] == 2e4
    assert categorical_crossentropy(logits, [0])[0] == 0


def test_a_padded_target_under_the_mask_is_not_looked_at():
    value, _ = categorical_crossentropy(np.zeros((2, 3)), [1, -1], mask=[True, False])
    assert value == pytest.approx(np.log(3))


ZEROS = np.zeros((2, 3))
BAD = {
    "whole numbers": (lambda: mse([[1, 2]], [[1, 2]]), DtypeError, "<i8"),
    "no axis": (lambda: mse(1.0, 1.0), ShapeError, "()"),
    "another target": (lambda: mse(ZEROS, np.zeros(3)), ShapeError, "(3,)"),
    "words": (lambda: binary_crossentropy([[1.0]], [["a"]]), ShapeError, "U1"),
    "a long mask": (lambda: mse(ZEROS, ZEROS, mask=ZEROS == 0), ShapeError, "(2, 3)"),
    "a mask of numbers": (lambda: mse(ZEROS, ZEROS, mask=[0, 1]), ShapeError, "int64"),
    "long weights": (lambda: mse(ZEROS, ZEROS, weights=[1.0]), ShapeError, "(1,)"),
    "a choice above": (lambda: categorical_crossentropy(ZEROS, [0, 3]), IdError, "3 at [1]"),
    "a choice below": (lambda: categorical_crossentropy(ZEROS, [-1, 0]), IdError, "-1 at [0]"),
    "too few choices": (lambda: categorical_crossentropy(ZEROS, [0]), ShapeError, "(1,)"),
}


@pytest.mark.parametrize(("call", "error", "received"), BAD.values(), ids=BAD.keys())
def test_the_door_refuses(call, error, received):
    with pytest.raises(error, match="Received") as caught:
        call()
    assert received in str(caught.value)
