"""Lesson 01 in a real JupyterLab: run it, type a sentence, drag, press a key, ask Python."""

import os
import signal

import pytest
from jupyter import ASK, READY, SHOW_CELL, opened, run_and_tab, serving
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lesson(browser, tmp_path_factory):
    with (
        serving("jupyterlab", tmp_path_factory.mktemp("lab")) as address,
        opened(browser, f"{address}/lab/tree/01_lookup.ipynb", "\nexplorer") as lesson,
    ):
        yield lesson


def test_every_cell_ran_and_only_the_broken_one_broke(lesson):
    cells = lesson.page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .filter((cell) => cell.type === "code")
            .map((cell) => [cell.executionCount, cell.outputs.toJSON().map((o) => o.ename ?? "")])
        """
    )
    assert [count for count, _ in cells] == list(range(1, len(cells) + 1))
    assert [name for _, names in cells for name in names if name] == ["IdError"]


def test_no_question_of_the_host_lies_over_the_view(lesson):
    assert lesson.page.locator(".Toastify__toast").count() == 0


def test_views_of_one_page_do_not_share_their_buttons(lesson):
    views = lesson.page.locator(".jp-OutputArea-output .embedlab")
    assert views.count() > 1
    seen = set()
    for view in views.all():
        chosen = view.locator(".segment input:checked").evaluate_all("all => all.map(i => i.value)")
        assert chosen == ["gather"]
        named = view.locator("[id], input[name]")
        names = set(named.evaluate_all("all => all.map(e => e.name || e.id)"))
        assert names and not names & seen
        seen |= names


def test_the_learner_s_own_sentence(lesson):
    lesson.place("text").click()
    lesson.page.keyboard.press("ControlOrMeta+a")
    lesson.page.keyboard.type("my own words are my own")
    chips = lesson.view.locator(".chip bdi")
    expect(chips).to_have_text(["my", "own", "words", "are", "my", "own"])
    assert lesson.python("print(explorer.text)") == "my own words are my own"
    assert lesson.python("print(explorer.trace.ids[0] == explorer.trace.ids[4])") == "True"


def test_a_drag_changes_the_view_and_python(lesson):
    before = int(lesson.python("print(explorer.input_dim)"))
    slider = lesson.place("input_dim")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    share = slider.evaluate("(s) => s.value / s.max")
    y = box["y"] + box["height"] / 2
    lesson.page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), y)
    lesson.page.mouse.down()
    lesson.page.mouse.move(box["x"] + 0.4 * box["width"], y, steps=8)
    lesson.page.mouse.up()
    expect(slider).not_to_have_attribute("aria-valuetext", f"V = {before}")
    now = int(slider.get_attribute("aria-valuetext").removeprefix("V = "))
    assert now > before
    lesson.wait_for(f"V = {now}")
    assert lesson.python("print(explorer.input_dim)") == str(now)


def test_a_key_changes_the_view_and_python(lesson):
    lesson.python("explorer.input_dim = 20")
    lesson.wait_for("V = 20")
    lesson.place("input_dim").focus()
    lesson.page.keyboard.press("ArrowRight")  # JupyterLab would take it for itself
    lesson.wait_for("V = 21")
    assert lesson.python("print(explorer.input_dim)") == "21"
    lesson.page.keyboard.press("ArrowLeft")
    lesson.page.keyboard.press("ArrowLeft")
    lesson.wait_for("V = 19")
    assert lesson.python("print(explorer.input_dim)") == "19"


def test_the_exercise_of_the_last_id_by_keys(lesson):
    lesson.python('explorer.text, explorer.input_dim = "the cat sat on the mat", 13')
    lesson.wait_for("V = 13")
    lesson.place("input_dim").focus()
    check_code = "from embedlab.lessons import check; print(check('01.fence', explorer))"
    for size in (12, 11):
        assert lesson.python(check_code).startswith("○")
        lesson.page.keyboard.press("ArrowLeft")
        lesson.wait_for(f"V = {size}")
    assert lesson.python(check_code).startswith("✓")
    lesson.page.keyboard.press("ArrowLeft")
    lesson.wait_for("V = 10")
    lesson.view.locator("[role=alert]", has_text="ids must lie in 0..9").wait_for()
    assert "M2" in lesson.python(check_code)


def test_a_prediction_made_by_keys_reaches_the_card(lesson):
    lesson.python("explorer.reset()")
    lesson.wait_for("V = 16")
    lesson.place("chip:0").focus()
    lesson.page.keyboard.press("p")
    lesson.view.locator("section.predict").wait_for()
    lesson.page.keyboard.press("Enter")
    lesson.page.keyboard.press("p")
    lesson.view.locator("section.predict .tally").first.wait_for()
    lesson.page.wait_for_function(
        f"async () => (await ({ASK})('print(len(explorer.answers))')) === '1'"
    )
    assert '"lookup.rows":["[' in lesson.python("print(card(explorer))")


def test_tab_after_shift_enter_goes_into_the_view(lesson):
    run_and_tab(lesson.page, "\nexplorer")
    assert lesson.page.evaluate("document.activeElement.dataset.place") == "top:predict"
    lesson.place("predict:done").click()


def test_the_tasks_of_the_lesson_are_ticked_by_the_kernel(lesson):
    lesson.python("explorer.reset(); explorer.tasks = [*explorer.tasks]")
    button = lesson.place("top:tasks")
    expect(button).to_contain_text("0 of 3")
    button.click()
    tasks = lesson.view.locator(".tasks li")
    expect(tasks.first).to_contain_text("Your own sentence.")
    lesson.place("method:gather").focus()
    lesson.page.keyboard.press("ArrowRight")
    expect(tasks.nth(2).locator(".tick")).to_be_visible()
    expect(button).to_contain_text("1 of 3")
    lesson.page.keyboard.press("Escape")
    expect(tasks).to_have_count(0)
    lesson.python("explorer.reset()")


QUESTION = """(part) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = [...content.model.cells]
        .findIndex((c) => c.sharedModel.getSource().includes(part));
    return content.scrollToItem(content.activeCellIndex, "start");
}"""


def question(lesson):
    lesson.page.evaluate(QUESTION, "01.predict")
    buttons = lesson.page.locator(".jp-mod-active .embedlab-question")
    buttons.wait_for()
    return buttons


def test_a_question_is_answered_by_mouse_and_by_keyboard(lesson, axe):
    page, cells = lesson.page, lesson.page.locator(".jp-Cell").count()
    buttons = question(lesson)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    lesson.wait_for_python("print(len(card().answers) >= 0)", "True")  # that cell is done
    page.keyboard.press("Tab")
    buttons = question(lesson)
    expect(buttons.get_by_role("button").first).to_be_focused()
    group = buttons.get_by_role("group", name="How many multiplications does it do?")
    expect(group.get_by_role("button")).to_have_count(4)
    buttons.get_by_role("button", name="c) 1 200").click()
    expect(buttons.get_by_role("status")).to_contain_text("Your answer is c) 1 200")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(buttons.get_by_role("status")).to_contain_text("Your answer is b) 15 000 000")
    page.keyboard.press("d")
    page.keyboard.press("d")  # JupyterLab would delete the cell
    chosen = buttons.get_by_role("button", pressed=True)
    expect(chosen).to_have_text("d)0your answer")
    expect(chosen).to_be_focused()
    assert page.locator(".jp-Cell").count() == cells
    lesson.wait_for_python("print(card().answers['01.predict'])", "('d', True)")
    page.add_script_tag(path=axe)
    only = "{resultTypes: ['violations']}"
    assert page.evaluate(f"axe.run('.embedlab-question', {only})")["violations"] == []


KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def test_two_hundred_edits_while_python_is_busy(lesson):
    page = lesson.page
    before = int(lesson.python("print(explorer.input_dim)"))
    busy = "import pathlib\nwhile not pathlib.Path('go').exists(): pass"
    page.evaluate(f"(code) => void {KERNEL}.requestExecute({{ code }})", busy)
    lesson.place("input_dim").focus()
    for key in 100 * ["ArrowRight", "ArrowLeft"] + ["ArrowRight"]:
        page.keyboard.press(key)
    expect(lesson.place("input_dim")).to_have_attribute("aria-valuetext", f"V = {before + 1}")
    page.evaluate("""() => window.jupyterapp.serviceManager.contents.save(
        "go", { type: "file", format: "text", content: "" })""")
    lesson.wait_for(f"V = {before + 1}")
    assert lesson.python("print(explorer.input_dim)") == str(before + 1)


CUT = f"""() => new Promise(done => {{
    const kernel = {KERNEL};
    let cut = false;
    kernel.connectionStatusChanged.connect((_, status) => {{
        if (status !== "connected") cut = true;
        else if (cut) done();
    }});
    kernel._ws.close();
}})"""
"""Cut the connection, and wait until JupyterLab has it again."""


def test_a_view_outlives_a_cut_connection(lesson):
    before = int(lesson.python("print(explorer.input_dim)"))
    lesson.page.evaluate(CUT)
    lesson.place("input_dim").focus()
    lesson.page.keyboard.press("ArrowRight")
    lesson.wait_for(f"V = {before + 1}")
    assert lesson.python("print(explorer.input_dim)") == str(before + 1)


@pytest.mark.thorough
def test_a_reloaded_page_has_its_views(lesson):
    page = lesson.page
    lesson.python("explorer.reset()")
    lesson.wait_for("V = 16")
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.reload()
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate(READY)
    page.evaluate(SHOW_CELL, "\nexplorer")
    lesson.place("predict:done").click()
    lesson.wait_for("V = 16")
    lesson.place("input_dim").focus()
    page.keyboard.press("ArrowRight")
    lesson.wait_for("V = 17")
    assert lesson.python("print(explorer.input_dim)") == "17"


def test_after_a_restart_the_cell_shows_a_view_that_lives(lesson):
    page = lesson.page
    page.evaluate(f"{KERNEL}.restart()")
    lesson.wait_for_python("print('explorer' in globals())", "False")
    for last in ("for everybody", "\nexplorer"):
        page.evaluate(SHOW_CELL, last)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    lesson.place("predict:done").click()  # the new view asks; the old one did not
    lesson.place("input_dim").focus()
    page.keyboard.press("ArrowRight")
    lesson.wait_for("V = 17")
    assert lesson.python("print(explorer.input_dim)") == "17"


@pytest.mark.thorough
def test_after_a_kernel_was_killed_its_lesson_runs_again(lesson):
    page, answer = lesson.page, "d)0your answer"
    question(lesson).get_by_role("button", name="d) 0").click()
    expect(question(lesson).get_by_role("button", pressed=True)).to_have_text(answer)
    pid = lesson.python("import os; print(os.getpid())")
    os.kill(int(pid), signal.SIGKILL)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()  # the host says so
    lesson.wait_for_python(f"import os; print(os.getpid() != {pid})", "True")
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    lesson.wait_for_python("print('explorer' in globals())", "True")
    expect(question(lesson).get_by_role("button", pressed=True)).to_have_text(answer)
    lesson.wait_for_python("print(reveal('01.predict'))", "✓ d. The layer copies 4 rows.")


SAVED = """async () => {
    await window.jupyterapp.commands.execute("docmanager:save");
    const { model } = window.jupyterapp.shell.currentWidget.content;
    const { state } = model.getMetadata("widgets")["application/vnd.jupyter.widget-state+json"];
    return [...model.cells].flatMap((cell) => cell.outputs?.toJSON() ?? [])
        .map((output) => output.data?.["application/vnd.jupyter.widget-view+json"]?.model_id)
        .every((id) => !id || id in state);
}"""
"""Save; say whether the host had by then made every view that its outputs name."""
DRAWN_AGAIN = """() => {
    const { node, outputArea } = window.jupyterapp.shell.currentWidget.content.activeCell;
    const drawn = node.querySelector(".embedlab");
    if (!drawn && !node.textContent.includes("Loading widget"))
        outputArea.model.fromJSON(outputArea.model.toJSON());
    return drawn;
}"""
"""Draw the outputs of a cell until its view is there. A host that connects to its kernel quickly
looks for saved models before it has read them, and then says for good that there are none."""


def test_a_notebook_opened_again_shows_its_views(lesson):
    page = lesson.page
    page.wait_for_function(SAVED)
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.reload()
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate(READY)
    page.evaluate(SHOW_CELL, "\nexplorer")
    page.wait_for_function(DRAWN_AGAIN, polling=500)
    lesson.view = page.locator(".jp-Cell.jp-mod-active .embedlab")
    expect(lesson.view.locator("section.predict")).to_contain_text("Predict.")
    lesson.place("chip:1").hover()
    lesson.place("predict:done").click()
    lesson.place("chip:1").hover()
    expect(lesson.view.locator(".narration")).to_contain_text("cat")


def test_a_closed_lesson_frees_its_kernel(lesson):
    page = lesson.page
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("window.jupyterapp.commands.execute('application:close')")
    page.wait_for_function("""async () => {
        const { kernels } = window.jupyterapp.serviceManager;
        await kernels.refreshRunning();
        return [...kernels.running()].length === 0;
    }""")
