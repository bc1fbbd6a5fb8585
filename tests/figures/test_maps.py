"""Maps side by side: small, the same bytes, and true to the trace."""

import numpy as np
import pytest

from embedlab.figures.maps import draw_maps
from embedlab.figures.png import PNG_MOST, png
from embedlab.traces import maps as module
from embedlab.traces.maps import trace_maps

TABLE = np.random.default_rng(7).normal(size=(2000, 8)).astype(np.float32)


@pytest.fixture
def quick(monkeypatch):
    """Replace the libraries by a map that takes no time."""
    monkeypatch.setattr(module, "_tsne", lambda number, data, seed, share: data[:, :2] * number)
    monkeypatch.setattr(module, "_library", lambda method: None)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.usefixtures("quick")
def test_many_maps_of_many_rows_make_a_small_picture(dark):
    trace = trace_maps(TABLE, [f"t-SNE {n}" for n in range(5, 13)], rows=900)
    picture = png(draw_maps(trace, dark=dark))
    assert picture.startswith(b"\x89PNG") and len(picture) <= PNG_MOST
    assert picture == png(draw_maps(trace, dark=dark))


@pytest.mark.usefixtures("quick")
def test_it_says_the_numbers_of_the_trace():
    words = ["$\\frac$ <script>", "\U0001f408 חתול\n\x00", "a" * 300, *(f"w{n}" for n in range(97))]
    trace = trace_maps(TABLE[:100], "t-SNE 5", words=words, pick=1, rows=50)
    texts = [text.get_text() for text in draw_maps(trace).axes[0].texts]
    for common, typical, quality in zip(trace.common, trace.typical, trace.quality, strict=True):
        assert f"keeps {common} of 10 here, {typical:.1f} on average" in texts
        trust, continuity = quality.trustworthiness, quality.continuity
        assert f"trustworthiness {trust:.2f}, continuity {continuity:.2f}" in texts
    assert "fitted to 50 of 100 rows" in texts
    assert any(text.endswith("% of the variance") for text in texts)


def test_rows_without_a_direction_are_no_obstacle():
    table = np.zeros((9, 3))
    table[4] = np.nan
    assert png(draw_maps(trace_maps(table, (), pick=4)))
