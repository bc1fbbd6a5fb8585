"""The example of every document about Keras's Embedding, from its first version to its last.

They all build the same model: 1 000 words, 64 numbers each, sentences of 10 words, 32 of them.
"""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import embedlab as keras
from embedlab.layers import Embedding, Layer
from embedlab.models import Sequential


def check(model, ids):
    model.compile("rmsprop", "mse")
    out = model.predict(ids)
    assert out.shape == (32, 10, 64)
    assert model.output_shape == (None, 10, 64)
    table = model.layers[0].get_weights()[0]
    assert table.shape == (1000, 64)
    assert np.array_equal(out, table[ids])


@pytest.fixture
def ids(rng):
    return rng.integers(1000, size=(32, 10))


def test_first_era(ids):
    model = Sequential()
    model.add(Embedding(1000, 64, input_length=10))
    assert model.output_shape == (None, 10, 64)
    check(model, ids)


def test_second_era(ids):
    model = keras.Sequential()
    model.add(keras.layers.Embedding(1000, 64, input_length=10))
    assert model.output_shape == (None, 10, 64)
    check(model, ids)


def test_the_second_era_builds_the_layer_before_the_model(ids):
    layer = keras.layers.Embedding(1000, 64, input_length=10)
    layer.build()
    model = keras.Sequential()
    model.add(layer)
    check(model, ids)


def test_the_third_era_learns_the_length_from_data(ids):
    model = keras.Sequential()
    model.add(keras.layers.Embedding(1000, 64))
    with pytest.raises(AttributeError, match="has no defined output shape yet"):
        _ = model.output_shape
    check(model, ids)


def test_the_small_table_of_every_page():
    layer = keras.layers.Embedding(21, 2, weights=np.zeros((21, 2)))
    layer.embeddings.value[[4, 20]] = [[0.25, 0.1], [0.6, -0.2]]
    assert (
        layer([[4], [20]]).round(6).tolist()
        == np.float32([[[0.25, 0.1]], [[0.6, -0.2]]]).round(6).tolist()
    )


def test_arguments_and_methods_keep_their_names():
    layer = keras.layers.Embedding(
        input_dim=1000,
        output_dim=64,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=True,
        weights=None,
        lora_rank=None,
        lora_alpha=None,
    )
    assert isinstance(layer, Layer)
    assert layer.compute_mask(np.array([[3, 0]]), mask=None).tolist() == [[True, False]]
    assert layer.compute_output_shape((None, 10)) == (None, 10, 64)
    output = layer.symbolic_call(keras.layers.Input((10,)))
    assert layer.output is output and layer.input.shape == (None, 10)
    assert layer.compute_output_spec(keras.layers.Input((10,))).shape == (None, 10, 64)
    again = keras.layers.Embedding.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_lora_and_quantization_have_their_names_too(ids):
    layer = keras.layers.Embedding(1000, 64, lora_rank=4, lora_alpha=8)
    assert layer(ids).shape == (32, 10, 64) and len(layer.trainable_weights) == 2
    later = keras.layers.Embedding(1000, 64)
    later.build()
    later.enable_lora(4, lora_alpha=None, a_initializer="he_uniform", b_initializer="zeros")
    later.quantize("int8", type_check=True)
    assert np.array_equal(later.quantized_call(ids), later(ids))
    empty = keras.layers.Embedding(1000, 64)
    empty.quantized_build((1000, 64), "int8")
    assert not empty(ids).any()


TOUR = Path(__file__).parents[1] / "docs" / "four-eras.md"


def tour():
    return TOUR.read_text(encoding="utf-8")


def test_the_tour_runs():
    text = re.sub("^```.*$", "", tour(), flags=re.M)
    test = doctest.DocTestParser().get_doctest(text, {}, "tour", str(TOUR), 0)
    report = []
    run = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    assert not run.failed, "".join(report)
    assert run.attempted >= 20


def test_the_tour_shows_every_era():
    lines = [
        "Embedding(1000, 64, input_length=10)",
        "keras.layers.Embedding(1000, 64, input_length=10, placement=",
        "lora_rank=4",
        "keras.layers.Embedding(1000, 64))",
        "lora_alpha=8",
        'quantize("int8")',
    ]
    assert [line for line in lines if line not in tour()] == []
