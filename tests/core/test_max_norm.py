"""Maximum norm: reference, by hand, rows that stay unchanged, refusals."""

import numpy as np
import pytest

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError
from embedlab.core.max_norm import max_norm, max_norm_reference


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("order", [1, 2, 2.0, 3.5, 0.5, np.inf])
@pytest.mark.parametrize("ids", [[], [4], [1, 1, 5, 0, 1]])
def test_kernel_matches_reference(rng, dtype, order, ids):
    table = rng.normal(size=(6, 8)).astype(dtype)
    expected = table.copy()
    max_norm_reference(expected, np.array(ids, int), 1.5, order)
    result = max_norm(table.copy(), ids, 1.5, norm_type=order)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(result, expected, rtol=tolerance)
    norms = np.linalg.norm(result[ids].astype("f8"), ord=order, axis=1)
    assert (norms <= 1.5 * (1 + tolerance * 8)).all()
    others = np.setdiff1d(np.arange(6), ids)
    np.testing.assert_array_equal(result[others], table[others])


def test_worked_by_hand_and_in_place():
    table = np.array([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0]])
    assert max_norm(table, [[0, 1], [0, 0]], 1.0) is table
    np.testing.assert_allclose(table, [[0.6, 0.8], [0.3, 0.4], [30, 40]], rtol=1e-7)


def test_out_of_place_leaves_the_table_unchanged():
    table = np.full((2, 2), 5.0)
    table.flags.writeable = False
    assert max_norm(table, [0], 1.0, in_place=False)[0].tolist() != [5, 5]
    assert table.tolist() == [[5, 5], [5, 5]]


def test_zero_rows_and_nan_rows():
    table = np.array([[0.0, 0.0], [np.nan, 9.0], [1.0, 1.0]])
    for order in (1, 2, 3, np.inf):
        max_norm(table, [0, 1], 0.0, norm_type=order)
    assert table[0].tolist() == [0, 0]
    assert table[1, 1] == 9
    assert max_norm(table, [2], 0.0)[2].tolist() == [0, 0]


TABLE = np.ones((3, 2))
READ_ONLY = np.broadcast_to(1.0, (3, 2))


@pytest.mark.parametrize(
    ("table", "ids", "limit", "order", "error", "received"),
    [
        (TABLE, [3], 1, 2, IdError, "3"),
        (TABLE, [-1], 1, 2, IdError, "-1"),
        (TABLE, [0], -1, 2, ValueError, "-1"),
        (TABLE, [0], np.nan, 2, ValueError, "nan"),
        (TABLE, [0], "1", 2, ValueError, "'1'"),
        (TABLE, [0], 1, 0, ValueError, "0"),
        (TABLE, [0], 1, -2, ValueError, "-2"),
        (TABLE, [0], 1, np.nan, ValueError, "nan"),
        (TABLE[0], [0], 1, 2, ShapeError, "(2,)"),
        (TABLE.astype(int), [0], 1, 2, DtypeError, "<i8"),
        (TABLE.tolist(), [0], 1, 2, ValueError, "list"),
        (READ_ONLY, [0], 1, 2, ValueError, "read-only"),
    ],
)
def test_refused_arguments_write_nothing(table, ids, limit, order, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        max_norm(table, ids, limit, norm_type=order)
    assert received in str(excinfo.value)
    assert (TABLE == 1).all()
