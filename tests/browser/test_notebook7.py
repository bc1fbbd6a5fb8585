"""Lesson 01 in Jupyter Notebook 7: the view is live there as it is in JupyterLab."""

import pytest
from jupyter import COUNTS, opened, run_and_tab, serving
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


@pytest.fixture(scope="module")
def lesson(browser, tmp_path_factory):
    with (
        serving("notebook", tmp_path_factory.mktemp("notebook")) as address,
        opened(browser, f"{address}/notebooks/01_lookup.ipynb", "\nexplorer") as lesson,
    ):
        yield lesson


def test_every_cell_ran(lesson):
    ran = lesson.page.evaluate(COUNTS)
    assert ran == list(range(1, len(ran) + 1))


def test_a_sentence_and_a_key_change_the_view_and_python(lesson):
    lesson.place("text").click()
    lesson.page.keyboard.press("ControlOrMeta+a")
    lesson.page.keyboard.type("my own words are my own")
    chips = lesson.view.locator(".chip bdi")
    expect(chips).to_have_text(["my", "own", "words", "are", "my", "own"])
    assert lesson.python("print(explorer.text)") == "my own words are my own"
    lesson.python("explorer.input_dim = 20")
    lesson.wait_for("V = 20")
    lesson.place("input_dim").focus()
    lesson.page.keyboard.press("ArrowRight")
    lesson.wait_for("V = 21")
    assert lesson.python("print(explorer.input_dim)") == "21"


def test_letters_typed_in_the_view_stay_in_the_view(lesson):
    cells = "window.jupyterapp.shell.currentWidget.content.model.cells.length"
    before = lesson.page.evaluate(cells)
    lesson.place("chip:0").focus()
    for key in ("a", "b", "t", "m", "ArrowDown", "Escape"):  # the host would add and change cells
        lesson.page.keyboard.press(key)
    assert lesson.page.evaluate(cells) == before


def test_tab_after_shift_enter_goes_into_the_view(lesson):
    run_and_tab(lesson.page, "\nexplorer")
    assert lesson.page.evaluate("document.activeElement.dataset.place") == "top:predict"
    lesson.place("predict:done").click()
