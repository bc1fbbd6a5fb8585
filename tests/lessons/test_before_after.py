"""The pairs of questions: complete, in other clothing, and given away by nothing in the lesson."""

import json
import re

import pytest

from embedlab.lessons import answer, card
from embedlab.lessons.classroom import card as card_module
from embedlab.lessons.exercises.before_after import PAIRS, QUESTIONS
from embedlab.lessons.grading.check import LESSONS, all_items
from embedlab.lessons.misconceptions import MISCONCEPTIONS
from embedlab.lessons.notebook_files import find_notebook

each = pytest.mark.parametrize("lesson", PAIRS)


pytestmark = pytest.mark.usefixtures("new_card")


def plain(text):
    return re.sub(r"\W+", " ", text.lower()).strip()


def test_each_lesson_has_a_pair():
    assert list(PAIRS) == list(LESSONS)
    names = [name for name in all_items("QUESTIONS") if name.endswith((".before", ".after"))]
    assert names == list(QUESTIONS)


@each
def test_the_second_question_is_in_other_clothing(lesson):
    """Whoever remembers the letter or the words of the first has not answered the second."""
    before, after = PAIRS[lesson]
    assert before.correct != after.correct
    texts = [{plain(choice.text) for choice in one.choices.values()} for one in (before, after)]
    assert not texts[0] & texts[1]
    assert plain(before.text) != plain(after.text)
    for question in PAIRS[lesson]:
        assert list(question.choices) == ["a", "b", "c", "d"]
        assert question.choices[question.correct].misconception is None
        for choice in question.choices.values():
            assert choice.misconception in (None, *MISCONCEPTIONS)
            assert len(choice.text) < 90 and len(choice.feedback) < 120


def test_right_answers_stand_under_every_letter():
    for when in (0, 1):
        letters = [pair[when].correct for pair in PAIRS.values()]
        assert all(2 <= letters.count(letter) <= 4 for letter in "abcd"), letters


@each
def test_nothing_in_a_fresh_lesson_gives_the_answer(lesson):
    """Neither to the pair, nor by the pair to the questions of the lesson itself."""
    cells = json.loads(find_notebook(lesson).read_text("utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells if "still" not in json.dumps(cell))
    visible = plain(" ".join("".join(cell["source"]) for cell in cells))
    assert f"answer {lesson} before" in visible and f"answer {lesson} after" in visible
    questions = plain(" ".join(repr(answer(f"{lesson}.{when}")) for when in ("before", "after")))
    for question in PAIRS[lesson]:
        right = question.choices[question.correct]
        if len(plain(right.text)) > 8:  # “by night” is an answer, 0.8 is a number like others
            assert plain(right.text) not in visible
        assert plain(right.feedback) not in visible + questions
    for name, question in all_items("QUESTIONS").items():
        if name.startswith(lesson) and name not in QUESTIONS:
            right = question.choices[question.correct]
            assert plain(right.feedback) not in questions
            assert len(plain(right.text)) <= 8 or plain(right.text) not in questions, name


@each
def test_no_question_of_a_lesson_is_answered_beside_it(lesson):
    """Text that folds out may hold the answer; the rest may not."""
    cells = json.loads(find_notebook(lesson).read_text("utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    visible = plain(re.sub(r"<details>.*?</details>", "", text, flags=re.S))
    for name, question in all_items("QUESTIONS").items():
        if name.startswith(lesson):
            choice = question.choices[question.correct]
            for part in map(plain, (choice.text, choice.feedback)):
                assert len(part) <= 8 or part not in visible, name


@each
def test_the_first_waits_for_the_second(lesson):
    before, after = PAIRS[lesson]
    wrong = "a" if before.correct != "a" else "b"
    message = repr(answer(f"{lesson}.before", wrong))
    assert "You will see later" in message
    for choice in before.choices.values():
        assert choice.feedback not in message
    lines = answer(f"{lesson}.after", after.correct).lines
    assert lines[:2] == (
        f"✓ {after.correct}. {after.choices[after.correct].feedback}",
        "And before the lesson:",
    )
    assert lines[2] == f"✗ {wrong}. {before.choices[wrong].feedback}"
    answer(f"{lesson}.before", before.correct)  # too late
    assert card().answers == {
        f"{lesson}.before": (wrong, False),
        f"{lesson}.after": (after.correct, True),
    }


def test_the_second_alone_reveals_nothing_of_the_first():
    lines = answer("01.after", "d").lines
    assert len(lines) == 1 and "before" not in lines[0]
    answer("01.before", "b")
    assert "And before the lesson:" in answer("01.after", "d").lines


def test_a_full_card_of_each_lesson_has_a_place_for_the_pair():
    for lesson in LESSONS:
        card_module.clear()
        for name, question in all_items("QUESTIONS").items():
            if name.startswith(lesson):
                card_module.record_answer(name, question.correct, True)
        for name in all_items("CHECKS"):
            if name.startswith(lesson):
                card_module.record_attempt(name, None, False, "Padding still counts. " * 9)
        result = card()
        assert f"{lesson}.after" in result.answers and f"{lesson}.before" in result.answers
        assert len(result.answers) + len(result.checks) >= 5
