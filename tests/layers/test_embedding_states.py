"""Every action in every state of an Embedding: it works, or an error of one line says why."""

import numpy as np
import pytest

from embedlab.layers import Embedding, EmbeddingBag, ReversibleEmbedding
from embedlab.models import Sequential
from embedlab.optimizers import SGD, Adam

V, D = 6, 4
IDS = np.array([[0, 1], [5, 1]])


def plain(**options):
    layer = Embedding(V, D, "normal", seed=1, **options)
    layer.build()
    return layer


def with_adapter(**options):
    layer = plain(**options)
    layer.enable_lora(2, b_initializer="normal")
    return layer


def merged(**options):
    layer = with_adapter(**options)
    layer.merge()
    return layer


def quantized(**options):
    layer = plain(**options)
    layer.quantize("int8")
    return layer


def quantized_with_adapter(**options):
    layer = with_adapter(**options)
    layer.quantize("int8")
    return layer


def quantized_merged(**options):
    layer = quantized_with_adapter(**options)
    layer.merge()
    return layer


STATES = [plain, with_adapter, merged, quantized, quantized_with_adapter, quantized_merged]


def fit(layer):
    model = Sequential([layer])
    model.compile("sgd", "mse")
    model.fit(IDS, np.zeros((2, 2, D)), verbose=0)


ACTIONS = {
    "lookup": lambda layer: layer(IDS),
    "quantize": lambda layer: layer.quantize("int4"),
    "resize": lambda layer: layer.resize(9),
    "add_adapter": lambda layer: layer.add_adapter("more", 1),
    "remove": lambda layer: layer.remove("default"),
    "set_active": lambda layer: layer.set_active([]),
    "set_weights": lambda layer: layer.set_weights(layer.get_weights()),
    "merge": lambda layer: layer.merge(),
    "unmerge": lambda layer: layer.unmerge(),
    "merge_and_unload": lambda layer: layer.merge_and_unload(),
    "fit": fit,
    "nearest": lambda layer: layer.nearest(0, k=2),
}

REFUSED = {
    "merged": (
        "quantize resize add_adapter remove set_active set_weights merge",
        r"Call layer\.unmerge\(\) first, or layer\.merge_and_unload\(\)",
    ),
    "quantized_merged": (
        "quantize resize add_adapter remove set_active set_weights merge",
        "already quantized|Call layer.unmerge",
    ),
    "merged fit": ("fit", r"after merge\(\) call unmerge\(\) or merge_and_unload\(\)"),
    "quantized_merged fit": ("fit", r"after merge\(\) call unmerge\(\) or merge_and_unload\(\)"),
    "quantized": ("quantize", "already quantized"),
    "quantized remove": ("remove", "must be one of"),
    "quantized unmerge": ("unmerge", "must follow merge"),
    "quantized merge": ("merge", "merge needs an active adapter"),
    "quantized fit": ("fit", "No gradients provided"),
    "quantized_with_adapter": ("quantize", "already quantized"),
    "quantized_with_adapter unmerge": ("unmerge", "must follow merge"),
    "with_adapter": ("unmerge", "must follow merge"),
    "plain": ("remove", "must be one of"),
    "plain unmerge": ("unmerge", "must follow merge"),
    "plain merge": ("merge", "merge needs an active adapter"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_works_or_says_why(state, action):
    layer = state()
    refusals = [
        words
        for key, (names, words) in REFUSED.items()
        if key.split()[0] == state.__name__ and action in names.split()
    ]
    if not refusals:
        ACTIONS[action](layer)
        assert np.isfinite(layer(IDS)).all()
        return
    before = layer.get_weights()
    with pytest.raises(ValueError, match=refusals[0]) as info:
        ACTIONS[action](layer)
    assert "\n" not in str(info.value)
    assert all(map(np.array_equal, before, layer.get_weights()))
    assert layer.merged == state().merged and list(layer.adapters) == list(state().adapters)


@pytest.mark.parametrize("state", [with_adapter, merged])
def test_merge_and_unload_leaves_a_plain_trainable_layer(state):
    layer = state()
    out = layer(IDS)
    assert layer.merge_and_unload() is layer
    np.testing.assert_array_equal(layer(IDS), out)
    assert [w.name for w in layer.weights] == ["embeddings"] and layer.table.trainable
    assert not layer.merged and not layer.adapters and layer.lora_rank is None
    fit(layer)
    assert not np.array_equal(layer(IDS), out)
    layer.enable_lora(1)
    layer.resize(8)
    layer.quantize("int8")


def test_merge_and_unload_of_codes_keeps_the_merged_codes():
    layer = quantized_with_adapter()
    out = layer(IDS)
    layer.merge_and_unload()
    assert np.abs(layer(IDS) - out).max() <= 0.51 / layer.quantized.scale.min()
    assert [w.name for w in layer.weights] == ["embeddings", "embeddings_scale"]


# max_norm -------------------------------------------------------------------------------------

LIMIT = 0.5


def test_max_norm_in_every_state_of_the_adapters():
    """Merging and unmerging change no row: only the base is shortened, and once."""
    layer = with_adapter(max_norm=LIMIT)
    delta = layer.adapters["default"].a.value @ layer.adapters["default"].b.value
    expected = layer(IDS)
    layer.merge()
    for _ in range(2):  # a second lookup shortens nothing of the sum
        np.testing.assert_allclose(layer(IDS), expected, atol=1e-6)
    layer.unmerge()
    np.testing.assert_allclose(layer(IDS), expected, atol=1e-6)
    base = expected - delta[IDS]
    assert (np.linalg.norm(base, axis=-1) <= LIMIT + 1e-6).all()
    layer.merge_and_unload()
    assert (np.linalg.norm(layer(IDS), axis=-1) <= LIMIT + 1e-6).all()


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_max_norm_holds_after_quantizing(mode):
    layer = plain(max_norm=LIMIT)
    expected = plain(max_norm=LIMIT)(np.arange(V))
    layer.quantize(mode)
    out = layer(np.arange(V))
    assert (
        np.abs(out - expected).max() <= 0.51 * (LIMIT * 2 / (15 if mode == "int4" else 254)) + 1e-6
    )
    codes = layer.quantized.codes.copy()
    layer(np.arange(V))
    assert np.array_equal(layer.quantized.codes, codes)


def test_lookup_between_reverse_pass_and_gradient():
    layer = ReversibleEmbedding(V, D, embeddings_initializer="normal", max_norm=LIMIT, seed=1)
    layer.forward(IDS)
    out, context = layer.forward(np.ones((2, D)), reverse=True)
    layer.backward(context, out)  # ids first: fine
    layer.forward(IDS)
    with pytest.raises(RuntimeError, match=r"changed since by max_norm\. Go forward again"):
        layer.backward(context, out)


# Padding and lazy updates ---------------------------------------------------------------------

LAZY = {"sparse_update": "lazy"}


@pytest.mark.parametrize("kind", [Embedding, EmbeddingBag])
@pytest.mark.parametrize(
    "rule",
    [
        lambda: SGD(0.1, momentum=0.9, weight_decay=0.3),
        lambda: Adam(0.1, weight_decay=0.3),
        lambda: Adam(0.1, weight_decay=0.3, **LAZY),
    ],
)
@pytest.mark.parametrize("options", [{}, {"embeddings_regularizer": "l1_l2"}])
@pytest.mark.parametrize("value", [0.0, 2.0])
def test_nothing_moves_the_row_of_padding(kind, rule, options, value):
    table = np.full((V, D), value)
    table[1:] = np.random.default_rng(0).normal(size=(V - 1, D))
    layer = kind(V, D, weights=table, padding_idx=0, **options)
    model = Sequential([layer])
    model.compile(rule(), "mse")
    model.fit(IDS, np.ones(layer(IDS).shape), epochs=3, verbose=0)
    moved = (layer.embeddings.value != table.astype("float32")).any(axis=1)
    assert not moved[0] and moved[1] and moved[5]
    assert (layer.embeddings.value[0] == value).all()


def test_nothing_moves_the_padding_row_of_an_adapter():
    layer = with_adapter(padding_idx=0, embeddings_regularizer="l2")
    model = Sequential([layer])
    model.compile(Adam(0.1, weight_decay=0.3), "mse")
    model.fit(IDS, np.ones((2, 2, D)), epochs=3, verbose=0)
    assert not layer.lora_embeddings_a.value[0].any()
    assert not layer([0]).any()


@pytest.mark.parametrize("rule", [SGD, Adam])
def test_a_lazy_step_with_decay_moves_only_rows_of_the_batch(rule):
    layer = plain()
    before = layer.table.numpy()
    model = Sequential([layer])
    model.compile(rule(0.1, weight_decay=0.5, **LAZY), "mse")
    model.fit(IDS, np.zeros((2, 2, D)), epochs=2, verbose=0)
    moved = (layer.table.value != before).any(axis=1)
    assert moved.tolist() == [True, True, False, False, False, True]
