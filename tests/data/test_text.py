import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.data.text import split_sentences, tokenize


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("", []),
        ("  \n\t ", []),
        ("The CAT sat.", ["the", "cat", "sat", "."]),
        ("don't rock'n'roll 'quoted'", ["don't", "rock'n'roll", "'", "quoted", "'"]),
        ("don’t", ["don't"]),
        ("__init__ max_norm _ __", ["init", "max", "norm"]),
        ("ValueError int64 2nd", ["valueerror", "int64", "2nd"]),
        ("3.14, 3.11.7. 42", ["3.14", ",", "3.11.7", ".", "42"]),
        ("x+=1", ["x", "+", "=", "1"]),
        ("well-known", ["well", "-", "known"]),
        ("#12", ["#", "12"]),
        ("<pad>", ["<", "pad", ">"]),
    ],
)
def test_words_by_hand(text, tokens):
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("ÉCOLE Straße ΟΔΟΣ", ["école", "straße", "οδος"]),
        ("cafe\u0301 caf\u00e9", ["caf\u00e9", "caf\u00e9"]),  # two ways to write one word
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs belong to the word
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ["می\u200cخواهم"]),
        ("שלום, עולם", ["שלום", ",", "עולם"]),
        ("我喜欢猫 ok", ["我", "喜", "欢", "猫", "ok"]),
        ("co\u00adoperate\ufeff", ["cooperate"]),
        ("I ❤\ufe0f 👩\u200d🚀!", ["i", "❤\ufe0f", "👩\u200d🚀", "!"]),
        ("a\x00\x07b\x7fc\u200bd", ["a", "b", "cd"]),
    ],
)
def test_letters_of_every_script(text, tokens):
    assert tokenize(text) == tokens


def test_punctuation_can_be_left_out():
    assert tokenize("The cat, 3.14 (don't)!", punctuation=False) == ["the", "cat", "3.14", "don't"]


@settings(deadline=None)
@given(st.text())
def test_a_word_has_no_space_and_no_capital(text):
    for token in tokenize(text):
        assert token
        assert not any(c.isspace() or c == "_" for c in token)
        assert token == token.lower()


@settings(deadline=None)
@given(st.text())
def test_punctuation_only_adds_tokens(text):
    words = tokenize(text, punctuation=False)
    tokens = iter(tokenize(text))
    assert all(word in tokens for word in words)  # a subsequence
    assert not any(all(unicodedata.category(c)[0] in "PSZ" for c in word) for word in words)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abz09é'", min_size=1)))
def test_words_joined_by_spaces_are_cut_there_again(parts):
    once = tokenize(" ".join(parts))
    assert tokenize(" ".join(once)) == once


@pytest.mark.parametrize("text", [None, b"bytes", ["the", "cat"], 3])
def test_only_text_is_cut(text):
    with pytest.raises(TypeError, match=f"Received {type(text).__name__}"):
        tokenize(text)


def test_sentence_ends():
    assert split_sentences("A 3.5. B?\nC! (d.) e\n \nF\nG") == [
        "A 3.5.",
        "B?",
        "C!",
        "(d.",
        "e",
        "F\nG",
    ]
    assert split_sentences(" \n\n ") == []


@settings(deadline=None)
@given(st.text(alphabet="ab .!?\n"))
def test_cutting_sentences_loses_no_word(text):
    together = [word for part in split_sentences(text) for word in tokenize(part)]
    assert together == tokenize(text)
