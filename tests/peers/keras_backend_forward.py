"""Outputs of embedlab.keras and of Keras itself: runs in a process of its own for each backend.

Started by test_keras_backends.py, which sets KERAS_BACKEND; pytest does not collect this name.
"""

import doctest
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from embedlab.core.jit import kernel_calls

sys.path.append(str(Path(__file__).parent))
from keras_backend_cases import array, core_calls, draw, layer_pair, near, quantizations, times


@pytest.fixture
def ours(keras):
    return importlib.import_module("embedlab.keras")


def test_the_doctests(keras, ours):
    if keras.backend.backend() == "jax":
        return  # they say the same of every backend, and JAX would compile each line
    for name in ("bridge", "embedding", "reversible"):
        module = importlib.import_module(f"embedlab.keras.{name}")
        result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
        assert result.attempted and not result.failed


def test_rows_and_masks_are_those_of_keras(keras, ours, rng):
    for _ in times(keras, 300):
        config, ids = draw(keras, rng)
        our_layer, keras_layer = layer_pair(keras, ours, config, rng, rank=rng.choice([None, 1, 6]))
        before = kernel_calls("lookup")
        output = our_layer(ids)
        rows = array(keras, output)
        assert kernel_calls("lookup") == before + core_calls(keras, ids)  # the core, once
        expected = keras_layer(ids)
        dtype = keras.backend.standardize_dtype(expected.dtype)
        assert keras.backend.standardize_dtype(output.dtype) == dtype
        if our_layer.lora_enabled:  # A and B are float32 in any case
            near(rows, array(keras, expected), dtype.replace("64", "32"))
        else:
            np.testing.assert_array_equal(rows, array(keras, expected))
        assert kernel_calls("lookup") == before + core_calls(
            keras, ids
        )  # and never in Keras's own layer
        masks = [
            layer.compute_mask(keras.ops.convert_to_tensor(ids))
            for layer in (our_layer, keras_layer)
        ]
        assert (masks[0] is None) == (masks[1] is None) == (not config["mask_zero"])
        if masks[0] is not None:
            np.testing.assert_array_equal(*(array(keras, mask) for mask in masks))


def test_quantized_rows_are_those_of_keras(keras, ours, rng):
    for _ in times(keras, 120):
        config, ids = draw(keras, rng)
        modes = quantizations(keras, config["dtype"])
        how = modes[rng.integers(len(modes))]
        our_layer, keras_layer = layer_pair(
            keras, ours, config, rng, quantize=how, rank=rng.choice([None, 6])
        )
        for our_weight, keras_weight in zip(our_layer.weights, keras_layer.weights, strict=True):
            np.testing.assert_array_equal(array(keras, our_weight), array(keras, keras_weight))
        np.testing.assert_array_equal(  # raw codes at int4, as Keras has it
            array(keras, our_layer.embeddings), array(keras, keras_layer.embeddings)
        )
        before = kernel_calls("lookup")
        output = our_layer(ids)
        rows = array(keras, output)
        assert kernel_calls("lookup") == before + core_calls(keras, ids)
        dtype = keras.backend.standardize_dtype(output.dtype)
        assert (
            dtype == our_layer.compute_dtype == our_layer.compute_output_spec(keras.Input(())).dtype
        )
        near(rows, array(keras, keras_layer(ids)), dtype.replace("64", "32"))


def test_an_id_outside_is_an_error_or_nan_as_in_keras(keras, ours, rng):
    ids = np.array([[1, 5], [-6, -5], [400_000, 0]])
    bad = (ids >= 5) | (ids < -5)
    for dtype in ("float32", "bfloat16"):
        for how in (None, *quantizations(keras, dtype)):
            for rank in (None, 2):
                config = {"input_dim": 5, "output_dim": 3, "dtype": dtype}
                our_layer, keras_layer = layer_pair(
                    keras, ours, config, rng, quantize=how, rank=rank
                )
                if keras.backend.backend() == "jax":
                    for layer in (our_layer, keras_layer):
                        np.testing.assert_array_equal(
                            np.isnan(array(keras, layer(ids))).all(axis=-1), bad
                        )
                    continue
                for one in ids[bad]:
                    with pytest.raises(Exception, match=f"0..4.*Received {one} at"):
                        our_layer(np.array([0, one]))


def test_wide_integers_never_wrap(keras, ours):
    layer = ours.Embedding(5, 2)
    ids = np.array([2**32 + 1, 2**40])
    if keras.backend.backend() == "jax":
        return  # JAX itself has no 64-bit integers before the layer sees them
    with pytest.raises(Exception, match=f"Received {2**32 + 1} at"):
        layer(ids)


def test_keras_own_lookup_is_never_called(keras, ours, rng, monkeypatch):
    home = sys.modules[keras.layers.Embedding.__module__]
    layers = [
        layer_pair(keras, ours, {"input_dim": 5, "output_dim": 3}, rng, quantize=how, rank=rank)
        for how in (None, *quantizations(keras, "float32"))
        for rank in (None, 2)
    ]
    take = home.ops.take
    monkeypatch.setattr(home.ops, "take", lambda *a, **k: pytest.fail("a lookup of Keras's own"))
    for our_layer, keras_layer in layers:
        our_layer(np.array([1, 2]))
        with pytest.raises(pytest.fail.Exception):
            keras_layer(np.array([1, 2]))
    monkeypatch.setattr(home.ops, "take", take)


def test_symbolic_calls_do_not_run_the_core(keras, ours):
    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = ours.Embedding(7, 3, mask_zero=True)

        def call(self, ids):
            return self.inner(ids) * 2

    before = kernel_calls("lookup")
    ids = keras.Input((None,), dtype="int32")
    rows = ours.Embedding(7, 3, dtype="mixed_bfloat16")(ids)
    assert rows.shape == (None, None, 3) and rows.dtype == "bfloat16"
    outer = Outer()
    output = outer(keras.Input((4,), dtype="int32"))
    assert output.shape == (None, 4, 3)
    assert kernel_calls("lookup") == before
    assert tuple(outer(np.zeros((2, 4), "i4")).shape) == (2, 4, 3)
    assert kernel_calls("lookup") == before + 1


def classifier(keras, layer):
    inputs = keras.Input((6,), dtype="int32")
    pooled = keras.layers.GlobalAveragePooling1D()(layer(inputs))
    return keras.Model(inputs, keras.layers.Dense(2)(pooled))


def test_files_both_ways_with_keras(keras, ours, rng, tmp_path):
    ids = rng.integers(9, size=(4, 6))
    for how in (None, *quantizations(keras, "float32")):
        for here, there in ((ours, keras.layers), (keras.layers, ours)):
            models = [classifier(keras, cls.Embedding(9, 5)) for cls in (here, there)]
            for model in models:
                if how:
                    model.layers[1].quantize(*how)
            models[0].save_weights(tmp_path / "one.weights.h5")
            models[1].load_weights(tmp_path / "one.weights.h5")
            near(*(model.predict(ids, verbose=0) for model in models), "float32")


def test_a_model_comes_back_from_its_file(keras, ours, rng, tmp_path):
    ids = rng.integers(9, size=(4, 6))
    for dtype in ("float32", "mixed_bfloat16"):
        for how in (None, *quantizations(keras, dtype)):
            layer = ours.Embedding(9, 5, mask_zero=True, dtype=dtype)
            model = classifier(keras, layer)
            if how:
                layer.quantize(*how)
            else:
                layer.enable_lora(2, b_initializer="ones")
            model.save(tmp_path / "model.keras")
            again = keras.models.load_model(tmp_path / "model.keras")
            assert type(again.layers[1]) is ours.Embedding
            assert again.layers[1].quantization_mode == (how[0] if how else None)
            tolerance = "float32" if dtype == "float32" else "bfloat16"
            near(*(m.predict(ids, verbose=0) for m in (again, model)), tolerance)


def test_it_is_a_keras_embedding_by_config_and_by_its_errors(keras, ours):
    layer = ours.Embedding(9, 5, mask_zero=True, embeddings_regularizer="l2", name="words")
    theirs = keras.layers.Embedding(9, 5, mask_zero=True, embeddings_regularizer="l2", name="words")
    assert isinstance(layer, keras.layers.Embedding)
    assert layer.get_config() == theirs.get_config()
    assert keras.saving.get_registered_name(ours.Embedding) == "embedlab>Embedding"
    stored = keras.saving.serialize_keras_object(layer)
    assert type(keras.saving.deserialize_keras_object(stored)) is ours.Embedding
    with pytest.raises(ValueError, match="must be a positive integer"):
        ours.Embedding(0, 5)
    with pytest.raises(ValueError, match="isn't yet built"):
        layer.enable_lora(2)
    layer.build()
    with pytest.raises(NotImplementedError, match="Invalid quantization mode"):
        layer.quantize("float8")


def test_quantize_guards_against_subclasses(keras, ours):
    for cls in (ours.Embedding, ours.ReversibleEmbedding):
        sub = type("Sub", (cls,), {})
        layer = sub(9, 5)
        layer.build()
        with pytest.raises(NotImplementedError):
            layer.quantize("int8")
        layer.quantize("int8", type_check=False)
        assert layer.quantization_mode == "int8"
    model = keras.Sequential([keras.Input((6,), dtype="int32"), ours.Embedding(9, 5)])
    with pytest.warns(UserWarning, match="InputLayer"):  # Keras's own
        model.quantize("int8")
    assert model.layers[0].quantization_mode == "int8"


@pytest.mark.filterwarnings("ignore:The use of `x.T`:UserWarning")  # Keras's own, on torch
def test_the_reversible_layer(keras, ours, rng):
    for how in (None, ("int8",), *quantizations(keras, "float32")[1:3]):
        for tie in (True, False):
            kwargs = {"tie_weights": tie, "logit_soft_cap": 2.0, "mask_zero": True}
            pair = [
                cls(9, 4, **kwargs)
                for cls in (ours.ReversibleEmbedding, keras.layers.ReversibleEmbedding)
            ]
            for layer in pair:
                layer.build()
            pair[1].set_weights(pair[0].get_weights())
            if how:
                for layer in pair:
                    layer.quantize(*how)
            ids = rng.integers(9, size=(2, 3))
            before = kernel_calls("lookup")
            rows = [layer(ids) for layer in pair]
            assert kernel_calls("lookup") == before + 1
            near(*(array(keras, r) for r in rows), "float32")
            masks = [keras.src.backend.get_keras_mask(r) for r in rows]
            np.testing.assert_array_equal(*(array(keras, mask) for mask in masks))
            hidden = rng.normal(size=(2, 4)).astype("f4")
            near(*(array(keras, layer(hidden, reverse=True)) for layer in pair), "float32")
            assert pair[0].get_config().keys() == pair[1].get_config().keys()
