"""A learner's own words in the page: V grows with them, or a button makes it."""

from playwright.sync_api import expect

from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.mask import MaskExplorer


def test_the_vocabulary_grows_to_fit_by_a_button(show):
    explorer = LookupExplorer("the cat", input_dim=8)
    view = show(explorer)
    view.fill("text", "the zebra")
    expect(view.root.locator(".strip.error")).to_contain_text("ids must lie in 0..7")
    view.click("grow")
    view.wait(grow=True)
    assert explorer.trace.error is None and explorer.input_dim == int(explorer.trace.ids.max()) + 1
    assert view.root.locator(".strip.error").count() == 0


def test_a_refused_sentence_is_kept_and_fits_after_the_button(show):
    explorer = GradientExplorer("the cat", input_dim=8)
    view = show(explorer)
    view.fill("text", "the zebra")
    expect(view.root.locator(".strip.error")).to_contain_text("ids must lie in 0..7")
    assert explorer.text == "the cat" and view.place("text").input_value() == "the zebra"
    view.click("grow")
    view.wait(text="the zebra")
    assert explorer.error is None and view.root.locator(".strip.error").count() == 0


def test_a_long_text_says_how_much_of_it_is_used(show):
    view = show(GradientExplorer(" ".join(f"word{n}" for n in range(3000))))
    assert "The first 80 of 3" in view.root.locator(".hint").inner_text()


def test_enter_starts_a_line_only_where_a_text_has_several(show):
    view = show(LookupExplorer("the cat"))
    view.place("text").press("End")
    view.place("text").press("Enter")
    assert view.place("text").input_value() == "the cat"
    view = show(MaskExplorer("the cat"))
    field = view.place("text")
    assert int(field.get_attribute("rows")) > 1
    field.press("End")
    field.press("Enter")
    assert "\n" in field.input_value()
