"""Cards from strangers: what a session could have written is read, all else is one line."""

import json
import os
import re
from pathlib import Path

import pytest

from embedlab.lessons.classroom import card
from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.read_card import CardError, read_card
from embedlab.lessons.predictions import PREDICTIONS

GOOD = {
    "embedlab": 1,
    "answers": {"01.predict": ["a", False], "01.exit": ["c", True], "lookup.rows": ["[1,5]", True]},
    "checks": {"01.lookup": ["M1", True], "01.fence": ["wrong", False]},
    "feedback": {"01.fence": "The result must have shape (2, 3)."},
    "left_out": 2,
}


@pytest.fixture
def hand_in(tmp_path):
    def hand_in(content):
        path = tmp_path / "card.json"
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_card(path)

    return hand_in


def test_a_card_comes_back_as_it_was_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card.clear()  # a session begins here
    handed_in = Card(
        {"01.exit": ("b", False), "lora.error_by_rank": ("[1,0.5,-2e-3,0.0", False)},
        {"01.lookup": ("right", True)},
        1,
    )
    handed_in.save("card.json")
    assert read_card("card.json") == handed_in


def test_all_of_it(hand_in):
    card = hand_in(GOOD)
    assert card.answers["01.predict"] == ("a", False)
    assert card.checks == {"01.lookup": ("M1", True), "01.fence": ("wrong", False)}
    assert card.feedback == {"01.fence": "The result must have shape (2, 3)."}
    assert card.left_out == 2
    assert hand_in(" " + json.dumps(GOOD) + "\r\n") == card


def but(**changes):
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not None}


def answers(**message):
    return but(answers={name.replace("__", "."): value for name, value in message.items()})


def checks(**message):
    return but(checks={name.replace("__", "."): value for name, value in message.items()})


HOSTILE = {
    "empty": ("", "be JSON"),
    "huge": (json.dumps(GOOD) + " " * 5_000_000, "fit into 1000 bytes"),
    "a bit too large": (json.dumps({**GOOD, "x": "y" * 900}), "fit into 1000 bytes"),
    "thousands of keys": ({**GOOD, **{f"k{n}": n for n in range(9_999)}}, "fit into 1000 bytes"),
    "one key too many": (but(name="Ada"), "left_out only. Received 'name'"),
    "nested": ("[" * 999, "be JSON"),
    "not UTF-8": (b'{"embedlab":1,"answers":{"\xff":["a",true]}}', "be text in UTF-8"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "be text in UTF-8"),
    "no object": ([GOOD], "be a JSON object"),
    "null": ("null", "be a JSON object"),
    "doubled": (
        '{"embedlab":1,"answers":{"01.exit":["a",false],"01.exit":["c",true]}}',
        "name each question once",
    ),
    "not a number": ('{"embedlab":NaN,"answers":{}}', "no number that JSON has not"),
    "a newer one": (but(embedlab=2), "say embedlab: 1. Received 2. Update embedlab"),
    "true is no version": (but(embedlab=True), "say embedlab: 1. Received True"),
    "1.0 is none": (but(embedlab=1.0), "say embedlab: 1"),
    "no version": (but(embedlab=None), "say embedlab: 1"),
    "no answers": (but(answers=None), "hold its answers as an object"),
    "answers in a list": (but(answers=[["01.exit", "a"]]), "hold its answers as an object"),
    "checks in a text": (but(checks="all right"), "hold its checks as an object"),
    "a letter alone": (answers(**{"01__exit": "a"}), "say [text, true or false] of '01.exit'"),
    "1 for true": (answers(**{"01__exit": ["c", 1]}), "say [text, true or false] of '01.exit'"),
    "three things": (answers(**{"01__exit": ["c", True, 1]}), "say [text, true or false]"),
    "no letter": (answers(**{"01__exit": ["e", False]}), "choose a letter of 01.exit"),
    "a lie": (answers(**{"01__exit": ["a", True]}), "tell the truth about 01.exit"),
    "script for a question": (answers(**{"<script>": ["a", True]}), "questions that this embedlab"),
    "script for a prediction": (
        answers(lookup__rows=["<script>alert(1)</script>", True]),
        "predict lookup.rows in numbers",
    ),
    "a long prediction": (answers(lookup__rows=["[" + "1" * 200 + "]", True]), "in numbers"),
    "no exercise": (checks(**{"01__nothing": ["wrong", False]}), "name exercises that"),
    "no diagnosis": (checks(**{"01__lookup": ["M999", False]}), "diagnose 01.lookup"),
    "right, unsolved": (checks(**{"01__lookup": ["right", False]}), "tell the truth about"),
    "a sentence on nothing": (but(feedback={"01.mean": "wrong"}), "keep a sentence on a wrong"),
    "a sentence on a belief": (but(feedback={"01.lookup": "No"}), "keep a sentence on a wrong"),
    "no sentence": (but(feedback={"01.fence": ["No"]}), "keep a sentence on a wrong"),
    "less than nothing": (but(left_out=-1), "count what it left out"),
    "half of one": (but(left_out=0.5), "count what it left out"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_session_writes_is_refused_in_one_line(hand_in, name):
    content, complaint = HOSTILE[name]
    with pytest.raises(CardError, match=re.escape(complaint)) as excinfo:
        hand_in(content)
    message = str(excinfo.value)
    assert re.match(r"a card must .* Received .*\. (Ask for|Update)", message), message
    assert "\n" not in message and len(message) < 220


@pytest.mark.parametrize(
    "text",
    [
        "Mr Smith <script>alert(1)</script> returns nothing",
        "Padding\n\x1b[2J\u202e counts",
        "http://evil.example/?" + "é" * 90,
        "must be an array " * 20,
        "",
    ],
)
def test_words_that_no_checker_uses_are_not_read(hand_in, text):
    handed_in = hand_in(but(feedback={"01.fence": text})).feedback["01.fence"]
    assert len(handed_in) <= 120 and handed_in.isprintable()
    assert not any(word in handed_in for word in ("Smith", "alert", "evil", "\x1b", "\u202e"))
    again = hand_in(but(feedback={"01.fence": handed_in})).feedback["01.fence"]
    assert again == handed_in


def test_a_folder_a_pipe_and_nothing_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")  # opened, it would wait for ever
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe.json", "folder.json", "nothing.json", "null\0.json"):
        with pytest.raises(CardError, match="must be a file that can be read"):
            read_card(tmp_path / name)


def test_every_prediction_that_a_view_reports_has_its_words():
    js = Path(__file__).parents[3] / "js"
    files = [path for path in js.rglob("*.js") if "node_modules" not in path.parts]
    text = "".join(path.read_text("utf-8") for path in files if "test" not in path.parts)
    differ = set(re.findall(r'question: "([a-z_]+\.[a-z_]+)"', text)) ^ set(PREDICTIONS)
    assert not differ, (
        "the questions of js/*/index.js must be those of embedlab/lessons/predictions.py. "
        f"They differ in {sorted(differ)}. Add the text there."
    )


STRANGE = "\ud800\u202e\n\x1b[31m<b>"


@pytest.mark.parametrize("place", ["embedlab", "key", "answers", "checks", "feedback", "choice"])
def test_a_strange_name_in_a_card_is_escaped(hand_in, place):
    changes = {
        "embedlab": {"embedlab": STRANGE},
        "key": {STRANGE: 1},
        "answers": {"answers": {STRANGE: 3}},
        "checks": {"checks": {STRANGE: 3}},
        "feedback": {"feedback": {STRANGE: 3}},
        "choice": {"answers": {"01.exit": [STRANGE, True]}},
    }[place]
    with pytest.raises(CardError) as caught:
        hand_in(json.dumps(but(**changes)))
    assert str(caught.value).isprintable()


def test_a_mark_of_an_editor_before_the_text_is_no_fault(hand_in):
    assert hand_in(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()) == hand_in(GOOD)
