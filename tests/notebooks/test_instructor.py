"""The teacher's pages are true: commands parse, files and lessons exist, minutes add up."""

import json
import re
import shlex
from pathlib import Path

import pytest

from embedlab import cli
from embedlab.cli import main, offline
from embedlab.explorers.explorer import available_views
from embedlab.explorers.lookup import LookupExplorer
from embedlab.lessons.classroom import card as card_module
from embedlab.lessons.grading.check import find_item
from embedlab.lessons.misconceptions import misconception
from embedlab.lessons.notebook_files import find_notebook, notebooks

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTOR = ROOT / "notebooks" / "instructor"
PAGES = sorted(INSTRUCTOR.glob("*.md"))
SHEETS = [INSTRUCTOR / "helper_sheet.md", INSTRUCTOR / "troubleshooting.md"]
HUB = ROOT / "binder" / "hub"
OTHERS = [HUB.parent / "README.md", HUB / "README.md", *(ROOT / "docs" / "guides").glob("*.md")]
named = pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda p: p.name)


def commands(path):
    """Return every `embedlab …` in a page's text and code blocks, without its first word."""
    text = path.read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.S | re.M)
    snippets = [line for block in blocks for line in block.splitlines()]
    snippets += re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    lines = [" ".join(one.split()) for one in snippets]
    return [line.removeprefix("embedlab ") for line in lines if re.match(r"embedlab [a-z]", line)]


@pytest.fixture
def parsed(monkeypatch):
    """Return a function that parses a command as `main` does, and runs nothing."""
    caught = []
    for module in cli._COMMANDS.values():
        monkeypatch.setattr(module, "run", lambda args: caught.append(args) or 0)

    def parsed(line):
        assert main(shlex.split(line)) == 0
        return caught.pop()

    return parsed


def test_every_command_parses_and_names_what_there_is(parsed):
    for path, line in [
        (p, line) for p in [*PAGES, ROOT / "README.md", *OTHERS] for line in commands(p)
    ]:
        if line in cli._COMMANDS:
            continue  # a command is named, not called
        try:
            args = parsed(line)
        except SystemExit:
            pytest.fail(f"{path.name}: embedlab {line}")
        what = getattr(args, "what", None)
        for lesson in [
            getattr(args, "lesson", None) or [],
            [] if what in available_views() or str(what).endswith(".ipynb") else [what],
        ]:
            for one in [lesson] if isinstance(lesson, str) else filter(None, lesson):
                assert find_notebook(one), line
        if getattr(args, "preset", None):
            state = misconception(args.preset).preset
            assert what in (None, state["view"]), line


def test_a_server_on_a_hub_outlives_a_break_and_its_kernels():
    """The Littlest JupyterHub stops an idle server after ten minutes, unless it is told."""
    stated = re.search(r"services\.cull\.timeout (\d+)", (HUB / "README.md").read_text("utf-8"))
    values = re.search(r"cull:\n.*\n  timeout: (\d+)", (HUB / "values.yaml").read_text("utf-8"))
    server = (HUB / "server" / "jupyter_server_config.py").read_text("utf-8")
    kernel = re.search(r"cull_idle_timeout = (\d+) \* 60", server)
    assert stated[1] == values[1] and int(stated[1]) > 60 * int(kernel[1])


def test_the_pages_name_each_command_of_a_teacher():
    names = {line.split()[0] for path in PAGES for line in commands(path)}
    assert names >= {"doctor", "warm", "link", "pack", "export", "dashboard", "collect"}


@named
def test_every_link_leads_somewhere(path):
    text = path.read_text("utf-8")
    heads = re.findall(r"^#+ (.+)$", text, flags=re.M)
    anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if file and "://" not in file:
            assert (path.parent / file).exists(), link
        elif not file:
            assert anchor in anchors, link


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_question_check_and_belief_that_is_named_exists(path):
    text = path.read_text("utf-8")
    for name in re.findall(r'(?:answer|reveal)\("([^"]+)"', text):
        assert find_item(name, "QUESTIONS"), name
    for name in re.findall(r'check\("([^"]+)"', text):
        assert find_item(name, "CHECKS"), name
    for which in re.findall(r"\bM\d+\b", text):
        assert misconception(which), which


@pytest.mark.parametrize("path", SHEETS, ids=lambda p: p.name)
def test_every_line_of_python_on_a_sheet_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card_module.clear()
    text = path.read_text("utf-8")
    lines = re.findall(r"^```python\n(.*?)^```", text, flags=re.S | re.M)
    lines += [one for one in re.findall(r"`([^`]+)`", text) if one.startswith(("from ", "card("))]
    assert lines
    scope = {"card": card_module.card, "explorer": LookupExplorer()}
    monkeypatch.setattr(card_module, "hand_in", lambda address, *_: (True, address))
    for line in lines:
        exec(line, scope)


def tables(path):
    """Return the spans of each table of minutes: (heading, [(from, to), ...])."""
    for part in re.split(r"^#+ |^\*\*(?=\w+ day)", path.read_text("utf-8"), flags=re.M):
        spans = re.findall(r"^\| (\d+)–(\d+) \|", part, flags=re.M)
        if spans:
            yield part.partition("\n")[0], [(int(a), int(b)) for a, b in spans]


@pytest.mark.parametrize("path", [p for p in PAGES if p not in SHEETS], ids=lambda p: p.name)
def test_minutes_follow_each_other(path):
    schedules = list(tables(path))
    assert schedules
    for heading, spans in schedules:
        starts, ends = zip(*spans, strict=True)
        assert starts == (0, *ends[:-1]), heading
        assert all(a < b for a, b in spans), heading


def lasts(notebook):
    return int(re.search(r"\*(\d+) minutes\.", notebook.read_text("utf-8"))[1])


@pytest.mark.parametrize("path", [p for p in PAGES if p.name[0].isdigit()], ids=lambda p: p.name)
def test_a_lesson_s_page_and_the_lesson_agree_on_its_length(path):
    ((_, spans),) = tables(path)
    assert spans[-1][1] == lasts(find_notebook(path.stem))


@pytest.mark.parametrize("path", [p for p in PAGES if p.name[0].isdigit()], ids=lambda p: p.name)
def test_the_questions_before_and_after_have_their_minutes(path):
    rows = re.findall(r"^\| (\d+)–(\d+) \| (.*)$", path.read_text("utf-8"), flags=re.M)
    for when, (start, end, text) in zip(("before", "after"), (rows[0], rows[-1]), strict=True):
        assert f'answer("{path.name[:2]}.{when}", "?")' in text
        assert int(end) - int(start) >= 2, "with something else beside it"


def test_the_45_minutes_have_them_too():
    text = (INSTRUCTOR / "README.md").read_text("utf-8")
    sheet = text[text.index("## 45 minutes") : text.index("## Half a day")]
    assert re.findall(r"(0\d)\.before", sheet) == re.findall(r"(0\d)\.after", sheet)
    assert re.findall(r"(0\d)\.before", sheet) == ["01", "03", "06"]


def test_schedule_gives_each_lesson_its_minutes():
    text = (INSTRUCTOR / "README.md").read_text("utf-8")
    sheets = dict(tables(INSTRUCTOR / "README.md"))
    assert list(sheets) == ["45 minutes", "Half a day", "First day**", "Second day**"]
    assert sheets["45 minutes"][-1][1] == 45
    assert f"{sheets['Half a day'][-1][1]} minutes with two breaks" in text
    assert f"{sheets['First day**'][-1][1]} minutes on the first day" in text
    assert f"; {sheets['Second day**'][-1][1]} on the second" in text
    whole = text[text.index("## Half a day") : text.index("## Checklist")]
    rows = re.findall(r"^\| (\d+)–(\d+) \| (?:\[(\d\d)\]\((\S+)\)|(\d\d)) \|", whole, flags=re.M)
    for start, end, linked, file, plain in rows:
        assert int(end) - int(start) == lasts(find_notebook(linked or plain)), linked or plain
        assert not linked or file.startswith(linked)
    assert {row[2] or row[4] for row in rows} == set(notebooks()) - {"99"}  # the appendix


@pytest.mark.parametrize("lesson", sorted(set(notebooks()) - {"00", "99"}))
def test_card_cell_follows_exit_ticket(lesson):
    cells = json.loads(find_notebook(lesson).read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    after = code[code.index(f'answer("{lesson}.exit", "?")') :]
    assert any(re.fullmatch(r"card\(\w*\)", source) for source in after)


def test_a_sheet_and_its_pack_name_the_same_lessons(parsed):
    packs = {}
    for line in commands(INSTRUCTOR / "README.md"):
        if line.startswith("pack "):
            args = parsed(line)
            packs[args.folder.name] = [
                part.notebook.name[:2] for part in offline.pages(args.lesson)
            ]
    assert packs["pack-45"] == ["00", "01", "03", "06"]
    assert packs["pack-half"] == ["00", "01", "03", "04", "06", "07"]
    assert "10" in packs["pack-all"]
