"""`compare_tables` reads what people have, and a notebook shows a picture with its words."""

import base64

import numpy as np
import pytest

from embedlab import Embedding, compare_tables
from embedlab.data.vectors import Vectors
from embedlab.figures.png import png

TABLE = np.random.default_rng(2).normal(size=(30, 8)).astype(np.float32)
WORDS = tuple(f"w{n}" for n in range(30))


def test_vectors_bring_their_words_and_a_layer_takes_those():
    vectors = Vectors(WORDS, TABLE, "by hand")
    layer = Embedding(30, 8, weights=TABLE)
    layer.quantize("int4")
    compared = compare_tables(vectors, layer, names=("float32", "int4"), pick="w5")
    assert compared.trace.words == WORDS and 5 < compared.trace.mean_overlap < 10
    assert compared.change("w5").word == "w5"
    shuffled = Vectors(WORDS[::-1], TABLE[::-1], "backwards")
    assert compare_tables(vectors, shuffled).trace.unchanged == 30


def test_a_notebook_shows_the_picture_and_its_words():
    compared = compare_tables(TABLE, TABLE)
    data, metadata = compared._repr_mimebundle_()
    assert data["text/plain"] == compared.summary
    assert base64.b64decode(data["image/png"]) == png(compared.figure())
    assert metadata["image/png"]["alt"] == compared.alt
    assert repr(compared) == "Comparison(before and after, 30 words)"


def test_what_holds_no_table_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"after must be an array .* Received builtins\.dict"):
        compare_tables(TABLE, {"w0": 1})
