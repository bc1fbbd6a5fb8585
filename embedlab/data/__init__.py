"""Vocabularies and corpora, real and made-up."""

from embedlab.data.madeup import BASE_WORDS
from embedlab.data.text import split_sentences, tokenize
from embedlab.data.vocabulary import Vocabulary, VocabularyError

__all__ = ["BASE_WORDS", "Vocabulary", "VocabularyError", "split_sentences", "tokenize"]
