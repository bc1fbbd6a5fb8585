"""`compare_tables` reads what people have, and a notebook shows a picture with its words."""

import base64

import numpy as np
import pytest

from embedlab import Embedding, compare_tables
from embedlab.data.vectors import Vectors
from embedlab.figures.png import png
from embedlab.traces.geometry import WordVectors

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


def test_a_table_lists_the_words_that_changed_most():
    other = TABLE.copy()
    other[4], other[9] = -TABLE[4], TABLE[20]
    compared = compare_tables(Vectors(WORDS, TABLE, ""), other, pick="w25")
    table = compared.table(6)
    assert [change.word for change in table][:1] == ["w25"] and len(table) == 6
    overlap = [len(change.common) for change in table[1:]]
    assert overlap == sorted(overlap) and overlap[0] == min(compared.trace.overlap)
    by_cosine = [change.word for change in compared.table(3, order="cosine")]
    assert by_cosine[:2] == ["w25", "w4"]
    assert table == tuple(compared.change(change.word) for change in table)
    lines = str(table).split("\n")
    assert len(lines) == 7 and lines[0].split() == ["word", "cosine", "kept", "lost", "gained"]
    assert table._repr_html_().count("<tr>") == 7
    hostile = compare_tables(TABLE, other, words=["<b>&", *WORDS[1:]], pick="<b>&").table(1)
    assert "<bdi>&lt;b&gt;&amp;</bdi>" in hostile._repr_html_()
    with pytest.raises(ValueError, match='order must be "neighbors" or "cosine"'):
        compared.table(order="words")
    with pytest.raises(ValueError, match="count must be"):
        compared.table(0)


def test_files_are_compared_by_their_paths(tmp_path):
    for name, rows in (("one.txt", WORDS), ("two.txt", WORDS[:20])):
        lines = [f"{w} {' '.join(map(str, TABLE[n]))}" for n, w in enumerate(rows)]
        (tmp_path / name).write_text("\n".join(lines))
    compared = compare_tables(tmp_path / "one.txt", str(tmp_path / "two.txt"))
    assert compared.trace.words == WORDS[:20] and len(compared.trace.only[0]) == 10


def test_tokens_that_begin_a_word_match_words_without_a_mark():
    marked = [f"␣{word}" for word in WORDS[:20]] + ["w1", "w2", *WORDS[22:]]
    compared = compare_tables(TABLE, TABLE, words=WORDS, words_after=marked)
    assert compared.trace.words == WORDS[:20]
    np.testing.assert_array_equal(compared.trace.rows[:, 1], np.arange(20))
    both = compare_tables(TABLE, TABLE, words=marked, words_after=marked).trace.words
    assert both[:1] == ("␣w0",) and len(both) == 30


def test_rows_without_words_are_compared_in_their_order():
    unnamed = Vectors(("",) * 30, TABLE, "a file without words")
    assert compare_tables(unnamed, TABLE).trace.unchanged == 30
    assert compare_tables(unnamed, Vectors(WORDS, TABLE, "")).trace.words == WORDS


def test_trained_vectors_bring_their_words():
    one = WordVectors("a", WORDS, TABLE)
    assert compare_tables(one, one).trace.words == WORDS


def test_what_holds_no_table_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"after must be an array .* Received builtins\.dict"):
        compare_tables(TABLE, {"w0": 1})
    with pytest.raises(ValueError, match=r"before must be an array .* Received builtins\.NoneType"):
        compare_tables(None, TABLE)
