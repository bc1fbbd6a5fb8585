"""MaskExplorer by mouse, by keys and from Python: each shows the same, and the core's numbers."""

import numpy as np
import pytest

from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.layers import Conv1D, Dense, Dropout, Embedding, Flatten, GlobalAveragePooling1D
from embedlab.lessons import check
from embedlab.traces.text import format_number

MEAN = ["Dropout", "GlobalAveragePooling1D", "Dense"]


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def statuses(view):
    return texts(view.root.locator(".status-of"))


def facts(view):
    """Read the numbers of the right column, group by group."""
    return [text.split(",")[0].strip() for text in texts(view.root.locator(".right dd"))]


def cards(view):
    return texts(view.root.locator(".card-layer bdi"))


def drag(view, start, end, steps=6):
    view.page.mouse.move(*start)
    view.page.mouse.down()
    view.page.mouse.move(*end, steps=steps)
    view.page.mouse.up()
    view.settle()


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# --- what is shown -----------------------------------------------------------------------------


def test_defaults_show_the_example(show):
    explorer = MaskExplorer()
    view = show(explorer)
    assert cards(view) == ["Embedding", "Dropout", "Conv1D", "Mean pool", "Dense"]
    assert statuses(view) == ["mask made", "mask kept", "mask lost here", "no mask", "no mask"]
    assert view.narration.startswith("Conv1D mixes each position with its neighbors")
    assert view.narration.endswith("The loss is off by 0.32.")
    trace = explorer.trace
    losses = [format_number(v, 3) for v in (trace.loss, trace.loss_unmasked, trace.loss_reference)]
    rows = (trace.row_0, trace.row_0_unmasked, trace.row_0_reference)
    row_0 = np.linalg.norm(trace.stages[0].values[1, -1])
    lengths = [*(format_number(np.linalg.norm(row), 3) for row in rows), format_number(row_0, 3)]
    pooled = next(stage for stage in trace.stages if stage.name == "mean_pool")
    off = [np.linalg.norm(v - r) for v, r in zip(pooled.values, pooled.reference, strict=True)]
    distances = [format_number(v) for v in (off[1], np.mean(off))]
    assert facts(view) == [*distances, "0.32", *losses, *lengths]
    assert view.root.locator(".distances text.off").all_text_contents() == [distances[0], "0.32"]
    assert view.root.locator(".stage").get_attribute("aria-label") == trace.alt


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_drawn_number_is_in_the_data_table_and_the_core_s(show, seed):
    rng = np.random.default_rng(seed)
    explorer = MaskExplorer(
        lengths=rng.integers(0, 9, 4).tolist(),
        steps=int(rng.integers(4, 10)),
        seed=seed,
        padding=["post", "pre"][seed % 2],
        output_dim=int(rng.integers(1, 5)),
        layers=[["Conv1D"], ["Dropout"], ["Masking", "Reshape"]][seed - 1] + MEAN[1:],
    )
    view = show(explorer)
    view.place("layer:0").focus()
    view.press("t")
    trace = explorer.trace
    tables = view.root.locator("table:has(caption)")
    texts = tables.nth(0).locator("td").all_inner_texts()
    rows = [((row != 0).sum(), (row == 0).sum(), *row) for row in trace.ids]
    assert texts == [str(value) for row in rows for value in row]
    for n, stage in enumerate(trace.stages):
        table = tables.nth(n + 1)
        assert table.locator("caption").inner_text().endswith(f"mask {stage.status}")
        expected = [format_number(v) for v in stage.values.reshape(-1)]
        texts = [t for t in table.locator("td").all_inner_texts() if t not in ("True", "False")]
        assert texts == expected
        if stage.mask is not None:
            flags = [t for t in table.locator("td").all_inner_texts() if t in ("True", "False")]
            assert flags == [str(bool(m)) for m in stage.mask.reshape(-1)]
    cost = view.root.locator("table:has(caption) tr", has_text="loss").locator("td")
    reference = "—" if trace.loss_reference is None else format_number(trace.loss_reference, 3)
    losses = [format_number(trace.loss, 3), format_number(trace.loss_unmasked, 3), reference]
    assert cost.all_inner_texts() == losses


def test_each_place_says_its_numbers(show):
    explorer = MaskExplorer()
    view = show(explorer)
    stages = explorer.trace.stages
    numbers = ", ".join(format_number(v) for v in stages[0].values[1, 1])
    label = view.place("at:0:1:1").get_attribute("aria-label")
    assert label == f"Embedding, position 1, dog: {numbers}; counts"
    assert view.place("at:1:1:4").get_attribute("aria-label").endswith("; masked")
    pooled = format_number(stages[3].values[1, 2])
    assert view.place("at:3:1:2").get_attribute("aria-label") == f"Mean pool, number 2: {pooled}"


def test_the_ribbon_ends_where_the_mask_does(show):
    view = show(MaskExplorer())
    assert view.root.locator(".stage .frayed").count() == 1
    assert view.root.locator(".stage .dots").count() == 2  # behind Embedding and Dropout, no more
    stripes = view.root.locator(".stage path.stripes").evaluate_all(
        "paths => paths.map(p => p.getAttribute('d').length > 0)"
    )
    assert stripes == [True, True, True, True]  # three stages, and the key
    view = show(MaskExplorer(layers=MEAN))
    assert view.root.locator(".stage .frayed").count() == 0
    assert view.root.locator(".stage path.stripes").count() == 0


def test_a_model_of_one_s_own_keeps_its_names(show):
    layers = [
        Embedding(9, 2, mask_zero=True, seed=1),
        Dropout(0.5, name="drop"),
        Flatten(name="flat"),
        Dense(1, name="out"),
    ]
    view = show(MaskExplorer(model=layers))
    assert cards(view) == ["Embedding", "drop", "flat", "out"]
    assert "How far the loss is off cannot be said" in view.narration
    assert "No unpadded reference" in view.root.locator(".right .why").inner_text()


# --- the mouse ---------------------------------------------------------------------------------


def test_hover_a_place(show):
    view = show(MaskExplorer())
    view.hover("at:2:1:4")
    assert view.narration.startswith("Sentence 2, position 4 is padding: Conv1D gives it [")
    assert view.narration.endswith("and no mask is left, so it counts like a word.")
    assert view.root.locator(".over .ring").count() == 4  # ids and three stages
    view.hover("at:1:1:4")
    assert view.narration.endswith("and its mask says: leave it out.")
    view.hover("at:0:1:1")
    assert "“dog”" in view.narration


def test_drag_a_layer_to_another_place(show):
    explorer = MaskExplorer()
    view = show(explorer)
    start, end = middle(view.place("layer:2")), middle(view.place("layer:3"))
    drag(view, start, (end[0] + 20, end[1]))
    view.page.wait_for_selector(".strip.error")  # a pooled vector has no places left
    assert explorer.layers[1] == "Conv1D" and "Conv1D needs a time axis" in explorer.error
    assert cards(view) == ["Embedding", "Dropout", "Conv1D", "Mean pool", "Dense"]
    start, end = middle(view.place("layer:1")), middle(view.place("layer:2"))
    drag(view, start, (end[0] + 20, end[1]))
    view.wait(layers=["Conv1D", "Dropout", "GlobalAveragePooling1D", "Dense"])
    assert view.root.locator(".strip.error").count() == 0  # the next good edit mends it
    assert statuses(view)[1:3] == ["mask lost here", "no mask"]


def test_insert_a_layer_and_take_it_out(show):
    explorer = MaskExplorer(layers=MEAN)
    view = show(explorer)
    view.click("layer:0")
    view.choose("insert", "Conv1D")
    view.wait(layers=["Conv1D", *MEAN])
    assert statuses(view)[1] == "mask lost here"
    assert view.root.locator(".card-layer.hit").get_attribute("data-place") == "layer:1"
    view.click(view.root.locator(".away"))
    view.wait(layers=MEAN)
    assert explorer.trace.lost_at is None


def test_an_inserted_layer_stands_behind_the_chosen_one(show):
    explorer = MaskExplorer(layers=MEAN)
    view = show(explorer)
    view.click("layer:1")
    view.choose("insert", "LSTM")
    view.wait(layers=["Dropout", "LSTM(return_sequences=True)", *MEAN[1:]])
    assert statuses(view)[2] == "mask kept"
    view.click("each:False")
    view.page.wait_for_selector(".strip.error")
    assert "Received it after LSTM" in explorer.error


def test_drag_a_sentence_s_end(show):
    explorer = MaskExplorer()
    view = show(explorer)
    x, y = middle(view.place("pad:1"))
    pitch = (middle(view.place("pad:0"))[0] - x) / 5
    drag(view, (x, y), (x + 2 * pitch, y))
    view.wait(lengths=[8, 5, 5, 6])
    assert explorer.trace.ids[1, :5].all() and not explorer.trace.ids[1, 5:].any()
    view.check("padding:pre")
    view.wait(padding="pre")
    assert not explorer.trace.ids[1, :3].any()
    x, y = middle(view.place("pad:1"))
    drag(view, (x, y), (x + pitch, y))
    view.wait(lengths=[8, 4, 5, 6])


def test_controls_change_the_batch(show):
    explorer = MaskExplorer(layers=MEAN)
    view = show(explorer)
    view.check("mask_zero:False")
    view.wait(mask_zero=False)
    assert statuses(view) == ["no mask"] * 4
    view.check("mask_zero:True")
    view.wait(mask_zero=True)
    view.fill("text", "a cat\nthe dog ran")
    view.wait(text="a cat\nthe dog ran")
    assert explorer.trace.ids.shape == (2, 8) and explorer.lengths == [12, 12]
    assert texts(view.root.locator(".stage .line")) == ["a cat", "the dog ran"]


# --- the keyboard, and nothing else ------------------------------------------------------------


def test_step_through_the_layers_by_keys(show):
    view = show(MaskExplorer())
    view.reach("layer:2")
    view.press("ArrowLeft")
    assert view.focused == "layer:1" and view.narration.startswith("Dropout is elementwise")
    view.press("Home")
    assert view.narration.startswith(
        "Embedding makes the mask where the id is not 0: 10 of 32 positions"
    )
    view.press("End", ",")
    assert view.root.locator(".transport .count").inner_text() == "layer 4 of 5"
    assert "it divides by all positions, padding too; Conv1D lost it" in view.narration


def test_move_remove_and_insert_by_keys(show):
    explorer = MaskExplorer()
    view = show(explorer)
    view.reach("layer:2")
    view.press("Shift+ArrowLeft")
    view.wait(layers=["Conv1D", "Dropout", *MEAN[1:]])
    assert view.focused == "layer:1"
    view.press("Delete")
    view.wait(layers=MEAN)
    assert "The loss is that of the unpadded reference." in view.narration
    view.place("layer:0").focus()
    view.press("Delete")
    assert view.narration.startswith("The embedding stays")
    view.press("+")
    assert view.focused == "insert"
    view.press("ArrowDown")  # as in any native list
    view.wait(layers=["Dropout", *MEAN])


def test_cut_a_sentence_by_keys(show):
    explorer = MaskExplorer()
    view = show(explorer)
    view.reach("pad:1")
    view.press("ArrowRight")
    view.wait(lengths=[8, 4, 5, 6])
    assert view.narration.startswith("Sentence 2: 4 words, 4 padding. The loss is now ")
    view.press("End")
    view.wait(lengths=[8, 8, 5, 6])
    view.press("ArrowDown")
    assert view.focused == "pad:2"
    view.press("Home")
    view.wait(lengths=[8, 8, 0, 6])


def test_every_task_of_the_lesson_by_keys_alone(show):
    explorer = MaskExplorer()
    view = show(explorer)
    view.reach("layer:2")
    view.press("p", "ArrowRight", "ArrowRight", "Enter", "p")
    assert "It is Conv1D" in view.root.locator(".strip.predict").inner_text()
    view.press("Escape")
    view.reach("layer:2")
    view.press(",", ".")  # the ribbon, layer by layer
    assert view.narration.startswith("Conv1D mixes")
    view.reach("pad:1")
    view.press("ArrowLeft")  # fewer words, more padding
    view.wait(lengths=[8, 2, 5, 6])
    view.press("Escape")
    view.reach("padding:post")
    view.press("ArrowRight")
    view.wait(padding="pre")
    view.reach("layer:2")
    assert not check("04.mend", explorer)
    view.press("Delete")
    view.wait(layers=MEAN)
    assert check("04.mend", explorer)


def test_arrows_walk_the_places_across_the_layers(show):
    view = show(MaskExplorer())
    view.reach("at:2:1:0")
    view.press("ArrowLeft")
    assert view.focused == "at:1:1:7"
    view.press("ArrowDown", "ArrowRight", "Enter")
    assert view.focused == "at:2:2:0"
    card = " ".join(view.root.locator(".card.pinned").inner_text().split())
    assert "one comes in, none goes out" in card
    view.press("Escape")
    assert view.focused == "at:2:2:0"


def test_predict_and_reveal_by_keys(show):
    explorer = MaskExplorer()
    view = show(explorer)
    view.reach("layer:2")
    view.press("p")
    assert view.focused == "layer:0"
    assert statuses(view) == [] and view.root.locator(".stage .strand").count() == 0
    assert len(facts(view)) == 1  # row 0 of the table is given; losses and gradients are gone
    assert view.root.locator(".card-layer.lost").count() == 0
    assert "lost" not in view.root.locator(".stage").get_attribute("aria-label")
    view.press("ArrowRight", "Enter", "ArrowRight", "ArrowRight", " ")
    assert view.root.locator(".card-layer.chosen").count() == 1  # one answer: the newest
    view.press("p")
    strip = " ".join(view.root.locator(".strip.predict").inner_text().split())
    assert strip.startswith("not this one It is Conv1D. Conv1D mixes")
    view.reached("answers")
    assert explorer.answers == [{"question": "mask.loser", "answer": [3], "correct": False}]
    assert view.root.locator(".card-layer.missed").get_attribute("data-place") == "layer:2"
    view.press("Enter")
    assert view.root.locator(".badge").count() == 0


def test_no_layer_loses_it_is_an_answer_too(show):
    explorer = MaskExplorer(layers=MEAN)
    view = show(explorer)
    view.click("top:predict")
    view.click("layer:4")
    view.click("predict:reveal")
    view.reached("answers")
    assert explorer.answers[-1] == {"question": "mask.loser", "answer": [4], "correct": True}


# --- behind the numbers ------------------------------------------------------------------------


def test_the_mean_is_written_out_with_its_padding(show):
    explorer = MaskExplorer()
    view = show(explorer)
    conv = explorer.trace.stages[2].values[1, :, 0]
    card = " ".join(view.root.locator(".card").inner_text().split())
    words, padding = conv[:3].sum(), conv[3:].sum()
    assert f"{format_number(words)} from words + {format_number(padding)} from padding" in card
    truth = explorer.trace.stages[3].reference[1][0]
    assert f") / 3 = {format_number(truth)}" in card
    view.click("fact:pool:model:0")
    card = " ".join(view.root.locator(".card").inner_text().split())
    for value in conv:
        assert format_number(value) in card
    assert f") / 8 = {format_number(conv.mean())}" in card and "5 of the 8 are padding" in card
    view.python(text="#7\n#5 #0 #3")  # the reference leaves out an id 0 among words, too
    view.click("fact:pool:reference:0")
    stages = explorer.trace.stages
    first, last = (format_number(value) for value in stages[2].reference[1][:, 0])
    card = " ".join(view.root.locator(".card").inner_text().split())
    assert "NaN" not in card and first in card and last.lstrip("−") in card
    assert f") / 2 = {format_number(stages[3].reference[1][0])}" in card


def test_a_mean_after_a_valid_convolution_is_not_of_words_alone(show):
    view = show(
        MaskExplorer(
            [
                Embedding(9, 4, mask_zero=True),
                Conv1D(3, 3, padding="valid"),
                GlobalAveragePooling1D(),
                Dense(1),
            ]
        )
    )
    view.click("fact:pool:model:0")
    card = view.root.locator(".card").inner_text()
    assert "mixes neighbors" in card and "words alone" not in card.split("mixes neighbors")[0]


def test_every_number_opens_to_its_formula(show):
    view = show(MaskExplorer())
    for place in (
        "pool:model:1",
        "pool:unmasked:0",
        "pool:reference:2",
        "loss:model",
        "loss:reference",
        "off",
        "distance",
        "grad:model",
        "grad:unmasked",
        "row0",
    ):
        button = view.place(f"fact:{place}")
        button.focus()
        view.press("Enter")
        card = " ".join(view.root.locator(".card.pinned").inner_text().split())
        value = button.text_content().split(", show")[0].strip()
        assert value in card, (place, value, card)
        view.press("Escape")
        assert view.focused == f"fact:{place}"


def test_a_linked_view_shares_the_word(show):
    view, lookup = show(MaskExplorer(link_id="a"), LookupExplorer(link_id="a"))
    view.click("at:0:0:1")
    assert lookup.root.locator(".chip.hit").inner_text().split() == ["cat", "5"]
    lookup.click("chip:2")
    assert "“sat”, id 9" in view.narration


def test_python_drives_the_view_and_hears_it(show):
    explorer = MaskExplorer()
    view = show(explorer)
    view.python(layers=MEAN, steps=10)
    view.wait(steps=10)
    assert cards(view) == ["Embedding", "Dropout", "Mean pool", "Dense"]
    view.click("at:0:2:1")
    view.page.wait_for_function("models.view0.get('cursor').sentence === 2")
    assert explorer.cursor["selected"] == {"part": "place", "k": 0, "b": 2, "cell": 1}
