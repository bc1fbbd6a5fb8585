"""For every eye and hand: axe finds nothing, in light, dark and forced colors, on a phone too."""

import pytest
from view_cases import CASES

COMMON = {"first sight": (), "data table": ("t",), "help": ("?",)}
STATES = [
    (name, description, keys)
    for name, case in CASES.items()
    for description, keys in [
        *((description, (case.first, *keys)) for description, keys in COMMON.items()),
        *case.states.items(),
    ]
]
TRACES = [(name, params) for name, case in CASES.items() for params in case.traces]
NARROW = [
    (name, params, panel)
    for name, case in CASES.items()
    for params, panel in [({}, ""), ({}, "t"), ({}, "?"), ({}, "p"), (case.large, "")]
    + [(params, "") for params in case.traces]
]


CONTRAST = {"runOnly": ["color-contrast"]}
ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}


def violations(view, axe, options=None):
    view.page.add_script_tag(path=axe)
    view.page.wait_for_function(
        "document.getAnimations().every(a => a.playState !== 'running')"
    )  # axe would measure the contrast of what is still fading in
    results = view.page.evaluate(
        "options => axe.run('.embedlab', options).then(r => r.violations)",
        {"resultTypes": ["violations"], **(options or {})},  # the rest costs most of the time
    )
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in results
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(("name", "description", "keys"), STATES)
def test_axe_finds_nothing(show, axe, name, description, keys):
    view = show(CASES[name].make())
    start, *rest = keys
    view.place(start).focus()
    view.press(*rest)
    results = violations(view, axe)
    view.page.emulate_media(color_scheme="dark")
    view.page.wait_for_selector(".embedlab.dark")
    assert [*results, *violations(view, axe, CONTRAST)] == []  # only the colors are others


@pytest.mark.parametrize(("name", "params"), TRACES)
def test_axe_finds_nothing_in_other_traces(show, axe, name, params):
    assert violations(show(CASES[name].make(**params)), axe) == []


@pytest.mark.parametrize(("name", "params", "panel"), NARROW)
def test_on_a_phone_nothing_scrolls_sideways(show, axe, name, params, panel):
    case = CASES[name]
    view = show(case.make(**params), width=360, height=700)
    view.place(case.first).focus()
    view.press(*panel)
    width = "document.documentElement.scrollWidth"
    assert view.page.evaluate(width) == 360
    wide = view.root.evaluate(
        """root => [...root.querySelectorAll("*")]
            .filter(e => !e.closest(".lines") && !e.closest(".unseen") && !e.closest("svg"))
            .filter(e => e.getBoundingClientRect().right > root.getBoundingClientRect().right + 0.5)
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert wide == []
    order = [".figure", ".narration", ".transport", ".left", ".card", ".key-figures"]
    tops = [
        view.root.locator(part).first.bounding_box()["y"]
        for part in order
        if view.root.locator(part).count()
    ]
    assert tops == sorted(tops)
    if params == {}:  # other traces meet axe above, at full width
        assert violations(view, axe, ALL_BUT_CONTRAST) == []


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


@pytest.mark.parametrize("name", CASES)
def test_the_view_takes_the_host_s_side(show, name):
    view = show(CASES[name].make())
    assert "light" in view.root.get_attribute("class")
    view.page.evaluate("document.body.style.setProperty('--jp-layout-color0', '#111')")
    view.page.wait_for_selector(".embedlab.dark")
    view.page.evaluate("document.body.style.setProperty('--jp-layout-color0', 'white')")
    view.page.wait_for_selector(".embedlab.light")


@pytest.mark.parametrize("name", CASES)
def test_with_reduced_motion_nothing_moves(show, name):
    case = CASES[name]
    view = show(case.make(), reduced_motion="reduce")
    view.click("top:predict")
    view.click("predict:reveal")
    assert view.page.evaluate("document.getAnimations().length") == 0


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
