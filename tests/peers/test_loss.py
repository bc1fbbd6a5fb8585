"""Losses against Keras, and their gradients against PyTorch."""

import numpy as np
import pytest

from embedlab.core.loss import binary_crossentropy, categorical_crossentropy, mse

PAIRS = {
    "mse": (mse, lambda k: k.losses.MeanSquaredError()),
    "binary": (binary_crossentropy, lambda k: k.losses.BinaryCrossentropy(from_logits=True)),
    "categorical": (
        categorical_crossentropy,
        lambda k: k.losses.CategoricalCrossentropy(from_logits=True),
    ),
    "sparse": (
        categorical_crossentropy,
        lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True),
    ),
}


def random_case(name, case):
    rng = np.random.default_rng(case)
    shape = tuple(int(n) for n in rng.integers(2, 6, size=3))
    predicted = (3 * rng.normal(size=shape)).astype(np.float32)
    target = rng.uniform(size=shape).astype(np.float32)
    if name == "categorical":
        target /= target.sum(-1, keepdims=True)
    if name == "sparse":
        target = rng.integers(shape[-1], size=shape[:-1])
    return rng, predicted, target


@pytest.mark.parametrize("name", PAIRS)
def test_the_loss_is_keras(keras, name):
    ours, make = PAIRS[name]
    theirs = make(keras)
    for case in range(200):
        rng, predicted, target = random_case(name, case)
        weights = rng.uniform(size=predicted.shape[:-1]).astype(np.float32)
        expected = float(theirs(target, predicted, sample_weight=weights))
        np.testing.assert_allclose(
            ours(predicted, target, weights=weights)[0], expected, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("name", PAIRS)
def test_the_gradient_is_torchs(torch, name):
    functional = torch.nn.functional
    theirs = {
        "mse": functional.mse_loss,
        "binary": functional.binary_cross_entropy_with_logits,
    }.get(name, functional.cross_entropy)
    for case in range(200):
        _, predicted, target = random_case(name, case)
        flat = predicted.reshape(-1, predicted.shape[-1])
        goal = target.reshape(-1) if name == "sparse" else target.reshape(flat.shape)
        x = torch.tensor(flat, requires_grad=True)
        loss = theirs(x, torch.tensor(goal))
        loss.backward()
        value, grad = PAIRS[name][0](predicted, target)
        np.testing.assert_allclose(value, loss.item(), rtol=2e-6, atol=1e-6)
        np.testing.assert_allclose(grad.reshape(flat.shape), x.grad.numpy(), rtol=2e-6, atol=1e-6)
