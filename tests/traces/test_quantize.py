"""A quantisation's trace: levels, errors, bytes, and what an outlier does to its row."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.dequantize import quantized_lookup
from embedlab.core.ids import IdError
from embedlab.core.nearest import nearest
from embedlab.core.quantize import quantize
from embedlab.core.table import ShapeError
from embedlab.traces.quantize import trace_quantize

TABLE = np.random.default_rng(2).normal(size=(10, 8)).astype(np.float32)
WAYS = ("int8", "int4", "groups")


def test_worked_by_hand():
    trace = trace_quantize(np.array([[7.0, -3.4, 1.6]]), block_size=1)
    assert trace.ways["int4"].codes.tolist() == [[7, -3, 2]]
    np.testing.assert_allclose(trace.ways["int4"].restored, [[7, -3, 2]], rtol=1e-6)
    np.testing.assert_allclose(trace.ways["int4"].largest_error, 0.4, rtol=1e-6)
    assert (trace.bytes_before, trace.ways["int4"].nbytes) == (24, 2 + 8)


def test_the_numbers_are_those_of_the_core():
    trace = trace_quantize(TABLE, 3, block_size=4)
    for name, made in zip(
        WAYS, (quantize(TABLE), quantize(TABLE, 4), quantize(TABLE, 4, 4)), strict=True
    ):
        way = trace.ways[name]
        np.testing.assert_array_equal(way.quantized.codes, made.codes)
        np.testing.assert_array_equal(way.restored, quantized_lookup(made, np.arange(10)))
        assert way.nbytes == made.nbytes
        found = nearest(way.restored, way.restored[3], 5, exclude=[3]).ids
        np.testing.assert_array_equal(way.neighbours, found)
        assert trace.kept(name) == len(set(found) & set(trace.neighbours.tolist()))


@pytest.mark.parametrize("name", WAYS)
def test_what_comes_back_stands_on_a_level_and_within_half_a_step(name):
    trace = trace_quantize(TABLE, 3)
    way = trace.ways[name]
    for column in range(8):
        levels = way.levels(3, column)
        assert len(levels) == (255 if name == "int8" else 16)
        assert np.isclose(levels, way.restored[3, column], atol=1e-6).any()
        np.testing.assert_allclose(np.diff(levels), way.step[column], rtol=1e-2)
    assert (np.abs(trace.errors(name)[3]) <= way.step / 2 * 1.001).all()
    assert (way.largest_error <= way.half_step * 1.001).all()


def test_an_outlier_coarsens_its_row_but_no_other_and_groups_keep_it_in():
    table = TABLE.copy()
    table[3, 0] *= 10 / abs(table[3, 0])
    before, after = trace_quantize(TABLE, 3), trace_quantize(table, 3)
    rest = slice(1, None)
    for name in ("int8", "int4"):
        apart = [np.abs(t.errors(name)[3, rest]).mean() for t in (before, after)]
        assert apart[1] > 2 * apart[0]
        assert (after.ways[name].step > 3 * before.ways[name].step).all()
    others = np.arange(10) != 3
    for name in WAYS:
        np.testing.assert_array_equal(
            after.ways[name].restored[others], before.ways[name].restored[others]
        )
    np.testing.assert_array_equal(  # the second group of the row never notices
        after.ways["groups"].restored[3, 4:], before.ways["groups"].restored[3, 4:]
    )
    assert np.abs(after.errors("groups")[3]).mean() < np.abs(after.errors("int4")[3]).mean()


def test_four_bits_err_more_than_eight():
    trace = trace_quantize(TABLE)
    assert (trace.ways["int4"].largest_error > 4 * trace.ways["int8"].largest_error).all()
    assert trace.ways["int8"].nbytes == 10 * 8 + 40 and trace.ways["int4"].nbytes == 10 * 4 + 40


def test_frozen_and_by_value():
    table = TABLE.copy()
    trace = trace_quantize(table)
    table[:] = 0
    assert trace.table[0, 0] == TABLE[0, 0]
    held = [trace.table, trace.neighbours]
    for way in trace.ways.values():
        held += [getattr(way, field.name) for field in dataclasses.fields(way)]
        held += [way.quantized.codes, way.quantized.scale, way.quantized.zero]
    assert all(not h.flags.writeable for h in held if isinstance(h, np.ndarray))
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.row = 5


@pytest.mark.parametrize("table", [[[0.0]], [[-2.0]], np.zeros((2, 3)), np.ones((3, 5)) * 1e-3])
def test_smallest_and_flat(table):
    trace = trace_quantize(np.array(table))
    for name in WAYS:
        np.testing.assert_allclose(trace.ways[name].restored, table, atol=1e-6)
    assert len(trace.neighbours) == min(5, len(table) - 1)


def test_words_are_deterministic():
    make = lambda: trace_quantize(TABLE, 1, words=["a", "b\x00"])
    assert make().summary == make().summary and "b␣ (row 1)" in make().alt
    assert "0x" not in repr(make())


def test_the_door_refuses():
    with pytest.raises(IdError, match=r"0\.\.9"):
        trace_quantize(TABLE, 10)
    with pytest.raises(ValueError, match="nan"):
        trace_quantize(TABLE * np.nan)
    with pytest.raises(ShapeError, match="at least one column"):
        trace_quantize(TABLE[:, :0])
    with pytest.raises(ValueError, match="block_size"):
        trace_quantize(TABLE, block_size=0)
