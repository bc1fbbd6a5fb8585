"""A view made with `ask=True` opens with its question, before it shows the answer."""

import pytest
from cases import CASES


@pytest.mark.parametrize("name", CASES)
def test_it_asks_before_it_shows(show, name):
    view = show(CASES[name].make(ask=True))
    assert view.root.locator("section.predict").inner_text().startswith("Predict.")
    view.place("predict:reveal").click()
    view.place("predict:done").click()
    assert view.root.locator("section.predict").count() == 0
    view.reached("answers")
    assert len(view.explorer.answers) == 1
