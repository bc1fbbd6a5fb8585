"""One truth in the page: every control of a view, after every other, to both of its ends by key.

Whatever an edit leads to, each control shows what Python holds, except the text that was typed and
refused; a refused edit names its cause; and the next good edit ends the error. One page a view, its
controls in an order drawn from a seed in which each follows each other one; the gate goes a third
of that order.
"""

from itertools import pairwise

import numpy as np
import pytest
from view_cases import CASES, THOROUGH

from embedlab.explorers.geometry import GeometryExplorer

pytestmark = pytest.mark.slow
ROWS = np.random.default_rng(5).normal(size=(30, 6))
WORDS = [f"w{n}" for n in range(30)]
EXPLORERS = {
    "geometry": lambda: GeometryExplorer("w7", table=ROWS, words=WORDS, a="w1", b="w2", c="w29")
}
TEXTS = ["", "zebra apple zebra", "#1 #0", "#9999"]
TYPED = {"text", "word"}  # what is typed stays as it was typed, right or wrong
LABELS = {"lora": "α / r", "rslora": "α / √r", "zero": "A zero", "random": "A random"}

CONTROLS = """root => [...root.querySelectorAll(
        ".left input, .left select, .left textarea, .left button")]
    .map((e) => e.type === "radio" ? e.closest("[role=radiogroup]").querySelector("input") : e)
    .filter((e, i, all) => all.indexOf(e) === i && !/^(race|duplicates)$/.test(e.dataset.place))
    .map((e) => [e.dataset.place, e.type])"""

FOCUS = """([n, place]) => {
    const control = document.querySelector(`#${n} .embedlab [data-place="${place}"]`);
    if (!control || control.matches(":disabled, [aria-disabled=true]")) return false;
    control.focus();
    return true;
}"""

# What the view shows once Python has answered, in one question: its alerts, and the values of its
# controls.
SCREEN = """(n) => new Promise((done) => {
    const values = (root) => [
        [...root.querySelectorAll("[role=alert]")].map((e) => e.innerText),
        Object.fromEntries([...root.querySelectorAll(".left input, .left select, .left textarea")]
            .filter((e) => e.type !== "radio" || e.checked)
            .map((e) => [e.type === "radio" ? e.dataset.place.split(":")[0] : e.dataset.place,
                e.type === "range" ? e.getAttribute("aria-valuetext").split(" = ")[1] : e.value]))];
    const look = () => models[n].reached.length === models[n].sent.length
        ? requestAnimationFrame(() => setTimeout(() =>
            done(values(document.querySelector(`#${n} .embedlab`)))))
        : setTimeout(look);
    look();
})"""


def each_after_each(names, rng):
    """Return an order of the names in which every ordered pair of them stands side by side."""
    left = {name: [other for other in names if other != name] for name in names}
    for others in left.values():
        rng.shuffle(others)
    stack, order = [names[0]], []
    while stack:  # a round trip over all edges of the complete graph
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            order.append(stack.pop())
    return order


def expected(explorer):
    """Return the values that controls show, by the name of the control."""
    values = {name: str(value) for name, value in explorer.params.items()}
    if explorer.VIEW == "training":  # there, "runs" is not the control of that name
        return {name: value for name, value in values.items() if name != "runs"}
    if explorer.VIEW == "lora":
        values |= {name: LABELS[values[name]] for name in ("scaling", "start")}
        values["target"] = values["target"].replace("own", "your own")
    if explorer.VIEW == "window":
        values["learning_rate"] = f"{explorer.learning_rate:g}"
    if explorer.VIEW == "quantize":
        values["block"] = str(min(explorer.block, explorer.trace.table.shape[1]))
    return values


def change(view, kind, rng):
    """Change the focused control by key: to one of its ends, another choice, or another text."""
    keyboard, end = view.page.keyboard, bool(rng.integers(2))
    if kind == "radio":
        for _ in range(1 + int(rng.integers(3))):
            keyboard.press("ArrowRight" if end else "ArrowLeft")
    elif kind == "button":
        keyboard.press("Enter")
    elif kind in ("text", "textarea"):
        keyboard.press("ControlOrMeta+a")
        keyboard.insert_text(TEXTS[rng.integers(len(TEXTS))])
        if kind == "text":
            keyboard.press("Enter")
    else:
        keyboard.press("End" if end else "Home")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_every_control_after_every_other_shows_what_python_holds(show, name):
    explorer = EXPLORERS.get(name, CASES[name].make)()
    view = show(explorer)
    rng = np.random.default_rng(3)
    controls = dict(view.root.evaluate(CONTROLS))
    order = each_after_each(list(controls), rng)
    assert len(set(pairwise(order))) == len(controls) * (len(controls) - 1) > 5
    visited = order if THOROUGH else order[: len(order) // 3]
    for place in visited:
        if not view.page.evaluate(FOCUS, [view.name, place]):
            continue  # another edit took it away: a row that is full takes no layer
        change(view, controls[place], rng)
        alerts, values_on_screen = view.page.evaluate(SCREEN, view.name)
        assert explorer.message["header"]["error"] == explorer.error, place
        if explorer.error:
            assert explorer.error.split(".")[0] in " ".join(alerts), place
        elif not getattr(explorer.trace, "error", None):
            assert alerts == [], place
        values = expected(explorer)
        for label, value in values_on_screen.items():
            if not (label in TYPED and explorer.error):
                assert value == values.get(label, value), (place, label)
    assert view.narration
