"""`embedlab pack`: all that a run sheet shows, as files that need no network."""

import re
from importlib import import_module

import pytest

from embedlab.cli import main, offline
from embedlab.lessons.grading.check import LESSONS
from embedlab.lessons.notebook_files import notebooks

VIEWS = {
    *("lookup", "gradient", "mask", "training", "lora", "quantize", "geometry", "window", "shard")
}


def test_a_lesson_with_its_view_its_beliefs_and_an_index(tmp_path, capsys, monkeypatch):
    # how a lesson becomes a page is tested beside `embedlab export`, and takes a second
    links = '<a href="01_lookup.ipynb">again</a>, <a href="03_gradient.ipynb">on\nward</a>'
    run = main.__globals__["_COMMANDS"]["pack"]  # the very module that runs
    monkeypatch.setattr(run, "export_lesson", lambda notebook, page: page.write_text(links))
    monkeypatch.setattr(run, "_beliefs", lambda lesson: ("M2",))  # each more costs half a second
    assert main(["pack", str(tmp_path / "room"), "01"]) == 0
    names = ["01_lookup.html", "lookup.html", "M2.html", "index.html"]
    *lines, last = capsys.readouterr().out.splitlines()
    assert [re.fullmatch(r".*/room/(\S+): \d+ kB", line)[1] for line in lines] == names
    assert re.fullmatch(r"4 pages, 0\.\d MB\. Open .*/room/index\.html", last)
    lesson = (tmp_path / "room" / "01_lookup.html").read_text("utf-8")
    assert lesson == '<a href="01_lookup.html">again</a>, on\nward'  # 03 is not in this folder
    index = (tmp_path / "room" / "index.html").read_text("utf-8")
    assert re.findall(r'href="([^"]+)"', index) == names[:-1]
    assert "01 · Lookup and matmul" in index
    assert "“input_dim is the largest id I may use.”" in index
    assert all((tmp_path / "room" / name).stat().st_size <= 1_000_000 for name in names)
    assert "Received 4 at [2]" in (tmp_path / "room" / "M2.html").read_text("utf-8")


def test_what_each_lesson_needs():
    pages = {part.notebook.name[:2]: part for part in offline.pages()}
    assert list(pages) == list(notebooks())
    assert pages["00"].views == ("lookup",) and pages["00"].beliefs == ()
    assert pages["06"].views == ("training", "window")
    assert "M7" in pages["06"].beliefs
    assert {view for part in pages.values() for view in part.views} == VIEWS
    for lesson in set(LESSONS) & set(pages):
        ticket = import_module(f"embedlab.lessons.exercises.{LESSONS[lesson]}").QUESTIONS["exit"]
        named = {c.misconception for c in ticket.choices.values()} - {None}
        assert named <= set(pages[lesson].beliefs)


def test_a_lesson_named_twice_is_packed_once():
    assert [part.notebook.stem for part in offline.pages(["3", "03"])] == ["03_gradient"]


@pytest.mark.parametrize("lesson", ["77", "../01", "nothing"])
def test_no_such_lesson_is_one_line_and_writes_nothing(tmp_path, capsys, lesson):
    assert main(["pack", str(tmp_path / "room"), "01", lesson]) == 1
    assert f"Received '{lesson}'" in capsys.readouterr().err
    assert not (tmp_path / "room").exists()
