"""Cosines and nearest rows against PyTorch."""

import numpy as np

from embedlab.core.geometry import cosine, nearest


def test_cosines_and_the_nearest(torch):
    functional = torch.nn.functional
    for case in range(300):
        rng = np.random.default_rng(case)
        rows, queries, columns = (int(n) for n in rng.integers(1, 30, size=3))
        table, vectors = rng.normal(size=(rows, columns)), rng.normal(size=(queries, columns))
        theirs = functional.cosine_similarity(
            torch.tensor(vectors)[:, None], torch.tensor(table)[None], dim=2
        )
        np.testing.assert_allclose(cosine(vectors, table), theirs.numpy(), atol=1e-12)
        k = int(rng.integers(1, rows + 1))
        result, best = nearest(table, vectors, k), theirs.topk(k, dim=1)
        np.testing.assert_allclose(result.similarities, best.values.numpy(), atol=1e-12)
        if columns > 1:  # with one column all cosines are 1 or -1, and equals have no order
            np.testing.assert_array_equal(result.ids, best.indices.numpy())
