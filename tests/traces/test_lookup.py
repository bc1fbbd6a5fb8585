"""A lookup's trace: frozen, honest, and the same words on every machine."""

import dataclasses

import numpy as np
import pytest

import embedlab.traces.lookup as traces
from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdTypeError
from embedlab.core.lookup import lookup
from embedlab.traces.lookup import trace_lookup

TABLE = np.array([[0.5, -1.0], [2.0, 0.25], [-0.004, 3.0]], np.float32)


def test_worked_by_hand():
    trace = trace_lookup(TABLE, [1, 0, 1], tokens=["b", "a", "b"], words=["a", "b"])
    assert trace.output.tolist() == [[2.0, 0.25], [0.5, -1.0], [2.0, 0.25]]
    assert trace.onehot.tolist() == trace.output.tolist()
    assert trace.words == ("a", "b", "")
    assert trace.rows.tolist() == [1, 0, 1]
    assert (trace.rows_read, trace.parameters, trace.bytes_moved) == (2, 6, 24)
    assert trace.multiplications == {"gather": 0, "one-hot": 18}
    assert trace.max_difference == 0.0
    assert trace.shapes == {"ids": (3,), "table": (3, 2), "output": (3, 2)}
    assert trace.gather_ns > 0 and trace.onehot_ns > 0


def test_the_output_is_that_of_lookup():
    ids = np.array([[[0, 2], [1, 1]]])
    trace = trace_lookup(TABLE, ids)
    assert trace.shapes["output"] == (1, 2, 2, 2)
    np.testing.assert_array_equal(trace.output.reshape(1, 2, 2, 2), lookup(TABLE, ids))


def test_read_only_and_by_value():
    table, ids = TABLE.copy(), np.array([0, 1])
    trace = trace_lookup(table, ids)
    table[:] = 7.0
    ids[:] = 2
    assert trace.table[0, 0] == 0.5 and trace.ids.tolist() == [0, 1]
    for field in ("ids", "table", "rows", "bad", "output", "onehot"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trace, field)[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.error = "no"
    assert table.flags.writeable and ids.flags.writeable


def test_a_bad_id_has_the_message_of_the_core():
    trace = trace_lookup(TABLE, [0, 3])
    with pytest.raises(IndexError) as excinfo:
        lookup(TABLE, [0, 3])
    assert trace.error == str(excinfo.value)
    assert trace.bad.tolist() == [False, True]
    assert trace.output is None and trace.onehot is None and trace.gather_ns is None
    assert (trace.rows_read, trace.bytes_moved, trace.max_difference) == (0, 0, None)
    assert trace.error in trace.summary and trace.error in trace.alt


@pytest.mark.parametrize(
    ("oob", "negative", "rows", "second"),
    [
        ("zero", "raise", [0, -1], [0.0, 0.0]),
        ("nan", "raise", [0, -1], [np.nan, np.nan]),
        ("clip", "raise", [0, 2], TABLE[2]),
        ("wrap", "wrap", [0, 1], TABLE[1]),
        (1, "raise", [0, 1], TABLE[1]),
    ],
)
def test_both_methods_follow_each_rule(oob, negative, rows, second):
    trace = trace_lookup(TABLE, [0, 4], oob=oob, negative=negative)
    assert trace.rows.tolist() == rows
    assert trace.bad.tolist() == [False, True]
    np.testing.assert_array_equal(trace.output[1], second)
    np.testing.assert_array_equal(trace.onehot, trace.output)
    assert trace.max_difference == 0.0


def test_empty_and_smallest():
    empty = trace_lookup(TABLE, np.empty((0, 3), int))
    assert empty.shapes["output"] == (0, 3, 2)
    assert (empty.rows_read, empty.max_difference) == (0, 0.0)
    assert "none" in empty.summary and "0 tokens" in empty.alt
    one = trace_lookup(np.ones((1, 1)), 0)
    assert one.shapes["output"] == (1,) and one.multiplications["one-hot"] == 1


def test_nan_weights_show_why_zero_times_nan_is_not_zero():
    table = TABLE.copy()
    table[2] = np.nan
    trace = trace_lookup(table, [0, 1])
    assert np.isfinite(trace.output).all()
    assert np.isnan(trace.max_difference)
    table[2] = np.inf
    assert np.isnan(trace_lookup(table, [0, 2]).max_difference)
    assert trace_lookup(table[2:], [0]).max_difference == 0.0  # 1 · ∞, and nothing else


def test_a_one_hot_matrix_too_large_is_not_built(monkeypatch):
    monkeypatch.setattr(traces, "ONEHOT_MAX", 5)
    trace = trace_lookup(TABLE, [0, 1])
    assert trace.onehot is None and trace.onehot_ns is None
    assert trace.multiplications["one-hot"] == 12
    assert "not run" in trace.summary


def test_words_are_deterministic_and_carry_the_numbers():
    make = lambda: trace_lookup(TABLE, [2, 0], tokens=["c", "a"])
    assert make().summary == make().summary and make().alt == make().alt
    assert "c → row 2: 0.00 3.00" in make().summary  # no "−0.00"
    assert "one-hot 12 times; largest difference 0" in make().summary
    assert make().alt == (
        "2 tokens, a table of 3 rows and 2 columns, 2 output rows. c reads row 2, a reads row 0."
    )
    assert " ns" not in make().summary and "0x" not in repr(make())
    changed = trace_lookup(TABLE + np.float32(0.01), [2, 0], tokens=["c", "a"])
    assert changed.summary != make().summary


def test_long_inputs_have_a_short_summary():
    trace = trace_lookup(np.ones((1000, 40), np.float16), np.arange(1000))
    assert "… and 992 more" in trace.summary and len(trace.summary) < 900
    assert len(trace.alt) < 500


def test_bad_arguments_are_refused():
    with pytest.raises(ShapeError, match="Received 1 tokens for 2 ids"):
        trace_lookup(TABLE, [0, 1], tokens=["a"])
    with pytest.raises(IdTypeError, match=r"Received 2\.9"):
        trace_lookup(TABLE, [2.9])
    with pytest.raises(ShapeError, match="two axes"):
        trace_lookup(TABLE[0], [0])
