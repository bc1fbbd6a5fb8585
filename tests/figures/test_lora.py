"""The still picture of LoRA: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.lora import draw_lora
from embedlab.figures.png import PNG_MOST, png
from embedlab.traces.lora import trace_lora

RNG = np.random.default_rng(5)
TABLE, DELTA = RNG.normal(size=(20, 9)), RNG.normal(size=(20, 2)) @ RNG.normal(size=(2, 9))


def make(table=TABLE, delta=DELTA, **more):
    return trace_lora(table, delta, **{"seen": [1, 7], "steps": 5, **more})


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


CASES = {
    "default": make(rank=3),
    "zero start": make(start="zero", rslora=True),
    "all trained": make(seen=None),
    "nothing": make(seen=[], delta=DELTA * 0),
    "smallest": make([[1.0]], [[0.5]], seen=[0], rank=1),
    "full rank": make(rank=9),
    "large": make(np.zeros((300, 40)), np.ones((300, 40)), seen=range(0, 300, 4), rank=16),
    "hostile": make(words=["<b>", "$\\frac$\n\x00", "\u05d7\u05ea\u05d5\u05dc" * 9]),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_lora(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    first = png(draw_lora(make()))
    assert first == png(draw_lora(make()))
    assert first != png(draw_lora(make(table=TABLE + 0.1)))
    assert first != png(draw_lora(make(start="zero")))


def test_it_says_the_numbers_of_the_trace():
    trace = CASES["default"]
    text = "\n".join(words_in(draw_lora(trace)))
    assert "A  20 × 3" in text and "B  3 × 9" in text and "87 parameters instead of 180" in text
    assert f"{100 * trace.errors[3]:.1f} %" in text and f"+ {trace.scale:.2f} ·" in text
    assert "18 of 18 rows were never trained, yet they moved" in text


def test_the_sentence_of_a_zero_start():
    text = words_in(draw_lora(CASES["zero start"]))
    assert any("stayed where they were" in line for line in text)
    assert "red: never trained" not in text
