"""Lanes of memory: small, the same each time, and true to the trace."""

import numpy as np
import pytest

from embedlab.data.zipf import zipf_stream
from embedlab.figures.cache_lines import draw_cache_lines
from embedlab.figures.png import PNG_MOST, png
from embedlab.figures.theme import LIGHT
from embedlab.traces.cache_lines import trace_cache_lines

SMALL = trace_cache_lines([3, 9, 15, 2, 3], 16, 8, cache=2)
CASES = {
    "small": SMALL,
    "empty": trace_cache_lines([], 1, 1),
    "one": trace_cache_lines([0], 1, 1, cache=1),
    "wide rows": trace_cache_lines([1, 0], 2, 100),
    "large": trace_cache_lines(zipf_stream(3000, 50_000, seed=2), 50_000, 16, cache=64),
    "two": {
        "as they come": SMALL,
        "sorted $x$": trace_cache_lines([2, 3, 3, 9, 15], 16, 8, cache=2),
    },
}


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("traces", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(traces, dark):
    picture = png(draw_cache_lines(traces, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    assert png(draw_cache_lines(SMALL)) == png(draw_cache_lines(SMALL))
    assert png(draw_cache_lines(SMALL)) != png(
        draw_cache_lines(trace_cache_lines([3, 9, 15, 2, 3], 16, 8))
    )


def test_marks_are_the_lines_that_were_asked_for():
    axes = draw_cache_lines(SMALL).axes[0]
    marks = {
        line.get_markerfacecolor(): line
        for line in axes.lines
        if len(line.get_xdata()) in (1, 4) and line.get_marker() == "s" and line.get_ydata()[0] > 60
    }
    fetched, hits = marks[LIGHT.accent], marks["none"]
    assert len(fetched.get_xdata()) == SMALL.fetches and len(hits.get_xdata()) == 1
    tall = np.diff(fetched.get_ydata()[:2])[0] / 3  # from line 1 to line 4
    np.testing.assert_allclose(np.diff(fetched.get_ydata()), np.array([3, 3, -6]) * tall)
    assert hits.get_ydata()[0] == fetched.get_ydata()[0]  # line 1 again
    assert hits.get_xdata()[0] > fetched.get_xdata().max()


def test_it_says_the_numbers_of_the_trace():
    text = words_in(draw_cache_lines(CASES["two"]))
    assert "3 lines touched, 4 fetched" in text and "3 lines touched, 3 fetched" in text
    assert "line 1: rows 2–3" in text and "line 7: rows 14–15" in text
    assert "as they come" in text and "sorted $x$" in text
    assert "line 0: row 0" in words_in(draw_cache_lines(CASES["wide rows"]))
    assert "line 6: rows 0–1" in words_in(draw_cache_lines(CASES["wide rows"]))
    assert "line 49 999" in words_in(draw_cache_lines(CASES["large"]))


def test_none_or_too_many_are_refused():
    with pytest.raises(ValueError, match=r"one to 3\. Received 0"):
        draw_cache_lines({})
    with pytest.raises(ValueError, match="Received 4"):
        draw_cache_lines(dict.fromkeys("abcd", SMALL))
