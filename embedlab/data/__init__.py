"""Vocabularies and corpora, real and made-up."""

from embedlab.data.corpora import python_reference, standard_library
from embedlab.data.corpus import Corpus
from embedlab.data.docstrings import MissingTextError, docstrings_of
from embedlab.data.madeup import BASE_WORDS, made_up
from embedlab.data.padding import pad_rows
from embedlab.data.text import split_sentences, tokenize
from embedlab.data.vocabulary import Vocabulary, VocabularyError
from embedlab.data.zipf import zipf_stream

__all__ = [
    "BASE_WORDS", "Corpus", "MissingTextError", "Vocabulary", "VocabularyError", "docstrings_of",
    "made_up", "pad_rows", "python_reference", "split_sentences", "standard_library", "tokenize",
    "zipf_stream",
]  # fmt: skip
