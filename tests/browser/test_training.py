"""TrainingExplorer by mouse, by keys and from Python: each shows the core's numbers."""

import numpy as np
import pytest

from embedlab.explorers.training import TrainingExplorer
from embedlab.traces.text import format_number


def short(value):
    """Format a number as the view does: four decimals, or its first digits."""
    size = abs(float(value))
    if not np.isfinite(size) or size == 0 or size >= 0.00095:
        return "0" if size == 0 else format_number(value, 4)
    digits, power = f"{size:.2e}".split("e")
    return f"{'−' if value < 0 else ''}{digits}e{int(power)}".replace("e-", "e−")


def fact(view, name):
    value = view.root.locator(f".right dt:text-is('{name}') + dd").first
    return " ".join(value.inner_text().split()).split(",")[0].strip()


def card(view):
    return " ".join(view.root.locator(".card").inner_text().split())


def read(view):
    """Return every data table as {caption: {row: [cells]}}, the blocks of a wide one joined."""
    result = {}
    for table in view.root.locator(".tables table").all():
        caption, rows = table.evaluate(
            """t => [t.caption.innerText, [...t.tBodies[0].rows].map(
                r => [...r.cells].map(c => c.innerText))]"""
        )
        whole = result.setdefault(caption.split(", columns")[0], {})
        for head, *cells in rows:
            whole.setdefault(head, []).extend(cells)
    return result


# --- what is shown -----------------------------------------------------------------------------


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {"steps": 12},
        {"steps": 15, "runs": ["rmsprop", "momentum"], "seed": 3, "output_dim": 1},
        {
            "steps": 14,
            "runs": ["adagrad", "adam", "lazy adam"],
            "branch": [1, 6, "sgd", 0.5],
            "seed": 11,
            "batch": 2,
        },
    ],
)
def test_every_number_drawn_is_in_the_table_and_is_the_core_s(show, params):
    explorer = TrainingExplorer(**params)
    view = show(explorer)
    view.place("here").focus()
    view.press("Home", ".", ".", "t")
    trace, step, tables = explorer.trace, 2, read(view)
    many = len(trace.runs) > 1
    order = [trace.words[row] for row in trace.order]
    for n, run in enumerate(trace.runs):
        part = next(
            rows
            for caption, rows in tables.items()
            if caption.startswith("Row displacement") and (not many or f"run {n + 1}" in caption)
        )
        assert list(part) == order
        for row, word in zip(trace.order, order, strict=True):
            none = ["" if has else " ∅" for has in run.has_grad[:, row]]
            moves = [short(v) + o for v, o in zip(run.moves[:, row], none, strict=True)]
            assert part[word] == moves
            cell = view.place(f"cell:{n}:{row}")
            cell = cell if cell.count() else view.place("here")
            assert f"moved {short(run.moves[step, row])}" in cell.get_attribute("aria-label")
        positions = next(
            rows
            for caption, rows in tables.items()
            if caption.startswith("Position") and (not many or f"run {n + 1}" in caption)
        )
        for row, word in zip(trace.order, order, strict=True):
            at = [*run.table[step + 1, row], 0.0][:2]
            assert positions[word][:2] == [short(v) for v in at]
        losses = next(r for c, r in tables.items() if c.startswith("Loss"))
        assert losses[f"{n + 1} {run.optimizer}"] == [format_number(v, 3) for v in run.losses]
    caption, lanes = next(item for item in tables.items() if "over time" in item[0])
    row, run = trace.words.index(caption[1 : caption.index("”")]), trace.runs[0]
    name = "w[0]" if explorer.output_dim > 1 else "w"
    assert lanes[name] == [short(v) for v in run.table[1:, row, 0]]
    first = run.optimizer_at(0)[2]
    for slot, word in enumerate(first):
        letter = {"velocity": "v", "accumulator": "a", "average": "v"}.get(word, word)
        name = f"{letter}[0]" if explorer.output_dim > 1 else letter
        assert lanes[name] == [short(v) for v in run.slots[1:, slot, row, 0]]


def test_defaults_show_the_example(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    run, moon = explorer.trace.runs[0], explorer.trace.words.index("moon")
    assert run.moved_without_grad[39, moon]
    move = short(run.moves[39, moon])
    assert f"“moon” is not in this batch, its gradient is 0, and still it moves by {move}" in (
        view.narration
    )
    assert fact(view, "gradient norm") == "0" and fact(view, "moved") == move
    assert fact(view, "in the batch") == f"{run.has_grad[39].sum()} of 11"
    assert fact(view, "zero gradient, updated") == str(run.moved_without_grad[39].sum())
    assert fact(view, "loss") == format_number(run.losses[39], 3)
    maps = view.root.locator(".name.momentum")
    assert maps.count() == 1  # under dense Adam, and not under lazy Adam
    discs = view.root.locator(".dot.no-grad").first.get_attribute("d").count("M")
    assert discs == run.moved_without_grad[39].sum()
    assert "the gradient is 0, the momentum is not" in card(view)


def test_the_arithmetic_gives_the_move(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    view.place("here").focus()
    view.press("Enter")
    run, moon, s = explorer.trace.runs[0], explorer.trace.words.index("moon"), 39
    text = card(view)
    assert ", ".join(explorer.trace.batch(s)) in text and "“moon” is not in it" in text
    for slot in range(2):
        for c in range(2):
            old, new = run.slots[s, slot, moon, c], run.slots[s + 1, slot, moon, c]
            assert short(old) in text and f"= {short(new)}" in text
    for c in range(2):
        change = float(run.table[s + 1, moon, c]) - float(run.table[s, moon, c])
        assert f"= {short(change)}" in text
    assert short(run.rates[s]) in text and short(run.moves[s, moon]) in text
    view.press("Escape")
    assert view.focused == "here" and view.root.locator(".card.pinned").count() == 0


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "optimizer", ["sgd", "momentum", "adagrad", "rmsprop", "lazy adam", "sgd + l2"]
)
def test_the_arithmetic_of_each_rule(show, optimizer):
    explorer = TrainingExplorer(runs=[optimizer], steps=30)
    view = show(explorer)
    view.place("here").focus()
    run, moon = explorer.trace.runs[0], explorer.trace.words.index("moon")
    last_step = int(np.flatnonzero(run.has_grad[:, moon])[-1])
    view.press("Home", *["."] * last_step, "Enter")
    text = card(view)
    for c in range(2):
        change = float(run.table[last_step + 1, moon, c]) - float(run.table[last_step, moon, c])
        assert f"= {short(change)}" in text
    view.press(".")
    if last_step + 1 < 30 and not run.has_grad[last_step + 1, moon]:
        glides = optimizer in ("momentum", "sgd + l2")
        assert ("and still it moves" in view.narration) == glides
        assert ("and stays" in view.narration) == (not glides)


# --- the mouse ---------------------------------------------------------------------------------


def test_a_click_on_the_strip_opens_that_cell(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    box = view.place("cell:1:3").bounding_box()  # "runs" at step 40 of run 2
    view.page.mouse.click(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2)
    view.reached("cursor", "(cursor) => cursor.run === 1 && cursor.step > 39")
    assert view.focused == "here"
    assert explorer.cursor["row"] == 3
    step = explorer.cursor["step"]
    assert step > 39 and f"step {step + 1} of 60" in view.root.locator(".count").first.inner_text()
    assert ", ".join(explorer.trace.batch(step)) in card(view)


def test_points_are_pinned_and_measured(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    trace, run = explorer.trace, explorer.trace.runs[0]
    box = view.root.locator(".training text.word", has_text="cat").bounding_box()
    view.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    box = view.root.locator(".training text.word", has_text="dog").bounding_box()
    view.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    view.reached("cursor", "(cursor) => cursor.pins.length === 2")
    cat, dog = (trace.words.index(word) for word in ("cat", "dog"))
    assert explorer.cursor["pins"] == [cat, dog] and explorer.cursor["row"] == dog
    true = np.linalg.norm(run.table[40, cat].astype(float) - run.table[40, dog])
    assert fact(view, "to “cat”") == short(true)
    assert short(true) in view.root.locator(".ruler").text_content()


def test_ruler_shows_true_and_drawn_distance(show):
    explorer = TrainingExplorer(output_dim=5, steps=60)
    view = show(explorer)
    view.place("here").focus()
    view.press("x", "ArrowUp")
    _, axes, variance_share = explorer.trace.map()
    rows = explorer.trace.runs[0].table[40, explorer.trace.order[-2:]].astype(float)
    true = np.linalg.norm(rows[0] - rows[1])
    map_distance = np.linalg.norm((rows[0] - rows[1]) @ axes)
    assert fact(view, "to “moon”") == f"{short(true)} (map {short(map_distance)})"
    assert (
        f"{round(100 * round(variance_share, 4))} % of the variance"
        in view.root.locator(".training").text_content()
    )


def test_hovering_a_row_narrates_it(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    box = view.place("cell:1:0").bounding_box()
    view.page.mouse.move(box["x"] + 30, box["y"] + 6)
    assert "lazy adam: “the”" in view.narration and "Step 40" in view.narration
    view.page.mouse.move(5, 5)
    assert "“moon”" in view.narration


def test_scrubbing_the_loss_goes_to_that_step_both_ways(show):
    view = show(TrainingExplorer())
    view.click("plot:loss")
    for share, step in ((0.905, 55), (0.205, 13)):
        box = view.root.locator(".loss .axis").bounding_box()
        view.page.mouse.click(box["x"] + share * box["width"], box["y"] + 20)
        view.settle()
        now = int(view.root.locator(".transport .count").inner_text().split()[1])
        assert abs(now - step) <= 1  # a step is less than three pixels wide


def test_draw_a_curve_with_the_mouse_and_see_the_true_one(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    view.click("top:predict")
    pad = view.root.locator(".pad").bounding_box()
    assert view.root.locator(".true, .arrows path").count() == 0
    view.page.mouse.move(pad["x"] + 12, pad["y"] + pad["height"] - 10)
    view.page.mouse.down()
    view.page.mouse.move(pad["x"] + pad["width"] - 9, pad["y"] + pad["height"] / 2, steps=6)
    view.page.mouse.up()
    view.settle()
    values = [float(view.place(f"curve:{i}").get_attribute("aria-valuenow")) for i in (0, 10, 16)]
    assert values[0] < values[1] < values[2]
    view.click("predict:reveal")
    view.reached("answers")
    run, moon = explorer.trace.runs[0], explorer.trace.words.index("moon")
    far = np.linalg.norm(run.table[59, moon].astype(float) - run.table[42, moon])
    assert short(far) in view.root.locator(".strip.predict").inner_text()
    assert f"actual: {short(far)}" in view.root.locator(".truename").text_content()
    assert view.root.locator(".ahead").count() == 1
    (answer,) = explorer.answers
    assert answer["question"] == "training.path" and len(answer["answer"]) == 17


# --- the keyboard, and nothing else ------------------------------------------------------------


def test_walk_the_strip_by_keys(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    view.reach("here")
    view.press("ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert view.focused == "here" and view.narration.startswith("Step 41, adam: “blue”")
    view.press("2")
    assert view.narration.startswith("Step 41, lazy adam: “blue”") and view.focused == "here"
    view.press("PageUp", "PageUp", "End")
    assert view.narration.startswith("Step 60, lazy adam: “the”")
    view.press("Home", "1")
    assert view.narration.startswith("Step 1, adam: “the”")
    view.press("x")
    view.reached("cursor", "(cursor) => cursor.pins.length === 1")
    view.press("x")
    view.reached("cursor", "(cursor) => cursor.step === 0 && cursor.pins.length === 0")


def test_predict_by_keys_a_flat_line_is_what_m7_believes(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    view.reach("top:predict")
    view.press("p")
    assert view.focused == "curve:0"
    hidden = ".trail, .arrows path, .no-grad, .moved, .unbranched, .lanes, .loss, .true, .tabs"
    assert view.root.locator(hidden).count() == 0  # only the places and the batches are given
    assert view.root.get_by_role("grid").count() == 1  # and no other run
    view.press("p")
    assert "moved without a gradient" in view.root.locator(".strip.predict").inner_text()
    view.reached("answers")
    assert explorer.answers[0]["correct"] is False
    view.place("predict:again").focus()
    view.press("Enter", "ArrowUp", "ArrowRight", "ArrowUp", "ArrowUp")
    now = [float(view.place(f"curve:{i}").get_attribute("aria-valuenow")) for i in (0, 1, 16)]
    assert 0 < now[0] < now[1] == now[2]
    view.press("Escape")
    assert view.root.locator(".strip.predict").count() == 0


def test_lazy_adam_flat_line_for_absent_row(show):
    explorer = TrainingExplorer(
        "a b c d e f g h " * 12 + "z", runs=["lazy adam"], steps=40, batch=2
    )
    view = show(explorer)
    view.reach("here")
    view.press("Home", "p", "p")
    view.reached("answers")
    assert explorer.answers[0]["correct"] is True
    assert "It stayed" in view.root.locator(".strip.predict").inner_text()


def test_an_open_question_keeps_its_answer(show):
    view = show(TrainingExplorer())
    view.reach("here")
    view.press("p", "t")
    assert view.root.locator("table").count() == 0
    view.press(".", ".", "End")
    assert "step 42 of 60" in view.root.locator(".transport .count").inner_text()
    assert view.root.locator(".card").count() == 0


def test_branch_by_keys_and_drop_it(show):
    explorer = TrainingExplorer()
    view = show(explorer)
    before = explorer.trace.runs[0].table
    view.reach("here")
    update = card(view)
    view.press("b")
    view.wait(branch=[0, 40, "momentum", 0.2])
    assert card(view) == update and "e−" in update  # of step 40, which is still Adam's
    after = explorer.trace.runs[0].table
    np.testing.assert_array_equal(after[:41], before[:41])
    assert not np.array_equal(after[41:], before[41:])
    assert view.root.locator(".unbranched, path.ahead").count() == 2  # both ways, before any step
    assert "From step 41 on run 1 goes on with momentum" in view.narration
    assert view.focused == "optimizer"
    view.choose("optimizer", "lazy adam")
    view.wait(branch=[0, 40, "lazy adam", 0.05])
    assert "From step 41 on run 1 goes on with lazy adam" in view.narration
    view.reach("here")
    view.press(".", ".")
    assert view.root.locator(".unbranched").count() == 1 and view.root.locator(".turn").count() == 1
    assert "lazy adam: “moon” is in this batch" in view.narration
    view.press(".")
    assert "lazy adam: “moon” is not in this batch and stays" in view.narration
    view.press("b")
    view.wait(branch=[])
    assert view.root.locator(".unbranched").count() == 0
    np.testing.assert_array_equal(explorer.trace.runs[0].table, before)


def test_runs_are_added_changed_and_removed_by_keys(show):
    explorer = TrainingExplorer(runs=["adam"], steps=30)
    view = show(explorer)
    view.reach("add")
    view.press("Enter")
    view.wait(runs=[["adam", 0.05], ["sgd", 1]])
    view.reach("rate")
    view.press("ArrowLeft")
    view.wait(runs=[["adam", 0.05], ["sgd", 0.7]])
    view.place("optimizer").focus()
    view.press("ArrowDown")
    view.wait(runs=[["adam", 0.05], ["momentum", 0.2]])
    assert view.root.locator("text.title").nth(1).text_content().startswith("momentum, rate 0.2")
    view.place("remove").focus()
    view.press("Enter")
    view.wait(runs=[["adam", 0.05]])
    assert view.root.get_by_role("grid").count() == 1


def test_own_text_becomes_the_corpus(show):
    explorer = TrainingExplorer(steps=20)
    view = show(explorer)
    view.fill("text", "One fish, two fish. Red fish!")
    view.wait(text="One fish, two fish. Red fish!")
    words = view.root.locator(".training text.word").all_text_contents()
    assert words == ["fish", "one", "two", "red"]
    assert explorer.trace.words == ("fish", "one", "two", "red") and "“red”" in view.narration


def test_play_and_pause_by_space(show):
    view = show(TrainingExplorer())
    view.reach("here")
    view.press(" ")
    view.page.wait_for_function("models.view0.get('cursor').step >= 40")
    view.press(" ")
    view.reached("cursor", "(cursor) => cursor.step >= 40 && !cursor.playing")


# --- Python, and other views -------------------------------------------------------------------


def test_python_drives_the_view(show):
    explorer = TrainingExplorer(steps=20)
    view = show(explorer)
    view.python(runs=["momentum", "sgd"], output_dim=3)
    view.wait(output_dim=3)
    assert view.root.locator("text.title").first.text_content() == "momentum, rate 0.2"
    assert "fixed projection" in view.root.locator(".training").text_content()


def test_more_steps_than_can_be_sent_are_reported(show):
    text = " ".join(f"w{n * n % 97}" for n in range(3000))
    explorer = TrainingExplorer(text, runs=["adam"] * 3, steps=50, input_dim=40, output_dim=2)
    view = show(explorer)
    view.python(steps=200)
    view.wait(steps=200)
    assert view.narration.startswith(f"{explorer.trace.steps} steps: more are not sent")


def test_a_row_that_holds_nan_is_reported(show):
    table = np.array([[np.nan, 0.0], [0.5, 0.5], [1.0, 0.0], [0.5, 1.0]])
    view = show(TrainingExplorer("a. b c", table=table, steps=10, runs=["sgd"]))
    assert view.root.locator(".below text.name").all_text_contents() == ["b", "c", "row 3"]
    view.reach("here")
    view.press("PageUp")
    assert "“a” holds NaN or infinity" in view.narration
    view.place("here").focus()
    view.press("p", "ArrowUp", "p")  # the answer has no number to be drawn at
    assert "actual: NaN" in view.root.locator(".truename").text_content()


def test_a_teacher_hides_controls(show):
    view = show(TrainingExplorer(hide=["runs", "text"]))
    assert view.place("branch").count() == 0 and view.place("text").count() == 0
    assert view.place("steps").count() == 1


# --- motion -------------------------------------------------------------------------------------

SPOT = """(root) => {
    const dot = root.querySelector("circle.dot.hit");
    return [Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))];
}"""
SPOTS = """async (root) => {
    const dot = () => root.querySelector("circle.dot.hit");
    const count = () => root.querySelector(".transport .count").textContent;
    const frames = [];
    do {
        frames.push([count(), Number(dot().getAttribute("cx")), Number(dot().getAttribute("cy"))]);
        await new Promise(requestAnimationFrame);
    } while (root.querySelector('[aria-label="Pause"]'));
    return frames;
}"""


def test_a_run_is_in_motion_between_its_steps_and_ends(show):
    view = show(TrainingExplorer(steps=20))
    view.reach("here")
    view.press("Home")
    view.page.keyboard.press(" ")
    frames = view.root.evaluate(SPOTS)
    assert view.root.locator(".transport .count").inner_text() == "step 20 of 20"
    places = {}
    for count, *spot in frames:
        places.setdefault(count, set()).add(tuple(spot))
    assert max(map(len, places.values())) > 2  # a step is more than one picture


def test_with_reduced_motion_a_step_is_one_picture(show):
    view = show(TrainingExplorer(steps=20), reduced_motion="reduce")
    view.reach("here")
    view.press("Home", ".")
    before = view.root.evaluate(SPOT)
    view.settle()
    assert view.root.evaluate(SPOT) == before


def test_the_objective_and_the_pairs_are_one_click_away(show):
    explorer = TrainingExplorer()
    view = show(explorer, width=900)
    assert "Skip-gram" in view.root.locator(".hint").inner_text()
    view.click("top:numbers")
    numbers = view.root.locator(".right").inner_text()
    assert "window" in numbers and "negatives" in numbers and "context table C" in numbers
    view.press("Escape")
    view.reach("here")
    view.press("ArrowRight", "ArrowRight", "Enter")
    trace, step = explorer.trace, 41
    rows = slice(*trace.batches.starts[step : step + 2])
    moon = trace.words.index("moon")
    pairs, near = trace.batches.pairs[rows], trace.batches.label[rows]
    card = " ".join(view.root.locator(".card").inner_text().split())
    for (center, context), is_near in zip(pairs.tolist(), near, strict=True):
        if center == moon:
            toward, _, away = card.partition("away from C of")
            assert trace.words[context] in (toward if is_near else away)


def test_the_word_that_is_selected_is_in_the_first_steps(show):
    rare = " ".join(f"w{n}" for n in range(20)) + " zebra"
    explorer = TrainingExplorer("the cat sat . " * 12 + rare, steps=30, batch=1)
    view = show(explorer)
    title = view.root.locator(".right h3").first.inner_text().lower()
    assert any(f"“{word}”" in title for word in ("the", "cat", "sat"))
