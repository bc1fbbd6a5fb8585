import sys
import sysconfig

import pytest

from embedlab.data import bundled
from embedlab.data.bundled import python_reference, standard_library
from embedlab.data.docstrings import MissingTextError


def test_the_reference_is_real_english():
    corpus = python_reference()
    assert 50_000 < len(corpus) < 200_000
    assert len(corpus.starts) > 2_000
    vocabulary = corpus.vocabulary()
    assert 2_500 < vocabulary.size < 20_000
    assert vocabulary.words[2] == "the"
    for word in ("tuple", "list", "true", "false", "lambda", "immutable"):
        assert vocabulary.counts[vocabulary.id(word)] >= 3, word
    assert corpus.ids().min() >= 2  # its own vocabulary knows every word
    assert python_reference() is corpus


def test_the_reference_with_punctuation_has_the_same_words():
    plain, marked = python_reference(), python_reference(punctuation=True)
    assert tuple(t for t in marked.tokens if t[0].isalnum()) == plain.tokens
    assert "(" in marked.vocabulary()


def test_a_python_without_the_reference(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(MissingTextError, match=r"pydoc_data\.topics\. Install Python's full"):
        python_reference.__wrapped__()


@pytest.mark.thorough
@pytest.mark.slow
def test_the_standard_library_is_large_and_free_of_tests():
    before = set(sys.modules)
    corpus = standard_library()
    assert not {"turtle", "idlelib", "smtplib"} & (set(sys.modules) - before)
    assert 150_000 < len(corpus) < 600_000
    vocabulary = corpus.vocabulary()
    for word in ("socket", "thread", "lock", "tuple"):
        assert vocabulary.counts[vocabulary.id(word)] >= 20, word
    assert standard_library() is corpus
    both = python_reference() + corpus
    assert len(both) == len(python_reference()) + len(corpus)


def test_a_python_without_sources(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled, "_cache", {})
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(MissingTextError, match="compiled files only"):
        standard_library()
    assert bundled._cache == {}
