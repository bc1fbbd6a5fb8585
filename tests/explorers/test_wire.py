"""Arrays and headers survive the way to the browser, or are refused with a sentence."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from embedlab.explorers.wire import MAX_BYTES, WireError, decode, encode

DTYPES = ["float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text(max_size=5), ARRAYS, max_size=4))
def test_round_trip(arrays):
    message = encode({"view": "x"}, arrays)
    header, back = decode(message)
    assert header == {"view": "x"} and set(back) == set(arrays)
    for name, array in arrays.items():
        assert message["header"]["arrays"][name]["offset"] % 8 == 0
        assert back[name].shape == array.shape and back[name].dtype == array.dtype
        assert back[name].tobytes() == array.tobytes()  # NaN payloads and −0 too


def test_strided_and_big_endian_arrays_arrive_as_little_endian():
    for array in (np.arange(12.0).reshape(3, 4).T, np.array([1, 2], ">i4")):
        message = encode({}, {"a": array})
        np.testing.assert_array_equal(decode(message)[1]["a"], array)
    assert message["buffer"][:4] == b"\x01\x00\x00\x00"


def test_the_header_is_plain_json():
    message = encode({"words": ["<script>", "\U0001f408", "\u05d7"]}, {"a": np.zeros(2)})
    assert json.loads(json.dumps(message["header"], allow_nan=False)) == message["header"]


@pytest.mark.parametrize(
    ("header", "where"),
    [
        ({"a": float("nan")}, r"nan at header\.a"),
        ({"a": [1, {"b": float("-inf")}]}, r"-inf at header\.a\[1\]\.b"),
    ],
)
def test_nan_in_the_header_is_refused(header, where):
    with pytest.raises(WireError, match=where):
        encode(header, {})


def test_what_a_browser_has_no_array_for_is_refused():
    with pytest.raises(WireError, match="Received int64 for ids"):
        encode({}, {"ids": np.arange(3)})


def test_the_budget():
    most = np.zeros(MAX_BYTES - 200, np.uint8)
    assert len(encode({}, {"a": most})["buffer"]) <= MAX_BYTES
    with pytest.raises(WireError, match=r"at most 300000 bytes.*most of it table \(300, 300\)"):
        encode({}, {"ids": np.zeros(1, np.int32), "table": np.zeros((300, 300), np.float32)})
    with pytest.raises(WireError, match="of text"):
        encode({"text": "x" * MAX_BYTES}, {})
