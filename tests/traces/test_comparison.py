"""Two tables compared: the rotation, the neighbors, the words that only one has, and refusals."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.core.geometry import nearest
from embedlab.core.quantize import dequantize, quantize
from embedlab.traces.comparison import MOVED, TEN, procrustes, trace_comparison

RNG = np.random.default_rng(4)
TABLE = RNG.normal(size=(60, 6)).astype(np.float32)
WORDS = [f"w{n}" for n in range(60)]
ROTATION = np.linalg.qr(RNG.normal(size=(6, 6)))[0]


def test_procrustes_finds_the_rotation():
    np.testing.assert_allclose(procrustes(TABLE @ ROTATION, TABLE), ROTATION, atol=1e-5)


@pytest.mark.parametrize("width", [3, 9])
def test_procrustes_of_other_lengths_is_orthogonal_and_best(width):
    other = RNG.normal(size=(60, width))
    rotation = procrustes(TABLE, other)
    product = rotation.T @ rotation if width > 6 else rotation @ rotation.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-6)
    overlap = (TABLE * (other @ rotation)).sum()
    for _ in range(20):
        full = np.linalg.qr(RNG.normal(size=(9, 9)))[0][:width, :6]
        if width == 9:
            assert (TABLE * (other @ full)).sum() <= overlap


def test_a_rotated_table_has_not_moved():
    trace = trace_comparison(TABLE, (TABLE @ ROTATION).astype("f4"), words=WORDS)
    np.testing.assert_allclose(trace.cosines, 1, atol=1e-5)
    assert trace.cosine_as_stored < 0.9 and trace.mean_overlap == TEN and trace.unchanged == 60
    assert "10.0 of 10 neighbors are kept, over all words" in trace.summary


def test_without_alignment_rows_are_compared_as_stored():
    trace = trace_comparison(TABLE, -TABLE, align=False)
    np.testing.assert_allclose(trace.cosines, -1, atol=1e-6)
    assert trace.rotation is None and "−1.000, as stored" in trace.summary
    with pytest.raises(ShapeError, match=r"rows of one length\. Received 6 and 5 numbers"):
        trace_comparison(TABLE, TABLE[:, :5], align=False)


def test_neighbors_are_the_core_s():
    after = dequantize(quantize(TABLE, 4))
    trace = trace_comparison(TABLE, after, words=WORDS, sample=7, pick="w11")
    assert trace.sampled == 7 and WORDS.index("w11") in trace.checked
    assert set(trace.moved) <= set(trace.checked) and len(trace.moved) == MOVED
    for table, near in zip((TABLE, after), trace.near, strict=True):
        for at, row in zip(trace.checked, near, strict=True):
            assert row.tolist() == nearest(table, table[at], TEN, exclude=[at]).ids.tolist()
    change = trace.change("w11")
    near = trace.near[:, trace.checked.tolist().index(11)]
    assert [len(change.common) + len(part) for part in (change.lost, change.gained)] == [10, 10]
    assert set(change.lost) == {WORDS[n] for n in set(near[0]) - set(near[1])}
    assert set(change.gained) == {WORDS[n] for n in set(near[1]) - set(near[0])}


def test_the_word_that_was_moved_moved_most():
    after = TABLE.copy()
    after[17] = -after[17]
    trace = trace_comparison(TABLE, after, words=WORDS)
    assert trace.name(int(trace.moved[0])) == "w17" and trace.cosines[17] < 0
    assert trace.alt.split("Moved most: ")[1].startswith("w17,")


def test_words_of_two_models_are_matched_and_the_others_named():
    words_after = [*WORDS[:10:-1], "new", "w1", "w1", ""]
    after = np.concatenate([TABLE[:10:-1], TABLE[[5, 1, 2, 3]]])
    trace = trace_comparison(TABLE, after, words=WORDS, words_after=words_after)
    assert trace.words == ("w1", *WORDS[11:])  # in the order of the first; the first "w1" counts
    np.testing.assert_allclose(trace.cosines, 1, atol=1e-5)
    assert trace.only == (("w0", *WORDS[2:11]), ("new",))
    assert "50 in both; 10 only in before (w0, w2, w3 … and 7 more); 1 only in after (new)" in (
        trace.summary
    )


def test_rows_without_a_direction_are_left_out_and_counted():
    after = TABLE.copy()
    after[3], after[4], after[5, 1] = 0, np.nan, np.inf
    trace = trace_comparison(TABLE, after, words=WORDS)
    assert trace.without_direction == 3 and "w4" not in trace.words and len(trace.words) == 57
    assert np.isfinite(trace.cosines).all() and not (trace.rows == 4).any()
    assert "3 without a direction left out" in trace.summary


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("scale", [1, 1e-25, 1e25])
def test_dtypes_and_sizes_of_numbers(dtype, scale):
    if dtype == "f2" and scale != 1:
        scale = 2.0 ** (-3 if scale < 1 else 3)
    trace = trace_comparison(TABLE, (TABLE * scale).astype(dtype), words=WORDS)
    np.testing.assert_allclose(trace.cosines, 1, atol=1e-4)
    assert trace.mean_overlap > 9.9


def test_few_words_bring_a_caution():
    assert "caution" in trace_comparison(np.eye(3), np.eye(3)[::-1]).summary
    two = trace_comparison(TABLE[:2], TABLE[:2], words=["a", "b"], pick=["b"])
    assert two.depth == 1 and two.change("b").common == ("a",)


def test_read_only_and_by_value():
    table = TABLE.copy()
    trace = trace_comparison(TABLE, table)
    table[:] = 0
    assert trace.cosines.all()
    for field in ("rows", "cosines", "checked", "near", "picked", "rotation"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trace, field)[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.sampled = 2


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"after": TABLE[:5]}, ShapeError, "must have the same number of rows. Received 60 and 5."),
        ({"words": WORDS[:3]}, ShapeError, "for each of the 60 rows of before. Received 3 words."),
        ({"words": WORDS, "words_after": ["?"] * 60}, ValueError, "in common. Received 0."),
        ({"after": np.zeros((60, 6))}, ValueError, "Received 0, and 60 whose row is zero"),
        ({"words": WORDS, "pick": "cat"}, ValueError, "before and after have. Received 'cat'."),
        ({"sample": 0}, ValueError, "sample must be .* Received 0"),
        ({"align": "yes"}, ValueError, "align must be .* Received 'yes'"),
        ({"after": "a table"}, TypeError, "after must hold float16"),
        ({"names": ("one",)}, ValueError, "names must be two words"),
        ({"pick": [7]}, ValueError, r"pick must be a word or a list of them. Received \[7\]"),
    ],
)
def test_bad_input_gets_one_line(change, error, text):
    arguments = {"before": TABLE, "after": TABLE, **change}
    with pytest.raises(error, match=text) as caught:
        trace_comparison(arguments.pop("before"), arguments.pop("after"), **arguments)
    assert "\n" not in str(caught.value)


def test_a_word_that_was_not_searched_is_refused_in_one_line():
    trace = trace_comparison(TABLE, TABLE, words=WORDS, sample=2)
    with pytest.raises(ValueError, match=r"Received 'w30'\. Name it in pick="):
        trace.change("w30")
    assert trace.change(59).word == "w59"
    assert trace_comparison(TABLE, TABLE, pick="#7").change(7).word == "#7"
