"""Regularizers: the penalty by hand, its gradient by central differences, refusals."""

import numpy as np
import pytest

from embedlab import regularizers

EVERY = [regularizers.L1(0.3), regularizers.L2(0.3), regularizers.L1L2(0.1, 0.2)]


@pytest.mark.parametrize("penalty", EVERY, ids=repr)
def test_the_gradient_is_the_slope(rng, penalty):
    table = rng.normal(size=(4, 3))
    grad = penalty.grad(table)
    assert grad.shape == table.shape
    for at in np.ndindex(4, 3):
        shifted = table.copy()
        shifted[at] += 1e-6
        up = penalty(shifted)
        shifted[at] -= 2e-6
        assert grad[at] == pytest.approx((up - penalty(shifted)) / 2e-6, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("penalty", EVERY, ids=repr)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_stay(rng, penalty, dtype):
    table = rng.normal(size=(4, 3)).astype(dtype)
    assert penalty(table).dtype == ("float32" if dtype == "float16" else dtype)
    assert penalty.grad(table).dtype == dtype
    assert np.isfinite(penalty(np.full((300, 3), 400, dtype)))  # beyond the range of half floats


@pytest.mark.parametrize("penalty", EVERY, ids=repr)
def test_round_trip(penalty):
    again = regularizers.deserialize(regularizers.serialize(penalty))
    assert type(again) is type(penalty) and again.get_config() == penalty.get_config()


def test_names():
    assert repr(regularizers.get("l1")) == "L1(l1=0.01)"
    assert repr(regularizers.get("l1_l2")) == repr(regularizers.get("L1L2"))
    assert regularizers.get(None) is None


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: regularizers.L1(-1.0), ValueError, r"l1 must be >= 0\. Received -1"),
        (lambda: regularizers.L2(float("nan")), ValueError, "l2 must be a finite number"),
        (lambda: regularizers.L1L2("x"), ValueError, "'x'"),
        (lambda: regularizers.L1(True), ValueError, "True"),
        (lambda: regularizers.get("orthogonal"), ValueError, "is not part of embedlab"),
        (lambda: regularizers.OrthogonalRegularizer, AttributeError, "is not part of embedlab"),
        (lambda: regularizers.get("zz"), ValueError, "Could not interpret regularizer identifier"),
        (lambda: regularizers.Regularizer()(1), NotImplementedError, "__call__"),
        (lambda: regularizers.Regularizer().grad(1), NotImplementedError, "grad"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()
