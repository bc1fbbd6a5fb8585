"""The still picture of a lookup: the same bytes, small, and true to the trace."""

import sys

import matplotlib as mpl
import numpy as np
import pytest

from embedlab.figures.lookup import draw_lookup
from embedlab.figures.png import PNG_MOST, png
from embedlab.figures.theme import DARK, LIGHT, value_color
from embedlab.traces.lookup import trace_lookup

TABLE = np.random.default_rng(7).uniform(-0.9, 0.9, (16, 8)).astype(np.float32)


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def make(ids=(1, 5, 9, 3, 1, 12), table=TABLE, **rules):
    tokens = rules.pop("tokens", None)
    return trace_lookup(table, list(ids), tokens=tokens, **rules)


CASES = {
    "default": make(),
    "refused": make([1, 16]),
    "nan": make([1, 16], oob="nan"),
    "empty": make([]),
    "smallest": make([0], TABLE[:1, :1]),
    "zeros": make([0], np.zeros((2, 2))),
    "odd weights": make([0, 1], np.array([[np.nan, np.inf], [-np.inf, 1.0]])),
    "no columns": make([0], np.zeros((2, 0))),
    "large": make(range(0, 2000, 7), np.sin(np.arange(600_000.0)).reshape(2000, 300)),
    "hostile words": make([0, 1], tokens=["$\\frac$", "\U0001f408 \u05d7\u05ea\u05d5\u05dc\n\x00"]),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_lookup(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    trace = CASES["default"]
    assert png(draw_lookup(trace)) == png(draw_lookup(trace)) == png(draw_lookup(make()))
    assert png(draw_lookup(trace)) != png(draw_lookup(make(table=TABLE + 0.1)))
    assert png(draw_lookup(trace)) != png(draw_lookup(trace, focus=2))


def test_it_says_the_numbers_of_the_trace():
    text = "\n".join(words_in(draw_lookup(make(tokens=list("abcdef")))))
    assert "table (16 × 8)" in text and "output (6 × 8)" in text
    assert "5 of 16 rows read, 192 bytes moved" in text and "768" in text
    assert f"{TABLE[1, 0]:.2f}".replace("-", "−") in text


def test_it_says_what_it_leaves_out():
    text = words_in(draw_lookup(CASES["large"]))
    assert "… and 276 tokens more" in text
    assert "table (2 000 × 300, first 16 columns)" in text
    assert any("rows not drawn" in line for line in text)


def test_a_refusal_stands_in_the_picture_in_the_core_s_words():
    trace = CASES["refused"]
    text = " ".join(words_in(draw_lookup(trace))).replace("\n", " ")
    assert trace.error in text and "output" not in text


def test_the_learner_s_settings_neither_matter_nor_change():
    before = png(draw_lookup(CASES["default"]))
    at_making = {"path.sketch": (9, 5, 5), "patch.antialiased": False, "font.size": 30}
    at_drawing = {"text.hinting": "none", "path.snap": False}
    with mpl.rc_context(at_making):
        figure = draw_lookup(CASES["default"])
        assert mpl.rcParams["font.size"] == 30
    with mpl.rc_context(at_drawing):
        assert png(figure) == before
        assert mpl.rcParams["path.snap"] is False
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_focus_must_be_a_position():
    with pytest.raises(IndexError, match=r"0\.\.5\. Received 6"):
        draw_lookup(CASES["default"], focus=6)


def test_colors():
    assert np.allclose(value_color(0.0, 1, LIGHT) * 255, LIGHT.middle)
    warm, cold = value_color([-1.0, 1.0], 1, DARK)
    assert warm[0] > warm[2] and cold[2] > cold[0]
    assert np.isfinite(value_color([np.nan, np.inf], 0.0, LIGHT)).all()
