"""A view made with `ask=True` opens with its question, before it shows the answer."""

import pytest
from playwright.sync_api import expect
from view_cases import CASES


@pytest.mark.parametrize("name", CASES)
def test_it_asks_before_it_shows(show, name):
    view = show(CASES[name].make(ask=True))
    expect(view.root.locator("section.predict")).to_contain_text("Predict.")
    view.click("predict:reveal")
    view.click("predict:done")
    expect(view.root.locator("section.predict")).to_have_count(0)
    view.reached("answers")
    assert len(view.explorer.answers) == 1
