"""The still picture of a neighborhood: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.geometry import draw_geometry
from embedlab.figures.png import PNG_MOST, png
from embedlab.traces.geometry import trace_geometry
from embedlab.traces.text import format_number

TABLE = np.random.default_rng(7).normal(size=(60, 8)).astype(np.float32)
WORDS = [f"word{n}" for n in range(60)]


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


CASES = {
    "default": trace_geometry(TABLE, 4, words=WORDS, terms=(1, 2, 3)),
    "one": trace_geometry(np.ones((1, 1)), 0),
    "one column": trace_geometry([[1.0], [-1.0]], 1),
    "zeros": trace_geometry(np.zeros((3, 2)), 0, terms=(0, 1, 2)),
    "all lost": trace_geometry(np.full((3, 2), np.nan), 0),
    "some lost": trace_geometry([[1.0, 0.0], [np.nan, 1.0], [0.0, 1.0]], 0),
    "large": trace_geometry(np.random.default_rng(1).normal(size=(4000, 16)), 9),
    "hostile": trace_geometry(np.eye(2), 0, words=["$\\frac$ <script>", "\U0001f408 חתול\n\x00"]),
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_geometry(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    picture = png(draw_geometry(CASES["default"]))
    assert picture == png(draw_geometry(CASES["default"]))
    assert picture != png(draw_geometry(trace_geometry(TABLE, 5, words=WORDS)))


def test_it_says_the_numbers_of_the_trace():
    trace = CASES["default"]
    texts = words_in(draw_geometry(trace))
    for row, closer in zip(trace.near, trace.closer_on_map, strict=True):
        assert (
            WORDS[row] in texts
            and format_number(trace.cosines[row]) in texts
            and str(closer) in texts
        )
    count = {0: "none is", 1: "1 is"}.get(len(trace.in_both), f"{len(trace.in_both)} are")
    both = f"Of the 10 words nearest to word4 by cosine, {count} among its nearest on the map"
    assert any(line.startswith(both) for line in texts)
    assert any(
        line.startswith(f"word1 − word2 + word3 = {WORDS[trace.analogy.ids[0]]}") for line in texts
    )


def test_by_euclidean_distance_it_lists_distances():
    rows = TABLE * np.arange(1, 61)[:, None]
    trace = trace_geometry(rows, 4, words=WORDS, metric="euclidean")
    texts = words_in(draw_geometry(trace))
    assert {"nearest by distance", "distance", format_number(trace.distances[trace.near[3]])} <= {
        *texts
    }
    assert any(line.startswith("Of the 10 words nearest to word4 by distance") for line in texts)


def test_it_says_what_it_leaves_out():
    assert "flat map, the first 1 500 of 4 000 words" in words_in(draw_geometry(CASES["large"]))
    text = " ".join(words_in(draw_geometry(CASES["some lost"])))
    assert "1 row with NaN not drawn" in text
    assert "has no neighbor" in " ".join(words_in(draw_geometry(CASES["all lost"])))
