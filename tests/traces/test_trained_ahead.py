"""Vectors that were trained ahead: what training gives, and what lesson 10 says of them."""

import subprocess
import sys

import numpy as np
import pytest

from embedlab.core.geometry import analogy, nearest
from embedlab.data import trained_ahead as stored
from embedlab.traces.geometry import reference_vectors, trained_ahead


def test_they_are_what_training_gives():
    trained = reference_vectors()
    words, table = stored.read_trained_ahead("reference", 1)
    both = [word for word in trained.words if word in set(words)][:600]
    rows = [trained.table[[trained.words.index(word) for word in both]]]
    rows.append(table[[words.index(word) for word in both]])
    near = [[set(nearest(t, t[n], 10, exclude=[n]).ids) for n in range(0, 600, 20)] for t in rows]
    shared = np.mean([len(one & other) for one, other in zip(*near, strict=True)])
    same_text = trained.words == words  # else another Python with another manual
    assert shared > (9 if same_text else 3)


@pytest.mark.parametrize(("corpus", "seed"), [("reference", 1), ("reference", 2), ("library", 1)])
def test_rows_are_stored_on_63_levels(corpus, seed):
    words, table = stored.read_trained_ahead(corpus, seed)
    assert table.dtype == np.float32 and table.shape == (len(words), 64) and len(words) > 900
    codes, steps = stored.round_rows(table)
    assert np.abs(codes).max(axis=1).tolist() == len(words) * [stored.LEVELS]
    np.testing.assert_allclose(codes * steps.astype(np.float32), table, rtol=1e-3)


def test_writing_and_reading_a_file(tmp_path, monkeypatch):
    table = np.random.default_rng(3).normal(size=(3, 64))
    words = ("a", "é", "猫")
    stored.write_trained_ahead(tmp_path / stored.FILE, {"library": (words, {1: table})})
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    read, rounded = stored.read_trained_ahead("library", 1)
    assert read == words
    assert (np.abs(rounded - table) <= 0.501 * np.abs(table).max(axis=1, keepdims=True) / 31).all()


def test_the_file_is_small():
    folder = stored.importlib.resources.files("embedlab.data")
    assert len(folder.joinpath(stored.FILE).read_bytes()) < 200_000


def test_the_sentences_of_lesson_10_hold():
    with pytest.warns(RuntimeWarning, match="were trained ahead"):
        vectors = trained_ahead("library")
    assert vectors.name == "Python reference + standard library, ahead"
    find, table = vectors.words.index, vectors.table

    def near(word, k):
        ids = nearest(table, table[find(word)], k, exclude=[find(word)]).ids
        return [vectors.words[row] for row in ids]

    for word, other in [("true", "false"), ("left", "right"), ("client", "server")]:
        assert near(word, 1) == [other]
    assert near("first", 1) == ["last"] and near("row", 1) == ["column"]
    terms = (find(word) for word in ("read", "reading", "write"))
    assert vectors.words[analogy(table, *terms, 1).ids[0]] == "writing"
    assert "writing" not in near("write", 3)


def test_without_a_compiler_nothing_is_trained():
    code = (
        "import sys, warnings; sys.modules['numba'] = None\n"
        "warnings.simplefilter('ignore', RuntimeWarning)\n"
        "from embedlab.traces.geometry import reference_vectors, vectors\n"
        "vectors.train_skipgram = None\n"
        "print(reference_vectors(1), reference_vectors(2), sep='\\n')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout == 2 * "WordVectors('Python reference, ahead': 1005 words of 64 numbers)\n"
