"""The pages of `embedlab collect` in a browser: live, by keyboard, for every eye."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from running_server import RIGHT, Running

from embedlab.lessons.classroom.card import Card

AXE = "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => JSON.stringify(v)))"


@pytest.fixture
def served(tmp_path):
    running = Running(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def page(browser):
    """Open a page; what its policy forbids, or a request to elsewhere, fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    requests, faults = [], []
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    yield page
    context.close()
    assert all(url.startswith("http://127.0.0.1:") for url in requests)
    assert not [text for text in faults if "ERR_CONNECTION_REFUSED" not in text]


def address(served, path=""):
    return f"http://127.0.0.1:{served.server.port}{served.teacher}{path}"


def test_the_board_and_the_form_for_every_eye_and_hand(served, page, axe):
    page.goto(address(served))
    expect(page.get_by_role("heading", name="0 handed in")).to_be_visible()
    learner = page.context.new_page()
    learner.goto(served.server.address)
    learner.get_by_label("Paste this line here").focus()
    learner.keyboard.insert_text(RIGHT.json)
    for one in (page, learner):
        assert one.evaluate("document.documentElement.scrollWidth") == 390
        one.evaluate(Path(axe).read_text("utf-8"))
        light = one.evaluate(AXE)
        one.emulate_media(color_scheme="dark")
        assert [*light, *one.evaluate(AXE)] == []
    learner.keyboard.press("Tab")
    learner.keyboard.press("Tab")
    learner.keyboard.press("Enter")
    expect(learner.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_role("heading", name="1 handed in")).to_be_visible()


def test_the_dashboard_refreshes_itself_and_keeps_the_place(served, page):
    served.post()
    page.goto(address(served, "dashboard"))
    summary = page.locator("#at-01-exit summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#at-01-exit table")).to_be_visible()
    served.post(Card({"01.exit": ("a", False)}).json)
    expect(page.locator("#at-01-exit .share")).to_have_text("1 of 2 right (50 %)")
    expect(page.locator("#at-01-exit table")).to_be_visible()  # still unfolded
    expect(summary).to_be_focused()
    served.stop()
    expect(page.get_by_role("status")).to_have_text(
        "No connection. Does embedlab collect still run?"
    )
    expect(page.locator("#at-01-exit .share")).to_have_text("1 of 2 right (50 %)")
