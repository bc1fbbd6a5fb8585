"""The built site: whole, closed in itself, and with everything that is public in it."""

import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from published import NOTEBOOKS, Published, load_builder

import embedlab
from embedlab.explorers.explorer import available_views
from embedlab.explorers.registry import explorer_class
from embedlab.lessons.misconceptions import MISCONCEPTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
MOST_BYTES = 1_500_000


class Links(HTMLParser):
    """The ids of a page, the links that a reader may follow, and what the page loads."""

    def __init__(self, page):
        super().__init__()
        self.ids, self.links, self.loaded, self.at_once = set(), set(), set(), set()
        self.frames = 0
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.add(attributes.get("id"))
        self.frames += tag == "iframe"
        if tag == "a" and attributes.get("href"):
            self.links.add(attributes["href"])
        address = attributes.get(LOADED.get(tag))
        if address and attributes.get("rel") not in ("index", "search", "next", "prev"):
            self.loaded.add(address)
            if not address.startswith("data:") and attributes.get("loading") != "lazy":
                self.at_once.add(address)


@cache
def links(page):
    return Links(page)


@pytest.fixture(scope="module")
def pages(site):
    pages = sorted(set(site.rglob("*.html")) - set(site.glob("_static/**/*")))
    assert len(pages) > 100
    return pages


def target(page, address):
    """Return the file and the anchor that an address inside the site names."""
    parts = urlsplit(address)
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return file, unquote(parts.fragment)


def test_every_link_leads_to_a_page_and_an_anchor(pages, site):
    broken = []
    for page in pages:
        for address in links(page).links | links(page).loaded:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https"):
                if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc):
                    broken.append((page, address))
            elif parts.scheme not in ("data", "mailto"):
                file, anchor = target(page, address)
                inside = site in file.parents and file.is_file() and not parts.scheme
                if not inside or (anchor and anchor not in links(file).ids):
                    broken.append((page.relative_to(site), address))
    assert not broken


def test_nothing_is_loaded_from_another_place(pages, site):
    for page in pages:
        assert not [a for a in links(page).loaded if urlsplit(a).scheme in ("http", "https")], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", sheet.read_text("utf-8")), sheet


def test_no_page_is_large(pages):
    """A view further down, which comes later, is counted in a browser."""
    for page in pages:
        files = {target(page, address)[0] for address in links(page).at_once} | {page}
        size = sum(file.stat().st_size for file in files if file.is_file())
        assert size <= MOST_BYTES, f"{page}: {size} bytes"


def test_nothing_names_this_machine(pages, site):
    for page in pages:
        match = re.search(r"/(home|root|tmp|Users)/\w+|ipykernel_\d", page.read_text("utf-8"))
        assert not match, f"{page.relative_to(site)}: {match}"


# --------------------------------------------------------------------------- the API reference


def public_names():
    """Return each public module with a page of its own, and its names."""
    modules = {"embedlab": embedlab}
    for name in embedlab.__all__:
        value = getattr(embedlab, name)
        if type(value) is type(embedlab) and getattr(value, "__all__", None):
            modules[f"embedlab.{name}"] = value
    return {name: module.__all__ for name, module in modules.items()}


def test_every_public_name_is_in_the_reference(site):
    for module, names in public_names().items():
        text = (site / "api" / f"{module}.html").read_text("utf-8")
        for name in names:
            described = f'id="{module}.{name}"' in text
            folder = f"embedlab.{name}." in "".join(os.listdir(site / "api"))
            assert described or folder or re.search(rf">{name}<", text), f"{module}.{name}"


def test_a_new_public_name_comes_into_the_reference(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    import api_pages

    monkeypatch.setattr(api_pages, "FURTHER", ())  # without Keras

    def brand_new():
        """Return nothing."""

    monkeypatch.setattr(embedlab.losses, "brand_new", brand_new, raising=False)
    monkeypatch.setattr(embedlab.losses, "__all__", [*embedlab.losses.__all__, "brand_new"])
    api_pages.write_api(tmp_path)
    page = (tmp_path / "embedlab.losses.rst").read_text("utf-8")
    assert ".. autofunction:: embedlab.losses.brand_new" in page


# -------------------------------------------------------------------------------- the gallery


@pytest.mark.parametrize("view", available_views())
def test_every_view_and_preset_is_in_the_gallery(site, view):
    index = (site / "gallery" / "index.html").read_text("utf-8")
    page = (site / "gallery" / f"{view}.html").read_text("utf-8")
    story = explorer_class(view).__doc__.partition("\n")[0]
    assert len(story) > 30
    assert f'href="{view}.html"' in index and explorer_class(view).QUESTION in index
    assert story in index and story in page
    assert f'src="../views/{view}.html"' in page and explorer_class(view).QUESTION in page
    presets = {key for key, one in MISCONCEPTIONS.items() if one.preset["view"] == view}
    linked = set(re.findall(rf'href="\.\./views/(M\d+)\.html" target="{view}"', page))
    assert linked == presets


# -------------------------------------------------------------------------------- the lessons


def executed(site, lesson):
    return nbformat.read(site.parent / "executed" / f"{lesson}.ipynb", 4)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_learner_s_notebook_is_what_its_source_gives(site, lesson):
    outputs = []
    for cell in executed(site, lesson).cells:
        if cell.cell_type == "code":
            outputs.append(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop("text/html", None)  # the frame on the site
    Published().compare(NOTEBOOKS / f"{lesson}.ipynb", outputs)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_view_of_a_lesson_is_live(site, lesson):
    questions = {explorer_class(view).QUESTION for view in available_views()}
    frames = 0
    for cell in executed(site, lesson).cells:
        for data in [output.get("data", {}) for output in cell.get("outputs", [])]:
            html = data.get("text/html", "")
            frames += html.count("<iframe")
            first_line = data.get("text/plain", "").partition("\n")[0]
            assert "<iframe" in html or first_line not in questions, cell.id
    assert links(site / "lessons" / f"{lesson}.html").frames == frames
    ran = any(cell.get("outputs") for cell in executed(site, lesson).cells)
    assert ran or "EMBEDLAB_THOROUGH" not in os.environ
    # Lessons of files, and of models that a learner repairs, show no view.
    assert frames or lesson[:2] in ("11", "12") or not ran


def test_lessons_were_run(site):
    """All of them, or those that `make test` asks for."""
    ran = {lesson for lesson in LESSONS if links(site / "lessons" / f"{lesson}.html").frames}
    assert {lesson[:2] for lesson in ran} >= {"00", "01", "06", "99"}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_shows_no_answer(site, lesson):
    build = load_builder()
    learner, solution = (
        {
            line.strip()
            for cell in build.parse(source, solution=answers).cells
            for line in cell.source.splitlines()
        }
        for source in [NOTEBOOKS / "source" / f"{lesson}.md"]
        for answers in (False, True)
    )
    code = [cell for cell in executed(site, lesson).cells if cell.cell_type == "code"]
    text = "\n".join(f"{cell.source}\n{cell.outputs}" for cell in code)
    for line in solution - learner:
        assert len(line) < 20 or line not in text, line
    printed = [
        cell
        for cell in code
        if cell.outputs
        and not cell.source.startswith("answer(")
        and not any("text/html" in output.get("data", {}) for output in cell.outputs)
        and "unsaved" not in cell.metadata.get("tags", [])
    ]
    page = (site / "lessons" / f"{lesson}.html").read_text("utf-8")
    assert page.count("Show what this cell prints") == len(printed)
