"""The keyboard stays in the view, also where the button under it goes or ends."""

import pytest
from view_cases import CASES

from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.quantize import QuantizationExplorer

INSIDE = """root => root.contains(document.activeElement) && !document.activeElement.disabled"""
BUTTONS = """root => [...root.querySelectorAll(".left button, .top button")]
    .filter((b) => !b.disabled && b.dataset.place !== "top:full").map((b) => b.dataset.place)"""


@pytest.mark.one_in(3, 1)
@pytest.mark.parametrize("name", CASES)
def test_no_button_drops_the_keyboard(show, in_turn, name):
    view = show(CASES[name].make())
    places = view.root.evaluate(BUTTONS)
    assert len(places) >= 4
    # The second time some of them are other ones: drop, unmerge.
    for place in in_turn(places, 2, list(CASES).index(name)) * 2:
        button = view.place(place)
        if not button.count() or button.is_disabled():
            continue
        button.focus()
        view.press("Enter")
        view.still()
        assert view.root.evaluate(INSIDE), place
        if view.root.locator("section.predict").count():
            view.press("Escape")
            assert view.root.evaluate(INSIDE), place


def test_a_button_that_goes_hands_the_keyboard_to_its_neighbor(show):
    view = show(QuantizationExplorer(flips=[["int4", 9, 0, 7]]))
    view.place("unflip").focus()
    view.press("Enter")
    view.wait(flips=[])
    assert view.place("unflip").count() == 0 and view.root.evaluate(INSIDE)
    assert view.focused in ("input_dim", "tenfold", "transport:speed")


def test_a_full_row_of_layers_says_so(show):
    view = show(MaskExplorer(layers=["Dropout"] * 4 + ["Flatten"]))
    view.place("layer:1").focus()
    view.press("+")
    assert "The row is full: 5 layers" in view.narration and view.focused == "layer:1"
