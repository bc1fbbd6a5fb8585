"""A view as one file: opened from the disk, without a server, a network or Python.

The file forbids `eval`, so these tests wait with `expect`: `wait_for_function` polls by `eval`.
"""

import numpy as np
import pytest
from playwright.sync_api import expect
from view_cases import CASES

from embedlab.explorers.explorer import STATIC
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.html_export import NO_PYTHON
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.lora import LoRAExplorer
from embedlab.explorers.mask import MaskExplorer

COMPUTED = {path.stem for path in (STATIC / "core").glob("*.js")}


def root(page):
    page.wait_for_selector(".embedlab")
    return page.locator(".embedlab")


def narration(page):
    return " ".join(page.locator(".narration").inner_text().split())


def test_it_steps_and_says_what_it_shows(saved):
    page = saved(LookupExplorer("the cat sat"))
    view = root(page)
    assert "the" in narration(page)
    view.locator("[data-place]").first.focus()
    page.keyboard.press(".")
    expect(page.locator(".narration")).to_contain_text("cat")


def test_hovering_a_word_tells_its_row(saved):
    page = saved(LookupExplorer("the cat sat"))
    root(page).locator('[data-place="chip:2"]').hover()
    expect(page.locator(".narration")).to_contain_text("sat")


def test_a_prediction_is_revealed(saved):
    page = saved(LookupExplorer("the cat the", input_dim=8))
    view = root(page)
    view.locator('[data-place="top:predict"]').click()
    for row in (1, 4):  # the cat reads 1 and 5
        view.locator(f'[data-place="cell:{row}:0"]').click()
    view.locator('[data-place="predict:reveal"]').click()
    page.wait_for_selector(".tally")
    tally = [" ".join(t.split()) for t in view.locator(".tally").all_inner_texts()]
    assert tally == ["1 right", "1 missed", "1 too many"]


def test_a_lookup_is_computed_in_the_page(saved):
    page = saved(LookupExplorer("the cat sat", output_dim=4))
    view = root(page)
    view.locator("input[value=one-hot]").check()
    expect(view.locator("input[value=one-hot]")).to_be_checked()
    sentence = view.locator('[data-place="text"]')
    sentence.fill("a zebra #99")
    sentence.press("Enter")
    expect(view).to_contain_text("Received 99 at [2]")
    sentence.fill("a zebra")
    sentence.press("Enter")
    expect(view.locator('[data-place="chip:1"]')).to_contain_text("zebra")
    expect(view).not_to_contain_text("Received")


def test_an_adapter_is_trained_in_the_page(saved):
    page = saved(LoRAExplorer(seen=[0], input_dim=6, output_dim=4))
    view = root(page)
    moved = view.locator('[data-place$=":moved"]').first
    expect(moved).to_contain_text("5 of 5")  # rows that are not trained
    view.locator('[data-place="top:more"]').click()
    view.locator('[data-place="start:A zero"]').check()
    expect(moved).to_contain_text("0 of 5")


def test_neighbors_are_computed_in_the_page(saved):
    table = np.random.default_rng(8).normal(size=(60, 6)).astype(np.float32)
    explorer = GeometryExplorer("w7", table=table, words=[f"w{n}" for n in range(60)])
    view = root(saved(explorer))
    explorer.word, explorer.plane = "w9", "random"
    search = view.locator('[data-place="word"]')
    search.fill("w9")
    search.press("Enter")
    near = [explorer.trace.words[row] for row in explorer.trace.near]
    lines = view.locator('[data-place^="near:"]')
    expect(lines).to_contain_text(near)
    search.fill("w60")
    search.press("Enter")
    expect(view).to_contain_text("a word must be one of these 60")
    expect(lines).to_contain_text(near)
    view.locator("input[value=random]").check()
    on_map = [explorer.trace.words[row] for row in explorer.trace.near_map]
    expect(view.locator('[data-place^="seems:"]')).to_contain_text(on_map)


def test_layers_are_computed_in_the_page(saved):
    page = saved(MaskExplorer(layers=["GlobalAveragePooling1D", "Dense"]))
    view, insert = root(page), page.locator('[data-place="insert"]')
    cards = view.locator(".card-layer")
    expect(cards).to_have_count(3)
    cards.first.click()
    expect(cards.first).to_have_attribute("aria-selected", "true")
    insert.select_option("Conv1D")
    expect(cards.nth(1)).to_contain_text("mask lost here")
    expect(page.locator(".narration")).to_contain_text("Conv1D")
    cards.last.click()
    expect(cards.last).to_have_attribute("aria-selected", "true")
    insert.select_option("LSTM")
    expect(view).to_contain_text("Received it after GlobalAveragePooling1D")
    expect(cards).to_have_count(4)


def test_hostile_words_stay_words(saved):
    explorer = LookupExplorer("</script><script>document.title='broken'</script> <img src=x>")
    page = saved(explorer)
    root(page)
    assert page.title() == explorer.QUESTION
    assert page.locator(".embedlab img, .embedlab script").count() == 0


def test_without_scripts_the_still_picture_and_its_numbers_stay(browser, tmp_path):
    explorer = LookupExplorer("the cat sat")
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(explorer.export_html(tmp_path / "view.html").as_uri())
    assert page.locator("img").get_attribute("alt") == explorer.trace.alt
    assert page.locator("img").bounding_box()["width"] > 300
    assert page.locator("pre").inner_text() == explorer.summary
    context.close()


@pytest.mark.one_in(3, 2)
@pytest.mark.parametrize("name", CASES)
def test_every_view_works_from_a_file(saved, name, tmp_path):
    case = CASES[name]
    page = saved(case.make())
    assert (tmp_path / "view.html").stat().st_size <= 1_000_000
    view = root(page)
    view.locator(f'[data-place="{case.first}"]').focus()
    assert narration(page)
    page.keyboard.press("t")
    expect(view.locator(".tables table").first).to_be_visible()
    page.keyboard.press("Escape")
    view.locator('[data-place="top:predict"]').click()
    view.locator('[data-place="predict:reveal"]').click()
    expect(view.locator('[data-place="predict:done"]')).to_be_visible()
    view.locator('[data-place="predict:done"]').click()
    expect(view.locator('[data-place="top:predict"]')).to_be_focused()  # the view hands it back
    slider = view.locator(f'[data-place="{case.edit[0]}"]')
    if not slider.count():
        view.locator('[data-place="top:more"]').click()
    if name not in COMPUTED:
        expect(slider).to_be_disabled()
        return
    slider.focus()
    least = slider.input_value() == slider.get_attribute("min")
    figure = view.locator(".stage").first
    drawing = figure.inner_html()
    page.keyboard.press("ArrowRight" if least else "ArrowLeft")  # once: back again says nothing
    expect(figure).not_to_have_js_property("innerHTML", drawing)
    assert narration(page) and NO_PYTHON not in view.inner_text()


def test_a_selection_is_measured_in_the_page(saved):
    table = np.random.default_rng(3).normal(size=(40, 5))
    explorer = GeometryExplorer("#1", table=table, labels=["a", "b"] * 20, color="label")
    explorer.selection = [3, 7, 30]
    explorer.set_state({"_members": {"n": 1, "rows": [3, 7, 30]}})
    expected = dict(zip([3, 7, 30], map(str, explorer._member_facts["kept"]), strict=True))
    page = saved(explorer)
    view = root(page)
    expect(view.locator(".region h3")).to_have_text("3 words selected")
    expect(view.locator(".region tbody")).not_to_contain_text("…")
    lines = [line.split() for line in view.locator(".region tbody tr").all_inner_texts()]
    assert {int(word[1:]): count for word, _, _, count in lines} == expected
    assert {word: label for word, label, *_ in lines} == {"#3": "b", "#7": "b", "#30": "a"}
    view.locator('[data-place="clear"]').click()
    expect(view.locator(".region")).to_have_count(0)
    view.locator('[data-place="map"]').press("l")
    view.locator('[data-place="map"]').press("Enter")
    expect(view.locator(".region h3")).to_contain_text("selected")
    view.locator('[data-place="color"]').select_option("nearness")
    expect(view.locator(".legend")).to_have_count(0)
