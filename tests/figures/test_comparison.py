"""The still picture of two tables: small, the same bytes, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.comparison import draw_comparison
from embedlab.figures.png import PNG_MOST, png
from embedlab.traces.comparison import trace_comparison
from embedlab.traces.text import format_number

RNG = np.random.default_rng(7)
TABLE = RNG.normal(size=(400, 8)).astype(np.float32)
NEXT = TABLE + RNG.normal(size=TABLE.shape).astype(np.float32)
WORDS = [f"word{n}" for n in range(400)]
CASES = {
    "default": trace_comparison(TABLE, NEXT, words=WORDS, pick=["word3", "word4"]),
    "two rows": trace_comparison(np.eye(2), np.eye(2)),
    "opposite": trace_comparison(TABLE, -TABLE, align=False),
    "two models": trace_comparison(
        TABLE, NEXT[:, :3], words=WORDS, words_after=["?" * 90, *WORDS[1:]]
    ),
    "hostile": trace_comparison(
        np.eye(3), np.eye(3), words=["$\\frac$ <script>", "\U0001f408 חתול\n\x00", "a" * 300]
    ),
}


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace):
    picture = png(draw_comparison(trace, dark=trace.sampled > 2))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST
    assert picture == png(draw_comparison(trace, dark=trace.sampled > 2))


def test_it_says_the_numbers_of_the_trace():
    trace = CASES["default"]
    texts = words_in(draw_comparison(trace))
    for at in [*trace.picked, *trace.moved[:6]]:
        assert trace.name(int(at)) in texts
        assert format_number(trace.cosines[at], 3) in texts
    mean = format_number(trace.mean_overlap, 1)
    assert f"400 words in both. On average {mean} of 10 neighbors are kept." in texts
    assert "neighbors kept of 10, 300 words" in texts and "named, then moved most" in texts


def test_it_says_what_only_one_table_has():
    text = " ".join(words_in(draw_comparison(CASES["two models"])))
    assert "399 words in both; 1 only in before; 1 only in after." in text
    assert "after a rotation." in text
