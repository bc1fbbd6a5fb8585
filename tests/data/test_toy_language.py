from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from embedlab.data.toy_language import (
    BASE_WORDS,
    CLASSES,
    KINDS,
    WORDS,
    is_sentence,
    toy_corpus,
    true_neighbors,
    true_similarity,
)


@pytest.fixture(scope="module")
def corpus():
    return toy_corpus(3000, seed=3)


def test_44_words_each_in_one_class_of_one_kind():
    assert len(WORDS) == len(set(WORDS)) == 45
    assert sorted(name for names in KINDS.values() for name in names) == sorted(CLASSES)
    assert set(BASE_WORDS) <= set(WORDS)
    assert BASE_WORDS[0] == "the" and len(set(BASE_WORDS)) == len(BASE_WORDS) == 9


def test_the_grammar_makes_only_its_own_sentences(corpus):
    assert len(corpus.sentences) == 3000
    assert all(is_sentence(sentence) for sentence in corpus.sentences)
    assert set(corpus.tokens) == set(WORDS)
    assert 5.5 < len(corpus) / 3000 < 7.5


@pytest.mark.parametrize("sentence", ["the cat sat on the mat", "a small dog ran to the house"])
def test_well_known_sentences_belong_to_it(sentence):
    assert is_sentence(sentence.split())


@pytest.mark.parametrize("sentence", ["", "the cat", "the mat sat on the cat", "the zebra sat"])
def test_others_do_not(sentence):
    assert not is_sentence(sentence.split())


def test_the_same_seed_gives_the_same_sentences_on_every_python():
    assert toy_corpus(50, seed=1).tokens == toy_corpus(50, seed=1).tokens
    assert toy_corpus(50, seed=1).tokens != toy_corpus(50, seed=2).tokens
    assert toy_corpus(50, seed=1).sentences == toy_corpus(80, seed=1).sentences[:50]
    assert [" ".join(sentence) for sentence in toy_corpus(3, seed=0).sentences] == EXPECTED


EXPECTED = [
    "a moon shone on the house",
    "the small mouse ran to a garden",
    "a star glowed on a house",
]


def swaps(sentences, word, other):
    """Return each sentence that has `word`, with `other` in its place."""
    return [
        [other if w == word else w for w in sentence] for sentence in sentences if word in sentence
    ]


@pytest.mark.parametrize("word", WORDS)
def test_true_neighbors_are_interchangeable_words(corpus, word):
    always = [
        other
        for other in WORDS
        if other != word and all(map(is_sentence, swaps(corpus.sentences, word, other)))
    ]
    assert true_neighbors(word) == tuple(sorted(always))


def test_similarity_by_hand():
    words, matrix = true_similarity()
    assert words == WORDS
    assert matrix.shape == (45, 45)
    at = words.index
    assert matrix[at("cat"), at("dog")] == 1
    assert matrix[at("cat"), at("queen")] == matrix[at("sat"), at("ate")] == 0.5
    assert matrix[at("cat"), at("sat")] == matrix[at("the"), at("of")] == 0
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    for word in words:
        alike = {words[n] for n in np.flatnonzero(matrix[at(word)] == 1)} - {word}
        assert alike == set(true_neighbors(word))


def test_words_of_one_class_have_the_same_neighbors_in_the_text(corpus):
    """Words of a class have the same neighbors in the text, so word vectors can learn it."""
    at = {word: n for n, word in enumerate(WORDS)}
    counts = np.zeros((45, 45))
    for sentence in corpus.sentences:
        for (first, second), count in Counter(pairwise(sentence)).items():
            counts[at[second], at[first]] += count
            counts[at[first], at[second]] += count
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    alike = counts @ counts.T
    np.fill_diagonal(alike, -1)
    for word in ("cat", "king", "moon", "soup", "garden", "mat"):
        best = [WORDS[n] for n in np.argsort(-alike[at[word]])[: len(true_neighbors(word))]]
        assert set(best) == set(true_neighbors(word)), word


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="one of the 45"):
        true_neighbors("zebra")
    with pytest.raises(ValueError, match="sentences must be an integer >= 0"):
        toy_corpus(-1)
    with pytest.raises(ValueError, match="seed must be an integer >= 0"):
        toy_corpus(1, seed=1.5)
    assert len(toy_corpus(0)) == 0
