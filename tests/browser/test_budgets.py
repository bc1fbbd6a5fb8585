"""How long the eye waits, measured inside the page, with a kernel that is 150 ms away.

Each budget is met by the best of a few rounds: a machine is busy at times, a slow view always.
"""

from statistics import median

import pytest

from embedlab.explorers.lookup import LookupExplorer

DELAY = 150
ROUNDS = 12
LARGE = {"text": "the cat sat on the mat and a dog ran in", "input_dim": 40, "output_dim": 32}


@pytest.fixture
def view(show):
    return show(LookupExplorer(**LARGE), delay=DELAY)


def measures(view, act):
    """Take the measures of an act out of the page."""
    view.settle()
    view.page.wait_for_function("new Promise(done => setTimeout(() => done(true), 30))")
    return view.page.evaluate(
        """act => {
            const all = performance.getEntriesByName(`embedlab:${act}`).map(m => m.duration);
            performance.clearMeasures(`embedlab:${act}`);
            return all;
        }""",
        act,
    )


def best(rounds, budget):
    """Give the least of a few rounds; stop at the first within the budget."""
    found = []
    for run in rounds:
        found.append(run())
        if found[-1] <= budget:
            break
    return min(found)


def p95(values):
    assert len(values) >= 20, "too few acts were measured"
    return sorted(values)[int(0.95 * (len(values) - 1))]


def test_hover_to_paint(view):
    box = view.root.locator(".stage").bounding_box()

    def run():
        for k in range(30):
            x = box["x"] + 10 + (k * 97) % (box["width"] - 20)
            view.page.mouse.move(x, box["y"] + 60 + (k * 53) % (box["height"] - 120))
        return p95(measures(view, "hover"))

    assert best([run] * ROUNDS, 16) <= 16


def test_step_to_paint(view):
    view.place("chip:0").focus()

    def run():
        for _ in range(2):
            view.press(*["."] * 10, *[","] * 10)
        return p95(measures(view, "step"))

    assert best([run] * ROUNDS, 33) <= 33


def test_edit_to_paint(view):
    def run():
        view.page.evaluate("models.view0.trips = []")
        slower = []
        for _ in range(5):
            view.python(output_dim=32)
            measures(view, "edit")
            view.page.evaluate("models.view0.trips = []")
            view.place("output_dim").focus()
            view.page.keyboard.press("ArrowLeft")
            view.wait(output_dim=31)
            (took,) = measures(view, "edit")
            (trip,) = view.page.evaluate("models.view0.trips")
            assert trip >= DELAY
            slower.append(took - trip)
        return median(slower)

    assert best([run] * ROUNDS, 60) <= 60


def test_first_paint(show):
    assert best([lambda: show(LookupExplorer(**LARGE)).first] * ROUNDS, 1000) <= 1000
