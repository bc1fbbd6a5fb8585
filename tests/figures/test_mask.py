"""The still picture of a mask's way: the same bytes, small, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.mask import draw_mask
from embedlab.figures.png import PNG_MOST, png
from embedlab.layers import Dense, Embedding, Flatten, GlobalAveragePooling1D, Masking, Reshape
from embedlab.traces.mask import trace_mask

IDS = np.array([[3, 4, 0, 0], [5, 1, 2, 0], [6, 7, 1, 2]])


def make(*more, ids=IDS, name="words", seed=1):
    words = Embedding(8, 3, mask_zero=True, name=name, seed=seed)
    return trace_mask([words, *more, GlobalAveragePooling1D(name="mean")], ids, 1.0)


def loser():
    return Reshape((-1, 3), name="same")


def flat():
    words = Embedding(8, 3, mask_zero=True, name="words", seed=1)
    return trace_mask([words, Flatten(name="flat"), Dense(1, name="out")], IDS)


CASES = {
    "kept": make(),
    "lost": make(loser()),
    "no truth": flat(),
    "replaced": make(Masking(0.0, name="masking")),
    "no sentences": make(loser(), ids=np.zeros((0, 4), int)),
    "padding alone": make(ids=[[0]]),
    "many layers": make(*(Dense(3, name=f"d{n}") for n in range(9))),
    "large": make(ids=np.arange(2000).reshape(40, 50) % 8),
    "hostile": make(name="<b>$\\frac$\n\x00"),
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("trace", CASES.values(), ids=CASES)
def test_every_trace_gives_a_small_picture_without_a_warning(trace, dark):
    picture = png(draw_mask(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST


def test_the_same_trace_is_the_same_file_and_another_is_not():
    assert png(draw_mask(make(loser()))) == png(draw_mask(make(loser())))
    assert png(draw_mask(make())) != png(draw_mask(make(seed=2)))


def test_it_says_the_numbers_of_the_trace():
    trace = CASES["lost"]
    replaced = draw_mask(CASES["replaced"]).axes[0].texts
    assert "mask replaced" in [t.get_text() for t in replaced]
    text = [t.get_text() for t in draw_mask(trace).axes[0].texts]
    assert "mask lost here" in text and "mask made" in text and trace.sentence in text
    for loss in (trace.loss, trace.loss_unmasked, trace.loss_reference):
        assert f"{loss:.4f}" in text
    assert "the batch and its mask, layer by layer, 5 layers more" in [
        t.get_text() for t in draw_mask(CASES["many layers"]).axes[0].texts
    ]
