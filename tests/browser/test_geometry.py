"""GeometryExplorer by mouse, by keys and from Python: the same each time, and the core's."""

import numpy as np
import pytest
from matplotlib.path import Path
from playwright.sync_api import expect
from test_access import violations
from test_budgets import HOVER, measures, over_all, p95
from view_cases import CASES

from embedlab.core.geometry import analogy, cosine, nearest
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.wire import decode
from embedlab.traces.text import format_number

WORDS = [f"w{n}" for n in range(60)]
TABLE = np.random.default_rng(8).normal(size=(60, 6)).astype(np.float32)


def explorer_of_table(word="w7", **more):
    return GeometryExplorer(word, **{"table": TABLE, "words": WORDS, **more})


def lines(view, part):
    texts = view.root.locator(f'[data-place^="{part}:"]').all_text_contents()
    return [" ".join(text.split()) for text in texts]


def fact(view, name):
    return view.place(f"fact:{name}").inner_text().split(",")[0].strip()


def spot(view, row):
    """Return the position of a word's dot in the page, from the map's scale."""
    points = view.explorer.trace.plane.points.astype(float)
    low, high = points.min(axis=0), points.max(axis=0)
    box = view.place("map").bounding_box()
    plot_size = np.array([box["width"] - 36, box["height"] - 28])
    scale = (plot_size / np.maximum(high - low, 0.02)).min()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    return middle + (points[row] - (low + high) / 2) * scale * [1, -1]


def test_a_name_on_the_map_is_its_word_and_not_the_nearest_dot(show):
    view = show(explorer_of_table())
    under = view.root.locator("svg .name[data-row]").evaluate_all("""all => all.map(name => {
        const { x, y, width, height } = name.getBoundingClientRect();
        return document.elementFromPoint(x + width / 2, y + height / 2).textContent;
    })""")
    assert len(under) > 5 and set(under) <= set(WORDS)


def drag(view, start, end):
    view.page.mouse.move(*start)
    view.page.mouse.down()
    view.page.mouse.move(start[0] + 12, start[1] + 4, steps=2)
    view.page.mouse.move(*end, steps=4)
    view.page.mouse.up()


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# --- what is shown -----------------------------------------------------------------------------


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(3))
def test_every_drawn_number_is_the_core_s_and_in_the_table(show, seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(40, 5)).astype(np.float32)
    row, a, b, c = (int(n) for n in rng.choice(40, 4, replace=False))
    explorer = GeometryExplorer(
        f"w{row}",
        table=table,
        words=WORDS[:40],
        a=f"w{a}",
        b=f"w{b}",
        c=f"w{c}",
        plane=("pca 1+2", "pca 3+4", "random")[seed],
    )
    view = show(explorer)
    near = nearest(table, table[row], 10, exclude=[row])
    cosines = cosine(table[[row]], table)[0]
    units = table / np.linalg.norm(table, axis=1, keepdims=True)
    trace = explorer.trace
    for line, id_ in zip(lines(view, "near"), near.ids, strict=True):
        assert line.startswith(f"w{id_}, cosine {format_number(cosines[id_])}, on the map ")
        assert format_number(trace.map_distances[id_]) in line
    first = int(near.ids[0])
    assert fact(view, "cosine") == format_number(cosines[first])
    assert fact(view, "true") == format_number(np.linalg.norm(units[row] - units[first]))
    assert fact(view, "map") == format_number(trace.map_distances[first])
    sums = analogy(table, b, a, c, 5)
    answers = [f"w{i} {format_number(s)}" for i, s in zip(sums.ids, sums.similarities, strict=True)]
    assert lines(view, "answer") == answers
    view.place("map").focus()
    view.press("t")
    tables = " ".join(view.root.locator(".tables").inner_text().split())
    texts = view.root.locator(".line .num, .answer .num, .ruler .value").all_text_contents()
    texts += [fact(view, name) for name in ("cosine", "true", "map", "closer")]
    for text in texts:
        assert text.split()[-1] in tables.split()


def test_it_opens_on_the_default_example(show):
    explorer = GeometryExplorer()
    view = show(explorer)
    trace = explorer.trace
    assert view.narration.startswith(
        f"“{trace.words[trace.near[0]]}” is number 1 of the words nearest"
    )
    assert fact(view, "both") == f"{len(trace.in_both)} of 10"
    assert fact(view, "typical") == format_number(trace.typical, 1)
    assert view.root.locator(".stage").get_attribute("aria-label") == trace.alt
    dots = view.place("map").evaluate(
        """canvas => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            let drawn = 0;
            for (let i = 3; i < data.length; i += 4) drawn += data[i] > 0;
            return drawn;
        }"""
    )
    assert dots > 5000  # 2 000 dots and more are painted on the one canvas


def test_words_of_a_learner_stay_words(show):
    words = ["<img src=x onerror=alert(1)>", "חתול", "👩‍🚀", ""]
    view = show(GeometryExplorer("#0", table=np.eye(4), words=words))
    assert view.root.locator("img, script").count() == 0
    assert view.root.locator(".pair bdi").first.inner_text() == words[0]
    view.click("near:0")
    view.wait(word="חתול")
    view.fill("word", "#3")
    view.press("Enter")
    view.wait(word="#3")
    assert "“#3”" in view.root.locator(".pair").inner_text()


# --- the mouse ---------------------------------------------------------------------------------


def test_hover_compares_and_asks_python_for_nothing(show):
    view = show(explorer_of_table())
    trace = view.explorer.trace
    before = view.page.evaluate("models.view0.sent.length")
    for row in (int(trace.near_map[2]), int(np.argmin(trace.cosines))):
        view.page.mouse.move(*spot(view, row))
        assert f"“w{row}”" in view.narration
        assert f"cosine {format_number(trace.cosines[row])}, distance" in view.narration
        assert fact(view, "map") == format_number(trace.map_distances[row])
    view.hover("seems:1")
    assert f"“w{trace.near_map[1]}”" in view.narration
    messages = view.page.evaluate(f"models.view0.sent.slice({before})")
    assert all(set(changes) == {"cursor"} for changes in messages)


def test_the_ruler_and_the_line_tell_the_same(show):
    view = show(explorer_of_table())
    trace = view.explorer.trace
    first = int(trace.near[0])
    true, on_map = (
        bar["width"]
        for bar in view.root.locator(".ruler .bar").evaluate_all(
            "bars => bars.map(bar => ({ width: bar.getBoundingClientRect().width }))"
        )
    )
    assert on_map / true == pytest.approx(
        trace.map_distances[first] / trace.distances[first], rel=0.03
    )


def test_a_click_puts_a_word_in_the_middle(show):
    explorer = explorer_of_table()
    view = show(explorer)
    row = int(explorer.trace.near[3])
    view.click("near:3")
    view.wait(word=f"w{row}")
    assert explorer.trace.picked == row
    other = int(explorer.trace.cosines.argmin())
    view.page.mouse.click(*spot(view, other))
    view.wait(word=f"w{other}")
    assert lines(view, "near")[0].startswith(f"w{explorer.trace.near[0]},")


def test_drag_words_into_the_sum(show):
    explorer = explorer_of_table()
    view = show(explorer)
    assert "drag words into the slots" in view.root.locator(".sum").inner_text()
    near, far = int(explorer.trace.near[0]), int(explorer.trace.cosines.argmin())
    drag(view, middle(view.place("near:0")), middle(view.place("slot:a")))
    view.wait(a=f"w{near}")
    drag(view, spot(view, far), middle(view.place("slot:b")))
    view.wait(b=f"w{far}")
    view.fill("slot:c", "w11")
    view.press("Enter")
    view.wait(c="w11")
    answers = analogy(TABLE, far, near, 11, 5)
    assert [line.split()[0] for line in lines(view, "answer")] == [f"w{i}" for i in answers.ids]
    assert view.narration.startswith(f"w{near} − w{far} + w11 is nearest to “w{answers.ids[0]}”")
    assert explorer.word == "w7"  # a drag is no click
    drag(view, middle(view.place("near:1")), (5, 5))  # beside every slot: nothing
    view.settle()
    assert view.root.locator(".ghost").count() == 0 and explorer.a == f"w{near}"
    view.click("answer:0")
    view.wait(word=f"w{answers.ids[0]}")


def test_another_plane_changes_no_cosine(show):
    explorer = explorer_of_table()
    view = show(explorer)
    before = lines(view, "near")
    view.check("plane:random")
    view.wait(plane="random")
    assert view.narration.startswith("Another plane through the same rows, random: not one cosine")
    after = lines(view, "near")
    keep = lambda lines_found: [line.split(", on the map")[0] for line in lines_found]
    assert keep(after) == keep(before) and after != before


def test_a_map_computed_elsewhere_is_chosen_by_keys(show, axe):
    points = np.random.default_rng(2).normal(size=(60, 2))
    explorer = explorer_of_table(maps={"t-SNE 30": points}, a="w1", b="w2", c="w3")
    view = show(explorer)
    view.place("plane").focus()
    view.press("End")
    view.wait(plane="t-SNE 30")
    assert view.narration.startswith("Another map of the same rows, t-SNE 30: not one cosine")
    assert fact(view, "trust") == format_number(explorer.trace.quality.trustworthiness)
    assert view.root.locator(".arrow").count() == 0  # a sum has no place on such a map
    assert view.place("fact:variance").count() == 0 and violations(view, axe) == []
    first = int(explorer.trace.near[0])
    assert fact(view, "map") == format_number(explorer.trace.map_distances[first])


def test_the_metric_is_chosen_by_keys(show, axe):
    lengths = np.exp(np.random.default_rng(3).normal(0, 1, size=(60, 1))).astype(np.float32)
    explorer = explorer_of_table(table=TABLE * lengths, a="w1", b="w2", c="w3")
    view = show(explorer, width=849)
    height = view.root.bounding_box()["height"]
    view.click("top:more")
    view.place("metric").focus()
    view.press("ArrowDown")
    view.wait(metric="euclidean")
    assert view.narration.startswith("Rows as they are, with their lengths: near is who has the")
    view.press("Escape")
    trace = explorer.trace
    row = int(trace.near[0])
    assert trace.near.tolist() != nearest(TABLE, TABLE[7], 10, exclude=[7]).ids.tolist()
    assert lines(view, "near")[0].startswith(
        f"w{row}, distance {format_number(trace.measured[row])}"
    )
    view.place("near:0").focus()
    assert "nearest by distance to" in view.narration
    view.click("top:numbers")
    view.click("fact:true")
    text = view.root.locator(".card").inner_text()
    u, v = (format_number(trace.plane.rows.lengths[n]) for n in (7, row))
    assert f"√({u}² + {v}² − 2·{u}·{v}·" in text and "lengths and cosine" in text
    assert violations(view, axe) == [] and view.root.bounding_box()["height"] == height


def test_the_metric_is_gray_where_all_rows_have_one_length(show, axe):
    units = TABLE / np.linalg.norm(TABLE, axis=1, keepdims=True)
    view = show(explorer_of_table(table=units), width=849)
    view.click("top:more")
    field = view.place("metric").locator("xpath=ancestor::label")
    assert view.place("metric").is_disabled() and violations(view, axe) == []
    assert "all lengths equal: both metrics order the rows alike" in field.text_content()
    assert field.locator("[title]").get_attribute("title").startswith("All rows have length 1.00:")


def test_fewer_words_by_slider(show):
    explorer = GeometryExplorer("w1", table=TABLE, words=WORDS, a="w2", b="w3", c="w59")
    view = show(explorer)
    view.place("rows").focus()
    view.press("Home")
    view.page.wait_for_function("models.view0.get('message').header.error !== null")
    assert "a word must be among the first 1." in view.root.get_by_role("alert").inner_text()
    view.press("End", "ArrowLeft")
    view.page.wait_for_function(
        "(({ error, params }) => !error && params.rows < 60)(models.view0.get('message').header)"
    )
    view.settle()
    assert explorer.rows < 60 and "w59 is rarer" in view.root.locator(".sum").inner_text()


def test_a_word_that_is_being_typed_is_left_alone_by_a_repaint(show):
    view = show(explorer_of_table())
    for place in ("word", "slot:a"):
        view.fill(place, "w12")
        view.page.mouse.move(*spot(view, 3))
        view.settle()
        assert view.place(place).input_value() == "w12"
        view.press("Enter")
        view.still()
    assert (view.explorer.word, view.explorer.a) == ("w12", "w12")
    view.page.mouse.click(*spot(view, 3))
    view.wait(word="w3")
    assert view.place("word").input_value() == "w3"


def test_unknown_word_shows_message_and_stays_typed(show):
    explorer = explorer_of_table()
    view = show(explorer)
    view.fill("word", "unicorn")
    view.press("Enter")
    view.page.wait_for_selector(".embedlab [role=alert]")
    assert "Received unicorn." in view.root.get_by_role("alert").inner_text()
    assert view.place("word").input_value() == "unicorn"
    assert "“w7”" in view.root.locator(".pair").inner_text()  # the last good one is still rendered


# --- zoom and pan --------------------------------------------------------------------------------


def place_of(view, name):
    box = view.root.locator(f".name.{name}").bounding_box()
    return np.array([box["x"], box["y"]])


def boxes(view):
    return view.root.locator("svg .marks .name").evaluate_all("""all => all.map(name => {
        const { x, y, width, height } = name.getBoundingClientRect();
        return [x, y + 3, x + width, y + height - 3];
    })""")


def test_zoom_and_pan_with_keys_alone(show, axe):
    points = explorer_of_table().trace.plane.points
    central = int(
        np.abs(points - (points.min(axis=0) + points.max(axis=0)) / 2).sum(axis=1).argmin()
    )
    view = show(explorer_of_table(f"w{central}"))
    start = place_of(view, "middle")
    assert view.place("zoom:fit").is_disabled()
    view.place("map").focus()
    view.press("+", "+", "-", "+")
    assert not view.place("zoom:fit").is_disabled() and violations(view, axe) == []
    closer = place_of(view, "middle")
    view.press("Shift+ArrowUp")
    np.testing.assert_allclose(place_of(view, "middle") - closer, [0, 60], atol=1)
    view.press(*["Shift+ArrowRight"] * 20)
    assert view.root.locator(".name.middle").count() == 0  # it lies beside the picture
    view.press("ArrowLeft")  # the word that is reached comes into it
    map_box, word = view.place("map").bounding_box(), place_of(view, "current")
    assert map_box["x"] < word[0] < map_box["x"] + map_box["width"]
    view.press("0")
    np.testing.assert_allclose(place_of(view, "middle"), start, atol=1)
    view.reach("zoom:in")
    view.press("Enter", "Enter", "Enter")
    assert view.focused == "zoom:in" and not view.place("zoom:out").is_disabled()
    view.click("near:3")
    view.settle()
    assert view.root.locator(".name.middle").count() == 1 and view.explorer.word != f"w{central}"


def test_zoom_and_pan_with_the_mouse(show):
    explorer = GeometryExplorer()
    view = show(explorer)
    x, y = middle(view.place("map"))
    view.page.mouse.move(x, y)
    scrolled = view.page.evaluate("scrollY")
    view.page.mouse.wheel(0, -120)
    view.settle()
    assert view.place("zoom:fit").is_disabled()  # the page scrolls
    view.place("map").focus()
    for _ in range(4):
        view.page.mouse.wheel(0, -120)
        view.settle()
    assert not view.place("zoom:fit").is_disabled()
    assert view.page.evaluate("scrollY") == scrolled
    before = place_of(view, "middle")
    view.page.mouse.down()
    view.page.mouse.move(x + 40, y + 10, steps=3)
    view.page.mouse.up()
    view.settle()
    np.testing.assert_allclose(place_of(view, "middle") - before, [40, 10], atol=1)
    assert explorer.word == "tuple" and view.root.locator(".ghost").count() == 0
    view.page.mouse.move(0, 0)
    view.settle()
    names = boxes(view)
    assert len(names) > 20 and view.root.locator(".name.some").count() > 10
    for n, (left, top, right, bottom) in enumerate(names):
        for l2, t2, r2, b2 in names[n + 1 :]:
            assert right <= l2 + 1 or r2 <= left + 1 or bottom <= t2 or b2 <= top
    dot = view.root.locator(".hub").bounding_box()
    center = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    assert not any(
        left < center[0] < right and top < center[1] < bottom for left, top, right, bottom in names
    )
    view.click("zoom:fit")
    assert view.place("zoom:fit").is_disabled()


@pytest.mark.budget
def test_pan_to_paint(show, allowed):
    view = show(CASES["geometry"].make(**CASES["geometry"].large))
    x, y = middle(view.place("map"))
    view.place("map").focus()
    view.press("+", "+")
    view.page.mouse.move(x, y)
    view.page.mouse.down()

    def run(acts):
        for k in range(acts):
            view.page.mouse.move(x + 8 + (k * 37) % 100, y + 8 + (k * 23) % 60)
            view.settle()
        return measures(view, "pan")

    assert p95(over_all(run, 60)) <= allowed(HOVER)
    view.page.mouse.up()


# --- selecting and coloring ----------------------------------------------------------------------


def members(view):
    rows = view.root.locator(".region tbody tr")
    return [text.split() for text in rows.all_inner_texts()]


def test_a_line_drawn_around_words_selects_them(show):
    explorer = explorer_of_table()
    view = show(explorer)
    box = view.place("map").bounding_box()
    corners = [(0.2, 0.1), (0.8, 0.2), (0.6, 0.9), (0.4, 0.5)]
    path = np.array(
        [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    )
    view.click("lasso")
    view.page.mouse.move(*path[0])
    view.page.mouse.down()
    for point in path[1:]:
        view.page.mouse.move(*point)
        view.settle()
    assert view.root.locator(".outline").count() == 1
    view.page.mouse.up()
    spots = np.array([spot(view, row) for row in range(60)])
    inside = Path(path).contains_points(spots)
    expect(view.root.locator(".region h3")).to_have_text(f"{inside.sum()} words selected")
    assert explorer.selection == np.flatnonzero(inside).tolist() and explorer.word == "w7"
    cosines = explorer.trace.cosines
    ranked = sorted(explorer.selection, key=lambda row: -cosines[row])
    expect(view.root.locator(".region tbody")).not_to_contain_text("…")
    counts = dict(zip(explorer._member_facts["rows"], explorer._member_facts["kept"], strict=True))
    expected = [[f"w{row}", format_number(cosines[row]), str(counts[row])] for row in ranked]
    assert members(view) == expected
    alike = format_number(explorer._member_facts["alike"])
    assert (
        f"Mean cosine of two of them {alike}, of any" in view.root.locator(".region").inner_text()
    )
    view.click("region:2")  # a word of the table is picked, and the selection stays
    view.wait(word=f"w{ranked[2]}")
    expect(view.root.locator(".region tbody tr").first).to_contain_text(f"w{ranked[2]}")
    view.click("clear")
    assert explorer.selection == [] and view.root.locator(".region").count() == 0
    assert view.focused == "map" and view.place("near:0").count() == 1


def test_words_are_selected_with_keys_alone(show, axe):
    explorer = explorer_of_table()
    view = show(explorer, width=849)
    height = view.root.bounding_box()["height"]
    view.place("map").focus()
    view.press("l")
    assert view.narration.startswith("A rectangle: ") and "Enter selects" in view.narration
    view.press("Escape")
    assert view.root.locator(".outline").count() == 0
    view.press("l", *["ArrowRight"] * 6, *["ArrowUp"] * 4, "Shift+ArrowLeft")
    assert view.narration.startswith("A rectangle of 200 × 140 pixels: ")
    x, y, width, high = view.root.locator(".outline").evaluate(
        "e => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }"
    )
    spots = np.array([spot(view, row) for row in range(60)]) - [x, y]
    inside = ((spots >= 0) & (spots <= [width, high])).all(axis=1)
    assert f": {inside.sum()} words." in view.narration and inside.sum() > 3
    view.press("Enter")
    view.still()
    assert explorer.selection == np.flatnonzero(inside).tolist()
    assert view.focused == "region:0" and violations(view, axe) == []
    view.press("ArrowDown", "ArrowDown")
    assert view.focused == "region:2"
    word = members(view)[2][0]
    assert f"“{word}”" in view.narration
    view.press("Enter")
    view.wait(word=word)
    assert view.root.bounding_box()["height"] == height <= 656
    view.reach("clear")
    view.press("Enter")
    assert explorer.selection == [] and view.focused == "map"


def test_a_selection_is_hidden_while_a_question_is_open(show):
    view = show(explorer_of_table(selection=[4, 2, 50]))
    expect(view.root.locator(".region h3")).to_have_text("3 words selected")
    view.place("map").focus()
    view.press("p")
    assert view.root.locator(".region, [data-place=lasso]").count() == 0


LABELS = {"kind": [f"kind {n % 10}" for n in range(59)] + [None], "size": np.arange(60) * 7 + 0.5}


def test_dots_are_colored_by_a_column_with_its_legend(show, axe):
    explorer = explorer_of_table(labels=LABELS)
    view = show(explorer, width=849)
    height = view.root.bounding_box()["height"]
    assert view.root.locator(".legend").count() == 0
    view.place("color").select_option("kind")
    view.wait(color="kind")
    names = view.root.locator(".legend button").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert names[0] == "kind 0, 6 words" and names[7:] == [
        "kind 7, 6 words",
        "other, 11 words",
        "no label, 1 word",
    ]
    colors = """canvas => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        const found = {};
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 200) {
                const color = data.slice(i, i + 3).join();
                found[color] = (found[color] ?? 0) + 1;
            }
        return Object.keys(found).filter((color) => found[color] > 12);
    }"""
    assert len(view.place("map").evaluate(colors)) >= 8
    view.place("legend:2").focus()
    view.press("Enter")
    assert view.place("legend:2").get_attribute("aria-pressed") == "true"
    assert view.place("map").evaluate(colors) == ["0,80,160"]
    assert violations(view, axe) == [] and view.root.bounding_box()["height"] == height
    view.press("Enter")
    first = int(explorer.trace.near[0])
    view.click("top:numbers")
    assert LABELS["kind"][first] in view.root.locator(".right").inner_text()
    view.place("color").select_option("size")
    view.wait(color="size")
    legend = " ".join(view.root.locator(".legend").inner_text().split())
    assert legend == "size, log scale: 0.5 to 414" and violations(view, axe) == []


# --- words that are offered ---------------------------------------------------------------------

MANY = [f"{'aeiou'[n % 5]}{n}" for n in range(4500)]


def options(view):
    return view.root.locator(".matches [role=option]")


def test_a_word_beside_the_map_is_found_by_keys_and_seated(show, axe, monkeypatch):
    monkeypatch.setattr("embedlab.explorers.inputs.word_vectors.DRAWN_MAX", 4000)
    table = np.random.default_rng(1).normal(size=(4500, 3)).astype(np.float32)
    explorer = GeometryExplorer("a0", table=table, words=MANY)
    rendered = decode(explorer.message)[1]["rows"]
    row = next(n for n in range(404, 449, 5) if n not in rendered)
    word = f"u{row}"
    view = show(explorer)
    field = view.place("word")
    field.focus()
    view.press("Control+a", *word)
    expect(options(view)).to_have_text([word, f"{word}4", f"{word}9"])
    view.press("ArrowUp", "ArrowUp", "ArrowUp")
    active = field.get_attribute("aria-activedescendant")
    assert view.page.evaluate("id => document.getElementById(id).textContent", active) == word
    assert field.get_attribute("aria-expanded") == "true" and violations(view, axe) == []
    view.press("Enter")
    view.wait(word=word)
    assert options(view).count() == 0 and view.focused == "word"
    seat = view.explorer.message["header"]["picked"]
    assert view.explorer.message["header"]["words"][seat] == word
    assert view.root.locator(".name.middle").text_content() == word
    view.press("Control+a", "x", "y")
    expect(view.root.locator(".matches")).to_have_text("in none of 4\u202f500 words")
    view.press("Escape")
    assert options(view).count() == 0 and view.focused == "word"
    assert field.input_value() == word
    view.press("Tab")
    view.still()
    assert explorer.word == word and explorer.error is None
    view.python(selection=[0, row])
    region = view.root.locator(".region p")
    expect(region).to_contain_text("Only drawn words can be selected, 89 % of all.")


def test_a_word_that_is_offered_is_taken_by_a_click(show):
    view = show(explorer_of_table())
    view.place("slot:b").focus()
    view.press("w", "5")
    expect(options(view)).to_have_count(8)
    with view.unanswered():  # older words stay until the next come
        view.press("9")
        assert options(view).count() == 8
    expect(options(view)).to_have_text(["w59"])
    view.click(options(view).first)
    view.wait(b="w59")
    assert view.focused == "slot:b" and view.place("slot:b").input_value() == "w59"


# --- keys alone --------------------------------------------------------------------------------


def test_all_tasks_of_the_lesson_with_keys_alone(show):
    explorer = explorer_of_table()
    view = show(explorer)
    trace = explorer.trace
    view.place("map").focus()
    view.press("p")
    assert view.focused == "choice:0"
    at = trace.candidates.tolist().index(int(trace.near[0]))
    view.press(*["ArrowDown"] * at, "Enter", "p")
    assert explorer.answers == [
        {"question": "geometry.nearest", "answer": [int(trace.near[0])], "correct": True}
    ]
    view.press("Escape", ".", ".")
    assert f"“w{trace.near[2]}” is number 3 of the words nearest" in view.narration
    view.place("map").focus()
    view.press("ArrowRight")
    points = trace.plane.points
    moved = explorer.trace.words.index(view.root.locator(".name.current").text_content())
    assert points[moved, 0] > points[7, 0]  # the word to the right of it
    view.press("a", "ArrowLeft", "b", "c")
    view.page.wait_for_function("models.view0.get('message').header.terms !== null")
    view.settle()
    assert explorer.a == f"w{moved}" and explorer.b == explorer.c
    view.press("ArrowRight", "b", "Enter")
    view.page.wait_for_function("models.view0.get('message').header.picked !== 7")
    view.settle()
    assert explorer.word == explorer.b
    view.place("near:0").focus()
    view.press("ArrowDown", "ArrowRight")
    assert view.focused == "seems:1"
    assert f"“w{explorer.trace.near_map[1]}”" in view.narration
    view.place("plane:pca 1+2").focus()
    view.press("ArrowRight")
    view.wait(plane="pca 3+4")
    view.place("map").focus()
    view.press("r")
    view.wait(word="w7", plane="pca 1+2", a="")
    assert explorer.state == explorer_of_table().state


def test_each_number_opens_to_its_formula(show):
    view = show(explorer_of_table())
    trace = view.explorer.trace
    first = int(trace.near[0])
    for name, formula in {
        "cosine": f"= {format_number(trace.cosines[first])}",
        "true": f"√(2 − 2·{format_number(trace.cosines[first])}) = "
        f"{format_number(trace.distances[first])}",
        "map": f"= {format_number(trace.map_distances[first])}",
        "variance": f"= {format_number(100 * sum(trace.plane.shares), 0)} %",
        "typical": f"= {format_number(trace.typical, 1)}",
        "trust": f"scaled = {format_number(trace.quality.trustworthiness)}",
        "continuity": f"scaled = {format_number(trace.quality.continuity)}",
        "both": f"{len(trace.in_both)} in both",
        "closer": "lie within",
        "shown": f"{format_number(trace.map_distances[first])} / "
        f"{format_number(trace.distances[first])}",
    }.items():
        view.place(f"fact:{name}").focus()
        view.press("Enter")
        card = view.root.locator(".card.pinned")
        assert formula in " ".join(card.inner_text().split()), name
        view.press("Escape")
        assert view.focused == f"fact:{name}"


# --- predict -----------------------------------------------------------------------------------


def test_predict_hides_the_answer_then_shows_the_difference(show):
    explorer = explorer_of_table()
    view = show(explorer)
    trace = explorer.trace
    view.click("top:predict")
    assert view.root.locator('[data-place^="near:"], .answer, .ruler').count() == 0
    assert "cosine" not in view.root.locator(".right").inner_text()  # what is asked for is gone
    wrong = next(int(row) for row in trace.candidates if row != trace.near[0])
    view.page.mouse.click(*spot(view, wrong))
    view.settle()
    chosen = view.root.locator(".guess.chosen bdi")
    assert chosen.count() == 1
    chosen = explorer.trace.words.index(chosen.inner_text())
    view.click("predict:reveal")
    strip = " ".join(view.root.locator(".strip.predict").inner_text().split())
    assert f"“w{trace.near[0]}” is: cosine {format_number(trace.cosines[trace.near[0]])}" in strip
    view.settle()
    assert explorer.answers[0]["correct"] == (chosen == trace.near[0])
    if chosen != trace.near[0]:
        assert f"Yours, “w{chosen}”, has {format_number(trace.cosines[chosen])}" in strip
        assert view.root.locator(".line.missed").count() >= 1


# --- linked views ------------------------------------------------------------------------------


def test_linked_views_follow_the_word_and_the_step(show):
    one, two = explorer_of_table(link_id="pair"), explorer_of_table(link_id="pair", plane="pca 3+4")
    first, second = show(one, two)
    first.click("near:2")
    second.page.wait_for_function(
        "models.view1.get('message').header.picked === models.view0.get('message').header.picked"
        " && models.view1.get('message').header.picked !== 7"
    )
    second.settle()
    assert two.word == one.word and two.plane == "pca 3+4"
    first.place("map").focus()
    first.press(".")
    assert "is number 2 of the words nearest by cosine" in second.narration


def test_a_map_and_a_lookup_share_the_row(show):
    lookup, maps = LookupExplorer(link_id="pair"), explorer_of_table(link_id="pair")
    first, second = show(lookup, maps)
    first.click("chip:1")
    second.wait(word=f"w{lookup.trace.rows[1]}")
    assert maps.trace.picked == lookup.trace.rows[1]
    near = int(maps.trace.near[0])
    second.click("near:0")
    second.wait(word=f"w{near}")
    first.settle()
    assert first.root.locator(".chip").count() == 6 and lookup.trace.error is None


def test_a_picture_of_calm_moves_nothing(show):
    view = show(explorer_of_table(), reduced_motion="reduce")
    view.check("plane:pca 3+4")
    view.wait(plane="pca 3+4")
    assert view.root.locator(".hub").count() == 1
    trace = view.explorer.trace
    view.page.mouse.move(*spot(view, int(trace.near[4])))
    assert f"“w{trace.near[4]}”" in view.narration
