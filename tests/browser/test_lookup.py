"""LookupExplorer by mouse, by keys and from Python: each shows the same, and the core's numbers."""

import pytest

from embedlab.explorers.lookup import LookupExplorer
from embedlab.traces.text import format_number


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def fact(view, name):
    """Read a number of the right column; the one-hot method repeats two names."""
    value = view.root.locator(f".right dt:text-is('{name}') + dd").first
    return value.inner_text().split(",")[0] if "," in name else " ".join(value.inner_text().split())


# --- what is shown -----------------------------------------------------------------------------


def test_the_numbers_on_the_screen_are_the_core_s(show):
    explorer = LookupExplorer()
    view = show(explorer)
    trace = explorer.trace
    for row in range(16):
        for column in range(8):
            cell = view.place(f"cell:{row}:{column}").get_attribute("aria-label")
            assert cell == f"W[{row}, {column}] = {format_number(trace.table[row, column])}"
    for n in range(6):
        cell = view.place(f"out:{n}:0").get_attribute("aria-label")
        assert cell == f"out[{n}, 0] = {format_number(trace.output[n, 0])}"
    right = " ".join(view.root.locator(".right").inner_text().split())
    for text in ("(6,)", "(16, 8)", "(6, 8)", f"{trace.rows_read} of 16", "192", "768"):
        assert text in right
    assert texts(view.root.locator(".chip")) == [
        "the 1",
        "cat 5",
        "sat 9",
        "on 3",
        "the 1",
        "mat 10",
    ]


def test_the_figure_carries_its_alt_text(show):
    explorer = LookupExplorer("the cat")
    assert show(explorer).root.locator(".stage").get_attribute("aria-label") == explorer.trace.alt


def test_hostile_words_stay_words(show):
    explorer = LookupExplorer("<script>x</script> <img src=x> חתול 🐈", input_dim=40)
    view = show(explorer)
    assert view.root.locator("img, script").count() == 0
    assert tuple(view.root.locator(".chip bdi").all_inner_texts()) == explorer.trace.tokens


@pytest.mark.parametrize(
    "params",
    [
        {"text": ""},
        {"text": "#0", "input_dim": 1, "output_dim": 1},
        {"output_dim": 32, "input_dim": 40},
        {"input_dim": 2048, "text": "the #2047"},
        {"text": "#99", "oob": "nan", "method": "one-hot"},
    ],
)
def test_odd_sizes_are_drawn_and_described(show, params):
    view = show(LookupExplorer(**params))
    assert view.narration.endswith((".", "…"))
    assert view.root.locator(".stage > svg").count() == 2


def test_ten_thousand_words_are_a_window_that_says_so(show):
    view = show(LookupExplorer("the cat sat on " * 2500))
    assert view.root.locator(".chip").count() < 20
    heading = view.root.locator(".stage .head").first.text_content()
    assert "of 10" in heading
    assert fact(view, "ids") == "(2000,)"
    view.place("chip:0").focus()
    view.press("End")
    steps = int(view.place("transport:scrub").get_attribute("max"))
    assert view.place(f"chip:{steps}").count() == 1  # the window followed
    assert "words are shown" in view.root.locator(".stage > svg").first.text_content()


# --- the mouse ---------------------------------------------------------------------------------


def test_hover_a_word_a_row_and_a_cell(show):
    view = show(LookupExplorer())
    before = view.page.evaluate("models.view0.sent.length")
    view.hover("chip:1")
    assert view.narration.startswith("“cat” has id 5, so the output's second row is row 5")
    assert view.root.locator(".chip.hit").inner_text().split() == ["cat", "5"]
    view.hover(view.root.locator(".rowlabel").nth(1))
    assert view.narration == "Row 1 (“the”) is read by 2 words, for output rows 0 and 4."
    view.hover(view.root.locator(".rowlabel").nth(6))
    assert "is read by no word" in view.narration
    view.hover("out:1:1")
    assert view.narration.startswith("out[1, 1] is W[5, 1] =")
    assert "1·" in view.root.locator(".card .on").nth(1).inner_text()
    changes_sent = view.page.evaluate(f"models.view0.sent.slice({before})")
    assert all(
        set(changes) == {"cursor"} for changes in changes_sent
    )  # a hover asks Python for nothing


def test_python_hears_where_the_learner_looks(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.hover("out:2:3")
    view.reached("cursor", "(cursor) => cursor.hover?.part === 'out'")
    assert explorer.cursor["hover"] == {"part": "out", "n": 2, "col": 3}


def test_drag_a_slider_and_the_costs_follow(show):
    explorer = LookupExplorer()
    view = show(explorer)
    box = view.place("input_dim").bounding_box()
    y = box["y"] + box["height"] / 2
    view.page.mouse.move(box["x"] + 30, y)
    view.page.mouse.down()
    view.page.mouse.move(box["x"] + 120, y, steps=12)
    view.page.mouse.up()
    view.page.wait_for_function("models.view0.get('message').header.params.input_dim > 40")
    view.still()
    assert explorer.input_dim > 40
    assert fact(view, "table") == f"({explorer.input_dim}, 8)"
    assert view.narration.startswith(f"V = {explorer.input_dim}: the one-hot matmul now multiplies")
    assert "the gather still not once" in view.narration


def test_type_a_sentence(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.fill("text", "the mat sat")
    view.wait(text="the mat sat")
    assert explorer.trace.tokens == ("the", "mat", "sat")
    assert texts(view.root.locator(".chip bdi")) == ["the", "mat", "sat"]


def test_the_newest_of_many_edits_wins(show):
    explorer = LookupExplorer()
    view = show(explorer)
    with view.unanswered():
        view.place("text").press_sequentially(" and a dog ran")
    view.wait(text="the cat sat on the mat and a dog ran")
    edits = view.page.evaluate("models.view0.sent.filter(c => '_seq' in c).length")
    assert edits < 10  # of 14 letters; the rest was coalesced
    assert view.place("text").input_value() == explorer.text


def test_the_view_dims_while_python_thinks(show):
    view = show(LookupExplorer())
    with view.unanswered():
        view.check("method:one-hot")
        view.page.wait_for_selector(".embedlab.waiting[aria-busy=true]")
    view.wait(method="one-hot")
    assert view.root.get_attribute("aria-busy") == "false"


def test_the_race_ends_with_the_same_numbers(show):
    view = show(LookupExplorer())
    view.click("race")
    view.page.wait_for_selector(".race.done")
    assert view.root.locator(".race .outcome").inner_text() == "the same numbers, max difference 0"
    assert view.narration.endswith("both give the same numbers, max difference 0.")
    shares = view.root.locator(".race .track i").evaluate_all(
        "bars => bars.map(bar => bar.getBoundingClientRect().width)"
    )
    ns = view.page.evaluate(
        "(({gather_ns, onehot_ns}) => [gather_ns, onehot_ns])(models.view0.get('message').header)"
    )
    assert shares[0] / shares[1] == pytest.approx(ns[0] / ns[1], rel=0.05)


def test_the_lens_follows_a_word_into_a_large_table(show):
    view = show(LookupExplorer("the #250 cat", input_dim=400))
    assert view.place("cell:250:0").count() == 0
    view.hover("chip:1")
    assert view.place("cell:250:0").count() == 1
    assert "of 400" in view.root.locator(".stage").inner_text()


# --- bad ids -----------------------------------------------------------------------------------


def test_a_bad_id_shows_the_message_of_the_core(show):
    explorer = LookupExplorer("the cat #16")
    view = show(explorer)
    error = view.root.get_by_role("alert")
    assert " ".join(error.inner_text().split()) == f"IdError {explorer.trace.error}"
    assert view.root.locator(".chip.bad").count() == 1
    assert view.root.locator(".id-range.wrong").text_content().strip() == "out of range: 16"
    assert view.root.locator('[data-place^="out:"]').count() == 0
    for rule, message in [
        ("zero", "zeros"),
        ("nan", "NaN"),
        ("clip", "reads row 15"),
        ("wrap", "reads row 0"),
    ]:
        view.check(f"oob:{rule}")
        view.wait(oob=rule)
        view.click("chip:2")
        assert message in view.narration
        assert view.root.get_by_role("alert").count() == 0
        cell = view.place("out:2:0").get_attribute("aria-label")
        assert cell == f"out[2, 0] = {format_number(explorer.trace.output[2, 0])}"


def test_what_python_refuses_is_a_sentence_and_the_view_stays(show):
    view = show(LookupExplorer())
    view.fill("text", "#12345678901")
    view.page.wait_for_selector(".strip.error")
    assert view.place("text").input_value() == "#12345678901"
    assert view.root.locator(".chip").count() == 6  # the last good trace
    view.fill("text", "the")
    view.wait(text="the")
    assert view.root.locator(".strip.error").count() == 0


# --- the keyboard, and nothing else ------------------------------------------------------------


def test_step_through_the_words_by_keys(show):
    view = show(LookupExplorer())
    view.reach("chip:0")
    view.press("ArrowDown")
    assert view.focused == "chip:1" and "“cat”" in view.narration
    view.press(".", ".")
    assert "“on”" in view.narration
    view.press("Home")
    assert "“the”" in view.narration
    view.press("End", ",")
    assert view.root.locator(".transport .count").inner_text() == "word 5 of 6"


def test_play_and_pause_by_space(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.reach("chip:0")
    view.press(" ")
    view.page.wait_for_function("models.view0.get('cursor').step >= 1")
    view.press(" ")
    view.reached("cursor", "(cursor) => cursor.step >= 1 && !cursor.playing")
    assert 1 <= explorer.cursor["step"] < 5


def test_open_the_sum_by_enter_and_leave_by_escape(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.reach("out:0:0")
    view.press("ArrowDown", "ArrowRight", "Enter")
    card = " ".join(view.root.locator(".card").inner_text().split())
    for row in range(16):
        assert format_number(explorer.trace.table[row, 1]).strip("−") in card
    assert card.count("0·") == 15 and "16 products" in card
    view.press("Escape")
    assert view.focused == "out:1:1"
    assert view.root.locator(".card.pinned").count() == 0
    view.press("Escape")
    assert view.focused == ""


def test_every_number_opens_to_its_formula(show):
    view = show(LookupExplorer())
    for place in ("output", "parameters", "rows", "bytes", "gather", "onehot", "difference"):
        button = view.place(f"fact:{place}").first
        button.focus()
        view.press("Enter")
        card = " ".join(view.root.locator(".card.pinned").inner_text().split())
        value = button.text_content().split(", show")[0].strip().split(" ")[0]
        assert value in card, (place, value, card)


def test_change_a_weight_by_keys_and_every_use_changes(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.reach("cell:1:0")
    before = explorer.trace.table[1, 0]
    view.press("Enter")
    assert view.focused == "edit"
    view.page.keyboard.type("0.5")
    view.press("Enter")
    view.wait(edits=[[1, 0, 0.5]])
    assert view.focused == "cell:1:0"
    assert explorer.trace.table[1, 0] == 0.5 != before
    assert view.narration == "W[1, 0] is now 0.50: output rows 0 and 4 changed with it."
    for n in (0, 4):
        assert view.place(f"out:{n}:0").get_attribute("aria-label") == f"out[{n}, 0] = 0.50"
    view.press("Enter", "ArrowUp", "Shift+ArrowUp")
    view.wait(edits=[[1, 0, 0.61]])
    view.press("Escape")
    view.wait(edits=[[1, 0, 0.5]])
    view.press("Enter")
    view.page.keyboard.type("much")
    view.press("Enter")
    assert "“much” is none" in view.narration and explorer.edits == [[1, 0, 0.5]]


def test_change_v_and_the_way_by_keys(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.reach("input_dim")
    view.press("ArrowRight", "ArrowRight")
    view.wait(input_dim=18)
    view.reach("method:gather")
    view.press("ArrowRight")
    view.wait(method="one-hot")
    assert (explorer.input_dim, explorer.method) == (18, "one-hot")
    assert view.root.locator("svg .hot .one").text_content() == "1"


def test_predict_and_reveal_by_keys(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.reach("top:predict")
    view.press("p")
    assert view.focused == "cell:0:0"
    assert view.root.locator('[data-place^="out:"]').count() == 0  # nothing is given away
    assert view.root.locator(".ribbon").count() == 0
    view.press("ArrowDown", "Enter")  # row 1, the
    view.press("ArrowDown", "ArrowDown", " ")  # row 3, on
    view.press("ArrowDown", "Enter")  # row 4, dog
    assert view.root.locator(".verdict.chosen").count() == 3
    view.press("p")
    assert texts(view.root.locator(".tally")) == ["2 right", "3 missed", "1 too many"]
    view.reached("answers")
    assert explorer.answers == [{"question": "lookup.rows", "answer": [1, 3, 4], "correct": False}]
    assert view.focused == "predict:done"
    view.press("Enter")
    assert view.root.locator(".verdict").count() == 0


def test_a_right_prediction_counts_as_right_by_mouse(show):
    explorer = LookupExplorer("the cat the")
    view = show(explorer)
    view.click("top:predict")
    for row in (1, 5):
        view.click(view.root.locator(".rowlabel").nth(row))
    view.click("predict:reveal")
    assert texts(view.root.locator(".tally")) == ["2 right"]
    view.reached("answers")
    assert explorer.answers[-1]["correct"] is True


def test_the_data_table_holds_every_number_drawn(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.reach("chip:0")
    view.press("t")
    tables = view.root.locator("table")
    assert texts(tables.locator("caption")) == ["Words", "Table W", "Output"]
    cells = tables.nth(1).locator("td").all_inner_texts()
    assert cells == [format_number(value) for value in explorer.trace.table.reshape(-1)]
    cells = tables.nth(2).locator("td").all_inner_texts()
    assert cells == [format_number(value) for value in explorer.trace.output.reshape(-1)]
    view.press("Escape")
    assert tables.count() == 0 and view.focused == "top:table"


def test_help_reset_and_share_by_keys(show):
    explorer = LookupExplorer()
    view = show(explorer, permissions=["clipboard-read", "clipboard-write"])
    view.reach("chip:0")
    view.press("?")
    assert view.root.get_by_role("dialog").is_visible()
    view.press("Escape")
    view.python(input_dim=9, text="a dog")
    view.wait(input_dim=9)
    view.reach("chip:0")
    view.press("s")
    view.page.wait_for_function(
        "document.querySelector('.narration').innerText.includes('clipboard')"
    )
    saved = view.page.evaluate("navigator.clipboard.readText()")
    assert LookupExplorer.from_state(saved).state == explorer.state
    view.press("r")
    view.wait(input_dim=16, text="the cat sat on the mat")
    assert explorer.input_dim == 16


def test_keys_inside_do_not_reach_the_host_and_ctrl_keys_do(show):
    view = show(LookupExplorer())
    view.page.evaluate(
        "globalThis.heard = []; document.addEventListener('keydown', e => heard.push(e.key))"
    )
    view.reach("chip:0")
    heard = view.page.evaluate("heard.length")
    view.press("ArrowDown", "t", "Escape", "Enter", "Escape")
    view.place("input_dim").focus()
    view.press("ArrowLeft")
    assert view.page.evaluate("heard.length") == heard
    view.press("Control+b")
    assert view.page.evaluate("heard.slice(-1)") == ["b"]


# --- Python, and other views -------------------------------------------------------------------


def test_python_drives_the_view(show):
    explorer = LookupExplorer()
    view = show(explorer)
    view.python(input_dim=4, text="the a")
    view.wait(input_dim=4)
    assert fact(view, "table") == "(4, 8)"
    assert view.root.locator(".field output").first.inner_text() == "V = 4"


def test_linked_views_share_the_step(show):
    one, two, other = show(
        LookupExplorer(link_id="a"), LookupExplorer("a dog ran", link_id="a"), LookupExplorer()
    )
    one.click("chip:2")
    assert "“ran”" in two.narration
    assert "“the”" in other.narration


def test_a_teacher_hides_controls(show):
    view = show(LookupExplorer(hide=["oob", "race"]))
    assert view.root.get_by_role("radiogroup").count() == 1
    assert view.place("race").count() == 0


def test_a_closed_view_leaves_nothing_behind(show):
    view = show(LookupExplorer())
    view.page.evaluate("models.view0.close()")
    assert view.root.count() == 0
    assert view.page.evaluate("models.view0.heard.get('change:message').length") == 0


def test_forced_colors_keep_the_marks(show):
    view = show(LookupExplorer(), forced_colors="active")
    marks = view.root.locator("[role=grid] .mark").evaluate_all(
        "paths => paths.map(p => p.getAttribute('d')).filter(Boolean).length"
    )
    assert marks > 20


def test_with_reduced_motion_a_race_is_over_at_once(show):
    view = show(LookupExplorer(), reduced_motion="reduce")
    view.click("race")
    assert view.root.locator(".race.done").count() == 1
