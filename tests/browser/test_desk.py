"""The frame at a desk: heights, what is seen together, a question that hides its answer."""

import pytest
from playwright.sync_api import expect
from view_cases import CASES, THOROUGH

DESK = (833, 934, 1100)  # JupyterLab with its sidebar open, 1280 and 1366 px wide; and closed
WIDTHS = len(DESK) if THOROUGH else 1  # of each state: in turn, so each view is seen at each
HIGHEST = 660
VISIBLE = ".left, .figure, .narration"
STATES = [
    (name, state, keys)
    for name, case in CASES.items()
    for state, keys in {"first sight": (), **case.states}.items()
]

CUT = """root => [...root.querySelectorAll("p, dd, dt, button, h2, h3, .name, output, .narration")]
    .filter(e => e.clientWidth && !e.closest(".unseen, .stage"))
    .filter(e => e.scrollWidth > e.clientWidth + 1)
    .concat([...root.querySelectorAll("header, .left, .predict, .key-figures, footer")]
        .filter(e => e.scrollHeight > e.clientHeight + 1))
    .map(e => `${e.className} ${e.textContent.trim().slice(0, 40)}`)"""

LONG = """root => [...root.querySelectorAll(".formula > *")].some(e => e.offsetHeight > 46)"""

TWICE = """root => [...root.querySelectorAll("[data-place]")].map(e => e.dataset.place)
    .filter((place, i, all) => all.indexOf(place) !== i)"""

ROWS = """root => [...root.children].map(e => [e.className, e.getBoundingClientRect().height])"""


def at_width(show, explorer, width, **options):
    return show(explorer, width=width + 16, **options)  # the page has a margin of 8 px


def resize(view, width):
    view.page.set_viewport_size({"width": width + 16, "height": view.page.viewport_size["height"]})
    view.settle()
    view.settle()  # the view measures itself in the first frame, and draws in the next


@pytest.mark.one_in(3)
@pytest.mark.parametrize("number", range(len(STATES)), ids=lambda n: "-".join(STATES[n][:2]))
def test_a_view_is_at_most_660_high_in_every_state(show, number):
    name, _, keys = STATES[number]
    first = number % len(DESK)  # each width is also one that a view is opened at
    view = at_width(show, CASES[name].make(), DESK[first])
    if keys:
        place, *rest = keys
        if not view.place(place).count():
            view.click("top:numbers" if place.startswith("fact:") else "top:more")
        view.place(place).focus()
        view.press(*rest)
    for width in (*DESK[first:], *DESK[:first])[:WIDTHS]:
        resize(view, width)
        assert view.root.bounding_box()["width"] == width
        assert view.root.bounding_box()["height"] <= HIGHEST
        assert view.root.evaluate(CUT) == []
        if view.root.locator(".card.pinned, .formula .strip").count() == 0:
            assert view.root.evaluate(LONG) is False


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", CASES)
def test_other_traces_keep_the_height_of_every_row(show, in_turn, name):
    rows = {}
    first_sight, *others = enumerate([{}, *CASES[name].traces])
    for number, params in [first_sight, *in_turn(others, 3)]:
        first = number % len(DESK)
        view = at_width(show, CASES[name].make(**params), DESK[first])
        for width in (*DESK[first:], *DESK[:first])[: WIDTHS if number else None]:
            resize(view, width)
            heights = view.root.evaluate(ROWS)
            assert heights == rows.setdefault(width, heights)
            assert view.root.evaluate(CUT) == []
            assert view.root.evaluate(LONG) is False


@pytest.mark.parametrize("name", CASES)
def test_controls_figure_and_narration_are_seen_together(show, name):
    view = at_width(show, CASES[name].make(), 833, height=HIGHEST + 16)
    for part in view.root.locator(VISIBLE).all():
        box = part.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= HIGHEST + 16
    assert 2 <= view.root.locator(".left > .field, .left > button.primary").count() <= 4
    assert 3 <= view.root.locator(".key-figures dt").count() <= 5
    view.click("top:more")
    assert view.root.locator(".rest").is_visible() and view.focused == "top:more"
    view.press("Escape")
    assert view.root.locator(".rest").count() == 0 and view.focused == "top:more"
    view.click("top:numbers")
    assert view.root.evaluate(TWICE) == []
    drawer = view.root.locator(".right").bounding_box()
    for part in (".formula", ".narration"):
        assert drawer["y"] + drawer["height"] <= view.root.locator(part).bounding_box()["y"]
    view.press("Escape")
    assert view.root.locator(".right").count() == 0 and view.focused == "top:numbers"
    assert view.root.bounding_box()["height"] <= HIGHEST


HIDDEN = {
    "lookup": ".ribbon, .ring, .rowlabel.used, .onehot, .card",
    "gradient": ".ribbon, .ring, .rowlabel.used, .piles, .lost, .silent, .card, .error-curve",
    "mask": ".stage .stripes, .strand, .lost, .status-of, .distances, .off, .card, .pooled",
    "geometry": '[data-place^="near:"], [data-place^="seems:"], .ruler, .answer, .card, .both',
    "training": ".trail, .arrows, .no-grad, .moved, .alone, .unbranched, .lanes, .loss, .true, "
    ".card",
    "quantize": ".moved, .was, .bump, .histogram, .card",
    "window": ".ribbon, .ring, .rowlabel.used, .faded, .pair .num, .card",
    "shard": ".ribbon, .flying, .wires, .load, .busiest, .again, .faded, .cell, .card",
    "lora": ".reached, .spectrum .bar, .errors .point, .errors .line, .errors .dot, .card",
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("width", [833, 1584])
@pytest.mark.parametrize("name", CASES)
def test_with_a_question_open_nothing_gives_the_answer_away(show, name, width):
    explorer = CASES[name].make()
    view = at_width(show, explorer, width)
    alt = view.root.locator(".stage").get_attribute("aria-label")
    view.click("top:predict")
    expect(view.root.locator("section.predict")).to_contain_text("Predict.")
    assert view.root.locator(HIDDEN[name]).count() == 0
    assert alt not in view.root.evaluate("root => root.outerHTML")
    assert view.root.locator("button.fact, table, .left").count() == 0
    for place in ("top:table", "transport:play", "transport:scrub"):
        assert view.place(place).is_disabled()
    step = view.root.locator(".transport .count").inner_text()
    view.press("t", ".", ",", "Home", "End")
    assert view.root.locator(".panel").count() == 0
    assert view.root.locator(".transport .count").inner_text() == step
    view.click("predict:reveal")
    view.click("predict:done")
    assert view.root.locator(".left").count() == 1
    assert view.root.locator(".stage").get_attribute("aria-label") == alt


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("width", "size"), [(360, 16), (1584, 16), (833, 32), (360, 32)])
def test_nothing_is_cut_narrow_wide_and_with_large_text(show, name, width, size):
    view = at_width(show, CASES[name].make(), width)
    view.page.add_style_tag(content=f"html {{ font-size: {size}px }}")
    view.page.evaluate("document.body.classList.add('larger')")  # a host says that it changed
    view.settle()
    view.settle()
    assert view.root.evaluate(CUT) == []
    box = view.root.bounding_box()
    assert abs(box["width"] - width) <= 1
    assert view.page.evaluate("document.documentElement.scrollWidth") == width + 16
    font = view.root.locator("h2").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize) * e.currentCSSZoom"
    )
    assert font >= 15 * size / 16


def test_the_pointer_finds_its_cell_with_large_text(show):
    view = at_width(show, CASES["lookup"].make(), 1584)
    view.page.add_style_tag(content="html { font-size: 24px }")
    view.page.evaluate("document.body.classList.add('larger')")
    view.settle()
    view.settle()
    view.hover("out:1:1")
    view.reached("cursor", "(cursor) => cursor.hover?.part === 'out' && cursor.hover.n === 1")


def test_full_screen_enlarges_the_figure(show):
    view = at_width(show, CASES["training"].make(), 1200, height=900)
    before = view.root.locator(".stage").bounding_box()["height"]
    view.click("top:full")
    view.page.wait_for_function("document.fullscreenElement !== null")
    view.settle()
    view.settle()
    assert view.root.locator(".stage").bounding_box()["height"] > before
    view.press("f")
    view.page.wait_for_function("document.fullscreenElement === null")


def test_in_a_host_of_a_given_height_a_view_scrolls(show):
    """As with `explorer.layout.height = "300px"`."""
    view = at_width(show, CASES["lookup"].make(), 1000)
    assert view.root.evaluate("e => e.scrollHeight - e.clientHeight") == 0  # no bar elsewhere
    view.page.evaluate("() => { document.getElementById('view0').style.height = '300px' }")
    view.settle()
    assert view.root.bounding_box()["height"] == 300
    view.place("transport:forward").click()  # what lies below is scrolled to
    box = view.place("transport:forward").bounding_box()
    assert box["y"] + box["height"] <= view.root.bounding_box()["y"] + 300
    expect(view.root.locator(".narration")).to_contain_text("cat")
