"""LoRAExplorer by mouse, by keys and from Python: each shows the same, and the core's numbers."""

import numpy as np
import pytest

from embedlab.core.lora import lora_lookup
from embedlab.explorers.lora import LoRAExplorer
from embedlab.layers import Embedding
from embedlab.traces.text import format_number


def percent(share):
    return f"{format_number(100 * share, 1)} %"


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def facts(view):
    """Read the numbers of the right column."""
    return [text.split(",")[0].strip() for text in texts(view.root.locator(".right dd"))]


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(view, start, end, steps=5):
    view.page.mouse.move(*start)
    view.page.mouse.down()
    view.page.mouse.move(*end, steps=steps)
    view.page.mouse.up()
    view.settle()


def bars(view):
    return [text.split("moved by ")[1] for text in names(view)]


def names(view):
    return view.root.locator("[role=checkbox]").evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label'))"
    )


def go_to(view, frame):
    """Scrub to one of the steps that traveled."""
    scrub = view.place("transport:scrub")
    scrub.fill(str(frame))
    view.settle()


def table(view, caption):
    table_of_caption = view.root.locator(".tables table").filter(has_text=caption).first
    return [texts(row.locator("td")) for row in table_of_caption.locator("tbody tr").all()]


# --- what is shown -----------------------------------------------------------------------------


def test_defaults_show_the_example(show):
    explorer = LoRAExplorer()
    view = show(explorer)
    trace = explorer.trace
    reached = percent(trace.errors_along([200], 2)[0])
    assert view.narration.startswith(
        f"Step 200: error {reached} over all rows, 0.0 % over the trained ones. “cup” was never"
    )
    far = trace.drifts[1]
    assert bars(view) == [format_number(value) for value in far]
    largest_untrained = format_number(np.delete(far, trace.seen).max())
    assert facts(view) == [
        "48",
        "128",
        "38 %",
        "2.00",
        percent(trace.errors[2]),
        reached,
        percent(trace.training_errors[1, -1]),
        format_number(trace.effective_rank, 1),
        "3 of 16",
        "16 of 16",
        largest_untrained,
        "0",
    ]
    assert view.root.locator(".stage").get_attribute("aria-label") == trace.alt
    assert view.root.locator(".transport .count").inner_text() == "step 200 of 200"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_drawn_number_is_in_the_data_table_and_the_core_s(show, seed):
    rng = np.random.default_rng(seed)
    rank, rows, columns = int(rng.integers(1, 5)), int(rng.integers(5, 9)), 4
    explorer = LoRAExplorer(
        seed=seed,
        rank=rank,
        input_dim=rows,
        output_dim=columns,
        seen=[0, 3][: seed % 2 + 1],
        start=["random", "zero"][seed % 2],
        scaling=["lora", "rslora"][seed // 2],
        target=["topic", "random", "one word"][seed - 1],
    )
    view = show(explorer)
    frame = int(rng.integers(2, 53))
    go_to(view, frame)
    trace = explorer.trace
    step = [0, 1, 2, 3, *range(4, 201, 4)][frame]
    assert f"step {step} of 200" in view.root.inner_text()
    view.place("edge:a").focus()
    view.press("t")
    adapter = trace.adapter(step)
    after = lora_lookup(trace.table, np.arange(rows), [adapter])
    expected = {
        "W": trace.table,
        f"A, after step {step}": adapter.a,
        f"B, after step {step}": adapter.b,
        f"W′, after step {step}": after,
        "ΔW, the target": trace.delta,
    }
    captions = texts(view.root.locator(".tables caption"))
    for caption, values in expected.items():
        cells = view.root.locator(".tables table").nth(captions.index(caption)).locator("td")
        assert texts(cells) == [format_number(value) for value in values.reshape(-1)], caption
    far = trace.drift(step)
    yes = ["yes" if row in trace.seen else "no" for row in range(rows)]
    displacements = [[one, format_number(value)] for one, value in zip(yes, far, strict=True)]
    assert table(view, "Rows, after step") == displacements
    assert bars(view) == [value for _, value in displacements]
    norms = trace.first_norms
    assert table(view, "By rank") == [
        [
            str((rows + columns) * r),
            format_number(trace.scale_of(r)),
            format_number(trace.singular_values[r - 1]),
            percent(trace.errors[r]),
            percent(trace.errors_along([step], r)[0]),
            percent(trace.training_errors[r - 1, step]),
            format_number(norms["α/r"][r - 1]),
            format_number(norms["α/√r"][r - 1]),
        ]
        for r in trace.ranks.tolist()
    ]
    for part, values in (("w", trace.table), ("m", after), ("d", trace.delta)):
        label = view.place(f"{part}:2:1").get_attribute("aria-label")
        assert label.endswith(f"[2, 1] = {format_number(values[2, 1])}")


def test_a_cell_opens_its_sum_with_the_very_numbers(show):
    explorer = LoRAExplorer(rank=2)
    view = show(explorer)
    view.place("m:5:3").focus()
    view.press("Enter")
    trace = explorer.trace
    now = trace.adapter()
    after = lora_lookup(trace.table, [5], [now])[0, 3]

    def formatted(value):
        return f"({format_number(value)})" if value < 0 else format_number(value)

    terms = " + ".join(f"{formatted(now.a[5, k])}·{formatted(now.b[k, 3])}" for k in range(2))
    card = " ".join(view.root.locator(".card .mono").inner_text().split())
    start = format_number(trace.table[5, 3])
    assert card == f"W′[5, 3] = {start} + 4/2 · ({terms}) = {format_number(after)}"
    view.press("Escape")
    assert view.focused == "m:5:3" and view.root.locator(".card.pinned").count() == 0


@pytest.mark.parametrize(
    ("fact", "formula"),
    [
        ("trainable", "(16 + 8) · 2 = 48"),
        ("scale", "4/2 = 2.00"),
        ("share", "48 / 128 = 38 %"),
        ("moved", "after step 200: 16 of 16"),
        ("merged", "lookup(W + scale·A·B) − lookup(W, A, B)| = 0"),
    ],
)
def test_every_number_on_the_right_opens_to_its_formula(show, fact, formula):
    view = show(LoRAExplorer())
    view.click(f"fact:{fact}")
    assert formula in " ".join(view.root.locator(".card.pinned").inner_text().split())


# --- the rank ----------------------------------------------------------------------------------


@pytest.mark.parametrize("handle", ["edge:a", "edge:b", "cut"])
def test_a_drag_of_an_edge_or_the_cut_changes_the_rank(show, handle):
    explorer = LoRAExplorer()
    view = show(explorer)
    x, y = middle(view.place(handle))
    size = view.place("a:0:1").bounding_box()["x"] - view.place("a:0:0").bounding_box()["x"]
    rank = view.root.locator(".spectrum .bar")
    pitch = rank.nth(1).bounding_box()["x"] - rank.nth(0).bounding_box()["x"]
    by = {"edge:a": (3 * size, 0), "edge:b": (0, 42), "cut": (3 * pitch, 0)}[handle]
    drag(view, (x, y), (x + by[0], y + by[1]))
    view.wait(rank=5)
    assert explorer.rank == 5 and facts(view)[0] == "120"
    assert view.place(handle).get_attribute("aria-valuenow") == "5"
    assert view.focused == handle


@pytest.mark.parametrize(
    ("handle", "key"), [("edge:a", "ArrowRight"), ("edge:b", "ArrowDown"), ("cut", "ArrowUp")]
)
def test_keys_change_the_rank(show, handle, key):
    explorer = LoRAExplorer()
    view = show(explorer)
    view.place(handle).focus()
    view.press(key)
    view.wait(rank=3)
    assert explorer.rank == 3
    assert view.narration.startswith(
        "r = 3: 72 parameters instead of 128; the best possible error at rank 3 is 0.0 %"
    )
    back = {"ArrowRight": "ArrowLeft", "ArrowDown": "ArrowUp", "ArrowUp": "ArrowDown"}[key]
    view.press(back, back)
    view.wait(rank=1)
    assert facts(view)[4] == percent(explorer.trace.errors[1])


def test_the_rank_needs_no_kernel(show):
    """Every rank is in the message: what is drawn changes before Python has answered."""
    view = show(LoRAExplorer())
    with view.unanswered():
        view.place("edge:a").focus()
        view.press("ArrowRight")
        assert view.place("a:0:2").count() == 1 and facts(view)[0] == "72"


def test_three_errors_have_three_names(show):
    """The bound of this rank, and what training reached: over all rows, over trained rows."""
    explorer = LoRAExplorer(rank=1)
    view = show(explorer)
    trace = explorer.trace
    for frame, step in ((0, 0), (20, 68)):
        go_to(view, frame)
        assert view.root.locator(".reached text").all_text_contents() == [
            f"best possible at rank 1 (SVD): {percent(trace.errors[1])}",
            f"{percent(trace.errors_along([step], 1)[0])} over all rows",
            f"{percent(trace.training_errors[0, step])} over trained rows",
        ]
    go_to(view, 0)
    assert "100.0 % over all rows" in view.root.locator(".reached text").all_text_contents()
    view.click("chart:first")
    assert view.root.locator(".first .line").count() == 2
    assert view.root.locator(".reached").count() == 0


# --- who moves ---------------------------------------------------------------------------------


def test_tick_a_word_to_train_it(show):
    explorer = LoRAExplorer(seen=[0], start="zero")
    view = show(explorer)
    assert [value != "0.00" for value in bars(view)] == [True] + 15 * [False]
    box = view.place("token:9").bounding_box()
    view.page.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)
    view.wait(seen=[0, 9])
    assert explorer.seen == [0, 9] and view.place("token:9").get_attribute("aria-checked") == "true"
    view.press(" ")
    view.wait(seen=[0])
    view.press("ArrowUp")
    assert view.focused == "token:8"
    assert view.narration == "“sun” was never trained and stays where it was: its row of A is zero."
    view.check("start:A random", force=True)
    view.wait(start="random")
    view.place("token:8").focus()
    view.press("Enter")
    assert (
        f"yet its row moved by {format_number(explorer.trace.drifts[1, 8])}: B is shared"
        in view.narration
    )
    assert "never trained" in view.root.locator(".card.pinned").inner_text()
    assert explorer.trace.moved.all()


def test_scrubbing_tells_the_first_steps(show):
    view = show(LoRAExplorer())
    view.place("edge:a").focus()
    view.press("Home")
    assert view.narration == "Step 0: A is random and B is zero, so A · B is zero, and W′ is W."
    assert set(bars(view)) == {"0.00"}
    view.press(".")
    assert view.narration == "Step 1: only B moved. A has no gradient while B is zero."
    assert set(bars(view)) != {"0.00"}
    view.press("End")
    assert view.narration.startswith("Step 200")


def test_hover_lights_what_makes_a_number(show):
    view = show(LoRAExplorer())
    view.page.mouse.move(*middle(view.place("m:5:3")))
    view.settle()
    assert view.root.locator(".over .ring").count() == 5  # rows of W, W′, A and ΔW, a column of B
    assert view.root.locator(".card .mono").inner_text().startswith("W′[5, 3] =")
    view.page.mouse.move(*middle(view.place("b:1:2")))
    view.settle()
    assert view.narration.startswith("B[1, 2] =") and "shared" in view.narration


# --- predict, merge, paint ---------------------------------------------------------------------


def test_predict_the_curve_by_keys_then_reveal(show):
    explorer = LoRAExplorer()
    view = show(explorer)
    view.place("edge:a").focus()
    view.press("p")
    assert view.focused == "curve:1"
    assert view.root.locator(".errors .line, .spectrum").count() == 0
    assert facts(view) == ["48", "128", "38 %", "2.00", "3 of 16"]  # given, and no error
    view.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight")
    assert view.focused == "curve:2"
    view.press("PageDown", "PageDown", "PageDown")
    assert view.place("curve:2").get_attribute("aria-valuenow") == "0"
    view.press("p")
    view.still()
    answer = explorer.answers[0]
    assert answer["question"] == "lora.error_by_rank" and answer["answer"][:2] == [0.73, 0.0]
    close = np.abs(np.array(answer["answer"]) - explorer.trace.errors[1:]) <= 0.1
    assert view.root.locator(".verdict-mark.right").count() == close.sum()
    assert not answer["correct"] and "the change has 2 directions" in view.root.inner_text()
    view.press("Escape")
    assert view.root.locator(".guess").count() == 0


def test_predict_the_curve_by_mouse(show):
    explorer = LoRAExplorer(target="one word")
    view = show(explorer)
    view.click("top:predict")
    floor = view.root.locator(".level").first.bounding_box()["y"]
    for r in range(1, 9):
        x, y = middle(view.place(f"curve:{r}"))
        drag(view, (x, y), (x, floor + 8), steps=2)
    view.click("predict:reveal")
    view.still()
    assert explorer.answers[0]["answer"] == [0.0] * 8 and explorer.answers[0]["correct"]
    assert "the change has one direction" in view.root.inner_text()


def test_merge_leaves_every_output_as_it_was(show):
    explorer = LoRAExplorer()
    view = show(explorer)
    go_to(view, 10)
    view.click("merge")
    assert view.narration.startswith(
        "Merged: one table, W′. Every row comes out as before, largest"
    )
    labels = [view.place(f"{part}:3:2").get_attribute("aria-label") for part in ("w", "m")]
    assert labels[0].split("=")[1] == labels[1].split("=")[1]
    merged = lora_lookup(explorer.trace.table, [3], [explorer.trace.adapter()])[0, 2]
    assert labels[1] == f"W′[3, 2] = {format_number(merged)}"
    assert view.place("edge:a").count() == 0
    view.press("m")
    assert (
        view.place("w:3:2")
        .get_attribute("aria-label")
        .endswith(format_number(explorer.trace.table[3, 2]))
    )


def test_paint_a_change_by_mouse_and_keys(show):
    explorer = LoRAExplorer(target="painted", seen=[0])
    view = show(explorer)
    assert view.narration.startswith("The change is zero")
    drag(view, middle(view.place("d:0:0")), middle(view.place("d:0:2")), steps=8)
    view.wait(edits=[[0, 0, 0.9], [0, 1, 0.9], [0, 2, 0.9]])
    view.place("d:4:1").focus()
    view.press("Enter")
    view.still()
    assert explorer.edits[-1] == [4, 1, 0.9]
    view.press("Enter")
    view.still()
    assert explorer.edits[-1] == [4, 1, -0.9]
    view.press("Enter")
    view.still()
    assert len(explorer.edits) == 3
    assert explorer.trace.delta[0, :3].tolist() == [0.9] * 3
    assert facts(view)[7] == "1.0"  # one direction


# --- from Python -------------------------------------------------------------------------------


def test_python_and_the_page_show_the_same(show):
    explorer = LoRAExplorer()
    view = show(explorer)
    view.python(scaling="rslora", rank=4)
    view.wait(scaling="rslora", rank=4)
    assert facts(view)[3] == "2.00"  # 4/√4
    assert view.narration.startswith("r = 4")
    view.python(seen=[2])
    view.wait(seen=[2])
    assert facts(view)[8] == "1 of 16"


def test_a_layer_s_own_adapter(show):
    layer = Embedding(6, 4, lora_rank=2, seed=1)
    layer.build()
    layer.adapters["default"].b.assign(np.arange(8, dtype="f4").reshape(2, 4))
    view = show(LoRAExplorer(layer, words=["red", "<b>bold</b>", "חתול"]))
    assert view.place("target:your own").is_checked()
    assert names(view)[1].startswith("<b>bold</b>, trained")
    assert names(view)[5].startswith("row 5, not trained")


def test_a_word_held_here_is_held_in_a_linked_view(show):
    explorers = [LoRAExplorer(link_id="pair"), LoRAExplorer(link_id="pair", start="zero")]
    one, two = show(*explorers)
    go_to(one, 20)
    assert two.root.locator(".transport .count").inner_text() == "step 68 of 200"
    box = one.place("token:9").bounding_box()
    one.page.mouse.click(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2)
    one.page.mouse.move(2, 2)
    assert one.narration.startswith("“moon” was never trained, yet its row moved")
    assert two.narration == "“moon” was never trained and stays where it was: its row of A is zero."
    assert explorers[0].seen == [0, 1, 4]  # beside its box a click only holds the word


def test_numbers_that_cannot_be_drawn_are_explained(show):
    view = show(LoRAExplorer([[np.nan, 1.0], [0.5, 2.0]]))
    alert = view.root.locator("[role=alert]").inner_text()
    assert alert.startswith("table must be finite, and within ±1 000 000 to be drawn. Received nan")
    assert bars(view)[0] != "0.00"


def test_every_task_of_the_lesson_by_keys_alone(show):
    explorer = LoRAExplorer()
    view = show(explorer)
    view.press("Tab", "p")  # the prediction
    assert view.focused == "curve:1"
    view.press("ArrowDown", "ArrowDown", "ArrowRight", "PageDown", "PageDown", "PageDown", "p")
    assert view.focused == "predict:done"
    view.press("Enter")
    view.reach("edge:a")  # 1: from which rank on is nothing left?
    view.press("ArrowLeft")
    view.wait(rank=1)
    assert facts(view)[4] == percent(explorer.trace.errors[1])
    view.press("ArrowRight")
    view.wait(rank=2)
    view.reach("token:0")  # 2: who moves?
    view.press("ArrowDown", " ")
    view.wait(seen=[0, 4])
    view.press("ArrowDown", "ArrowDown", "ArrowDown", " ")
    view.wait(seen=[0])
    assert facts(view)[9] == "16 of 16"
    view.press("Home", ".")
    assert view.narration == "Step 1: only B moved. A has no gradient while B is zero."
    view.reach("start:A random")
    view.press("ArrowRight")
    view.wait(start="zero")
    assert facts(view)[9] == "1 of 16"
    view.press("Shift+Tab")
    assert view.focused == "scaling:α / r"  # 3: which scale keeps its size?
    view.press("ArrowRight")
    view.wait(scaling="rslora")
    assert "keeps its size" in view.narration
    view.press("m")  # and merge
    assert view.narration.startswith("Merged")
