import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.lookup import lookup
from embedlab.data.vocabulary import Vocabulary, VocabularyError

WORDS = st.text(alphabet="abcé", min_size=1, max_size=3)


@pytest.fixture
def vocabulary():
    return Vocabulary(["the", "cat", "sat"], [5, 2, 1])


def test_the_two_special_words_come_first(vocabulary):
    assert vocabulary.words == ("<pad>", "<unk>", "the", "cat", "sat")
    assert (vocabulary.pad_id, vocabulary.unknown_id) == (0, 1)
    assert len(vocabulary) == vocabulary.size == vocabulary.input_dim == 5
    assert vocabulary.counts.tolist() == [0, 0, 5, 2, 1]
    assert list(vocabulary) == list(vocabulary.words)
    assert "cat" in vocabulary and "dog" not in vocabulary
    other = Vocabulary([], pad="_", unknown="?")
    assert other.words == ("_", "?")


def test_a_text_becomes_ids(vocabulary):
    ids = vocabulary.encode("The cat saw the sat")
    assert ids.dtype == np.int64
    assert ids.tolist() == [2, 3, 1, 2, 4]
    assert vocabulary.ids(["the", "<pad>", "The"]).tolist() == [2, 0, 1]
    assert vocabulary.encode(iter(["cat"])).tolist() == [3]
    assert vocabulary.encode("").shape == vocabulary.encode([]).shape == (0,)
    assert vocabulary.id("sat") == 4 and vocabulary.id("zebra") == 1


def test_the_ids_fit_a_table_of_input_dim_rows(vocabulary):
    table = np.zeros((vocabulary.input_dim, 3), np.float32)
    assert lookup(table, vocabulary.encode("sat zebra")).shape == (2, 3)


def test_punctuation_is_the_choice_of_the_vocabulary():
    assert Vocabulary(["a", "."]).tokens("A b.") == ["a", "b", "."]
    plain = Vocabulary(["a", "."], punctuation=False)
    assert plain.tokens("A b.") == ["a", "b"]
    assert plain.encode("A b.").tolist() == [2, 1]


def test_ids_become_words_in_the_same_shape(vocabulary):
    assert vocabulary.decode([2, 3]) == ["the", "cat"]
    assert vocabulary.decode(np.array([[2, 3], [0, 1]])) == [["the", "cat"], ["<pad>", "<unk>"]]
    assert vocabulary.decode(4) == "sat"
    assert vocabulary.decode([]) == []


@pytest.mark.parametrize("bad", [5, -1, [0, 99]])
def test_ids_outside_are_refused(vocabulary, bad):
    with pytest.raises(IdError, match=r"0\.\.4 \(input_dim=5\)\. Received"):
        vocabulary.decode(bad)
    with pytest.raises(IdError):
        vocabulary.pad([np.atleast_1d(bad)])


@settings(deadline=None)
@given(st.lists(WORDS), st.none() | st.integers(0, 5), st.integers(1, 3))
def test_from_tokens_keeps_the_commonest(tokens, most, at_least):
    vocabulary = Vocabulary.from_tokens(tokens, most, at_least)
    words = vocabulary.words[2:]
    assert list(words) == sorted(words, key=lambda word: (-tokens.count(word), word))
    assert most is None or len(words) <= most
    assert [tokens.count(word) for word in words] == vocabulary.counts[2:].tolist()
    assert min(map(tokens.count, words), default=at_least) >= at_least
    assert vocabulary.counts.sum() == len(tokens)
    np.testing.assert_array_equal(
        np.bincount(vocabulary.encode(tokens), minlength=vocabulary.size), vocabulary.counts
    )
    dropped = [w for w in set(tokens) - set(words) if tokens.count(w) >= at_least]
    if dropped:
        assert len(words) == most
        assert max(map(tokens.count, dropped)) <= min(map(tokens.count, words), default=len(tokens))


@settings(deadline=None)
@given(st.lists(WORDS))
def test_known_words_survive_the_way_there_and_back(tokens):
    vocabulary = Vocabulary.from_tokens(tokens)
    assert vocabulary.decode(vocabulary.encode(tokens)) == tokens


def test_from_tokens_counts_the_special_words_where_they_belong():
    tokens = ["<pad>", "a", "<unk>", "a", "b"]
    vocabulary = Vocabulary.from_tokens(tokens)
    assert vocabulary.words == ("<pad>", "<unk>", "a", "b")
    assert vocabulary.counts.tolist() == [1, 1, 2, 1]
    assert Vocabulary.from_tokens(tokens, most=1).counts.tolist() == [1, 2, 2]
    named = Vocabulary.from_tokens(tokens, pad="b", unknown="a")
    assert named.words == ("b", "a", "<pad>", "<unk>")
    assert named.counts.tolist() == [1, 2, 1, 1]


@pytest.mark.parametrize(
    "words, message",
    [
        (["cat", "dog", "cat"], "Received 'cat' twice"),
        (["<unk>"], "Received '<unk>' twice"),
        (["cat", ""], r"Received '' at \[1\]"),
        (["cat", 3], r"Received 3 at \[1\]"),
        ("cat", "Received one str"),
        (b"cat", "Received one bytes"),
    ],
)
def test_words_that_make_no_vocabulary(words, message):
    with pytest.raises(VocabularyError, match=message) as excinfo:
        Vocabulary(words)
    assert excinfo.value.words


@pytest.mark.parametrize(
    "counts, message",
    [([1], r"shape \(1,\)"), ([1, -2, 3], "some below 0"), ([[1, 2, 3]], r"shape \(1, 3\)")],
)
def test_counts_that_do_not_fit(counts, message):
    with pytest.raises(VocabularyError, match=message):
        Vocabulary(["the", "cat", "sat"], counts)


def test_counts_are_whole_numbers():
    with pytest.raises(IdTypeError):
        Vocabulary(["cat"], [1.5])


@pytest.mark.parametrize("wrong", [[1, 2], [["cat"]], [None]])
def test_encode_takes_words_only(vocabulary, wrong):
    with pytest.raises(TypeError, match="Received"):
        vocabulary.encode(wrong)


def test_from_tokens_wants_cut_text():
    with pytest.raises(TypeError, match="Cut it first"):
        Vocabulary.from_tokens("the cat")
    with pytest.raises(ValueError, match="at_least must be a positive integer"):
        Vocabulary.from_tokens(["a"], at_least=0)


def test_the_vocabulary_does_not_change_by_accident(vocabulary):
    with pytest.raises(ValueError, match="read-only"):
        vocabulary.counts[0] = 1
    assert isinstance(vocabulary.words, tuple)
    again = pickle.loads(pickle.dumps(vocabulary))
    assert again.words == vocabulary.words and again.encode("cat").tolist() == [3]


def test_repr_says_how_many_and_which():
    assert repr(Vocabulary(["the"])) == "Vocabulary(3 words: <pad> <unk> the)"
    many = Vocabulary([f"w{n}" for n in range(100)])
    assert repr(many) == "Vocabulary(102 words: <pad> <unk> w0 w1 w2 w3 w4 w5 …)"


def test_pad_takes_texts_words_and_ids(vocabulary):
    batch = vocabulary.pad(["the cat sat", ["cat"], [4, 2], ""])
    assert batch.dtype == np.int64
    assert batch.tolist() == [[2, 3, 4], [3, 0, 0], [4, 2, 0], [0, 0, 0]]
    assert vocabulary.pad(["the cat sat", "cat"], 2, "pre").tolist() == [[3, 4], [0, 3]]
    assert vocabulary.pad("the cat", 3).tolist() == [[2, 3, 0]]
    assert vocabulary.pad([]).shape == (0, 0)
