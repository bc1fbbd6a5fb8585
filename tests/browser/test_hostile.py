"""Odd and hostile parameters: a drawn sentence, never a blank and never a broken view."""

import pytest
from view_cases import CASES

HOSTILE = [(name, n) for name, case in CASES.items() for n in range(len(case.hostile))]


@pytest.mark.one_in(8)
@pytest.mark.parametrize(("name", "number"), HOSTILE)
def test_hostile_states_are_drawn_and_described(show, name, number):
    case = CASES[name]
    view = show(case.make(**case.hostile[number]))
    assert view.page.title() == "A view, alone"  # no script of a learner's text ran
    assert view.root.locator("script, img, iframe").count() == 0
    assert view.narration.endswith((".", "…", "?", ")"))
    assert view.root.locator(".figure").bounding_box()["height"] > 60
    view.press("Tab", ".", ",", "t")
    assert view.root.locator(".tables table").count() >= 1


@pytest.mark.one_in(3, 1)
@pytest.mark.parametrize("name", CASES)
def test_a_message_that_is_none_leaves_the_view_and_says_so(show, name):
    view = show(CASES[name].make())
    before = view.root.locator(".figure").inner_html()
    view.page.evaluate(
        """() => {
            const { header } = models.view0.get("message");
            const broken = { ...header, version: 999 };
            models.view0.take({ message: { header: broken, buffer: "" } });
        }"""
    )
    view.settle()
    assert view.root.locator("[role=alert]").first.inner_text().strip()
    assert view.root.locator(".figure").inner_html() == before
