"""Vocabularies and corpora, real and made-up; word vectors in files."""

from importlib import import_module
from typing import Any

from embedlab.data.bundled import python_reference, standard_library
from embedlab.data.corpus import Corpus
from embedlab.data.docstrings import MissingTextError, read_docstrings
from embedlab.data.padding import pad_sequences
from embedlab.data.text import split_sentences, tokenize
from embedlab.data.toy_language import BASE_WORDS, toy_corpus
from embedlab.data.vocabulary import Vocabulary, VocabularyError
from embedlab.data.zipf import zipf_stream

__all__ = [
    "BASE_WORDS",
    "Corpus",
    "MissingTextError",
    "Vocabulary",
    "VocabularyError",
    "pad_sequences",
    "python_reference",
    "read_docstrings",
    "split_sentences",
    "standard_library",
    "tokenize",
    "toy_corpus",
    "vectors",
    "zipf_stream",
]


def __getattr__(name: str) -> Any:
    if name == "vectors":  # on first use: it loads what reads the files of models
        return import_module("embedlab.data.vectors")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
