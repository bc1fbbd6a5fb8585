"""WindowExplorer by mouse, by keys and from Python: the same each time, and the core's numbers."""

from playwright.sync_api import expect

from embedlab.explorers.training import TrainingExplorer
from embedlab.explorers.window import WindowExplorer
from embedlab.traces.text import format_number

TEXT = "The cat sat on the mat. A dog ran."


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def make(**params):
    return WindowExplorer(TEXT, **{"position": 1, **params})


def expected_pairs(trace, position):
    at = trace.pairs_of(position)
    return [
        f"{'context word' if trace.batches.label[p] else 'negative'} "
        f"{trace.words[trace.batches.pairs[p, 1]]} , score {format_number(trace.scores[p])} , "
        f"sigmoid {format_number(trace.sigmoids[p])} , loss {format_number(trace.pair_losses[p])}"
        for p in range(at.start, at.stop)
    ]


def read_pairs(view):
    return [text.split(" ", 1)[1] for text in texts(view.root.locator(".pair"))]


def cells(view, side):
    places = view.root.locator(f'[data-place^="cell:{side}:"]')
    return [
        label.split(" = ")[1]
        for label in places.evaluate_all(
            "cells => cells.map(cell => cell.getAttribute('aria-label'))"
        )
    ]


def numbers(values, digits=2):
    return [format_number(value, digits) for value in values.reshape(-1)]


# --- what is shown -----------------------------------------------------------------------------


def test_the_numbers_on_the_screen_are_the_core_s(show):
    explorer = make()
    view, trace = show(explorer), explorer.trace
    assert read_pairs(view) == expected_pairs(trace, 1)
    for side in range(2):
        assert cells(view, side) == numbers(trace.weights[1, side])
    view.click("stage:gradient")
    for side in range(2):
        assert cells(view, side) == numbers(trace.grads[1, side])
    view.click("stage:after")
    for side in range(2):
        assert cells(view, side) == numbers(trace.weights[2, side])
    keys = texts(view.root.locator(".right dd, .key-figures dd"))
    assert any(key.startswith(format_number(trace.losses[1], 4)) for key in keys)


def test_the_window_moves_by_keys_buttons_and_clicks(show):
    explorer = make()
    view = show(explorer)
    assert "“cat” stands near the, sat and on" in view.narration
    view.reach("word:1")
    view.press("ArrowRight")
    assert view.focused == "word:2" and "“sat”" in view.narration
    assert read_pairs(view) == expected_pairs(explorer.trace, 2)
    view.press(".")
    assert "“on”" in view.narration
    view.press("End")
    assert "“ran” stands near a and dog" in view.narration
    view.click("word:6")
    assert "“a” stands near dog and ran" in view.narration
    assert read_pairs(view) == expected_pairs(explorer.trace, 6)
    near = view.root.locator(".chip.same bdi")
    assert near.all_inner_texts() == ["dog", "ran"]  # no pair crosses the sentence


def test_a_pair_opens_to_its_score_and_loss(show):
    explorer = make()
    view, trace = show(explorer), explorer.trace
    view.reach("pair:0")
    view.press("Enter")
    at = trace.pairs_of(1).start
    card = " ".join(view.root.locator(".card.pinned").inner_text().split())
    assert f"= {format_number(trace.scores[at])}" in card
    assert card.count("·") >= 4 and "context word: label 1" in card
    loss = format_number(trace.pair_losses[at])
    assert f"−log {format_number(trace.sigmoids[at])} = {loss}" in card
    assert view.root.locator(".ring").count() == 2
    view.press("ArrowDown")
    assert (
        view.focused == "pair:1" and "negative: label 0" in view.root.locator(".card").inner_text()
    )
    view.press("Escape")
    assert view.root.locator(".card.pinned").count() == 0


def test_a_row_opens_to_its_update(show):
    explorer = make(learning_rate=0.5)
    view, trace = show(explorer), explorer.trace
    view.reach("cell:0:0:0")
    view.press("ArrowDown", "Enter")  # cat
    card = " ".join(view.root.locator(".card.pinned").inner_text().split())
    for values, digits in (
        (trace.weights[1, 0, 1], 2),
        (trace.grads[1, 0, 1], 3),
        (trace.weights[2, 0, 1], 2),
    ):
        assert f"({', '.join(numbers(values, digits))})" in card
    assert "0.5·(" in card and "in all" in view.narration
    view.press("ArrowDown")
    assert "in no pair of this step" in view.root.locator(".card").inner_text()
    assert "its gradient is 0, and it stays" in view.narration


def test_hover_a_pair_and_a_row(show):
    view = show(make())
    view.hover("pair:0")
    assert "σ should be 1" in view.narration and view.root.locator(".pair.hit").count() == 1
    view.hover("cell:0:1:1")
    count = view.root.locator(".pair").count()
    assert view.root.locator(".pair.hit").count() == count
    assert view.root.locator(".ring").count() == 1


# --- controls ----------------------------------------------------------------------------------


def test_window_and_negatives_follow_their_sliders(show):
    explorer = make()
    view = show(explorer)
    view.place("window").focus()
    view.press("ArrowLeft")
    view.wait(window=1)
    assert view.narration.startswith("Window 1: up to 2 context words")
    assert read_pairs(view) == expected_pairs(explorer.trace, 1)
    view.place("negative").focus()
    view.press("Home")
    view.wait(negative=0)
    assert view.root.locator(".pair.negative").count() == 0
    assert view.root.locator(".pair").count() == 2


def test_own_text_and_a_vocabulary_that_grows(show):
    explorer = WindowExplorer("one two three", input_dim=2)
    view = show(explorer)
    assert view.root.locator(".rowlabel.side0").all_inner_texts() == ["one", "<unk>"]
    view.click("grow")
    view.wait(grow=True)
    assert view.root.locator(".rowlabel.side0").all_inner_texts() == ["one", "two", "three"]
    view.fill("text", "a dog ran")
    view.wait(text="a dog ran")
    assert view.root.locator(".chip bdi").all_inner_texts() == ["a", "dog", "ran"]


def test_python_moves_the_window(show):
    explorer = make()
    view = show(explorer)
    view.python(position=7)
    view.wait(position=7)
    assert "“dog” stands near a and ran" in view.narration
    view.click("top:reset")
    view.wait(position=1)
    assert "“cat” stands near" in view.narration


def test_a_text_without_pairs_says_so(show):
    view = show(WindowExplorer("cat."))
    assert "no pair, and no row changes" in view.narration
    assert view.root.locator(".pair").count() == 0
    assert show(WindowExplorer("")).narration == "No words, no window. Type a text."


def test_hostile_words_stay_words(show):
    explorer = WindowExplorer("<script>x</script> <img src=x> חתול 🐈")
    view = show(explorer)
    assert view.root.locator("img, script").count() == 0
    assert tuple(view.root.locator(".rowlabel.side1 bdi").all_inner_texts()) == explorer.trace.words


# --- predict -----------------------------------------------------------------------------------


def test_a_right_prediction_by_keys(show):
    explorer = make(window=1, negative=0)
    view = show(explorer)
    view.reach("word:1")
    view.press("p")
    assert view.focused == "cell:0:0:0"
    assert view.root.locator(".pair .num").count() == 0  # the words are given, their numbers not
    view.press("ArrowDown", "Enter")  # cat
    view.place("cell:1:0:0").focus()
    view.press("Enter", "ArrowDown", "ArrowDown", " ")  # the, sat
    view.press("p")
    view.reached("answers")
    rows = len(explorer.trace.words)
    answer = {"question": "window.rows", "answer": [1, rows, rows + 2], "correct": True}
    assert explorer.answers == [answer]
    expect(view.root.locator("section.predict")).to_contain_text("“cat” alone")


def test_a_wrong_prediction_by_mouse(show):
    explorer = make(window=1, negative=0)
    view = show(explorer)
    view.click("top:predict")
    view.click("cell:0:1:0")
    view.click("cell:0:0:0")  # the context word's row of the wrong table
    view.click("word:4")  # the window stays while it is asked
    view.click("predict:reveal")
    assert texts(view.root.locator(".tally")) == ["1 right", "2 missed", "1 too many"]
    view.reached("answers")
    assert explorer.answers[-1]["correct"] is False
    assert view.root.locator(".verdict").count() == 4


# --- tables, links -----------------------------------------------------------------------------


def test_the_data_table_holds_every_number_drawn(show):
    explorer = make()
    view, trace = show(explorer), explorer.trace
    view.reach("word:1")
    view.press("t")
    captions = texts(view.root.locator("table caption"))
    stages = ("before", "gradient", "after")
    names = [f"{name} table, {stage}" for name in ("Embedding", "Context") for stage in stages]
    assert captions == ["Pairs of cat", *names]
    tables = view.root.locator("table")
    for side in range(2):
        values = [trace.weights[1, side], trace.grads[1, side], trace.weights[2, side]]
        for k, (array, digits) in enumerate(zip(values, (2, 3, 2), strict=True)):
            read = tables.nth(1 + 3 * side + k).locator("td").all_inner_texts()
            assert read == numbers(array, digits)


def test_a_linked_training_view_selects_the_same_word(show):
    window, training = show(WindowExplorer(link_id="a"), TrainingExplorer(link_id="a", steps=10))
    window.click("word:1")
    assert "cat" in training.narration or training.root.locator(".hit").count()
