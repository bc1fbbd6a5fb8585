"""The still picture of a backward pass: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.gradient import draw_gradient
from embedlab.figures.png import PNG_MOST, png
from embedlab.traces.gradient import trace_gradient

TABLE = np.random.default_rng(7).normal(size=(10, 4))


def make(ids=(1, 5, 9, 3, 1, 1), table=TABLE, **more):
    return trace_gradient(table, list(ids), **more)


def words_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


CASES = {
    "default": make(),
    "padding": make(padding_idx=1),
    "frequency": make(scale_grad_by_freq=True),
    "tied": make(tied=True),
    "tied without duplicates": make([3, 4], tied=True),
    "own gradient": make(grad_out=0.5),
    "empty": make([]),
    "smallest": make([0], [[0.5]]),
    "nan": make([0, 1], [[np.nan], [1.0]]),
    "infinite": make([0, 1, 1], [[np.inf], [1.0]]),
    "zeros": make([0, 0], np.zeros((2, 2))),
    "large": make(range(0, 900, 7), np.sin(np.arange(30_000.0)).reshape(1000, 30), check_max=60),
    "hostile": make([0, 1], tokens=["$\\frac$", "<script>\n\x00"], words=["\u05d7\u05ea"]),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("rule", ["add", "assign"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, rule):
    picture = png(draw_gradient(trace, rule=rule, dark=rule == "assign"))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    first = png(draw_gradient(make()))
    assert first == png(draw_gradient(make()))
    assert first != png(draw_gradient(make(table=TABLE + 0.1)))
    assert first != png(draw_gradient(make(), rule="assign"))


def test_it_says_the_numbers_of_the_trace():
    trace = make()
    text = "\n".join(words_in(draw_gradient(trace)))
    assert f"= {trace.added[1, 0]:.3f}".replace("-", "−") in text and "×3" in text
    assert "“add” passes and “assign” fails" in text
    assigned = "\n".join(words_in(draw_gradient(trace, rule="assign")))
    assert f"kept, {trace.assigned[1, 0]:.3f}".replace("-", "−") in assigned


def test_tied_it_says_both_ways_of_the_gradient():
    trace = make(tied=True)
    text = "\n".join(words_in(draw_gradient(trace)))
    assert f"{trace.direct[1, 0]:.3f} through the scores".replace("-", "−") in text
    assert f"= {trace.added[1, 0]:.3f}".replace("-", "−") in text
    assert "every row" in "\n".join(words_in(draw_gradient(CASES["tied without duplicates"])))


def test_it_says_what_it_leaves_out():
    text = words_in(draw_gradient(CASES["large"]))
    assert "not drawn: 119 tokens, 984 rows" in text


def test_the_way_must_be_known():
    with pytest.raises(ValueError, match='"add" or "assign"'):
        draw_gradient(make(), rule="sum")
