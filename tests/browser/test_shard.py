"""ShardExplorer by mouse, by keys and from Python: the numbers are those of the trace."""

from playwright.sync_api import expect

from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.shard import ShardExplorer
from embedlab.traces.text import format_number


def texts(locator):
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def wires(trace):
    """Return what each worker's box says."""
    return [
        f"{rows} row{'' if rows == 1 else 's'}: {trace.requests[w]} B in, {trace.answers[w]} B out"
        if rows
        else "not asked"
        for w, rows in enumerate(trace.rows_requested.tolist())
    ]


def read_wires(view):
    lines = texts(view.root.locator(".wires"))
    return [text.replace("\u202f", "").replace("in , ", "in, ") for text in lines]


def cells(view, position):
    labels = view.root.locator(f'[data-place^="cell:{position}:"]').evaluate_all(
        "cells => cells.map(cell => cell.getAttribute('aria-label'))"
    )
    return [label.split(" = ")[1] for label in labels]


def test_the_numbers_are_those_of_the_run_and_of_the_plan(show):
    explorer = ShardExplorer()
    view, trace = show(explorer, width=849), explorer.trace
    assert read_wires(view) == wires(trace)
    assert texts(view.root.locator(".holding")) == [trace.holding(w) for w in range(4)]
    for n in (0, 3, 15):
        row = trace.rows[trace.inverse[n]]
        assert cells(view, n) == [format_number(value) for value in row]
    keys = " ".join(texts(view.root.locator(".key-figures dd")))
    for number in (trace.imbalance, trace.expected_imbalance[1]):
        assert format_number(number) in keys
    assert f"{trace.requests.sum()} B" in keys and f"{trace.answers.sum()} B" in keys
    widths = view.root.locator(".load i").evaluate_all("all => all.map(i => i.style.width)")
    loads = 100 * trace.loads.T.reshape(-1) / trace.loads.max()
    assert [float(width[:-1]) for width in widths] == [round(load, 4) for load in loads]


def test_the_lookup_step_by_step(show):
    explorer = ShardExplorer()
    view, trace = show(explorer), explorer.trace
    view.reach("worker:0")
    view.press("Home")
    assert view.narration.startswith("A batch of 16 ids, and 4 workers: each holds a block")
    assert view.root.locator(".ribbon:not([d=''])").count() == 0
    view.press(".")
    assert "3 ids of the batch are there before: 13 of 16 are sent" in view.narration
    expect(view.root.locator(".again")).to_have_count(3)
    view.press(".")
    expect(view.root.locator(".flying")).to_have_count(0)  # they have arrived
    assert "asks worker 0 for 9 rows of 13, 1 worker for none" in view.narration
    assert view.root.locator('[data-place^="cell:"]').count() == 0
    for w, rows in ((0, 9), (1, 11), (2, 13)):
        view.press(".")
        expect(view.root.locator('[data-place^="cell:"]')).to_have_count(16 * rows)
        assert view.narration.startswith(f"Worker {w} returns ")
        assert f"= {trace.answers[w]} bytes" in view.narration
    view.press(".")
    expect(view.root.locator('[data-place^="cell:"]')).to_have_count(16 * 16)
    assert view.narration.startswith("3 duplicates copied here; the busiest worker returns 2.77")


def test_columns_come_piece_by_piece(show):
    explorer = ShardExplorer("#5 #700 #5", scheme="column_wise", workers=2, output_dim=8)
    view = show(explorer)
    view.reach("worker:0")
    view.press("Home", ".", ".", ".")
    expect(view.root.locator('[data-place^="cell:"]')).to_have_count(8)  # two rows, four columns
    assert "columns 0–3 of 2 rows: 2 · 4 · 4 = 32 bytes" in view.narration
    view.hover("id:0")
    assert "Id 5 is sent to every worker" in view.narration and "2 times" in view.narration


def test_a_worker_and_an_id_open_to_their_bytes(show):
    explorer = ShardExplorer()
    view, trace = show(explorer), explorer.trace
    view.reach("worker:0")
    view.press("Enter")
    card = " ".join(view.root.locator(".card.pinned").inner_text().split())
    assert "9 · 4 B = 36 in, 9 · 16 · 4 B = 576 out" in card
    assert f"{trace.loads[1, 0]:.0f} B with Zipf ids" in card
    assert view.root.locator(".id.hit").count() == 12  # nine ids, one of them four times
    view.press("ArrowDown")
    assert (
        view.focused == "worker:1" and "2 · 4 B = 8 in" in view.root.locator(".card").inner_text()
    )
    view.press("Escape")
    view.place("id:5").focus()
    view.press("Enter")
    assert "row 19 of worker 2" in view.root.locator(".card.pinned").inner_text()  # 531 − 512
    view.press("Escape")
    view.place("cell:0:0").focus()
    view.press("ArrowRight", "Enter")
    value = format_number(trace.rows[trace.inverse[0], 1])
    assert f"E[66, 1] = {value}" in view.root.locator(".card.pinned").inner_text()


def test_every_control_changes_the_run(show):
    explorer = ShardExplorer()
    view = show(explorer, width=849)
    view.choose("scheme", "row_wise_hashed")
    view.wait(scheme="row_wise_hashed")
    assert read_wires(view) == wires(explorer.trace)
    assert view.narration.startswith("row-wise, hashed: ")
    view.place("workers").focus()
    view.press("End")
    view.wait(workers=8)
    assert read_wires(view) == wires(explorer.trace) and len(wires(explorer.trace)) == 8
    view.place("hot_rows").focus()
    view.press("End")
    view.wait(hot_rows=128)
    assert "128 hot rows on every worker" in view.narration
    assert f"{explorer.trace.updates.sum()}" in "".join(view.narration.split())
    view.click("top:more")
    view.fill("text", "the cat #900 the")
    view.wait(text="the cat #900 the", stream="text")
    assert texts(view.root.locator(".id")) == ["the 1", "cat 5", "900", "the 1 , there before"]
    view.fill("text", "#5000")
    expect(view.root.locator("[role=alert]")).to_contain_text("ids must lie in 0..1023")
    assert explorer.text == "the cat #900 the"


def test_a_right_prediction_by_keys(show):
    explorer = ShardExplorer()
    view = show(explorer)
    view.reach("worker:0")
    view.press("p")
    assert view.focused == "worker:0"
    assert view.root.locator(".wires, .load, .ribbon").count() == 0
    view.press("ArrowDown", "Enter", "ArrowUp", " ")  # the newest choice replaces the other
    view.press("p")
    view.reached("answers")
    assert explorer.answers == [{"question": "shard.busiest", "answer": [0], "correct": True}]
    expect(view.root.locator("section.predict")).to_contain_text("It is worker 0: 9 rows of 13.")


def test_a_wrong_prediction_by_mouse(show):
    explorer = ShardExplorer(scheme="column_wise")
    view = show(explorer)
    view.click("top:predict")
    view.click("worker:1")
    view.click("predict:reveal")
    view.reached("answers")
    assert explorer.answers[-1]["correct"] is False
    expect(view.root.locator("section.predict")).to_contain_text("Each worker is asked for 13 rows")
    view.click("predict:again")
    view.click("answer:4")
    assert view.place("answer:4").get_attribute("aria-pressed") == "true"
    view.click("predict:reveal")
    view.reached("answers", "(answers) => answers.at(-1).correct")
    assert explorer.answers[-1]["correct"] is True


def test_the_data_tables_hold_every_number(show):
    explorer = ShardExplorer(workers=2, hot_rows=4)
    view, trace = show(explorer), explorer.trace
    view.reach("worker:0")
    view.press("t")
    read = [
        text.replace("\u202f", "")
        for text in view.root.locator("table").first.locator("td").all_inner_texts()
    ]
    assert read == [
        str(cell)
        for w in range(2)
        for cell in (
            trace.holding(w),
            trace.rows_requested[w],
            trace.requests[w],
            trace.answers[w],
            trace.updates[w],
            *(format_number(load, 1) for load in trace.loads[:, w]),
        )
    ]


def test_an_exported_page_computes_what_python_computes(saved):
    page = saved(ShardExplorer())
    page.locator('[data-place="scheme"]').select_option("row_wise_hashed")
    expected = wires(ShardExplorer(scheme="row_wise_hashed").trace)
    first = page.locator(".wires").first
    expect(first).to_contain_text(expected[0].split(":")[0])
    lines = [text.replace("in , ", "in, ") for text in texts(page.locator(".wires"))]
    assert lines == expected


def test_a_linked_lookup_selects_the_same_row(show):
    lookup, shard = show(
        LookupExplorer("the cat", link_id="s"), ShardExplorer("the cat", link_id="s")
    )
    lookup.click("chip:1")
    expect(shard.root.locator(".id.hit")).to_have_text("cat 5", use_inner_text=True)
