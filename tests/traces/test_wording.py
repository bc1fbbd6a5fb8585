"""The formats of numbers and lists in texts."""

import numpy as np
import pytest

from embedlab.traces.text import format_count, format_number, join_some, short_label


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.421, "−0.42"), (-0.001, "0.00"), (np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "NaN")],
)
def test_number(value, text):
    assert format_number(value) == text


def test_format_count_join_some_short_label():
    assert format_count(768) == "768" and format_count(1_000_000) == "1 000 000"
    assert format_count(1, "row") == "1 row" and format_count(0, "row") == "0 rows"
    assert join_some([], 3) == "" and join_some("abc", 3) == "a, b, c"
    assert short_label("a\u202eb\n") == "a␣b␣" and short_label("x" * 30, 5) == "xxxx…"
