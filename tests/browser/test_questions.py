"""With a question open, nothing that is read, heard or seen gives its answer away.

Each view is asked once. Its text and attributes are searched for what only the answer would
bring, and what belongs to a right item must look like what belongs to a wrong one.
"""

import numpy as np
import pytest
from playwright.sync_api import expect
from view_cases import CASES

from embedlab.explorers.training import TrainingExplorer
from embedlab.traces.text import format_number

READ = """root => {
    const texts = [root.innerText];
    for (const e of [root, ...root.querySelectorAll("*")]) {
        for (const { name, value } of e.attributes)
            if (/^(aria-|data-|alt$|title$|value)/.test(name)) texts.push(`${name}=${value}`);
        for (const node of e.childNodes) if (node.nodeType === 3) texts.push(node.data);
        if (e.localName === "title" || e.localName === "desc") texts.push(e.textContent);
    }
    return texts.join("\\n");
}"""

LOOKS = """(root, items) => items.map((selectors) => selectors.flatMap((selector) =>
    [...root.querySelectorAll(selector)].map((e) => [
        e.localName, e.getAttribute("class") ?? "", e.getAttribute("aria-selected"),
        e.getAttribute("aria-disabled"), e.getAttribute("stroke"), e.getAttribute("opacity"),
        getComputedStyle(e).color, getComputedStyle(e).stroke, getComputedStyle(e).opacity,
        getComputedStyle(e).fontWeight, getComputedStyle(e).borderTopColor,
        e.closest("[role=option], text, circle.choice") ? getComputedStyle(e).fill : "",
    ].join("|").replace(/ +/g, " "))))"""


def nth(selector, n):
    return f":nth-child({n + 1} of {selector})"


def lookup(explorer):
    right = {int(i) for i in explorer.trace.ids}
    items = {row: [f'[data-place^="cell:{row}:"]', nth(".rowlabel", row)] for row in range(16)}
    return items, right, ["out[", "read by", "reads row", "times"]


def gradient(explorer):
    right = {int(row) for row in np.flatnonzero(np.any(explorer.trace.added, axis=1))}
    items = {row: [f'[data-place^="cell:{row}:"]', nth(".rowlabel", row)] for row in range(14)}
    return items, right, ["dW[", f"{len(right)} of 14", "rows with gradient", "no gradient"]


def mask(explorer):
    stages = explorer.trace.stages
    right = {k for k, stage in enumerate(stages) if stage.status == "lost here"}
    items = {k: [f'[data-place="layer:{k}"]', f'[data-place^="at:{k}:"]'] for k in range(1, 3)}
    (lost,) = right
    secrets = [
        f"layer {lost + 1} of",
        "lost",
        "does not pass",
        "off by",
        "; counts",
        "masked",
        "kept",
    ]
    return items, right, [*secrets, stages[lost].reason]


def geometry(explorer):
    trace = explorer.trace
    rows = [int(row) for row in trace.candidates]
    items = {n: [f'[data-place="choice:{n}"]', nth("circle.choice", n)] for n in range(len(rows))}
    numbers = [format_number(trace.cosines[row]) for row in rows]
    return items, {rows.index(int(trace.near[0]))}, ["cosine 0", *numbers]


def quantize(explorer):
    trace, row = explorer.trace, explorer.row
    scheme = trace.schemes[explorer.scheme]
    codes = np.flatnonzero(scheme.growth.codes[row] != scheme.codes[row]).tolist()
    right = {*codes, *(8 + other for other in scheme.growth.others.get(row, ()))}
    items = {k: [f'[data-place="cell:code:{k}"]', f'[data-place="mark:{k}"]'] for k in range(8)}
    items |= {8 + k: [f'[data-place="row:{k}"]'] for k in range(16)}
    after = format_number(scheme.growth.largest_error[row], 3)
    return items, right, ["changed", "keeps its code", "has a new code", after]


def lora(explorer):
    errors = [f"{format_number(100 * e, 1)} %" for e in explorer.trace.errors[1:] if e > 1e-3]
    return {}, set(), ["nothing is left", "directions", "σ", *errors]


def training(explorer):
    return {}, set(), ["without a gradient", "moved", "momentum", "lazy adam", "stays", "remembers"]


def window(explorer):
    trace = explorer.trace
    rows = len(trace.words)
    right = {int(n) for n in np.flatnonzero(trace.updated(explorer.position).reshape(-1))}
    items = {
        side * rows + row: [
            f'[data-place^="cell:{side}:{row}:"]',
            nth(f".rowlabel.side{side}", row),
        ]
        for side in range(2)
        for row in range(rows)
    }
    return items, right, ["mean loss", "σ(", f"of {rows}", "changes one row", "alone", "pulls"]


def shard(explorer):
    items = {w: [f'[data-place="worker:{w}"]', f'[data-place="answer:{w}"]'] for w in range(4)}
    return (
        items,
        {*explorer.trace.busiest},
        ["B in", "imbalance", "expected", "returns", "not asked"],
    )


VIEWS = {
    f.__name__: f
    for f in (lookup, gradient, mask, geometry, quantize, lora, training, window, shard)
}
SELECTED = (
    "hit",
    "own",
    "worst",
    "lit",
    "largest",
    "movable",
)  # of the selected or largest, in sight


def looks(view, items):
    matches = view.root.evaluate(LOOKS, list(items.values()))
    assert all(matches), f"no match for {items}"
    plain = []
    for places in matches:
        words = [[w for w in place.split(" ") if w.rstrip("|") not in SELECTED] for place in places]
        plain.append({" ".join(w) for w in words})
    return dict(zip(items, plain, strict=True))


@pytest.mark.parametrize("name", VIEWS)
def test_text_attributes_and_looks_keep_the_answer(show, name):
    explorer = CASES[name].make()
    items, right, secrets = VIEWS[name](explorer)
    view = show(explorer)
    view.click("top:predict")
    texts = [explorer.trace.alt, *explorer.trace.summary.splitlines()]

    def search(where):
        text = view.root.evaluate(READ)
        assert [secret for secret in [*secrets, *texts] if secret in text] == [], where

    search("as it opens")
    if items:
        plain = looks(view, items)
        wrong = [item for item in items if item not in right]
        assert {frozenset(plain[i]) for i in right} <= {frozenset(plain[i]) for i in wrong}
        for item in (min(right), wrong[-1]):
            view.root.locator(items[item][0]).first.hover()
            view.settle()
            search(f"at {items[item][0]}")
    view.press("Tab", "Shift+Tab")
    search("with the keyboard on it")
    view.click("predict:reveal")
    text = view.root.evaluate(READ)
    assert explorer.trace.alt in text  # what was looked for is what the answer brings
    assert any(secret in text for secret in secrets)


def test_the_curve_asked_for_in_training_is_that_of_no_gradient(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    view.click("top:predict")
    count = view.root.locator('[data-place^="curve:"]').count()
    step = int(view.root.locator(".transport .count").inner_text().split()[1])
    run, moon = explorer.trace.runs[0], explorer.trace.words.index("moon")
    table = run.table[:, moon].astype(float)
    ahead = [np.linalg.norm(table[step + k] - table[step]) for k in range(1, count + 1)]
    text = view.root.evaluate(READ)
    assert [far for far in ahead if format_number(far, 4) in text] == []
    assert not run.grad[step : step + count, moon].any()
    view.click("predict:reveal")
    assert format_number(ahead[-1], 4) in view.root.evaluate(READ)


def test_a_place_to_choose_between_last_mean_and_sum(show):
    view = show(CASES["gradient"].make())
    view.place("duplicates").focus()
    view.press("Enter")
    answers = view.root.locator('[data-place^="duplicates:"]')
    assert answers.count() == 3
    assert len({a.get_attribute("class") for a in answers.all()}) == 1
    assert view.root.locator('[data-place^="cell:"][aria-label^="dW"]').count() == 0
    assert len({a.get_attribute("aria-pressed") for a in answers.all()}) == 1


@pytest.fixture(scope="module")
def offline(browser):
    """Return two pages without a network: one without scripts, and one with them."""
    contexts = [browser.new_context(offline=True, java_script_enabled=on) for on in (False, True)]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


@pytest.mark.one_in(3, 1)
@pytest.mark.parametrize("name", VIEWS)
def test_an_exported_page_that_asks_has_no_picture_of_the_answer(offline, tmp_path, name):
    explorer = CASES[name].make()
    explorer.ask = True
    address = explorer.export_html(tmp_path / "view.html").as_uri()
    still, live = offline
    still.goto(address)
    assert still.locator("img").count() == 0
    assert still.locator("pre").inner_text() == explorer.QUESTION
    live.goto(address)
    expect(live.locator("section.predict")).to_contain_text("Predict.")
    assert explorer.trace.alt not in live.locator(".embedlab").evaluate(READ)
