"""Checks of ids: what is accepted, what is refused, and the error messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.checks import ShapeError
from embedlab.core.ids import (
    IdError,
    IdTypeError,
    apply_out_of_range_rule,
    apply_out_of_range_rule_kernel,
    apply_out_of_range_rule_reference,
    as_ids,
)


@pytest.mark.parametrize(
    ("given_ids", "shape"),
    [
        (3, ()),
        (np.int8(3), ()),
        (True, ()),
        ([], (0,)),
        ([[]], (1, 0)),
        (np.zeros((0, 3)), (0, 3)),
        ([1.0, 2.0], (2,)),
        (np.arange(24).reshape(2, 3, 4), (2, 3, 4)),
        (np.arange(12).reshape(3, 4).T, (4, 3)),
        (np.arange(12)[::2], (6,)),
        (np.asfortranarray(np.arange(12).reshape(3, 4)), (3, 4)),
        (np.array([1, 2], ">i4"), (2,)),
        (np.array([1, 2], object), (2,)),
        (np.array([1, 2], np.float16), (2,)),
    ],
)
def test_accepts(given_ids, shape):
    ids = as_ids(given_ids)
    assert ids.dtype == np.int64
    assert ids.shape == shape
    assert ids.flags.c_contiguous
    np.testing.assert_array_equal(ids, np.asarray(given_ids))


def test_copies_nothing_that_already_fits(rng):
    ids = rng.integers(9, size=(4, 5))
    assert as_ids(ids) is ids


@pytest.mark.parametrize("large", [2**31, 2**31 + 5, 2**32 + 1, 2**40])
def test_large_ids_never_wrap(large):
    for dtype in (np.int64, np.uint64):
        assert as_ids(np.array([large], dtype)).item() == large
    assert as_ids(np.array([2**32 - 1], np.uint32)).item() == 2**32 - 1


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (2.9, IdTypeError, "Received 2.9. Round"),
        ([0, np.nan], IdTypeError, "Received nan at [1]"),
        ([[0.0, np.inf]], IdTypeError, "Received inf at [0, 1]"),
        ("cat", IdTypeError, "Received 'cat'. Look words up first"),
        (["the", "cat"], IdTypeError, "Received 'the' at [0]"),
        (np.array([1, "cat"], object), IdTypeError, "Received 'cat' at [1]"),
        ([None], IdTypeError, "None"),
        ([1 + 2j], IdTypeError, "complex"),
        (np.array(["2026-01-01"], "M8[D]"), IdTypeError, "datetime64"),
        ([1e300], IdError, "fit into int64"),
        ([2**70], IdError, "fit into int64"),
        (np.array([2**64 - 1], np.uint64), IdError, "18446744073709551615 at [0]"),
        ([[1, 2], [3]], ShapeError, "different lengths"),
    ],
)
def test_refuses(bad, error, message):
    with pytest.raises(error) as excinfo:
        as_ids(bad)
    assert message in str(excinfo.value)
    assert "\n" not in str(excinfo.value)


def test_attributes_of_an_error():
    with pytest.raises(IdError) as excinfo:
        apply_out_of_range_rule([[0, 4, 2], [9, -1, 3]], 4)
    assert excinfo.value.bad_ids == (4, 9, -1)  # in the order of the ids, as the lookup has them
    assert excinfo.value.positions == ((0, 1), (1, 0), (1, 1))
    with pytest.raises(IdError) as excinfo:
        apply_out_of_range_rule([[0, 4, 2], [9, 1, 3]], 4)
    assert excinfo.value.bad_ids == (4, 9)
    assert excinfo.value.positions == ((0, 1), (1, 0))
    assert excinfo.value.input_dim == 4
    assert str(excinfo.value) == (
        "ids must lie in 0..3 (input_dim=4). Received 4 at [0, 1] (and 1 more). "
        "Raise input_dim, or map unknown words to one id."
    )
    assert isinstance(excinfo.value, IndexError)


def test_a_million_bad_ids_make_one_short_line():
    with pytest.raises(IdError) as excinfo:
        apply_out_of_range_rule(np.full(1_000_000, 5), 4)
    assert len(str(excinfo.value)) < 200
    assert len(excinfo.value.bad_ids) == 16


@pytest.mark.parametrize(
    ("oob", "negative", "expected"),
    [
        ("clip", "wrap", [0, 3, 3, 3, 0]),
        ("wrap", "wrap", [0, 0, 1, 3, 3]),
        (2, "wrap", [0, 2, 2, 3, 2]),
        ("zero", "wrap", [0, 4, 4, 3, 4]),
    ],
)
def test_rules_worked_by_hand(oob, negative, expected):
    assert (
        apply_out_of_range_rule([0, 4, 5, -1, -5], 4, oob=oob, negative=negative).tolist()
        == expected
    )


@given(
    ids=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30),
    input_dim=st.integers(1, 9),
    mode=st.integers(0, 3),
    wrap=st.booleans(),
)
def test_kernel_matches_reference_and_rows_are_in_range(ids, input_dim, mode, wrap):
    ids = np.array(ids, np.int64)
    rows = np.empty_like(ids)
    apply_out_of_range_rule_kernel(ids, input_dim, mode, 0, wrap, rows)
    np.testing.assert_array_equal(
        rows, apply_out_of_range_rule_reference(ids, input_dim, mode, 0, wrap)
    )
    assert ((rows >= 0) & (rows <= input_dim)).all()


@pytest.mark.parametrize(
    "rules", [{"oob": "explode"}, {"oob": True}, {"oob": None}, {"negative": "keep"}]
)
def test_unknown_rules_are_refused(rules):
    with pytest.raises(ValueError, match="Received"):
        apply_out_of_range_rule([0], 4, **rules)


def test_a_fixed_row_must_exist():
    with pytest.raises(IdError, match="Received 4"):
        apply_out_of_range_rule([0], 4, oob=4)


def test_an_empty_table_has_no_ids():
    assert apply_out_of_range_rule([], 0).shape == (0,)
    for oob in ("raise", "clip", "wrap"):
        with pytest.raises(IdError):
            apply_out_of_range_rule([0], 0, oob=oob)
