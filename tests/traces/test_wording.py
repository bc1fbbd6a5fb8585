"""Numbers and lists are said one way."""

import numpy as np
import pytest

from embedlab.traces.wording import counted, number, several, shown


@pytest.mark.parametrize(
    ("value", "said"),
    [(-0.421, "−0.42"), (-0.001, "0.00"), (np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "NaN")],
)
def test_number(value, said):
    assert number(value) == said


def test_counted_several_shown():
    assert counted(768) == "768" and counted(1_000_000) == "1 000 000"
    assert counted(1, "row") == "1 row" and counted(0, "row") == "0 rows"
    assert several([], 3) == "" and several("abc", 3) == "a, b, c"
    assert shown("a\u202eb\n") == "a␣b␣" and shown("x" * 30, 5) == "xxxx…"
