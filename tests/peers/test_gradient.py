"""Lookup and its gradients against PyTorch, over random cases and every option."""

import numpy as np
import pytest

from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.lookup import lookup
from embedlab.layers import Dense, Embedding
from embedlab.losses import MeanSquaredError
from embedlab.models import Sequential
from embedlab.traces.gradient.trace import trace_gradient

CASES = 1500


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward_and_gradients(torch, dtype):
    for case in range(CASES):
        rng = np.random.default_rng(case)
        rows, columns = (int(n) for n in rng.integers(1, 12, size=2))
        ids = rng.integers(rows, size=tuple(rng.integers(0, 5, size=rng.integers(0, 4))))
        table = rng.normal(size=(rows, columns)).astype(dtype)
        back = rng.normal(size=(*ids.shape, columns)).astype(dtype)
        padding = int(rng.integers(rows)) if rng.integers(2) else None
        freq = bool(rng.integers(2))
        w = torch.tensor(table, requires_grad=True)
        theirs = torch.nn.functional.embedding(
            torch.tensor(ids), w, padding_idx=padding, scale_grad_by_freq=freq
        )
        theirs.backward(torch.tensor(back))
        np.testing.assert_array_equal(lookup(table, ids), theirs.detach().numpy())
        close = {"rtol": 1e-6, "atol": 1e-6 if dtype == "float32" else 1e-14}
        options = {"padding_idx": padding, "scale_grad_by_freq": freq}
        dense = grad_table(ids, back, rows, **options)
        np.testing.assert_allclose(dense, w.grad.numpy(), err_msg=f"{case=}", **close)
        np.testing.assert_array_equal(coalesce(ids, back, rows, **options).to_dense(), dense)


@pytest.mark.parametrize("freq", [False, True])
def test_the_gradient_of_the_last_duplicate_is_what_torch_adds(torch, freq):
    """Torch divides each gradient by the count of its id, so also the one that assignment keeps."""
    ids, back = [1, 4, 1, 2, 1, 4], np.random.default_rng(3).normal(size=(6, 4))
    trace = trace_gradient(np.ones((6, 4)), ids, grad_out=back, scale_grad_by_freq=freq)
    last = np.array([[i not in ids[n + 1 :]] for n, i in enumerate(ids)])
    w = torch.ones(6, 4, dtype=torch.float64, requires_grad=True)
    out = torch.nn.functional.embedding(torch.tensor(ids), w, scale_grad_by_freq=freq)
    out.backward(torch.tensor(back * last))
    np.testing.assert_allclose(trace.assigned, w.grad.numpy(), rtol=1e-12)


def test_the_sparse_form_is_torchs(torch):
    for case in range(CASES):
        rng = np.random.default_rng(case)
        rows, columns = (int(n) for n in rng.integers(1, 12, size=2))
        ids = rng.integers(rows, size=rng.integers(1, 30))
        back = rng.normal(size=(ids.size, columns))
        padding = int(rng.integers(rows)) if rng.integers(2) else None
        w = torch.zeros(rows, columns, dtype=torch.float64, requires_grad=True)
        out = torch.nn.functional.embedding(torch.tensor(ids), w, padding_idx=padding, sparse=True)
        out.backward(torch.tensor(back))
        theirs, ours = w.grad.coalesce(), coalesce(ids, back, rows, padding_idx=padding)
        np.testing.assert_array_equal(ours.ids, theirs.indices()[0].numpy())
        np.testing.assert_allclose(ours.rows, theirs.values().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_a_nan_in_row_0_before_dense(torch, rng, bad, mask_zero):
    """A mask takes the step out of the loss, and not out of the gradient of the kernel."""
    table, kernel, y = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(2, 3, 2))
    table[0, 1], ids = bad, np.array([[1, 0, 2], [3, 1, 1]])
    model = Sequential(
        [
            Embedding(4, 3, mask_zero=mask_zero, weights=table, dtype="float64"),
            Dense(2, use_bias=False, dtype="float64"),
        ]
    )
    model.build((None, 3))
    model.layers[1].kernel.assign(kernel)
    with np.errstate(invalid="ignore"):
        out, mask, context = model.forward_with_mask(ids)
        grad_out = MeanSquaredError("sum", dtype="float64").grad(y, out, mask)
        grads = list(model.backward(context, grad_out).weights.values())

    w, k = (torch.tensor(a, requires_grad=True) for a in (table, kernel))
    outputs = torch.nn.functional.embedding(torch.tensor(ids), w) @ k
    valid = ids != 0 if mask_zero else np.ones_like(ids, bool)
    loss = ((outputs - torch.tensor(y))[torch.tensor(valid)] ** 2).sum() / 2
    loss.backward()
    by_name = {grad.shape: grad for grad in grads}
    np.testing.assert_allclose(by_name[4, 3].to_dense(), w.grad.numpy(), rtol=1e-12)
    np.testing.assert_allclose(by_name[3, 2], k.grad.numpy(), rtol=1e-12)
    assert not np.isfinite(by_name[3, 2][1]).any()
    assert np.isfinite(by_name[4, 3].to_dense()[0]).all() == mask_zero
