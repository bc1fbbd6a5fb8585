"""Latency of each interaction, measured inside the page, with a kernel that is 150 ms away.

A short warm-up that is not counted, then a fixed number of acts, and one figure over all of them:
no act is done again because it was slow. `make test` runs this file while nothing else runs.
"""

from statistics import median

import pytest
from view_cases import CASES, THOROUGH

DELAY = 150
PAGES = 3 if THOROUGH else 1
HOVER, STEP, EDIT = 24, 45, 80
"""Milliseconds allowed where a machine is as fast as REFERENCE in machine_speed.py says. The goals
are 16, 33 and 60, and two quiet cores reach them: slowest are the hover of training, 11.7, the step
of LoRA, 30.4, and the edit of lookup, 38.8."""

pytestmark = [pytest.mark.budget, pytest.mark.parametrize("name", CASES)]


@pytest.fixture
def view(show, name):
    case = CASES[name]
    return show(case.make(**case.large), delay=DELAY)


def measures(view, act):
    """Take the measures of an act out of the page."""
    view.settle()
    view.settle()  # the frame of the last act, and the one in which its measure is noted
    return view.page.evaluate(
        """act => {
            const all = performance.getEntriesByName(`embedlab:${act}`).map(m => m.duration);
            performance.clearMeasures(`embedlab:${act}`);
            return all;
        }""",
        act,
    )


def over_all(run, most):
    """Return what `most` acts measured, after a few acts that warm the page up."""
    run(most // 3)
    return run(most)


def p95(values):
    assert len(values) >= 20, "too few acts were measured"
    return sorted(values)[int(0.95 * (len(values) - 1))]


@pytest.mark.one_in(3)
def test_hover_to_paint(view, allowed):
    box = view.root.locator(".figure").bounding_box()

    def run(acts):
        for k in range(acts):
            x = box["x"] + 10 + (k * 97) % (box["width"] - 20)
            view.page.mouse.move(x, box["y"] + 60 + (k * 53) % (box["height"] - 120))
        return measures(view, "hover")

    assert p95(over_all(run, 60)) <= allowed(HOVER)


@pytest.mark.one_in(3, 1)
def test_step_to_paint(view, name, allowed):
    view.place(CASES[name].first).focus()

    def run(acts):
        view.press(*["."] * (acts // 2), *[","] * (acts // 2))
        return measures(view, "step")

    assert p95(over_all(run, 30)) <= allowed(STEP)


@pytest.mark.one_in(3, 2)
def test_edit_to_paint(view, name, allowed):
    parameter, there, back = CASES[name].edit

    def edit(key):
        """Press a key on the slider; return the view's time beyond the kernel's round trip."""
        view.page.evaluate("models.view0.trips = []")
        before = getattr(view.explorer, parameter)
        view.place(parameter).focus()
        view.page.keyboard.press(key)
        view.page.wait_for_function(
            """([name, before]) => {
                const now = models.view0.get("message").header.params[name];
                return JSON.stringify(now) !== JSON.stringify(before);
            }""",
            arg=[parameter, before],
        )
        (took,) = measures(view, "edit")
        (trip,) = view.page.evaluate("models.view0.trips")
        assert trip >= DELAY
        return took - trip

    def run(acts):
        return [edit(key) for _ in range(acts // 2) for key in (there, back)]

    measures(view, "edit")  # what came before is not counted
    assert median(over_all(run, 6)) <= allowed(EDIT)


@pytest.mark.one_in(3)
def test_first_paint(show, name, allowed):
    """In a page of its own each time: a page that has shown a view has its code compiled."""
    case = CASES[name]
    took = [show(case.make(**case.large), fresh=True).first for _ in range(PAGES)]
    assert median(took) <= allowed(1000)
