"""Questions, and predictions kept for later."""

import pytest

from embedlab.lessons import answer, card, reveal
from embedlab.lessons.classroom import card as card_module
from embedlab.lessons.misconceptions import show_command


@pytest.fixture(autouse=True)
def new_card():
    card_module.clear()
    yield
    card_module.clear()


def message(reply):
    return " ".join(repr(reply).split())


@pytest.mark.parametrize("letter", ["?", "", "z", "ab", None, 3])
def test_anything_but_a_choice_asks(letter):
    reply = answer("01.exit", letter)
    assert "Which sentence is true?" in message(reply)
    assert "Put a, b, c or d between the quotes, and run the cell again." in message(reply)
    assert card().answers == {}


def test_the_right_answer():
    assert repr(answer("01.exit", " C ")).startswith("✓ c.")


@pytest.mark.parametrize(("letter", "misconception"), [("a", "M1"), ("b", "M2"), ("d", "M3")])
def test_a_wrong_answer_names_its_belief_and_a_view(letter, misconception):
    reply = message(answer("01.exit", letter))
    assert reply.startswith(f"✗ {letter}.")
    assert f"{misconception}, a common belief" in reply
    assert show_command(misconception) in reply
    assert "✓" not in reply


def test_a_prediction_is_kept_and_judged_later():
    assert "You have not answered yet" in message(reveal("01.predict"))
    reply = message(answer("01.predict", "a"))
    assert reply.startswith("Your answer is a) 60 000 000 You will see later")
    assert message(reveal("01.predict")).startswith("✗ a. That is 4 · 50 000 · 300")
    answer("01.predict", "d")  # too late: the first one was the prediction
    assert message(reveal("01.predict")).startswith("✗ a.")


def test_a_notebook_shows_the_same_words_set():
    reply = answer("01.exit", "b")
    assert reply._repr_markdown_().replace("`", "").split() == repr(reply).split()


def test_an_unknown_question_is_refused():
    with pytest.raises(KeyError, match=r"one of 01\.predict, 01\.exit"):
        answer("01.exitt", "a")
