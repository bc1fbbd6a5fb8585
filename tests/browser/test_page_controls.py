"""Every control of every exported view, with the network off: it works, or says beforehand why not.

What a page is saved without is shown before it is touched, so a control that can be touched never
answers that Python is missing. All waiting is for answers that are in the page.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from view_cases import CASES

from embedlab.explorers.explorer import STATIC, Explorer
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.html_export import NO_PYTHON

COMPUTED = {path.stem for path in (STATIC / "core").glob("*.js")}

# Each control once, by its place: a radio group is its first button that is not chosen.
CONTROLS = """root => {
    const found = [...root.querySelectorAll("input, select, textarea, button:not(.fact)")];
    const one = (e) => e.type !== "radio" ? e :
        e.closest("[role=radiogroup]").querySelector("input:not(:checked)") ?? e;
    return [...new Set(found.map(one))].map((e) => ({
        place: e.dataset.place, kind: e.type, disabled: e.matches(":disabled"),
        only: e.type === "range" && e.min === e.max,
        reason: e.closest("fieldset:disabled")?.title ?? "",
    }));
}"""
# An answer leaves the page's own core within one task, and is painted when it comes: what it says.
ANSWERED = """root => new Promise((done) => setTimeout(() => requestAnimationFrame(() =>
    done([...root.querySelectorAll("[role=alert]")].map((e) => e.textContent).join(" ")))))"""

USABLE = """(root, place) => root.querySelector(`[data-place="${place}"]`)
    ?.matches(":not(:disabled)") ?? false"""

OTHERWISE = {"race", "duplicates", "add", "remove", "unflip", "grow", "merge", "insert", "zoom"}
"""Buttons that are disabled where they would do nothing, and say so by their label."""

WIDEN = "() => { document.getElementById('view').style.maxWidth = 'none' }"
FULL = "top:full"  # the whole screen has the same controls


@pytest.fixture
def wide(saved, monkeypatch):
    """Return a function that opens a page so wide that no control is behind More."""
    monkeypatch.setattr(Explorer, "_png", lambda self: b"")  # the still picture takes its time

    def wide(explorer):
        page = saved(explorer)
        page.set_viewport_size({"width": 1700, "height": 1000})
        expect(page.locator(".embedlab")).to_be_visible()
        page.evaluate(WIDEN)
        expect(page.locator(".embedlab.wide")).to_be_visible()
        return page

    return wide


def touch(page, root, control):
    """Move, type or choose, by key where a learner would."""
    target = page.locator(f'[data-place="{control["place"]}"]')
    kind = control["kind"]
    if not root.evaluate(USABLE, control["place"]):
        return  # what was touched before took it away: an open question, a full row
    if kind == "range":
        key = "ArrowLeft" if target.input_value() == target.get_attribute("max") else "ArrowRight"
        target.press(key)
    elif kind == "select-one":
        target.select_option(index=(target.evaluate("e => e.selectedIndex") + 1) % 3)
    elif kind in ("text", "textarea"):
        target.fill("" if control["place"].startswith("slot") else "the cat and the dog")
        target.press("Tab")
    else:
        target.dispatch_event("click")


def touch_all(page, in_turn):
    """Touch every control that can be, in the gate every other; return those that cannot be.

    With their reasons.
    """
    root = page.locator(".embedlab")
    controls = [c for c in root.evaluate(CONTROLS) if c["place"] != FULL]
    assert len(controls) > 12
    for control in in_turn([one for one in controls if not one["disabled"]], 2):
        touch(page, root, control)
        if control["place"] in ("top:predict", "duplicates"):  # reveal, and be done
            page.keyboard.press("p")
            page.keyboard.press("p")
        alerts = root.evaluate(ANSWERED)
        assert NO_PYTHON not in alerts and "failed with" not in alerts, control
    assert NO_PYTHON not in root.inner_text()
    return {c["place"]: c["reason"] for c in controls if c["disabled"] and not c["only"]}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_every_control_works_or_is_disabled(wide, in_turn, name):
    explorer = CASES[name].make()
    page = wide(explorer)
    disabled = touch_all(page, in_turn)
    without_reason = {place.split(":")[0] for place, why in disabled.items() if not why}
    assert without_reason <= OTHERWISE | {"transport", "chosen"}
    assert (name in COMPUTED) == (not any(disabled.values()))
    if name in COMPUTED:
        expect(page).to_have_url(re.compile(r"#embedlab=[\w-]+$"))
    names = [*explorer.PARAMS, *explorer.OTHER_CONTROLS]
    page.evaluate("names => { location.hash = `#hide=${names}` }", names)
    visible = page.locator(".left").locator("input, select, textarea, button")
    expect(visible.and_(page.locator(":not([data-place='transport:speed'])"))).to_have_count(0)


@pytest.mark.one_in(3, 1)
@pytest.mark.parametrize("name", CASES)
def test_without_its_inputs_only_what_works_is_enabled(wide, monkeypatch, in_turn, name):
    explorer = CASES[name].make()
    monkeypatch.setattr(type(explorer), "page_inputs", lambda self: None)
    page = wide(explorer)
    expect(page.locator(".hint").first).to_contain_text("gray controls cannot be changed here")
    reasons = [why for why in touch_all(page, in_turn).values() if why]
    assert reasons and all("saved without Python" in why for why in reasons)
    for parameter in set(explorer.OFFLINE_PARAMS) - {"row"}:  # a row is chosen in the figure
        control = page.locator(f'[data-place^="{parameter}"]').first
        expect(control).to_be_enabled()


def test_axe_finds_nothing_where_controls_are_disabled(wide, monkeypatch, axe):
    monkeypatch.setattr(GeometryExplorer, "page_inputs", lambda self: None)
    page = wide(GeometryExplorer(a=""))
    assert "drag words" not in page.locator(".embedlab").inner_text()
    assert page.get_by_role("group", name="This page is saved without Python").count() >= 3
    page.evaluate(Path(axe).read_text("utf-8"))
    assert page.evaluate("axe.run('.embedlab').then(({ violations }) => violations)") == []
