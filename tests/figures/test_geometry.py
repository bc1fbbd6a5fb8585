"""The still picture of a neighborhood: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.explorers.inputs.labels import read_labels
from embedlab.figures.geometry import Labels, draw_geometry
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


@pytest.mark.one_in(5)
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


def test_the_map_is_colored_by_a_column_of_labels():
    kinds = [f"kind {n % 10}" for n in range(59)] + [None]
    column = read_labels({"kind": kinds, "size": np.arange(60) + 1.0}, 60)
    for name, expected in (
        ("kind", ["kind 0", "kind 7", "other", "no label"]),
        ("size", ["1 to 12.8", "48.2 to 60"]),
    ):
        labels = Labels(name, column[name].legend, column[name].values)
        plain, colored = (draw_geometry(CASES["default"], labels=some) for some in (None, labels))
        texts = words_in(colored)
        assert {*expected, f"flat map, 60 words, colored by {name}"} <= {*texts}
        assert {*words_in(plain)} - {"flat map, 60 words"} <= {*texts}
        counts = [len(line.get_xdata()) for line in colored.axes[0].lines if len(line.get_xdata())]
        assert sum(counts) >= 60 + 21 and len(png(colored)) <= PNG_MOST
    lost = Labels(
        "none", {"kind": "numbers", "low": 0.0, "high": 0.0, "log": False}, TABLE[:, 0] * np.nan
    )
    assert "no label" in words_in(draw_geometry(CASES["default"], labels=lost))


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
