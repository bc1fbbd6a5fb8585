"""QuantizationExplorer by mouse, by keys and from Python, and that its numbers are the core's."""

import math

import numpy as np
import pytest
from playwright.sync_api import expect

from embedlab.core.quantize import quantize
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.quantize import QuantizationExplorer
from embedlab.traces.text import format_number

LINES = ("weight", "scaled", "code", "back", "error")


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def digits(size, count, least=0):
    """Return the decimals that leave `count` digits of a number of this size."""
    count_of_digits = max(0, min(9, count - 1 - math.floor(math.log10(size))))
    return max(count_of_digits, least if size < 1 else 0)


def fact(view, name):
    return view.place(f"fact:{name}").inner_text().split(",")[0].strip()


def cell(view, line, column):
    label = view.place(f"cell:{line}:{column}").get_attribute("aria-label")
    return label.partition(": ")[2].partition(",")[0]


def tables(view):
    """Read the data table: caption -> rows of texts, blocks of one table joined."""
    view.click("top:table")
    expect(view.root.locator(".panel-table table").first).to_be_visible()
    result = {}
    for table in view.root.locator("table").all():
        caption = table.locator("caption").inner_text().strip().split(", columns ")[0]
        rows = result.setdefault(caption, {})
        for line in table.locator("tbody tr").all():
            rows.setdefault(line.locator("th").inner_text().strip(), []).extend(
                line.locator("td").all_inner_texts()
            )
    return result


# --- what is shown -----------------------------------------------------------------------------


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"scheme": "int8", "row": 8},
        {"scheme": "groups", "row": 3, "block": 3, "output_dim": 7},
        {"seed": 11, "edits": [[9, 1, 3.25]], "flips": [["int4", 9, 0, 2]]},
        {"scheme": "groups", "seed": 4, "input_dim": 10, "output_dim": 5, "block": 2},
    ],
)
def test_data_table_holds_numbers_of_the_core(show, params):
    explorer = QuantizationExplorer(**params)
    view = show(explorer)
    trace, row, name = explorer.trace, explorer.trace.row, explorer.scheme
    scheme, table = trace.schemes[name], trace.table
    rows, width = table.shape
    size = digits(min(np.abs(table[row]).max(), 0.99), 2, 2)
    fine = digits(scheme.half_step[row], 2, 3)
    errors = (scheme.restored[row] - table[row]).astype(np.float32)
    expected = {
        "weight": [format_number(v, size) for v in table[row]],
        "scaled": [format_number(v, 1 if name == "int8" else 2) for v in scheme.scaled[row]],
        "code": [format_number(v, 0) for v in scheme.codes[row]],
        "restored": [format_number(v, size + 1) for v in scheme.restored[row]],
        "error": [format_number(v, fine) for v in errors],
    }
    worst = digits(scheme.largest_error.max(), 2, 3)
    error_texts = [
        " ".join(text.split()).rsplit(" ", 1)[-1]
        for text in view.root.locator(".rowlist .row").all_inner_texts()
    ]
    assert error_texts == [format_number(v, worst) for v in scheme.largest_error]
    for column in range(width):
        if view.place(f"cell:code:{column}").count():
            for line, text in zip(LINES, expected.values(), strict=True):
                assert cell(view, line, column) == text[column]
    data = tables(view)
    assert next(iter(data.values())) == expected
    stored = scheme.quantized.codes[row].view(np.uint8)
    bits = data["Bytes of the row, the highest bit left"]
    assert [texts[0] for texts in bits.values()] == [f"{byte:08b}" for byte in stored]
    scales = data["Scales of the row"]
    assert len(scales) == scheme.quantized.scale.reshape(rows, -1).shape[1]
    cosines = data[next(caption for caption in data if caption.startswith("All rows"))]
    assert [texts[2] for texts in cosines.values()] == [format_number(v, 4) for v in scheme.cosine]
    counts = data["Quantization errors of all weights"]
    assert [int(texts[1]) for texts in counts.values()] == trace.histogram(name)[0].tolist()
    near = data["Cosines of the nearest"]
    both = np.stack([trace.similarity[row, :5], scheme.similarity[row, :5]], axis=1)
    assert list(near.values()) == [[format_number(v, 4) for v in pair] for pair in both]
    ranks = next(rows for caption, rows in data.items() if caption.startswith("Nearest to"))
    assert [int(texts[0]) for texts in ranks.values()][:5] == [1, 2, 3, 4, 5]
    three = [[int(a), int(c)] for a, _, c in data["Three schemes"].values()]
    order = ("int4", "int8", "groups")
    assert three == [[trace.schemes[n].nbytes, trace.neighbors_kept(n)] for n in order]


def test_the_numbers_on_the_right_are_the_core_s(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    trace = explorer.trace
    for name, scheme in trace.schemes.items():
        assert fact(view, f"bytes:{name}") == str(scheme.nbytes)
        assert fact(view, f"error:{name}") == format_number(scheme.largest_error[9], 4)
        assert fact(view, f"kept:{name}") == f"{trace.neighbors_kept(name)} of 5"
    assert fact(view, "bytes:floats") == "512"


def test_hostile_words_stay_words(show):
    words = ["<script>x</script>", "<img src=x>", "חתול 🐈"]
    view = show(QuantizationExplorer(np.eye(3), words=words))
    assert view.root.locator("img, script").count() == 0
    assert tuple(view.root.locator(".rowlist bdi").all_inner_texts()) == tuple(words)


def test_nan_shows_the_message_of_the_core(show):
    explorer = QuantizationExplorer(np.array([[1.0, np.nan], [0.5, 0.25]]))
    view = show(explorer)
    expect(view.root.locator(".strip.error")).to_contain_text("Received nan at [0, 1].")
    assert cell(view, "code", 1) == "0"


def test_a_quantized_layer_shows_its_notice(show):
    from embedlab import Embedding

    layer = Embedding(5, 6, seed=3)
    layer.build()
    layer.quantize("int8")
    view = show(QuantizationExplorer(layer))
    expect(view.root.locator(".hint .stored")).to_contain_text("quantized already (int8)")
    assert view.place("scheme:int8").is_checked()


# --- the mouse ---------------------------------------------------------------------------------


def drag(view, place, by, steps=6):
    box = view.place(place).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    view.page.mouse.move(x, y)
    view.page.mouse.down()
    view.page.mouse.move(x + by, y, steps=steps)
    return x, y


def test_drag_an_outlier_and_its_row_loses_its_codes(show):
    explorer = QuantizationExplorer()
    view = show(explorer, reduced_motion="reduce")
    before = explorer.trace
    drag(view, "mark:3", -300)  # past the end of the ruler, where it grows faster
    view.page.wait_for_function("models.view0.get('message').header.params.edits[0]?.[2] < -3")
    assert view.root.locator(".stage.dragging").count() == 1
    view.page.mouse.up()
    view.still()
    view.settle()
    assert view.root.locator(".stage.dragging").count() == 0
    after = explorer.trace
    (edit,) = explorer.edits
    assert edit[:2] == [9, 3] and -40 < edit[2] < -3
    quantized = quantize(after.table, 4)
    np.testing.assert_array_equal(after.schemes["int4"].quantized.codes, quantized.codes)
    changed = (after.schemes["int4"].codes != before.schemes["int4"].codes).any(axis=1)
    assert np.flatnonzero(changed).tolist() == [9]
    assert cell(view, "weight", 3) == format_number(edit[2]) and cell(view, "code", 3) == "−7"
    assert view.focused == "mark:3"


def test_drag_inside_the_ruler_is_true_to_its_scale(show):
    explorer = QuantizationExplorer()
    view = show(explorer, reduced_motion="reduce")
    marks = [view.place(f"mark:{n}").bounding_box() for n in (3, 6)]
    middles = [box["x"] + box["width"] / 2 for box in marks]
    drag(view, "mark:6", middles[0] - middles[1])  # to where the weight 3 stands
    view.page.wait_for_function("models.view0.get('message').header.params.edits[0]?.[2] < -0.6")
    view.page.mouse.up()
    view.still()
    assert explorer.edits[0][:2] == [9, 6] and abs(explorer.edits[0][2] + 0.69) <= 0.02


def test_hover_asks_python_for_nothing(show):
    view = show(QuantizationExplorer())
    view.hover("mark:4")
    assert view.narration.startswith(
        "w[9, 4] = 0.37 is 3.75 steps of 0.0986: with rounding, code 4."
    )
    view.hover("row:8")
    assert view.narration.startswith("Row 8 (“king”): largest weight 2.40, largest error 0.170.")
    view.hover("bit:2:3")
    assert view.narration.startswith(
        "Byte 2, bit 3 belongs to code 4, which is 4: a 1 here is worth −8"
    )
    assert not view.page.evaluate("models.view0.sent.some(c => '_seq' in c)")


@pytest.mark.parametrize(
    "params",
    [{}, {"input_dim": 64, "output_dim": 32, "scheme": "groups", "block": 1}],
    ids=["one ruler", "a few of many rulers"],
)
def test_hover_moves_no_ruler(show, params):
    view = show(QuantizationExplorer(**params))
    marks = view.root.locator(".float")
    places = "all => all.map((one) => one.dataset.place)"
    before = marks.evaluate_all(places)
    view.page.evaluate(
        """() => {
            globalThis.moved = [];
            const note = ({ target }) => moved.push(target.getAttribute("class"));
            document.addEventListener("transitionrun", note);
        }"""
    )
    for place in ("cell:weight:0", "cell:weight:5", "row:3", "bit:1:2", "top:table"):
        view.hover(place)
        assert marks.evaluate_all(places) == before
    transitions = view.page.evaluate("moved")
    assert [name for name in transitions if not name or "which" not in name] == []


def test_another_row_by_a_click(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.click("row:8")
    view.wait(row=8)
    assert "king, row 8 of 16" in view.root.locator(".stage > svg").text_content()
    assert cell(view, "weight", 2) == "2.40"
    assert explorer.row == 8


def test_a_bit_is_turned_over_by_a_click_and_back_by_the_button(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.click("bit:2:3")
    view.wait(flips=[["int4", 9, 2, 3]])
    assert (
        explorer.trace.schemes["int4"].codes[9, 4]
        == -4
        == int(cell(view, "code", 4).replace("−", "-"))
    )
    assert "more than" not in view.narration and "Code 4 was 4 and is −4" in view.narration
    view.click("unflip")
    view.wait(flips=[])
    assert cell(view, "code", 4) == "4"
    assert view.place("unflip").count() == 0


def test_ways_and_group_size(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.check("scheme:groups")
    view.wait(scheme="groups")
    assert view.root.locator(".ruler .axis:not(.zero)").count() == 2
    view.place("block").focus()
    view.press("ArrowLeft", "ArrowLeft")
    view.wait(block=2)
    assert view.root.locator(".ruler .axis:not(.zero)").count() == 4
    assert fact(view, "bytes:groups") == str(explorer.trace.schemes["groups"].nbytes) == "384"
    view.place("block").focus()
    view.press("End")
    view.wait(block=8)  # one group: it has a range and a step, not a scale
    view.place("transport:scrub").focus()
    view.press("Home")
    assert "from its smallest to its largest weight, 0 included" in view.narration
    view.press(".", ".")
    assert view.narration.startswith("Each weight is divided by the step of its group")


# --- the keyboard, and nothing else ------------------------------------------------------------


def test_drag_an_outlier_by_keys(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.reach("mark:3")
    view.press("ArrowDown", "ArrowUp", "ArrowLeft")
    view.wait(edits=[[9, 3, -0.79]])
    view.press("Shift+ArrowRight")
    view.wait(edits=[[9, 3, -0.78]])
    view.press("x")
    view.wait(edits=[[9, 3, -7.8]])
    assert (
        "levels 1.11 apart, 4 other codes of its row changed, no other row changed"
        in view.narration
    )
    assert view.focused == "mark:3"
    assert explorer.trace.schemes["int4"].codes[9].tolist() == [0, 0, 0, -7, 0, 0, 0, 0]


def test_rows_steps_and_bits_by_keys(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.reach("row:9")
    view.press("ArrowUp")
    view.wait(row=8)
    assert view.focused == "row:8"
    view.press("ArrowDown")
    view.wait(row=9)
    view.reach("bit:0:7")
    view.press("ArrowDown", "ArrowRight", "Enter")
    view.wait(flips=[["int4", 9, 1, 6]])
    assert view.focused == "bit:1:6"
    view.press(" ")
    view.wait(flips=[])
    view.reach("cell:weight:3")
    view.press("ArrowRight", "ArrowDown", "ArrowDown")
    assert view.focused == "cell:code:4"


def test_step_through_the_quantizing(show):
    view = show(QuantizationExplorer())
    view.reach("mark:3")
    view.press("Home")
    narrations = [view.narration]
    for _ in range(5):
        view.press(".")
        narrations.append(view.narration)
    for text, part in zip(
        narrations,
        [
            "the largest weight, w[9, 3] = −0.69, alone decides",
            "Code 7 stands for 0.69, so neighboring levels lie 0.0986 apart.",
            "multiplied by the scale 10.14",
            "the codes are 0, −3, 0, −7, 4, −3, 5 and 0. Rounding is the only step",
            "Two codes share a byte, the first in its low half: 8 weights in 4 bytes.",
            "an error of at most 0.040, at w[9, 0]; rounding costs half a step, 0.049",
        ],
        strict=True,
    ):
        assert part in text
    view.press(",", ",")
    assert view.root.locator(".stage .line.back.later").count() == 1
    assert view.root.locator(".stage .line.code.later").count() == 0


def test_predict_and_reveal_by_keys(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.reach("top:predict")
    view.press("p")
    assert view.focused == "cell:code:0"
    question = " ".join(view.root.locator(".predict p").inner_text().split())
    assert "w[9, 3] of “queen” grows tenfold, to −6.90" in question
    view.press("ArrowRight", "Enter", "ArrowRight", "ArrowRight", "Enter")  # codes 1 and 3
    view.reach("row:9")
    view.press("Enter")  # the row itself is no answer
    assert "This is the row that grows" in view.narration
    view.press("ArrowDown", " ")  # row 10
    view.press("p")
    assert texts(view.root.locator(".tally")) == ["1 right", "3 missed", "2 too many"]
    assert "keeps its code −7" in view.root.locator(".predict").inner_text()
    assert "4 of 8 codes changed, and no other row changed" in view.narration
    for column, code in enumerate(explorer.trace.schemes["int4"].growth.codes[9]):
        assert cell(view, "code", column).rpartition("→")[2] == format_number(code, 0)
    view.reached("answers")
    assert explorer.answers == [
        {"question": "quantize.tenfold", "answer": [1, 3, 18], "correct": False}
    ]
    assert fact(view, "error:int4") == format_number(
        explorer.trace.schemes["int4"].growth.largest_error[9], 3
    )
    view.press("Escape")
    assert view.root.locator(".judged").count() == 0
    assert cell(view, "code", 1) == "−3"


def test_a_right_prediction_counts_as_right_by_mouse(show):
    explorer = QuantizationExplorer(scheme="groups")
    view = show(explorer)
    view.click("top:predict")
    for column in explorer.trace.changed("groups"):
        view.click(f"cell:code:{column}")
    view.click("predict:reveal")
    right = len(explorer.trace.changed("groups"))
    assert texts(view.root.locator(".tally")) == [f"{right} right"]
    view.reached("answers")
    assert explorer.answers[-1]["correct"] is True


def test_the_prediction_is_what_the_growth_then_does(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    predicted = explorer.trace.schemes["int4"].growth.codes[9].tolist()
    view.click("tenfold")
    view.wait(edits=[[9, 3, -6.9]])
    assert [int(cell(view, "code", c).replace("−", "-")) for c in range(8)] == predicted


@pytest.mark.parametrize("scheme", ["int4", "int8", "groups"])
def test_the_arithmetic_of_a_weight_by_keys(show, scheme):
    explorer = QuantizationExplorer(scheme=scheme)
    view = show(explorer)
    view.reach("cell:weight:3")
    view.press("ArrowRight", "Enter")
    card = " ".join(view.root.locator(".card.pinned").inner_text().split())
    result = explorer.trace.schemes[scheme]
    scale = float(result.quantized.scale.reshape(16, -1)[9, -1])
    for text in (
        format_number(scale, digits(scale, 4)),
        format_number(result.scaled[9, 4]),
        format_number(result.codes[9, 4], 0),
        format_number(result.restored[9, 4], 3),
        "0.37",
    ):
        assert text in card, (text, card)
    view.press("Escape")
    assert view.focused == "cell:weight:4" and view.root.locator(".card.pinned").count() == 0


def test_every_number_opens_to_its_formula(show):
    view = show(QuantizationExplorer())
    names = ("int4", "int8", "groups")
    places = [f"{kind}:{name}" for kind in ("bytes", "error", "kept") for name in names]
    for place in ("bytes:floats", *places):
        view.place(f"fact:{place}").focus()
        view.press("Enter")
        card = " ".join(view.root.locator(".card.pinned").inner_text().split())
        value = fact(view, place).rstrip("0") if place.startswith("error") else fact(view, place)
        assert value in card, (place, card)


# --- Python, and other views -------------------------------------------------------------------


def test_python_drives_the_view(show):
    explorer = QuantizationExplorer()
    view = show(explorer)
    view.python(scheme="int8", row=0, output_dim=6)
    view.wait(scheme="int8", row=0, output_dim=6)
    assert "the, row 0 of 16" in view.root.locator(".stage > svg").text_content()
    assert cell(view, "code", 0) == format_number(explorer.trace.schemes["int8"].codes[0, 0], 0)
    view.place("row:0").focus()
    view.press("r")
    view.wait(scheme="int4", row=9, output_dim=8)


def test_linked_views_share_row_and_stage_without_the_kernel(show):
    one, two, lookup = show(
        QuantizationExplorer(link_id="a"),
        QuantizationExplorer(scheme="int8", link_id="a"),
        LookupExplorer("cat a", link_id="a"),
    )
    one.place("mark:3").focus()
    one.press(",")
    expect(two.root.locator(".transport .count")).to_have_text("stage 5 of 6")
    one.click("row:8")
    expect(two.root.locator(".stage > svg")).to_contain_text("king, row 8 of 16")
    lookup.click("chip:1")
    expect(one.root.locator(".stage > svg")).to_contain_text("cat, row 2 of 16")
    for view in (two, lookup):
        changes_sent = one.page.evaluate(f"models.{view.name}.sent")
        assert all(set(changes) <= {"cursor"} for changes in changes_sent)


def test_a_teacher_hides_controls(show):
    view = show(QuantizationExplorer(hide=["tenfold", "scheme", "flips"]))
    assert view.place("tenfold").count() == 0 and view.root.get_by_role("radiogroup").count() == 0
