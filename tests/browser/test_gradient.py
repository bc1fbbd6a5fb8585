"""GradientExplorer by mouse, by keys and from Python: all show the same, and the core's numbers."""

import numpy as np
import pytest
from playwright.sync_api import expect

from embedlab.core.gradient import grad_table
from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.traces.text import format_number


def words(locator):
    return " ".join(locator.evaluate("e => e.innerText ?? e.textContent").split())


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_text_contents()]


def fact(view, name):
    return (
        words(view.root.locator(f".right dt:text-is('{name}') + dd").first)
        .split(", show")[0]
        .strip()
    )


def marks(view, selector):
    """Count the marks drawn by the paths that a selector finds: each starts with an M."""
    paths = view.root.locator(selector)
    return "".join(paths.evaluate_all("all => all.map(p => p.getAttribute('d'))")).count("M")


def table(view, caption):
    """Read a data table by the start of its caption: its rows as lists of texts."""
    tables = view.root.locator("table", has=view.page.locator("caption", has_text=caption))
    return [row.locator("td").all_inner_texts() for row in tables.first.locator("tbody tr").all()]


# --- what is shown -----------------------------------------------------------------------------


def cells(view, kind):
    """Read all labels of a grid at once: {"1:0": "dW[1, 0] = 0.25"}."""
    return view.root.locator(f'[data-place^="{kind}:"]').evaluate_all(
        "all => Object.fromEntries(all.map(c => [c.dataset.place, c.getAttribute('aria-label')]))"
    )


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"mode": "tied", "seed": 3},
        {"mode": "padding", "padding_idx": 1, "seed": 11},
        {"rule": "assign", "output_dim": 9, "input_dim": 20, "seed": 5},
        {"mode": "frequency"},
    ],
)
def test_every_number_drawn_is_in_the_data_table_and_the_core_s(show, params):
    explorer = GradientExplorer(**params)
    view = show(explorer)
    trace = explorer.trace
    grad = trace.analytic(explorer.rule)
    assert cells(view, "cell") == {
        f"cell:{r}:{c}": f"dW[{r}, {c}] = {format_number(grad[r, c])}"
        for r, c in np.ndindex(grad.shape)
    }
    assert cells(view, "back") == {
        f"back:{n}:{c}": f"g[{n}, {c}] = {format_number(trace.grad_out[n, c])}"
        for n, c in np.ndindex(trace.grad_out.shape)
    }
    view.place("chip:0").focus()
    view.press("t")
    assert table(view, "Gradient of the table") == [[format_number(v) for v in row] for row in grad]
    back = [
        [str(i), *map(format_number, row)] for i, row in zip(trace.ids, trace.grad_out, strict=True)
    ]
    assert table(view, "Upstream gradient") == back
    piles = texts(view.root.locator(".piles text"))
    assert piles == [row[1] for row in table(view, "Sums in column 0")]
    assert piles == [format_number(grad[row, 0]) for row in trace.reached]
    errors = [[float(v.replace("−", "-")) for v in row] for row in table(view, "Error by h")]
    expected = np.array([trace.curve("add"), trace.curve("assign")]).T
    np.testing.assert_allclose(errors, expected, rtol=0.06)


def test_the_numbers_on_the_right_and_the_alt_text(show):
    explorer = GradientExplorer()
    view = show(explorer)
    trace = explorer.trace
    assert fact(view, "loss") == format_number(trace.loss, 4)
    assert fact(view, "rows with gradient") == "7 of 14" and fact(view, "all weights") == "pass"
    assert fact(view, "analytic, add") == format_number(trace.added[1, 0], 6)
    assert fact(view, "numerical") == format_number(trace.numeric[5, 1, 0], 6)
    assert view.root.locator(".stage").get_attribute("aria-label") == trace.alt
    assert view.narration.endswith("“add” passes the gradient check.")


# --- the mouse ---------------------------------------------------------------------------------


def test_assign_keeps_the_last_and_the_check_turns_red(show):
    explorer = GradientExplorer()
    view = show(explorer)
    view.check("rule:assign")
    view.wait(rule="assign")
    assert view.narration == (
        "dW[ids] = g: of the 3 gradients for row 1 the last one wins. The gradient check fails."
    )
    assert fact(view, "all weights") == "fail"
    assert fact(view, "analytic, assign") == format_number(explorer.trace.grad_out[6, 0], 6)
    assert view.root.locator(".chip.lost").count() == 3  # two of “the”, one of the padding
    assert marks(view, ".piece.lost") == 3
    assert view.root.locator(".card.warn s").count() == 2
    view.check("rule:add")
    view.wait(rule="add")
    assert "are added. The gradient check passes." in view.narration
    assert view.root.locator(".chip.lost").count() == marks(view, ".piece.lost") == 0


def test_hover_a_word_a_row_and_a_number(show):
    explorer = GradientExplorer()
    view = show(explorer)
    messages_before = view.page.evaluate("models.view0.sent.length")
    g = explorer.trace.grad_out
    view.hover("chip:3")
    assert view.narration.startswith(f"“the” sends [{format_number(g[3, 0])}, ")
    assert f"the row held {format_number(g[0, 0])}; now it holds" in view.narration
    assert view.root.locator(".chip.hit").count() == 1 and view.root.locator(".chip.same").count()
    view.hover("cell:1:2")
    assert "Row 1 (“the”) appears 3 times: in column 2 it gets" in view.narration
    assert format_number(explorer.trace.added[1, 2]) in view.narration
    assert words(view.root.locator(".stage .head").last).startswith("column 2")
    view.hover(view.root.locator(".rowlabel").nth(2))
    assert view.narration == "Row 2 (“a”) is read by no word: its gradient is exactly zero."
    view.hover("back:1:3")
    w, t = explorer.trace.table[5, 3], explorer.trace.target[1, 3]
    card = words(view.root.locator(".card"))
    assert f"tanh({format_number(w)} − " in card and format_number(np.tanh(w - t)) in card
    changes = view.page.evaluate(f"models.view0.sent.slice({messages_before})")
    assert all(set(change) == {"cursor"} for change in changes)  # a hover asks Python for nothing


def test_the_v_follows_the_step(show):
    explorer = GradientExplorer()
    view = show(explorer)
    dot = view.root.locator(".error-curve .dot.add")
    before = float(dot.get_attribute("cy"))
    box = view.place("digits").bounding_box()
    view.page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    view.wait(digits=12)
    assert explorer.digits == 12 and float(dot.get_attribute("cy")) < before  # higher: worse
    assert view.narration.startswith("h = 1e−12: the error is") and "last digits" in view.narration
    chart = view.root.locator(".error-curve svg").bounding_box()
    view.page.mouse.move(chart["x"] + chart["width"] / 2, chart["y"] + 50)
    view.page.mouse.down()
    view.page.mouse.move(chart["x"] + 8, chart["y"] + 50, steps=5)
    view.page.mouse.up()
    view.wait(digits=0)
    assert "curved in between" in view.narration


def test_tied_mode_shows_gradient_of_every_row_and_scores(show):
    explorer = GradientExplorer(mode="tied")
    view = show(explorer)
    assert fact(view, "rows with gradient") == "14 of 14"
    assert marks(view, ".piece.scores") == 14
    view.click("cell:2:1")
    assert "is read by no word, and still gets" in view.narration
    card = words(view.root.locator(".card"))
    assert format_number(explorer.trace.direct[2, 1]) in card and "(p − y)ᵀ @ rows" in card
    view.hover("chip:9")
    assert "has no next one to predict" in view.narration


def test_padding_and_frequency_say_that_they_change_the_gradient(show):
    view = show(GradientExplorer())
    view.check("mode:padding")
    view.wait(mode="padding")
    assert view.narration.startswith("Row 0 is padding: it learns nothing.")
    assert view.root.locator(".chip.silent").count() == 2
    assert view.place("cell:0:0").get_attribute("aria-label") == "dW[0, 0] = 0.00"
    view.check("mode:frequency")
    view.wait(mode="frequency")
    assert view.narration.endswith("on purpose: the check fails.")
    view.hover("cell:1:0")
    assert "/ 3 =" in view.narration and view.narration.endswith("the mean.")


def test_type_a_sentence_and_a_word_too_many_is_a_sentence(show):
    explorer = GradientExplorer()
    view = show(explorer)
    view.fill("text", "the dog the dog")
    view.wait(text="the dog the dog")
    assert texts(view.root.locator(".chip bdi")) == ["the", "dog", "the", "dog"]
    assert view.root.locator(".transport .count").inner_text() == "step 5 of 5"
    view.fill("text", "the #99")
    expect(view.root.locator(".strip.error")).to_contain_text("Received 99")
    assert view.root.locator(".chip").count() == 4  # the last good trace


# --- the keyboard, and nothing else ------------------------------------------------------------


def test_word_by_word_the_gradient_arrives(show):
    explorer = GradientExplorer()
    view = show(explorer)
    trace = explorer.trace
    view.reach("chip:0")
    view.press("Home")
    label = lambda: view.place("cell:1:0").get_attribute("aria-label")
    assert label() == f"dW[1, 0] = {format_number(trace.grad_out[0, 0])}"
    assert view.place("cell:5:0").get_attribute("aria-label") == "dW[5, 0] = 0.00"
    view.press(".", ".", ".")
    so_far = grad_table(trace.ids[:4], trace.grad_out[:4], 14)
    assert label() == f"dW[1, 0] = {format_number(so_far[1, 0])}"
    assert format_number(so_far[1, 0]) in view.narration and "“the” sends" in view.narration
    assert view.root.locator(".ribbon.coming").get_attribute("d") != ""
    view.press("t")
    assert table(view, "Gradient of the table") == [
        [format_number(v) for v in row] for row in so_far
    ]
    view.press("Escape")
    view.press("End")
    assert label() == f"dW[1, 0] = {format_number(trace.added[1, 0])}"
    assert marks(view, ".stage.merged .net.merged") == 2  # “the”, and the padding


def test_play_flies_and_pauses_by_space(show):
    view = show(GradientExplorer())
    view.reach("chip:0")
    view.press(" ")
    expect(view.root.locator(".flight")).to_have_count(1)
    view.reached("cursor", "(cursor) => cursor.step >= 1 && cursor.playing")
    view.press(" ")
    view.reached("cursor", "(cursor) => !cursor.playing")


def test_enter_on_a_weight_opens_its_sum_and_its_check(show):
    explorer = GradientExplorer()
    view = show(explorer)
    trace = explorer.trace
    view.reach("cell:1:0")
    view.press("ArrowRight", "Enter")
    assert view.focused == "cell:1:1"
    card = words(view.root.locator(".card.pinned"))
    assert "dW[1, 1] = g[0, 1] + g[3, 1] + g[6, 1]" in card
    assert (
        f"({format_number(trace.up[5, 1, 1], 12)} − {format_number(trace.down[5, 1, 1], 12)})"
        in card
    )
    assert (
        format_number(trace.numeric[5, 1, 1], 6) in card
        and format_number(trace.added[1, 1]) in card
    )
    assert words(view.root.locator(".error-curve h3")) == "ERROR of dW[1, 1]"
    view.press("ArrowDown")  # the open card follows
    assert "dW[2, 1] = 0.00" in words(view.root.locator(".card.pinned"))
    view.press("Escape")
    assert view.root.locator(".card.pinned").count() == 0 and view.focused == "cell:2:1"
    view.press("Escape")
    assert view.focused == ""


def test_enter_on_what_comes_back_and_on_each_fact(show):
    explorer = GradientExplorer(mode="tied")
    view = show(explorer)
    view.reach("back:0:0")
    view.press("ArrowDown", "Enter")
    card = words(view.root.locator(".card.pinned"))
    assert "g[1, 0] = (p − y) @ W" in card and format_number(explorer.trace.grad_out[1, 0]) in card
    for name in ("grad", "loss", "rows", "error", "all"):
        button = view.place(f"fact:{name}")
        button.focus()
        view.press("Enter")
        value = button.text_content().split(", show")[0].strip().split(" ")[0]
        card = words(view.root.locator(".card.pinned"))
        assert value in card or name == "all", (name, value, card)


def test_rule_mode_step_and_size_by_keys(show):
    explorer = GradientExplorer()
    view = show(explorer)
    for place, key, expected in [
        ("rule:add", "ArrowRight", {"rule": "assign"}),
        ("mode:plain", "ArrowRight", {"mode": "padding"}),
        ("padding_idx", "ArrowRight", {"padding_idx": 1}),
        ("output_dim", "ArrowRight", {"output_dim": 7}),
        ("digits", "ArrowLeft", {"digits": 4}),
    ]:
        view.reach(place)
        view.press(key)
        view.wait(**expected)
    assert explorer.params["mode"] == "padding" and explorer.digits == 4
    view.press("r")
    view.wait(mode="plain", rule="add", digits=5)
    assert view.root.locator(".transport .count").inner_text() == "step 11 of 11"


def test_the_lesson_s_own_sentence_by_keys(show):
    explorer = GradientExplorer(rule="assign")
    view = show(explorer)
    view.reach("text")
    view.press("Control+a")
    view.page.keyboard.type("the cat sat on a mat")
    view.wait(text="the cat sat on a mat")
    assert fact(view, "all weights") == "pass" and explorer.trace.passes("assign")
    assert view.narration.startswith("Row 1 (“the”) appears once")


def test_predict_the_rows_by_keys(show):
    explorer = GradientExplorer("the cat the")
    view = show(explorer)
    view.reach("top:predict")
    view.press("p")
    assert view.focused == "cell:0:0"
    assert view.root.locator(".ribbon, .piles, .card").count() == 0  # nothing is given away
    view.press("ArrowDown", "Enter", "ArrowDown", " ")
    assert view.root.locator(".verdict.chosen").count() == 2
    view.press("p")
    assert texts(view.root.locator(".tally")) == ["1 right", "1 missed", "1 too many"]
    view.reached("answers")
    expected = {"question": "gradient.rows", "answer": [1, 2], "correct": False}
    assert explorer.answers == [expected]
    view.press("Enter")
    assert view.root.locator(".verdict").count() == 0


def test_predict_last_mean_or_sum_by_keys(show):
    explorer = GradientExplorer()
    view = show(explorer)
    g = explorer.trace.grad_out[[0, 3, 6], 0]
    view.reach("duplicates")
    view.press("Enter")
    assert view.focused == "duplicates:0"
    assert "relative error" not in words(view.root.locator(".right"))
    assert view.root.locator(".error-curve .line").count() == 0
    expected = [g[2], g.mean(), g.sum()]
    assert texts(view.root.locator(".candidates .num")) == [format_number(v) for v in expected]
    view.press("Enter")
    assert view.place("duplicates:0").get_attribute("aria-pressed") == "true"
    view.press("p")
    outcome = words(view.root.locator("section.predict"))
    assert "not this one" in outcome and f"It is the sum, {format_number(g.sum())}." in outcome
    view.reached("answers")
    assert explorer.answers[0]["question"] == "gradient.duplicates"
    assert explorer.answers[0] == explorer.answers[-1] and not explorer.answers[0]["correct"]


def test_predict_by_mouse_is_right_and_follows_the_rule(show):
    explorer = GradientExplorer("the cat the", rule="assign")
    view = show(explorer)
    view.click("duplicates")
    view.click("duplicates:0")
    view.click("predict:reveal")
    assert "“assign” keeps the last, and that is the bug" in words(
        view.root.locator("section.predict")
    )
    view.reached("answers")
    assert explorer.answers[-1]["correct"] is True
    view.click("predict:done")
    view.click("top:predict")
    for row in (1, 5):
        view.click(view.root.locator(".rowlabel").nth(row))
    view.click("predict:reveal")
    expect(view.root.locator(".tally")).to_have_text(["2 right"])


# --- Python, and other views -------------------------------------------------------------------


def test_python_drives_the_view(show):
    explorer = GradientExplorer()
    view = show(explorer)
    view.python(text="cat cat", mode="frequency", output_dim=2)
    view.wait(text="cat cat")
    assert fact(view, "upstream gradient") == "(2, 2)" and view.root.locator(".chip").count() == 2
    assert view.place("mode:frequency").is_checked()


def test_a_linked_lookup_shares_the_row(show):
    lookup, gradient = show(LookupExplorer(link_id="a"), GradientExplorer(link_id="a"))
    lookup.click("chip:1")
    assert gradient.narration.startswith("“cat” sends")
    gradient.click("cell:3:0")
    assert "“on” has id 3" in lookup.narration


def test_a_teacher_hides_controls(show):
    view = show(GradientExplorer(hide=["mode", "digits", "duplicates"]))
    assert view.root.get_by_role("radiogroup").count() == 1
    assert view.place("digits").count() == view.place("duplicates").count() == 0


def test_a_large_table_says_what_is_not_drawn(show):
    view = show(GradientExplorer("#900 #7 #900", table=np.ones((1000, 32))))
    stage = view.root.locator(".stage > svg").first.text_content()
    assert "978 more rows in the table" in stage and "22 of 1 000 rows" in stage.replace(
        "\u202f", " "
    )
    view.place("chip:0").focus()
    view.press("t")
    assert view.root.locator("table").count() >= 4
