"""Names, order and attributes of weights: as those of Keras 3.15.1."""

import pytest

from embedlab import layers

keras = None  # imported by the first test, not when the tests are collected
LORA = ("lora_enabled", "lora_rank", "lora_alpha")


@pytest.fixture(autouse=True)
def import_keras(request):
    globals()["keras"] = request.getfixturevalue("keras")


def both(name, *args, **options):
    for package in (layers, keras.layers):
        layer = getattr(package, name)(*args, name="e", **options)
        yield layer


def summary_of(layer):
    lora = [getattr(layer, name) for name in LORA]
    weights = [(w.path, w.dtype, tuple(w.shape), w.trainable) for w in layer.weights]
    return weights, lora, repr(layer.dtype_policy), layer.path, layer.supports_masking


def act(layer, *steps):
    for step in steps:
        name, *args = step.split()
        getattr(layer, name)(*[int(a) if a.isdigit() else a for a in args])


STEPS = [
    [],
    ["build"],
    ["build", "enable_lora 2"],
    ["build", "enable_lora 2 6"],
    ["build", "quantize int8"],
    ["build", "quantize int4"],
    ["build", "enable_lora 2", "quantize int8"],
    ["build", "enable_lora 2", "quantize int4"],
]


@pytest.mark.parametrize("steps", STEPS, ids=" ".join)
@pytest.mark.parametrize("mask_zero", [False, True])
def test_an_embedding(steps, mask_zero):
    ours, theirs = both("Embedding", 300, 200, mask_zero=mask_zero)
    for layer in (ours, theirs):
        act(layer, *steps)
    assert summary_of(ours) == summary_of(theirs)


@pytest.mark.parametrize("steps", STEPS[1:], ids=" ".join)
@pytest.mark.parametrize("tied", [True, False])
def test_a_reversible_embedding(steps, tied):
    ours, theirs = both("ReversibleEmbedding", 300, 200, tie_weights=tied)
    for layer in (ours, theirs):
        act(layer, *steps)
    assert [w[0] for w in summary_of(ours)[0]] == [w[0] for w in summary_of(theirs)[0]]
    assert summary_of(ours)[1:4] == summary_of(theirs)[1:4]


@pytest.mark.parametrize("alpha", [None, 6])
def test_adapters_of_the_constructor(alpha):
    ours, theirs = both("Embedding", 30, 20, lora_rank=2, lora_alpha=alpha)
    for name in LORA:
        assert getattr(ours, name) == getattr(theirs, name)
    for layer in (ours, theirs):
        layer.build()
    assert summary_of(ours)[0] == summary_of(theirs)[0]
    assert ours.lora_alpha == (alpha or 2)  # Keras forgets it when it builds
    for name in ("lora_embeddings_a", "lora_embeddings_b"):
        assert getattr(ours, name) is ours.named_weights()[name]
        assert tuple(getattr(ours, name).shape) == tuple(getattr(theirs, name).shape)


def test_without_an_adapter_there_is_no_a():
    for layer in both("Embedding", 3, 2):
        assert not hasattr(layer, "lora_embeddings_a")


@pytest.mark.parametrize("name", ["float32", "float64", "mixed_float16"])
def test_the_repr_of_a_policy(name):
    for ours, theirs in [(layers.Dense(1, dtype=name), keras.layers.Dense(1, dtype=name))]:
        assert repr(ours.dtype_policy) == repr(theirs.dtype_policy)


def test_the_order_of_bases_is_short():
    for kind in (layers.Embedding, layers.EmbeddingBag):
        assert len(kind.__mro__[:-1]) <= 3  # before object
    assert layers.ReversibleEmbedding.__mro__[1:] == layers.Embedding.__mro__
