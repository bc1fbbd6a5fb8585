"""Maximum norm against PyTorch: the same rows, in place."""

import numpy as np
import pytest

from embedlab.core.max_norm import max_norm


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, 0.5, np.inf])
def test_the_table_after_a_lookup(torch, order):
    for case in range(300):
        rng = np.random.default_rng(case)
        rows, columns = (int(n) for n in rng.integers(1, 9, size=2))
        table = rng.normal(size=(rows, columns)).astype(np.float32)
        ids = rng.integers(rows, size=rng.integers(1, 12))
        limit = float(rng.uniform(0, 3))
        theirs = torch.tensor(table)
        torch.nn.functional.embedding(torch.tensor(ids), theirs, max_norm=limit, norm_type=order)
        max_norm(table, ids, limit, norm_type=order)
        np.testing.assert_allclose(table, theirs.numpy(), rtol=1e-6, atol=1e-7)
