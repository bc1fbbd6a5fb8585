"""The still picture of quantization: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.png import PNG_MOST, png
from embedlab.figures.quantize import draw_quantize
from embedlab.traces.quantize import trace_quantize

TABLE = np.random.default_rng(2).normal(size=(10, 8))

CASES = {
    "default": trace_quantize(TABLE, 3, words=list("abcdefghij")),
    "outlier": trace_quantize(np.where(np.arange(80).reshape(10, 8) == 24, 20, TABLE), 3),
    "smallest": trace_quantize([[0.5]]),
    "zeros": trace_quantize(np.zeros((2, 3))),
    "large": trace_quantize(np.sin(np.arange(60_000.0)).reshape(200, 300), 7, block_size=128),
    "one a group": trace_quantize(TABLE, block_size=1),
    "hostile": trace_quantize(TABLE, words=["<b>", "$\\frac$\n\x00", "\u05d7\u05ea" * 9]),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_quantize(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    first = png(draw_quantize(trace_quantize(TABLE)))
    assert first == png(draw_quantize(trace_quantize(TABLE)))
    assert first != png(draw_quantize(trace_quantize(TABLE * 1.1 + 0.1)))


def test_it_says_the_numbers_of_the_trace():
    trace = CASES["default"]
    text = "\n".join(t.get_text() for t in draw_quantize(trace).axes[0].texts)
    for name, scheme in trace.schemes.items():
        assert f"{scheme.nbytes} bytes" in text and f"{scheme.largest_error[3]:.4f}" in text
        assert f"({trace.neighbors_kept(name)} of 5 kept)" in text
    large = "\n".join(t.get_text() for t in draw_quantize(CASES["large"]).axes[0].texts)
    assert "first 32 of 300 numbers" in large
