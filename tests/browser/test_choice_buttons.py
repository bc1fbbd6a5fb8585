"""The buttons of a question when Python takes an answer late, or never."""

import base64

import pytest
from playwright.sync_api import expect

from embedlab.lessons.choice_buttons import ChoiceButtons

OPEN = """async ([source, html]) => {
    document.body.innerHTML = html;
    const { default: widget } = await import(source);
    const values = { question: "Which?", choices: { a: "this", b: "that" }, chosen: "", reply: [] };
    const listeners = {};
    globalThis.model = {
        sent: [],
        get: (name) => values[name],
        send(content) {
            if (this.dead) throw new Error("Cannot send");
            this.sent.push(content.press);
        },
        on: (event, callback) => void (listeners[event] = callback),
        off() {},
        take() {
            Object.assign(values, { chosen: this.sent.at(-1), reply: ["Stored."] });
            listeners["change:reply"]();
            listeners["msg:custom"]({ taken: this.sent.at(-1) });
        },
    };
    const el = document.querySelector("#question");
    globalThis.show = () => void widget.render({ model, el });
}"""
CELLS = """
    <style>.jp-Cell { min-height: 20px; }</style>
    <div class="jp-Cell" id="question"></div>
    <div class="jp-Cell" tabindex="0" id="next">some text</div>
    <div class="jp-Cell">
        <details><summary>Answer</summary></details>
        <div class="jp-OutputArea-child"></div>
    </div>
    <div class="jp-Cell"><a href="#next">a link</a></div>"""


@pytest.fixture
def page(browser):
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    script = base64.b64encode(ChoiceButtons._esm.encode()).decode()
    page.evaluate(OPEN, [f"data:text/javascript;base64,{script}", CELLS])
    page.locator("#next").focus()
    yield page
    context.close()
    assert not errors


@pytest.mark.parametrize("dead", [False, True])
def test_an_answer_that_python_does_not_take(page, dead):
    page.evaluate("show()")
    page.evaluate(f"model.dead = {str(dead).lower()}")
    page.get_by_role("button", name="that").click()
    page.clock.run_for(2_000)
    expect(page.get_by_role("status")).to_be_empty()
    page.clock.run_for(2_000)
    expect(page.get_by_role("status")).to_contain_text("run the cell again")


def test_an_answer_that_is_taken_late_counts(page):
    page.evaluate("show()")
    page.get_by_role("button", name="that").click()
    page.clock.run_for(60_000)
    page.evaluate("model.take()")
    expect(page.get_by_role("status")).to_have_text("Stored.")
    page.get_by_role("button", name="that").click()  # nothing changes, and it is taken
    page.evaluate("model.take()")
    page.clock.run_for(60_000)
    expect(page.get_by_role("status")).to_have_text("Stored.")


def test_escape_goes_back_to_the_cell(page):
    page.evaluate("show()")
    page.evaluate("document.body.tabIndex = -1")
    page.get_by_role("button", name="that").focus()
    page.keyboard.press("Escape")
    expect(page.locator("body")).to_be_focused()
    assert page.evaluate("model.sent") == []


RENDERED = "() => new Promise((done) => new ResizeObserver(done).observe(document.body))"


@pytest.mark.parametrize(
    ("keys", "focused"),
    [
        (["Tab"], "this"),  # it went on into the text behind
        (["Tab", "Shift+Tab"], "some text"),  # on a cell: no Tab is under way
        (["Tab", "Tab"], "a link"),  # past an output: on purpose
    ],
)
def test_a_tab_before_the_buttons_are_rendered(page, keys, focused):
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("show()")
    page.evaluate(RENDERED)  # not by the clock: it is stopped
    assert focused in page.evaluate("document.activeElement.textContent")
