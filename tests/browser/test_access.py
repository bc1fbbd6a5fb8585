"""For every eye and hand: axe finds nothing, in light, dark and forced colors, on a phone too."""

import pytest
from playwright.sync_api import expect
from view_cases import CASES, THOROUGH

STILL = {"reduced_motion": "reduce"}  # axe would measure the contrast of what is still fading in
COMMON = {"first sight": (), "data table": ("t",), "help": ("?",)}
PANELS = ("", "t", "?", "p")
SCHEMES = ("light", "dark")


CONTRAST = {"runOnly": ["color-contrast"]}
ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}


def violations(view, axe, options=None):
    if view.page.evaluate("typeof axe") == "undefined":
        view.page.add_script_tag(path=axe)
    results = view.page.evaluate(
        "options => axe.run('.embedlab', options).then(r => r.violations)",
        {"resultTypes": ["violations"], **(options or {})},  # the rest costs most of the time
    )
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in results
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", CASES)
def test_axe_finds_nothing(show, axe, in_turn, name):
    case, view_number = CASES[name], list(CASES).index(name)
    common = {state: (case.first, *keys) for state, keys in COMMON.items()}
    first_sight, *others = enumerate({**common, **case.states}.items(), view_number)
    for number, (state, (start, *rest)) in [first_sight, *in_turn(others, 12, view_number)]:
        view = show(case.make(), **STILL)
        view.place(start).focus()
        view.press(*rest)
        for second, scheme in enumerate(in_turn(SCHEMES, 2, number)):
            view.page.emulate_media(color_scheme=scheme)
            view.page.wait_for_selector(f".embedlab.{scheme}")
            options = CONTRAST if second else None  # only the colors are others
            assert violations(view, axe, options) == [], (state, scheme)


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_axe_finds_nothing_in_other_traces(show, axe, name):
    case = CASES[name]
    for params in case.traces:
        assert violations(show(case.make(**params), **STILL), axe) == [], params


WIDE = """root => [...root.querySelectorAll("*")]
    .filter(e => !e.closest(".lines") && !e.closest(".unseen") && !e.closest("svg"))
    .filter(e => e.getBoundingClientRect().right > root.getBoundingClientRect().right + 0.5)
    .map(e => e.outerHTML.slice(0, 80))"""


def fits_on_a_phone(view):
    """Fail unless nothing scrolls sideways, and the parts come in the order of their use."""
    assert view.page.evaluate("document.documentElement.scrollWidth") == 360
    assert view.root.evaluate(WIDE) == []
    order = [".figure", ".narration", ".transport", ".left", ".card", ".key-figures"]
    tops = [
        view.root.locator(part).first.bounding_box()["y"]
        for part in order
        if view.root.locator(part).count()
    ]
    assert tops == sorted(tops)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", CASES)
def test_on_a_phone_nothing_scrolls_sideways(show, axe, in_turn, name):
    case = CASES[name]
    for panel in (PANELS[0], *in_turn(PANELS[1:], 3, list(CASES).index(name))):
        view = show(case.make(), width=360, height=700, **STILL)
        view.place(case.first).focus()
        view.press(*panel)
        fits_on_a_phone(view)
        if THOROUGH or not panel:  # at full width axe sees them all
            assert violations(view, axe, ALL_BUT_CONTRAST) == [], panel


@pytest.mark.one_in(2, 1)
@pytest.mark.parametrize("name", CASES)
def test_on_a_phone_other_traces_do_not_scroll_sideways(show, in_turn, name):
    case = CASES[name]
    for params in in_turn([case.large, *case.traces], 3):  # axe sees them above, at full width
        view = show(case.make(**params), width=360, height=700)
        view.place(case.first).focus()
        fits_on_a_phone(view)


@pytest.mark.one_in(3, 2)
@pytest.mark.parametrize("name", CASES)
def test_signs_are_marks_and_forced_colors_keep_them(show, name):
    view = show(CASES[name].make(), forced_colors="active")
    assert "forced" in view.root.get_attribute("class")
    fills = view.root.locator(".cell").evaluate_all(
        "cells => [...new Set(cells.map(c => getComputedStyle(c).fill))]"
    )
    assert len(fills) <= 1  # the color says nothing here
    for chosen in view.root.locator(".segment input:checked + span").all()[:1]:
        assert chosen.evaluate("e => getComputedStyle(e).backgroundColor") != view.root.evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_the_view_takes_the_host_s_side(show, name):
    view = show(CASES[name].make())
    assert "light" in view.root.get_attribute("class")
    view.page.evaluate("document.body.style.setProperty('--jp-layout-color0', '#111')")
    view.page.wait_for_selector(".embedlab.dark")
    view.page.evaluate("document.body.style.setProperty('--jp-layout-color0', 'white')")
    view.page.wait_for_selector(".embedlab.light")


@pytest.mark.one_in(3, 1)
@pytest.mark.parametrize("name", CASES)
def test_with_reduced_motion_nothing_moves(show, name):
    case = CASES[name]
    view = show(case.make(), reduced_motion="reduce")
    view.click("top:predict")
    view.click("predict:reveal")
    assert view.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_the_styles_of_a_host_do_not_bend_the_view(show, name):
    view = show(CASES[name].make())
    value = view.root.locator(".right dd").nth(1)
    before = value.bounding_box()
    view.page.add_style_tag(
        content="""main dl { overflow: hidden } main dl dt { float: left; width: 20% }
        main dl dd { float: left; width: 80% } main kbd { font: 13px monospace; padding: 9px }"""
    )
    view.settle()
    assert value.bounding_box() == before


@pytest.mark.parametrize("name", ["lora", "training"])
def test_a_finger_hits_every_button(browser, tmp_path, name):
    """A target is at least 24 px wide and high, with the room around it that it takes."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, offline=True
    )
    page = context.new_page()
    page.goto(CASES[name].make().export_html(tmp_path / "view.html").as_uri())
    expect(page.locator(".embedlab .key-figures .fact").first).to_be_visible()
    small = page.evaluate(
        """() => [...document.querySelectorAll(".embedlab :is(button, select, .segment)")]
            .filter((one) => one.offsetParent)
            .map((one) => {
                const { width, height } = one.getBoundingClientRect();
                const after = getComputedStyle(one, "::after");
                const inside = (side) => Math.min(0, parseFloat(after[side]) || 0);
                const room = [width - 2 * inside("left"), height - 2 * inside("top")];
                return [one.textContent.trim(), ...room.map(Math.round)];
            })
            .filter(([, width, height]) => width < 24 || height < 24)"""
    )
    context.close()
    assert small == []
