"""Bags against PyTorch, forward and all gradients: random cases with empty bags and padding."""

import numpy as np
import pytest

from embedlab.core.bag import bag, bag_max, grad_bag, grad_bag_max, grad_bag_weights, parse_bags

CASES = 700


def random_case(seed, ties):
    rng = np.random.default_rng(seed)
    rows, columns, count = (int(n) for n in rng.integers(1, 9, size=3))
    sizes = rng.integers(0, rng.integers(1, 20), size=count)
    ids = rng.integers(rows, size=sizes.sum())
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    last = bool(rng.integers(2))
    table = rng.normal(size=(rows, columns)).astype(np.float32)
    if ties:
        table = np.round(table * 2) / 2
    back = rng.normal(size=(count, columns)).astype(np.float32)
    weights = rng.normal(size=ids.size).astype(np.float32)
    padding = int(rng.integers(rows)) if rng.integers(2) else None
    return rows, table, ids, offsets if last else offsets[:-1], last, back, weights, padding


@pytest.mark.parametrize("mode", ["sum", "mean", "max", "weighted sum"])
def test_forward_and_gradients(torch, mode):
    for case in range(CASES):
        rows, table, ids, offsets, last, back, weights, padding = random_case(case, mode == "max")
        weighted = mode == "weighted sum"
        plain = "sum" if weighted else mode
        w = torch.tensor(table, requires_grad=True)
        factors = torch.tensor(weights, requires_grad=True) if weighted else None
        theirs = torch.nn.functional.embedding_bag(
            torch.tensor(ids),
            w,
            torch.tensor(offsets),
            mode=plain,
            per_sample_weights=factors,
            include_last_offset=last,
            padding_idx=padding,
        )
        theirs.backward(torch.tensor(back))
        options = {"mode": plain, "include_last_offset": last, "padding_idx": padding}
        options["weights"] = weights if weighted else None
        ours = bag(table, ids, offsets, **options)
        np.testing.assert_allclose(
            ours, theirs.detach().numpy(), **close_to(ours), err_msg=f"{case=}"
        )
        bags = parse_bags(table, ids, offsets, **options)
        if mode == "max":
            grad = grad_bag_max(bags, bag_max(table, bags)[1], back, rows)
        else:
            grad = grad_bag(bags, back, rows, mode=plain)
        dense = grad.to_dense()
        np.testing.assert_allclose(dense, w.grad.numpy(), **close_to(dense), err_msg=f"{case=}")
        if weighted:
            by_weight = grad_bag_weights(table, bags, back, mode=plain)
            np.testing.assert_allclose(
                by_weight, factors.grad.numpy(), **close_to(by_weight), err_msg=f"{case=}"
            )


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_scaled_by_frequency(torch, mode):
    """The oracle is a lookup scaled by frequency and then added up.

    PyTorch's own bags divide by the frequency of another id (2.13, CPU, dense: the counts are read
    at the number of the distinct id instead of its first position): ids 0 0 1 1 1 in one bag of
    gradient 1 give 1 and 1.5.
    """
    for case in range(300):
        rows, table, ids, offsets, last, back, _, _ = random_case(case, False)
        bags = parse_bags(table, ids, offsets, include_last_offset=last)
        w = torch.tensor(table, requires_grad=True)
        found = torch.nn.functional.embedding(torch.tensor(ids), w, scale_grad_by_freq=True)
        sums = torch.zeros(back.shape).index_add(0, torch.tensor(bags.bag_of), found)
        if mode == "mean":
            sums = sums / torch.tensor(np.maximum(np.diff(bags.starts), 1))[:, None]
        sums.backward(torch.tensor(back))
        grad = grad_bag(bags, back, rows, mode=mode, scale_grad_by_freq=True).to_dense()
        np.testing.assert_allclose(grad, w.grad.numpy(), **close_to(grad), err_msg=f"{case=}")


def close_to(array):
    """Single precision, six digits of the largest sum: each side adds in an order of its own."""
    return {"rtol": 1e-6, "atol": 1e-6 * max(1, float(np.abs(array).max(initial=0)))}
