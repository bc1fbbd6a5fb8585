import numpy as np
import pytest

from embedlab.data.corpus import Corpus
from embedlab.data.vocabulary import Vocabulary

TEXT = "The cat sat. Did it?\n\nA dog, the dog!"


@pytest.fixture
def corpus():
    return Corpus.from_text("mine", TEXT)


def test_words_and_sentences(corpus):
    assert corpus.tokens == ("the", "cat", "sat", "did", "it", "a", "dog", "the", "dog")
    assert corpus.starts.tolist() == [0, 3, 5, 9]
    assert corpus.sentences == (("the", "cat", "sat"), ("did", "it"), ("a", "dog", "the", "dog"))
    assert corpus.sentences_with("the") == (corpus.sentences[0], corpus.sentences[2])
    assert corpus.sentences_with("The") == ()
    assert len(corpus) == 9


def test_the_repr_counts(corpus):
    assert repr(corpus) == "Corpus('mine': 9 words, 7 different, 3 sentences)"


def test_ids_in_its_own_vocabulary_and_in_another(corpus):
    vocabulary = corpus.vocabulary()
    assert vocabulary.words[2:] == ("dog", "the", "a", "cat", "did", "it", "sat")
    assert corpus.ids().dtype == np.int64
    assert vocabulary.decode(corpus.ids()) == list(corpus.tokens)
    assert corpus.ids(Vocabulary(["dog"])).tolist() == [1, 1, 1, 1, 1, 1, 2, 1, 2]
    assert corpus.vocabulary(most=1).words == ("<pad>", "<unk>", "dog")
    assert corpus.vocabulary(at_least=2).words == ("<pad>", "<unk>", "dog", "the")


@pytest.mark.parametrize("punctuation", [True, False])
def test_the_vocabulary_cuts_text_as_the_corpus_does(punctuation):
    corpus = Corpus.from_text("mine", TEXT, punctuation=punctuation)
    assert corpus.vocabulary().encode(TEXT).tolist() == corpus.ids().tolist()
    assert ("." in corpus.tokens) is punctuation


def test_a_corpus_of_nothing():
    empty = Corpus.from_text("nothing", "")
    assert len(empty) == 0 and empty.sentences == () and empty.ids().shape == (0,)
    assert not empty


def test_empty_sentences_are_left_out():
    corpus = Corpus.from_sentences("mine", [[], ["a", "b"], (), iter(["c"]), []])
    assert corpus.sentences == (("a", "b"), ("c",))
    assert Corpus.from_text("mine", "One. ... !!! Two.").starts.tolist() == [0, 1, 2]


def test_two_corpora_join(corpus):
    both = corpus + Corpus.from_sentences("more", [["it", "ran"]])
    assert both.name == "mine + more"
    assert both.sentences == (*corpus.sentences, ("it", "ran"))
    assert both.starts.tolist() == [0, 3, 5, 9, 11]
    with pytest.raises(ValueError, match="treat punctuation alike"):
        corpus + Corpus.from_text("marks", "a.", punctuation=True)
    with pytest.raises(TypeError):
        corpus + "text"


def test_a_corpus_does_not_change(corpus):
    with pytest.raises(AttributeError):
        corpus.name = "yours"
    with pytest.raises(ValueError, match="read-only"):
        corpus.starts[0] = 1


def test_sentences_must_be_cut():
    with pytest.raises(TypeError, match="Received the str 'the cat'"):
        Corpus.from_sentences("mine", ["the cat"])
