"""LoRA against PyTorch, forward and every gradient in thousands of cases, and Keras's layer."""

import numpy as np

from embedlab.core.gradient import coalesce
from embedlab.core.lora import Adapter, grad_lora, lora_lookup, merge

CASES = 2000


def near(actual, expected, terms):
    """Equal to 1e-6 of what was added up: sums that cancel have no digits of their own."""
    expected = np.asarray(expected)
    assert actual.shape == expected.shape
    eps = 1e-6 if actual.dtype == np.float32 else 1e-14
    assert (np.abs(actual - expected) <= eps * terms).all()


def dense(ids, rows, like):
    total = np.zeros_like(like)
    np.add.at(total, ids, rows)
    return total


def cases(rng, count):
    for _ in range(count):
        rows, columns = int(rng.integers(1, 20)), int(rng.integers(1, 24))
        dtype = rng.choice(["float32", "float64"])
        ranks = rng.integers(1, 13, size=rng.integers(1, 3))
        adapters = [
            Adapter(
                rng.normal(size=(rows, rank)).astype(dtype),
                rng.normal(size=(rank, columns)).astype(dtype),
                float(rng.choice([0.25, 1.0, -2.0])),
            )
            for rank in ranks
        ]
        ids = rng.integers(rows, size=rng.integers(0, 5, size=rng.integers(1, 4)))
        yield rng.normal(size=(rows, columns)).astype(dtype), ids, adapters


def test_forward_and_all_gradients_are_those_of_autograd(torch, rng):
    lookup = torch.nn.functional.embedding
    for table, ids, adapters in cases(rng, CASES):
        base = torch.tensor(table, requires_grad=True)
        parts = [
            (torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True), scale)
            for a, b, scale in adapters
        ]
        where = torch.tensor(ids)
        output = lookup(where, base)
        for a, b, scale in parts:
            output = output + scale * (lookup(where, a) @ b)
        back = rng.normal(size=output.shape).astype(table.dtype)
        output.backward(torch.tensor(back))
        flat, size = ids.reshape(-1), np.abs(back).reshape(ids.size, table.shape[1])
        terms = np.abs(table)[ids] + sum(abs(s) * (abs(a)[ids] @ abs(b)) for a, b, s in adapters)
        near(lora_lookup(table, ids, adapters), output.detach(), terms)
        near(coalesce(ids, back, len(table)).to_dense(), base.grad, dense(flat, size, table))
        for (a, b, scale), adapter in zip(parts, adapters, strict=True):
            grad_a, grad_b = grad_lora(ids, back, adapter)
            size_a, size_b, scale = abs(adapter.a), abs(adapter.b), abs(scale)
            near(grad_a.to_dense(), a.grad, scale * dense(flat, size @ size_b.T, size_a))
            near(grad_b, b.grad, scale * (size_a[flat].T @ size))


def test_the_same_rows_as_a_keras_layer_with_lora(keras, rng):
    for _ in range(60):
        rows, columns, rank = (int(rng.integers(1, 20)) for _ in range(3))
        alpha = float(rng.choice([1.0, 8.0, 0.5]))
        table = rng.normal(size=(rows, columns)).astype("f4")
        layer = keras.layers.Embedding(rows, columns, "zeros")
        layer.build()
        layer.set_weights([table])
        layer.enable_lora(rank, lora_alpha=alpha, a_initializer="zeros")
        one = Adapter(
            rng.normal(size=(rows, rank)).astype("f4"),
            rng.normal(size=(rank, columns)).astype("f4"),
            alpha / rank,
        )
        layer.lora_embeddings_a.assign(one.a)
        layer.lora_embeddings_b.assign(one.b)
        ids = rng.integers(rows, size=(3, 4))
        terms = np.abs(table) + one.scale * (np.abs(one.a) @ np.abs(one.b))
        near(lora_lookup(table, ids, [one]), layer(ids), terms[ids])
        near(merge(table, [one]), layer.embeddings, terms)
