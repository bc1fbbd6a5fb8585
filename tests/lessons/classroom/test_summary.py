"""The summary of a class's cards, counted by hand, and the page that shows it."""

import re

import pytest

from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.dashboard import dashboard
from embedlab.lessons.classroom.summary import summarize
from embedlab.lessons.grading.check import all_items
from embedlab.lessons.misconceptions import misconception

CARDS = [
    Card({"01.predict": ("a", False), "01.exit": ("b", False)}, {"01.lookup": ("M2", True)}),
    Card({"01.predict": ("b", False), "01.exit": ("c", True)}, {"01.lookup": ("right", True)}),
    Card(
        {"01.predict": ("d", True), "gradient.duplicates": ("[1]", False)},
        {"01.lookup": ("wrong", False)},
        0,
        {"01.lookup": "Write the `result` into a new array."},
    ),
    Card({"03.exit": ("d", False), "gradient.duplicates": ("[2]", True)}),
    Card({}),
]


def test_each_answer_is_counted_once():
    summary = summarize(CARDS)
    assert summary.cards == 5
    predict, ticket, other = summary.questions
    assert (predict.name, predict.counts) == ("01.predict", {"a": 1, "b": 1, "c": 0, "d": 1})
    assert (predict.right, predict.total) == (1, 3)
    assert (ticket.name, ticket.right, ticket.total) == ("01.exit", 1, 2)
    assert (other.name, other.right, other.total) == ("03.exit", 0, 1)


def test_exercises_and_predictions():
    summary = summarize(CARDS)
    (exercise,) = summary.exercises
    assert dict(exercise.first) == {"M2": 1, "right": 1, "wrong": 1}
    assert (exercise.solved, exercise.total) == (2, 3)
    assert exercise.feedback == {"Write the `result` into a new array.": 1}
    (prediction,) = summary.predictions
    assert (prediction.right, prediction.total) == (1, 2)
    assert prediction.counts == {"the last": 0, "the mean": 1, "the sum": 1}


def test_beliefs_are_counted_by_card_and_sorted():
    misconceptions = summarize(CARDS).misconceptions
    # M1: the first two predictions. M2: the first card, twice over, and the fourth.
    # Both are held twice; M2 by the larger share.
    assert [(one.belief.id, one.holders, one.met) for one in misconceptions] == [
        ("M2", 2, 3),
        ("M1", 2, 4),
    ]
    assert misconceptions[0].where == {
        ("01.exit", "b"): 1,
        ("01.lookup", ""): 1,
        ("03.exit", "d"): 1,
    }
    more = [*CARDS, Card({"01.predict": ("a", False)})]
    assert [one.belief.id for one in summarize(more).misconceptions] == ["M1", "M2"]


def words(page):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S).split())


def test_the_page_says_the_numbers_the_beliefs_and_what_to_say():
    message = words(dashboard(summarize(CARDS), {}))
    assert "1 of 3 right (33 %)" in message
    assert "2 of 3 who tried solved it (67 %)" in message
    assert "01 40 % right 03 0 % right" in message  # 2 of 5 answers, and 0 of 1
    record = misconception("M1")
    assert f"2 of 4 cards (50 %) M1 “{record.belief}” Say {record.truth}" in message
    assert f'from embedlab.lessons import show; show("{record.id}") Look {record.look}' in message
    assert message.index("M2") < message.index("M1")
    assert "01 · Lookup and matmul" in message


def test_the_checker_s_sentence_stands_on_the_page():
    wrong = [Card({}, {"01.lookup": ("wrong", False)}, 0, {"01.lookup": f"{n}."}) for n in range(9)]
    page = dashboard(summarize([*CARDS, *wrong, Card({}, {"01.lookup": ("wrong", True)})]), {})
    assert "first try, the checker: Write the <code>result</code> into a new array." in page
    message = words(page)
    assert message.count("first try, the checker:") == 2 * 6  # as bars, and in the table
    assert "first try: something else was wrong 5 38 %" in message


def test_what_changed_is_counted_by_card():
    """Right answers: 01.before b, 01.after d. Only who answered both is counted."""
    moves = ["bd", "bd", "ad", "ad", "ad", "ba", "aa", "b", " d"]
    cards = [
        Card(
            {
                f"01.{when}": (letter, letter == right)
                for when, letter, right in zip(("before", "after"), letters, "bd", strict=False)
                if letter != " "
            }
        )
        for letters in moves
    ]
    summary = summarize([*cards, Card({"03.after": ("d", True)})])
    (pair,) = summary.pairs
    assert (pair.lesson, pair.total, pair.before, pair.after) == ("01", 7, 3, 5)
    assert pair.counts == {(1, 1): 2, (0, 1): 3, (1, 0): 1, (0, 0): 1}
    message = words(dashboard(summary, {}))
    assert "What changed before → after each lesson" in message
    assert (
        "01 · Lookup and matmul 7 3 right (43 %) 5 right (71 %) 3 wrong → right 1 right → wrong"
    ) in message
    assert "What changed" not in words(dashboard(summarize(CARDS), {}))


def test_no_card_tells_anything_wrong():
    message = words(dashboard(summarize([Card({"01.exit": ("c", True)})]), {}))
    assert "No answer shows a misconception." in message


@pytest.mark.parametrize("views", [lambda _: None, lambda id: f'{id}.html"><script>'])
def test_whatever_comes_from_outside_is_escaped(views):
    page = dashboard(
        summarize(CARDS), {'<script>alert("1")</script>': "<img src=x onerror=1>"}, views
    )
    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)" in page


def test_every_place_a_link_leads_to_is_there_once():
    both = set(all_items("QUESTIONS")) | set(all_items("CHECKS"))
    everything = Card(
        {
            name: (letter, letter == question.correct)
            for name, question in all_items("QUESTIONS").items()
            for letter in [k for k, c in question.choices.items() if c.misconception][:1]
        },
        dict.fromkeys(all_items("CHECKS"), ("M2", False)),
    )
    page = dashboard(summarize([everything, *CARDS]), {})
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > len(both)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert re.search(r"and \d+ more places", page)  # M2 is seen in every exercise
