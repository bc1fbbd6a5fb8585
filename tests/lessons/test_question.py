"""Questions: letters, buttons, what is stored beside the notebook, and predictions for later."""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from embedlab.lessons import answer, card, reveal
from embedlab.lessons.classroom import card as card_module
from embedlab.lessons.classroom.answers_file import FILE, SavedAnswer, load_answer, save_answer
from embedlab.lessons.exercises import lookup
from embedlab.lessons.grading.check import all_items
from embedlab.lessons.misconceptions import show_command

pytestmark = pytest.mark.usefixtures("new_card")


def message(reply):
    return " ".join(repr(reply).split())


@pytest.mark.parametrize("letter", ["?", "", "z", "ab", None, 3])
def test_anything_but_a_choice_asks(letter):
    reply = answer("01.exit", letter)
    assert "Which sentence is true?" in message(reply)
    assert "Put a, b, c or d between the quotes, and run the cell again." in message(reply)
    assert card().answers == {}
    wrong, line = letter not in ("?", ""), f"Received {letter!r}. Choose one of these."
    assert (line in message(reply)) == wrong == (len(reply.buttons().reply) == 1)
    press("01.exit", "c")
    assert (line in message(answer("01.exit", letter))) == wrong


@pytest.mark.parametrize("name", all_items("QUESTIONS"))
def test_a_letter_that_is_no_choice_is_named_in_every_lesson(name):
    assert message(answer(name, "z")).startswith("The letter must be a, b")
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


def test_a_letter_can_be_changed_until_the_reveal(tmp_path):
    answer("01.predict", "a")
    answer("01.predict", "d")
    assert card().answers == {"01.predict": ("d", True)}
    assert message(reveal("01.predict")).startswith("✓ d.")
    reply = message(answer("01.predict", "b"))
    assert reply.startswith("✗ b.") and reply.endswith("Your prediction was d; it stays.")
    assert card().answers == {"01.predict": ("d", True)}
    assert not [*tmp_path.iterdir()]


def press(name, *letters):
    buttons = answer(name).buttons()
    for letter in letters:
        buttons.press(letter)
    return buttons


def restart():
    card_module.clear()  # a new session, in the same folder


def test_a_notebook_shows_buttons_and_other_places_the_lines():
    data, _ = answer("01.exit")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(answer("01.exit"))
    assert data["text/markdown"].startswith("A table has input_dim = 1 000")
    assert not hasattr(answer("01.exit", "c"), "_repr_mimebundle_")


def test_a_button_counts_as_its_letter():
    buttons = press("01.predict", "a")
    assert buttons.chosen == "a"
    assert buttons.reply[0] == "Your answer is a) 60 000 000"
    by_button = message(reveal("01.predict")), card().json
    restart()
    os.remove(FILE)
    answer("01.predict", "a")
    assert (message(reveal("01.predict")), card().json) == by_button


def test_a_prediction_can_be_changed_by_buttons_until_the_reveal():
    buttons = press("01.predict", "a", "b")
    assert buttons.chosen == "b"
    assert card().answers == {"01.predict": ("b", False)}
    assert message(reveal("01.predict")).startswith("✗ b.")
    buttons.press("d")
    assert buttons.chosen == "b"
    assert buttons.reply == ["✓ d. The layer copies 4 rows.", "Your prediction was b; it stays."]
    assert card().answers == {"01.predict": ("b", False)}


def test_the_exit_ticket_keeps_the_first_choice():
    buttons = press("01.exit", "b")
    assert buttons.reply[0].startswith("✗ b.") and f"`{show_command('M2')}`" in buttons.reply
    buttons.press("c")
    assert buttons.chosen == "b"
    assert buttons.reply[0].startswith("✓ c.")
    assert card().answers == {"01.exit": ("b", False)}


def test_after_a_restart_the_cell_shows_the_stored_answer():
    press("01.predict", "a")
    restart()
    again = answer("01.predict")
    assert again.buttons().chosen == "a"
    assert "Your answer is a) 60 000 000" in message(again) and "Put a" not in message(again)
    assert card().answers == {"01.predict": ("a", False)}
    reveal("01.predict")
    restart()
    assert message(reveal("01.predict")).startswith("✗ a.")  # the cell above was not run
    restart()
    buttons = press("01.predict", "d")  # revealed before the restart
    assert buttons.chosen == "a" and card().answers == {"01.predict": ("a", False)}


def test_a_letter_after_a_button_replaces_it_in_the_file_too():
    press("01.predict", "a")
    restart()
    answer("01.predict", "b")
    restart()
    assert answer("01.predict").buttons().chosen == "b"


def test_two_notebooks_share_the_file():
    press("01.predict", "a")
    restart()
    press("03.predict", "c")
    restart()
    assert answer("01.predict").buttons().chosen == "a"
    assert answer("03.predict").buttons().chosen == "c"


@pytest.mark.parametrize("changed", ["letters", "text", "question"])
def test_a_newer_lesson_with_other_choices(monkeypatch, changed):
    press("01.predict", "a")
    restart()
    question = lookup.QUESTIONS["predict"]
    a, b, c, d = question.choices.values()
    newer = {
        "letters": replace(question, choices={"a": b, "b": a, "c": c, "d": d}),
        "text": replace(question, choices={"a": replace(a, text="six"), "b": b, "c": c, "d": d}),
        "question": replace(question, text="How many additions does it do?"),
    }[changed]
    monkeypatch.setitem(lookup.QUESTIONS, "predict", newer)
    again = answer("01.predict")
    if changed == "letters":
        assert again.buttons().chosen == "b" and card().answers == {"01.predict": ("b", False)}
    else:
        assert again.buttons().chosen == "" and card().answers == {}
        assert "This question has changed" in message(again) and "Put a, b" in message(again)
        assert again.buttons().reply == [
            "This question has changed since you answered it. Please choose again."
        ]
        assert "has changed" in message(reveal("01.predict"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"embedlab": 2, "answers": {}}',
        '{"embedlab": 1}',
        "[" * 9_000,
        "x" * 300_000,
    ],
)
def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path, content):
    (tmp_path / FILE).write_text(content, "utf-8")
    buttons = press("01.predict", "a")
    assert buttons.chosen == "a"
    assert buttons.reply[-1] == (
        f"The answer is lost when the kernel stops: {FILE} has not the form that embedlab writes. "
        'To keep it, put this line into the cell: `answer("01.predict", "a")`'
    )
    assert (tmp_path / FILE).read_text("utf-8") == content


@pytest.mark.parametrize(
    "entry", [3, None, [], {}, {"question": 1, "choice": "0", "revealed": False}]
)
def test_a_damaged_entry_asks_again(tmp_path, entry):
    (tmp_path / FILE).write_text(json.dumps({"embedlab": 1, "answers": {"01.predict": entry}}))
    assert "Put a, b, c or d" in message(answer("01.predict"))
    assert "Stored in" in press("01.predict", "a").reply[-1]


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    buttons = press("01.predict", "d")
    assert f"{FILE} cannot be written (Permission denied)" in buttons.reply[-1]
    line = re.search("`(.*)`", buttons.reply[-1])[1]
    monkeypatch.undo()
    restart()
    assert "Your answer is d)" in message(eval(line, {"answer": answer}))


def test_two_kernels_that_store_at_once_lose_no_answer(tmp_path):
    saved = SavedAnswer("How many?", "One", False)
    names = [f"{n:02d}.predict" for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(lambda name: save_answer(tmp_path, name, saved), names)]
    assert [name for name in names if load_answer(tmp_path, name) != saved] == []
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_lock_that_was_left_behind_stops_nobody(tmp_path):
    lock = tmp_path / f".{FILE}.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    assert "Stored in" in press("01.predict", "a").reply[-1]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_lock_that_cannot_be_removed_loses_no_answer(tmp_path):
    lock = tmp_path / f".{FILE}.lock"
    lock.mkdir()
    os.utime(lock, (0, 0))
    assert "Stored in" in press("01.predict", "a").reply[-1]
    assert load_answer(tmp_path, "01.predict") is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", None)], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_waited_for(tmp_path, make):
    make(tmp_path / FILE)
    reply = press("01.predict", "a").reply[-1]
    assert f"The answer is lost when the kernel stops: {FILE} is a folder, a pipe" in reply
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    press("01.predict", "a")
    before = (tmp_path / FILE).read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    assert "No space left" in press("01.predict", "b").reply[-1]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).read_bytes() == before


def test_the_browser_may_send_anything():
    buttons = press("01.predict")
    for content in ({}, {"press": "z"}, {"press": None}, {"press": ["a"]}, "a", None):
        buttons._handle_custom_msg(content, [])
    assert buttons.chosen == "" and card().answers == {}
    buttons._handle_custom_msg({"press": "a"}, [])
    assert buttons.chosen == "a"


def test_the_widget_does_not_hold_the_answer():
    state = json.dumps(press("01.predict").get_state(["question", "choices", "chosen", "reply"]))
    assert "copies" not in state and "right" not in state


def test_a_message_of_a_button_is_confirmed(monkeypatch):
    """Also when the same letter is pressed again, which changes nothing."""
    buttons = press("01.predict")
    messages = []
    monkeypatch.setattr(buttons, "send", lambda content, buffers=None: messages.append(content))
    for _ in range(2):
        buttons._receive(buttons, {"press": "a"}, [])
    assert messages == [{"taken": "a"}] * 2


def test_half_a_letter_in_the_answers_file_is_no_silent_button(tmp_path):
    before = rb'{"embedlab": 1, "answers": {"01.exit": {"choice": "\ud800"}}}'
    (tmp_path / FILE).write_bytes(before)
    assert "The answer is lost when the kernel stops" in press("01.predict", "a").reply[-1]
    assert (tmp_path / FILE).read_bytes() == before
