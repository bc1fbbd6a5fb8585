import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.data.padding import pad_sequences

ROWS = st.lists(st.lists(st.integers(1, 9), max_size=6).map(lambda row: np.array(row, np.int64)))


@settings(deadline=None)
@given(ROWS, st.none() | st.integers(0, 8), st.sampled_from(["post", "pre"]), st.integers(-1, 0))
def test_every_row_stands_at_its_side(rows, length, side, pad_id):
    padded = pad_sequences(rows, length, side, pad_id)
    width = max(map(len, rows), default=0) if length is None else length
    assert padded.shape == (len(rows), width)
    assert padded.dtype == np.int64
    for line, row in zip(padded.tolist(), rows, strict=True):
        fill = [pad_id] * (width - len(row))
        values = row.tolist()
        if side == "post":
            assert line == values[:width] + fill
        else:
            assert line == fill + values[max(len(row) - width, 0) :]


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match=r"side must be .* Received 'left'"):
        pad_sequences([], 3, "left")
    with pytest.raises(ValueError, match=r"length must be an integer >= 0. Received -1"):
        pad_sequences([], -1)
