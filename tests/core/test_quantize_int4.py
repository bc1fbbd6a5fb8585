"""Two codes a byte: every pair of codes, odd rows, and what does not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.quantize import pack_int4, unpack_int4
from embedlab.core.quantize.int4 import (
    pack_int4_kernel,
    pack_int4_reference,
    unpack_int4_kernel,
    unpack_int4_reference,
)

PAIRS = np.stack(np.meshgrid(np.arange(-8, 8), np.arange(-8, 8)), axis=-1).reshape(-1, 2)
PAIRS = PAIRS.astype(np.int8)


def test_every_pair_of_codes_is_one_byte_and_comes_back():
    packed = pack_int4(PAIRS)
    assert packed.shape == (256, 1)
    assert len(np.unique(packed)) == 256
    np.testing.assert_array_equal(unpack_int4(packed, 2), PAIRS)


def test_by_hand():
    assert pack_int4(np.array([[-3, 7, 2]], np.int8)).tolist() == [[0x7D, 0x02]]
    assert unpack_int4(np.array([[0x7D, 0x02]], np.int8), 3).tolist() == [[-3, 7, 2]]


@settings(deadline=None)  # the first call compiles
@given(
    hnp.arrays(
        np.int8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0), elements=st.integers(-8, 7)
    )
)
def test_any_shape_comes_back(codes):
    packed = pack_int4(codes)
    assert packed.shape == (*codes.shape[:-1], (codes.shape[-1] + 1) // 2)
    np.testing.assert_array_equal(unpack_int4(packed, codes.shape[-1]), codes)
    if codes.shape[-1] % 2:
        assert not (packed[..., -1:] & np.int8(-16)).any()  # the filler is 0


@pytest.mark.parametrize("columns", [1, 2, 5, 8])
def test_kernels_sources_and_references_agree(rng, columns):
    codes = rng.integers(-8, 8, size=(6, columns)).astype(np.int8)
    packed = np.empty((6, (columns + 1) // 2), np.int8)
    assert pack_int4_kernel.py_func(codes, packed) == 0
    np.testing.assert_array_equal(packed, pack_int4_reference(codes))
    np.testing.assert_array_equal(packed, pack_int4(np.asfortranarray(codes)))
    back = np.empty_like(codes)
    unpack_int4_kernel(packed, back)
    np.testing.assert_array_equal(back, codes)
    np.testing.assert_array_equal(unpack_int4_reference(packed, columns), codes)


@pytest.mark.parametrize(
    ("call", "error", "received"),
    [
        (lambda: pack_int4(np.array([[0, 8]], np.int8)), ValueError, "8 at [0, 1]"),
        (lambda: pack_int4(np.array([-9], np.int8)), ValueError, "-9 at [0]"),
        (lambda: pack_int4([1, 2]), DtypeError, "int64"),
        (lambda: pack_int4(np.int8(1)), ShapeError, "scalar"),
        (lambda: unpack_int4(np.zeros(2, np.uint8), 4), DtypeError, "uint8"),
        (lambda: unpack_int4(np.zeros(2, np.int8), 5), ShapeError, "2"),
        (lambda: unpack_int4(np.zeros(2, np.int8), -1), ValueError, "-1"),
    ],
)
def test_bad_arguments_are_refused(call, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        call()
    assert received in str(excinfo.value)
