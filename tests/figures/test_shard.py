"""The still picture of a sharded lookup: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.png import PNG_MOST, png
from embedlab.figures.shard import draw_shard
from embedlab.traces.shard import trace_shard
from embedlab.traces.text import format_number

TABLE = np.random.default_rng(2).normal(size=(200, 16)).astype(np.float32)
IDS = [3, 0, 0, 199, 20, 3, 150]


def make(ids=tuple(IDS), **settings):
    return trace_shard(TABLE, list(ids), **settings)


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


CASES = {
    "default": make(),
    "hashed, hot": make(scheme="row_wise_hashed", workers=8, hot_rows=12),
    "columns": make(scheme="column_wise", workers=3),
    "one worker": make(workers=1),
    "table-wise": make(scheme="table_wise"),
    "no id": make([]),
    "large": trace_shard(np.ones((300, 64), np.float32), np.arange(90), workers=40),
    "hostile": make(tokens=["$\\frac$", "\U0001f408 חתול\n\x00", "", "x" * 99, "a", "b", "c"]),
    "infinite": trace_shard([[np.inf], [np.nan]], [0, 1], workers=2),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_shard(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    assert png(draw_shard(CASES["default"])) == png(draw_shard(make()))
    assert png(draw_shard(CASES["default"])) != png(draw_shard(make(workers=5)))


def test_it_holds_the_numbers_of_the_trace():
    trace = CASES["default"]
    text = words_in(draw_shard(trace))
    for worker, rows in enumerate(trace.rows_requested.tolist()):
        assert f"worker {worker}" in text and trace.holding(worker) in text
        if rows:
            noun = "row" if rows == 1 else "rows"
            wires = f"{rows} {noun}: {trace.requests[worker]} B in, {trace.answers[worker]} B out"
            assert wires in text
    assert text.count("× 2") == 2 and "7, 5 distinct" in text
    assert any(f"this batch {format_number(trace.imbalance)}" in line for line in text)


def test_it_names_what_it_leaves_out():
    text = words_in(draw_shard(CASES["large"]))
    assert "… and 70 more" in text and "… and 32 more" in text
