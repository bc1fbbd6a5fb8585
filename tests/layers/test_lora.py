"""LoRA on the layer: what Keras promises, without its defects, and several adapters."""

import json

import numpy as np
import pytest

from embedlab import constraints, optimizers
from embedlab.core.checks import NotFiniteError
from embedlab.layers import Embedding, gradcheck
from embedlab.models import Sequential

IDS = np.array([[1, 2, 1], [4, 0, 2]])


def filled(rng, **options):
    """Return a layer whose adapters are away from zero."""
    layer = Embedding(6, 4, **{"lora_rank": 2, "lora_alpha": 3.0, "seed": 1, **options})
    layer.build()
    for lora in layer.adapters.values():
        lora.a.assign(rng.normal(size=lora.a.shape))
        lora.b.assign(rng.normal(size=lora.b.shape))
    return layer


def by_hand(layer):
    return layer.table.value + sum(
        layer.adapters[n].scale * layer.adapters[n].a.value @ layer.adapters[n].b.value
        for n in layer.active_adapters
    )


def test_new_adapter_changes_nothing_and_trains_only_a_and_b():
    layer = Embedding(6, 4, seed=1)
    before = layer(IDS)
    layer.enable_lora(2)
    assert np.array_equal(layer(IDS), before)
    assert [v.name for v in layer.weights] == [
        "embeddings",
        "lora_embeddings_a",
        "lora_embeddings_b",
    ]
    assert [v.name for v in layer.trainable_weights] == ["lora_embeddings_a", "lora_embeddings_b"]
    assert [v.shape for v in layer.weights] == [(6, 4), (6, 2), (2, 4)]
    assert layer.adapters["default"].alpha == 2.0 and layer.lora_enabled
    assert repr(layer) == "Embedding(6 words -> 4 numbers, lora rank 2)"


def test_forward_is_the_table_and_its_step(rng):
    layer = filled(rng)
    assert layer.adapters["default"].scale == 1.5  # Keras forgets the constructor's alpha
    np.testing.assert_allclose(layer(IDS), by_hand(layer)[IDS], rtol=1e-5)
    assert np.array_equal(layer.embeddings[IDS], layer(IDS))


@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}, {"oob": "zero"}, {"oob": "wrap"}])
def test_the_gradient_is_the_slope(rng, options):
    layer = filled(rng, dtype="float64", **options)
    layer.add_adapter("second", 3, 2.0, rslora=True)
    layer.adapters["second"].b.assign(rng.normal(size=(3, 4)))
    ids = [[1, 9], [4, 7]] if "oob" in options else IDS
    errors = gradcheck(layer, ids)
    assert set(errors) == {
        "lora_embeddings_a",
        "lora_embeddings_b",
        "lora_second_a",
        "lora_second_b",
    }
    assert max(errors.values()) < 1e-6


def test_padding_stays_still_although_b_is_shared(rng):
    layer = Embedding(6, 4, padding_idx=3, lora_rank=2, seed=1)
    model = Sequential([layer])
    model.compile(optimizers.SGD(0.5), "mse")
    model.fit([[3, 1], [3, 2]], np.ones((2, 2, 4)), epochs=5, verbose=0)
    assert not layer([3]).any() and layer([1]).any()


def test_training_one_token_moves_every_row_unless_a_is_zero():
    for start, moved in (("he_uniform", True), ("zeros", False)):
        layer = Embedding(6, 4, seed=1)
        layer.build()
        layer.enable_lora(2, a_initializer=start, b_initializer="normal")
        model = Sequential([layer])
        model.compile(optimizers.SGD(0.5), "mse")
        before = layer.embeddings.copy()
        model.fit([[1]], np.ones((1, 1, 4)), shuffle=False, verbose=0)
        rows = (layer.embeddings != before).any(axis=1).tolist()
        assert rows == [moved, True, moved, moved, moved, moved]


def test_weights_and_rank_in_one_constructor(rng):
    table = rng.normal(size=(6, 4)).astype("float32")
    layer = Embedding(6, 4, weights=table, lora_rank=2)  # Keras 3.15 fails here
    assert np.array_equal(layer([5]), table[[5]])


def test_thawing_the_layer_leaves_the_table_frozen(rng):
    layer = filled(rng)
    layer.trainable = False
    assert layer.trainable_weights == []
    layer.trainable = True
    assert not layer.table.trainable and len(layer.trainable_weights) == 2


def test_the_penalty_moves_to_a_and_b(rng):
    layer = filled(rng, embeddings_regularizer="l2")
    lora = layer.adapters["default"]
    penalties = [0.01 * np.sum(np.square(v.value)) for v in (lora.a, lora.b)]
    assert layer.losses == pytest.approx(penalties)


def test_several_adapters_are_switched_and_removed(rng):
    layer = filled(rng, adapters=[{"name": "second", "rank": 3, "alpha": 1.0, "rslora": True}])
    assert layer.adapters["second"].scale == pytest.approx(1 / 3**0.5)
    assert layer.active_adapters == ("default", "second")
    np.testing.assert_allclose(layer(IDS), by_hand(layer)[IDS], rtol=1e-5)
    both = layer(IDS)
    layer.set_active("second")
    assert [v.name for v in layer.trainable_weights] == ["lora_second_a", "lora_second_b"]
    np.testing.assert_allclose(layer(IDS), by_hand(layer)[IDS], rtol=1e-5)
    layer.set_active(["default", "second"])
    assert np.array_equal(layer(IDS), both)
    layer.remove("second")
    layer.remove("default")
    assert np.array_equal(layer(IDS), layer.table.value[IDS])
    assert [v.name for v in layer.trainable_weights] == ["embeddings"]


def test_merge_bakes_in_and_unmerge_takes_out(rng):
    layer = filled(rng)
    table, out = layer.table.numpy(), layer(IDS)
    layer.merge()
    assert layer.merged and np.array_equal(layer(IDS), out) and layer.trainable_weights == []
    assert layer.embeddings is layer.table
    for act in (
        layer.merge,
        lambda: layer.set_active([]),
        lambda: layer.remove("default"),
        lambda: layer.add_adapter("x", 1),
    ):
        with pytest.raises(ValueError, match=r"layer\.unmerge"):
            act()
    layer.unmerge()
    np.testing.assert_allclose(layer.table.value, table, atol=1e-6)
    np.testing.assert_allclose(layer(IDS), out, atol=1e-6)
    assert len(layer.trainable_weights) == 2
    with pytest.raises(ValueError, match="must follow merge"):
        layer.unmerge()


def test_a_merge_that_would_spoil_the_table_changes_nothing(rng):
    layer = filled(rng)
    layer.adapters["default"].b.value[0, 0] = np.inf
    before = layer.table.numpy()
    with pytest.raises(NotFiniteError):
        layer.merge()
    assert np.array_equal(layer.table.value, before) and not layer.merged
    assert layer.active_adapters == ("default",)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "mixed_float16"])
def test_dtypes(rng, dtype):
    layer = filled(rng, dtype=dtype)
    out, context = layer.forward(IDS)
    gradients = layer.backward(context, out).weights
    assert out.dtype.name == layer.compute_dtype
    kind = "float64" if dtype == "float64" else "float32"
    assert layer.adapters["default"].a.dtype == kind
    assert gradients["lora_embeddings_a"].rows.dtype == kind
    assert gradients["lora_embeddings_b"].dtype == kind


@pytest.mark.parametrize("built", [True, False])
def test_config_round_trip(built):
    more = [{"name": "x", "rank": 1, "alpha": 2.0, "rslora": True}]
    layer = Embedding(6, 4, lora_rank=2, lora_alpha=8, adapters=more)
    if built:
        layer.build()
    config = json.loads(json.dumps(layer.get_config()))
    assert (config["lora_rank"], config["lora_alpha"]) == (2, 8)
    again = Embedding.from_config(config)
    again.build()
    assert list(again.adapters) == ["default", "x"] and again.adapters["default"].alpha == 8
    assert json.loads(json.dumps(again.get_config())) == {**config}
    assert repr(again) == "Embedding(6 words -> 4 numbers, lora rank 2, lora rank 1 'x')"
    assert "lora_rank" not in Embedding(6, 4).get_config()


def test_a_draw_of_a_is_not_the_draw_of_the_table():
    layer = Embedding(6, 2, "he_uniform", lora_rank=2, seed=1)
    layer.build()
    assert not np.allclose(layer.table.value, layer.adapters["default"].a.value)
    again = Embedding(6, 2, "he_uniform", lora_rank=2, seed=1)
    again.build()
    assert np.array_equal(again.adapters["default"].a.value, layer.adapters["default"].a.value)


def test_a_rank_that_is_not_low_warns():
    layer = Embedding(6, 4)
    layer.build()
    with pytest.warns(UserWarning, match=r"at most min\(V, D\) = 4\. Received 5"):
        layer.enable_lora(5)


def built(**options):
    layer = Embedding(6, 4, **options)
    layer.build()
    return layer


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: Embedding(6, 4).enable_lora(2), "on a layer that isn't yet built"),
        (lambda: built(lora_rank=2).enable_lora(2), "lora is already enabled"),
        (
            lambda: built(embeddings_constraint="unit_norm").enable_lora(2),
            "Lora is incompatible with embedding constraints",
        ),
        (
            lambda: Embedding(6, 4, embeddings_constraint=constraints.NonNeg(), lora_rank=2),
            "Lora is incompatible with embedding constraints",
        ),
        (lambda: built().enable_lora(0), "rank must be a positive integer"),
        (lambda: built().enable_lora(-1), "rank must be a positive integer"),
        (lambda: built().enable_lora(1.5), "rank must be a positive integer"),
        (lambda: Embedding(6, 4, lora_rank=0), "lora_rank must be a positive integer"),
        (lambda: Embedding(6, 4, lora_alpha=2.0), "lora_alpha needs lora_rank"),
        (lambda: built().enable_lora(2, "x"), "alpha"),
        (lambda: built().add_adapter("a/b", 2), "name of its own"),
        (lambda: built(lora_rank=2).add_adapter("embeddings", 2), "name of its own"),
        (lambda: built().set_active("zz"), "adapter must be one of"),
        (lambda: built().remove("zz"), "adapter must be one of"),
        (lambda: Embedding(6, 4).merge(), "isn't yet built"),
    ],
)
def test_bad_arguments_are_refused(act, words):
    with pytest.raises((ValueError, TypeError), match=words):
        act()


def test_a_refused_adapter_leaves_nothing_behind():
    layer = built()
    with pytest.raises((ValueError, TypeError)):
        layer.enable_lora(2, a_initializer="zz")
    with pytest.raises((ValueError, TypeError)):
        layer.enable_lora(2, b_initializer="zz")
    assert len(layer.weights) == 1 and layer.table.trainable
    layer.enable_lora(2)


def test_weights_while_adapters_are_merged(rng):
    layer = Embedding(6, 4, lora_rank=2, seed=1)
    layer.build()
    layer.adapters["default"].b.assign(rng.normal(size=(2, 4)))
    model = Sequential([layer])
    unmerged_weights, before = model.get_weights(), layer(np.arange(6))
    layer.merge()
    assert np.array_equal(model.get_weights()[0], before)
    for owner in (layer, model):
        with pytest.raises(ValueError, match=r"set_weights needs .*unmerge"):
            owner.set_weights(unmerged_weights)
    layer.unmerge()
    model.set_weights(unmerged_weights)
    assert np.array_equal(layer(np.arange(6)), before)
