"""Tensors of PyTorch where a caller passes arrays, and its gradient of rows with `max_norm`."""

import numpy as np
import pytest

from embedlab.layers import Dense, Embedding, EmbeddingBag, Flatten
from embedlab.models import Sequential


@pytest.fixture(params=["float32", "bfloat16"])
def dtype(torch, request):
    return getattr(torch, request.param)


def test_tensors_are_tables(torch, dtype):
    parameter = torch.nn.Parameter(torch.full((3, 2), 0.5, dtype=dtype))
    layer = Embedding(3, 2)
    layer.build()
    layer.set_weights([parameter])
    layer.table.assign(parameter)
    embeddings = [
        layer,
        Embedding(3, 2, weights=parameter),
        Embedding(3, 2, weights=[parameter]),
        Embedding.from_pretrained(parameter),
        EmbeddingBag(3, 2, weights=parameter),
    ]
    for each in embeddings:
        assert (np.asarray(each.embeddings) == 0.5).all() and each.embeddings.dtype == "float32"
    assert layer.nearest(parameter[0], k=1).ids.shape == (1,)


def test_tensors_are_samples(torch, dtype):
    chain = Sequential([Embedding(9, 4, input_length=3), Flatten(), Dense(1)])
    chain.compile("sgd", "mse")
    tensor = torch.nn.Parameter(torch.ones((4, 3), dtype=dtype))
    expected = chain.predict(np.ones((4, 3), int)).shape
    assert chain.predict(tensor).shape == chain.predict(list(tensor)).shape == expected
    losses = chain.fit(tensor, tensor[:, :1], verbose=0).history["loss"]
    assert len(losses) == 1 and np.isfinite(losses).all()


def test_the_gradient_of_a_shortened_row_is_that_of_torch(torch):
    layer = Embedding(5, 4, "normal", max_norm=0.05, seed=1)
    layer.build()
    weight = torch.tensor(layer.table.numpy(), requires_grad=True)
    ids = np.array([0, 0, 3])
    grad = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    out = torch.nn.functional.embedding(torch.tensor(ids), weight, max_norm=0.05)
    out.backward(torch.tensor(grad))
    rows, context = layer.forward(ids)
    np.testing.assert_allclose(rows, out.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(
        layer.backward(context, grad).weights["embeddings"].to_dense(), weight.grad, rtol=1e-6
    )
    np.testing.assert_allclose(layer.table.value, weight.detach(), rtol=1e-6)
