"""The site as it lies in its folder: opened from the disk, without a server or a network."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

KINDS = {
    "home": "index",
    "gallery": "gallery/index",
    "a view": "gallery/lookup",
    "a lesson": "lessons/01_lookup",
    "the lesson with most views": "lessons/06_training",
    "other widgets": "lessons/99_ipywidgets",
    "API": "api/embedlab.core.lookup",
    "teachers": "teachers/README",
    "glossary": "lessons/glossary",
    "a guide": "guides/your_page",
    "search": "search",
}
MOST_BYTES = 1_500_000
INTERACTIVE, SLOWER = 2000, 4
"""Milliseconds, on a quiet machine, until the first view of the home page has answered an edit, and
how much slower the processor is made. The goal is 1500, and two quiet cores need 1354 to 1493."""
AXE = """options => axe.run(document, options).then(result => result.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`)))"""
AXE_OPTIONS = {  # test_access.py has the views; a browser refuses to read a folder's style sheets
    "resultTypes": ["violations"],
    "iframes": False,
    "preload": False,
}


@pytest.fixture(scope="module")
def offline(browser):
    """Return a page for all tests, and the lists of what it requests and of its errors."""
    requests, faults = [], []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    yield page, requests, faults
    context.close()


@pytest.fixture
def visit(offline, site):
    """Return a function that opens a page of the site; nothing from elsewhere may be asked for."""
    page, requests, faults = offline
    folder = f"{site.as_uri()}/"

    def visit(name, width=1366, height=768):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light", media="screen")
        page.goto(f"{folder}{name}")
        return page

    visit.requests, visit.faults = requests, faults
    yield visit
    strangers = [url for url in requests if not url.startswith((folder, "blob:", "data:"))]
    errors = list(faults)
    page.goto("about:blank")
    requests.clear()
    faults.clear()
    assert not strangers
    assert not errors


def size(urls):
    """Return the bytes of the files that were loaded."""
    files = {unquote(urlsplit(url).path) for url in urls if url.startswith("file:")}
    return sum(os.path.getsize(file) for file in files)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_accessible_and_small(visit, axe, kind):
    page = visit(f"{KINDS[kind]}.html")
    page.wait_for_load_state("networkidle")  # with the views that are near
    assert size(visit.requests) <= MOST_BYTES
    page.add_script_tag(path=axe)
    light = page.evaluate(AXE, AXE_OPTIONS)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = page.evaluate(AXE, {**AXE_OPTIONS, "runOnly": ["color-contrast"]})
    assert light + dark == []
    page.set_viewport_size({"width": 360, "height": 740})
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0


def test_a_page_allows_nothing_from_outside(visit):
    page = visit("index.html")
    refused = page.evaluate(
        """() => new Promise(resolve => {
            document.addEventListener("securitypolicyviolation", e => resolve(e.blockedURI));
            new Image().src = "https://example.org/dot.png";
        })"""
    )
    assert refused == "https://example.org/dot.png"
    visit.requests.clear()
    visit.faults.clear()  # the console says so too


def test_a_view_inside_its_frame_is_accessible(visit, axe):
    """The page around a view, with its title, language and landmarks, is the same for all."""
    page = visit("index.html")
    page.frame_locator(".live-view iframe").locator(".embedlab").wait_for()
    frame = page.locator(".live-view iframe").first.element_handle().content_frame()
    frame.evaluate(Path(axe).read_text("utf-8"))  # its policy refuses a script element
    assert frame.evaluate(AXE, AXE_OPTIONS) == []


def test_the_home_page_computes_what_is_typed(visit):
    view = visit("index.html").frame_locator(".live-view iframe")
    sentence = view.locator('[data-place="text"]')
    sentence.fill("a zebra")
    sentence.press("Enter")
    expect(view.locator('[data-place="chip:1"]')).to_contain_text("zebra")


def test_the_theme_of_the_site_reaches_the_view(visit):
    page = visit("index.html")
    view = page.frame_locator(".live-view iframe").locator(".embedlab")
    expect(view).to_be_visible()
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        expect(view).to_have_class(re.compile(rf"\b{theme}\b"))


@pytest.mark.parametrize("width", [360, 1366])
def test_the_frame_is_as_high_as_its_view(visit, width):
    page = visit("index.html", width=width, height=2400)
    view = page.frame_locator(".live-view iframe").locator(".embedlab")
    expect(view).to_be_in_viewport(ratio=1)


def test_a_preset_opens_in_the_view_of_its_page(visit):
    page = visit("gallery/lookup.html")
    page.get_by_role("link", name="M2").click()
    text = page.frame_locator(".live-view iframe").locator('[data-place="text"]')
    expect(text).to_have_value("#0 #3 #4 #-1")


def test_the_search_finds_a_name_without_a_server(visit):
    page = visit("search.html?q=coalesce")
    expect(page.locator("#search-results a").first).to_contain_text("coalesce")


def test_on_paper_a_view_is_its_picture(visit):
    page = visit("gallery/lookup.html")
    page.emulate_media(media="print")
    expect(page.locator(".live-view iframe")).to_be_hidden()
    expect(page.locator(".live-view img")).to_be_visible()
    assert "rows" in page.locator(".live-view img").get_attribute("alt")


def test_a_dark_page_is_light_on_paper(visit):
    root = visit("gallery/lookup.html").locator("html")
    root.evaluate("html => { html.dataset.theme = 'dark' }")
    for event, theme in (("beforeprint", "light"), ("afterprint", "dark")):
        root.evaluate(f"() => dispatchEvent(new Event('{event}'))")
        expect(root).to_have_attribute("data-theme", theme)


TYPE_AT_ONCE = """(() => {
    const wait = (ready, then) => ready() ? then() : requestAnimationFrame(() => wait(ready, then));
    const find = place => document.querySelector(`.embedlab [data-place="${place}"]`);
    wait(() => find("text"), () => {
        find("text").value = "zebra";
        find("text").dispatchEvent(new Event("input", { bubbles: true }));
        wait(() => find("chip:0")?.textContent.includes("zebra"), () => {
            window.answered = performance.timeOrigin + performance.now();
        });
    });
})()"""
"""In every frame: type a word as soon as there is a field, and note when the view has answered.

A locator would look again after 100 or 500 ms, and measure that.
"""


@pytest.mark.budget
def test_the_first_view_is_soon_interactive(browser, site, allowed):
    """From the start of the navigation until the view has answered an edit, the median of three."""
    times = []
    for _ in range(3):
        context = browser.new_context(offline=True)
        context.add_init_script(TYPE_AT_ONCE)
        page = context.new_page()
        client = context.new_cdp_session(page)
        client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(f"{site.as_uri()}/index.html", wait_until="commit")
        page.frame_locator(".live-view iframe").locator(".embedlab").wait_for()
        frame = page.locator(".live-view iframe").element_handle().content_frame()
        frame.wait_for_function("window.answered", polling=50)
        answered = frame.evaluate("window.answered")
        times.append(answered - page.evaluate("performance.timeOrigin"))
        context.close()
    assert sorted(times)[1] <= allowed(INTERACTIVE), times
