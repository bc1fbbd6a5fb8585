"""`embedlab dashboard`: every card that is one is counted, every other is one line."""

import json
import re

import pytest

from embedlab.cli import main
from embedlab.lessons.classroom.card import Card


@pytest.fixture
def cards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cards").mkdir()
    for n, letter in enumerate("abcc"):
        card = Card({"01.exit": (letter, letter == "c")})
        (tmp_path / "cards" / f"card-{n}.json").write_text(card.json, "utf-8")
    return tmp_path


def test_a_page_of_all_cards_and_a_line_for_every_other_file(cards, capsys):
    (cards / "cards" / "x.json").write_text("[" * 900, "utf-8")
    (cards / "cards" / "y\x1b[2J<b>.json").write_text(json.dumps({"embedlab": 1}), "utf-8")
    assert main(["dashboard", *map(str, sorted((cards / "cards").iterdir()))]) == 0
    output = capsys.readouterr()
    assert re.fullmatch(r"dashboard\.html: 4 read, 2 left out, \d+ kB\n", output.out)
    first, second = output.err.splitlines()
    assert "x.json: a card must be JSON. Received '[[[" in first
    assert "y?[2J<b>.json: a card must hold its answers as an object. Received none." in second
    page = (cards / "dashboard.html").read_text("utf-8")
    assert "2 of 4</b> right (50 %)" in page
    assert "2 files were not read" in page and "[2J&lt;b&gt;.json" in page
    assert "\x1b" not in page


def test_a_star_that_no_shell_opened_and_a_file_named_twice(cards, capsys):
    words = ["dashboard", "cards/*.json", "cards/card-0.json", "-o", "deep/room.html"]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("deep/room.html: 4 read, ")
    assert (cards / "deep" / "room.html").is_file()


def test_beliefs_link_to_the_pages_of_a_pack(cards):
    pack = cards / "the pack"
    pack.mkdir()
    (pack / "M2.html").write_text("a view", "utf-8")
    words = ["dashboard", "cards/*.json", "--views", "the pack", "-o", "deep/room.html"]
    assert main(words) == 0
    page = (cards / "deep" / "room.html").read_text("utf-8")
    assert re.findall(r'href="([^#"]+)"', page) == ["../the%20pack/M2.html"]  # there is no M1


def test_the_page_asks_for_nothing_and_holds_no_script(cards):
    assert main(["dashboard", "cards/*.json"]) == 0
    page = (cards / "dashboard.html").read_text("utf-8")
    assert "default-src 'none'; style-src 'sha256-" in page
    assert not re.search(
        r"<script|<link|<img|<iframe|\bsrc=|\bstyle=|\bon\w+=|https?://|@import|url\(", page
    )


@pytest.mark.parametrize("names", [["none.json"], ["none/*.json"]])
def test_no_card_at_all_is_one_line_and_no_page(cards, capsys, names):
    assert main(["dashboard", *names]) == 1
    assert "a dashboard needs at least one card." in capsys.readouterr().err.splitlines()[-1]
    assert not (cards / "dashboard.html").exists()
