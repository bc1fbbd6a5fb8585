"""Lookup and its gradients against PyTorch, over random cases and every option."""

import numpy as np
import pytest

from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.lookup import lookup

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
