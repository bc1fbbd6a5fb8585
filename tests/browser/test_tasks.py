"""The Tasks panel: by mouse and keyboard, its ticks, its place in the frame."""

import pytest
from playwright.sync_api import expect
from test_access import violations
from test_desk import CUT, DESK, HIGHEST, TWICE, at_width, resize
from view_cases import CASES

from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.lora import LoRAExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.tasks import Task
from embedlab.explorers.training import TrainingExplorer
from embedlab.lessons import tasks


def of_lesson_01(**options):
    return LookupExplorer("the cat sat on the mat", tasks=tasks("01"), **options)


WORDS = 12 * "Words, and *a question?* "
LONG = [Task(f"**A task.** {WORDS}", condition) for condition in (bool, callable, callable)]


def test_open_tick_and_close_by_keyboard(show):
    view = show(of_lesson_01(), width=849)
    button = view.place("top:tasks")
    expect(button).to_have_text("Tasks 0 of 3")
    view.reach("top:tasks")
    view.press("Enter")
    assert view.focused == "panel:tasks"
    panel = view.root.get_by_role("group", name="Tasks", exact=True)
    steps = panel.get_by_role("listitem")
    expect(steps).to_have_count(3)
    expect(steps.nth(2)).to_contain_text("Switch Method to one-hot matmul.")
    expect(panel.locator(".tick")).to_have_count(0)
    status = view.root.locator("header [role=status]")
    expect(status).to_have_text("")
    view.reach("method:gather")
    view.press("ArrowRight")
    view.wait(method="one-hot")
    expect(status).to_have_text("Task 3 is done. 1 of 3.")
    expect(button).to_have_text("Tasks 1 of 3")
    expect(steps.nth(2)).to_contain_text("done")
    view.press("ArrowLeft")
    view.wait(method="gather")
    expect(panel.locator(".tick")).to_have_count(1)  # it stays
    view.press("Escape")
    expect(panel).to_have_count(0)
    assert view.focused == "top:tasks"


def test_a_step_in_the_browser_ticks_a_task(show):
    task = Task("Go to the third word.", lambda view: view.cursor.get("step") == 2)
    view = show(LookupExplorer(tasks=[task]))
    view.place("transport:play").focus()
    view.press(".", ".")
    expect(view.place("top:tasks")).to_have_text("Tasks 1 of 1")


TEXT = "The blue moon shines. " + 5 * (
    "The cat sleeps. A dog runs. The dog sleeps. A cat runs. The sun shines. "
)
THREE_TIMES = "the cat and the dog on the mat"
PATHS = [
    ("03", lambda **more: GradientExplorer(THREE_TIMES, **more), [("Home",), (".", 1)]),
    ("04", MaskExplorer, [(".",), (".", 1)]),
    (
        "06",
        lambda **more: TrainingExplorer(TEXT, batch=3, steps=21, **more),
        [("Home",), (*"....", ".", 1), ("2", 1, 2)],
    ),
    ("07", lambda **more: LoRAExplorer(seen=[0], start="zero", **more), [("Home",), (".", 2)]),
]


@pytest.mark.parametrize(("lesson", "make", "acts"), PATHS, ids=[path[0] for path in PATHS])
def test_steps_in_the_browser_tick_the_tasks_of_a_lesson(show, lesson, make, acts):
    """From the reveal on: what the question left behind ticks nothing."""
    numbers = [1, 2, 3] if lesson == "06" else []
    view = show(make(ask=True, tasks=tasks(lesson, *numbers)), width=1100)
    view.click("predict:reveal")
    view.click("predict:done")
    view.click("top:tasks")
    assert "0 of" in view.place("top:tasks").text_content()
    for act in acts:
        view.press(*(key for key in act if isinstance(key, str)))
        done = [n for n in act if isinstance(n, int)]
        for number in done:
            ticked = view.root.locator(f".tasks li[value='{number}'] .tick")
            expect(ticked).to_have_count(1)
        expect(view.root.locator(".tasks .tick")).to_have_count(len(done))


def test_an_open_question_hides_tasks_and_ticks(show):
    view = show(of_lesson_01(ask=True), width=849)
    expect(view.place("top:tasks")).to_be_disabled()
    expect(view.place("top:tasks")).to_have_text("Tasks")
    view.click("predict:done")
    view.click("top:tasks")
    expect(view.root.locator(".tasks li")).to_have_count(3)
    view.press("p")
    expect(view.root.locator(".tasks li")).to_have_count(0)
    view.python(method="one-hot")
    expect(view.place("top:tasks")).to_have_text("Tasks")
    assert "of 3" not in view.root.evaluate("root => root.outerHTML")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_the_panel_leaves_the_frame_as_it_is(show, axe, name):
    explorer = CASES[name].make()
    explorer.tasks = LONG
    view = at_width(show, explorer, DESK[0])
    view.click("top:tasks")
    assert view.root.evaluate(TWICE) == []
    for width in DESK:
        resize(view, width)
        assert view.root.bounding_box()["height"] <= HIGHEST
        assert view.root.evaluate(CUT) == []
        drawer = view.root.locator(".tasks").bounding_box()
        assert drawer["y"] >= view.root.locator(".left").bounding_box()["y"]
        for part in (".formula", ".narration"):
            assert drawer["y"] + drawer["height"] <= view.root.locator(part).bounding_box()["y"]
        assert drawer["width"] <= 288
    height = view.root.bounding_box()["height"]
    for width in (1584, 700, 360):
        resize(view, width)
        assert view.root.locator(".tasks ol").is_visible()
        assert view.root.evaluate("root => root.scrollWidth <= root.clientWidth")
    resize(view, DESK[-1])
    assert view.root.bounding_box()["height"] == height
    assert violations(view, axe) == []


def test_a_narrow_view_has_the_tasks_in_its_menu(show):
    view = show(of_lesson_01(), width=376)
    expect(view.place("top:tasks")).to_have_count(0)
    view.click("top:menu")
    view.click("top:tasks")
    panel, figure = view.root.locator(".tasks"), view.root.locator(".figure")
    assert view.focused == "panel:tasks"
    assert panel.bounding_box()["y"] < figure.bounding_box()["y"]
    view.press("Escape")
    assert view.focused == "top:menu"


def test_the_keyboard_scrolls_the_panel(show):
    view = show(LookupExplorer(tasks=3 * LONG), width=849)
    view.click("top:tasks")
    view.press("PageDown")
    view.page.wait_for_function("document.querySelector('.tasks').scrollTop > 100")
    view.press("ArrowUp")
    assert view.focused == "panel:tasks"


def test_a_view_without_tasks_has_no_button(show):
    view = show(LookupExplorer())
    expect(view.place("top:tasks")).to_have_count(0)


def test_a_saved_page_says_that_nothing_is_ticked(open_tab, tmp_path):
    page = open_tab(width=849).page
    page.set_content(of_lesson_01().export_html(tmp_path / "page.html").read_text("utf-8"))
    page.get_by_role("button", name="Tasks", exact=True).click()
    expect(page.locator(".tasks li")).to_have_count(3)
    expect(page.locator(".tasks")).to_contain_text("saved without Python, so no task is ticked")
