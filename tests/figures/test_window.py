"""The still picture of a sliding window: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.png import PNG_MOST, png
from embedlab.figures.window import draw_window
from embedlab.traces.text import format_number
from embedlab.traces.window import trace_window

WORDS = ("the", "cat", "sat", "on", "mat", "dog")
IDS = [0, 1, 2, 3, 0, 4, 0, 5, 2]


def make(ids=tuple(IDS), words=WORDS, **settings):
    return trace_window(list(ids), words=words, **{"starts": [0, 6], **settings})


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


MANY = np.random.default_rng(0).integers(300, size=500)
CASES = {
    "default": make(position=1),
    "last": make(position=8),
    "no negative": make(position=3, negative=0),
    "no pair": trace_window([0], words=["cat"]),
    "no word": trace_window([], words=["cat"]),
    "smallest": trace_window([0, 0], output_dim=1, window=1),
    "large": trace_window(MANY, window=9, negative=9, output_dim=64, position=77),
    "hostile words": make(words=["$\\frac$", "\U0001f408 חתול\n\x00", "", "x" * 99, "a", "b"]),
    "infinite": make(position=8, learning_rate=1e30),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_window(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    trace = CASES["default"]
    assert png(draw_window(trace)) == png(draw_window(make(position=1)))
    assert png(draw_window(trace)) != png(draw_window(make(position=2)))


def test_it_holds_the_numbers_of_the_trace():
    trace = CASES["default"]
    text = words_in(draw_window(trace))
    at = trace.pairs_of(1)
    for p in range(at.start, at.stop):
        mark = "+" if trace.batches.label[p] else "−"
        assert f"{mark} {WORDS[trace.batches.pairs[p, 1]]}" in text
        for values in (trace.scores, trace.sigmoids, trace.pair_losses):
            assert format_number(values[p]) in text
    assert any(line.startswith(f"loss {trace.losses[1]:.4f}, the mean of ") for line in text)
    assert "embedding table (6 × 4)" in text and "context table (6 × 4)" in text


def test_it_names_what_it_leaves_out():
    text = words_in(draw_window(CASES["large"]))
    assert any("pairs more" in line for line in text)
    assert any(line.endswith(" more") and line.startswith("⋮") for line in text)


def test_the_rows_of_the_step_are_drawn_of_a_large_table():
    trace = trace_window(MANY, window=2, negative=1, position=77)
    text = words_in(draw_window(trace))
    center = trace.words[MANY[77]]
    assert text.count(center) >= 2  # in the text, and beside its row
