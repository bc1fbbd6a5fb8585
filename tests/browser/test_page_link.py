"""The state of an exported page in its link: written after an edit, read whenever it changes."""

import json
import re
from base64 import urlsafe_b64encode

import pytest
from playwright.sync_api import expect

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.lookup import LookupExplorer


def link(**state):
    text = json.dumps({"view": "lookup", "version": 1, **state}).encode()
    return "#embedlab=" + urlsafe_b64encode(text).decode().rstrip("=")


@pytest.fixture
def page(saved, monkeypatch):
    monkeypatch.setattr(Explorer, "_png", lambda self: b"")  # the still picture takes its time
    page = saved(LookupExplorer("the cat sat", input_dim=12))
    expect(page.locator(".embedlab")).to_be_visible()
    return page


def follow(page, hash):
    """Follow a link to the page that is open, as the bar of addresses does."""
    page.evaluate("hash => { location.hash = hash }", hash)


def size(page):
    return page.locator('[data-place="input_dim"]')


def test_a_link_opens_the_page_as_it_was(page):
    saved_at, visited = page.url, page.evaluate("history.length")
    size(page).press("ArrowRight")
    expect(page).to_have_url(re.compile(r"view\.html#embedlab=[\w-]+$"))
    changed_at = page.url
    assert len(changed_at.split("#")[1]) < 200
    assert page.evaluate("history.length") == visited  # Back leads out of the page
    size(page).press("ArrowLeft")
    expect(page).to_have_url(
        re.compile(r"#embedlab=[\w-]+$")
    )  # V was set by hand, so it is another
    page.goto("about:blank")
    page.goto(changed_at)
    expect(size(page)).to_have_attribute("aria-valuetext", "V = 13")
    follow(page, "")
    expect(size(page)).to_have_attribute("aria-valuetext", "V = 12")
    assert page.url.split("#")[0] == saved_at


def test_s_and_its_button_copy_the_link(page):
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { copied = text } }")
    page.evaluate("globalThis.copied = ''")
    size(page).press("ArrowRight")
    expect(page.locator(".narration")).to_contain_text("V = 13")
    size(page).press("s")
    expect(page.locator(".narration")).to_contain_text("The link is on the clipboard")
    copied = page.evaluate("copied")
    expect(page).to_have_url(copied)
    page.locator('[data-place="top:share"]').click()
    assert page.evaluate("copied") == copied


@pytest.mark.parametrize(
    ("hash", "sentence"),
    [
        ("#<img src=x onerror=alert(1)>", "must end in #embedlab= and a state"),
        ("#embedlab=" + 3000 * "A", "must hold at most 2000 bytes"),
        (link(version=2), "must have version 1. Received 2"),
        (link(view="window"), 'must be of the view "lookup". Received window'),
        (link(changes={"input_dim": 10**7}), "input_dim must be an integer from 1 to"),
        (link(changes={"text": "<b>bold</b>", "edits": [[-1, 0, 1]]}), "edits must be a list of"),
        ("#hide=dim", "must hide controls of this view. Received dim"),
    ],
)
def test_a_link_of_something_else_is_refused(page, hash, sentence):
    follow(page, hash)
    alert = page.locator("[role=alert]")
    expect(alert).to_contain_text("This link was not used: ")
    expect(alert).to_contain_text(sentence)
    assert page.locator(".embedlab :is(img, b:text-is('bold'))").count() == 0
    size(page).press("ArrowRight")
    expect(size(page)).to_have_attribute("aria-valuetext", "V = 13")
    expect(alert).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#embedlab=[\w-]{20,200}$"))


def test_a_link_hides_controls_and_keeps_hiding_them(page):
    follow(page, link(changes={"text": "a <b>dog</b>"}) + "&hide=method,oob")
    expect(page.locator('[data-place="text"]')).to_have_value("a <b>dog</b>")
    assert page.locator("b:text-is('dog')").count() == 0
    expect(page.locator('[data-place="method:gather"]')).to_have_count(0)
    size(page).press("ArrowRight")
    expect(page).to_have_url(re.compile(r"#embedlab=[\w-]+&hide=method,oob$"))


def test_a_link_of_python_opens_a_page(page):
    explorer = LookupExplorer("a dog", output_dim=3, input_dim=9)
    follow(page, explorer.share_link(""))
    expect(size(page)).to_have_attribute("aria-valuetext", "V = 9")
    expect(page.locator('[data-place="chip:1"]')).to_contain_text("dog")
