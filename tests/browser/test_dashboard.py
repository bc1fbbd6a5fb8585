"""The page for teachers, as a browser opens it from the disk: offline, for every eye and hand."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.dashboard import dashboard
from embedlab.lessons.classroom.summary import summarize

CARDS = [
    Card({"01.predict": ("a", False), "01.exit": ("b", False), "lookup.rows": ("[1]", False)}),
    Card({"01.exit": ("c", True)}, {"01.lookup": ("M2", True)}),
]


@pytest.fixture
def opened(browser, tmp_path):
    """Open a dashboard without a network; what its policy forbids, or a request, fails the test."""
    path = tmp_path / "room.html"
    path.write_text(
        dashboard(summarize(CARDS), {"<b>.json": "no card"}, lambda id: f"{id}.html"), "utf-8"
    )
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    requests, faults = [], []
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(path.as_uri())
    yield page
    context.close()
    assert requests == [path.as_uri()]
    assert not faults


def test_it_is_whole_reached_by_keys_and_axe_finds_nothing(opened, axe):
    page = opened
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    bar = page.locator("#M2 .bar rect")
    assert bar.bounding_box()["width"] > 300  # both cards show M2: the bar is full
    assert (
        bar.evaluate("e => getComputedStyle(e).fill") == "rgb(181, 18, 78)"
    )  # the style is in use
    page.locator("#M1 a").first.focus()  # to the view; the next leads to the question
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#at-01-predict:target")).to_be_visible()
    summary = page.locator("#at-01-exit summary")
    summary.focus()
    page.keyboard.press("Enter")
    row = page.locator("#at-01-exit tbody tr").nth(1)
    expect(row).to_have_text("b Id 1 000 reads the last row.150 %M2")
    page.evaluate(Path(axe).read_text("utf-8"))  # a script element is what the policy forbids
    run = (
        "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => JSON.stringify(v)))"
    )
    light = page.evaluate(run)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 28)"
    assert [*light, *page.evaluate(run)] == []
