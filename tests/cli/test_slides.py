"""`embedlab slides`: a page for the projector, from the lessons' own words and pictures."""

import json
import os
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from embedlab.cli import main
from embedlab.cli.slides import slides
from embedlab.lessons.grading.check import all_items
from embedlab.lessons.notebook_files import find_notebook, notebooks, title


@pytest.fixture(scope="module")
def deck():
    """Return the page: the one that `make test` has built with the site, or a new one."""
    site = os.environ.get("EMBEDLAB_SITE")
    page = Path(site, "site", "slides.html").read_text("utf-8") if site else slides()
    return BeautifulSoup(page, "html.parser")


def lessons_with_a_prediction():
    return [lesson for lesson in notebooks() if f"{lesson}.predict" in all_items("QUESTIONS")]


def words(text):
    return " ".join(re.sub(r"[*`]", "", text).split())


def test_each_lesson_with_a_prediction_has_a_slide(deck):
    lessons = lessons_with_a_prediction()
    assert [one.h1.text for one in deck.select(".slide")] == [
        title(find_notebook(lesson)) for lesson in lessons
    ]
    assert {"01", "06", "10"} <= set(lessons)


@pytest.mark.parametrize("lesson", lessons_with_a_prediction())
def test_slide_says_what_the_lesson_says(deck, lesson):
    slide = deck.select(".slide")[lessons_with_a_prediction().index(lesson)]
    question = all_items("QUESTIONS")[f"{lesson}.predict"]
    question_box, answer = slide.select_one(".asks"), slide.select_one("details")
    source = json.loads(find_notebook(lesson).read_text("utf-8"))["cells"]
    text = words(" ".join("".join(cell["source"]) for cell in source))
    assert words(question_box.p.text) in text
    assert [li.span.text for li in question_box.select("li")] == [
        choice.text.replace("`", "") for choice in question.choices.values()
    ]
    assert not answer.has_attr("open")
    assert answer.b.text == question.correct
    summary = [words(li.text) for li in answer.select("ul li")]
    assert len(summary) == 3 and all(line in text for line in summary)


def test_picture_comes_with_the_answer_and_has_an_alternative(deck):
    """A picture of a view holds the answer to its question."""
    pictures = deck.select(".slide img")
    assert len(pictures) == len(lessons_with_a_prediction()) - 1  # 11 has no view
    assert all(picture.find_parent("details") for picture in pictures)
    assert all(len(picture["alt"]) > 20 for picture in pictures)


def test_nothing_is_fetched_and_nothing_runs(deck):
    assert not deck.select("script, link, iframe")
    assert all(img["src"].startswith("data:image/png;base64,") for img in deck.select("img"))
    assert all(link["href"].startswith("#slide-") for link in deck.select("a"))
    policy = deck.select_one("meta[http-equiv]")["content"]
    assert "default-src 'none'" in policy and "img-src data:;" in policy


def test_command_writes_the_file_and_says_so(tmp_path, capsys):
    path = tmp_path / "room" / "slides.html"
    assert main(["slides", str(path), "1", "07"]) == 0
    assert re.fullmatch(r".*slides\.html: 2 slides, \d+ kB\n", capsys.readouterr().out)
    assert path.read_text("utf-8").count("<section") == 2


def test_no_such_lesson_is_one_line(tmp_path, capsys):
    assert main(["slides", str(tmp_path / "s.html"), "77"]) == 1
    assert "Received '77'" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_lessons_without_a_prediction_are_an_error_and_no_file(tmp_path, capsys):
    others = sorted(set(notebooks()) - set(lessons_with_a_prediction()))
    assert main(["slides", str(tmp_path / "slides.html"), *others]) == 1
    error = capsys.readouterr().err
    assert "a lesson that asks a prediction" in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
