"""Masked pooling, softmax and recurrent steps against PyTorch's autograd and Keras's layers."""

import warnings

import numpy as np

from embedlab.core.mask import (
    grad_keep_masked_state,
    grad_masked_max,
    grad_masked_mean,
    grad_masked_sum,
    keep_masked_state,
    masked_max,
    masked_mean,
    masked_sum,
    padding_mask,
)

CASES = 1500


def near(actual, expected, terms=1.0):
    """Equal to 1e-6 of what was added up: sums that cancel have no digits of their own."""
    expected = np.asarray(expected)
    assert actual.shape == expected.shape
    assert (np.abs(actual - expected) <= 1e-6 * terms).all()


def batches(rng, count, some_words=False):
    for _ in range(count):
        batch, steps, columns = (int(n) for n in rng.integers(1, 7, size=3))
        values = rng.normal(size=(batch, steps, columns)).astype("f4")
        mask = rng.random((batch, steps)) < rng.choice([0.2, 0.7, 1.0])
        if some_words:
            mask[:, 0] = True
        yield values, mask


def test_pooling_forward_and_backward(torch, rng):
    for values, mask in batches(rng, CASES):
        there = torch.tensor(values, requires_grad=True)
        valid = torch.tensor(mask)[:, :, None]
        some = mask.any(axis=1)[:, None]
        back = rng.normal(size=(len(values), values.shape[2])).astype("f4")
        total = there.masked_fill(~valid, 0).sum(dim=1)
        mean = total / valid.sum(dim=1).clamp(min=1)
        top = there.masked_fill(~valid, -torch.inf).max(dim=1)
        for actual, grad, expected in (
            (masked_sum(values, mask), grad_masked_sum(mask, back), total),
            (masked_mean(values, mask), grad_masked_mean(mask, back), mean),
        ):
            near(actual, expected.detach(), np.abs(values).sum(axis=1))
            there_grad = torch.autograd.grad(
                expected, there, torch.tensor(back), retain_graph=True
            )[0]
            near(grad, there_grad, np.abs(back)[:, None])
        out, at = masked_max(values, mask)
        np.testing.assert_array_equal(out, np.where(some, top.values.detach(), 0))
        np.testing.assert_array_equal(at, np.where(some, top.indices, -1))
        expected = torch.autograd.grad(top.values, there, torch.tensor(np.where(some, back, 0)))[0]
        np.testing.assert_array_equal(grad_masked_max(at, back, values.shape[1]), expected)


def test_hold_forward_and_backward(torch, rng):
    for values, mask in batches(rng, CASES // 3):
        new, state, mask = values[:, 0], values[:, -1] + 1, mask[:, 0]
        both = [torch.tensor(x, requires_grad=True) for x in (new, state)]
        expected = torch.where(torch.tensor(mask)[:, None], *both)
        np.testing.assert_array_equal(keep_masked_state(mask, new, state), expected.detach())
        back = rng.normal(size=new.shape).astype("f4")
        expected.backward(torch.tensor(back))
        for grad, there in zip(grad_keep_masked_state(mask, back), both, strict=True):
            np.testing.assert_array_equal(grad, there.grad)


def test_keras_pooling(keras, rng):
    average = keras.layers.GlobalAveragePooling1D()
    for values, mask in batches(rng, 300, some_words=True):
        near(masked_mean(values, mask), average(values, mask=mask), np.abs(values).max(axis=1))


def test_padding_alone_is_nan_in_keras_and_zero_here(keras):
    values, mask = np.ones((1, 3, 2), "f4"), np.zeros((1, 3), bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its division by zero
        theirs = np.asarray(keras.layers.GlobalAveragePooling1D()(values, mask=mask))
    assert np.isnan(theirs).all()
    assert masked_mean(values, mask).tolist() == [[0.0, 0.0]]


def test_the_mask_of_a_keras_embedding(keras, rng):
    ids = rng.integers(0, 3, size=(4, 6))
    layer = keras.layers.Embedding(3, 2, mask_zero=True)
    np.testing.assert_array_equal(padding_mask(ids), np.asarray(layer.compute_mask(ids)))


def test_a_recurrent_layer_of_keras_holds_its_state_at_padding(keras, rng):
    for values, mask in batches(rng, 40):
        for zeros in (False, True):
            layer = keras.layers.SimpleRNN(3, return_sequences=True, zero_output_for_mask=zeros)
            layer.build(values.shape)
            kernel, recurrent, bias = (np.asarray(w) for w in layer.weights)
            state = np.zeros((len(values), 3), "f4")
            outputs = []
            for t in range(values.shape[1]):
                new = np.tanh(values[:, t] @ kernel + state @ recurrent + bias)
                outputs.append(keep_masked_state(mask[:, t], new, state * 0 if zeros else state))
                state = keep_masked_state(mask[:, t], new, state)
            near(np.stack(outputs, axis=1), layer(values, mask=mask), 5.0)
