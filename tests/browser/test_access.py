"""For every eye and hand: axe finds nothing, in light, dark and forced colours, on a phone too."""

import os
from pathlib import Path

import pytest

from embedlab.explorers.lookup import LookupExplorer

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
STATES = {
    "first sight": (),
    "the sum": ("out:0:0", "Enter"),
    "predicting": ("chip:0", "p"),
    "revealed": ("chip:0", "p", "Enter", "p"),
    "data table": ("chip:0", "t"),
    "help": ("chip:0", "?"),
    "changing a weight": ("cell:1:0", "Enter"),
}


@pytest.fixture(scope="session")
def axe():
    if AXE.exists():
        return str(AXE)
    message = "no axe-core: run `npm ci` in js"
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def violations(view, axe):
    view.page.add_script_tag(path=axe)
    view.page.wait_for_function(
        "document.getAnimations().every(a => a.playState !== 'running')"
    )  # axe would measure the contrast of what is still fading in
    found = view.page.evaluate("axe.run('.embedlab').then(r => r.violations)")
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(show, axe, scheme, state):
    view = show(LookupExplorer(), color_scheme=scheme)
    start, *keys = STATES[state] or ("chip:0",)
    view.place(start).focus()
    view.press(*keys)
    assert violations(view, axe) == []


@pytest.mark.parametrize("params", [
    {"text": "the #99"}, {"input_dim": 400}, {"way": "one-hot"}, {"text": ""},
    {"oob": "nan", "text": "#99"},
])  # fmt: skip
def test_axe_finds_nothing_in_other_traces(show, axe, params):
    assert violations(show(LookupExplorer(**params)), axe) == []


@pytest.mark.parametrize("panel", ["", "t", "?", "p"])
@pytest.mark.parametrize("params", [{}, {"input_dim": 400, "output_dim": 32}, {"text": "the #99"}])
def test_on_a_phone_nothing_scrolls_sideways(show, axe, params, panel):
    view = show(LookupExplorer(**params), width=360, height=700)
    view.place("chip:0").focus()
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
    order = [".figure", ".card", ".say", ".right", ".left"]
    tops = [
        view.root.locator(part).first.bounding_box()["y"]
        for part in order
        if view.root.locator(part).count()
    ]
    assert tops == sorted(tops)
    assert violations(view, axe) == []


def test_signs_are_marks_and_forced_colours_keep_them(show):
    view = show(LookupExplorer(), forced_colors="active")
    assert "forced" in view.root.get_attribute("class")
    fills = view.root.locator(".cell").evaluate_all(
        "cells => [...new Set(cells.map(c => getComputedStyle(c).fill))]"
    )
    assert len(fills) == 1  # the colour says nothing here
    marks = view.root.locator("[role=grid] .mark").evaluate_all(
        "paths => paths.map(p => p.getAttribute('d')).filter(Boolean).length"
    )
    assert marks > 20
    chosen = view.root.locator(".segment input:checked + span").first
    assert chosen.evaluate("e => getComputedStyle(e).backgroundColor") != view.root.evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )


def test_the_view_takes_the_host_s_side(show):
    view = show(LookupExplorer())
    assert "light" in view.root.get_attribute("class")
    view.page.evaluate("document.body.style.setProperty('--jp-layout-color0', '#111')")
    view.page.wait_for_selector(".embedlab.dark")
    view.page.evaluate("document.body.style.setProperty('--jp-layout-color0', 'white')")
    view.page.wait_for_selector(".embedlab.light")


def test_with_reduced_motion_nothing_moves(show):
    view = show(LookupExplorer(), reduced_motion="reduce")
    view.place("race").click()
    view.settle()
    assert view.root.locator(".race.done").count() == 1  # at once
    view.place("top:predict").click()
    view.place("predict:reveal").click()
    view.settle()
    assert view.page.evaluate("document.getAnimations().length") == 0


def test_the_styles_of_a_host_do_not_bend_the_view(show):
    view = show(LookupExplorer())
    value = view.root.locator(".right dd").nth(1)
    before = value.bounding_box()
    view.page.add_style_tag(
        content="""main dl { overflow: hidden } main dl dt { float: left; width: 20% }
        main dl dd { float: left; width: 80% } main kbd { font: 13px monospace; padding: 9px }"""
    )
    view.settle()
    assert value.bounding_box() == before
