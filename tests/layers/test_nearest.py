"""Neighbors, asked of a layer: the rows as they count now."""

import numpy as np
import pytest

from embedlab.core.geometry import nearest
from embedlab.core.ids import IdError
from embedlab.layers import Embedding


def layers(rng):
    """Return layers of every kind with one effective table each, which is known."""
    table = rng.normal(size=(30, 6)).astype("float32")
    plain = Embedding(30, 6, weights=table)
    adapted = Embedding(30, 6, weights=table, lora_rank=2, seed=1)
    adapted.adapters["default"].b.assign(rng.normal(size=(2, 6)))
    result = [plain, adapted]
    for mode in ("int8", "int4"):
        layer = Embedding(30, 6, weights=table, lora_rank=2, seed=1)
        layer.adapters["default"].b.assign(rng.normal(size=(2, 6)))
        layer.quantize(mode)
        result.append(layer)
    return result


@pytest.mark.parametrize("kind", range(4))
def test_the_rows_that_count_are_searched(kind, rng):
    layer = layers(rng)[kind]
    table = np.asarray(layer.embeddings)
    query = rng.normal(size=(3, 6)).astype("float32")
    expected, actual = nearest(table, query, 4), layer.nearest(query, 4)
    assert np.array_equal(actual.ids, expected.ids)
    np.testing.assert_allclose(actual.similarities, expected.similarities, atol=1e-5)


@pytest.mark.parametrize("kind", range(4))
def test_ids_ask_for_their_neighbors_but_not_for_themselves(kind, rng):
    layer = layers(rng)[kind]
    table = np.asarray(layer.embeddings)
    actual = layer.nearest([4, 7], 29)
    assert actual.ids.shape == (2, 29)
    assert sorted(actual.ids[0].tolist()) == [i for i in range(30) if i != 4]
    assert 7 not in actual.ids[1]
    one = layer.nearest(4, 3, exclude=actual.ids[0, :2], first=1)
    assert one.ids.tolist() == [i for i in actual.ids[0, 2:].tolist() if i][:3]
    assert layer.nearest([4], 1).ids[0, 0] == nearest(table, table[4], 1, exclude=[4]).ids[0]
    assert layer.nearest(np.zeros(0, int), 3).ids.shape == (0, 3)


def test_a_resting_adapter_does_not_count(rng):
    plain, adapted, *_ = layers(rng)
    assert not np.array_equal(adapted.nearest(3).ids, plain.nearest(3).ids)
    adapted.set_active([])
    assert np.array_equal(adapted.nearest(3).ids, plain.nearest(3).ids)


def test_refusals():
    layer = Embedding(4, 2, oob="zero")
    with pytest.raises(ValueError, match="isn't yet built"):
        layer.nearest(0)
    layer.build()
    for ask in (lambda: layer.nearest(4), lambda: layer.nearest(-1)):
        with pytest.raises(IdError):
            ask()
